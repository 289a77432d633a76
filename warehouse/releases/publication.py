"""Publishing a build: whole or not at all, killed at any moment."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse.core.clock import utc_now
from warehouse.core.duck import connect_build
from warehouse.core.durable import fsync_path, make_directories, seal
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.core.settings import Engine, Settings
from warehouse.ledger import Ledger, Snapshot, Submission
from warehouse.releases import object_store
from warehouse.releases.catalogue import (
    STAGING,
    alone,
    complete_ledger,
    current,
    number_of,
    point_to,
    read_manifest,
    remove_garbage,
    take_over,
)
from warehouse.releases.content import columns, quoted
from warehouse.releases.digests import Digests
from warehouse.releases.left_out import LeftOut
from warehouse.releases.manifest import (
    Manifest,
    SubmissionEntry,
    TableEntry,
    code_version,
    describe_files,
    hash_of_tables,
    library_versions,
)
from warehouse.releases.marts import DATABASE, NAMEPLATE, SCHEMA, attached, select_of, tables_of
from warehouse.storage import mirror


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


def publish(home: Home, ledger: Ledger, draft: Draft, settings: Settings) -> Manifest:
    """Make the draft the current release; killed at any moment, the old one stays in force.

    UserError RELEASE_OUTDATED when a release with a higher number is in force, BUILD_INCOMPLETE
    when the build has no tables. Publishing the current release again only completes the ledger.
    """
    make_directories(home.releases)
    with alone(home):
        take_over(home)
        remove_garbage(home)
        in_force = current(home)
        if in_force and number_of(in_force) > number_of(draft.release_id):
            raise UserError("RELEASE_OUTDATED", release_id=draft.release_id, current=in_force)
        if in_force == draft.release_id:
            _refuse_stranger(home, draft)
        else:
            _write(home, draft, settings)
            if store := mirror.store_of(home):
                object_store.offer(store, home.releases / draft.release_id)
            point_to(home, draft.release_id)
        complete_ledger(home, ledger)
    return read_manifest(home, draft.release_id)


def _refuse_stranger(home: Home, draft: Draft) -> None:
    """The release of this number in the object store is ours, or the place is another's."""
    published = {s.submission_id for s in read_manifest(home, draft.release_id).submissions}
    if home.store and published != {s.submission_id for s in draft.snapshot.submissions}:
        raise UserError("STORE_TAKEN", store=home.store, release_id=draft.release_id)


def _write(home: Home, draft: Draft, settings: Settings) -> None:
    staging = home.releases / f"{STAGING}{draft.release_id}"
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


def _write_tables(
    staging: Path, draft: Draft, digests: Digests, published_at: datetime, settings: Settings
) -> list[TableEntry]:
    _write_database(staging / DATABASE, draft, settings)
    with connect_build(staging / DATABASE, settings) as connection:
        names = tables_of(connection, Path(DATABASE).stem)
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
    with attached(target, build, settings) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        for name in tables_of(connection, "build"):
            table = f"{SCHEMA}.{quoted(name)}"
            connection.execute(f"CREATE TABLE {table} AS {select_of(connection, name)}")
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
