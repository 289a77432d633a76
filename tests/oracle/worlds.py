"""Small countries drawn at random: who reports what, when and how often, and where borders move.

Nine indicators of two forms, two years of four months. South has two districts and one more that
moves to East under a new code when East is split off, in some worlds; each of them may report
itself, as may the whole, and each may correct, leave blank, be refused or withdraw.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.tools.country import (
    EAST,
    NAMES,
    NORTH,
    REPUBLIC,
    SOUTH,
    SOUTH_TOWN,
    SOUTH_VALLEY,
    VERSION,
    Country,
    figures,
    month,
)
from warehouse.build.schemas import SCHEMAS, table

SOUTH_HILL, EAST_HILL = "205000000", "305000000"
TABLE = "DRG-M"
PERIODS = tuple(f"{year}-{number:02d}" for year in (2024, 2025) for number in (1, 2, 3, 4))
_SPLITS = (None, date(2024, 1, 8), date(2024, 3, 8), date(2025, 2, 8))
_DISTRICTS = {SOUTH: (SOUTH_TOWN, SOUTH_VALLEY, SOUTH_HILL), EAST: (EAST_HILL,)}


class World(Country):
    """A country with a district that may move from South to East, and a form that is a table."""

    def territories_on(self, period: str) -> list[str]:
        """Units below the republic that exist at the end of the month."""
        first = month(period)
        is_split = self.split_on is None or first >= self.split_on.replace(day=1)
        moved = {EAST, EAST_HILL} if is_split else {SOUTH_HILL}
        return [NORTH, SOUTH, SOUTH_TOWN, SOUTH_VALLEY, *sorted(moved)]

    def expect_all(self, periods: Iterable[str]) -> None:
        """Oblasts owe both forms in every month in which they exist."""
        for period in periods:
            oblasts = {NORTH, SOUTH, EAST} & {*self.territories_on(period)}
            self.expect(period, territories=tuple(sorted(oblasts)))
        self.expected += [row | {"form_code": TABLE} for row in self.expected]

    def report_table(
        self, rows: dict[str, float | None], oblast: str, period: str, **how: Any
    ) -> None:
        """A table of an oblast, with the figures of its districts and maybe of the whole."""
        identifier = self.report(oblast, period, {}, **how)
        self.submissions[-1]["form_code"] = TABLE
        cells = [
            {
                "submission_id": identifier,
                "territory_kato": kato,
                "section": "T",
                "line": 1,
                "graph": column,
                "value": value and value / column**3,
            }
            for kato, value in rows.items()
            for column in (1, 2)
        ]
        if self.submissions[-1]["is_counted"]:
            file = self.lake / f"{identifier}.parquet"
            pq.write_table(pa.Table.from_pylist(cells, schema=SCHEMAS["no_cells"]), file)

    def write(self) -> Path:
        """Write the inputs, with what this country has beside those of `Country`."""
        self.submissions.sort(key=lambda row: row["received_at"])
        for place, row in enumerate(self.submissions, start=1):
            row["sequence"] = place
        last = {
            (s["form_code"], s["territory_kato"], s["period_month"]): s["submission_id"]
            for s in self.submissions
            if s["is_counted"]
        }
        for row in self.submissions:
            row["is_in_force"] = row["submission_id"] in last.values()
        directory = super().write()
        for name, rows in _EXTRA.items():
            file = directory / f"{name}.parquet"
            both = pa.concat_tables([pq.read_table(file), table(name, rows)])
            pq.write_table(both, file)
        people = pq.read_table(directory / "population.parquet").to_pylist()
        for kato in (SOUTH_HILL, EAST_HILL):
            people += [
                row | {"territory_kato": kato, "population": 60}
                for row in people
                if row["territory_kato"] == SOUTH_TOWN
            ]
        pq.write_table(table("population", people), directory / "population.parquet")
        return directory

    def _territories(self) -> list[dict[str, Any]]:
        rows = super()._territories()
        hill = {"territory_level": "district", "name_ru": "Гора", "name_kk": "Тау"}
        opened = self.split_on or date(1900, 1, 1)
        before = {
            "territory_kato": SOUTH_HILL,
            "parent_kato": SOUTH,
            "valid_from": date(1900, 1, 1),
        }
        if self.split_on:
            rows.append(hill | before | {"valid_to": self.split_on - timedelta(days=1)})
        after = {"territory_kato": EAST_HILL, "parent_kato": EAST, "valid_from": opened}
        former = {"predecessor_kato": SOUTH_HILL} if self.split_on else {}
        return [*rows, hill | after | former]


_STOCK = {
    "form_code": "1-M",
    "domain": "crime",
    "name_ru": "STOCK",
    "unit": "count",
    "measure_type": "stock",
    "territory_aggregation": "sum",
    "time_aggregation": "last",
    "is_derived": False,
    "is_verified": True,
    "is_ranked": False,
}
_PLACE = {"form_code": "1-M", "section": "R9", "line": 1, "column_number": 1}
_EXTRA = {
    "indicators": [
        _STOCK | {"indicator_code": "STOCK"},
        _STOCK | {"indicator_code": "TRF_DTP", "form_code": TABLE, "measure_type": "flow"},
        _STOCK
        | {
            "indicator_code": "HASHISH",
            "form_code": TABLE,
            "measure_type": "flow",
            "unit": "kg",
            "dimension": "substance=hashish",
        },
        _STOCK | {"indicator_code": "TRF_DEATHS", "territory_aggregation": "none"},
    ],
    "indicator_sources": [
        {"indicator_code": code, "basis": "ytd", "sign": 1, "form_version": VERSION} | place
        for code, place in (
            ("STOCK", _PLACE),
            ("TRF_DEATHS", _PLACE),
            ("TRF_DTP", _PLACE | {"form_code": TABLE, "section": "T"}),
            ("HASHISH", _PLACE | {"form_code": TABLE, "section": "T", "column_number": 2}),
        )
    ],
    "coverage_rules": [
        {
            "form_code": TABLE,
            "shown_from_units": 0.5,
            "shown_from_population": 0.4,
            "final_from_units": 1.0,
            "final_from_population": 1.0,
            "where_both_exist": "districts",
        }
    ],
}


def draw(random: Random, root: Path) -> World:
    """A country whose every choice is that of `random`, ready to be written."""
    world = World(root, split_on=random.choice(_SPLITS))
    world.expect_all(PERIODS)
    silence = {kato: random.choice((0.05, 0.3, 0.9)) for kato in (*NAMES, SOUTH_HILL, EAST_HILL)}
    totals: dict[tuple[str, str], list[int]] = {}
    for period in PERIODS:
        for kato in [REPUBLIC, *world.territories_on(period)]:
            if (kato == REPUBLIC and random.random() < 0.95) or random.random() < silence[kato]:
                continue
            for _ in range(random.choice((1, 1, 1, 2))):
                _report(world, random, totals, kato, period)
        for oblast, districts in _DISTRICTS.items():
            if oblast in world.territories_on(period) and random.random() < 0.7:
                rows = {
                    kato: _blank(random, random.randint(0, 40))
                    for kato in districts
                    if kato in world.territories_on(period)
                }
                if random.random() < 0.6:
                    rows[oblast] = _blank(random, random.randint(0, 90))
                world.report_table(rows, oblast, period, **_how(random))
    return world


def _report(
    world: World, random: Random, totals: dict[tuple[str, str], list[int]], kato: str, period: str
) -> None:
    before = totals.get((kato, period[:4]), [0, 0, 0])
    told = [max(0, figure + random.randint(-2, 9)) for figure in before]
    totals[kato, period[:4]] = told
    registered, ended, interrupted = (_blank(random, figure) for figure in told)
    cells = figures(registered, in_month=random.randint(0, 5))
    cells |= {("R1", 1, 6): ended, ("R1", 1, 14): interrupted}
    cells["R9", 1, 1] = _blank(random, random.randint(0, 50))
    identifier = world.report(kato, period, cells, **_how(random))
    if random.random() < 0.1:
        world.warn(identifier, "R1", 1, random.choice((2, 6, None)))
    if random.random() < 0.05:
        world.submissions[-1]["is_counted"] = False


def _blank(random: Random, figure: int) -> float | None:
    return None if random.random() < 0.06 else figure


def _how(random: Random) -> dict[str, Any]:
    """A verdict and a moment; files come in the order in which they were received."""
    verdict = random.choice(("accepted",) * 6 + ("accepted_with_warnings", "rejected"))
    return {
        "verdict": verdict,
        "received_at": datetime(2024, 1, 20) + timedelta(days=random.randint(0, 700)),  # noqa: DTZ001
    }
