"""The inbox folder: what waits there, and where it goes afterwards. Knows paths, judges nothing.

inbox/2025-07/…                 the month of the files below; so does a form code (1-M) or a KATO
inbox/<any>/manifest.csv        or a list that says it: columns file,territory,period,form
inbox/done/2025-07/…            files with a verdict, the verdict beside them
inbox/unclear/…                 files of which nobody said which month they are, the reason beside
"""

import os
import time
from hashlib import sha256
from pathlib import Path

from warehouse.core.durable import make_directories
from warehouse.core.errors import FileError
from warehouse.core.paths import Home
from warehouse.storage.regular import is_file, is_folder

MANIFEST = "manifest.csv"
DONE = "done"
UNCLEAR = "unclear"
SETTLED_AFTER_SECONDS = 2.0
_NAME_BYTES = 255
_SUFFIX_BYTES = 16
_BESIDE = ".json"
"""The longest ending of what is written beside a kept file."""
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")


def waiting(home: Home, *, settled_for: float = SETTLED_AFTER_SECONDS) -> list[Path]:
    """Files that wait, relative to the inbox and in order; those still being copied are not yet.

    A file is settled when it has not changed for `settled_for` seconds. A folder with a manifest
    waits as a whole until each of its files is settled.
    """
    if not home.inbox.is_dir():
        return []
    files = [path for path in _of_others(home) if is_file(path)]
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


def irregular(home: Home) -> list[Path]:
    """Pipes, devices, sockets and links that lead to no file, relative to the inbox, in order."""
    found = _of_others(home)
    odd = [path for path in found if not is_file(path) and not is_folder(path)]
    # A file that was moved in between is gone; a link that leads nowhere is there.
    return [path.relative_to(home.inbox) for path in odd if os.path.lexists(path)]


def manifest_of(home: Home, name: Path) -> Path | None:
    """The nearest manifest in the folders above a waiting file."""
    for folder in name.parents:
        if is_file(manifest := home.inbox / folder / MANIFEST):
            return manifest
    return None


def open_folder(home: Home, folder: Path) -> Path:
    """A folder below the inbox, made if need be; INBOX_FOLDER_TAKEN (FileError) if it is a file."""
    path = home.inbox / folder
    try:
        make_directories(path)
    except (FileExistsError, NotADirectoryError) as error:
        raise FileError("INBOX_FOLDER_TAKEN", path=folder.as_posix()) from error
    return path


def kept_name(name: str, prefix: str = "") -> str:
    """The name of a file put away, short enough for what is written beside it.

    A longer one loses the end of its stem, and a part of its hash keeps it apart from others.
    """
    room = _NAME_BYTES - len(os.fsencode(prefix)) - len(_BESIDE)
    if len(os.fsencode(name)) <= room:
        return prefix + name
    suffix = Path(name).suffix
    if len(os.fsencode(suffix)) > _SUFFIX_BYTES:
        suffix = ""
    stem = name.removesuffix(suffix)
    end = f"-{sha256(os.fsencode(name)).hexdigest()[:8]}{suffix}"
    while len(os.fsencode(stem + end)) > room:
        stem = stem[:-1]
    return prefix + stem + end


def put_away(home: Home, name: Path, folder: Path, prefix: str = "") -> Path:
    """Move a waiting file to `folder` below the inbox and give its new place (`kept_name`).

    A file that is gone was moved by an earlier attempt. Empty folders that it leaves are removed.
    """
    source = home.inbox / name
    target = open_folder(home, folder) / kept_name(name.name, prefix)
    if is_file(source):
        source.replace(target)
    _remove_empty(home, source.parent)
    return target


def _of_others(home: Home) -> list[Path]:
    return [path for path in sorted(home.inbox.rglob("*")) if _counts(home, path)]


def _counts(home: Home, path: Path) -> bool:
    parts = path.relative_to(home.inbox).parts
    hidden = any(part.startswith((".", "~$")) for part in parts)
    own = parts[0] in (DONE, UNCLEAR)
    return not hidden and not own and path.suffix not in _UNFINISHED


def _changed_at(path: Path) -> float:
    try:
        found = path.stat()
    except OSError:
        return time.time()
    return max(found.st_mtime, found.st_ctime)


def _remove_empty(home: Home, folder: Path) -> None:
    while folder != home.inbox and folder.is_relative_to(home.inbox):
        left = [path for path in folder.iterdir() if path.name != MANIFEST]
        if left:
            return
        if os.path.lexists(manifest := folder / MANIFEST):
            name = f"{folder.name}-{manifest.lstat().st_mtime_ns}-{MANIFEST}"
            manifest.replace(open_folder(home, Path(DONE)) / kept_name(name))
        folder.rmdir()
        folder = folder.parent
