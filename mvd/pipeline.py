"""A release from beginning to end: inputs, models, gate, publication.

Each step is a function of the part that owns it; here they are only put in order. A build has its
own directory, so a killed one leaves nothing that the next one could trip over.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from warehouse.clock import utc_now
from warehouse.durable import make_directories
from warehouse.errors import Language
from warehouse.paths import Home
from warehouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ingestion.request import Services
    from warehouse.transform import TransformResult

_LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True)
class BuildOutcome:
    """How a build ended. `reasons` by language say why it was not published."""

    release_id: str
    content_hash: str | None
    reasons: Mapping[Language, Sequence[str]]

    @property
    def is_published(self) -> bool:
        return self.content_hash is not None

    def reasons_in(self, language: Language) -> Sequence[str]:
        """Why it was refused, one sentence each."""
        return self.reasons.get(language, ())


@dataclass(frozen=True)
class RebuildOutcome:
    """A release built again. `differences` are (table, hash in the manifest, hash now)."""

    content_hash: str
    differences: list[tuple[str, str | None, str | None]]
    made_by: str
    present: str

    @property
    def is_same(self) -> bool:
        return not self.differences


def build_release(
    services: Services,
    settings: Settings,
    *,
    as_of: datetime | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> BuildOutcome:
    """Build, judge and publish what the ledger holds (received by `as_of`).

    A refused build changes nothing for readers. One build at a time; a second one waits.
    """
    from expectations import release_gate
    from warehouse import releases
    from warehouse.inputs import write_build_inputs

    home, ledger = services.home, services.ledger
    with _alone(home):
        _remove_leftovers(home)
        snapshot = ledger.snapshot(as_of)
        periods = [s.period for s in snapshot.in_force]
        release_id = ledger.begin_release(
            contract_hash=services.contracts.content_hash,
            submission_ids=[s.submission_id for s in snapshot.in_force],
            as_of=as_of,
            period_first=min(periods, default=None),
            period_last=max(periods, default=None),
        )
        build_dir = home.builds / release_id
        announce("inputs")
        inputs = write_build_inputs(
            home, snapshot, services.contracts, directory=build_dir / "inputs"
        )
        announce("transform")
        built = _transform(home, inputs.directory, build_dir, settings)
        if not built.is_successful:
            return _refused(
                services, release_id, dict.fromkeys(("ru", "kk", "en"), built.in_words())
            )
        announce("gate")
        gate = release_gate.judge(built.database, inputs.directory, home.lake)
        if not gate.is_passed:
            reasons = {language: gate.in_words(language) for language in _LANGUAGES}
            return _refused(services, release_id, reasons)
        announce("publish")
        draft = releases.Draft(
            release_id=release_id,
            build_dir=build_dir,
            snapshot=snapshot,
            contract_hash=services.contracts.content_hash,
            gate=gate.as_json(),
            created_at=utc_now(),
        )
        manifest = releases.publish(home, ledger, draft, settings)
        shutil.rmtree(build_dir)
        return BuildOutcome(release_id, manifest.content_hash, {})


def rebuild_release(home: Home, release_id: str, settings: Settings) -> RebuildOutcome:
    """Build a published release again from its own inputs, beside everything else.

    UserError BUILD_INCOMPLETE names inputs that are lost or changed, or why dbt failed.
    """
    from warehouse import releases
    from warehouse.errors import UserError
    from warehouse.manifest import code_version

    kept = releases.rebuild_inputs(home, release_id)
    make_directories(home.builds)
    with tempfile.TemporaryDirectory(prefix=f"rebuild-{release_id}-", dir=home.builds) as scratch:
        built = _transform(home, kept.inputs, Path(scratch), settings)
        if not built.is_successful:
            problem = "; ".join(built.in_words())
            raise UserError("BUILD_INCOMPLETE", build=release_id, problem=problem)
        found = releases.table_hashes(built.database, settings)
    expected = {table.name: table.content_hash for table in kept.manifest.tables}
    differences = [
        (name, expected.get(name), found.get(name))
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]
    return RebuildOutcome(
        kept.manifest.content_hash, differences, kept.manifest.code_version, code_version()
    )


def _transform(home: Home, inputs: Path, build_dir: Path, settings: Settings) -> TransformResult:
    from warehouse.transform import transform

    return transform(
        inputs,
        home.lake,
        build_dir,
        threads=settings.threads,
        memory_limit=settings.memory_limit,
    )


def _refused(
    services: Services, release_id: str, reasons: Mapping[Language, Sequence[str]]
) -> BuildOutcome:
    services.ledger.record_release(release_id, state="refused")
    return BuildOutcome(release_id, None, reasons)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    make_directories(home.builds)
    with (home.builds / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_leftovers(home: Home) -> None:
    """Directories of builds that were refused or killed; nothing but the lock is kept."""
    for path in home.builds.iterdir():
        if path.is_dir() and not path.name.startswith("rebuild-"):
            shutil.rmtree(path)
