"""The inbox against a real ledger: who sent what is said by folders or by a list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.intake import pickup as taking
from ingestion.request import Services
from tests.unit.ingestion.conftest import KYZYLORDA, PERIOD, sng_workbook
from warehouse.core.settings import Settings
from warehouse.storage import inbox


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = Services.open(Settings(home=tmp_path / "home"))
    yield opened
    opened.ledger.close()


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a test have just been written."""
    monkeypatch.setattr(inbox, "_changed_at", lambda _: 0.0)


def drop(services: Services, name: str, content: bytes | str) -> None:
    path = services.home.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def reason(services: Services, name: str) -> str:
    return (services.home.inbox / "unclear" / f"{name}.txt").read_text(encoding="utf-8")


def test_the_folders_say_period_form_and_territory(services: Services) -> None:
    drop(services, f"{PERIOD}/SNG-1/{KYZYLORDA}/report.xlsx", sng_workbook())
    (batch,) = taking.batches(services)
    (result,) = taking.take_in(services, batch)
    assert (result.period, result.form, result.territory) == (PERIOD, "SNG-1", KYZYLORDA)
    assert services.ledger.submission(str(result.submission_id)).submitted_by == "inbox"


def test_a_file_in_done_has_its_number_in_front_and_its_verdict_beside_it(
    services: Services,
) -> None:
    drop(services, f"{PERIOD}/report.xlsx", sng_workbook())
    (result,) = taking.take_in(services, taking.batches(services)[0])
    kept = services.home.inbox / "done" / PERIOD / f"{result.submission_id}-report.xlsx"
    assert kept.read_bytes() == sng_workbook()
    verdict = json.loads(Path(f"{kept}.json").read_text(encoding="utf-8"))
    assert verdict["verdict"] == "accepted"
    assert taking.batches(services) == []


def test_a_manifest_says_it_for_the_files_beside_it(services: Services) -> None:
    drop(services, "july/a.xlsx", sng_workbook())
    drop(services, "july/b.xlsx", sng_workbook(R1_1_1=5))
    lines = ["file,territory,period,form", f"a.xlsx,{KYZYLORDA},{PERIOD},SNG-1"]
    drop(services, "july/manifest.csv", "\n".join([*lines, f"b.xlsx,{KYZYLORDA},2022-11,SNG-1"]))
    first, second = taking.batches(services, size=1)
    # The second batch is dealt with after the first one's file has moved away.
    (a,) = taking.take_in(services, first)
    (b,) = taking.take_in(services, second)
    assert [a.period, b.period] == [PERIOD, "2022-11"]
    assert not (services.home.inbox / "july").exists()


def test_a_file_of_no_known_month_is_set_aside_and_told_in_three_languages(
    services: Services,
) -> None:
    drop(services, "report.xlsx", sng_workbook())
    assert taking.batches(services) == []
    told = reason(services, "report.xlsx").splitlines()
    assert len(told) == 3
    assert all("report.xlsx" in line for line in told)


def test_a_file_that_the_list_beside_it_does_not_name_is_set_aside(services: Services) -> None:
    drop(services, "july/manifest.csv", f"file,territory,period,form\na.xlsx,,{PERIOD},")
    drop(services, "july/other.xlsx", sng_workbook())
    assert taking.batches(services) == []
    assert "manifest.csv" in reason(services, "other.xlsx")


def test_a_broken_list_keeps_nothing_else_back(services: Services) -> None:
    drop(services, "july/manifest.csv", "name,month\na.xlsx,july")
    drop(services, "july/a.xlsx", sng_workbook())
    drop(services, f"{PERIOD}/good.xlsx", sng_workbook())
    assert taking.batches(services) == [[f"{PERIOD}/good.xlsx"]]
    assert "file" in reason(services, "a.xlsx")


def test_an_attempt_that_was_cut_short_is_finished_by_the_next(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(services, f"{PERIOD}/report.xlsx", sng_workbook())
    (batch,) = taking.batches(services)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(taking, "_put_into_done", killed)
        with pytest.raises(KeyboardInterrupt):
            taking.take_in(services, batch)
    (again,) = taking.take_in(services, batch)
    assert not again.is_new
    assert len(services.ledger.submissions()) == 1
    assert taking.take_in(services, batch) == []
    assert len(list((services.home.inbox / "done" / PERIOD).glob("*.xlsx"))) == 1


def test_what_is_no_workbook_gets_a_verdict_too(services: Services) -> None:
    drop(services, f"{PERIOD}/note.txt", "hello")
    (result,) = taking.take_in(services, taking.batches(services)[0])
    assert not result.is_accepted
    assert len(list((services.home.inbox / "done" / PERIOD).glob("*-note.txt.json"))) == 1


def test_files_are_dealt_with_twenty_together(services: Services) -> None:
    for number in range(45):
        drop(services, f"{PERIOD}/{number:02d}.xlsx", b"x")
    assert [len(batch) for batch in taking.batches(services)] == [20, 20, 5]
