"""Turn the rows that the gate refuses into findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from expectations.submission_gate import Failure
from ingestion.findings import Findings
from ingestion.judge.control_rules import (
    CompiledRules,
    evaluate,
)
from ingestion.judge.extract import Extract, Place
from ingestion.read.normalise import Reading
from ingestion.read.workbook import reference
from ingestion.recognise.locate import ABSENT
from warehouse.contracts import Contracts, Form
from warehouse.contracts.cells import column_letters
from warehouse.ledger import Finding

if TYPE_CHECKING:
    pass
from ingestion.judge.frames import Laid, compiled_rules, limits

_READING_CODES = {
    Reading.PLACEHOLDER: "PLACEHOLDER_TEXT",
    Reading.AMBIGUOUS: "AMBIGUOUS_NUMBER",
    Reading.DATE: "DATE_IN_CELL",
    Reading.NOT_A_NUMBER: "NOT_A_NUMBER",
}
# From so many breaches of one rule in one section on, they become one finding with all the cells.
_GROUPED_FROM = 20
# With more terms a comparison is shown at its total alone.
_FEW_CELLS = 12


def explain(
    failures: Iterable[Failure], extract: Extract, laid: Laid, form: Form, contracts: Contracts
) -> list[Finding]:
    """Findings for what the gate refused in one submission, and for what is merely odd."""
    findings = Findings(contracts)
    for index, broken_count, checked in laid.damaged:
        place, section = extract.places[index], form.sections[index]
        findings.add(
            "SHEET_DAMAGED",
            sheet=place.sheet if place else section.sheet,
            section=section.code,
            found=broken_count,
            count=checked,
        )
    by_check: dict[tuple[str, str], list[int]] = defaultdict(list)
    for failure in failures:
        by_check[failure.frame, failure.check].append(failure.item)
    _note_texts(extract, form, findings)
    blank_formulas = _note_blanks(by_check["lines", "complete"], extract, form, findings)
    _note_formulas(extract, blank_formulas, findings)
    _note_figures("NEGATIVE_FIGURE", by_check["figures", "sign"], extract, form, findings)
    _note_figures("FIGURE_OUT_OF_RANGE", by_check["figures", "size"], extract, form, findings)
    _note_figures("FRACTIONAL_FIGURE", by_check["figures", "integral"], extract, form, findings)
    broken = sorted(by_check["equal", "rule"] + by_check["at_least", "rule"])
    if broken:
        rules = compiled_rules(contracts, form)
        note_breaches(rules, broken, {form.code: extract.values}, extract, form, findings)
    return findings.items


def _note_texts(extract: Extract, form: Form, findings: Findings) -> None:
    for index, text in extract.texts:
        section, place = form.sections[index], extract.places[index]
        if text.figure.reading is Reading.PLAIN or place is None:
            continue
        as_number = text.figure.reading is Reading.WRITTEN_AS_TEXT
        code = "NUMBER_AS_TEXT" if as_number else _READING_CODES[text.figure.reading]
        choices = " / ".join(text.figure.choices)
        findings.add(
            code,
            sheet=place.sheet,
            cell=place.cell(text.line, text.column),
            section=section.code,
            line=section.lines[text.line].code,
            column=section.columns[text.column].number,
            found=text.text.strip().removesuffix(" 00:00:00"),
            expected=number_text(text.figure.value) if text.figure.value is not None else None,
            **({"choices": choices} if choices else {}),
        )


def _note_blanks(
    items: list[int], extract: Extract, form: Form, findings: Findings
) -> set[tuple[str, str]]:
    """One finding per empty column, else line, else cell. Returns the formulas among them."""
    starts = np.cumsum([0, *(len(section.lines) for section in form.sections)])
    lines_of: dict[int, list[int]] = defaultdict(list)
    for item in items:
        index = int(np.searchsorted(starts, item, side="right")) - 1
        lines_of[index].append(item - int(starts[index]))
    texts = {(index, text.line, text.column) for index, text in extract.texts}
    formulas: set[tuple[str, str]] = set()
    for index, lines in lines_of.items():
        place = extract.places[index]
        if place is not None:
            formulas |= _note_section_blanks(index, lines, place, texts, extract, form, findings)
    return formulas


def _note_section_blanks(
    index: int,
    lines: list[int],
    place: Place,
    texts: set[tuple[int, int, int]],
    extract: Extract,
    form: Form,
    findings: Findings,
) -> set[tuple[str, str]]:
    section = form.sections[index]
    where: dict[str, Any] = {"sheet": place.sheet, "section": section.code}
    there = (place.rows != ABSENT)[:, None] & (place.columns != ABSENT)[None, :]
    values = extract.values[form.offsets[index] : form.offsets[index + 1]].reshape(there.shape)
    blank = np.isnan(values) & there
    for other, line, column in texts:
        if other == index:
            blank[line, column] = False
    whole = blank.any(axis=0) & (blank == there).all(axis=0)
    for column in np.flatnonzero(whole & (len(lines) > 1)).tolist():
        first = int(np.flatnonzero(blank[:, column])[0])
        findings.add(
            "COLUMN_BLANK",
            **where,
            column=section.columns[column].number,
            cell=place.cell(first, column),
            count=int(blank[:, column].sum()),
            cells=_column_ranges(place, np.flatnonzero(blank[:, column]), column),
        )
        blank[:, column] = False
    formulas: set[tuple[str, str]] = set()
    for line in lines:
        empty = np.flatnonzero(blank[line]).tolist()
        cells = {column: place.cell(line, column) or "" for column in empty}
        code = section.lines[line].code
        unread = _unread(place, cells, extract)
        formulas |= {(place.sheet, cells[column]) for column in unread}
        for column, why in unread.items():
            cell, number = cells[column], section.columns[column].number
            shown = extract.errors.get((place.sheet, cell))
            findings.add(why, **where, line=code, column=number, cell=cell, found=shown)
        rest = [column for column in empty if column not in unread]
        if len(rest) == 1:
            number = section.columns[rest[0]].number
            findings.add("FIGURE_MISSING", **where, line=code, column=number, cell=cells[rest[0]])
        elif rest:
            findings.add(
                "LINE_INCOMPLETE",
                **where,
                line=code,
                cell=cells[rest[0]],
                count=len(rest),
                of=int(there[line].sum()),
                columns=[section.columns[column].number for column in rest],
                cells=[cells[column] for column in rest],
            )
    return formulas


def _unread(place: Place, cells: Mapping[int, str], extract: Extract) -> dict[int, str]:
    """Columns whose cells are not empty although nothing could be read, and why."""
    errors = {
        g: "ERROR_VALUE" for g, cell in cells.items() if (place.sheet, cell) in extract.errors
    }
    uncomputed = {
        g: "FORMULA_WITHOUT_VALUE"
        for g, cell in cells.items()
        if (place.sheet, cell) in extract.formulas
    }
    return uncomputed | errors


def _column_ranges(place: Place, lines: NDArray[np.int64], column: int) -> list[str]:
    """A1 ranges of the cells of some lines in one column, e.g. `E7:E420`."""
    letters = column_letters(int(place.columns[column]) + place.left_edge + 1)
    rows = np.sort(place.rows[lines]) + 1
    runs = np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1)
    return [f"{letters}{run[0]}:{letters}{run[-1]}" for run in runs]


def _note_formulas(extract: Extract, blank: set[tuple[str, str]], findings: Findings) -> None:
    by_sheet: dict[str, list[str]] = defaultdict(list)
    read = {place.sheet for place in extract.places if place is not None}
    for sheet, cell in extract.formulas - blank:
        if sheet in read:
            by_sheet[sheet].append(cell)
    for sheet, cells in sorted(by_sheet.items()):
        first = min(cells, key=lambda cell: (len(cell), cell))
        findings.add("FORMULAS", sheet=sheet, cell=first, count=len(cells))


def _note_figures(
    code: str, items: list[int], extract: Extract, form: Form, findings: Findings
) -> None:
    minimum, _, _ = limits(form)
    for item in items:
        expected = number_text(minimum[item]) if code == "NEGATIVE_FIGURE" else None
        value = number_text(extract.values[item])
        findings.add(code, **coordinate(item, extract, form), found=value, expected=expected)


def coordinate(item: int, extract: Extract, form: Form) -> dict[str, Any]:
    """Where a coordinate of the form stands: sheet, cell, section, line, column."""
    index = int(form.coordinates.section[item])
    section, place = form.sections[index], extract.places[index]
    line, column = divmod(item - int(form.offsets[index]), len(section.columns))
    return {
        "sheet": place.sheet if place else None,
        "cell": place.cell(line, column) if place else None,
        "section": section.code,
        "line": section.lines[line].code,
        "column": section.columns[column].number,
    }


def note_breaches(
    rules: CompiledRules,
    broken: Sequence[int],
    values: Mapping[str, NDArray[np.float64]],
    extract: Extract,
    form: Form,
    findings: Findings,
    code: str = "CONTROL_RULE_BROKEN",
    **params: Any,
) -> None:
    """One finding per broken comparison; many of one rule in one section become one."""
    outcome = evaluate(rules, np.concatenate([values[f.code] for f in rules.forms]))
    shift = 0
    for other in rules.forms:
        if other.code == form.code:
            break
        shift += len(other.coordinates)
    groups: dict[tuple[int, str], list[int]] = defaultdict(list)
    for comparison in broken:
        own = _own_coordinate(rules, comparison, shift, len(form.coordinates))
        section = form.sections[int(form.coordinates.section[own])].code
        groups[int(rules.rule_index[comparison]), section].append(comparison)
    for (rule_index, _), comparisons in groups.items():
        within_form = len(rules.forms) == 1
        grouped = within_form and len(comparisons) >= _GROUPED_FROM
        shown = comparisons[:1] if grouped else comparisons
        for comparison in shown:
            own = _own_coordinate(rules, comparison, shift, len(form.coordinates))
            left, right = rules.describe(comparison)
            rule = rules.rules[rule_index]
            grouped = len(shown) < len(comparisons)
            if grouped:
                cells = [
                    coordinate(
                        _own_coordinate(rules, c, shift, len(form.coordinates)), extract, form
                    )["cell"]
                    for c in comparisons
                ]
                extra = {"count": len(comparisons), "cells": cells}
            else:
                extra = {"cells": _compared_cells(rules, comparison, shift, extract, form)}
            findings.add_breach(
                rule,
                "CONTROL_RULE_BROKEN_OFTEN" if grouped else code,
                **coordinate(own, extract, form),
                found=number_text(outcome.left[comparison]),
                expected=number_text(outcome.right[comparison]),
                left=left,
                right=right,
                op=rule.op,
                **params,
                **extra,
            )


def _compared_cells(
    rules: CompiledRules, comparison: int, shift: int, extract: Extract, form: Form
) -> list[str]:
    """References of the cells that a comparison compares: any of a few may be the wrong one."""
    own = [
        int(c) - shift
        for side in rules.participants(comparison)
        for c in side
        if shift <= c < shift + len(form.coordinates)
    ]
    if len(own) > _FEW_CELLS:
        return []
    places = [coordinate(c, extract, form) for c in own]
    return [reference(str(p["sheet"]), str(p["cell"])) for p in places if p["cell"]]


def _own_coordinate(rules: CompiledRules, comparison: int, shift: int, size: int) -> int:
    """The coordinate of the judged form that stands for a comparison, the anchor if it is one."""
    anchor = int(rules.anchor[comparison])
    if shift <= anchor < shift + size:
        return anchor - shift
    left, right = rules.participants(comparison)
    return next(int(c) - shift for c in (*left, *right) if shift <= c < shift + size)


def number_text(value: float) -> str:
    """A number as people write it: no trailing zeros, no exponent."""
    return f"{value:.6f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
