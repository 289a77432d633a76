"""Lay out an extract for the gate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from expectations.submission_gate import Failure
from ingestion.judge.control_rules import (
    CompiledRules,
    Outcome,
    breaches_by_section,
    compile_rules,
    evaluate,
)
from ingestion.judge.extract import Extract
from ingestion.recognise.locate import ABSENT
from warehouse.contracts import Contracts, Form

if TYPE_CHECKING:
    import pandas as pd

Columns = dict[str, NDArray[np.generic]]
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
    minimum, maximum, integral = limits(form)
    fraction = np.where(integral[items], np.abs(values - np.round(values)), 0.0)
    return {
        "item": items,
        "value": values,
        "minimum": minimum[items],
        "maximum": maximum[items],
        "fraction": fraction,
    }


@lru_cache(maxsize=8)
def limits(form: Form) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
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
