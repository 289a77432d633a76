"""What is published is what a second computation, written from docs/statistics.md, says."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.oracle.compare import Difference, differences
from tests.oracle.facts import read_facts
from tests.oracle.mutations import SEEDS, Mutation, mutations
from tests.oracle.worlds import World, draw
from tests.tools.country import EAST, NORTH, REPUBLIC, SOUTH, SOUTH_TOWN, SOUTH_VALLEY, figures
from tests.tools.models import Models

Told = tuple[float | None, str, int, float | None]
"""Value, state, accepted units and span of a figure."""
Build = Callable[[], Callable[[str, str], Told]]


@pytest.fixture(scope="module")
def models(run_folder: Path) -> Models:
    return Models.compiled(run_folder)


def compared(world: World, models: Models) -> tuple[list[Difference], Path]:
    """The differences of a world, and its database."""
    build = world.root / "build"
    build.mkdir()
    inputs = world.write()
    database = models.run(inputs, world.lake, build).database
    return list(differences(read_facts(inputs, world.lake), database)), database


@pytest.mark.parametrize("seed", SEEDS)
def test_the_worlds_of_the_planted_mistakes_have_none(
    seed: int, tmp_path: Path, models: Models
) -> None:
    found, _ = compared(draw(Random(seed), tmp_path), models)
    assert not found, found[:5]


@settings(
    max_examples=3,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_every_published_row_is_what_the_oracle_computes(models: Models, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found, _ = compared(draw(Random(seed), Path(folder)), models)
    assert not found, (seed, found[:5])


@pytest.fixture
def country(tmp_path: Path, models: Models) -> tuple[World, Build]:
    """An empty country, and what builds it and tells REGISTERED of February 2025."""
    world = World(tmp_path)

    def build() -> Callable[[str, str], Told]:
        found, database = compared(world, models)
        assert not found, found[:5]

        def february(territory: str, basis: str) -> Told:
            with duckdb.connect(database, read_only=True) as connection:
                row: Any = connection.execute(_FEBRUARY, [territory, basis]).fetchone()
                return (*row,)

        return february

    return world, build


_FEBRUARY = """
    select value, status, accepted_units, span_value from marts.fct_indicator_values
    where indicator_code = 'REGISTERED' and period_month = date '2025-02-01'
        and territory_kato = ? and basis = ?
"""


def test_an_oblast_that_switches_to_district_files_hides_nobody_else(
    country: tuple[World, Build],
) -> None:
    world, build = country
    world.expect("2025-01", "2025-02")
    for kato in (NORTH, EAST, SOUTH):
        world.report(kato, "2025-01", figures(10))
    world.report(NORTH, "2025-02", figures(15))
    world.report(EAST, "2025-02", figures(17))
    for kato in (SOUTH_TOWN, SOUTH_VALLEY):
        world.report(kato, "2025-02", figures(9))
    # North adds 5 and East 7; the months of the two districts are unknown, so that of South is.
    assert build()(REPUBLIC, "month") == (12, "partial", 2, None)


def test_a_district_whose_oblast_is_not_whole_is_in_no_total(
    country: tuple[World, Build],
) -> None:
    world, build = country
    world.expect("2025-02")
    world.report(NORTH, "2025-02", figures(15))
    world.report(EAST, "2025-02", figures(17))
    world.report(SOUTH_TOWN, "2025-02", figures(4))
    february = build()
    assert february(REPUBLIC, "ytd") == (32, "partial", 2, None)
    assert february(SOUTH_TOWN, "ytd") == (4, "final", 0, 4)


def test_districts_of_whom_one_leaves_the_cell_blank_are_in_no_total(
    country: tuple[World, Build],
) -> None:
    world, build = country
    world.expect("2025-02")
    world.report(NORTH, "2025-02", figures(15))
    world.report(EAST, "2025-02", figures(17))
    world.report(SOUTH_TOWN, "2025-02", figures(4))
    world.report(SOUTH_VALLEY, "2025-02", figures(None))
    assert build()(REPUBLIC, "ytd") == (32, "partial", 2, None)


def test_a_total_with_a_blank_unit_tells_no_span(
    country: tuple[World, Build],
) -> None:
    world, build = country
    world.expect("2025-01", "2025-02")
    for period, figure in (("2025-01", 10), ("2025-02", 15)):
        for kato in (NORTH, EAST):
            world.report(kato, period, figures(figure))
        world.report(SOUTH, period, figures(figure if period == "2025-01" else None))
    assert build()(REPUBLIC, "month") == (10, "partial", 2, None)


@pytest.mark.parametrize("mutation", mutations()[::20], ids=lambda each: each.name)
def test_a_planted_mistake_is_found(mutation: Mutation, models: Models) -> None:
    assert mutation.is_found(models, SEEDS)
