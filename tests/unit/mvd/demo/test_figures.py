import numpy as np
import pytest
from numpy.typing import NDArray

from ingestion.judge.control_rules import (
    compile_cross_rules,
    compile_rules,
    evaluate,
)
from mvd.demo.simulate import Simulation, balance, catalogue, restated
from mvd.demo.space import Space
from warehouse.contracts import load_contracts

KYZYLORDA, ALMATY = "430000000", "750000000"
POPULATION = {KYZYLORDA: 840_000, ALMATY: 2_200_000}
FORMS = ("1-M", "SNG-1")


@pytest.fixture(scope="module")
def space() -> Space:
    return Space([load_contracts().forms[code] for code in FORMS])


@pytest.fixture(scope="module")
def simulation(space: Space) -> Simulation:
    facts = catalogue(space, balance(space, load_contracts()), atoms=400, seed=7)
    return Simulation(space, facts, POPULATION, seed=7)


def year(simulation: Simulation, territory: str, until: int) -> list[NDArray[np.float64]]:
    months = simulation.year(territory, 2025)[:until]
    totals = np.cumsum(months, axis=0)
    return [
        simulation.figures(total, month, territory)
        for total, month in zip(totals, months, strict=True)
    ]


def broken(space: Space, figures: NDArray[np.float64]) -> int:
    contracts = load_contracts()
    forms = {code: contracts.forms[code] for code in FORMS}
    values = {code: space.of(code, figures) for code in FORMS}
    outcomes = [
        evaluate(compile_rules(form, contracts.rule_books[form]), values[code])
        for code, form in forms.items()
    ]
    for book in contracts.cross_rule_books:
        compiled = compile_cross_rules(space.forms, book)
        of_forms = [values[form.code] for form in compiled.forms]
        outcomes.append(evaluate(compiled, np.concatenate(of_forms, axis=-1)))
    assert sum(int(outcome.nonzero.sum()) for outcome in outcomes) > 1000
    return sum(int((~outcome.ok).sum()) for outcome in outcomes)


def test_clean_figures_break_no_control_rule_of_the_ingestion(
    space: Space, simulation: Simulation
) -> None:
    for figures in year(simulation, KYZYLORDA, 2):
        assert broken(space, figures) == 0


def test_restated_figures_fall_and_still_break_no_rule(
    space: Space, simulation: Simulation
) -> None:
    january, february = simulation.year(KYZYLORDA, 2025)[:2]
    thefts = int(space.grid("1-M", "R1")[space.form("1-M").section("R1").line_index[109], 1])
    total, month = restated(simulation, thefts, january, february)
    before = simulation.figures(january, january, KYZYLORDA)
    after = simulation.figures(total, month, KYZYLORDA)
    assert 0 < after[thefts] < before[thefts]
    assert (after >= 0).all()
    assert broken(space, after) == 0


def test_figures_count_from_january_and_never_fall(simulation: Simulation, space: Space) -> None:
    first, second, third = year(simulation, ALMATY, 3)
    printed = np.concatenate([column.cells for column in space.month_columns])
    steps = np.delete(np.diff([first, second, third], axis=0), printed, axis=1)
    assert (steps >= 0).all()


def test_the_printed_month_is_what_the_year_to_date_grew_by(
    simulation: Simulation, space: Space
) -> None:
    january, february = year(simulation, ALMATY, 2)
    section = space.form("1-M").section("R1-1")
    grid = space.grid("1-M", "R1-1")
    registered = grid[:, section.column_index[1]]
    printed = grid[:, section.column_index[4]]
    assert np.array_equal(february[printed], february[registered] - january[registered])
    assert np.array_equal(january[printed], january[registered])


def test_the_same_seed_gives_the_same_figures_and_another_seed_others(space: Space) -> None:
    rules = balance(space, load_contracts())

    def figures(seed: int) -> NDArray[np.float64]:
        facts = catalogue(space, rules, atoms=50, seed=seed)
        month = (made := Simulation(space, facts, POPULATION, seed)).year(ALMATY, 2025)[0]
        return made.figures(month, month, ALMATY)

    assert np.array_equal(figures(1), figures(1))
    assert not np.array_equal(figures(1), figures(2))


def test_figures_are_of_the_order_of_the_published_ones(
    simulation: Simulation, space: Space
) -> None:
    """The 14 published reports of 2022: 114,452 registered among 14.4 million, 8 per 1,000."""
    figures = year(simulation, ALMATY, 12)[-1]
    registered = figures[space.grid("1-M", "R1")[0, 1]]
    assert 0.003 < registered / POPULATION[ALMATY] < 0.03


def test_counts_are_whole_and_nothing_is_negative(simulation: Simulation, space: Space) -> None:
    figures = year(simulation, KYZYLORDA, 1)[0]
    assert (figures >= 0).all()
    assert (figures[space.is_integral] % 1 == 0).all()


def test_drug_offences_peak_at_the_harvest(simulation: Simulation, space: Space) -> None:
    section = space.form("1-M").section("R1")
    drugs = [line.chapter == 11 for line in section.lines]
    cells = space.grid("1-M", "R1")[drugs, 1]

    def in_month(number: int) -> float:
        facts = [simulation.year(ALMATY, y)[number - 1] for y in range(2021, 2027)]
        return float(sum(simulation.figures(f, f, ALMATY)[cells].sum() for f in facts))

    assert in_month(9) > 1.3 * in_month(12)
