"""The inbox folder: what waits there, and where it goes afterwards. Knows paths, judges nothing.

inbox/2025-07/…                 the month of the files below; so does a form code (1-M) or a KATO
inbox/<any>/manifest.csv        or a list that says it: columns file,territory,period,form
inbox/done/2025-07/…            files with a verdict, the verdict beside them
inbox/unclear/…                 files of which nobody said which month they are, the reason beside
"""

import time
from pathlib import Path

from warehouse.core.durable import make_directories
from warehouse.core.paths import Home

MANIFEST = "manifest.csv"
DONE = "done"
UNCLEAR = "unclear"
SETTLED_AFTER_SECONDS = 2.0
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")


def waiting(home: Home, *, settled_for: float = SETTLED_AFTER_SECONDS) -> list[Path]:
    """Files that wait, relative to the inbox and in order; those still being copied are not yet.

    A file is settled when it has not changed for `settled_for` seconds. A folder with a manifest
    waits as a whole until each of its files is settled.
    """
    if not home.inbox.is_dir():
        return []
    files = [path for path in sorted(home.inbox.rglob("*")) if _counts(home, path)]
    newest = time.time() - settled_for
    unsettled = {path for path in files if _changed_at(path) > newest}
    listed = {path.parent for path in files if path.name == MANIFEST}
    held = {folder for folder in listed if any(folder in path.parents for path in unsettled)}
    ready = [
        path
        for path in files
        if path not in unsettled and path.name != MANIFEST and held.isdisjoint(path.parents)
    ]
    return [path.relative_to(home.inbox) for path in ready]


def manifest_of(home: Home, name: Path) -> Path | None:
    """The nearest manifest in the folders above a waiting file."""
    for folder in name.parents:
        if (manifest := home.inbox / folder / MANIFEST).is_file():
            return manifest
    return None


def put_away(home: Home, name: Path, folder: Path, prefix: str = "") -> Path:
    """Move a waiting file to `folder` below the inbox and give its new place.

    A file that is gone was moved by an earlier attempt. Empty folders that it leaves are removed.
    """
    source = home.inbox / name
    target = home.inbox / folder / f"{prefix}{name.name}"
    make_directories(target.parent)
    if source.exists():
        source.replace(target)
    _remove_empty(home, source.parent)
    return target


def _counts(home: Home, path: Path) -> bool:
    parts = path.relative_to(home.inbox).parts
    hidden = any(part.startswith((".", "~$")) for part in parts)
    own = parts[0] in (DONE, UNCLEAR)
    return not hidden and not own and path.suffix not in _UNFINISHED and path.is_file()


def _changed_at(path: Path) -> float:
    try:
        found = path.stat()
    except FileNotFoundError:
        return time.time()
    return max(found.st_mtime, found.st_ctime)


def _remove_empty(home: Home, folder: Path) -> None:
    while folder != home.inbox and folder.is_relative_to(home.inbox):
        left = [path for path in folder.iterdir() if path.name != MANIFEST]
        if left:
            return
        if (manifest := folder / MANIFEST).exists():
            kept = home.inbox / DONE / f"{folder.name}-{manifest.stat().st_mtime_ns}-{MANIFEST}"
            make_directories(kept.parent)
            manifest.replace(kept)
        folder.rmdir()
        folder = folder.parent
