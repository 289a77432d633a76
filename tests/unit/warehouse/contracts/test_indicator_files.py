"""A file of indicators that is wrong is refused by file and key."""

from pathlib import Path

import pytest

from warehouse.contracts.indicators import (
    Source,
    load_indicators,
)
from warehouse.core.records import ContractError


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("unit: count", "unit: pounds"), "unit"),
        (("status: form", "status: no_form"), "status no_form with 1 sources"),
        (("unit: count", "unit: tenge\n    ranked: true"), "a ranking needs a flow of cases"),
        (("status: form", "colour: red"), "colour"),
        (("lines: [1]", 'lines: ["a-b"]'), r"sources\.0\.lines"),
    ],
)
def test_a_wrong_indicator_is_refused_by_file_and_key(
    tmp_path: Path, change: tuple[str, str], place: str
) -> None:
    text = """
domain: crime
names_unverified: [kk]
indicators:
  - code: CRM_TOTAL
    name: {ru: "а", kk: "б", en: "c"}
    unit: count
    measure_type: flow
    territory_aggregation: sum
    time_aggregation: sum
    status: form
    sources:
      - {form: 1-M, section: R1, lines: [1], column: 2, basis: ytd}
"""
    (tmp_path / "indicators").mkdir()
    file = tmp_path / "indicators" / "crime.yml"
    file.write_text(text, encoding="utf-8")
    assert set(load_indicators(tmp_path)) == {"CRM_TOTAL"}
    file.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(ContractError, match=rf"crime\.yml: .*{place}"):
        load_indicators(tmp_path)


def test_ranges_of_lines_are_written_out(tmp_path: Path) -> None:
    source = Source.model_validate(
        {"form": "1-M", "section": "R1", "lines": [1, "3-5"], "column": 2, "basis": "ytd"}
    )
    assert source.lines == (1, 3, 4, 5)
