"""Outliers: what is listed, what is not, and what a clerk is told."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.simulated_outliers import DecadeParameters, simulate
from warehouse.contracts.messages import Messages, load_messages
from warehouse.core.texts import placeholders
from warehouse.statistics.expectation import expect
from warehouse.statistics.frame import HistoryFrame, load_parameters
from warehouse.statistics.outliers import REASONS, OutlierTable, detect
from warehouse.statistics.patterns import PATTERNS

PARAMETERS = load_parameters()
LAST = 59


def quiet_panel(means: tuple[float, ...] = (60.0, 8.0), seed: int = 5) -> np.ndarray:
    """Poisson counts of 24 districts of unequal size over five years, without season."""
    rng = np.random.default_rng(seed)
    size = np.linspace(0.5, 2.0, 24)
    mean = np.array(means)[:, None, None] * size[:, None] * np.ones(LAST + 1)
    return rng.poisson(mean).astype(float)


def frame_of(values: np.ndarray, **options: object) -> HistoryFrame:
    districts = values.shape[1]
    return HistoryFrame(values, np.arange(districts) // 8, "2018-01", **options)  # type: ignore[arg-type]


def row_of(table: OutlierTable, indicator: int, district: int) -> int | None:
    found = np.flatnonzero((table.indicator == indicator) & (table.district == district))
    return int(found[0]) if found.size else None


def spoiled(change: float, indicator: int = 0, district: int = 10) -> tuple[OutlierTable, int]:
    values = quiet_panel()
    values[indicator, district, LAST] = change
    table = detect(frame_of(values), PARAMETERS, [LAST])
    row = row_of(table, indicator, district)
    assert row is not None
    return table, row


def named(table: OutlierTable, row: int) -> str:
    return PATTERNS[table.pattern[row]]


def test_a_steady_series_expects_what_it_always_reported() -> None:
    values = np.full((1, 1, 36), 10.0)
    expectation = expect(HistoryFrame(values, np.zeros(1, int), "2018-01"), PARAMETERS)
    assert expectation.own[0, 0, -1] == pytest.approx(10.0, rel=0.01)


def test_the_first_half_year_has_no_verdict() -> None:
    expectation = expect(frame_of(quiet_panel()), PARAMETERS)
    assert np.isnan(expectation.expected[:, :, : PARAMETERS.minimum_history_months]).all()
    assert np.isfinite(expectation.expected[:, :, PARAMETERS.minimum_history_months :]).all()


def test_a_doubled_month_is_named_and_halved() -> None:
    truth = quiet_panel()[0, 10, LAST]
    table, row = spoiled(2 * truth)
    assert named(table, row) == "doubled_month"
    assert table.suggested[row] == truth
    assert table.direction[row] == 1
    assert REASONS[table.reason[row]] == "both"


def test_a_lost_digit_is_named() -> None:
    table, row = spoiled(float(int(quiet_panel()[0, 10, LAST]) // 10))
    assert named(table, row) == "lost_digit"
    assert table.direction[row] == -1


def test_an_oblast_total_in_a_districts_row_is_named_and_taken_apart() -> None:
    values = quiet_panel()
    table, row = spoiled(values[0, 8:16, LAST].sum())
    assert named(table, row) == "oblast_in_district"
    assert table.suggested[row] == values[0, 10, LAST]


def test_a_month_in_place_of_the_year_to_date_is_named() -> None:
    values = quiet_panel()
    month, before = values[0, 10, LAST], values[0, 10, 48:LAST].sum()
    table, row = spoiled(month - before)
    assert named(table, row) == "month_as_ytd"
    assert table.suggested[row] == month


def test_a_year_to_date_in_place_of_the_month_is_named() -> None:
    values = quiet_panel()
    table, row = spoiled(values[0, 10, 48 : LAST + 1].sum())
    assert named(table, row) == "ytd_as_month"
    assert table.suggested[row] == values[0, 10, LAST]


def test_two_lines_exchanged_name_each_other() -> None:
    values = quiet_panel()
    values[[0, 1], 10, LAST] = values[[1, 0], 10, LAST]
    table = detect(frame_of(values), PARAMETERS, [LAST])
    rows = [row_of(table, 0, 10), row_of(table, 1, 10)]
    assert None not in rows
    assert [named(table, row) for row in rows if row is not None] == ["swapped_lines"] * 2
    assert [table.partner[row] for row in rows] == [1, 0]


def test_two_districts_exchanged_name_each_other() -> None:
    rng = np.random.default_rng(2)
    size = np.where(np.arange(24) % 8 == 0, 8.0, 1.0)
    values = rng.poisson(30 * size[None, :, None] * np.ones((2, 24, 60))).astype(float)
    values[0, [8, 11], LAST] = values[0, [11, 8], LAST]
    table = detect(frame_of(values), PARAMETERS, [LAST])
    rows = [row_of(table, 0, 8), row_of(table, 0, 11)]
    assert [named(table, row) for row in rows if row is not None] == ["swapped_districts"] * 2
    assert [table.partner[row] for row in rows] == [11, 8]


def test_a_jump_of_the_whole_country_is_nobodys_slip() -> None:
    values = quiet_panel()
    values[0, :, LAST] = np.round(1.6 * values[0, :, LAST])
    table = detect(frame_of(values), PARAMETERS, [LAST])
    assert (table.indicator == 0).sum() <= 2


def test_a_district_that_stands_still_while_all_others_jump_is_listed_by_peers() -> None:
    values = quiet_panel()
    others = np.arange(24) != 10
    values[0, others, LAST] = np.round(2.5 * values[0, others, LAST])
    table = detect(frame_of(values), PARAMETERS, [LAST])
    row = row_of(table, 0, 10)
    assert row is not None
    assert REASONS[table.reason[row]] == "peers"
    assert table.direction[row] == -1


def test_a_district_without_neighbours_is_judged_by_its_own_history() -> None:
    values = quiet_panel()[:1, :1].copy()
    values[0, 0, LAST] = 150
    table = detect(HistoryFrame(values, np.zeros(1, int), "2018-01"), PARAMETERS, [LAST])
    assert len(table) == 1
    assert REASONS[table.reason[0]] == "own_history"


def test_a_history_too_short_for_any_verdict_gives_an_empty_table() -> None:
    frame = frame_of(quiet_panel()[:, :, :3])
    table = detect(frame, PARAMETERS)
    assert len(table) == 0
    assert table.to_arrow(frame).num_rows == 0
    assert table.message_parameters(frame) == []


def test_a_missing_month_is_not_an_outlier() -> None:
    values = quiet_panel()
    values[0, 10, LAST] = np.nan
    assert row_of(detect(frame_of(values), PARAMETERS, [LAST]), 0, 10) is None


def test_a_district_with_new_borders_starts_anew() -> None:
    values = quiet_panel()
    values[:, 10, 40:] = np.round(values[:, 10, 40:] / 4)
    breaks = np.zeros((24, LAST + 1), dtype=np.bool_)
    breaks[10, 40] = True
    population = np.linspace(0.5, 2.0, 24)
    population[10] /= 4
    months = np.arange(40, 50)
    without = detect(frame_of(values), PARAMETERS, months)
    known = detect(frame_of(values, breaks=breaks, population=population), PARAMETERS, months)
    assert (without.district == 10).sum() >= 3
    assert (known.district == 10).sum() == 0


def test_an_indicator_that_is_counted_otherwise_starts_anew() -> None:
    values = quiet_panel()
    values[0, ::2, 40:] *= 4
    breaks = np.zeros((len(values), LAST + 1), dtype=np.bool_)
    breaks[0, 38:41] = True
    months = np.arange(38, LAST + 1)
    without = detect(frame_of(values), PARAMETERS, months)
    known = detect(frame_of(values, series_breaks=breaks), PARAMETERS, months)
    assert (without.indicator == 0).sum() >= 12
    # Silent until there is a history of the new kind, then as quiet as any series.
    assert known.month[known.indicator == 0].min(initial=99) > 40 + 5
    assert (known.indicator == 0).sum() <= 6
    slip = values.copy()
    slip[0, 10, LAST] *= 10
    found = detect(frame_of(slip, series_breaks=breaks), PARAMETERS, [LAST])
    assert row_of(found, 0, 10) is not None


def test_a_season_known_from_past_years_does_not_alarm() -> None:
    decade = simulate(21, DecadeParameters(harvest_indicators=4, indicators=24))
    frame = HistoryFrame(decade.counts, decade.oblast, "2016-01", decade.population, decade.breaks)
    months = np.arange(36, 120)
    table = detect(frame, PARAMETERS, months)
    calendar = months % 12
    harvested = decade.harvest[table.indicator]
    in_harvest = np.isin(table.month % 12, (7, 8, 9))
    cells = np.isin(calendar, (7, 8, 9))
    share_in = (harvested & in_harvest).sum() / cells.sum()
    share_out = (harvested & ~in_harvest).sum() / (~cells).sum()
    tested = 4 * 240
    # Three standard errors of a Poisson count above equality.
    margin = 3 * np.sqrt(share_out / cells.sum())
    assert share_in <= share_out + margin
    assert share_in / tested < 0.01


def test_clean_data_give_a_short_list() -> None:
    decade = simulate(22)
    frame = HistoryFrame(decade.counts, decade.oblast, "2016-01", decade.population, decade.breaks)
    table = detect(frame, PARAMETERS, np.arange(36, 120))
    cells = np.isfinite(decade.counts[:, :, 36:]).sum()
    assert len(table) / cells < 0.01
    assert table.severity.sum() / cells < 0.001


def test_the_same_history_gives_the_same_table() -> None:
    frame = frame_of(quiet_panel())
    first, second = (detect(frame, PARAMETERS).to_arrow(frame) for _ in range(2))
    assert first.equals(second)


def test_later_months_never_change_an_earlier_verdict() -> None:
    values = quiet_panel()
    values[0, 10, 40] = 400
    early = detect(frame_of(values[:, :, :41]), PARAMETERS, [40])
    late = detect(frame_of(values), PARAMETERS, [40])
    assert early.to_arrow(frame_of(values)).equals(late.to_arrow(frame_of(values)))


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(24)))
def test_the_order_of_the_districts_does_not_matter(order: list[int]) -> None:
    values = quiet_panel()
    values[0, 10, LAST] = 400
    oblast = np.arange(24) // 8
    straight = detect(HistoryFrame(values, oblast, "2018-01"), PARAMETERS, [LAST])
    mixed = detect(HistoryFrame(values[:, order], oblast[order], "2018-01"), PARAMETERS, [LAST])
    cells = {(int(i), int(d)) for i, d in zip(straight.indicator, straight.district, strict=True)}
    again = {(int(i), order[d]) for i, d in zip(mixed.indicator, mixed.district, strict=True)}
    assert cells == again


@settings(max_examples=15, deadline=None)
@given(st.integers(130, 400), st.integers(1, 300))
def test_a_larger_excess_is_never_less_surprising(value: int, more: int) -> None:
    def probability(of: int) -> float:
        table, row = spoiled(float(of))
        return float(table.probability[row])

    assert probability(value + more) <= probability(value)


def test_the_interval_holds_the_expectation_and_not_the_outlier() -> None:
    table, row = spoiled(400)
    assert table.low[row] <= table.expected[row] <= table.high[row] < table.observed[row]


def test_the_table_in_arrow_speaks_in_codes_and_months() -> None:
    values = quiet_panel()
    values[[0, 1], 10, LAST] = values[[1, 0], 10, LAST]
    frame = frame_of(
        values,
        indicator_codes=("CRM_THEFT", "CRM_FRAUD"),
        territory_codes=tuple(f"{110000000 + i}" for i in range(24)),
    )
    rows = detect(frame, PARAMETERS, [LAST]).to_arrow(frame).to_pylist()
    row = next(r for r in rows if r["indicator_code"] == "CRM_THEFT" and r["pattern"] != "none")
    assert row["territory_kato"] == "110000010"
    assert row["period_month"] == date(2022, 12, 1)
    assert row["partner"] == "CRM_FRAUD"
    assert row["code"] == "OUTLIER_SWAPPED_LINES"
    assert row["severity"] == "warning"


def test_history_is_read_from_a_table_in_any_order() -> None:
    table = pa.table(
        {
            "indicator_code": ["B", "A", "A"],
            "territory_kato": ["1", "2", "1"],
            "parent_kato": ["9", "9", "9"],
            "period_month": pa.array([date(2023, 1, 1), date(2022, 12, 1), date(2022, 11, 1)]),
            "value": [5.0, 3.0, 1.0],
        }
    )
    frame = HistoryFrame.from_arrow(table)
    assert frame.first_month == "2022-11"
    assert frame.indicator_codes == ("A", "B")
    assert frame.values[0, 0, 0] == 1
    assert frame.values[0, 1, 1] == 3
    assert frame.values[1, 0, 2] == 5
    assert np.isfinite(frame.values).sum() == 3


def test_two_values_for_one_cell_are_refused() -> None:
    table = pa.table(
        {
            "indicator_code": ["A", "A"],
            "territory_kato": ["1", "1"],
            "parent_kato": ["9", "9"],
            "period_month": pa.array([date(2023, 1, 1)] * 2),
            "value": [5.0, 3.0],
        }
    )
    with pytest.raises(ValueError, match="two values"):
        HistoryFrame.from_arrow(table)


def test_a_frame_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="oblast has shape"):
        HistoryFrame(np.zeros((1, 3, 4)), np.zeros(2, int), "2020-01")


def test_the_year_so_far_starts_again_in_january_and_knows_its_gaps() -> None:
    values = np.arange(1.0, 7.0).reshape(1, 1, 6)
    frame = HistoryFrame(values, np.zeros(1, int), "2020-11")
    before = frame.before_in_year()[0, 0]
    assert np.isnan(before[:2]).all()
    assert before[2:].tolist() == [0, 3, 7, 12]


@pytest.fixture(scope="module")
def messages() -> Messages:
    return load_messages(Path(__file__).resolve().parents[4] / "contracts")


@pytest.mark.parametrize("pattern", PATTERNS[1:])
def test_every_pattern_has_a_message_that_the_table_can_fill(
    messages: Messages, pattern: str
) -> None:
    table, _ = spoiled(400)
    parameters = table.message_parameters(frame_of(quiet_panel()))[0]
    message = messages.message(f"OUTLIER_{pattern.upper()}")
    assert placeholders(message.text.ru) <= set(parameters)


def test_a_clerk_reads_rounded_numbers(messages: Messages) -> None:
    values = quiet_panel()
    values[0, 10, LAST] = 2 * values[0, 10, LAST]
    frame = frame_of(values)
    table = detect(frame, PARAMETERS, [LAST])
    row = row_of(table, 0, 10)
    assert row is not None
    text = messages.render(table.codes()[row], "ru", table.message_parameters(frame)[row])
    assert "ровно вдвое больше" in text
    assert "2022-12" in text
    assert "—" not in text.split(":")[0]


@pytest.mark.slow
def test_a_decade_of_rows_comes_back_as_the_same_panel() -> None:
    decade = simulate(4, DecadeParameters(districts=30, oblasts=4, indicators=3, new_oblasts=1))
    indicator, district, month = np.nonzero(np.isfinite(decade.counts))
    table = pa.table(
        {
            "indicator_code": np.array(["A", "B", "C"])[indicator],
            "territory_kato": np.char.mod("%03d", district),
            "parent_kato": np.char.mod("%d", decade.oblast[district]),
            "period_month": pa.array(
                (np.datetime64("2016-01") + month).astype("datetime64[D]"), pa.date32()
            ),
            "value": decade.counts[indicator, district, month],
            "population": decade.population[district],
        }
    ).take(np.random.default_rng(0).permutation(indicator.size))
    frame = HistoryFrame.from_arrow(table)
    np.testing.assert_array_equal(frame.values, decade.counts)
    np.testing.assert_array_equal(frame.oblast, decade.oblast)
    np.testing.assert_array_equal(frame.population, decade.population)
