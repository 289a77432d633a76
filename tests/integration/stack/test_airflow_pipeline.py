"""A real Airflow: workbooks are dropped into the inbox, and the release appears."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingestion.documents.official import write_workbook
from mvd.remote import RemotePortal
from mvd.stack.airflow_api import AirflowApi, UnreachableError
from mvd.stack.layout import Layout, read_state
from portal.store.accounts import Accounts
from portal.store.sessions import Sessions
from tests.integration.airflow_stack import (
    asked,
    dag_runs,
    decided,
    ended,
    mvd,
    returned,
    signed_in,
    sql,
    start_run,
    troubles,
    until,
)
from tests.shared_data import official_forms, official_workbooks
from tests.unit.ingestion.conftest import sng_workbook
from warehouse.contracts import load_contracts
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger
from warehouse.ledger.tags import tags
from warehouse.releases.catalogue import read_manifest

RELEASE_SECONDS = 600
TASK_FAILURES = ("failed", "upstream_failed")
REGIONS = ("150000000", "430000000")


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


def released(home: Path, wanted: dict[str, int]) -> str:
    """Id of the release in force, as soon as it counts the wanted submissions of each month.

    A release before it may show those files that came before the last ones were copied.
    """

    def look() -> str | None:
        if not (home / "current").is_symlink():
            return None
        manifest = read_manifest(Home(home))
        counted = Counter(each.period for each in manifest.submissions if each.in_force)
        return manifest.release_id if counted == wanted else None

    try:
        return until(look, seconds=RELEASE_SECONDS, what=f"a release of {wanted}")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{troubles(home)}") from None


def test_dropped_workbooks_are_released_and_answer_to_sql(home: Path) -> None:
    for kato in REGIONS:
        drop(home, "2022-12", f"{kato}.xlsx", empty_report(kato))
    release_id = released(home, {"2022-12": len(REGIONS)})
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
    drop(home, "2022-11", "150000000.xlsx", empty_report(REGIONS[0]))
    place = home / "inbox" / "1-M" / "2022-12"
    place.mkdir(parents=True)
    for original in originals:
        shutil.copy(original, place / original.name)
    released(home, {"2022-11": 1, "2022-12": len(originals)})
    (counted,) = sql(
        home,
        "select count(*) as units, count(distinct territory_kato) as territories"
        " from marts.rpt_submissions where is_in_force and verdict <> 'rejected'"
        " and period_month = date '2022-12-01'",
    )
    # The two regions of the first test now count with their original workbooks.
    assert counted == {"units": len(originals), "territories": len(originals)}


def test_the_same_files_again_change_nothing(home: Path) -> None:
    before = (home / "current").readlink().name
    done = home / "inbox" / "done" / "2022-11"
    (first,) = done.glob("*-150000000.xlsx")
    drop(home, "2022-11", "again.xlsx", first.read_bytes())
    until(lambda: next(done.glob("*-again.xlsx"), None), seconds=90, what="the verdict on a repeat")
    assert (home / "current").readlink().name == before


def test_what_the_portal_takes_in_is_released_too(home: Path) -> None:
    result = through_the_portal(home, sng_workbook(), territory="430000000", period="2022-11")
    assert result["verdict"] in ("accepted", "accepted_with_warnings")
    until(
        lambda: result["submission_id"] in in_release(home) or None,
        seconds=RELEASE_SECONDS,
        what="a release with the report",
    )
    (row,) = sql(
        home,
        "select submission_id, is_in_force from marts.rpt_submissions where form_code = 'SNG-1'",
    )
    assert row == {"submission_id": result["submission_id"], "is_in_force": True}


def in_release(home: Path) -> set[str]:
    """Submissions in force in the release that readers see."""
    manifest = read_manifest(Home(home))
    return {each.submission_id for each in manifest.submissions if each.in_force}


def through_the_portal(
    home: Path, content: bytes, *, territory: str, period: str
) -> dict[str, Any]:
    """Send a report as a department's program does, and confirm it."""
    state = read_state(Layout(Home(home)))
    assert state is not None
    with Ledger(Settings(home=home).ledger) as ledger:
        account = Accounts(ledger.engine, load_contracts().territories).create(
            login="head",
            display_name="Head",
            role="department_head",
            territory=territory,
            email=None,
        )
        token = Sessions(ledger.engine).issue_token(account.account_id, "test")
    file = home / "СНГ-1.xlsx"
    file.write_bytes(content)
    portal = RemotePortal(f"http://127.0.0.1:{state.ports['portal']}", token)
    sent = portal.submit(file, territory=territory, period=period, form="SNG-1", confirm=True)
    return sent.submission


def backfill_started(api: AirflowApi, backfill: dict[str, Any]) -> bool | None:
    """None while Airflow's SQLite is busy: it refuses backfills then, and asks to try again."""
    try:
        api.call("POST", "/api/v2/backfills", backfill)
    except UnreachableError as error:
        if error.status != 503:
            raise
        return None
    return True


@pytest.fixture(scope="module")
def by_hand(home: Path) -> dict[str, str]:
    """Runs that an engineer starts, all at once: the id of each."""
    api = signed_in(home)
    backfill = {
        "dag_id": "reread",
        "from_date": "2022-12-01T00:00:00Z",
        "to_date": "2022-12-31T00:00:00Z",
        "dag_run_conf": {"territories": ["150000000"], "forms": ["1-M"]},
    }
    until(
        lambda: backfill_started(api, backfill),
        seconds=120,
        what="a moment in which SQLite takes a backfill",
    )
    return {
        "replay": start_run(api, "replay", first_period="2022-11", last_period="2022-12"),
        "kept open": start_run(api, "close_period", period="2022-11", forms=["1-M"]),
    }


def test_a_month_stays_open_when_a_person_says_no(home: Path, by_hand: dict[str, str]) -> None:
    api, run_id = signed_in(home), by_hand["kept open"]
    question = asked(api, "close_period", run_id)
    assert question["subject"] == "Close 2022-11 as final?"
    assert "**1-M**: 1 of 20, missing 100000000" in question["body"]
    assert decided(api, "close_period", run_id, "Reject")["freeze"] == "skipped"
    with Ledger(Settings(home=home).ledger) as ledger:
        assert ledger.locks("2022-11") == []


def test_the_quarantine_is_judged_again_after_a_person_has_seen_what_would_change(
    home: Path, by_hand: dict[str, str]
) -> None:
    api, run_id = signed_in(home), by_hand["replay"]
    assert "changed" in asked(api, "replay", run_id)["body"]
    previews = list((home / "previews").glob("*/*.json"))
    assert previews
    assert set(decided(api, "replay", run_id, "Approve").values()) == {"success"}
    assert returned(api, "replay", run_id, "judge_quarantine") == []


def test_a_backfill_reads_one_territory_of_a_past_month_again(
    home: Path, by_hand: dict[str, str]
) -> None:
    api = signed_in(home)
    (run,) = [r for r in dag_runs(api, "reread") if r["run_type"] == "backfill"]
    tasks = ended(api, "reread", run["dag_run_id"])
    assert tasks == {"list_submissions": "success", "judge_again.0": "success"}
    (ids,) = returned(api, "reread", run["dag_run_id"], "list_submissions")
    with Ledger(Settings(home=home).ledger) as ledger:
        chosen = [ledger.submission(submission_id) for submission_id in ids]
    assert {(s.territory_kato, s.period, s.form_code) for s in chosen} == {
        ("150000000", "2022-12", "1-M")
    }
    # The rules have not changed since: neither has any verdict.
    assert returned(api, "reread", run["dag_run_id"], "judge_again", 0) == []


def test_a_month_is_closed_when_a_person_says_yes(home: Path) -> None:
    api = signed_in(home)
    run_id = start_run(api, "close_period", period="2022-11", forms=["1-M"])
    asked(api, "close_period", run_id)
    assert set(decided(api, "close_period", run_id, "Approve").values()) == {"success"}
    with Ledger(Settings(home=home).ledger) as ledger:
        (lock,) = ledger.locks("2022-11")
        (tag,) = tags(ledger)
    assert (lock.form_code, lock.changed_by) == ("1-M", "engineer")
    assert (tag.tag, tag.release_id) == ("final-2022-11", (home / "current").readlink().name)


def test_a_published_figure_leads_back_to_the_file_that_was_sent(home: Path) -> None:
    events = lineage(home)
    made_by = {output["name"]: event for event in events for output in event["outputs"]}
    passed: list[str] = []
    reached = {"releases/marts.fct_crimes"}
    while reached - set(passed):
        name = (reached - set(passed)).pop()
        passed.append(name)
        reached |= {each["name"] for each in made_by.get(name, {}).get("inputs", [])}
    assert {"models/marts.fct_crimes", "models/staging.stg_lake__cells", "lake.cells"} <= reached
    assert "lake/form=1-M/period=2022-12" in reached
    judged = [e for e in events if e["outputs"][:1] and e["job"]["name"] == "judge"]
    into_it = [e for e in judged if e["outputs"][0]["name"] == "lake/form=1-M/period=2022-12"]
    with Ledger(Settings(home=home).ledger) as ledger:
        sent = {s.file_sha256 for s in ledger.submissions(form_code="1-M", period="2022-12")}
    assert {e["inputs"][0]["name"] for e in into_it} == {f"originals/{each}" for each in sent}


def test_lineage_hangs_on_the_tasks_that_airflow_tells_of(home: Path) -> None:
    events = lineage(home)
    by_airflow = {e["run"]["runId"]: e["job"]["name"] for e in events if "." in e["job"]["name"]}
    parents = {
        e["job"]["name"].partition(".")[0]: by_airflow.get(
            e["run"]["facets"]["parent"]["run"]["runId"]
        )
        for e in events
        if "mvd" in e["run"]["facets"]
    }
    assert parents["dbt"] == "release.transform"
    assert parents["publish"] == "release.publish"
    assert parents["judge"] in ("intake.take_in", "reread.judge_again")


def lineage(home: Path) -> list[dict[str, Any]]:
    lines = (home / "lineage.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_metrics_tell_what_was_handed_in(home: Path) -> None:
    told = mvd(home, "metrics").stdout
    (row,) = sql(
        home,
        "select count(*) as files from marts.rpt_submissions"
        " where form_code = '1-M' and period_month = date '2022-12-01'",
    )
    of_month = re.findall(r'mvd_submissions\{form="1-M",period="2022-12",.*\} (\S+)', told)
    assert sum(map(float, of_month)) == row["files"]
    assert 'mvd_up{part="release"} 1.0' in told
    assert 'mvd_step_seconds_count{outcome="done",step="publish"}' in told


def test_no_task_of_any_run_failed(home: Path) -> None:
    api = signed_in(home)
    for dag_id in ("intake", "release", "claims", "close_period", "replay", "reread"):
        runs = dag_runs(api, dag_id)
        assert runs
        assert [run["dag_run_id"] for run in runs if run["state"] in TASK_FAILURES] == []
    assert not (home / "notices.jsonl").exists(), troubles(home)
