"""Releases: a directory that is published whole or not at all, and the pointer to the current one.

releases/r000042/warehouse.duckdb       schema `marts` and nothing else; `marts.release` names it
releases/r000042/parquet/<table>.parquet
releases/r000042/inputs/…               what the build read, except the cell files
releases/r000042/manifest.json
releases/.pruned/r000007.json           what remains of a release that was pruned
releases/.noted/r000041.json            manifest of a release that the object store has
current -> releases/r000042

With an object store a release is published there first; what others published there is seen here
after `catch_up`, so one reader never meets two states.
"""

import fcntl
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.core.durable import commit_file, fsync_path, make_directories, temporary_in
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.ledger import Ledger
from warehouse.releases import object_store
from warehouse.releases.manifest import Manifest
from warehouse.releases.marts import DATABASE
from warehouse.storage import mirror

_RELEASE_ID = re.compile(r"r\d{6,}")
STAGING = ".staging-"
_PRUNED = ".pruned"
_NOTED = ".noted"


def directory(home: Home, release_id: str | None = None) -> Path:
    """Directory of a release, or of the current one, free of symlinks.

    Resolve it once and stay inside: the pointer may move at any moment.
    """
    if release_id is None:
        release_id = current(home) or catch_up(home)
        if release_id is None:
            raise UserError("RELEASE_NONE", home=home.root)
        return home.releases / release_id
    path = home.releases / release_id
    if not _RELEASE_ID.fullmatch(release_id):
        raise UserError("RELEASE_UNKNOWN", release_id=release_id)
    if not is_published(home, path) and not _is_brought(home, path):
        raise UserError("RELEASE_UNKNOWN", release_id=release_id)
    return path


def database(home: Home, release_id: str | None = None) -> Path:
    """DuckDB file of a release, or of the current one."""
    return directory(home, release_id) / DATABASE


def current(home: Home) -> str | None:
    """Id of the release in force; None before the first."""
    try:
        return home.current.readlink().name
    except FileNotFoundError:
        return None


def list_releases(home: Home) -> list[str]:
    """Ids of the published releases, oldest first."""
    if not home.releases.is_dir():
        return []
    published = {p.name for p in home.releases.glob("r*") if is_published(home, p)}
    noted = {p.stem for p in (home.releases / _NOTED).glob("r*.json")}
    return sorted(published | noted, key=number_of)


def catch_up(home: Home) -> str | None:
    """Take over what was published to the object store; gives the release in force afterwards.

    Only that one is copied; others are when somebody asks for them. Without a store nothing is
    done.
    """
    if home.store:
        make_directories(home.releases)
        with alone(home):
            take_over(home)
    return current(home)


def list_pruned(home: Home) -> list[str]:
    """Ids of the releases that were published once and pruned; their manifests remain."""
    return sorted(path.stem for path in (home.releases / _PRUNED).glob("r*.json"))


def read_manifest(home: Home, release_id: str | None = None) -> Manifest:
    """Manifest of a release, or of the current one; that of a pruned release was kept."""
    for folder in (_PRUNED, _NOTED):
        if release_id and (kept := _kept_manifest(home, release_id, folder)).is_file():
            return Manifest.model_validate_json(kept.read_bytes())
    text = (directory(home, release_id) / "manifest.json").read_bytes()
    return Manifest.model_validate_json(text)


def number_of(release_id: str) -> int:
    """Running number of a release."""
    return int(release_id[1:])


def is_published(home: Home, path: Path) -> bool:
    """Running numbers only grow, so what lies beyond the current one was never published."""
    in_force = current(home)
    return (
        in_force is not None
        and _RELEASE_ID.fullmatch(path.name) is not None
        and number_of(path.name) <= number_of(in_force)
        and path.is_dir()
    )


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """One publisher at a time. The lock goes with its process, even a killed one."""
    with (home.releases / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _kept_manifest(home: Home, release_id: str, folder: str) -> Path:
    return home.releases / folder / f"{release_id}.json"


def take_over(home: Home) -> None:
    """See `catch_up`; for whoever is `alone`."""
    store = mirror.store_of(home)
    if store is None:
        return
    known = object_store.known(store)
    here = {*list_releases(home), *list_pruned(home)}
    for release_id in known.published - here:
        _keep(home, release_id, _NOTED, object_store.manifest_bytes(store, release_id))
    for release_id in known.pruned & set(list_releases(home)):
        remove(home, release_id)
    newest = max(known.published - known.pruned, key=number_of, default=None)
    if newest and number_of(newest) > number_of(current(home) or "r0"):
        if not (home.releases / newest).is_dir():
            object_store.bring(home, store, newest)
        point_to(home, newest)


def _is_brought(home: Home, path: Path) -> bool:
    """Whether a release that is not here could be copied from the object store."""
    catch_up(home)
    if (store := mirror.store_of(home)) and _kept_manifest(home, path.name, _NOTED).is_file():
        with alone(home):
            if not path.is_dir():
                object_store.bring(home, store, path.name)
    return is_published(home, path)


def _keep(home: Home, release_id: str, folder: str, manifest: bytes) -> None:
    kept = _kept_manifest(home, release_id, folder)
    make_directories(kept.parent)
    with temporary_in(kept.parent) as temporary:
        temporary.write_bytes(manifest)
        commit_file(temporary, kept)


def remove(home: Home, release_id: str) -> None:
    """In this order a release that was half removed is one that is still removed next time."""
    noted, here = _kept_manifest(home, release_id, _NOTED), home.releases / release_id
    manifest = noted if noted.is_file() else here / object_store.MANIFEST
    _keep(home, release_id, _PRUNED, manifest.read_bytes())
    noted.unlink(missing_ok=True)
    if here.is_dir():
        leaving = home.releases / f"{STAGING}{release_id}"
        here.rename(leaving)
        shutil.rmtree(leaving)


def remove_garbage(home: Home) -> None:
    """What killed publishers left: half-written, or complete but never pointed to."""
    for link in home.root.glob(".current-*"):
        link.unlink()
    for path in home.releases.iterdir():
        if path.name in (_PRUNED, _NOTED):
            continue
        half_written = path.name.startswith(STAGING)
        if half_written or (path.is_dir() and not is_published(home, path)):
            shutil.rmtree(path)


def complete_ledger(home: Home, ledger: Ledger) -> None:
    """Tell the ledger what is published, including what a killed publisher did not get to say."""
    for record in (*ledger.releases("building"), *ledger.releases("failed")):
        if is_published(home, home.releases / record.release_id):
            manifest = read_manifest(home, record.release_id)
            ledger.record_release(
                record.release_id,
                state="published",
                content_hash=manifest.content_hash,
                published_at=manifest.published_at,
            )


def point_to(home: Home, release_id: str) -> None:
    """Put the release in force by one atomic swap of the pointer."""
    link = home.root / f".current-{uuid.uuid4().hex}"
    link.symlink_to(Path(home.releases.name) / release_id, target_is_directory=True)
    link.replace(home.current)
    fsync_path(home.root)
