import hashlib
import io
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.storage import originals

EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def files(home: Home) -> list[Path]:
    return [path for path in home.originals.rglob("*") if path.is_file()]


def test_bytes_are_kept_under_their_hash(home: Home) -> None:
    stored = originals.store(home, b"abc", max_bytes=10)
    assert stored.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert stored.path == home.originals / "ba" / "78" / stored.sha256
    assert stored.path.read_bytes() == b"abc"
    assert stored.size == 3
    assert originals.find(home, stored.sha256) == stored


def test_a_file_and_a_stream_are_kept_like_bytes(home: Home, tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000
    (tmp_path / "отчёт 📎.xlsx").write_bytes(content)
    from_file = originals.store(home, tmp_path / "отчёт 📎.xlsx", max_bytes=len(content))
    from_stream = originals.store(home, io.BytesIO(content), max_bytes=len(content))
    assert from_file == from_stream
    assert from_file.sha256 == hashlib.sha256(content).hexdigest()
    assert len(files(home)) == 1


def test_an_empty_file_is_kept_too(home: Home) -> None:
    assert originals.store(home, b"", max_bytes=1).sha256 == EMPTY_SHA256


def test_an_original_is_read_only(home: Home) -> None:
    stored = originals.store(home, b"abc", max_bytes=10)
    assert stat.S_IMODE(stored.path.stat().st_mode) == 0o444


def test_the_same_bytes_again_change_nothing(home: Home) -> None:
    first = originals.store(home, b"abc", max_bytes=10)
    before = first.path.stat()
    assert originals.store(home, b"abc", max_bytes=10) == first
    assert first.path.stat().st_ino == before.st_ino
    assert files(home) == [first.path]


class Endless(io.RawIOBase):
    """A sender that never stops; counts what was taken from it."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        self.taken += size
        return b"0" * size


def test_a_file_that_is_too_large_is_given_up_while_reading(home: Home) -> None:
    endless = Endless()
    with pytest.raises(UserError, match="FILE_TOO_LARGE"):
        originals.store(home, endless, max_bytes=3_000_000)  # type: ignore[arg-type]
    assert endless.taken < 6_000_000
    assert files(home) == []


class Broken(io.RawIOBase):
    """A connection that breaks after the first piece."""

    pieces = 0

    def read(self, _size: int = -1) -> bytes:
        self.pieces += 1
        if self.pieces > 1:
            raise ConnectionResetError
        return b"half"


def test_nothing_remains_of_a_broken_upload(home: Home) -> None:
    with pytest.raises(ConnectionResetError):
        originals.store(home, Broken(), max_bytes=100)  # type: ignore[arg-type]
    assert files(home) == []


def test_an_unknown_hash_is_named(home: Home) -> None:
    with pytest.raises(UserError, match=EMPTY_SHA256):
        originals.find(home, EMPTY_SHA256)


def test_the_same_bytes_from_many_sides_at_once_are_kept_once(home: Home) -> None:
    content = b"report" * 100_000
    with ThreadPoolExecutor(8) as pool:
        stored = set(pool.map(lambda _: originals.store(home, content, max_bytes=10**7), range(16)))
    assert len(stored) == 1
    assert [path.read_bytes() for path in files(home)] == [content]
