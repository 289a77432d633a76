"""Figures of a form as the table of cells that the lake keeps, and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse.contracts import Form
from warehouse.contracts.tables import ROW


@dataclass(frozen=True, eq=False)
class _Order:
    """Coordinates of a form in the order of the lake: section by name, line, column.

    `keys` hold the lines of the form itself, also where those of the lake are territories.
    """

    places: NDArray[np.int64]
    territory: pa.DictionaryArray | None
    section: pa.DictionaryArray
    line: pa.Array
    column: pa.Array
    keys: NDArray[np.int64]


_orders: dict[Form, _Order] = {}


def cells_table(form: Form, values: NDArray[np.float64]) -> pa.Table:
    """One row per figure: section, line, column, value. Coordinates without a figure are left out.

    The rows of a table become a column `territory_kato`; the line is then the same for all.
    """
    order = _lake_order(form)
    sorted_values = values[order.places]
    owners = {} if order.territory is None else {"territory_kato": order.territory}
    table = pa.table(
        {
            **owners,
            "section": order.section,
            "line": order.line,
            "column_number": order.column,
            "value": pa.array(sorted_values),
        }
    )
    missing = np.isnan(sorted_values)
    return table.filter(pa.array(~missing)) if missing.any() else table


def values_of(form: Form, table: pa.Table) -> NDArray[np.float64]:
    """The figures of a table of cells in the order of `form.coordinates`, NaN where there is none.

    Cells that this version of the form does not have are left out.
    """
    order = _lake_order(form)
    names = table.column("section").combine_chunks()
    if isinstance(names, pa.ChunkedArray):
        names = names.unify_dictionaries().chunk(0)
    known = {name: i for i, name in enumerate(order.section.dictionary.to_pylist())}
    rank = np.array([known.get(name, -1) for name in names.dictionary.to_pylist()], np.int64)
    lines = table.column("line").to_numpy()
    if order.territory is not None:
        lines = _lines_of(form, table.column("territory_kato"))
    keys = _keys(rank[names.indices.to_numpy()], lines, table.column("column_number").to_numpy())
    at = np.minimum(np.searchsorted(order.keys, keys), len(order.keys) - 1)
    found = order.keys[at] == keys
    values = np.full(len(form.coordinates), np.nan)
    values[order.places[at[found]]] = table.column("value").to_numpy()[found]
    return values


@lru_cache(maxsize=256)
def _lake_order(form: Form) -> _Order:
    names = sorted(section.code for section in form.sections)
    rank = np.array([names.index(section.code) for section in form.sections], dtype=np.int32)
    coordinates = form.coordinates
    section = rank[coordinates.section]
    keys = _keys(section, coordinates.line, coordinates.column)
    places = np.argsort(keys, kind="stable")
    line = coordinates.line
    territory = None
    if form.unbound is not None:
        owners = pa.array(form.row_territories, pa.string()).dictionary_encode()
        territory = owners.take(pa.array(places))
        line = np.full_like(line, ROW)
    return _Order(
        places=places,
        territory=territory,
        section=pa.DictionaryArray.from_arrays(pa.array(section[places]), pa.array(names)),
        line=pa.array(line[places]),
        column=pa.array(coordinates.column[places]),
        keys=keys[places],
    )


def _lines_of(form: Form, territories: pa.ChunkedArray) -> NDArray[np.int64]:
    """Lines of a bound table by the unit they stand for; -1 for a unit that has none."""
    line_of = {line.territory: line.code for line in form.sections[0].lines}
    return np.array([line_of.get(kato, -1) for kato in territories.to_pylist()], np.int64)


def _keys(
    section: NDArray[np.integer], line: NDArray[np.integer], column: NDArray[np.integer]
) -> NDArray[np.int64]:
    keys: NDArray[np.int64] = (
        (section.astype(np.int64) << 32) + (line.astype(np.int64) << 16) + column.astype(np.int64)
    )
    return keys
