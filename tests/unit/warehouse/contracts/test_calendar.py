from datetime import UTC, datetime
from pathlib import Path

import pytest

from warehouse.contracts import load_contracts
from warehouse.contracts.calendar import load_calendar, load_coverage
from warehouse.contracts.territories import load_territories
from warehouse.core.records import ContractError

CALENDAR = load_calendar()
TERRITORIES = load_territories()


@pytest.mark.parametrize(
    ("period", "units"), [("2022-05", 17), ("2022-06", 20), ("2022-12", 20), ("2018-01", 17)]
)
@pytest.mark.parametrize("form", ["1-M", "SNG-1"])
def test_the_regions_of_the_last_day_of_the_month_are_expected(
    form: str, period: str, units: int
) -> None:
    expected = CALENDAR.expected_submitters(form, period, TERRITORIES)
    assert len(expected) == len(set(expected)) == units
    assert ("100000000" in expected) == (units == 20)


def test_every_form_has_duties() -> None:
    assert set(CALENDAR.forms) == set(load_contracts().forms)


def test_the_deadline_is_an_hour_of_local_time_in_the_next_month() -> None:
    # 5 January 2023 is a Thursday; 18:00 in Astana is 13:00 UTC.
    assert CALENDAR.deadline("1-M", "2022-12") == datetime(2023, 1, 5, 13, tzinfo=UTC)


def test_a_deadline_on_a_weekend_moves_to_monday() -> None:
    # 5 November 2022 is a Saturday, 5 February 2023 a Sunday.
    assert CALENDAR.deadline("1-M", "2022-10") == datetime(2022, 11, 7, 13, tzinfo=UTC)
    assert CALENDAR.deadline("1-M", "2023-01") == datetime(2023, 2, 6, 13, tzinfo=UTC)


def test_a_form_without_duties_and_a_period_that_is_none_are_refused() -> None:
    with pytest.raises(KeyError):
        CALENDAR.deadline("9-Z", "2022-12")
    for wrong in ("2022-13", "2022", "2022-1"):
        with pytest.raises(ValueError, match=r"month|Invalid isoformat"):
            CALENDAR.deadline("1-M", wrong)


def test_thresholds_of_coverage_do_not_contradict_each_other() -> None:
    rule = load_coverage().aggregate
    assert rule.shown_from.units < rule.final_from.units == 1
    assert rule.shown_from.population < rule.final_from.population == 1


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ("timezone_hours: 5\nforms: {}\ncolour: red\n", "colour"),
        ("timezone_hours: five\nforms: {}\n", "timezone_hours"),
        ("timezone_hours: 5\nforms: {}\nforms: {}\n", "forms"),
    ],
    ids=["an unknown key", "a wrong value", "a key given twice"],
)
def test_a_wrong_file_is_refused_by_name_and_key(tmp_path: Path, wrong: str, place: str) -> None:
    (tmp_path / "calendar.yml").write_text(wrong)
    with pytest.raises(ContractError, match=rf"calendar\.yml: .*{place}"):
        load_calendar(tmp_path)


def test_a_new_deadline_leaves_that_of_past_periods(tmp_path: Path) -> None:
    (tmp_path / "calendar.yml").write_text(
        """
timezone_hours: 5
common:
  levels: [oblast]
  deadlines:
    - {valid_from: 2019-01, day: 5, months_after: 1, hour: 18, weekend: next_monday}
    - {valid_from: 2025-06, day: 3, months_after: 1, hour: 12, weekend: keep}
forms:
  1-M: {}
  DRG-M:
    deadlines: [{valid_from: 2025-03, day: 9, months_after: 2, hour: 18, weekend: keep}]
  CYB-M: {levels: [republican_city]}
""",
        encoding="utf-8",
    )
    calendar = load_calendar(tmp_path)
    assert calendar.deadline("1-M", "2025-05") == datetime(2025, 6, 5, 13, tzinfo=UTC)
    assert calendar.deadline("1-M", "2025-06") == datetime(2025, 7, 3, 7, tzinfo=UTC)
    assert calendar.deadline("DRG-M", "2025-06") == datetime(2025, 8, 9, 13, tzinfo=UTC)
    # Before the first deadline that is known, that one.
    assert calendar.deadline("DRG-M", "2025-01") == datetime(2025, 3, 9, 13, tzinfo=UTC)
    assert calendar.duties["CYB-M"].levels == ("republican_city",)
    assert calendar.deadline("CYB-M", "2025-06") == datetime(2025, 7, 3, 7, tzinfo=UTC)


RULE = "{{valid_from: {month}, day: 5, months_after: 1, hour: 18, weekend: keep}}"


@pytest.mark.parametrize("second", ["2025-06", "2025-01"])
@pytest.mark.parametrize("is_own", [True, False])
def test_deadlines_out_of_order_are_refused(tmp_path: Path, second: str, is_own: bool) -> None:
    good = f"[{RULE.format(month='2025-06')}]"
    bad = f"[{RULE.format(month='2025-06')}, {RULE.format(month=second)}]"
    (tmp_path / "calendar.yml").write_text(
        f"""
timezone_hours: 5
common: {{levels: [oblast], deadlines: {good if is_own else bad}}}
forms: {{1-M: {{{f"deadlines: {bad}" if is_own else ""}}}}}
""",
        encoding="utf-8",
    )
    with pytest.raises(ContractError, match="valid_from must rise"):
        load_calendar(tmp_path)
