"""The departments' own bytes, kept under their SHA-256 before anything is parsed."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from warehouse.core.durable import make_directories, temporary_in
from warehouse.core.errors import FileError, UserError
from warehouse.core.paths import Home
from warehouse.storage import mirror
from warehouse.storage.regular import open_regular

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A kept original; `size` in bytes."""

    sha256: str
    path: Path
    size: int


def original_path(home: Home, sha256: str) -> Path:
    """Where the bytes with this hash lie, whether or not they exist."""
    return home.originals / sha256[:2] / sha256[2:4] / sha256


def find(home: Home, sha256: str) -> StoredFile:
    """The stored file; FileError ORIGINAL_UNKNOWN when there is none."""
    path = original_path(home, sha256)
    if not mirror.is_there(home, path, sha256):
        raise FileError("ORIGINAL_UNKNOWN", sha256=sha256)
    return StoredFile(sha256, path, path.stat().st_size)


def store(home: Home, source: bytes | Path | BinaryIO, *, max_bytes: int) -> StoredFile:
    """Keep the bytes of `source`, streamed; the same bytes again change nothing.

    UserError FILE_TOO_LARGE as soon as more than `max_bytes` have been read; nothing remains.
    A path that cannot be read raises FileError (`open_regular`).
    """
    if isinstance(source, bytes):
        return _store(home, io.BytesIO(source), max_bytes)
    if isinstance(source, Path):
        with open_regular(source) as stream:
            return _store(home, stream, max_bytes)
    return _store(home, source, max_bytes)


def _store(home: Home, stream: BinaryIO, max_bytes: int) -> StoredFile:
    make_directories(home.originals)
    with temporary_in(home.originals) as temporary:
        sha256, size = _copy(stream, temporary, max_bytes)
        target = original_path(home, sha256)
        if not target.exists():
            make_directories(target.parent)
            mirror.commit(home, temporary, target)
    return StoredFile(sha256, target, size)


def _copy(stream: BinaryIO, target: Path, max_bytes: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as out:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > max_bytes:
                raise UserError("FILE_TOO_LARGE", limit_mb=f"{max_bytes / 1024**2:g}")
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest(), size
