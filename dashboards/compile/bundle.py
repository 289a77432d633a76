"""The dashboards of the project as a Superset bundle: one source, Russian and Kazakh.

`dashboards/assets` says what is shown, `docs/superset.md` how to write it. Nothing here knows
Superset or the rest of the project.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml

from dashboards.compile.assets import ASSETS, AssetError, localised
from dashboards.compile.chart_types import DISTRICT_MAP, form_data
from dashboards.compile.contexts import query_context
from dashboards.compile.layout import Layout, identity, select_filter
from dashboards.database import DATABASE_UUID, SCHEMA
from dashboards.names import LANGUAGES, read_yaml

Asset = dict[str, Any]

PORTAL_URL = "http://127.0.0.1:8080"
VERSION = "1.0.0"
MODELS = ASSETS.parent.parent / "dbt_project" / "models" / "marts"


def expand(portal_url: str = PORTAL_URL, *, districts: bool = True) -> dict[str, str]:
    """Path inside the bundle → YAML text. Raises AssetError for an asset that cannot be.

    Maps of districts are in it where there are borders of `districts`.
    """
    files = dict(_datasets())
    for language in LANGUAGES:
        for dashboard in dashboards():
            files |= _dashboard(dashboard, language, districts=districts)
    return {
        path: _yaml(content).replace("{portal}", portal_url.rstrip("/"))
        for path, content in files.items()
    }


def audiences() -> dict[str, list[str]]:
    """Dashboard (uuid) → roles that see it."""
    return {
        identity("dashboard", dashboard["slug"], language): list(dashboard["audience"])
        for dashboard in dashboards()
        for language in LANGUAGES
    }


@cache
def dashboards() -> tuple[Asset, ...]:
    """The dashboards as their files say, in the order of the home page."""
    found = [read_yaml(file) for file in sorted((ASSETS / "dashboards").glob("*.yml"))]
    return tuple(sorted(found, key=lambda dashboard: dashboard["position"]))


@cache
def charts(slug: str) -> dict[str, Asset]:
    """The charts of a dashboard by name, with what they take over from the common ones."""
    own = read_yaml(ASSETS / "charts" / f"{slug}.yml")
    return {name: _complete(chart) for name, chart in own.items()}


def _complete(chart: Asset) -> Asset:
    if "like" not in chart:
        return chart
    common = read_yaml(ASSETS / "charts" / "common.yml")
    rest = {key: value for key, value in chart.items() if key != "like"}
    inherited = _complete(common[chart["like"]])
    return {**inherited, **rest, "where": [*inherited.get("where", []), *rest.get("where", [])]}


@cache
def datasets() -> dict[str, Asset]:
    """The datasets by name, with the columns that dbt's descriptions give to their tables."""
    tables = published()
    found = {}
    for file in sorted((ASSETS / "datasets").glob("*.yml")):
        asset = read_yaml(file)
        columns = asset.get("columns") or tables[asset["table"]]
        found[file.stem] = {
            "computed": {},
            "metrics": {},
            **asset,
            "name": file.stem,
            "columns": columns,
        }
    return found


def published() -> dict[str, dict[str, str]]:
    """Published table → column → type, from dbt's descriptions."""
    return {
        model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
        for file in sorted(MODELS.rglob("*.yml"))
        for model in read_yaml(file).get("models", [])
    }


def _datasets() -> Iterator[tuple[str, Asset]]:
    for name, dataset in datasets().items():
        titles = dataset.get("titles", {})
        yield (
            f"datasets/mvd/{name}.yaml",
            {
                "table_name": dataset.get("table", name),
                "description": dataset.get("description"),
                "schema": SCHEMA,
                "catalog": None,
                "sql": dataset.get("sql"),
                "main_dttm_col": None,
                "offset": 0,
                "cache_timeout": None,
                "filter_select_enabled": True,
                "normalize_columns": False,
                "columns": [
                    {
                        "column_name": column,
                        "verbose_name": titles.get(column),
                        "type": kind.upper(),
                        "is_dttm": kind in {"date", "timestamp"},
                        "is_active": True,
                        "groupby": True,
                        "filterable": True,
                    }
                    for column, kind in dataset["columns"].items()
                ],
                "metrics": [{"metric_name": "count", "expression": "count(*)"}],
                "uuid": identity("dataset", name),
                "version": VERSION,
                "database_uuid": DATABASE_UUID,
            },
        )


def _dashboard(dashboard: Asset, language: str, *, districts: bool) -> dict[str, Asset]:
    slug = dashboard["slug"]
    if astray := _placed(dashboard) ^ charts(slug).keys():
        raise AssetError(f"{slug}: not both placed and described: {', '.join(sorted(astray))}")
    known = {
        name: localised(chart, language)
        for name, chart in charts(slug).items()
        if districts or chart["kind"] != DISTRICT_MAP
    }
    files = {
        f"charts/{slug}_{name}_{language}.yaml": _chart(slug, name, chart, language)
        for name, chart in known.items()
    }
    shown = localised(dashboard, language)
    layout = Layout(shown["title"])
    layout.add_rows(_placed_rows(shown["rows"], slug, known, language))
    tabs = shown.get("tabs", [])
    names = layout.add_tabs([tab["title"] for tab in tabs]) if tabs else []
    for tab, name in zip(tabs, names, strict=True):
        layout.add_rows(_placed_rows(tab["rows"], slug, known, language), name)
    files[f"dashboards/{slug}_{language}.yaml"] = {
        "dashboard_title": shown["title"],
        "description": shown["description"],
        "css": _style(),
        "slug": slug if language == "ru" else f"{slug}-{language}",
        "uuid": identity("dashboard", slug, language),
        "position": layout.nodes,
        "metadata": _metadata(shown, known, layout.numbers, language),
        "published": True,
        "version": VERSION,
    }
    return files


@cache
def _style() -> str:
    """The style of the dashboards; cells may carry classes but no measures, hence one each."""
    places = (f".mvd-at{n} {{ left: {n}%; }}\n.mvd-long{n} {{ width: {n}%; }}" for n in range(101))
    return (ASSETS / "style.css").read_text(encoding="utf-8") + "\n".join(places)


def _placed(dashboard: Asset) -> set[str]:
    rows = [*dashboard["rows"], *(row for tab in dashboard.get("tabs", []) for row in tab["rows"])]
    return {place["chart"] for row in rows for place in row}


def _placed_rows(
    rows: list[list[Asset]], slug: str, known: dict[str, Asset], language: str
) -> list[list[Asset]]:
    placed = [
        [
            {
                **place,
                "name": known[place["chart"]]["title"],
                "uuid": identity("chart", slug, place["chart"], language),
            }
            for place in row
            if place["chart"] in known
        ]
        for row in rows
    ]
    return [row for row in placed if row]


def _chart(slug: str, name: str, chart: Asset, language: str) -> Asset:
    dataset = datasets()[chart["dataset"]]
    params = form_data(chart, localised(dataset, language), language)
    return {
        "slice_name": chart["title"],
        "description": chart.get("description"),
        "viz_type": params["viz_type"],
        "params": params,
        "query_context": query_context(params),
        "cache_timeout": None,
        "uuid": identity("chart", slug, name, language),
        "version": VERSION,
        "dataset_uuid": identity("dataset", chart["dataset"]),
    }


def _metadata(
    shown: Asset, known: dict[str, Asset], numbers: dict[str, int], language: str
) -> Asset:
    filters = localised(read_yaml(ASSETS / "filters.yml"), language)
    return {
        "color_scheme": "supersetColors",
        "refresh_frequency": 0,
        "cross_filters_enabled": True,
        "filter_bar_orientation": "HORIZONTAL",
        "native_filter_configuration": [
            select_filter(
                name,
                filters[name]["title"],
                filters[name]["dataset"],
                filters[name]["column"],
                excluded=_immune(known, numbers, name),
                **filters[name].get("options", {}),
            )
            for name in shown["filters"]
        ],
        "chart_configuration": {
            str(number): {
                "id": number,
                "crossFilters": {
                    "scope": {
                        "rootPath": ["ROOT_ID"],
                        "excluded": [number, *_immune(known, numbers, "region")],
                    },
                    "chartsInScope": [],
                },
            }
            for number in numbers.values()
        },
        "global_chart_configuration": {
            "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
            "chartsInScope": [],
        },
    }


def _immune(known: dict[str, Asset], numbers: dict[str, int], name: str) -> list[int]:
    """Charts that a filter does not reach."""
    return [numbers[chart] for chart, asset in known.items() if name in asset.get("ignores", [])]


class _Dumper(yaml.CSafeDumper):
    """Writes out what is shared instead of pointing to it."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _yaml(content: Asset) -> str:
    return yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10**6)
