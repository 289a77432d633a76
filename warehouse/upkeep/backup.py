"""Copies of the ledger, and putting one back. Originals, lake and releases never change once they
are written: any tool that copies files keeps them safe, so only the ledger needs care.
"""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from warehouse.core.clock import utc_now
from warehouse.core.durable import commit_file, fsync_path, make_directories, temporary_in
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger
from warehouse.storage import mirror
from warehouse.storage.originals import original_path

_SUFFIXES = {"sqlite": ".sqlite", "postgresql": ".dump"}
_EMPTY = "DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION pg_database_owner;"
"""What is newer than the copy must go too, or the next migration would meet its own tables."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restored ledger refers to and the home does not have; empty lists are what you want.

    `replaced` is where the ledger that was in place has been put; None when there was none.
    """

    submissions: int
    missing_originals: tuple[str, ...]
    missing_cells: tuple[str, ...]
    replaced: Path | None


def folder(home: Home) -> Path:
    """Where copies lie unless another place is given."""
    return home.root / "backups"


def back_up(settings: Settings, target: Path | None = None) -> Path:
    """Write a consistent copy of the ledger while it is in use; gives its path.

    Postgres needs `pg_dump`, as new as the server (UserError BACKUP_TOOL_MISSING without it).
    """
    url = make_url(settings.ledger)
    kind = url.get_backend_name()
    place = target or folder(settings.paths)
    make_directories(place)
    copy = place / f"ledger-{utc_now():%Y%m%dT%H%M%S%fZ}{_SUFFIXES[kind]}"
    with temporary_in(place) as temporary:
        if kind == "sqlite":
            _copy_sqlite(Path(url.database or ""), temporary)
        else:
            _run("pg_dump", url, "--format=custom", f"--file={temporary}")
        commit_file(temporary, copy)
    return copy


def prune_backups(home: Home, *, keep: int) -> list[Path]:
    """Remove all but the `keep` newest copies; gives what was removed."""
    if not folder(home).is_dir():
        return []
    leaving = sorted(folder(home).glob("ledger-*"))[:-keep]
    for copy in leaving:
        copy.unlink()
    return leaving


def restore(settings: Settings, copy: Path) -> Restored:
    """Put a copy in place of the ledger. Nothing else may be using the ledger.

    What was in place is kept: the SQLite file beside it, the Postgres database as one more copy.
    UserError BACKUP_UNREADABLE before anything is changed; BACKUP_FAILED with nothing changed.
    """
    url = make_url(settings.ledger)
    if url.get_backend_name() == "sqlite":
        _check_sqlite(copy)
        replaced = _put_in_place(copy, Path(url.database or ""))
    else:
        replaced = _restore_postgres(settings, url, copy)
    return _compare(settings, replaced)


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.is_file():
        raise UserError("BACKUP_UNREADABLE", copy=source, problem="no such file")
    with closing(sqlite3.connect(source)) as opened, closing(sqlite3.connect(target)) as copy:
        opened.backup(copy)
        # The copy is one file: no log beside it that could be forgotten.
        copy.execute("PRAGMA journal_mode = DELETE")


def _check_sqlite(copy: Path) -> None:
    if not copy.is_file():
        raise UserError("BACKUP_UNREADABLE", copy=copy, problem="no such file")
    try:
        with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as opened:
            (answer,) = opened.execute("PRAGMA integrity_check").fetchone()
            opened.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise UserError("BACKUP_UNREADABLE", copy=copy, problem=str(error)) from error
    if answer != "ok":
        raise UserError("BACKUP_UNREADABLE", copy=copy, problem=answer)


def _put_in_place(copy: Path, ledger: Path) -> Path | None:
    make_directories(ledger.parent)
    replaced = None
    if ledger.exists():
        with closing(sqlite3.connect(ledger)) as opened:
            # What is still in the log belongs to the file that is put aside.
            opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        replaced = ledger.with_name(f"{ledger.name}.before-restore-{utc_now():%Y%m%dT%H%M%S%fZ}")
    with temporary_in(ledger.parent) as temporary:
        shutil.copyfile(copy, temporary)
        fsync_path(temporary)
        if replaced:
            ledger.replace(replaced)
        for rest in ("-wal", "-shm"):
            ledger.with_name(ledger.name + rest).unlink(missing_ok=True)
        temporary.replace(ledger)
    fsync_path(ledger.parent)
    return replaced


def _restore_postgres(settings: Settings, url: URL, copy: Path) -> Path:
    """All of it in one transaction: either the copy is there or what was there before."""
    place = folder(settings.paths)
    make_directories(place)
    with temporary_in(place) as script:
        try:
            _run("pg_restore", None, "--no-owner", "--no-privileges", f"--file={script}", str(copy))
        except UserError as error:
            if error.code == "BACKUP_TOOL_MISSING":
                raise
            problem = error.params["problem"]
            raise UserError("BACKUP_UNREADABLE", copy=copy, problem=problem) from error
        replaced = back_up(settings)
        _run(
            "psql",
            url,
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--single-transaction",
            f"--command={_EMPTY}",
            f"--file={script}",
        )
    return replaced


def _compare(settings: Settings, replaced: Path | None) -> Restored:
    home = settings.paths
    with Ledger(settings.ledger) as ledger:
        submissions = ledger.submissions()
    originals = {original_path(home, s.file_sha256) for s in submissions}
    cells = {home.lake / s.cells_path for s in submissions if s.cells_path}
    missing_cells = mirror.lost(home, cells)
    return Restored(
        submissions=len(submissions),
        missing_originals=tuple(sorted(path.name for path in mirror.lost(home, originals))),
        missing_cells=tuple(sorted(p.relative_to(home.lake).as_posix() for p in missing_cells)),
        replaced=replaced,
    )


def _run(tool: str, url: URL | None, *arguments: str) -> None:
    """Run a tool of Postgres, on the database at `url` if one is given."""
    program = shutil.which(tool)
    if program is None:
        raise UserError("BACKUP_TOOL_MISSING", tool=tool)
    environment = {"PATH": str(Path(program).parent)}
    target = []
    if url is not None:
        environment["PGPASSWORD"] = url.password or ""
        # The password stays out of the arguments, which everybody on the machine can read.
        plain = URL.create(
            "postgresql", url.username, None, url.host, url.port, url.database, url.query
        )
        target = [f"--dbname={plain.render_as_string()}"]
    ended = subprocess.run(  # noqa: S603 - a tool of Postgres, found on the path
        [program, *arguments, *target],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise UserError("BACKUP_FAILED", tool=tool, problem=ended.stderr.strip()[-500:])
