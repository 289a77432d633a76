"""What the demonstration has to show can be seen in its release, by the questions it names."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ingestion.request import Services
from mvd.demo.intake import take_in
from mvd.demo.shows import shows
from mvd.demo.write import write_demo
from mvd.pipeline import build_release
from tests.integration.command_line import Installation
from warehouse.claims.check import check
from warehouse.contracts import load_contracts
from warehouse.settings import Settings
from warehouse.sql import query

# Two of the thirteen forms carry all that is shown.
FORMS = ("TRF-M", "EXT-M")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    home = tmp_path_factory.mktemp("demo-release")
    settings = Settings(home=home)
    services = Services.open(settings)
    written = write_demo(
        home / "demo", contracts=services.contracts, extent="story", atoms=150, forms=FORMS
    )
    take_in(services, written, lambda _: None)
    outcome = build_release(services, settings)
    services.ledger.close()
    assert outcome.is_published, outcome
    return Installation(home)


def seen(installation: Installation, word: str) -> list[dict[str, Any]]:
    settings = Settings(home=installation.home)
    rows: list[dict[str, Any]] = query(settings.paths, shows("2026-03")[word].sql).to_pylist()
    return rows


def test_a_restatement_says_what_was_told_first(installation: Installation) -> None:
    told = {row["indicator_code"]: row for row in seen(installation, "restatement")}
    assert told["TRF_DTP"]["classification"] == "correction"
    assert told["TRF_DTP"]["value"] == told["TRF_DTP"]["first_value"] + 3


def test_one_region_is_late(installation: Installation) -> None:
    (row,) = seen(installation, "late")
    assert row["reports"] >= 1
    assert row["received_at"] > row["deadline_at"]


def test_a_series_runs_through_the_division_of_a_region(installation: Installation) -> None:
    rows = {(row["period"], row["name_ru"]): row for row in seen(installation, "split")}
    old, new = "Карагандинская область", "область Ұлытау"
    may, july = "2022-05", "2022-07"
    assert rows[may, new]["value_as_was"] is None
    assert rows[may, old]["value"] + rows[may, new]["value"] == rows[may, old]["value_as_was"]
    assert rows[may, old]["method"] == "sum_of_districts"
    together = rows[july, old]["value"] + rows[july, new]["value"]
    assert rows[july, old]["group_value"] == rows[july, new]["group_value"] == together


def test_a_total_is_withheld_and_says_who_is_missing(installation: Installation) -> None:
    (row,) = seen(installation, "withheld")
    assert (row["value"], row["status"]) == (None, "withheld")
    assert row["accepted_units"] < row["expected_units"] / 2
    assert row["missing_units"].count(";") + 1 == row["expected_units"] - row["accepted_units"]


def test_published_figures_of_kyzylorda_are_confirmed(installation: Installation) -> None:
    verdicts = {
        claim["claim_id"]: claim for claim in installation.json("claims", "--json")["claims"]
    }
    assert len(verdicts) == 132
    traffic: Mapping[str, str] = {
        claim: verdicts[claim]["verdict"]
        for claim in ("C1026", "C1027", "C1028", "C1029", "C1030", "C1031")
    }
    assert traffic == {
        "C1026": "within_qualifier",
        "C1027": "within_qualifier",
        "C1028": "within_qualifier",
        "C1029": "within_qualifier",
        "C1030": "confirmed",
        "C1031": "confirmed",
    }
    assert all(
        claim["query_text"] for claim in verdicts.values() if claim["verdict"] != "not_checkable"
    )


def test_a_figure_checked_beforehand_gets_the_verdict_of_the_register(
    installation: Installation,
) -> None:
    home, contracts = Settings(home=installation.home).paths, load_contracts()
    published = query(home, "select claim_id, verdict, verdict_reason from marts.rpt_claims")
    expected = {row["claim_id"]: row for row in published.to_pylist()}
    known = [c for c in contracts.claims.claims if c.indicator_code]
    assert len(known) == 125
    for claim in known:
        answer = check(claim, contracts, home)
        told = expected[claim.claim_id]
        assert (answer.verdict, answer.reason) == (told["verdict"], told["verdict_reason"])


def test_a_press_officer_sees_the_offending_numbers(installation: Installation) -> None:
    figure = ["--indicator", "TRF_DTP_CHILD", "--territory", "430000000", "--period", "2025-12"]
    wrong = installation.run("claims", "check", *figure, "--value", "400", "--json")
    told = json.loads(wrong.stdout)
    assert wrong.returncode == 1
    assert (told["verdict"], told["observed"]) == ("contradicted", 415)
    assert installation.run("claims", "check", *figure, "--value", "415").returncode == 0
    assert (
        installation.run(
            "claims", "check", *figure[:1], "NO_SUCH", *figure[2:], "--value", "1"
        ).returncode
        == 2
    )
