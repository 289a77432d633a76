"""Borders of districts from the operator: what is wrong is said, what is right is made light."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from dashboards.compile.bundle import expand
from dashboards.names import label
from dashboards.paths import Place
from dashboards.superset import borders
from tests.dashboards import districts
from warehouse.contracts import load_contracts
from warehouse.core.texts import Language

ARAL, KOSTANAY, OBLAST, FORMER = "433200000", "391000000", "430000000", "632800000"
Feature = dict[str, Any]


def _said(file: Path, language: str = "en") -> list[str]:
    return [problem.text(language) for problem in borders.check(file).problems]


def _with(folder: Path, change: Callable[[Feature], Any]) -> Path:
    """The borders with the district of Aral changed."""
    features = districts.features()
    change(next(f for f in features if f["properties"]["kato"] == ARAL))
    return districts.write(folder / "districts.geojson", features=features)


def _square(west: float, south: float) -> Feature:
    east, north = west + 0.1, south + 0.1
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [corners]}


def test_borders_of_all_districts_are_in_order(tmp_path: Path) -> None:
    checked = borders.check(districts.write(tmp_path / "districts.geojson"))
    assert checked.problems == ()
    assert checked.missing == []


def test_the_districts_are_those_of_today_with_the_cities_of_oblast_significance() -> None:
    territories = load_contracts().territories
    today = {t.kato for t in territories.values() if not t.valid_to}
    assert borders.drawn().keys() <= today
    assert {ARAL, KOSTANAY} <= borders.drawn().keys()
    assert not {OBLAST, FORMER, "000000000"} & borders.drawn().keys()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"type": "Feature\n', "This is no GeoJSON: error in line 1, character 18."),
        ("[]", "This is no GeoJSON of districts"),
        ('{"type": "FeatureCollection", "features": []}', "This is no GeoJSON of districts"),
        ('{"type": "Topology", "features": [1]}', "This is no GeoJSON of districts"),
        (b"\xff\xfe\x00", "The file is not in UTF-8"),
    ],
)
def test_what_is_no_geojson_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    file = tmp_path / "districts.geojson"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    assert [text.startswith(said) for text in _said(file)] == [True]


def test_a_file_that_is_too_large_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(borders, "MOST_BYTES", 3_000_000)
    file = tmp_path / "districts.geojson"
    with file.open("wb") as sparse:
        sparse.truncate(3_000_001)
    assert _said(file, "ru")[0].startswith("Файл больше 3 МБ")


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({}, "no property kato"),
        (None, "no property kato"),
        ({"kato": ""}, "no property kato"),
        ({"kato": "433200001"}, "KATO 433200001 is not among the territories"),
        ({"kato": OBLAST}, f"{OBLAST} is Kyzylorda Region, neither a district nor a city"),
        ({"kato": FORMER}, "a code in force until 2022-06-07"),
        ({"kato": "433600000"}, "was there before"),
    ],
)
def test_a_code_that_is_no_district_of_today_is_told_with_the_number_of_its_feature(
    tmp_path: Path, properties: Feature | None, said: str
) -> None:
    features = districts.features()
    number = next(n for n, f in enumerate(features) if f["properties"]["kato"] == ARAL)
    other = next(f for f in features if f["properties"]["kato"] == "433600000")
    features[number]["properties"] = properties
    features = [other, *(f for f in features if f is not other)]
    number = next(n for n, f in enumerate(features, start=1) if f["properties"] is properties)
    file = districts.write(tmp_path / "districts.geojson", features=features)
    found = _said(file)
    assert len(found) == 1
    assert found[0].startswith(f"Feature {number}: ")
    assert said in found[0]


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        (None, "a Polygon or MultiPolygon is needed"),
        ({"type": "Point", "coordinates": [62.0, 46.0]}, "is needed, this is Point"),
        ({"type": "Polygon", "coordinates": []}, "the coordinates make no area"),
        ({"type": "Polygon", "coordinates": [[[62, 46], [63, 46]]]}, "make no area"),
        (_square(46.0, 62.0), "coordinates outside Kazakhstan (46.00, 62.00"),
        (_square(76.9, 43.2), "does not lie in Kyzylorda Region"),
    ],
)
def test_an_area_that_cannot_be_the_district_is_told_by_its_name(
    tmp_path: Path, geometry: Feature | None, said: str
) -> None:
    file = _with(tmp_path, lambda feature: feature.update(geometry=geometry))
    found = _said(file)
    assert len(found) == 1
    assert found[0].startswith(f"{ARAL} (Aral District)")
    assert said in found[0]


def test_every_text_is_there_in_three_languages(tmp_path: Path) -> None:
    file = _with(tmp_path, lambda feature: feature.update(properties={"kato": FORMER}))
    assert "прежний код" in _said(file, "ru")[0]
    assert "ескі код" in _said(file, "kk")[0]


def test_missing_districts_are_named_and_the_rest_is_drawn(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.create()
    features = [f for f in districts.features() if f["properties"]["kato"] != ARAL]
    districts.write(place.supplied_borders, features=features)
    told, installed = borders.install(place, "ru")
    assert told == "Нет границ (1), на карте будут пропуски: Аральский район."
    assert installed.startswith(f"Границы приняты: районов и городов {len(borders.drawn()) - 1}, ")


def test_bends_that_nobody_sees_are_left_out(tmp_path: Path) -> None:
    steps = [(62 + n / 1000, 46 + n % 2 / 1000) for n in range(1001)]
    ring = [*steps, (63.0, 47.0), (62.0, 47.0), steps[0]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    file = _with(tmp_path, lambda feature: feature.update(geometry=geometry))
    drawn = borders.light(borders.check(file).areas)["features"]
    aral = next(f for f in drawn if f["properties"]["ISO"] == ARAL)
    assert len(_outer_rings(aral["geometry"])[0]) < 20


def test_what_is_installed_is_wound_clockwise_and_named_as_the_filters_know_it(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path)
    place.create()
    districts.write(place.supplied_borders)
    list(borders.install(place, "kk"))
    features = json.loads(place.borders.read_text(encoding="utf-8"))["features"]
    named = {feature["properties"]["ISO"]: feature["properties"] for feature in features}
    assert named.keys() == borders.drawn().keys()
    assert named[ARAL]["district_ru"] == "Аральский район"
    assert named[ARAL]["region_kk"] == "Қызылорда облысы"
    rings = [ring for feature in features for ring in _outer_rings(feature["geometry"])]
    assert all(ring[0] == ring[-1] for ring in rings)
    assert all(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) < 0 for ring in rings)


def _outer_rings(geometry: Feature) -> list[Any]:
    shapes = geometry["coordinates"]
    return [shapes[0]] if geometry["type"] == "Polygon" else [shape[0] for shape in shapes]


def test_rings_that_cross_themselves_are_mended(tmp_path: Path) -> None:
    bow = [[62.0, 46.0], [62.2, 46.2], [62.2, 46.0], [62.0, 46.2], [62.0, 46.0]]
    geometry = {"type": "Polygon", "coordinates": [bow]}
    file = _with(tmp_path, lambda feature: feature.update(geometry=geometry))
    checked = borders.check(file)
    assert checked.problems == ()
    assert checked.areas[ARAL].area == pytest.approx(0.02)


def test_a_city_smaller_than_the_grid_is_still_drawn(tmp_path: Path) -> None:
    tiny = [[62.0, 46.0], [62.0002, 46.0], [62.0002, 46.0002], [62.0, 46.0]]
    geometry = {"type": "Polygon", "coordinates": [tiny]}
    file = _with(tmp_path, lambda feature: feature.update(geometry=geometry))
    drawn = borders.light(borders.check(file).areas)["features"]
    assert all(_outer_rings(feature["geometry"])[0] for feature in drawn)


def test_a_refused_file_leaves_the_map_as_it_was_and_no_file_takes_it_away(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.create()
    districts.write(place.supplied_borders)
    list(borders.install(place, "ru"))
    before = place.borders.read_bytes()
    place.supplied_borders.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="ошибок: 1"):
        list(borders.install(place, "ru"))
    assert place.borders.read_bytes() == before
    place.supplied_borders.unlink()
    [told] = borders.install(place, "en")
    assert told.startswith("There is no file")
    assert not place.borders.exists()


def test_maps_of_districts_are_drawn_only_where_there_are_borders() -> None:
    everything = expand()
    drawn = {path for path in everything if "district_map" in path}
    assert len(drawn) == 8
    assert everything.keys() - expand(districts=False).keys() == drawn


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_districts_are_called_as_the_marts_call_them(language: Language) -> None:
    labels = load_contracts().territories.label
    for kato in borders.drawn():
        assert label(kato, language) == labels(kato, language)
    assert len({label(kato, language) for kato in borders.drawn()}) == len(borders.drawn())
