"""Rows and months of all tables of the country at once."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from warehouse.contracts import Contracts
from warehouse.contracts.calendar import last_day
from warehouse.contracts.tables import ROW_LEVELS
from warehouse.contracts.territories import REGION_LEVELS, Territories, Territory

MONTHS = 12
# Districts founded after the last count.
_PEOPLE_OF_A_NEW_DISTRICT = 30_000
_LATEST_COUNT = date(9999, 1, 1)


class Country:
    """Rows of all tables in all months of some years: units, their regions, their people."""

    def __init__(self, contracts: Contracts, first_year: int, last_year: int) -> None:
        """Years are both included."""
        self.years = range(first_year, last_year + 1)
        self.months = [f"{year}-{month:02d}" for year in self.years for month in range(1, 13)]
        days = [last_day(period) for period in self.months]
        territories = contracts.territories
        self.units = tuple(unit for unit in territories.units if _has_row(territories, unit))
        self.place = {unit.kato: index for index, unit in enumerate(self.units)}
        exists = [[unit.is_valid_on(day) for unit in self.units] for day in days]
        self.exists: NDArray[np.bool_] = np.array(exists)
        self.regions = sorted({str(unit.parent_kato) for unit in self.units})
        own = {kato: index for index, kato in enumerate(self.regions)}
        self.region = np.array([own[str(unit.parent_kato)] for unit in self.units])
        self.people = np.array([_people(contracts, unit) for unit in self.units])

    def month(self, day: date) -> int:
        """Which of the months a day is in."""
        return (day.year - self.years[0]) * MONTHS + day.month - 1

    def within(self, territory: str) -> NDArray[np.bool_]:
        """The units of a territory: itself, those of a region, or all of the republic."""
        if territory in self.place:
            return np.asarray(np.arange(len(self.units)) == self.place[territory])
        if territory in self.regions:
            return np.asarray(self.region == self.regions.index(territory))
        return np.ones(len(self.units), dtype=bool)


def _has_row(territories: Territories, unit: Territory) -> bool:
    above = territories.get(unit.parent_kato or "")
    return unit.level in ROW_LEVELS and above is not None and above.level in REGION_LEVELS


def _people(contracts: Contracts, unit: Territory) -> float:
    known = contracts.population.population_on(unit.kato, _LATEST_COUNT)
    successor = next(
        (u.kato for u in contracts.territories.units if u.predecessor_kato == unit.kato), None
    )
    if known is None and successor is not None:
        known = contracts.population.population_on(successor, _LATEST_COUNT)
    return float(_PEOPLE_OF_A_NEW_DISTRICT if known is None else known.value)
