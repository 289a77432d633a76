"""Moving an installation into its object store, and back out of it."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from warehouse.core.paths import Home
from warehouse.ledger import Ledger
from warehouse.releases import catalogue, object_store
from warehouse.releases.manifest import SubmissionEntry
from warehouse.storage import mirror
from warehouse.storage.originals import original_path
from warehouse.storage.store import Store

_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Moved:
    """How much was copied; `lost` are files that neither side has."""

    files: int
    releases: int
    lost: tuple[str, ...] = ()


def push(home: Home, store: Store) -> Moved:
    """Copy to the store what only the home has: originals, cells, releases; again is harmless."""
    kept = {entry.key for folder in ("originals", "lake") for entry in store.entries(folder)}
    files = [path for path in _files(home) if mirror.key_of(home, path) not in kept]
    _all(lambda path: mirror.put(store, mirror.key_of(home, path), path), files)
    known = object_store.known(store)
    missing = [name for name in catalogue.list_releases(home) if name not in known.published]
    for release_id in missing:
        object_store.offer(store, catalogue.directory(home, release_id))
    return Moved(len(files), len(missing))


def pull(home: Home, ledger: Ledger) -> Moved:
    """Copy to the home all that the ledger and the store know, so that it can do without it."""
    catalogue.catch_up(home)
    submissions = ledger.submissions()
    files = {original_path(home, s.file_sha256): s.file_sha256 for s in submissions}
    named = [m for name in catalogue.list_releases(home) for m in _members(home, name)]
    files |= {home.lake / s.cells_path: s.cells_sha256 or "" for s in named if s.cells_path}
    files |= {home.lake / s.cells_path: s.cells_sha256 or "" for s in submissions if s.cells_path}
    missing = {path: sha256 for path, sha256 in files.items() if not path.is_file()}
    mirror.bring(home, missing)
    absent = [r for r in catalogue.list_releases(home) if not (home.releases / r).is_dir()]
    for release_id in absent:
        catalogue.directory(home, release_id)
    lost = tuple(mirror.key_of(home, path) for path in missing if not path.is_file())
    return Moved(len(missing) - len(lost), len(absent), lost)


def _members(home: Home, release_id: str) -> list[SubmissionEntry]:
    return catalogue.read_manifest(home, release_id).submissions


def _files(home: Home) -> list[Path]:
    found = (path for folder in (home.originals, home.lake) for path in folder.rglob("*"))
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))


def _all(act: Callable[[Path], None], paths: Iterable[Path]) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(act, paths))
