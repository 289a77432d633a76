"""A real Airflow: workbooks are dropped into the inbox, and the release appears."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mvd.demo.workbook import write_workbook
from tests.integration.airflow_stack import (
    dag_runs,
    free_port,
    mvd,
    signed_in,
    sql,
    troubles,
    until,
)
from tests.shared_data import official_forms, official_workbooks
from warehouse.contracts import load_contracts

RELEASE_SECONDS = 300
TASK_FAILURES = ("failed", "upstream_failed")
REGIONS = ("150000000", "430000000")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("installation")
    try:
        ports = (
            "--airflow-port",
            str(free_port()),
            "--portal-port",
            str(free_port()),
            "--no-dashboards",
        )
        started = mvd(folder, "up", *ports, timeout=320)
        assert started.returncode == 0, started.stdout + started.stderr
        yield folder
    finally:
        ended = mvd(folder, "down")
        assert ended.returncode == 0, ended.stdout + ended.stderr


def empty_report(kato: str) -> bytes:
    """A 1-M that reports zero everywhere: true to every control rule."""
    contracts = load_contracts()
    form = contracts.form("1-M", "2022-12")
    name = contracts.territories[kato].name_ru
    values = np.zeros(len(form.coordinates))
    return write_workbook(
        form, values, title=f"1-M  {name} (Свод)", description=f"28327;50119;19{kato[:2]}%;__"
    )


def drop(home: Path, folder: str, name: str, content: bytes) -> None:
    place = home / "inbox" / folder
    place.mkdir(parents=True, exist_ok=True)
    hidden = place / f".{name}"
    hidden.write_bytes(content)
    hidden.rename(place / name)


def released(home: Path, after: str | None = None) -> str:
    """Id of the release in force, as soon as it is another one than `after`."""

    def look() -> str | None:
        current = home / "current"
        found = current.readlink().name if current.is_symlink() else None
        return found if found != after else None

    try:
        return until(look, seconds=RELEASE_SECONDS, what="a new release")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{troubles(home)}") from None


def test_dropped_workbooks_are_released_and_answer_to_sql(home: Path) -> None:
    for kato in REGIONS:
        drop(home, "2022-12", f"{kato}.xlsx", empty_report(kato))
    release_id = released(home)
    rows = sql(home, "select territory_kato, verdict from marts.rpt_submissions order by 1")
    assert [row["territory_kato"] for row in rows] == list(REGIONS)
    assert {row["verdict"] for row in rows} <= {"accepted", "accepted_with_warnings"}
    assert mvd(home, "verify", release_id).returncode == 0


def test_each_file_lies_in_done_with_its_verdict_beside_it(home: Path) -> None:
    done = home / "inbox" / "done" / "2022-12"
    for kato in REGIONS:
        (file,) = done.glob(f"*-{kato}.xlsx")
        verdict = json.loads(Path(f"{file}.json").read_text(encoding="utf-8"))
        assert verdict["territory"] == kato
        assert file.name.startswith(verdict["submission_id"])
    assert not (home / "inbox" / "2022-12").exists()


def test_a_file_of_no_known_month_is_set_aside_with_the_reason(home: Path) -> None:
    drop(home, "", "когда-то.xlsx", empty_report(REGIONS[0]))
    reason = home / "inbox" / "unclear" / "когда-то.xlsx.txt"
    until(lambda: reason if reason.exists() else None, seconds=90, what="the reason")
    assert "2025-07" in reason.read_text(encoding="utf-8")


def test_the_original_workbooks_make_a_release_with_their_own_figures(home: Path) -> None:
    official_forms()  # says plainly when the originals are not beside the checkout
    originals = official_workbooks("1-M")
    before = (home / "current").readlink().name
    place = home / "inbox" / "1-M" / "2022-12"
    place.mkdir(parents=True)
    for original in originals:
        shutil.copy(original, place / original.name)
    released(home, after=before)
    (counted,) = sql(
        home,
        "select count(*) as units, count(distinct territory_kato) as territories"
        " from marts.rpt_submissions where is_in_force and verdict <> 'rejected'",
    )
    # The two regions of the first test now count with their original workbooks.
    assert counted == {"units": len(originals), "territories": len(originals)}


def test_the_same_files_again_change_nothing(home: Path) -> None:
    before = (home / "current").readlink().name
    for kato in REGIONS[:1]:
        (file,) = (home / "inbox" / "done" / "2022-12").glob(f"*-{kato}.xlsx")
        content = file.read_bytes()
    drop(home, "2022-11", "150000000.xlsx", content)
    after = released(home, after=before)
    drop(home, "2022-11", "again.xlsx", content)
    done = home / "inbox" / "done" / "2022-11"
    until(lambda: next(done.glob("*-again.xlsx"), None), seconds=90, what="the verdict on a repeat")
    assert (home / "current").readlink().name == after


def test_no_task_of_any_run_failed(home: Path) -> None:
    api = signed_in(home)
    for dag_id in ("intake", "release"):
        runs = dag_runs(api, dag_id)
        assert runs
        assert [run["dag_run_id"] for run in runs if run["state"] in TASK_FAILURES] == []
    assert not (home / "notices.jsonl").exists(), troubles(home)
