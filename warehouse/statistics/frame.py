"""The panel that detection reads, and its parameters."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

MONTHS = 12


class _Parameters(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SeasonDeviation(_Parameters):
    """Prior deviation of the season around the flat year, the country, the oblast."""

    country: float
    oblast: float
    district: float


class MovementDeviation(_Parameters):
    """Prior deviation of one month's common movement."""

    country: float
    oblast: float


class DispersionParameters(_Parameters):
    """Where the dispersion starts and how much it takes to move it."""

    start: float
    floor: float
    indicator_deviation: float
    district_deviation: float
    half_life_months: float


class Requalification(_Parameters):
    """How often and by how much a month is reduced by offences taken off the register."""

    share: float
    ytd_share: float


class OutlierParameters(_Parameters):
    """The rule as data: `contracts/outliers.yml`."""

    version: int
    yearly_drift: float
    longest_half_life_months: float
    minimum_history_months: int
    prior_events: float
    clip_deviations: float
    season_deviation: SeasonDeviation
    season_half_life_years: float
    movement_deviation: MovementDeviation
    group_dispersion: float
    dispersion: DispersionParameters
    requalification: Requalification
    screen_deviations: float
    info_probability: float
    slip_probability: float
    slip_odds: float
    warning_false_discovery: float
    interval_probability: float
    minimum_peers: int
    pattern_odds: float
    change_factor: float


def load_parameters() -> OutlierParameters:
    """The parameters of `contracts/outliers.yml`."""
    from importlib.resources import files

    import yaml

    text = files("contracts").joinpath("outliers.yml").read_text(encoding="utf-8")
    return OutlierParameters.model_validate(yaml.safe_load(text))


@dataclass(frozen=True)
class HistoryFrame:
    """Month values by indicator, district and month.

    `values` has shape (indicators, districts, months), NaN where nothing was reported; the months
    follow each other without gaps from `first_month` (YYYY-MM). `oblast` numbers the peer group
    of each district from 0. `population` (districts,) scales the peers' rate, None means equal.
    `breaks` (districts, months) marks months in which a district's own history starts anew,
    `series_breaks` (indicators, months) those from which on an indicator is counted otherwise.
    Raises ValueError when the shapes disagree.
    """

    values: Floats
    oblast: Integers
    first_month: str
    population: Floats | None = None
    breaks: Booleans | None = None
    series_breaks: Booleans | None = None
    indicator_codes: tuple[str, ...] = ()
    territory_codes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        indicators, districts, months = self.values.shape
        expected = {
            "oblast": (self.oblast, (districts,)),
            "population": (self.population, (districts,)),
            "breaks": (self.breaks, (districts, months)),
            "series_breaks": (self.series_breaks, (indicators, months)),
        }
        for name, (array, shape) in expected.items():
            if array is not None and array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
        for name, codes, count in (
            ("indicator_codes", self.indicator_codes, indicators),
            ("territory_codes", self.territory_codes, districts),
        ):
            if codes and len(codes) != count:
                raise ValueError(f"{name} holds {len(codes)} codes, expected {count}")

    @property
    def first(self) -> np.datetime64:
        """The first month."""
        return np.datetime64(self.first_month, "M")

    @property
    def january_offset(self) -> int:
        """Months from January to the first month."""
        return int(self.first.astype(np.int64) % MONTHS)

    def restarts(self, month: int) -> Booleans:
        """Series (indicators, districts) whose history starts anew in a month."""
        begins = np.zeros(self.values.shape[:2], dtype=np.bool_)
        if self.breaks is not None:
            begins |= self.breaks[None, :, month]
        if self.series_breaks is not None:
            begins |= self.series_breaks[:, None, month]
        return begins

    def is_whole_year(self, last_month: int) -> Booleans:
        """Indicators (indicators, 1, 1) counted in one way over the year up to `last_month`."""
        if self.series_breaks is None:
            return np.ones((self.values.shape[0], 1, 1), dtype=np.bool_)
        # A break in January leaves the year whole.
        after_january = self.series_breaks[:, None, last_month - MONTHS + 2 : last_month + 1]
        whole: Booleans = ~np.any(after_january, axis=2, keepdims=True)
        return whole

    def before_in_year(self) -> Floats:
        """Sum of the earlier months of the same year; NaN when one of them is missing."""
        indicators, districts, months = self.values.shape
        lead = self.january_offset
        years = -(-(lead + months) // MONTHS)
        whole = np.zeros((indicators, districts, years * MONTHS))
        whole[:, :, lead : lead + months] = self.values
        if lead:
            whole[:, :, :lead] = np.nan
        whole = whole.reshape(indicators, districts, years, MONTHS)
        before = np.zeros_like(whole)
        before[..., 1:] = np.cumsum(whole, axis=-1)[..., :-1]
        return before.reshape(indicators, districts, -1)[:, :, lead : lead + months]

    @classmethod
    def from_arrow(cls, table: "pa.Table") -> Self:
        """Build from a table: indicator_code, territory_kato, parent_kato, period_month, value.

        `population` is read when the table has it (the latest value of a territory is used).
        Raises ValueError on an empty table and on two values for one cell.
        """
        if table.num_rows == 0:
            raise ValueError("no history: the table has no rows")
        indicator, indicators = _codes(table, "indicator_code")
        district, districts = _codes(table, "territory_kato")
        parent, _ = _codes(table, "parent_kato")
        month = table["period_month"].to_numpy().astype("datetime64[M]")
        first = month.min()
        position = (month - first).astype(np.int64)
        shape = (len(indicators), len(districts), int(position.max()) + 1)
        flat = np.ravel_multi_index((indicator, district, position), shape)
        if np.unique(flat).size != flat.size:
            raise ValueError("two values for one indicator, territory and month")
        values = np.full(shape, np.nan)
        values.flat[flat] = table["value"].to_numpy().astype(np.float64)
        latest = np.argsort(position, kind="stable")
        oblast = np.zeros(len(districts), dtype=np.int64)
        oblast[district[latest]] = parent[latest]
        population = None
        if "population" in table.column_names:
            population = np.full(len(districts), np.nan)
            population[district[latest]] = table["population"].to_numpy()[latest]
        return cls(
            values=values,
            oblast=oblast,
            first_month=str(first),
            population=population,
            indicator_codes=indicators,
            territory_codes=districts,
        )


def _codes(table: "pa.Table", column: str) -> tuple[Integers, tuple[str, ...]]:
    """Number of each row's code in the sorted codes, and those."""
    import pyarrow as pa

    encoded = table[column].cast(pa.string()).combine_chunks().dictionary_encode()
    names = np.array(encoded.dictionary.to_pylist())
    order = np.argsort(names)
    place = np.empty(names.size, dtype=np.int64)
    place[order] = np.arange(names.size)
    return place[encoded.indices.to_numpy()], tuple(names[order].tolist())
