"""Where charts stand on a dashboard, and which filters reach them, as Superset writes it down."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

Node = dict[str, Any]

_BACKGROUND = "BACKGROUND_TRANSPARENT"


def identity(*parts: str) -> str:
    """The identifier of an object of the project, the same in every installation."""
    return str(uuid5(NAMESPACE_URL, ":".join(("mvd", *parts))))


class Layout:
    """The tree of a dashboard: rows of charts, then tabs of such rows."""

    def __init__(self, title: str) -> None:
        self.nodes: dict[str, Any] = {
            "DASHBOARD_VERSION_KEY": "v2",
            "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
            "GRID_ID": _node("GRID", "GRID_ID", ["ROOT_ID"]),
            "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": title}},
        }
        self.numbers: dict[str, int] = {}

    def add_rows(self, rows: list[list[Node]], parent: str = "GRID_ID") -> None:
        """Append rows of `{chart, uuid, name, width, height}` below `parent`."""
        for row in rows:
            row_id = f"ROW-{len(self.nodes)}"
            self._append(_node("ROW", row_id, self._path(parent), background=_BACKGROUND), parent)
            for place in row:
                self._add_chart(place, row_id)

    def add_tabs(self, titles: list[str]) -> list[str]:
        """Append tabs below the rows that are there; the identifier of each tab."""
        self._append(_node("TABS", "TABS-1", self._path("GRID_ID")), "GRID_ID")
        tabs = [f"TAB-{number}" for number, _ in enumerate(titles, start=1)]
        for tab, title in zip(tabs, titles, strict=True):
            self._append(_node("TAB", tab, self._path("TABS-1"), text=title), "TABS-1")
        return tabs

    def _add_chart(self, place: Node, row: str) -> None:
        number = len(self.numbers) + 1
        self.numbers[place["chart"]] = number
        meta = {
            "chartId": number,
            "uuid": place["uuid"],
            "sliceName": place["name"],
            "width": place["width"],
            "height": place["height"],
        }
        self._append(_node("CHART", f"CHART-{number}", self._path(row), **meta), row)

    def _append(self, node: Node, parent: str) -> None:
        self.nodes[node["id"]] = node
        self.nodes[parent]["children"].append(node["id"])

    def _path(self, parent: str) -> list[str]:
        return [*self.nodes[parent].get("parents", []), parent]


def _node(kind: str, name: str, parents: list[str], **meta: Any) -> Node:
    return {"type": kind, "id": name, "children": [], "parents": parents, "meta": meta}


def select_filter(
    name: str, title: str, dataset: str, column: str, *, excluded: list[int], **options: Any
) -> Node:
    """A filter that chooses one value of a column; `options`: descending, parent, description."""
    parent = options.get("parent")
    return {
        "id": f"NATIVE_FILTER-{name}",
        "name": title,
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "description": options.get("description", ""),
        "targets": [{"datasetUuid": identity("dataset", dataset), "column": {"name": column}}],
        "controlValues": {
            "multiSelect": False,
            "enableEmptyFilter": False,
            "defaultToFirstItem": False,
            "inverseSelection": False,
            "searchAllOptions": False,
            "sortAscending": not options.get("descending", False),
        },
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "cascadeParentIds": [f"NATIVE_FILTER-{parent}"] if parent else [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": excluded},
    }
