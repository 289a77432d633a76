"""Figures, changes and states as they stand in charts."""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.cells import growth, numbers, words
from dashboards.names import SPOKEN


@pytest.mark.parametrize(
    ("value", "unit", "status", "told"),
    [
        (0, "count", "final", "0"),
        (42105, "count", "final", "42\u00a0105"),
        (-7, "count", "final", "-7"),
        (5126.74, "kg", "partial", "5\u00a0126,7"),
        (-0.26, "percent", "final", "-0,3\u00a0%"),
        (-0.04, "percent", "final", "0,0\u00a0%"),
        (-0.4, "count", "final", "0"),
        (99.96, "percent", "final", "100,0\u00a0%"),
        (None, "count", "withheld", "скрыто"),
        (None, "count", "missing", "нет данных"),
        (None, "count", "not_applicable", "—"),
    ],
)
def test_zero_missing_and_withheld_look_different(
    value: float | None, unit: str, status: str, told: str
) -> None:
    assert words.figure("ru", value=value, unit=unit, status=status) == told


@pytest.mark.parametrize(
    ("status", "reason", "told"),
    [
        ("final", None, "окончательные"),
        ("partial", "coverage_incomplete", "предварительные:\u00a019\u00a0из\u00a020"),
        ("withheld", "coverage_below_threshold", "скрыто: отчиталось слишком мало"),
        ("missing", "rejected", "нет данных: отчёт сдан, но не принят"),
        ("missing", "a_reason_of_tomorrow", "нет данных"),
        (None, None, "нет данных"),
    ],
)
def test_a_figure_says_how_final_it_is_or_why_it_is_missing(
    status: str | None, reason: str | None, told: str
) -> None:
    given: dict[str, Any] = {"status": status, "reason": reason, "accepted": 19, "expected": 20}
    assert words.figure_state("ru", **given) == told
    broken = words.figure_state("ru", **given, break_from="2024-01-01")
    assert broken == f"{told}; ※ ряд прерван"


@pytest.mark.parametrize(
    ("code", "value", "told"),
    [
        ("percent", 12.5, ["+12,5 %", "+12,5 %", "+12.5 %"]),
        ("percent", -43.8, ["-43,8 %", "-43,8 %", "-43.8 %"]),
        ("percent", 20.0, ["+20 %", "+20 %", "+20 %"]),
        ("points", 1.3, ["+1,3 п. п.", "+1,3 п. т.", "+1.3 pp"]),
        ("difference", -6.0, ["-6", "-6", "-6"]),
        ("times", 2.1, ["в 2,1 раза", "2,1 есе", "2.1 times"]),
        ("times", 2.0, ["в 2 раза", "2 есе", "2 times"]),
        ("times", 5.0, ["в 5 раз", "5 есе", "5 times"]),
        ("times", 12.0, ["в 12 раз", "12 есе", "12 times"]),
        ("times", 21.0, ["в 21 раз", "21 есе", "21 times"]),
        ("times", 22.0, ["в 22 раза", "22 есе", "22 times"]),
        ("points", -0.3, ["-0,3 п. п.", "-0,3 п. т.", "-0.3 pp"]),
        (
            "no_base",
            None,
            ["в прошлом году не было", "өткен жылы болған жоқ", "none the year before"],
        ),
        ("unchanged", None, ["без изменений", "өзгеріссіз", "unchanged"]),
    ],
)
def test_a_change_is_told_in_three_languages(
    code: str, value: float | None, told: list[str]
) -> None:
    assert told == [growth.change(code, value, None, language) for language in SPOKEN]


def test_a_change_across_a_break_names_the_month_and_is_marked() -> None:
    parts: dict[str, Any] = {"code": "percent", "value": 20.0, "break_from": "2024-03-01"}
    assert words.change("ru", **parts) == "+20 %; с 03.2024 считают иначе"
    assert words.marked_change("ru", **parts) == "+20 %; с 03.2024 считают иначе ※"
    assert words.marked_change("ru", break_from="2024-03-01") == "— ※"
    assert words.change("ru") == words.marked_change("ru") == "—"


@given(st.integers(0, 10**6))
def test_times_end_as_a_reader_of_russian_would_end_them(number: int) -> None:
    """«раза» after 2, 3 and 4 but not after 12, 13 and 14: told from the last digits as written."""
    digits = str(number)
    is_few = digits[-1] in "234" and digits[-2:-1] != "1"
    ending = "раза" if is_few else "раз"
    assert growth.change("times", float(number), None, "ru") == f"в {number} {ending}"


@given(st.floats(-1e9, 1e9), st.sampled_from(["count", "kg", "percent", None]))
def test_a_number_reads_back_as_what_it_was(value: float, unit: str | None) -> None:
    told = numbers.number(value, unit)
    assert re.fullmatch("-?\\d{1,3}(\u00a0\\d{3})*(,\\d)?", told)
    place = Decimal("0.1") if unit in ("kg", "percent") else Decimal(1)
    read = Decimal(told.replace("\u00a0", "").replace(",", "."))
    assert read == Decimal(value).quantize(place, ROUND_HALF_EVEN)


def test_months_and_days_are_told_in_words() -> None:
    assert words.month("ru", value="2026-03") == "март 2026"
    assert words.month("kk", value="2026-03") == "2026 жылғы наурыз"
    assert words.days("ru", start="2026-01-01", end="2026-03-31") == "01.01.2026 – 31.03.2026"
    assert words.days("ru", end="2026-03-31") == "на 31.03.2026"
    assert words.days("ru") == "—"
    assert words.said_by("ru", speaker="Министр", day="2026-03-31") == "Министр, 31.03.2026"
    assert words.said_by("ru", day="2026-03-31") == "31.03.2026"
    assert words.moment("ru", value="2026-04-06 21:00:00") == "07.04.2026 02:00"


def test_a_place_is_one_or_a_range() -> None:
    assert words.place("ru", first=3, last=3) == "3"
    assert words.place("ru", first=3, last=5) == "3–5"
    assert words.place("ru") == "—"
