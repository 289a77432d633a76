"""Figures of a form as the table of cells that the lake keeps, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse.contracts import Form


@dataclass(frozen=True, eq=False)
class _Order:
    """Coordinates of a form in the order of the lake: section by name, line, graph."""

    places: NDArray[np.int64]
    section: pa.DictionaryArray
    line: pa.Array
    graph: pa.Array
    keys: NDArray[np.int64]


_orders: dict[tuple[str, str], _Order] = {}


def cells_table(form: Form, values: NDArray[np.float64]) -> pa.Table:
    """One row per figure: section, line, graph, value. Coordinates without a figure are left out."""
    order = _order(form)
    sorted_values = values[order.places]
    table = pa.table(
        {
            "section": order.section,
            "line": order.line,
            "graph": order.graph,
            "value": pa.array(sorted_values),
        }
    )
    missing = np.isnan(sorted_values)
    return table.filter(pa.array(~missing)) if missing.any() else table


def values_of(form: Form, table: pa.Table) -> NDArray[np.float64]:
    """The figures of a table of cells in the order of `form.coordinates`, NaN where there is none.

    Cells that this version of the form does not have are left out.
    """
    order = _order(form)
    names = table.column("section").combine_chunks()
    if isinstance(names, pa.ChunkedArray):
        names = names.unify_dictionaries().chunk(0)
    known = {name: i for i, name in enumerate(order.section.dictionary.to_pylist())}
    rank = np.array([known.get(name, -1) for name in names.dictionary.to_pylist()], np.int64)
    keys = _keys(
        rank[names.indices.to_numpy()],
        table.column("line").to_numpy(),
        table.column("graph").to_numpy(),
    )
    at = np.minimum(np.searchsorted(order.keys, keys), len(order.keys) - 1)
    found = order.keys[at] == keys
    values = np.full(len(form.coordinates), np.nan)
    values[order.places[at[found]]] = table.column("value").to_numpy()[found]
    return values


def _order(form: Form) -> _Order:
    key = (form.code, form.version)
    if key not in _orders:
        _orders[key] = _sorted(form)
    return _orders[key]


def _sorted(form: Form) -> _Order:
    names = sorted(section.code for section in form.sections)
    rank = np.array([names.index(section.code) for section in form.sections], dtype=np.int32)
    coordinates = form.coordinates
    section = rank[coordinates.section]
    keys = _keys(section, coordinates.line, coordinates.graph)
    places = np.argsort(keys, kind="stable")
    return _Order(
        places=places,
        section=pa.DictionaryArray.from_arrays(pa.array(section[places]), pa.array(names)),
        line=pa.array(coordinates.line[places]),
        graph=pa.array(coordinates.graph[places]),
        keys=keys[places],
    )


def _keys(
    section: NDArray[np.integer], line: NDArray[np.integer], graph: NDArray[np.integer]
) -> NDArray[np.int64]:
    keys: NDArray[np.int64] = (
        (section.astype(np.int64) << 32) + (line.astype(np.int64) << 16) + graph.astype(np.int64)
    )
    return keys
