"""The object store of an installation: where its originals, lake and releases are kept for good.

A narrow interface over S3. Nothing is ever changed in place: objects are created and, when a
release is pruned, deleted. So no reader meets half of anything, and copies need no invalidation.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.core.durable import commit_file, make_directories, temporary_in
from warehouse.core.errors import UserError
from warehouse.core.store_address import StoreAddress

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Store


_SERVER_CODE = re.compile(r"<Code>(\w+)</Code>")
_REFUSALS = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"})
_CHUNK = 4 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """An object; `size` in bytes."""

    key: str
    size: int
    changed_at: datetime


class Store:
    """The objects below an address, by keys like `lake/form=1-M/…`.

    Every method raises UserError STORE_REFUSED (keys), STORE_BUCKET_MISSING or STORE_FAILED
    (server down, disk full, …) when the server does not do what it is asked.
    """

    def __init__(self, address: StoreAddress) -> None:
        self.address = address
        self._objects = _open(address)

    def create(self, key: str, content: bytes) -> bool:
        """Write an object that must not be there yet; False, and nothing changed, when it is."""
        import obstore
        from obstore.exceptions import AlreadyExistsError

        with self._told():
            try:
                obstore.put(self._objects, key, content, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def upload(self, key: str, source: Path) -> None:
        """Write a file of any size, streamed; it shows when it is whole. Replaces what is there."""
        import obstore

        with self._told():
            obstore.put(self._objects, key, source)

    def read(self, key: str) -> bytes | None:
        """A small object; None when there is none."""
        parts = self._stream(key)
        return None if parts is None else b"".join(parts)

    def sha256(self, key: str) -> str | None:
        """Hash of an object as the store gives it; None when there is none."""
        parts = self._stream(key)
        if parts is None:
            return None
        digest = hashlib.sha256()
        for part in parts:
            digest.update(part)
        return digest.hexdigest()

    def download(self, key: str, target: Path, sha256: str | None = None) -> bool:
        """Copy an object to the file `target`, whole or not at all; False when there is none.

        UserError STORE_DAMAGED when it does not have the hash `sha256`.
        """
        parts = self._stream(key)
        if parts is None:
            return False
        make_directories(target.parent)
        digest = hashlib.sha256()
        with temporary_in(target.parent) as temporary:
            with temporary.open("xb") as out:
                for part in parts:
                    digest.update(part)
                    out.write(part)
            if sha256 not in (None, digest.hexdigest()):
                raise UserError("STORE_DAMAGED", store=self.address, key=key)
            commit_file(temporary, target)
        return True

    def entries(self, prefix: str, after: str | None = None) -> Iterator[Entry]:
        """Objects below the folder `prefix` in the order of their keys, those after one of them."""
        import obstore

        with self._told():
            for batch in obstore.list(self._objects, prefix, offset=after):
                for found in batch:
                    yield Entry(found["path"], found["size"], found["last_modified"])

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; those that are not there do not matter."""
        import obstore

        with self._told():
            obstore.delete(self._objects, list(keys))

    def _stream(self, key: str) -> Iterator[bytes] | None:
        import obstore

        with self._told():
            try:
                found = obstore.get(self._objects, key)
            except FileNotFoundError as error:
                if _code(error) == "NoSuchBucket":
                    raise
                return None
        return self._parts(found.stream(min_chunk_size=_CHUNK))

    def _parts(self, stream: Iterable[object]) -> Iterator[bytes]:
        with self._told():
            for part in stream:
                yield bytes(part)  # type: ignore[call-overload]  # obstore's buffer

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the library as errors for people."""
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, FileNotFoundError) as error:
            raise _explained(self.address, error) from error


@lru_cache(maxsize=8)
def open_store(address: StoreAddress) -> Store:
    """The store at an address, with one set of connections for the process."""
    return Store(address)


def _open(address: StoreAddress) -> S3Store:
    from datetime import timedelta

    from obstore.store import S3Store

    client: ClientConfig = {
        "allow_http": address.endpoint.startswith("http://"),
        "connect_timeout": "5s",
        "timeout": "1h",
        "read_timeout": "60s",
    }
    if address.certificate:
        client["root_certificate"] = address.certificate.read_bytes()
    retries: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
    return S3Store(
        address.bucket,
        prefix=address.prefix or None,
        endpoint=address.endpoint or None,
        region=address.region,
        access_key_id=address.key,
        secret_access_key=address.secret,
        client_options=client,
        retry_config=retries,
    )


def _explained(address: StoreAddress, error: Exception) -> UserError:
    from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

    code = _code(error)
    if isinstance(error, (PermissionDeniedError, UnauthenticatedError)) or code in _REFUSALS:
        return UserError("STORE_REFUSED", store=address, problem=code or "403")
    if code == "NoSuchBucket":
        return UserError("STORE_BUCKET_MISSING", store=address, bucket=address.bucket)
    return UserError("STORE_FAILED", store=address, problem=_words(error))


def _code(error: Exception) -> str:
    """What the server calls the error."""
    found = _SERVER_CODE.search(str(error))
    return found[1] if found else ""


def _words(error: Exception) -> str:
    """What went wrong, without the library's own diagnostics."""
    words = str(error).partition("\n\nDebug source")[0].strip()
    return _code(error) or words.splitlines()[0][:300]
