"""A release from beginning to end: inputs, models, gate, publication.

The steps are those that the DAGs run as tasks; here they are only put in order. A build has its own
directory, so a killed one leaves nothing that the next one could trip over.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mvd.build import attempts, steps
from warehouse.core.durable import make_directories
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.core.texts import LANGUAGES, Language

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ingestion.request import Services
    from warehouse.releases.left_out import LeftOut


@dataclass(frozen=True)
class BuildOutcome:
    """How a build ended. `reasons` by language say why it was not published.

    `refused`: the data are at fault. `failed`: the machine or the program; the data are not.
    """

    release_id: str
    state: Literal["published", "refused", "failed"]
    content_hash: str | None = None
    reasons: Mapping[Language, Sequence[str]] = field(default_factory=dict)
    left_out: Sequence[LeftOut] = ()
    """What the ledger holds and the contracts do not know."""

    @property
    def is_published(self) -> bool:
        return self.state == "published"

    def reasons_in(self, language: Language) -> Sequence[str]:
        """Why it was refused or failed, one sentence each."""
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
    whole: bool = False,
    announce: Callable[[str], None] = lambda _: None,
) -> BuildOutcome:
    """Build, judge and publish what the ledger holds (received by `as_of`).

    Only the years for which something came in are computed, unless `whole` asks for all. A refused
    or failed build changes nothing for readers. One build at a time; a second one waits.
    """
    try:
        with attempts.alone(services.home):
            announce("inputs")
            release_id = steps.begin(services, as_of=as_of)
            with attempts.attempt(services, release_id):
                return _go_on(services, settings, release_id, whole, announce)
    except attempts.BuildFailedError as error:
        reasons = {language: [error.problem_in(language)] for language in LANGUAGES}
        return BuildOutcome(error.release_id, "failed", reasons=reasons)


def _go_on(
    services: Services,
    settings: Settings,
    release_id: str,
    whole: bool,
    announce: Callable[[str], None],
) -> BuildOutcome:
    home = services.home
    left_out = steps.told_left_out(home, release_id)
    plan = steps.make_plan(home, release_id, whole=whole, engine=settings.engine)
    announce(f"whole_{plan.reason}" if plan.reason else "part")
    announce("transform")
    built = steps.transform(home, release_id, settings)
    if problems := attempts.check_models(release_id, built):
        return _refused(services, release_id, dict.fromkeys(LANGUAGES, problems), left_out)
    announce("gate")
    gate = steps.judge(home, release_id, settings)
    if not gate.is_passed:
        reasons = {language: gate.in_words(language) for language in LANGUAGES}
        return _refused(services, release_id, reasons, left_out)
    announce("publish")
    manifest = steps.publish(services, release_id, settings)
    return BuildOutcome(release_id, "published", manifest.content_hash, left_out=left_out)


def rebuild_release(home: Home, release_id: str, settings: Settings) -> RebuildOutcome:
    """Build a published release again from its own inputs, beside everything else.

    UserError BUILD_INCOMPLETE names inputs that are lost or changed, or why dbt failed.
    """
    from warehouse.core.errors import UserError
    from warehouse.releases import verification
    from warehouse.releases.manifest import code_version

    kept = verification.rebuild_inputs(home, release_id)
    make_directories(home.builds)
    with tempfile.TemporaryDirectory(prefix=f"rebuild-{release_id}-", dir=home.builds) as scratch:
        built = steps.run_models(home, kept.inputs, Path(scratch), settings)
        if not built.is_successful:
            problem = "; ".join(built.in_words())
            raise UserError("BUILD_INCOMPLETE", build=release_id, problem=problem)
        found = verification.table_hashes(built.database, settings)
    expected = {table.name: table.content_hash for table in kept.manifest.tables}
    differences = [
        (name, expected.get(name), found.get(name))
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]
    return RebuildOutcome(
        kept.manifest.content_hash, differences, kept.manifest.code_version, code_version()
    )


def _refused(
    services: Services,
    release_id: str,
    reasons: Mapping[Language, Sequence[str]],
    left_out: Sequence[LeftOut],
) -> BuildOutcome:
    attempts.refuse(services, release_id, reasons["en"])
    return BuildOutcome(release_id, "refused", reasons=reasons, left_out=left_out)
