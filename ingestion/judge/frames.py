"""Lay out an extract for the gate, and turn the rows that it refuses into findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from expectations.submission_gate import Failure
from ingestion.findings import Findings
from ingestion.judge.control_rules import (
    CompiledRules,
    Outcome,
    breaches_by_section,
    compile_rules,
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
    import pandas as pd

Columns = dict[str, NDArray[np.generic]]

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
_EQUAL, _AT_LEAST, _AT_MOST = range(3)

_compiled: dict[tuple[str, Form], CompiledRules] = {}


def compiled_rules(contracts: Contracts, form: Form) -> CompiledRules:
    """The control rules of `form`, compiled once per process."""
    key = (contracts.content_hash, form)
    if key not in _compiled:
        _compiled[key] = compile_rules(form, contracts.rule_book(form))
    return _compiled[key]


@dataclass(frozen=True, slots=True)
class Laid:
    """The frames of one submission as columns.

    `damaged` are sections so full of broken rules that their figures cannot be in their places:
    (place of the section, broken, checked comparisons).
    """

    frames: Mapping[str, Columns]
    damaged: tuple[tuple[int, int, int], ...] = ()


def lay_out(extract: Extract, form: Form, contracts: Contracts) -> Laid:
    """What the gate has to judge about one submission. Columns are those of the gate's frames."""
    rules = compiled_rules(contracts, form)
    outcome = evaluate(rules, extract.values)
    frames = {
        "texts": {
            "item": np.arange(len(extract.texts)),
            "is_number": np.array([t.figure.value is not None for _, t in extract.texts], bool),
        },
        "lines": _lines(extract, form),
        "figures": _figures(extract, form),
        **lay_out_comparisons(rules, outcome),
    }
    breaches = breaches_by_section(rules, outcome)
    damaged = tuple(
        (index, int(breaches.broken[index]), int(breaches.checked[index]))
        for index in np.flatnonzero(breaches.damaged).tolist()
    )
    return Laid(frames, damaged)


def _lines(extract: Extract, form: Form) -> Columns:
    found, expected = [], []
    filled = ~np.isnan(extract.values)
    for index, text in extract.texts:
        # Text that is no number is another finding than an empty cell.
        width = len(form.sections[index].columns)
        filled[form.offsets[index] + text.line * width + text.column] = True
    for index, section in enumerate(form.sections):
        shape = (len(section.lines), len(section.columns))
        place = extract.places[index]
        if place is None or section.value.blank_allowed:
            found.append(np.zeros(shape[0], np.int64))
            expected.append(np.zeros(shape[0], np.int64))
            continue
        there = (place.rows != ABSENT)[:, None] & (place.columns != ABSENT)[None, :]
        part = filled[form.offsets[index] : form.offsets[index + 1]].reshape(shape)
        found.append((part & there).sum(axis=1))
        expected.append(there.sum(axis=1))
    columns = np.concatenate(found), np.concatenate(expected)
    return {"item": np.arange(len(columns[0])), "found": columns[0], "expected": columns[1]}


def _figures(extract: Extract, form: Form) -> Columns:
    """Figures that are not zero: a zero is neither negative nor a fraction."""
    items = np.flatnonzero(np.nan_to_num(extract.values))
    values = extract.values[items]
    minimum, maximum, integral = _limits(form)
    fraction = np.where(integral[items], np.abs(values - np.round(values)), 0.0)
    return {
        "item": items,
        "value": values,
        "minimum": minimum[items],
        "maximum": maximum[items],
        "fraction": fraction,
    }


@lru_cache(maxsize=8)
def _limits(form: Form) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Least and greatest value and integrality of every coordinate."""
    minimum, maximum, integral = [], [], []
    for section in form.sections:
        least = -np.inf if section.value.minimum is None else section.value.minimum
        minimum.append(np.full(section.size, least))
        maximum.append(np.full(section.size, section.value.maximum))
        integral.append(np.tile([g.integral for g in section.columns], len(section.lines)))
    return np.concatenate(minimum), np.concatenate(maximum), np.concatenate(integral)


def lay_out_comparisons(rules: CompiledRules, outcome: Outcome) -> dict[str, Columns]:
    """Comparisons with a side that is not zero, as left = right and left ≥ right."""
    kept = np.flatnonzero(outcome.nonzero)
    left, right, op = outcome.left[kept], outcome.right[kept], rules.op[kept]
    # A difference within the slack of the contract is none.
    right = np.where(np.abs(left - right) <= rules.slack[kept], left, right)
    equal = op == _EQUAL
    upper = np.where(op == _AT_MOST, right, left)
    lower = np.where(op == _AT_MOST, left, right)
    return {
        "equal": {"item": kept[equal], "left": left[equal], "right": right[equal]},
        "at_least": {"item": kept[~equal], "left": upper[~equal], "right": lower[~equal]},
    }


def join_frames(laid: Sequence[Mapping[str, Columns]]) -> dict[str, pd.DataFrame]:
    """The frames of a batch; `submission` is the place of the submission in it."""
    import pandas as pd

    joined: dict[str, pd.DataFrame] = {}
    for name in dict.fromkeys(name for frames in laid for name in frames):
        parts = [(i, frames[name]) for i, frames in enumerate(laid) if name in frames]
        columns = {
            column: np.concatenate([part[column] for _, part in parts]) for column in parts[0][1]
        }
        submission = np.repeat([i for i, _ in parts], [len(part["item"]) for _, part in parts])
        joined[name] = pd.DataFrame({"submission": submission, **columns})
    return joined


def by_submission(failures: Iterable[Failure]) -> Mapping[int, list[Failure]]:
    """What the gate refused of each submission of a batch, by its place in the batch."""
    found: dict[int, list[Failure]] = defaultdict(list)
    for failure in failures:
        found[failure.submission].append(failure)
    return found


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
    minimum, _, _ = _limits(form)
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
