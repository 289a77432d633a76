"""Territories with validity, their names and codes in source files, and their population."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import StringConstraints

from warehouse.contracts.names import NamedUnit, NameIndex, NameMatch
from warehouse.core.errors import UserError
from warehouse.core.records import CONTRACTS_DIR, ContractError, Record, read_table
from warehouse.core.texts import LANGUAGES, Language

Kato = Annotated[str, StringConstraints(pattern=r"^\d{9}$")]
Level = Literal[
    "republic", "oblast", "republican_city", "oblast_city", "special", "district", "city_district"
]
Quality = Literal[
    "official_table",
    "official_table_preliminary",
    "official_table_prebreak",
    "press_citing_BNS",
    "press_derived",
    "press_rounded",
]

# A part of names that marts keep, so it changes no more than these do.
_UNTIL: dict[Language, str] = {"ru": "по {day}", "kk": "{day} дейін", "en": "until {day}"}

REPUBLIC = "000000000"
REGION_LEVELS: frozenset[Level] = frozenset({"oblast", "republican_city"})
_QUALITY_RANK = {quality: rank for rank, quality in enumerate(get_args(Quality))}
_DESCRIPTION = re.compile(r"^\s*\d+;\d+;19(?P<code>\d{2})%;")


class Territory(Record):
    """A unit under one KATO code; `valid_to` is the last day in force, None while in force."""

    kato: Kato
    parent_kato: Kato | None = None
    level: Level
    iso_3166_2: str | None = None
    name_ru: str
    name_kk: str
    name_en: str
    valid_from: date
    valid_to: date | None = None
    predecessor_kato: Kato | None = None
    split_from_kato: Kato | None = None
    note: str = ""

    def name(self, language: Language) -> str:
        """The name in a language; other units may have the same: see `Territories.label`."""
        return {"ru": self.name_ru, "kk": self.name_kk, "en": self.name_en}[language]

    def is_valid_on(self, day: date) -> bool:
        """Whether the unit was in force under this code on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class Alias(Record):
    """Another spelling of a unit's name."""

    kato: Kato
    alias: str
    lang: str
    source: str


class SourceCode(Record):
    """The region's number in the document properties of register workbooks."""

    code: Annotated[str, StringConstraints(pattern=r"^\d{2}$")]
    kato: Kato
    status: Literal["verified", "assumed"]


@dataclass(frozen=True)
class Territories(Mapping[str, Territory]):
    """All units by KATO code, closed ones included, in the order of the file."""

    units: tuple[Territory, ...]
    aliases: tuple[Alias, ...] = ()
    source_codes: tuple[SourceCode, ...] = ()
    _by_kato: dict[str, Territory] = field(init=False, repr=False, compare=False)
    _names: NameIndex = field(init=False, repr=False, compare=False)
    _namesakes: dict[Language, dict[str, list[Territory]]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        by_kato = {unit.kato: unit for unit in self.units}
        object.__setattr__(self, "_by_kato", by_kato)
        object.__setattr__(self, "_names", NameIndex(self._spellings()))
        namesakes: dict[Language, dict[str, list[Territory]]] = {}
        for language in LANGUAGES:
            namesakes[language] = defaultdict(list)
            for unit in self.units:
                namesakes[language][unit.name(language)].append(unit)
        object.__setattr__(self, "_namesakes", namesakes)

    def __getitem__(self, kato: str) -> Territory:
        return self._by_kato[kato]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_kato)

    def __len__(self) -> int:
        return len(self._by_kato)

    def valid_on(self, day: date, level: Level | None = None) -> tuple[Territory, ...]:
        """Units in force on `day`, of one level or of all."""
        return tuple(
            unit
            for unit in self.units
            if unit.is_valid_on(day) and (level is None or unit.level == level)
        )

    def regions_on(self, day: date) -> tuple[Territory, ...]:
        """Oblasts and cities of republican significance in force on `day`, by KATO."""
        regions = (unit for unit in self.valid_on(day) if unit.level in REGION_LEVELS)
        return tuple(sorted(regions, key=lambda unit: unit.kato))

    def children(self, kato: str, day: date) -> tuple[Territory, ...]:
        """Units directly below `kato` in force on `day`."""
        return tuple(unit for unit in self.valid_on(day) if unit.parent_kato == kato)

    def ancestors(self, kato: str) -> tuple[str, ...]:
        """Codes above `kato`, the nearest first; empty for the republic."""
        parent = self[kato].parent_kato
        return () if parent is None else (parent, *self.ancestors(parent))

    def label(self, kato: str, language: Language) -> str:
        """The name that no other unit has: with the oblast where units of today share the name,
        with the last day where a closed unit shares it. KeyError for an unknown code.
        """
        unit = self[kato]
        name = unit.name(language)
        namesakes = self._namesakes[language][name]
        current = sum(other.valid_to is None for other in namesakes)
        if len(namesakes) == 1 or (unit.valid_to is None and current == 1):
            return name
        above = (self[code] for code in (kato, *self.ancestors(kato)))
        oblast = next((u.name(language) for u in above if u.level in REGION_LEVELS), "")
        if unit.valid_to is None:
            return f"{name} ({oblast})"
        return f"{name} ({oblast}, {_UNTIL[language].format(day=f'{unit.valid_to:%d.%m.%Y}')})"

    def require(self, code: str) -> Territory:
        """The unit under a KATO code. UserError TERRITORY_CODE_UNKNOWN; for a name of a unit
        TERRITORY_NAMED with every unit that it can mean, so that the reader names one.
        """
        if code in self:
            return self[code]
        candidates = self.match_name(code).candidates
        if not candidates:
            raise UserError("TERRITORY_CODE_UNKNOWN", value=code)
        listed = {
            language: "; ".join(f"{k} — {self.label(k, language)}" for k in candidates)
            for language in LANGUAGES
        }
        raise UserError("TERRITORY_NAMED", value=code, units=listed)

    def match_name(
        self, text: str, levels: frozenset[Level] | None = None, day: date | None = None
    ) -> NameMatch:
        """The unit that `text` names: a file name, a document title, a cell.

        `levels` limits the search (an oblast and its centre often share a name). With `day`,
        units in force then; without, units in force now and, failing them, closed ones.
        """
        eligible = [unit for unit in self.units if levels is None or unit.level in levels]
        if day is not None:
            return self._match(text, frozenset(u.kato for u in eligible if u.is_valid_on(day)))
        current = self._match(text, frozenset(u.kato for u in eligible if u.valid_to is None))
        if current.candidates:
            return current
        return self._match(text, frozenset(u.kato for u in eligible))

    def match_among(self, text: str, katos: frozenset[str]) -> NameMatch:
        """The unit among `katos` that `text` names."""
        return self._match(text, katos)

    def source_code(self, description: str) -> SourceCode | None:
        """The region named by a document description such as `28327;50119;1943%;__`."""
        match = _DESCRIPTION.match(description)
        code = match["code"] if match else None
        return next((entry for entry in self.source_codes if entry.code == code), None)

    def _match(self, text: str, allowed: frozenset[str]) -> NameMatch:
        names = self._names.find(text, allowed)
        # "Алматы облысы Талғар ауданы" names a district by way of its oblast.
        ways = {
            above
            for kato in names
            for above in self.ancestors(kato)
            if names.get(above, names[kato]) != names[kato]
        }
        candidates = tuple(sorted(kato for kato in names if kato not in ways))
        return NameMatch(candidates[0] if len(candidates) == 1 else None, candidates)

    def _spellings(self) -> Iterator[NamedUnit]:
        for unit in self.units:
            for name in (unit.name_ru, unit.name_kk, unit.name_en):
                yield NamedUnit(unit.kato, unit.level, name)
        for alias in self.aliases:
            yield NamedUnit(alias.kato, self[alias.kato].level, alias.alias)


class PopulationFigure(Record):
    """Inhabitants (persons) of a unit on a reference date."""

    kato: Kato
    date: date
    population: int
    male: int | None = None
    female: int | None = None
    urban: int | None = None
    rural: int | None = None
    quality: Quality
    source: str


@dataclass(frozen=True, slots=True)
class PopulationOnDate:
    """A population to divide by: persons, the date it was counted for, how good it is."""

    value: int
    reference_date: date
    quality: Quality


@dataclass(frozen=True)
class Population:
    """Population figures of all units."""

    figures: tuple[PopulationFigure, ...]
    territories: Territories
    _best: dict[str, dict[date, PopulationFigure]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        best: dict[str, dict[date, PopulationFigure]] = defaultdict(dict)
        for figure in sorted(self.figures, key=lambda f: _QUALITY_RANK[f.quality], reverse=True):
            best[figure.kato][figure.date] = figure
        object.__setattr__(self, "_best", dict(best))

    def population_on(self, kato: str, day: date) -> PopulationOnDate | None:
        """Inhabitants within the boundaries of `day`; None when no figure is known.

        Takes the latest reference date not after 1 January of that year (one denominator for all
        months of a year), else the earliest after it, and the best quality on that date. Tables
        are published in the boundaries of their own day: units that were still part of `kato` on
        `day` are added back.
        """
        figures = self._best.get(kato)
        if not figures:
            return None
        earlier = [reference for reference in figures if reference <= date(day.year, 1, 1)]
        reference = max(earlier) if earlier else min(figures)
        parts = [figures[reference], *self._split_off_later(kato, day, reference)]
        worst = max(parts, key=lambda figure: _QUALITY_RANK[figure.quality])
        return PopulationOnDate(sum(p.population for p in parts), reference, worst.quality)

    def _split_off_later(self, kato: str, day: date, reference: date) -> list[PopulationFigure]:
        later = (
            unit.kato
            for unit in self.territories.units
            if unit.split_from_kato == kato and unit.valid_from > day
        )
        return [
            self._best[unit][reference] for unit in later if reference in self._best.get(unit, {})
        ]


def load_territories(root: Path = CONTRACTS_DIR) -> Territories:
    """Read `territories/` below `root`; raises ContractError naming file and place."""
    folder = root / "territories"
    territories = Territories(
        units=read_table(folder / "territories.csv", Territory),
        aliases=read_table(folder / "aliases.csv", Alias),
        source_codes=read_table(folder / "source_codes.csv", SourceCode),
    )
    _require_known_references(folder / "territories.csv", territories)
    return territories


def load_population(territories: Territories, root: Path = CONTRACTS_DIR) -> Population:
    """Read `territories/population.csv` below `root`."""
    path = root / "territories" / "population.csv"
    figures = read_table(path, PopulationFigure)
    unknown = {figure.kato for figure in figures} - set(territories)
    if unknown:
        raise ContractError(f"{path}: kato: not in territories.csv: {sorted(unknown)}")
    return Population(figures, territories)


def _require_known_references(path: Path, territories: Territories) -> None:
    for unit in territories.units:
        for key in ("parent_kato", "predecessor_kato", "split_from_kato"):
            code = getattr(unit, key)
            if code is not None and code not in territories:
                raise ContractError(f"{path}: {unit.kato}.{key}: unknown code {code}")
    if len(territories) != len(territories.units):
        raise ContractError(f"{path}: kato: a code stands twice")
