"""One vector of figures for several forms of the same territory and period."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from warehouse.contracts import Form
from warehouse.contracts.indicators import Indicator

_OF_COLUMN = re.compile(r"из графы (\d+)")


@dataclass(frozen=True)
class MonthColumn:
    """A printed column of the reporting month inside a cumulative form.

    `cells` hold the month, `base` the year to date of the same lines; `committed` says that the
    column counts what was committed in the month, not all that was registered in it.
    """

    cells: NDArray[np.int64]
    base: NDArray[np.int64]
    committed: bool


class Space:
    """The coordinates of the forms one after another."""

    def __init__(self, forms: Sequence[Form]) -> None:
        self.forms = tuple(forms)
        sizes = [len(form.coordinates) for form in self.forms]
        self.offsets = {
            form.code: int(offset)
            for form, offset in zip(self.forms, np.cumsum([0, *sizes[:-1]]), strict=True)
        }
        self.size = sum(sizes)

    def grid(self, form: str, section: str) -> NDArray[np.int64]:
        """Positions of a section's coordinates, shape (lines, columns). Raises KeyError."""
        return self.offsets[form] + self.form(form).grid(section)

    def form(self, code: str) -> Form:
        """Give the form with this code. Raises KeyError."""
        return next(iter([form for form in self.forms if form.code == code]))

    def of(self, form: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Cut the figures of one form out of a vector of the space."""
        first = self.offsets[form]
        return values[..., first : first + len(self.form(form).coordinates)]

    def cells_of(self, indicator: Indicator) -> NDArray[np.int64]:
        """Where the year to date of an indicator stands. Raises KeyError for a foreign form."""
        found = []
        for source in (s for s in indicator.sources if s.basis == "ytd"):
            section = self.form(source.form).section(source.section)
            lines = [section.line_index[line] for line in source.lines]
            grid = self.grid(source.form, source.section)
            found.append(grid[lines, section.column_index[source.column]])
        return np.concatenate(found)

    @cached_property
    def is_integral(self) -> NDArray[np.bool_]:
        """Whether a cell counts whole things (else thousands of tenge)."""
        result = np.ones(self.size, dtype=bool)
        for form in self.forms:
            for section in form.sections:
                flags = np.array([form_column.integral for form_column in section.columns])
                result[self.grid(form.code, section.code)] = flags
        return result

    @cached_property
    def month_columns(self) -> tuple[MonthColumn, ...]:
        """Printed columns of the reporting month, found by what their header says."""
        columns = []
        for form in self.forms:
            for section in form.sections:
                grid = self.grid(form.code, section.code)
                for index, form_column in enumerate(section.columns):
                    text = " ".join(form_column.header)
                    if "отчетном месяце" not in text:
                        continue
                    named = _OF_COLUMN.search(text)
                    base = section.column_index[int(named[1])] if named else index - 1
                    columns.append(
                        MonthColumn(grid[:, index], grid[:, base], "совершенные" in text)
                    )
        return tuple(columns)
