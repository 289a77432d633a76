"""Tiles, marks and drawings."""

from html.parser import HTMLParser
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.cells import markup
from dashboards.cells.shows import shown
from dashboards.compile.assets import sql

TILE = {"as": "tile", "in": "ru", "bad": "up"}


def _tile(**columns: str) -> str:
    """What a tile shows of one row of the mart."""
    given = {
        "indicator_code": "'A'",
        "precedence": "1",
        "ytd_value": "12.0",
        "ytd_prior_year": "10.0",
        "ytd_change_abs": "2.0",
        "ytd_growth_code": "'percent'",
        "ytd_growth_value": "20.0",
        "ytd_break_from": "null::date",
        "ytd_status": "'final'",
        "ytd_status_reason": "null",
        "month_value": "5.0",
        "month_status": "'final'",
        "month_status_reason": "null",
        "period_label": "'2026-03'",
        "unit": "'count'",
        **columns,
    }
    row = ", ".join(f"{value} as {name}" for name, value in given.items())
    asked = sql("{{ tile('A') }}")
    ((answer,),) = duckdb.sql(f"select {asked} from (select {row})").fetchall()  # noqa: S608
    return shown(answer, TILE)


def test_a_tile_is_told_as_it_is_drawn() -> None:
    assert _tile() == (
        '<div class="mvd-tile"><b>12</b> <span class="mvd-bad">+20 %</span>'
        "<small>АППГ: 10</small><small>за март 2026: 5</small></div>"
    )


def test_a_tile_says_that_its_change_crosses_a_break() -> None:
    assert "+20 %; с 01.2024 считают иначе ※<" in _tile(ytd_break_from="date '2024-01-01'")
    assert "※" not in _tile()


def test_money_on_a_tile_is_told_in_millions() -> None:
    told = _tile(unit="'thousand_tenge'", ytd_value="5126740.0", month_value="null")
    assert "<b>5\u00a0126,7</b><em>млн тенге</em>" in told
    assert "за март 2026: нет данных" in told


def test_a_tile_without_a_row_says_that_there_is_nothing() -> None:
    told = _tile(indicator_code="'B'")
    assert "<b>нет данных</b>" in told
    assert "АППГ: —" in told


@pytest.mark.parametrize(
    ("expected", "received", "accepted", "late", "told"),
    [
        (0, 0, 0, 0, "—"),
        (1, 0, 0, 0, '<span class="mvd-bad">✗</span>'),
        (1, 1, 0, 0, '<span class="mvd-bad">↩</span>'),
        (3, 2, 0, 2, '<span class="mvd-bad">↩</span>'),
        (1, 1, 1, 0, "✓ "),
        (3, 3, 1, 1, "◐ 1/3 ◷"),
    ],
)
def test_not_sent_and_sent_in_vain_look_different(
    expected: int, received: int, accepted: int, late: int, told: str
) -> None:
    rows = f"""select 'F' as form_code, 1 as precedence, '2026-03' as period_label,
        {expected} as expected_units, {received} as received_units,
        {accepted} as accepted_units, {late} as late_units"""
    asked = sql("{{ sent('F') }}")
    ((answer,),) = duckdb.sql(f"select {asked} from ({rows})").fetchall()  # noqa: S608
    assert shown(answer, {"as": "sent", "in": "ru"}) == told


def test_an_interval_is_drawn_in_per_cent_of_the_longest() -> None:
    drawn = markup.drawing("ru", low=10.0, high=30.0, level=15.1, mean=20.0, scale=40.0)
    assert drawn == (
        '<div class="mvd-interval"><span class="mvd-band mvd-at25 mvd-long50"></span>'
        '<span class="mvd-dot mvd-at38"></span><span class="mvd-mean mvd-at50"></span></div>'
    )
    nothing = dict.fromkeys(("low", "high", "level", "mean", "scale"))
    assert markup.drawing("ru", **nothing) == ""


class _Seen(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.sampled_from(["code", "change"]))
def test_no_text_of_the_data_becomes_markup(text: str, place: str) -> None:
    """A second reader, of HTML, sees the tags of the template and no other."""
    parts: dict[str, Any] = {"value": text} if place == "code" else {}
    if place == "code":
        seen = _Seen(markup.passport("ru", portal="https://portal.example", **parts)).tags
        ((tag, attributes),) = seen
        assert tag == "a"
        assert set(attributes) == {"href", "target", "rel"}
    else:
        seen = _Seen(markup.origin("ru", value=True)).tags
        assert seen == [("span", {"class": "mvd-demonstration"})]
