"""From the bytes of a workbook to the figures of a form, with everything that is odd about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ingestion.findings import Findings, note_version
from ingestion.read.formulas import error_cells, formula_cells
from ingestion.read.safety import Inspection, Limits, inspect
from ingestion.read.workbook import (
    DocumentProperties,
    Grid,
    UnreadableError,
    Workbook,
)
from ingestion.recognise.cells import TextCell, is_truncated, read_figures
from ingestion.recognise.expected import ExpectedForm, ExpectedSection, expected_form
from ingestion.recognise.locate import ABSENT, Table, locate
from ingestion.recognise.origin import infer_territory, statements
from ingestion.recognise.sheets import Assignment, recognise, sheet_key
from ingestion.recognise.structure import note_structure
from ingestion.recognise.versions import other_version
from ingestion.tables.files import (
    TextTable,
    is_opendocument,
    opendocument_problems,
    read_text_table,
)
from ingestion.tables.read import find_table, read_table
from warehouse.contracts import Contracts, Form
from warehouse.contracts.cells import column_letters
from warehouse.ledger import Finding


@dataclass(frozen=True, slots=True)
class Place:
    """Where the lines and columns of a section stand on a sheet; from 0, ABSENT where missing."""

    sheet: str
    left_edge: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

    def cell(self, line: int, form_column: int) -> str | None:
        """A1 address by place of line and column in the contract, None where there is no cell."""
        row, column = self.rows[line], self.columns[form_column]
        if row == ABSENT or column == ABSENT:
            return None
        return f"{column_letters(int(column) + self.left_edge + 1)}{int(row) + 1}"


@dataclass(frozen=True, slots=True)
class Extract:
    """What a workbook says. Small enough to travel between processes.

    `values` has one figure per coordinate of the form, NaN where none could be read; empty when
    the form was not recognised. `texts` are cells with more than a plain number, by place of the
    section.
    """

    findings: tuple[Finding, ...]
    properties: DocumentProperties
    form_code: str | None = None
    form_version: str | None = None
    values: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    places: tuple[Place | None, ...] = ()
    texts: tuple[tuple[int, TextCell], ...] = ()
    formulas: frozenset[tuple[str, str]] = frozenset()
    """(sheet, address) of cells with a formula."""
    errors: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(sheet, address) of cells that show an error of Excel, and the error."""
    territory: str | None = None
    """Whose rows a table was read for."""


def extract(
    content: bytes,
    contracts: Contracts,
    *,
    period: str,
    form_code: str | None,
    limits: Limits,
    territory: str | None = None,
    file_name: str = "",
) -> Extract:
    """Read a file that may be anything; what is wrong with it is in the findings.

    Tables are read for `territory`, or for that which the file itself names.
    """
    findings = Findings(contracts)
    sender = Sender(contracts, period, form_code, territory, file_name)
    if text_table := read_text_table(content, limits):
        return _read_table_file(
            [text_table.grid], DocumentProperties(), sender, findings, text_table
        )
    is_ods = is_opendocument(content)
    inspection = (
        Inspection(tuple(opendocument_problems(content, limits)))
        if is_ods
        else inspect(content, limits)
    )
    for problem in inspection.problems:
        findings.add(problem.code, **problem.params)
    if inspection.problems:
        return Extract(tuple(findings.items), DocumentProperties())
    try:
        return _read_workbook(content, inspection, is_ods, sender, findings)
    except UnreadableError as error:
        findings = Findings(contracts)
        if error.part:
            findings.add("FILE_UNREADABLE", part=error.part, reason=error.reason)
        else:
            findings.add("DAMAGED_WORKBOOK", reason=error.reason)
        return Extract(tuple(findings.items), DocumentProperties())


def _read_workbook(
    content: bytes, inspection: Inspection, is_ods: bool, sender: Sender, findings: Findings
) -> Extract:
    """Read a file that is safe to open; UnreadableError when a part of it is damaged."""
    contracts, period, form_code = sender.contracts, sender.period, sender.form_code
    workbook = Workbook(content)
    grids = [workbook.grid(name) for name in workbook.sheet_names]
    properties = workbook.properties
    candidate = find_table(grids, contracts, period, form_code)
    if is_ods or candidate is not None:
        read = _read_table_file(grids, properties, sender, findings)
        return read if is_ods else _with_errors(read, content)
    assignment = _recognise(grids, contracts, period, form_code, findings)
    if assignment is None:
        return Extract(tuple(findings.items), properties)
    if other := _other_version(grids, assignment, contracts):
        return _of_other_version(other, assignment.form.form, properties, period, findings)
    formulas = formula_cells(content, inspection.formulas) if inspection.formulas else frozenset()
    return _with_errors(_read(workbook, grids, assignment, properties, formulas, findings), content)


def _with_errors(read: Extract, content: bytes) -> Extract:
    """The parser leaves cells with an error of Excel empty: look where something is missing."""
    return replace(read, errors=error_cells(content)) if np.isnan(read.values).any() else read


@dataclass(frozen=True, slots=True)
class Sender:
    """What the sender of a file says about it."""

    contracts: Contracts
    period: str
    form_code: str | None
    territory: str | None
    file_name: str


def _read_table_file(
    grids: list[Grid],
    properties: DocumentProperties,
    sender: Sender,
    findings: Findings,
    text_table: TextTable | None = None,
) -> Extract:
    """Read a file whose rows are territories; its form must be certain, and whose it is."""
    contracts, period = sender.contracts, sender.period
    candidate = find_table(grids, contracts, period, sender.form_code)
    if candidate is None:
        known = ", ".join(form.code for form in contracts.table_forms)
        findings.add("TABLE_FORM_UNKNOWN", forms=known)
        return Extract(tuple(findings.items), properties)
    code = candidate.form.code
    if sender.form_code not in (None, code):
        findings.add("FORM_MISMATCH", found=code, expected=sender.form_code)
    stated = infer_territory(statements(contracts, properties, sender.file_name))
    own = candidate.identity.territory if candidate.identity else None
    territory = sender.territory or own or stated
    if territory not in contracts.territories:
        findings.add("TABLE_TERRITORY_NEEDED", form=code)
        return Extract(tuple(findings.items), properties)
    form = contracts.form(code, period, territory)
    comma = text_table is not None and text_table.decimal_comma
    table = read_table(candidate, form, contracts, period, findings, decimal_comma=comma)
    values = np.full(len(form.coordinates), np.nan) if table is None else table.values
    place = (
        Place(candidate.grid.sheet, candidate.grid.left_edge, table.rows, table.columns)
        if table is not None
        else None
    )
    return Extract(
        findings=tuple(findings.items),
        properties=properties,
        form_code=code,
        form_version=form.version,
        values=values,
        places=(place,),
        texts=tuple((0, text) for text in (table.texts if table else ())),
        territory=territory,
    )


def _recognise(
    grids: list[Grid],
    contracts: Contracts,
    period: str,
    form_code: str | None,
    findings: Findings,
) -> Assignment | None:
    in_force = [form for form in contracts.official_forms if form.valid_in(period)]
    assignment = recognise(grids, _prepared(contracts, in_force))
    if assignment is None:
        others = [form for form in contracts.official_forms if form not in in_force]
        if other := recognise(grids, _prepared(contracts, others)):
            _note_not_in_force(other.form.form, in_force, period, findings)
        else:
            known = ", ".join(sorted(contracts.forms))
            findings.add("FORM_UNKNOWN", sheets=", ".join(g.sheet for g in grids), forms=known)
        return None
    found = assignment.form.form.code
    if form_code is not None and form_code != found:
        findings.add("FORM_MISMATCH", found=found, expected=form_code)
    return assignment


def _note_not_in_force(
    found: Form, in_force: Iterable[Form], period: str, findings: Findings
) -> None:
    """Another version of a form in force, or a form of which no version is."""
    expected = next((form for form in in_force if form.code == found.code), None)
    if expected is None:
        findings.add("FORM_NOT_IN_FORCE", form=found.code, period=period)
    else:
        note_version(found.version, expected, period, findings)


def _other_version(
    grids: Iterable[Grid], assignment: Assignment, contracts: Contracts
) -> Form | None:
    """The other version of the form that the sheets are laid out as; None for that in force."""
    form = assignment.form.form
    others = [f for f in contracts.official_forms if f.code == form.code and f != form]
    by_name = {grid.sheet: grid for grid in grids}
    sheets = {code: by_name[name] for code, name in assignment.sheets.items()}
    found = other_version(sheets, assignment.form, _prepared(contracts, others))
    return found.form if found else None


def _of_other_version(
    found: Form, form: Form, properties: DocumentProperties, period: str, findings: Findings
) -> Extract:
    """No figures: what stands in a line of one version may be something else in the other."""
    note_version(found.version, form, period, findings)
    return Extract(
        findings=tuple(findings.items),
        properties=properties,
        form_code=form.code,
        form_version=form.version,
        values=np.full(len(form.coordinates), np.nan),
        places=(None,) * len(form.sections),
    )


def _prepared(contracts: Contracts, forms: Iterable[Form]) -> list[ExpectedForm]:
    return [expected_form(contracts, form) for form in forms]


def _read(
    workbook: Workbook,
    grids: list[Grid],
    assignment: Assignment,
    properties: DocumentProperties,
    formulas: frozenset[tuple[str, str]],
    findings: Findings,
) -> Extract:
    form = assignment.form.form
    by_name = {grid.sheet: grid for grid in grids}
    for sheet in assignment.extra:
        findings.add("SHEET_EXTRA", sheet=sheet)
    values = np.full(len(form.coordinates), np.nan)
    places: list[Place | None] = []
    texts: list[tuple[int, TextCell]] = []
    for index, section in enumerate(assignment.form.sections):
        grid = by_name.get(assignment.sheets.get(section.section.code, ""))
        table = _locate(grid, section, findings)
        if grid is None or table is None:
            places.append(None)
            continue
        note_structure(grid, table, section, findings)
        truncated = not section.integral.all() and is_truncated(grid, table)
        figures = read_figures(grid, table, workbook.numbers(grid.sheet) if truncated else None)
        values[form.offsets[index] : form.offsets[index + 1]] = figures.values.ravel()
        texts.extend((index, text) for text in figures.texts)
        places.append(Place(grid.sheet, grid.left_edge, table.rows, table.columns))
    return Extract(
        findings=tuple(findings.items),
        properties=properties,
        form_code=form.code,
        form_version=form.version,
        values=values,
        places=tuple(places),
        texts=tuple(texts),
        formulas=formulas,
    )


def _locate(grid: Grid | None, section: ExpectedSection, findings: Findings) -> Table | None:
    code, name = section.section.code, section.section.sheet
    title = section.section.title.ru
    if grid is None:
        findings.add("SHEET_MISSING", section=code, expected=name, title=title)
        return None
    if sheet_key(grid.sheet) != sheet_key(name):
        findings.add(
            "SHEET_RENAMED", sheet=grid.sheet, section=code, found=grid.sheet, expected=name
        )
    if grid.row_count == 0:
        findings.add("SHEET_EMPTY", sheet=grid.sheet, section=code, title=title)
        return None
    table = locate(grid, section)
    if table is None:
        findings.add("TABLE_NOT_FOUND", sheet=grid.sheet, section=code, title=title)
    return table
