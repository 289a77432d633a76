"""Releases in the object store.

releases/r000042/…           the files of a release, written first
published/r000042.json       its manifest, written last and only once: with it the release is public
published/r000042.pruned     says that the files of the release were removed

There is no pointer that could be swapped wrongly: of the published releases the one with the
highest number is in force, on every machine.
"""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError

from warehouse.core.clock import utc_now
from warehouse.core.durable import fsync_path, make_directories, seal
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.releases.manifest import Manifest
from warehouse.storage import mirror
from warehouse.storage.store import Store

_PUBLISHED = "published"
_RELEASES = "releases"
_ABANDONED_AFTER = timedelta(days=1)
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Known:
    """Ids of the releases in the store; `pruned` ones are published too."""

    published: frozenset[str]
    pruned: frozenset[str]


def known(store: Store) -> Known:
    """What was published to the store."""
    names = [Path(entry.key) for entry in store.entries(_PUBLISHED)]
    return Known(
        published=frozenset(name.stem for name in names if name.suffix == ".json"),
        pruned=frozenset(name.stem for name in names if name.suffix == ".pruned"),
    )


def offer(store: Store, root: Path) -> None:
    """Publish the release directory `root`; killed at any moment, nobody sees a part of it.

    UserError STORE_TAKEN when a release of this number is there: another installation publishes
    to the same place.
    """
    taken = UserError("STORE_TAKEN", store=store.address, release_id=root.name)
    marker, content = _marker(root.name), (root / MANIFEST).read_bytes()
    if store.read(marker) is not None:
        raise taken
    for path in sorted(root.rglob("*")):
        if path.is_file():
            store.upload(f"{_folder(root.name)}/{path.relative_to(root).as_posix()}", path)
    if not store.create(marker, content):
        raise taken


def manifest_bytes(store: Store, release_id: str) -> bytes:
    """Manifest of a published release, pruned or not; RELEASE_UNKNOWN, STORE_DAMAGED."""
    content = store.read(_marker(release_id))
    if content is None:
        raise UserError("RELEASE_UNKNOWN", release_id=release_id)
    _read(store, release_id, content)
    return content


def bring(home: Home, store: Store, release_id: str) -> None:
    """Copy a release to the home, where it shows when it is whole and every hash was checked."""
    content = manifest_bytes(store, release_id)
    staging = home.releases / f".staging-{release_id}"
    shutil.rmtree(staging, ignore_errors=True)
    make_directories(staging)
    for file in _read(store, release_id, content).files:
        key = f"{_folder(release_id)}/{file.path}"
        if not store.download(key, staging / file.path, file.sha256):
            raise UserError("STORE_DAMAGED", store=store.address, key=key)
    (staging / MANIFEST).write_bytes(content)
    seal(staging)
    staging.rename(home.releases / release_id)
    fsync_path(home.releases)


def withdraw(store: Store, release_ids: Iterable[str]) -> None:
    """Remove the files of these releases, and what killed processes left; manifests stay."""
    for release_id in release_ids:
        store.create(f"{_PUBLISHED}/{release_id}.pruned", b"")
    told = known(store)
    before = utc_now() - _ABANDONED_AFTER
    store.delete(
        entry.key
        for entry in store.entries(_RELEASES)
        if (release_id := entry.key.split("/")[1]) in told.pruned
        or (release_id not in told.published and entry.changed_at < before)
    )


def differences(home: Home, manifest: Manifest) -> dict[str, tuple[str, str | None]]:
    """Files of a release whose hash in the store is not that of its manifest: (expected, found)."""
    root = home.releases / manifest.release_id
    expected = {root / file.path: file.sha256 for file in manifest.files}
    found = mirror.hashes(home, expected)
    return {
        mirror.key_of(home, path): (sha256, found.get(path))
        for path, sha256 in expected.items()
        if found.get(path) != sha256
    }


def _read(store: Store, release_id: str, content: bytes) -> Manifest:
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        key = _marker(release_id)
        raise UserError("STORE_DAMAGED", store=store.address, key=key) from error


def _marker(release_id: str) -> str:
    return f"{_PUBLISHED}/{release_id}.json"


def _folder(release_id: str) -> str:
    return f"{_RELEASES}/{release_id}"
