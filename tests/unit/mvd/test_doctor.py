"""Installations broken on purpose: the check that is meant fails, and says how to repair it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from mvd import doctor
from mvd.main import app
from tests.unit.warehouse.builds import build, submit
from warehouse.core.settings import Settings
from warehouse.core.texts import LANGUAGES, load_texts
from warehouse.ledger import Ledger
from warehouse.releases import catalogue, publication
from warehouse.releases import marts as release_marts
from warehouse.storage import originals


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    with Ledger(settings.ledger) as opened:
        yield opened


@pytest.fixture
def installation(settings: Settings, ledger: Ledger) -> Settings:
    """One report, one release."""
    home = settings.paths
    submit(home, ledger)
    (submission,) = ledger.submissions()
    kept = originals.original_path(home, submission.file_sha256)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"workbook")
    draft = build(home, ledger, 1)
    with closing(duckdb.connect(draft.build_dir / release_marts.DATABASE)) as marts:
        marts.execute("CREATE TABLE marts.rpt_submissions AS SELECT 1 AS one")
    publication.publish(home, ledger, draft, settings)
    return settings


def failed(settings: Settings) -> dict[str, str]:
    return {c.name: c.detail for c in doctor.examine(settings) if not c.is_passed}


def test_a_sound_installation_passes_every_check(installation: Settings) -> None:
    assert failed(installation) == {}


def test_an_installation_that_has_not_begun_is_sound_and_stays_untouched(
    settings: Settings,
) -> None:
    assert failed(settings) == {}
    assert not settings.paths.root.exists()


def test_a_build_that_the_machine_failed_is_named_with_its_cause(
    installation: Settings, ledger: Ledger
) -> None:
    release_id = ledger.begin_release(contract_hash="c", submission_ids=[])
    ledger.record_release(release_id, state="refused", problem="a test")
    assert failed(installation) == {}
    release_id = ledger.begin_release(contract_hash="c", submission_ids=[])
    ledger.record_release(release_id, state="failed", problem="no space left")
    assert failed(installation) == {"build": f"{release_id} failed: no space left"}


def test_a_home_that_is_a_file(settings: Settings) -> None:
    settings.paths.root.write_text("")
    assert "not a folder" in failed(settings)["home"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_may_not_be_written(settings: Settings) -> None:
    settings.paths.root.mkdir(mode=0o500)
    assert "home" in failed(settings)


def test_too_little_space(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 2**80)
    assert set(failed(installation)) == {"disk"}


def test_a_library_that_is_not_installed(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_LIBRARIES", ("duckdb", "no-such-library"))
    assert failed(installation) == {"versions": "no-such-library: not installed"}


def test_a_ledger_held_by_another_process(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_LOCK_SECONDS", 0.1)
    with closing(sqlite3.connect(installation.paths.ledger_file)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "locked" in failed(installation)["ledger"]


def test_a_ledger_that_is_damaged(installation: Settings, ledger: Ledger) -> None:
    ledger.close()
    installation.paths.ledger_file.write_bytes(b"not a database, but long enough to be read")
    assert "not a database" in failed(installation)["ledger"]


def test_a_ledger_of_a_newer_version(installation: Settings, ledger: Ledger) -> None:
    ledger.close()
    with closing(sqlite3.connect(installation.paths.ledger_file)) as other, other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "9999" in failed(installation)["ledger"]


def test_a_pointer_to_nowhere(installation: Settings) -> None:
    home = installation.paths
    home.current.unlink()
    home.current.symlink_to("releases/r000077")
    assert "r000077" in failed(installation)["release"]


def test_a_pointer_that_was_copied_instead_of_linked(installation: Settings) -> None:
    installation.paths.current.unlink()
    installation.paths.current.mkdir()
    assert "not a link" in failed(installation)["release"]


def test_a_ledger_without_its_tables(installation: Settings, ledger: Ledger) -> None:
    ledger.close()
    installation.paths.ledger_file.unlink()
    sqlite3.connect(installation.paths.ledger_file).close()
    assert "alembic_version" in failed(installation)["ledger"]


def test_a_pointer_that_was_lost(installation: Settings) -> None:
    installation.paths.current.unlink()
    assert "1 releases" in failed(installation)["release"]


def test_a_release_whose_database_does_not_open(installation: Settings) -> None:
    database = catalogue.database(installation.paths)
    database.chmod(0o600)
    database.write_bytes(b"broken")
    assert "release" in failed(installation)


def test_cells_and_originals_that_are_gone(installation: Settings, ledger: Ledger) -> None:
    (submission,) = ledger.submissions()
    (installation.paths.lake / str(submission.cells_path)).unlink()
    originals.original_path(installation.paths, submission.file_sha256).unlink()
    assert failed(installation)["cells"].startswith("2: lake/")


def test_passwords_open_to_others(installation: Settings) -> None:
    stack = installation.paths.root / "stack"
    stack.mkdir()
    (stack / "passwords.json").write_text("{}")
    (stack / "passwords.json").chmod(0o644)
    assert failed(installation) == {"secrets": "passwords.json"}


def test_a_contract_that_cannot_be_read(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise FileNotFoundError("contracts/calendar.yml")

    monkeypatch.setattr("warehouse.contracts.load_contracts", broken)
    assert "calendar.yml" in failed(installation)["contracts"]


def test_every_check_has_its_advice_in_three_languages(settings: Settings) -> None:
    texts = load_texts("command_line")
    for check in doctor.examine(settings):
        for language in LANGUAGES:
            assert texts.text(f"doctor_{check.name}", language)
            assert texts.text(f"doctor_fix_{check.name}", language, home="/srv/mvd")


def test_the_command_fails_and_says_what_to_do(installation: Settings) -> None:
    home = installation.paths
    home.current.unlink()
    command = ["--home", str(home.root), "--language", "en", "doctor"]
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == 1
    assert "mvd build" in answer.output
