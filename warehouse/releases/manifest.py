"""What a release says about itself: `manifest.json`."""

import hashlib
import importlib.metadata
import shutil
import subprocess
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from warehouse.core.hashing import hash_of_file
from warehouse.core.settings import Engine
from warehouse.releases.left_out import LeftOut

LIBRARIES = ("duckdb", "dbt-core", "dbt-duckdb", "pyarrow", "great-expectations")
_OF_ENGINE: dict[Engine, tuple[str, ...]] = {"duckdb": (), "spark": ("dbt-spark", "pyspark")}


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileEntry(_Record):
    """A file of the release, by its path inside the release directory; `size` in bytes."""

    path: str
    sha256: str
    size: int


class TableEntry(_Record):
    """A published table of the schema `marts`."""

    name: str
    rows: int
    columns: list[tuple[str, str]]
    content_hash: str


class SubmissionEntry(_Record):
    """A submission that the release knew, accepted or not. `cells_path` is inside the lake."""

    submission_id: str
    form_code: str
    territory_kato: str
    period: str
    received_at: datetime
    file_sha256: str
    verdict: str | None
    in_force: bool
    cells_path: str | None
    cells_sha256: str | None


class Manifest(_Record):
    """Everything needed to check a release, and to build it again."""

    release_id: str
    created_at: datetime
    published_at: datetime
    as_of: datetime | None
    period_first: str | None
    period_last: str | None
    is_demonstration: bool | None = None
    """Whether figures come from `mvd demo`; None in releases made before this was recorded."""
    contract_hash: str
    content_hash: str
    base: str | None = None
    """The release from which the years that are not in `years` were taken over."""
    years: list[int] | None = None
    """The years that this build computed; None in releases made before builds could be partial."""
    models_hash: str | None = None
    """Hash of the dbt project that made it."""
    code_version: str
    libraries: dict[str, str]
    gate: dict[str, Any]
    tables: list[TableEntry]
    submissions: list[SubmissionEntry]
    left_out: list[LeftOut] = []
    """What the ledger held and the contracts did not know."""
    files: list[FileEntry]


def hash_of_tables(tables: Iterable[TableEntry]) -> str:
    """Content hash of a release: over `name content_hash` lines in the order of names."""
    lines = sorted(f"{table.name} {table.content_hash}\n" for table in tables)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def describe_files(root: Path) -> list[FileEntry]:
    """Every file below `root` but the manifest itself."""
    return [
        FileEntry(
            path=path.relative_to(root).as_posix(),
            sha256=hash_of_file(path),
            size=path.stat().st_size,
        )
        for path in sorted(root.rglob("*"))
        if path.is_file() and path != root / "manifest.json"
    ]


def code_version() -> str:
    """Package version, with the git commit of the checkout or the one noted in the image."""
    version = importlib.metadata.version("mvd-lakehouse")
    git, here = shutil.which("git"), Path(__file__).parents[1]
    noted = here.parent / "REVISION"
    if noted.is_file():
        return f"{version}+{noted.read_text(encoding='utf-8').strip()}".removesuffix("+")
    if git is None or not (here.parent / ".git").exists():
        return version
    command = [git, "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return f"{version}+{answer.stdout.strip()}" if answer.returncode == 0 else version


def library_versions(engine: Engine = "duckdb") -> dict[str, str]:
    """Versions of the libraries that can change a figure; they also tell which engine it was."""
    names = (*LIBRARIES, *_OF_ENGINE[engine])
    return {name: importlib.metadata.version(name) for name in names}
