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
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse import mirror, release_store
from warehouse.carry import NAMEPLATE, SCHEMA
from warehouse.clock import utc_now
from warehouse.content import columns, content_hash, quoted
from warehouse.digests import Digests
from warehouse.duck import attach, connect_build
from warehouse.durable import commit_file, fsync_path, make_directories, seal, temporary_in
from warehouse.errors import UserError
from warehouse.ledger import Ledger, Snapshot, Submission
from warehouse.left_out import LeftOut
from warehouse.manifest import (
    Manifest,
    SubmissionEntry,
    TableEntry,
    code_version,
    describe_files,
    hash_of_file,
    hash_of_tables,
    library_versions,
)
from warehouse.paths import Home
from warehouse.settings import Engine, Settings

DATABASE = "warehouse.duckdb"
_RELEASE_ID = re.compile(r"r\d{6,}")
_STAGING = ".staging-"
_PRUNED = ".pruned"
_NOTED = ".noted"
_PORTABLE = {"HUGEINT": "BIGINT", "UHUGEINT": "BIGINT", "UBIGINT": "BIGINT"}
"""Types that Parquet does not have, or other tools do not read, as they are published."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A build that passed its gate. The build directory holds `warehouse.duckdb` and `inputs/`."""

    release_id: str
    """From `Ledger.begin_release`."""
    build_dir: Path
    snapshot: Snapshot
    contract_hash: str
    gate: Mapping[str, Any]
    created_at: datetime
    base: str | None = None
    years: tuple[int, ...] | None = None
    models_hash: str | None = None
    engine: Engine = "duckdb"
    left_out: tuple[LeftOut, ...] = ()
    """What the ledger held beside the snapshot and the build could not use."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in a release that is not as its manifest says; None means: not there."""

    name: str
    expected: str | None
    found: str | None


@dataclass(frozen=True, slots=True)
class RebuildInputs:
    """What a release was made from, complete and checked. `cell_files` lie in the lake."""

    manifest: Manifest
    inputs: Path
    cell_files: list[Path]


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
    if not _is_published(home, path) and not _is_brought(home, path):
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
    published = {p.name for p in home.releases.glob("r*") if _is_published(home, p)}
    noted = {p.stem for p in (home.releases / _NOTED).glob("r*.json")}
    return sorted(published | noted, key=_number)


def catch_up(home: Home) -> str | None:
    """Take over what was published to the object store; gives the release in force afterwards.

    Only that one is copied; others are when somebody asks for them. Without a store nothing is
    done.
    """
    if home.store:
        make_directories(home.releases)
        with _alone(home):
            _catch_up(home)
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


def publish(home: Home, ledger: Ledger, draft: Draft, settings: Settings) -> Manifest:
    """Make the draft the current release; killed at any moment, the old one stays in force.

    UserError RELEASE_OUTDATED when a release with a higher number is in force, BUILD_INCOMPLETE
    when the build has no tables. Publishing the current release again only completes the ledger.
    """
    make_directories(home.releases)
    with _alone(home):
        _catch_up(home)
        _remove_garbage(home)
        in_force = current(home)
        if in_force and _number(in_force) > _number(draft.release_id):
            raise UserError("RELEASE_OUTDATED", release_id=draft.release_id, current=in_force)
        if in_force == draft.release_id:
            _refuse_stranger(home, draft)
        else:
            _write(home, draft, settings)
            if store := mirror.store_of(home):
                release_store.offer(store, home.releases / draft.release_id)
            _point_to(home, draft.release_id)
        complete_ledger(home, ledger)
    return read_manifest(home, draft.release_id)


def prune(home: Home, *, keep: int, protected: Collection[str] = ()) -> list[str]:
    """Remove old releases; gives their ids, oldest first.

    The `keep` newest stay, and those in `protected`, and the one in force. Of the others the
    manifest remains, so that a figure that was published once can still be traced to its
    submissions. Who reads a removed release at that moment keeps the open file.
    """
    if keep < 1:
        raise ValueError("at least one release must be kept")
    make_directories(home.releases)
    with _alone(home):
        _catch_up(home)
        _remove_garbage(home)
        staying = {*list_releases(home)[-keep:], *protected, current(home)}
        leaving = [name for name in list_releases(home) if name not in staying]
        if store := mirror.store_of(home):
            release_store.withdraw(store, leaving)
        for release_id in leaving:
            _remove(home, release_id)
    return leaving


def verify(
    home: Home, release_id: str, settings: Settings, ledger: Ledger | None = None
) -> list[Difference]:
    """Compute every hash of a release again and name what differs; an empty list is a pass.

    Files, tables and cell files are compared with the manifest, and the manifest with the ledger.
    With an object store it is asked first; when it is damaged, nothing else is looked at.
    """
    catch_up(home)
    if home.store:
        wrong = release_store.differences(home, read_manifest(home, release_id))
        if wrong:
            return [Difference(name, *hashes) for name, hashes in wrong.items()]
    root, manifest = directory(home, release_id), read_manifest(home, release_id)
    return [
        *_differing_files(root, manifest),
        *_differing_tables(root, manifest, settings),
        *_differing_cells(home, manifest),
        *(_differing_ledger(ledger, manifest) if ledger else []),
    ]


def is_sound(home: Home, release_id: str) -> bool:
    """Whether the inputs and the database of a release are what its manifest says."""
    root, manifest = directory(home, release_id), read_manifest(home, release_id)
    needed = [f for f in manifest.files if f.path == DATABASE or f.path.startswith("inputs/")]
    return all(
        (root / file.path).is_file() and hash_of_file(root / file.path) == file.sha256
        for file in needed
    )


def rebuild_inputs(home: Home, release_id: str) -> RebuildInputs:
    """What is needed to build a release again; BUILD_INCOMPLETE names what is lost or changed."""
    root, manifest = directory(home, release_id), read_manifest(home, release_id)
    of_inputs = [d for d in _differing_files(root, manifest) if d.name.startswith("inputs/")]
    mirror.bring(home, _cell_hashes(home, manifest))
    of_cells = _differing_cells(Home(home.root), manifest)
    if wrong := [difference.name for difference in (*of_inputs, *of_cells)]:
        raise UserError("BUILD_INCOMPLETE", build=release_id, problem=", ".join(wrong))
    cells = list(_cell_hashes(home, manifest))
    return RebuildInputs(manifest, root / "inputs", cells)


def table_hashes(path: Path, settings: Settings) -> dict[str, str]:
    """Content hash by table of the schema `marts` of any DuckDB file, as published types."""
    with _attached(None, path, settings) as connection:
        return {
            name: content_hash(connection, f"({_select(connection, name)})")
            for name in _tables(connection, "build")
        }


def _refuse_stranger(home: Home, draft: Draft) -> None:
    """The release of this number in the object store is ours, or the place is another's."""
    published = {s.submission_id for s in read_manifest(home, draft.release_id).submissions}
    if home.store and published != {s.submission_id for s in draft.snapshot.submissions}:
        raise UserError("STORE_TAKEN", store=home.store, release_id=draft.release_id)


def _number(release_id: str) -> int:
    return int(release_id[1:])


def _is_published(home: Home, path: Path) -> bool:
    """Running numbers only grow, so what lies beyond the current one was never published."""
    in_force = current(home)
    return (
        in_force is not None
        and _RELEASE_ID.fullmatch(path.name) is not None
        and _number(path.name) <= _number(in_force)
        and path.is_dir()
    )


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """One publisher at a time. The lock goes with its process, even a killed one."""
    with (home.releases / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _kept_manifest(home: Home, release_id: str, folder: str) -> Path:
    return home.releases / folder / f"{release_id}.json"


def _catch_up(home: Home) -> None:
    """See `catch_up`; for whoever is `_alone`."""
    store = mirror.store_of(home)
    if store is None:
        return
    known = release_store.known(store)
    here = {*list_releases(home), *list_pruned(home)}
    for release_id in known.published - here:
        _keep(home, release_id, _NOTED, release_store.manifest_bytes(store, release_id))
    for release_id in known.pruned & set(list_releases(home)):
        _remove(home, release_id)
    newest = max(known.published - known.pruned, key=_number, default=None)
    if newest and _number(newest) > _number(current(home) or "r0"):
        if not (home.releases / newest).is_dir():
            release_store.bring(home, store, newest)
        _point_to(home, newest)


def _is_brought(home: Home, path: Path) -> bool:
    """Whether a release that is not here could be copied from the object store."""
    catch_up(home)
    if (store := mirror.store_of(home)) and _kept_manifest(home, path.name, _NOTED).is_file():
        with _alone(home):
            if not path.is_dir():
                release_store.bring(home, store, path.name)
    return _is_published(home, path)


def _keep(home: Home, release_id: str, folder: str, manifest: bytes) -> None:
    kept = _kept_manifest(home, release_id, folder)
    make_directories(kept.parent)
    with temporary_in(kept.parent) as temporary:
        temporary.write_bytes(manifest)
        commit_file(temporary, kept)


def _remove(home: Home, release_id: str) -> None:
    """In this order a release that was half removed is one that is still removed next time."""
    noted, here = _kept_manifest(home, release_id, _NOTED), home.releases / release_id
    manifest = noted if noted.is_file() else here / release_store.MANIFEST
    _keep(home, release_id, _PRUNED, manifest.read_bytes())
    noted.unlink(missing_ok=True)
    if here.is_dir():
        leaving = home.releases / f"{_STAGING}{release_id}"
        here.rename(leaving)
        shutil.rmtree(leaving)


def _remove_garbage(home: Home) -> None:
    """What killed publishers left: half-written, or complete but never pointed to."""
    for link in home.root.glob(".current-*"):
        link.unlink()
    for path in home.releases.iterdir():
        if path.name in (_PRUNED, _NOTED):
            continue
        half_written = path.name.startswith(_STAGING)
        if half_written or (path.is_dir() and not _is_published(home, path)):
            shutil.rmtree(path)


def complete_ledger(home: Home, ledger: Ledger) -> None:
    """Tell the ledger what is published, including what a killed publisher did not get to say."""
    for record in (*ledger.releases("building"), *ledger.releases("failed")):
        if _is_published(home, home.releases / record.release_id):
            manifest = read_manifest(home, record.release_id)
            ledger.record_release(
                record.release_id,
                state="published",
                content_hash=manifest.content_hash,
                published_at=manifest.published_at,
            )


def _write(home: Home, draft: Draft, settings: Settings) -> None:
    staging = home.releases / f"{_STAGING}{draft.release_id}"
    (staging / "parquet").mkdir(parents=True)
    if (draft.build_dir / "inputs").is_dir():
        shutil.copytree(draft.build_dir / "inputs", staging / "inputs")
    published_at = utc_now()
    digests = Digests(home, draft.release_id, draft.base, draft.years)
    tables = _write_tables(staging, draft, digests, published_at, settings)
    manifest = _describe(staging, draft, tables, published_at)
    (staging / "manifest.json").write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
    seal(staging)
    staging.rename(home.releases / draft.release_id)
    fsync_path(home.releases)
    digests.forget_others()


def _point_to(home: Home, release_id: str) -> None:
    link = home.root / f".current-{uuid.uuid4().hex}"
    link.symlink_to(Path(home.releases.name) / release_id, target_is_directory=True)
    link.replace(home.current)
    fsync_path(home.root)


@contextmanager
def _attached(
    target: Path | None, build: Path, settings: Settings
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection on `target` (None: in memory) that can read the file `build` as `build`."""
    if not build.is_file():
        raise UserError("BUILD_INCOMPLETE", build=build.parent.name, problem=build.name)
    with connect_build(target, settings) as connection:
        attach(connection, build, "build")
        yield connection


def _tables(connection: duckdb.DuckDBPyConnection, catalog: str) -> list[str]:
    found = connection.execute(
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_catalog = $catalog AND table_schema = $schema AND table_name <> $nameplate"
        " ORDER BY 1",
        {"catalog": catalog, "schema": SCHEMA, "nameplate": NAMEPLATE},
    )
    return [name for (name,) in found.fetchall()]


def _select(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """SELECT of a table of the build in the types in which it is published."""
    relation = f"build.{SCHEMA}.{quoted(table)}"
    fields = []
    for name, kind in columns(connection, relation):
        portable = "VARCHAR" if kind.startswith("ENUM") else _PORTABLE.get(kind)
        field = quoted(name)
        fields.append(f"{field}::{portable} AS {field}" if portable else field)
    return f"SELECT {', '.join(fields)} FROM {relation}"  # noqa: S608


def _write_tables(
    staging: Path, draft: Draft, digests: Digests, published_at: datetime, settings: Settings
) -> list[TableEntry]:
    _write_database(staging / DATABASE, draft, settings)
    with connect_build(staging / DATABASE, settings) as connection:
        names = _tables(connection, Path(DATABASE).stem)
        if not names:
            problem = f"no tables in the schema {SCHEMA}"
            raise UserError("BUILD_INCOMPLETE", build=draft.release_id, problem=problem)
        tables = [_write_table(connection, staging, name, digests) for name in names]
        _name_release(connection, draft, published_at)
        connection.execute("CHECKPOINT")
    for spilled in staging.glob("spill-*"):
        shutil.rmtree(spilled)
    return tables


def _write_database(target: Path, draft: Draft, settings: Settings) -> None:
    """The marts alone; a build upon a release has nothing else in its database."""
    build = draft.build_dir / DATABASE
    if draft.base is not None and build.is_file():
        shutil.copyfile(build, target)
        return
    with _attached(target, build, settings) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        for name in _tables(connection, "build"):
            table = f"{SCHEMA}.{quoted(name)}"
            connection.execute(f"CREATE TABLE {table} AS {_select(connection, name)}")
        connection.execute("DETACH build")


def _name_release(
    connection: duckdb.DuckDBPyConnection, draft: Draft, published_at: datetime
) -> None:
    """One row that says which release this is; no part of its content."""
    as_of = draft.snapshot.as_of
    connection.execute(
        f"CREATE TABLE {SCHEMA}.{NAMEPLATE} AS"
        " SELECT $id::VARCHAR AS release_id, $published::TIMESTAMP AS published_at,"
        " $as_of::TIMESTAMP AS as_of, $is_demonstration::BOOLEAN AS is_demonstration",
        {
            "id": draft.release_id,
            "published": published_at.replace(tzinfo=None),
            "as_of": as_of.replace(tzinfo=None) if as_of else None,
            "is_demonstration": draft.snapshot.is_demonstration,
        },
    )


def _write_table(
    connection: duckdb.DuckDBPyConnection, staging: Path, name: str, digests: Digests
) -> TableEntry:
    relation = f"{SCHEMA}.{quoted(name)}"
    target = str(staging / "parquet" / f"{name}.parquet").replace("'", "''")
    connection.execute(f"COPY {relation} TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    rows = connection.execute(f"SELECT count(*) FROM {relation}").fetchone()  # noqa: S608
    return TableEntry(
        name=name,
        rows=rows[0] if rows else 0,
        columns=columns(connection, relation),
        content_hash=digests.content_hash(connection, name, relation),
    )


def _describe(
    staging: Path, draft: Draft, tables: list[TableEntry], published_at: datetime
) -> Manifest:
    periods = [s.period for s in draft.snapshot.in_force]
    return Manifest(
        release_id=draft.release_id,
        created_at=draft.created_at,
        published_at=published_at,
        as_of=draft.snapshot.as_of,
        period_first=min(periods, default=None),
        period_last=max(periods, default=None),
        is_demonstration=draft.snapshot.is_demonstration,
        contract_hash=draft.contract_hash,
        content_hash=hash_of_tables(tables),
        base=draft.base,
        years=None if draft.years is None else list(draft.years),
        models_hash=draft.models_hash,
        code_version=code_version(),
        libraries=library_versions(draft.engine),
        gate=dict(draft.gate),
        tables=tables,
        submissions=[_submission_entry(s) for s in draft.snapshot.submissions],
        left_out=list(draft.left_out),
        files=describe_files(staging),
    )


def _submission_entry(submission: Submission) -> SubmissionEntry:
    return SubmissionEntry(
        **{name: getattr(submission, name) for name in SubmissionEntry.model_fields}
    )


def _differing_files(root: Path, manifest: Manifest) -> list[Difference]:
    expected = {entry.path: entry.sha256 for entry in manifest.files}
    return _compare(expected, {entry.path: entry.sha256 for entry in describe_files(root)})


def _differing_tables(root: Path, manifest: Manifest, settings: Settings) -> list[Difference]:
    expected = {f"{SCHEMA}.{table.name}": table.content_hash for table in manifest.tables}
    expected["content_hash"] = manifest.content_hash
    found = {"content_hash": hash_of_tables(manifest.tables)}
    try:
        hashes = table_hashes(root / DATABASE, settings)
    except (duckdb.Error, UserError) as error:
        return [Difference(DATABASE, "readable", str(error))]
    found.update({f"{SCHEMA}.{name}": digest for name, digest in hashes.items()})
    return _compare(expected, found)


def _differing_cells(home: Home, manifest: Manifest) -> list[Difference]:
    expected = _cell_hashes(home, manifest)
    found = mirror.hashes(home, expected)
    return _compare(
        {path.relative_to(home.lake).as_posix(): sha256 for path, sha256 in expected.items()},
        {path.relative_to(home.lake).as_posix(): sha256 for path, sha256 in found.items()},
    )


def _cell_hashes(home: Home, manifest: Manifest) -> dict[Path, str]:
    return {
        home.lake / s.cells_path: s.cells_sha256 or "" for s in manifest.submissions if s.cells_path
    }


def _differing_ledger(ledger: Ledger, manifest: Manifest) -> list[Difference]:
    known = {r.release_id: r.content_hash for r in ledger.releases("published")}
    name = f"ledger {manifest.release_id}"
    return _compare({name: manifest.content_hash}, {name: known.get(manifest.release_id)})


def _compare(
    expected: Mapping[str, str | None], found: Mapping[str, str | None]
) -> list[Difference]:
    return [
        Difference(name, expected.get(name), found.get(name))
        for name in sorted({*expected, *found})
        if expected.get(name) != found.get(name)
    ]
