"""Files that nothing refers to: left by a process that was killed between two steps.

They are reported, never removed by themselves: bytes that a department sent are evidence.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from warehouse.ledger import Ledger
from warehouse.ledger import schema as t
from warehouse.ledger.database import reading
from warehouse.paths import Home

_YOUNG_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Orphans:
    """Paths relative to the home, and their size together in bytes."""

    originals: tuple[str, ...]
    cells: tuple[str, ...]
    size: int


def find_orphans(
    home: Home, ledger: Ledger, *, older_than_seconds: float = _YOUNG_SECONDS
) -> Orphans:
    """Originals and cell files that no submission and no judgement names.

    Young files are left out: what is being written has no entry yet.
    """
    with reading(ledger.engine) as connection:
        known: set[str] = set(connection.execute(select(t.submission.c.file_sha256)).scalars())
        cells: set[str | None] = set(connection.execute(select(t.judgement.c.cells_path)).scalars())
    before = time.time() - older_than_seconds
    originals = [p for p in _files(home.originals, before) if p.name not in known]
    lake = [
        p for p in _files(home.lake, before) if p.relative_to(home.lake).as_posix() not in cells
    ]
    return Orphans(
        originals=tuple(path.relative_to(home.root).as_posix() for path in originals),
        cells=tuple(path.relative_to(home.root).as_posix() for path in lake),
        size=sum(path.stat().st_size for path in (*originals, *lake)),
    )


def _files(root: Path, before: float) -> Iterator[Path]:
    if root.is_dir():
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.stat().st_mtime < before:
                yield path
