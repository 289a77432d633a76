"""What was known at a moment: an unpublished build of what had been received by then."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mvd.build import attempts, steps
from warehouse.core.durable import make_directories
from warehouse.core.errors import UserError

if TYPE_CHECKING:
    from ingestion.request import Services
    from warehouse.core.settings import Settings


def known_on(services: Services, settings: Settings, moment: datetime) -> Path:
    """The database of what was known at `moment`, by the code and contracts of today.

    Built once and kept in `as_of`: the same inputs and code have the same name. A file that comes
    later with an earlier time of receipt, or new contracts, make another build. It is not judged by
    the gate and never published. UserError BUILD_INCOMPLETE says why dbt failed.
    """
    from warehouse.build.export import write_build_inputs
    from warehouse.releases.marts import DATABASE

    home = services.home
    make_directories(home.as_of)
    snapshot = services.ledger.snapshot(moment)
    with (
        attempts.alone(home),
        tempfile.TemporaryDirectory(prefix=".draft-", dir=home.as_of) as scratch,
    ):
        draft = Path(scratch)
        inputs = draft / "inputs"
        write_build_inputs(home, snapshot, services.contracts, directory=inputs)
        name = f"{moment:%Y%m%dT%H%M%S}-{_digest(inputs)}"
        kept = home.as_of / name / DATABASE
        if not kept.is_file():
            built = steps.run_models(home, inputs, draft, settings)
            if not built.is_successful:
                problem = "; ".join(built.in_words())
                raise UserError("BUILD_INCOMPLETE", build=name, problem=problem)
            finished = draft / "finished"
            finished.mkdir()
            shutil.move(built.database, finished / DATABASE)
            finished.rename(kept.parent)
        return kept


def _digest(inputs: Path) -> str:
    from warehouse.releases.manifest import code_version

    digest = hashlib.sha256(code_version().encode())
    for path in sorted(inputs.glob("*.parquet")):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
