"""Borders of districts that the operator supplies: checked, made light, given to the map.

The file lies at `Place.supplied_borders`; what was found in order is kept at `Place.borders`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from dashboards.names import LANGUAGES, REGION_LEVELS, label, territories, texts, texts_in
from dashboards.paths import Place
from dashboards.superset.patches.country_map import BORDERS as REGIONS
from dashboards.superset.patches.country_map import replace

MOST_BYTES = 200_000_000
GRID = 0.001
"""Corners are moved to this grid, in degrees: about 100 m."""
_DETAIL = 0.01
"""Bends smaller than a triangle of this side, in degrees, are not drawn: about 1 km."""
_WEST, _SOUTH, _EAST, _NORTH = 46.0, 40.0, 88.0, 56.0
_BEYOND_REGION = 0.2
"""How far outside its region, in degrees, a district may seem to lie: ours are drawn roughly."""
_DRAWN_LEVELS = {"district", "oblast_city", "city_district"}

Unit = Mapping[str, str]
Area = Any
"""A polygon, or several, of shapely, which tells no types."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the file; `key` names its text in `contracts/texts/borders.yml`."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: str) -> str:
        names = {
            key: value[f"name_{language}"] if isinstance(value, dict) else value
            for key, value in self.values.items()
        }
        return texts("borders")[self.key][language].format(**names)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found: `problems` forbid the file, `missing` districts are only told."""

    problems: tuple[Remark, ...] = ()
    areas: Mapping[str, Area] = field(default_factory=dict)

    @property
    def missing(self) -> list[Unit]:
        """The districts and cities of today that the file does not have."""
        return [unit for kato, unit in drawn().items() if kato not in self.areas]


@cache
def drawn() -> dict[str, Unit]:
    """The districts and cities of today that make up the regions, by KATO."""
    return {
        kato: unit
        for kato, unit in territories().items()
        if unit["level"] in _DRAWN_LEVELS
        and not unit["valid_to"]
        and territories()[unit["parent_kato"]]["level"] in REGION_LEVELS
    }


def check(file: Path) -> Checked:
    """Everything that is wrong with a GeoJSON of districts. OSError when it cannot be read."""
    if file.stat().st_size > MOST_BYTES:
        return Checked((Remark("too_large", {"most": MOST_BYTES // 1_000_000}),))
    try:
        features = _features(json.loads(file.read_text(encoding="utf-8-sig")))
    except UnicodeDecodeError:
        return Checked((Remark("not_utf8"),))
    except json.JSONDecodeError as error:
        return Checked((Remark("not_json", {"line": error.lineno, "column": error.colno}),))
    except (TypeError, KeyError):
        return Checked((Remark("no_collection"),))
    problems: list[Remark] = []
    areas: dict[str, Area] = {}
    for number, feature in enumerate(features, start=1):
        try:
            kato = _code(number, feature, areas)
            areas[kato] = _area(kato, feature)
        except _WrongError as wrong:
            problems.append(wrong.remark)
    return Checked(tuple(problems), areas)


class _WrongError(Exception):
    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.remark = Remark(key, values)


def _features(content: Any) -> list[dict[str, Any]]:
    found = content["features"]
    if content["type"] != "FeatureCollection" or not isinstance(found, list) or not found:
        raise TypeError
    return found


def _code(number: int, feature: Any, before: Mapping[str, Area]) -> str:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    kato = str((properties or {}).get("kato") or "").strip()
    if not kato:
        raise _WrongError("no_kato", number=number)
    unit = territories().get(kato)
    if unit is None:
        raise _WrongError("unknown_kato", number=number, kato=kato)
    if kato not in drawn():
        key = "abolished" if unit["valid_to"] else "no_district"
        raise _WrongError(key, number=number, kato=kato, unit=unit, until=unit["valid_to"])
    if kato in before:
        raise _WrongError("repeated", number=number, kato=kato, unit=unit)
    return kato


def _area(kato: str, feature: dict[str, Any]) -> Area:
    """The polygons of a feature, mended where their rings cross themselves."""
    import shapely

    about = {"kato": kato, "unit": drawn()[kato]}
    geometry = feature.get("geometry") or {}
    if geometry.get("type") not in {"Polygon", "MultiPolygon"}:
        raise _WrongError("no_area", **about, kind=geometry.get("type", "—"))
    try:
        read = shapely.from_geojson(json.dumps(geometry))
    except shapely.errors.GEOSException:
        raise _WrongError("broken_area", **about) from None
    area = _polygons(shapely.make_valid(shapely.force_2d(read)))
    if area.is_empty:
        raise _WrongError("broken_area", **about)
    west, south, east, north = area.bounds
    if west < _WEST or south < _SOUTH or east > _EAST or north > _NORTH:
        point = f"{west:.2f}, {south:.2f} … {east:.2f}, {north:.2f}"
        raise _WrongError("outside", **about, point=point)
    region = drawn()[kato]["parent_kato"]
    if not _regions()[region].contains(area.representative_point()):
        raise _WrongError("elsewhere", **about, region=territories()[region])
    return area


def _polygons(geometry: Any) -> Area:
    """The polygons among what a geometry is made of."""
    import shapely

    parts = shapely.get_parts(shapely.get_parts(geometry))
    found: Area = shapely.union_all([part for part in parts if part.geom_type == "Polygon"])
    return found


@cache
def _regions() -> dict[str, Any]:
    """The regions by KATO, with some room around them."""
    import shapely

    return {
        feature["properties"]["kato"]: shapely.from_geojson(json.dumps(feature["geometry"])).buffer(
            _BEYOND_REGION
        )
        for feature in json.loads(REGIONS.read_text(encoding="utf-8"))["features"]
    }


def light(areas: Mapping[str, Area]) -> dict[str, Any]:
    """The map's GeoJSON: few corners, neighbours with one border, outer rings clockwise."""
    import shapely

    simple = shapely.coverage_simplify(list(areas.values()), _DETAIL)
    rounded = shapely.set_precision(simple, GRID)
    # What is smaller than the grid stays as it was.
    kept = [r if not r.is_empty else area for r, area in zip(rounded, areas.values(), strict=True)]
    rings = shapely.orient_polygons(kept, exterior_cw=True)
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": _properties(kato), "geometry": json.loads(text)}
            for kato, text in zip(areas, shapely.to_geojson(rings), strict=True)
        ],
    }


def _properties(kato: str) -> dict[str, str]:
    """The code, and the names under which the filters know the district and its region."""
    unit = drawn()[kato]
    region = territories()[unit["parent_kato"]]
    names = {f"district_{language}": label(kato, language) for language in LANGUAGES}
    names |= {f"region_{language}": region[f"name_{language}"] for language in LANGUAGES}
    return {"ISO": kato, "NAME_1": unit["name_ru"], **names}


def install(place: Place, language: str) -> Iterator[str]:
    """Check what lies at the place and keep it for the map; what there is to say, line by line.

    ValueError, after all problems were told, leaves the map as it was. Without a file the map goes.
    """
    say = texts_in("borders", language)
    file = place.supplied_borders
    if not file.exists():
        place.borders.unlink(missing_ok=True)
        yield say["no_file"].format(file=file)
        return
    checked = check(file)
    yield from (problem.text(language) for problem in checked.problems)
    if checked.problems:
        raise ValueError(say["refused"].format(count=len(checked.problems)))
    if missing := checked.missing:
        listed = "; ".join(unit[f"name_{language}"] for unit in missing)
        yield say["missing"].format(count=len(missing), names=listed)
    place.borders.parent.mkdir(mode=0o700, exist_ok=True)
    content = json.dumps(light(checked.areas), ensure_ascii=False, separators=(",", ":"))
    replace(place.borders, content)
    size = len(content.encode()) // 1024
    yield say["installed"].format(count=len(checked.areas), size=size)
