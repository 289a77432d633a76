"""One declaration of each input table: its Parquet, the sources and the staging models of dbt."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from tests.tools import staging
from warehouse.build.schemas import TABLES, InputTable
from warehouse.build.transform import PROJECT

MODELS = PROJECT / "models"
FIELDS = MODELS / "fields.md"
STAGED = [table for table in TABLES if table.source]
_BLOCK = re.compile(r"^{% docs (\w+) %}(.+){% enddocs %}$", re.MULTILINE)
_REFERENCE = re.compile(r"{{ doc\('(\w+)'\) }}")


def columns() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every documented column with the name of its model."""
    for file in sorted(MODELS.rglob("*.yml")):
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", ()):
            yield from ((model["name"], column) for column in model["columns"])


def test_the_staging_layer_is_what_the_declarations_write() -> None:
    kept = {
        path.relative_to(staging.FOLDER): path.read_text(encoding="utf-8")
        for path in staging.FOLDER.rglob("*")
        if path.is_file()
    }
    assert kept == staging.files(), "run `make staging`"


@pytest.mark.parametrize("table", STAGED, ids=lambda table: table.name)
def test_a_staging_model_gives_the_declared_columns_in_the_declared_types(
    table: InputTable, tmp_path: Path
) -> None:
    file = tmp_path / "input.parquet"
    pq.write_table(table.schema.empty_table(), file)
    model = staging.files()[Path(table.source) / f"stg_{table.source}__{table.name}.sql"]
    sql = re.sub(r"{{ source\(.*?\) }}", f"read_parquet('{file}')", model)
    sql = sql.replace("{{ dbt.type_string() }}", "text")
    sql = sql.replace("{{ dbt.type_timestamp() }}", "timestamp")
    with duckdb.connect() as connection:
        found = connection.execute(sql).to_arrow_table().schema
    exact = {"value": pa.decimal128(18, 4)}
    declared = {name: exact.get(name, column.arrow) for name, column in table.columns.items()}
    assert list(zip(found.names, found.types, strict=True)) == list(declared.items())


def test_the_key_of_a_table_is_made_of_its_columns() -> None:
    for table in TABLES:
        assert table.key
        assert set(table.key) <= set(table.columns), table.name


def test_no_column_is_described_twice_in_the_same_words() -> None:
    blocks = dict(_BLOCK.findall(FIELDS.read_text(encoding="utf-8")))
    written = Counter(
        (column["name"], column["description"])
        for _, column in columns()
        if not _REFERENCE.search(column["description"])
    )
    assert [words for words, times in written.items() if times > 1] == []
    assert [name for name, text in written if blocks.get(name) == text] == []


def test_every_block_of_words_is_used_and_written_once() -> None:
    names = [name for name, _ in _BLOCK.findall(FIELDS.read_text(encoding="utf-8"))]
    used = {name for _, column in columns() for name in _REFERENCE.findall(column["description"])}
    assert names == sorted(set(names))
    assert set(names) == used
