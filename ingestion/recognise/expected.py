"""What the contracts say about a form, prepared once per process for comparing with sheets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse.contracts import Contracts, Form, Section


@lru_cache(maxsize=65_536)
def plain(text: str) -> str:
    """`text` for comparison: one space between words, no case, ё as е."""
    return " ".join(text.split()).casefold().replace("ё", "е")


@dataclass(frozen=True, eq=False)
class ExpectedSection:
    """A section with its columns as Arrow, ready to be compared at once."""

    section: Section
    code_texts: pa.Array
    label_texts: tuple[pa.Array, ...]
    """Per label column, the printed label of every line, null where nothing is printed."""
    labels: tuple[str, ...]
    """Per line, all its labels joined, as `plain` text."""
    texts: frozenset[str]
    """All texts above the data, as `plain` text; single characters left out."""
    title: str
    """The text above the header that names the section, as `plain` text."""
    minimum: NDArray[np.float64]
    """Per column; -inf where negative figures are allowed."""
    integral: NDArray[np.bool_]
    """Per column."""


@dataclass(frozen=True, eq=False)
class ExpectedForm:
    """A form with its sections in the order of the contract."""

    form: Form
    sections: tuple[ExpectedSection, ...]


_prepared: dict[tuple[str, str, str], ExpectedForm] = {}


def expected_form(contracts: Contracts, form: Form) -> ExpectedForm:
    """`form` prepared for reading; the same object for the same contracts."""
    key = (contracts.content_hash, form.code, form.version)
    if key not in _prepared:
        _prepared[key] = ExpectedForm(form, tuple(_prepare(section) for section in form.sections))
    return _prepared[key]


def _prepare(section: Section) -> ExpectedSection:
    layout = section.layout
    minimum = -np.inf if section.value.minimum is None else section.value.minimum
    widths = range(len(layout.label_columns))
    above_header = [plain(text) for row, _, text in layout.texts if row < layout.header_row]
    return ExpectedSection(
        section=section,
        code_texts=pa.array([str(line.code) for line in section.lines], pa.string()),
        label_texts=tuple(
            pa.array([line.labels[i] or None for line in section.lines], pa.string())
            for i in widths
        ),
        labels=tuple(
            plain(" ".join(label for label in line.labels if label)) for line in section.lines
        ),
        texts=frozenset(t for _, _, text in layout.texts if len(t := plain(text)) > 3),
        title=max(above_header, key=len, default=""),
        minimum=np.full(len(section.columns), minimum, dtype=np.float64),
        integral=np.array([column.integral for column in section.columns], dtype=np.bool_),
    )
