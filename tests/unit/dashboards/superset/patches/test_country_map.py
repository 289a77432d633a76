"""The map inside Superset: 20 regions with the codes of the contracts, and no half changes."""

import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from dashboards.superset.patches import PatchError
from dashboards.superset.patches.country_map import borders, changed, install
from warehouse.contracts import load_contracts

REGIONS = {"oblast", "republican_city"}


def test_the_map_has_the_regions_of_today() -> None:
    shown = {feature["properties"]["ISO"] for feature in borders()["features"]}
    territories = load_contracts().territories
    today = {t.iso_3166_2 for t in territories.values() if t.level in REGIONS and not t.valid_to}
    assert shown == today
    assert len(shown) == 20


def test_regions_carry_the_names_that_filters_use() -> None:
    named = {f["properties"]["ISO"]: f["properties"] for f in borders()["features"]}
    assert named["KZ-43"]["region_ru"] == "Кызылординская область"
    assert named["KZ-43"]["region_kk"] == "Қызылорда облысы"


def test_outer_rings_run_clockwise_and_are_closed() -> None:
    for feature in borders()["features"]:
        for polygon in feature["geometry"]["coordinates"]:
            ring = polygon[0]
            assert ring[0] == ring[-1]
            assert sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) < 0


def test_another_superset_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    assets = tmp_path / "superset" / "static" / "assets"
    assets.mkdir(parents=True)
    (assets / "1.entry.js").write_text("another version", encoding="utf-8")
    with pytest.raises(PatchError):
        install(tmp_path)
    assert (assets / "1.entry.js").read_text(encoding="utf-8") == "another version"
    shutil.rmtree(tmp_path)


def test_a_passage_that_stands_twice_is_refused() -> None:
    with pytest.raises(PatchError):
        changed("a a", (("a", "b"),))
