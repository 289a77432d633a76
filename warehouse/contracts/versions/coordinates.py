"""Where the cells of indicators and measures stand in each version of their form."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from warehouse.contracts.breaks import Break
from warehouse.contracts.forms import Form
from warehouse.contracts.indicators import (
    POPULATION,
    Basis,
    Confirmation,
    Indicator,
    Indicators,
    Mart,
    Source,
)
from warehouse.contracts.versions.changes import Succession
from warehouse.contracts.versions.crosswalk import LostError
from warehouse.contracts.versions.history import Cell, History, LostCellsError
from warehouse.core.clock import period_month
from warehouse.core.records import ContractError


class SourceCell(NamedTuple):
    """One cell that an indicator adds up in one version of its form."""

    indicator_code: str
    basis: Basis
    form: str
    version: str
    section: str
    line: int
    column: int
    sign: int


class MeasureCell(NamedTuple):
    """One cell of a measure of an offence in one version of its form."""

    measure: str
    offence: int
    form: str
    version: str
    section: str
    line: int
    column: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class Absence:
    """Months, both included, in which the form in force does not carry an indicator."""

    indicator_code: str
    first: str
    last: str | None


@dataclass(frozen=True)
class Placed:
    """The cells of all indicators in all versions, and the breaks that the versions bring."""

    cells: tuple[SourceCell, ...]
    breaks: tuple[Break, ...]


def place_indicators(
    indicators: Indicators, histories: Mapping[str, History], root: Path
) -> Placed:
    """Follow every indicator through the versions of its form.

    Raises ContractError for a coordinate that its version has not, and for a figure that a version
    cannot tell although `ended` does not name it.
    """
    cells: list[SourceCell] = []
    touched: dict[Path, set[str]] = defaultdict(set)
    lost: dict[Path, dict[str, str]] = defaultdict(dict)
    for entry in indicators.values():
        _check_written(entry, histories, root)
        for basis, form in sorted({(source.basis, source.form) for source in entry.sources}):
            written = [s for s in entry.sources if (s.basis, s.form) == (basis, form)]
            series = _Series(entry.code, basis, histories[form], written)
            cells += series.cells()
            for file, problem in series.lost.items():
                lost[file][entry.code] = problem
            for file in series.changed:
                touched[file].add(entry.code)
    breaks = []
    for history in histories.values():
        for step in history.successions:
            _check_ended(step, lost[step.file])
            if codes := sorted(touched[step.file] | set(lost[step.file])):
                breaks.append(_break(step, tuple(codes)))
    return Placed(tuple(cells), tuple(breaks))


class _Series:
    """The sources of one basis of an indicator, through the versions of its form.

    Printed months only confirm: what becomes of them neither ends nor breaks a series.
    """

    def __init__(
        self, indicator: str, basis: Basis, history: History, sources: Iterable[Source]
    ) -> None:
        self._indicator, self._basis = indicator, basis
        self._history = history
        self._written: dict[int, list[Cell]] = defaultdict(list)
        for source in sources:
            self._written[history.place(source.version)] += [
                Cell(source.section, line, source.column, source.sign) for line in source.lines
            ]
        self.lost: dict[Path, str] = {}
        self.changed: set[Path] = set()

    def cells(self) -> Iterator[SourceCell]:
        """The cells in every version that can tell the figure."""
        for place, form in enumerate(self._history.versions):
            start = self._nearest(place)
            try:
                found = self._history.follow(self._written[start], start, place)
            except LostCellsError as error:
                if start < place and self._basis == "ytd":
                    self.lost[error.at.file] = error.problem
                continue
            self._note_changes(found, start, place)
            for cell in sorted(found):
                yield SourceCell(
                    self._indicator,
                    self._basis,
                    form.code,
                    form.version,
                    cell.section,
                    cell.line,
                    cell.column,
                    cell.sign,
                )

    def _nearest(self, place: int) -> int:
        """The version that speaks for this one: the latest before it, else the first after."""
        before = [start for start in self._written if start <= place]
        return max(before) if before else min(self._written)

    def _note_changes(self, cells: frozenset[Cell], start: int, place: int) -> None:
        if start < place and self._basis == "ytd":
            step = self._history.successions[place - 1]
            if any(step.is_changed(cell.section, cell.line, cell.column) for cell in cells):
                self.changed.add(step.file)


def _check_written(entry: Indicator, histories: Mapping[str, History], root: Path) -> None:
    written: tuple[Source | Confirmation, ...] = (*entry.sources, *entry.confirmed_by)
    for source in written:
        place = f"{root / 'indicators'}: {entry.code}"
        if source.form not in histories:
            raise ContractError(f"{place}: no form {source.form!r}")
        history = histories[source.form]
        try:
            form = history.versions[history.place(source.version)]
        except KeyError as error:
            raise ContractError(f"{place}: {error.args[0]}") from error
        if problem := _absent(form, source.section, source.lines, source.column):
            raise ContractError(f"{place}: version {form.version} of {form.code} has no {problem}")
    added = Counter(
        (source.basis, source.form, source.version, source.section, line, source.column)
        for source in entry.sources
        for line in source.lines
    )
    if twice := [cell for cell, count in added.items() if count > 1]:
        *_, section, line, column = twice[0]
        raise ContractError(
            f"{root / 'indicators'}: {entry.code}: line {line}, column {column} of section"
            f" {section} is added twice"
        )


def _absent(form: Form, section: str, lines: Iterable[int], column: int) -> str | None:
    if section not in form.section_index:
        return f"section {section}"
    found = form.section(section)
    if missing := [line for line in lines if line not in found.line_index]:
        return f"line {', '.join(map(str, missing))} in section {section}"
    return None if column in found.column_index else f"column {column} in section {section}"


def _check_ended(step: Succession, lost: Mapping[str, str]) -> None:
    said = set(step.changes.ended.indicators)
    if unsaid := sorted(set(lost) - said):
        named = "; ".join(f"{code}: {lost[code]}" for code in unsaid)
        raise ContractError(
            f"{step.file}: ended.indicators: this version cannot tell {named}. Say what became of"
            f" these lines and columns, give the indicators sources with"
            f" version: {step.later.version!r}, or name them here"
        )
    if stale := sorted(said - set(lost)):
        raise ContractError(f"{step.file}: ended.indicators: {', '.join(stale)} goes on")


def _break(step: Succession, indicators: tuple[str, ...]) -> Break:
    changes, form = step.changes, step.later
    if changes.reason is None:
        raise ContractError(f"{step.file}: reason: why do {', '.join(indicators)} break?")
    name = f"form_{form.code}_{form.version}".lower()
    return Break(
        id="".join(c if c.isascii() and c.isalnum() else "_" for c in name),
        indicators=indicators,
        from_month=period_month(form.valid_from),
        reason=changes.reason,
        source=changes.source,
        verified=changes.verified,
    )


def absences(
    indicators: Indicators, cells: Iterable[SourceCell], histories: Mapping[str, History]
) -> Iterator[Absence]:
    """The months in which a form is in force that does not carry an indicator of it."""
    told = {(c.indicator_code, c.form, c.version) for c in cells if c.basis == "ytd"}
    for entry in indicators.values():
        parts = _parts(entry, indicators)
        for form in {source.form for part in parts for source in part.sources}:
            for version in histories[form].versions:
                keys = [(part.code, form, version.version) for part in parts if part.sources]
                if not told.issuperset(keys):
                    yield Absence(entry.code, version.valid_from, version.valid_to)


def _parts(entry: Indicator, indicators: Indicators) -> list[Indicator]:
    """What an indicator is computed from: itself, or the operands of its formula."""
    if entry.status != "derived" or entry.formula is None:
        return [entry]
    operands = {*entry.formula.numerator, *entry.formula.denominator} - {POPULATION}
    return [indicators[code] for code in sorted(operands)]


def place_measures(mart: Mart, history: History) -> tuple[MeasureCell, ...]:
    """The cells of every measure of every offence of a fact table, in each version of its form.

    Raises ContractError for a coordinate that the first version has not, and for a measure that a
    version cannot tell although `ended` does not name it.
    """
    first = history.versions[0]
    for measure in mart.measures:
        if problem := _absent(first, measure.section, (), measure.column):
            raise ContractError(
                f"marts: {mart.mart}: {measure.name}: version {first.version} of {first.code} has"
                f" no {problem}"
            )
    cells: list[MeasureCell] = []
    lost: dict[Path, set[str]] = defaultdict(set)
    for measure in mart.measures:
        for place, form in enumerate(history.versions):
            try:
                columns = _columns(history, measure.section, measure.column, place)
            except LostCellsError as error:
                lost[error.at.file].add(measure.name)
                continue
            cells += [
                MeasureCell(
                    measure.name,
                    line.offence,
                    form.code,
                    form.version,
                    measure.section,
                    line.code,
                    column,
                    measure.basis,
                )
                for line in form.section(measure.section).lines
                if line.offence is not None
                and (mart.offences is None or line.offence in mart.offences)
                for column in columns
            ]
    for step in history.successions:
        if lost[step.file] != set(step.changes.ended.measures):
            named = ", ".join(sorted(lost[step.file])) or "none"
            raise ContractError(f"{step.file}: ended.measures: this version cannot tell {named}")
    return tuple(cells)


def _columns(history: History, section: str, column: int, place: int) -> list[int]:
    """The columns of a version that hold a column of the first one."""
    columns = {column}
    for step in history.successions[:place]:
        if section not in step.columns:
            raise LostCellsError(step, f"section {section}")
        try:
            columns = set(step.columns[section].follow(columns))
        except LostError as error:
            raise LostCellsError(step, f"column {error} of section {section}") from error
    return sorted(columns)
