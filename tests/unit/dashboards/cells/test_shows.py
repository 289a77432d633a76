"""Which way cells are shown, and that every code of the marts has its words."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from dashboards.cells.shows import ShowError, fingerprint, require, shown, shown_frame
from dashboards.compile import bundle
from dashboards.names import SPOKEN, texts

CODES = {
    "claim": ("rpt_claims", "verdict"),
    "comparison": ("rpt_dashboard_ranking", "comparison"),
    "revision": ("rpt_restatements", "classification"),
    "severity": ("rpt_findings", "severity"),
    "state": ("rpt_coverage", "status"),
    "submission": ("rpt_submissions", "verdict"),
}


def _accepted(model: str, column: str) -> list[str]:
    """The codes that dbt's test lets a column of a mart have."""
    (file,) = bundle.MODELS.rglob(f"{model}.yml")
    (described,) = yaml.safe_load(file.read_text(encoding="utf-8"))["models"]
    (found,) = (c for c in described["columns"] if c["name"] == column)
    (values,) = (
        test["accepted_values"]["arguments"]["values"]
        for test in found["data_tests"]
        if "accepted_values" in test
    )
    return list(values)


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("language", ["ru", "kk"])
def test_every_code_of_a_mart_has_a_word(kind: str, language: str) -> None:
    for code in _accepted(*CODES[kind]):
        assert (
            shown(code, {"as": kind, "in": language}) == texts("charts")[f"{kind}_{code}"][language]
        )


def test_every_way_of_telling_growth_has_its_words() -> None:
    for code in _accepted("fct_indicator_values", "growth_code"):
        assert set(texts("growth")[code]) == set(SPOKEN)


def _kinds() -> Iterator[str]:
    for dataset in bundle.datasets().values():
        for measure in (*dataset["metrics"].values(), *dataset["computed"].values()):
            how = measure.get("shown")
            if how:
                yield how if isinstance(how, str) else how["as"]


def test_every_kind_of_a_dataset_exists_and_flags_have_both_words() -> None:
    kinds = set(_kinds())
    assert kinds
    for kind in kinds:
        require(kind)
    for kind in ("is_late", "in_force"):
        told = {shown(flag, {"as": kind, "in": "ru"}) for flag in (True, False)}
        assert not told & {"True", "False"}
        assert len(told) == 2


def test_no_asset_holds_a_word_markup_or_a_sentence_in_sql() -> None:
    def texts_of(asset: Any) -> Iterator[str]:
        for measure in (*asset["metrics"].values(), *asset["computed"].values()):
            yield measure["sql"]
        yield asset.get("sql") or ""

    for asset in bundle.datasets().values():
        for written in texts_of(asset):
            assert written.isascii(), written
            assert "<" not in written.replace("<=", "").replace(" < ", ""), written


@pytest.mark.parametrize("nothing", [None, math.nan, pd.NaT])
def test_nothing_is_a_dash_or_said_in_words(nothing: object) -> None:
    assert shown(nothing, {"as": "amount", "in": "ru"}) == "—"
    assert shown(nothing, {"as": "claim", "in": "ru"}) == "—"
    assert shown(nothing, {"as": "count", "in": "ru"}) == "нет данных"


def test_a_figure_of_an_older_month_says_of_which() -> None:
    answer = json.dumps({"value": 500.0, "unit": "count", "older_month": "2026-02"})
    assert shown(answer, {"as": "figure", "in": "ru"}) == "500 (2026-02)"


def test_a_text_that_looks_like_parts_stays_a_text() -> None:
    for text in ('{"value": 1}', "{", "{{ 7 * 7 }}", "<b>"):
        assert shown(text, {"as": "text", "in": "ru"}) == text


def test_only_what_says_how_it_is_shown_is_changed() -> None:
    frame = pd.DataFrame({"Итог": ["confirmed"], "Число": [7], "Код": ["A-1"]})
    asked = [{"label": "Итог", "shown": {"as": "claim", "in": "kk"}}, {"label": "Число"}, "Код"]
    told = shown_frame(frame, asked)
    assert told.to_dict(orient="records") == [{"Итог": "расталды", "Число": 7, "Код": "A-1"}]


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ShowError, match="nonsense"):
        shown(1, {"as": "nonsense", "in": "ru"})


def test_a_changed_text_changes_the_fingerprint_of_the_words(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "tables.yml").touch()
    fingerprints = set()
    for told in ("withheld: {ru: скрыто}", "withheld: {ru: не показано}"):
        (tmp_path / "texts" / "charts.yml").write_text(told, encoding="utf-8")
        fingerprint.cache_clear()
        fingerprints.add(fingerprint(tmp_path))
    assert len(fingerprints) == 2
