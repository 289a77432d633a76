"""Files of the home that the object store keeps under the same names.

The store is asked first and the disk follows: a file that has its name in the home is in the store
too. Without a store the home is all there is, and these functions only look there.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from warehouse.core.durable import commit_file
from warehouse.core.errors import UserError
from warehouse.core.hashing import hash_of_file
from warehouse.core.paths import Home
from warehouse.storage.store import Store, open_store

_AT_ONCE = 16


def store_of(home: Home) -> Store | None:
    """The store that keeps the files of this home; None when the home keeps them itself."""
    return open_store(home.store) if home.store else None


def key_of(home: Home, path: Path) -> str:
    """The name in the store of a path in the home."""
    return path.relative_to(home.root).as_posix()


def commit(home: Home, temporary: Path, target: Path) -> None:
    """Give a finished file its name, in the store and then in the home.

    UserError STORE_DAMAGED when the store holds something else under this name.
    """
    if store := store_of(home):
        put(store, key_of(home, target), temporary)
    commit_file(temporary, target)


def put(store: Store, key: str, source: Path) -> None:
    """Keep a file that will never change; again is harmless, other content STORE_DAMAGED."""
    if not store.create(key, source.read_bytes()) and store.sha256(key) != hash_of_file(source):
        raise UserError("STORE_DAMAGED", store=store.address, key=key)


def is_there(home: Home, path: Path, sha256: str | None = None) -> bool:
    """Whether the file exists; afterwards it lies in the home.

    UserError STORE_DAMAGED when the store's copy does not have the hash `sha256`.
    """
    if path.is_file():
        return True
    store = store_of(home)
    return store is not None and store.download(key_of(home, path), path, sha256)


def bring(home: Home, files: Mapping[Path, str]) -> None:
    """Copy into the home what is not there of these files, given with their SHA-256.

    Those that the store does not have either stay away.
    """
    if home.store:
        missing = [item for item in files.items() if not item[0].is_file()]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda item: is_there(home, *item), missing))


def lost(home: Home, paths: Iterable[Path]) -> list[Path]:
    """Those of the paths that exist nowhere. The store is listed, not read."""
    missing = [path for path in paths if not path.is_file()]
    store = store_of(home)
    if not missing or store is None:
        return missing
    folders = sorted({path.relative_to(home.root).parts[0] for path in missing})
    kept = {entry.key for folder in folders for entry in store.entries(folder)}
    return [path for path in missing if key_of(home, path) not in kept]


def hashes(home: Home, paths: Iterable[Path]) -> dict[Path, str]:
    """SHA-256 of those of the files that exist, as the store gives them; the home is not asked."""
    store = store_of(home)
    if store is None:
        return {path: hash_of_file(path) for path in paths if path.is_file()}
    asked = list(paths)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda path: store.sha256(key_of(home, path)), asked)
        return {path: sha256 for path, sha256 in zip(asked, found, strict=True) if sha256}
