"""Running dbt: what goes wrong is returned in words."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.tools.country import NORTH, Country, figures
from warehouse.build.transform import transform


def test_a_broken_input_is_named_by_the_test_that_found_it(tmp_path: Path) -> None:
    country = Country(tmp_path)
    country.expect("2025-01")
    country.report(NORTH, "2025-01", figures(1))
    inputs = country.write()
    file = inputs / "submissions.parquet"
    once = pq.read_table(file)
    pq.write_table(pa.concat_tables([once, once]), file)

    result = transform(inputs, country.lake, tmp_path / "build")

    assert not result.is_successful
    assert any("unique_stg_ledger__submissions" in line for line in result.in_words())


def test_missing_inputs_are_a_failure_that_names_the_file(tmp_path: Path) -> None:
    result = transform(tmp_path / "nowhere", tmp_path, tmp_path / "build")

    assert not result.is_successful
    assert any("nowhere" in line for line in result.in_words())
