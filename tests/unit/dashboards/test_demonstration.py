"""Whether a reader of Superset is told that figures are made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from dashboards import paths
from dashboards.compile import bundle
from dashboards.names import texts_in
from dashboards.paths import Place, has_demonstration
from warehouse.core.texts import LANGUAGES


@pytest.mark.parametrize(
    ("manifest", "is_told"),
    [({"is_demonstration": True}, True), ({"is_demonstration": False}, False), ({}, False)],
)
def test_the_manifest_of_the_release_decides(
    tmp_path: Path, manifest: dict[str, bool], is_told: bool
) -> None:
    release = tmp_path / "releases" / "r000001"
    release.mkdir(parents=True)
    (release / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert has_demonstration(Place(tmp_path), "r000001") == is_told


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("is_demonstration", [True, False])
def test_the_home_page_says_so_in_the_language_of_the_reader(
    language: str, is_demonstration: bool
) -> None:
    said = {
        "ru": "Демонстрационные данные",
        "kk": "Демонстрациялық деректер",
        "en": "Demonstration data",
    }
    folder = Path(paths.__file__).parent
    template = Environment(loader=FileSystemLoader(folder / "templates"), autoescape=True)
    page = template.get_template("home.html").render(
        language=language,
        languages={},
        say=texts_in("home", language),
        is_demonstration=is_demonstration,
    )
    assert (said[language] in page) == is_demonstration


def test_every_dashboard_says_whose_figures_it_shows() -> None:
    for dashboard in bundle.dashboards():
        assert dashboard["rows"][0][0]["chart"] == "header"
        assert "origin" in bundle.charts(dashboard["slug"])["header"]["metrics"]
