"""What a build has to compute: the years in which its inputs differ from those of the last release.

A figure depends on the contracts and on what was received for its own year and, for the comparison,
for the year before. So a changed year is computed again together with the year after it; the year
before is read beside them. Every other year is taken over from the release in force. What cannot be
proved unchanged is computed: without a sound release to start from, everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from warehouse.build.schemas import SCHEMAS
from warehouse.build.transform import models_hash
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.core.settings import Engine
from warehouse.releases import catalogue, verification
from warehouse.releases.manifest import library_versions

YEARLY = ("expected_submitters", "submissions")
"""Input tables whose rows belong to the year of their `period_month`."""
BY_SUBMISSION = ("findings", "cell_files")
"""Input tables whose rows belong to the year of their submission."""


class Whole(StrEnum):
    """Why everything is computed."""

    NO_RELEASE = "no_release"
    RELEASE_DAMAGED = "release_damaged"
    MODELS_CHANGED = "models_changed"
    CONTRACTS_CHANGED = "contracts_changed"
    OTHER_YEARS = "other_years"
    ALL_YEARS_CHANGED = "all_years_changed"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Plan:
    """`years` are computed and `context` is read beside them; the others come from `base`.

    Without a `base` all `years` are computed, and `reason` says why.
    """

    years: tuple[int, ...]
    context: tuple[int, ...] = ()
    base: str | None = None
    reason: Whole | None = None

    models: str = field(default_factory=models_hash)
    """Hash of the models that the plan was made for."""

    @property
    def read(self) -> tuple[int, ...]:
        """Years whose inputs the models read."""
        return tuple(sorted({*self.years, *self.context}))

    def as_json(self) -> str:
        """For another process; see `from_json`."""
        return TypeAdapter(Plan).dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read what `as_json` wrote."""
        return TypeAdapter(cls).validate_json(text)


@dataclass(frozen=True)
class Inputs:
    """The input tables of a build in memory, with the year of each row that has one."""

    tables: Mapping[str, pa.Table]
    years_of: Mapping[str, np.ndarray] = field(repr=False)

    @classmethod
    def read(cls, directory: Path) -> Inputs:
        """Read every input table; FileNotFoundError when one is missing.

        UserError BUILD_INCOMPLETE names columns in which a table of another version differs.
        """
        tables = {name: _read_table(directory / f"{name}.parquet") for name in SCHEMAS}
        years = {name: _years(tables[name]["period_month"]) for name in YEARLY}
        submissions = tables["submissions"]["submission_id"]
        for name in BY_SUBMISSION:
            places = pc.index_in(tables[name]["submission_id"], submissions)
            years[name] = years["submissions"][places.to_numpy()]
        return cls(tables, years)

    @property
    def years(self) -> tuple[int, ...]:
        """Every year that has a submission."""
        return tuple(np.unique(_years(self.tables["periods"]["period_month"])).tolist())

    def of_year(self, name: str, year: int) -> pa.Table:
        """Rows of one year as far as figures depend on them."""
        found = self.tables[name].filter(pa.array(self.years_of[name] == year))
        if name != "submissions":
            return found
        # A number in the order of receipt moves when something comes in for another year; the
        # order within the year is what counts.
        return found.sort_by("sequence").drop_columns("sequence")

    def of_years(self, years: Sequence[int]) -> dict[str, pa.Table]:
        """All tables, those that belong to years with the rows of `years` only."""
        return {
            name: table.filter(pa.array(np.isin(self.years_of[name], years)))
            if name in self.years_of
            else table
            for name, table in self.tables.items()
        }


def whole(inputs: Inputs) -> Plan:
    """Everything, because somebody asked for it."""
    return Plan(inputs.years, reason=Whole.ASKED)


def plan(home: Home, inputs: Inputs, engine: Engine = "duckdb") -> Plan:
    """What `engine` has to compute, given the release in force.

    Everything where another engine made that: equal figures are tested, not proved.
    """
    base = catalogue.current(home)
    if base is None:
        return Plan(inputs.years, reason=Whole.NO_RELEASE)
    try:
        manifest = catalogue.read_manifest(home, base)
        made_with = (manifest.models_hash, manifest.libraries)
        if made_with != (models_hash(), library_versions(engine)):
            return Plan(inputs.years, reason=Whole.MODELS_CHANGED)
        if not verification.is_sound(home, base):
            return Plan(inputs.years, reason=Whole.RELEASE_DAMAGED)
        before = Inputs.read(catalogue.directory(home, base) / "inputs")
    except (OSError, ValueError, KeyError, pa.ArrowException, UserError):
        return Plan(inputs.years, reason=Whole.RELEASE_DAMAGED)
    return _compare(inputs, before, base)


def _compare(inputs: Inputs, before: Inputs, base: str) -> Plan:
    if inputs.years != before.years:
        # Dimensions tell the latest of what they know, so a new year may show in every other.
        return Plan(inputs.years, reason=Whole.OTHER_YEARS)
    shared = [name for name in SCHEMAS if name not in inputs.years_of]
    if any(not inputs.tables[name].equals(before.tables[name]) for name in shared):
        return Plan(inputs.years, reason=Whole.CONTRACTS_CHANGED)
    changed = {year for year in inputs.years if _differs(inputs, before, year)}
    years = {year for year in inputs.years if year in changed or year - 1 in changed}
    if years and years.issuperset(inputs.years):
        return Plan(inputs.years, reason=Whole.ALL_YEARS_CHANGED)
    context = {year - 1 for year in years} & set(inputs.years) - years
    return Plan(tuple(sorted(years)), tuple(sorted(context)), base)


def _differs(inputs: Inputs, before: Inputs, year: int) -> bool:
    return any(
        not inputs.of_year(name, year).equals(before.of_year(name, year))
        for name in (*YEARLY, *BY_SUBMISSION)
    )


def _read_table(file: Path) -> pa.Table:
    table = pq.read_table(file)
    if other := set(SCHEMAS[file.stem].names) ^ set(table.column_names):
        problem = f"{file.name}: {', '.join(sorted(other))}"
        raise UserError("BUILD_INCOMPLETE", build=file.parent.parent.name, problem=problem)
    return table


def _years(months: pa.ChunkedArray) -> np.ndarray:
    years: np.ndarray = pc.year(months).to_numpy()
    return years
