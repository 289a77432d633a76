"""Whether a release is what its manifest says, and what it can be built again from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.core.errors import UserError
from warehouse.core.hashing import hash_of_file
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger
from warehouse.releases import object_store
from warehouse.releases.catalogue import catch_up, directory, read_manifest
from warehouse.releases.content import content_hash
from warehouse.releases.manifest import Manifest, describe_files, hash_of_tables
from warehouse.releases.marts import DATABASE, SCHEMA, attached, select_of, tables_of
from warehouse.storage import mirror


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


def verify(
    home: Home, release_id: str, settings: Settings, ledger: Ledger | None = None
) -> list[Difference]:
    """Compute every hash of a release again and name what differs; an empty list is a pass.

    Files, tables and cell files are compared with the manifest, and the manifest with the ledger.
    With an object store it is asked first; when it is damaged, nothing else is looked at.
    """
    catch_up(home)
    if home.store:
        wrong = object_store.differences(home, read_manifest(home, release_id))
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
    with attached(None, path, settings) as connection:
        return {
            name: content_hash(connection, f"({select_of(connection, name)})")
            for name in tables_of(connection, "build")
        }


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
