"""What was changed in a release, or lost, is named."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.unit.warehouse.builds import Publish, submit
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger
from warehouse.releases import marts, verification


@pytest.fixture
def ledger(settings: Settings) -> Ledger:
    return Ledger(settings.ledger)


def make_writable(path: Path) -> Path:
    path.chmod(0o644)
    return path


def test_an_untouched_release_verifies(
    home: Home, settings: Settings, ledger: Ledger, publish: Publish
) -> None:
    submit(home, ledger)
    publish(1)
    assert verification.verify(home, "r000001", settings, ledger) == []


def test_a_changed_file_is_named(home: Home, settings: Settings, publish: Publish) -> None:
    publish(1)
    file = make_writable(home.releases / "r000001" / "parquet" / "fct_crimes.parquet")
    file.write_bytes(file.read_bytes() + b" ")
    assert [d.name for d in verification.verify(home, "r000001", settings)] == [
        "parquet/fct_crimes.parquet"
    ]


def test_a_changed_figure_is_named_by_its_table(
    home: Home, settings: Settings, publish: Publish
) -> None:
    publish(1)
    file = make_writable(home.releases / "r000001" / marts.DATABASE)
    with duckdb.connect(file) as connection:
        connection.execute("UPDATE marts.fct_crimes SET line = 100 WHERE line = 1")
    assert [d.name for d in verification.verify(home, "r000001", settings)] == [
        marts.DATABASE,
        "marts.fct_crimes",
    ]


def test_missing_and_added_files_are_named(
    home: Home, settings: Settings, publish: Publish
) -> None:
    publish(1)
    root = home.releases / "r000001"
    (root / "parquet" / "fct_crimes.parquet").unlink()
    (root / "notes.txt").write_text("?")
    assert [
        (d.name, d.expected is None, d.found is None)
        for d in verification.verify(home, "r000001", settings)
    ] == [
        ("notes.txt", True, False),
        ("parquet/fct_crimes.parquet", False, True),
    ]


def test_a_destroyed_database_is_named(home: Home, settings: Settings, publish: Publish) -> None:
    publish(1)
    make_writable(home.releases / "r000001" / marts.DATABASE).write_bytes(b"nothing")
    assert [d.name for d in verification.verify(home, "r000001", settings)] == [marts.DATABASE] * 2


def test_a_forged_manifest_contradicts_the_ledger(
    home: Home, settings: Settings, ledger: Ledger, publish: Publish
) -> None:
    publish(1)
    file = make_writable(home.releases / "r000001" / "manifest.json")
    manifest = json.loads(file.read_text())
    manifest["content_hash"] = "0" * 64
    file.write_text(json.dumps(manifest))
    names = [d.name for d in verification.verify(home, "r000001", settings, ledger)]
    assert names == ["content_hash", "ledger r000001"]


def test_a_release_holds_what_is_needed_to_build_it_again(
    home: Home, ledger: Ledger, publish: Publish
) -> None:
    submit(home, ledger)
    publish(1)
    shutil.rmtree(home.builds)
    inputs = verification.rebuild_inputs(home, "r000001")
    assert (inputs.inputs / "territories.csv").read_text() == "kato\n430000000\n"
    assert [path.is_file() for path in inputs.cell_files] == [True]


def test_lost_cells_are_named_before_a_rebuild(
    home: Home, settings: Settings, ledger: Ledger, publish: Publish
) -> None:
    submission_id = submit(home, ledger)
    publish(1)
    next(home.lake.rglob("*.parquet")).unlink()
    with pytest.raises(UserError, match=submission_id):
        verification.rebuild_inputs(home, "r000001")
    assert any(submission_id in d.name for d in verification.verify(home, "r000001", settings))
