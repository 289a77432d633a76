"""Made-up borders of today's districts: each region in as many cells as it has districts."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import shapely

from dashboards.superset.borders import drawn
from dashboards.superset.patches.country_map import BORDERS

Feature = dict[str, Any]


def write(file: Path, **changes: Any) -> Path:
    """The borders as a file of an operator; `changes` are members of the collection."""
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"type": "FeatureCollection", "features": features(), **changes}
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def features() -> list[Feature]:
    """A feature for each district, wound as GeoJSON asks: outer rings counter-clockwise."""
    return json.loads(json.dumps(_features()))  # type: ignore[no-any-return]


@cache
def _features() -> list[Feature]:
    regions = json.loads(BORDERS.read_text(encoding="utf-8"))["features"]
    return [feature for region in regions for feature in _cells(region)]


def _cells(region: Feature) -> list[Feature]:
    own = region["properties"]["kato"]
    codes = [kato for kato, unit in drawn().items() if unit["parent_kato"] == own]
    area = shapely.from_geojson(json.dumps(region["geometry"])).buffer(0)
    points = shapely.MultiPoint(_spread(area, len(codes)))
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=area, ordered=True))
    shapes = shapely.orient_polygons(shapely.buffer(shapely.intersection(cells, area), 0))
    return [
        {
            "type": "Feature",
            "properties": {"kato": kato, "name": "—"},
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for kato, shape in zip(codes, shapes, strict=True)
    ]


def _spread(area: Any, count: int) -> list[tuple[float, float]]:
    """So many points inside an area, on the coarsest grid that has them."""
    west, south, east, north = area.bounds
    for steps in range(2, 100):
        grid = [
            (west + (east - west) * (x + 0.5) / steps, south + (north - south) * (y + 0.5) / steps)
            for y in range(steps)
            for x in range(steps)
        ]
        inside = [point for point in grid if area.contains(shapely.Point(point))]
        if len(inside) >= count:
            return inside[:: len(inside) // count][:count]
    raise AssertionError("no room for the districts")
