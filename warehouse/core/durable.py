"""Files that are either wholly there or not there at all, also after a power cut."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READ_ONLY = 0o444


def fsync_path(path: Path) -> None:
    """Flush a file, or the entries of a directory, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directories(path: Path) -> None:
    """mkdir -p whose new entries survive a power cut."""
    missing = [p for p in (path, *path.parents) if not p.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for created in reversed(missing):
        fsync_path(created.parent)


@contextmanager
def temporary_in(directory: Path) -> Iterator[Path]:
    """A name for a temporary file in `directory`, removed afterwards if it is still there."""
    temporary = directory / f".{uuid.uuid4().hex}.tmp"
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def seal(root: Path) -> None:
    """Make every file below `root` read-only, and flush all of it to the disk."""
    for path in sorted(root.rglob("*"), reverse=True):
        if path.is_file():
            path.chmod(READ_ONLY)
        fsync_path(path)
    fsync_path(root)


def commit_file(temporary: Path, target: Path) -> None:
    """Flush `temporary`, make it read-only and give it its name in one step."""
    temporary.chmod(READ_ONLY)
    fsync_path(temporary)
    temporary.replace(target)
    fsync_path(target.parent)
