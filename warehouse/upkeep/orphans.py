"""Files that nothing refers to: left by a process that was killed between two steps.

They are reported, never removed by themselves: bytes that a department sent are evidence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from warehouse.core.clock import utc_now
from warehouse.core.paths import Home
from warehouse.ledger import Ledger
from warehouse.ledger import schema as t
from warehouse.ledger.database import reading
from warehouse.storage import mirror
from warehouse.storage.store import Entry

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
    before = utc_now() - timedelta(seconds=older_than_seconds)
    originals = [f for f in _files(home, "originals", before) if _name(f) not in known]
    lake = [f for f in _files(home, "lake", before) if f.key.partition("/")[2] not in cells]
    return Orphans(
        originals=tuple(file.key for file in originals),
        cells=tuple(file.key for file in lake),
        size=sum(file.size for file in (*originals, *lake)),
    )


def _name(file: Entry) -> str:
    return file.key.rpartition("/")[2]


def _files(home: Home, folder: str, before: datetime) -> Iterator[Entry]:
    """Files below a folder of the home, where they are kept, that were written before then."""
    store = mirror.store_of(home)
    kept = store.entries(folder) if store else _local(home, home.root / folder)
    return (file for file in kept if file.changed_at < before)


def _local(home: Home, root: Path) -> Iterator[Entry]:
    for path in sorted(root.rglob("*")):
        if path.is_file():
            found = path.stat()
            changed_at = datetime.fromtimestamp(found.st_mtime, UTC)
            yield Entry(mirror.key_of(home, path), found.st_size, changed_at)
