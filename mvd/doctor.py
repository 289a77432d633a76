"""What can be wrong with an installation, looked at one by one.

Looking changes nothing: neither home nor ledger is created by it.
"""

from __future__ import annotations

import shutil
import sqlite3
import stat
import sys
import tempfile
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sqlalchemy.engine import make_url

from warehouse.core.errors import UserError
from warehouse.core.paths import LEAST_FREE_BYTES
from warehouse.core.settings import Settings

_LIBRARIES = ("duckdb", "dbt-core", "dbt-duckdb", "pyarrow", "great-expectations", "sqlalchemy")
_LOCK_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `detail` is what was found; a failed check has a `doctor_fix_<name>`
    among the texts of the command line."""

    name: str
    is_passed: bool
    detail: str


class Trouble(Exception):  # noqa: N818 - not an error of ours: a state of the installation
    """Why a check fails."""


def examine(settings: Settings) -> list[Check]:
    """Every check, in the order in which one depends on another."""
    checks: dict[str, Callable[[Settings], str]] = {
        "versions": _versions,
        "contracts": _contracts,
        "home": _home,
        "store": _store,
        "disk": _disk,
        "ledger": _ledger,
        "release": _release,
        "build": _build,
        "cells": _cells,
        "left_out": _left_out,
        "secrets": _secrets,
    }
    return [_check(name, look, settings) for name, look in checks.items()]


def _check(name: str, look: Callable[[Settings], str], settings: Settings) -> Check:
    try:
        return Check(name, is_passed=True, detail=look(settings))
    except Trouble as trouble:
        return Check(name, is_passed=False, detail=str(trouble))
    except Exception as error:  # a check that cannot run is a finding, not a crash
        return Check(name, is_passed=False, detail=f"{type(error).__name__}: {error}")


def _versions(_: Settings) -> str:
    if sys.version_info[:2] != (3, 11):
        raise Trouble(f"Python {sys.version.split()[0]}")
    found = []
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            raise Trouble(f"{name}: not installed") from None
    return ", ".join(found)


def _contracts(_: Settings) -> str:
    from warehouse.contracts import ContractError, load_contracts

    try:
        contracts = load_contracts()
    except (ContractError, OSError) as error:
        raise Trouble(str(error)) from error
    return f"{len(contracts.forms)} forms, {contracts.content_hash[:16]}"


def _home(settings: Settings) -> str:
    """Writable, or to be created in a folder that is."""
    root = settings.paths.root
    place = next(path for path in (root, *root.parents) if path.exists())
    if not place.is_dir():
        raise Trouble(f"{place}: not a folder")
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise Trouble(f"{place}: {error.strerror}") from error
    return str(root) if root.exists() else f"{root} (-)"


def _store(settings: Settings) -> str:
    """The object store takes an object, refuses to replace it, gives it back and forgets it."""
    from warehouse.storage.mirror import store_of

    store = store_of(settings.paths)
    if store is None:
        return "-"
    key = f"doctor/{uuid.uuid4().hex}"
    try:
        store.create(key, b"1")
        if store.create(key, b"2") or store.read(key) != b"1":
            raise Trouble(f"{store.address}: no conditional writes (If-None-Match)")
        store.delete([key])
    except UserError as error:
        raise Trouble(error.text(settings.language)) from error
    return str(store.address)


def _disk(settings: Settings) -> str:
    root = settings.paths.root
    place = next(path for path in (root, *root.parents) if path.exists())
    free = shutil.disk_usage(place).free
    told = f"{free / 1024**3:.1f} GiB"
    if free < LEAST_FREE_BYTES:
        raise Trouble(told)
    return told


def _ledger(settings: Settings) -> str:
    url = make_url(settings.ledger)
    if url.get_backend_name() == "sqlite":
        return _sqlite_ledger(Path(url.database or ""))
    from sqlalchemy import create_engine, text

    engine = create_engine(url, connect_args={"connect_timeout": 5})
    try:
        with engine.connect() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    finally:
        engine.dispose()
    return _same_schema(str(found))


def _sqlite_ledger(file: Path) -> str:
    if not file.exists():
        return f"{file} (-)"
    try:
        with closing(sqlite3.connect(file, timeout=_LOCK_SECONDS)) as connection:
            (answer,) = connection.execute("PRAGMA quick_check").fetchone()
            (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
    except sqlite3.Error as error:
        raise Trouble(f"{file}: {error}") from error
    if answer != "ok":
        raise Trouble(f"{file}: {answer}")
    return _same_schema(found)


def _same_schema(found: str) -> str:
    from warehouse.ledger.schema import REVISION

    if found > REVISION:
        raise Trouble(f"schema {found}, this code knows {REVISION}")
    return f"schema {found}"


def _release(settings: Settings) -> str:
    """The pointer leads to a release whose database opens."""
    from warehouse.query.reader import query
    from warehouse.releases import catalogue

    home = settings.paths
    if not home.current.is_symlink():
        if home.current.exists():
            raise Trouble(f"{home.current}: not a link")
        if releases_left := list(home.releases.glob("r*")):
            raise Trouble(f"no pointer, though there are {len(releases_left)} releases")
        return "-"
    target = home.current.readlink()
    if not (home.root / target / "manifest.json").is_file():
        raise Trouble(f"{home.current} -> {target}: no release there")
    manifest = catalogue.read_manifest(home)
    query(home, "SELECT count(*) FROM marts.rpt_submissions", memory_limit="200MB", threads=1)
    return f"{manifest.release_id}, {manifest.published_at:%Y-%m-%d %H:%M} UTC"


def _build(settings: Settings) -> str:
    """The latest build was not failed by the machine; what the release in force lacks."""
    from warehouse.contracts import load_contracts
    from warehouse.ledger import Ledger
    from warehouse.releases.completeness import completeness, latest_build

    if not _has_ledger(settings):
        return "-"
    with Ledger(settings.ledger) as ledger:
        latest = latest_build(ledger)
        found = completeness(settings.paths, ledger, load_contracts())
    if latest is None:
        return "-"
    told = f"{latest.release_id} {latest.state}" + (f": {latest.problem}" if latest.problem else "")
    if latest.state == "failed":
        raise Trouble(told)
    left_out = f" ({', '.join(sorted(found.left_out))})" if found.left_out else ""
    return (
        f"{told}; {found.release_id or '-'}: missing {len(found.missing)},"
        f" overtaken {len(found.overtaken)}, left out {len(found.left_out)}{left_out}"
    )


def _has_ledger(settings: Settings) -> bool:
    """Whether there is one: opening an SQLite ledger would make it."""
    url = make_url(settings.ledger)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()


def _cells(settings: Settings) -> str:
    """What the ledger counts on lies in the lake and in the originals."""
    from warehouse.ledger import Ledger
    from warehouse.storage import mirror
    from warehouse.storage.originals import original_path

    if not _has_ledger(settings):
        return "-"
    with Ledger(settings.ledger) as ledger:
        submissions = ledger.submissions(in_force=True)
    home = settings.paths
    cells = [
        home.lake / submission.cells_path for submission in submissions if submission.cells_path
    ]
    files = [original_path(home, submission.file_sha256) for submission in submissions]
    try:
        lost = [mirror.key_of(home, path) for path in mirror.lost(home, [*cells, *files])]
    except UserError as error:
        raise Trouble(error.text(settings.language)) from error
    if lost:
        raise Trouble(f"{len(lost)}: {', '.join(lost[:3])}")
    return str(len(submissions))


def _left_out(settings: Settings) -> str:
    """Every accepted submission is of a form and a territory that the contracts know."""
    from warehouse.contracts import load_contracts
    from warehouse.ledger import Ledger
    from warehouse.releases.left_out import summary

    if not _has_ledger(settings):
        return "-"
    with Ledger(settings.ledger) as ledger:
        left = summary(ledger.submissions(), load_contracts())
    told = ", ".join(f"{each.form} {each.reason}: {each.count}" for each in left)
    if any(each.in_force for each in left):
        raise Trouble(told)
    return told or "0"


def _secrets(settings: Settings) -> str:
    """Nobody else may read what signs people in."""
    root = settings.paths.root / "stack"
    if not root.is_dir():
        return "-"
    open_to_others = [
        path.name
        for path in (root / name for name in ("secrets.json", "passwords.json", "metrics-token"))
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if open_to_others:
        raise Trouble(", ".join(open_to_others))
    return "0600"
