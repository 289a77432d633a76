"""Builds hold to the memory limit: what exceeds it goes to disk, beside the file that is built."""

from pathlib import Path

from warehouse.core.duck import connect_build
from warehouse.core.settings import Settings

ROWS = 500_000


def test_what_exceeds_the_memory_limit_is_sorted_on_disk(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, memory_limit="64MB", threads=1)
    with connect_build(tmp_path / "warehouse.duckdb", settings) as connection:
        connection.execute(
            "create table figures as"
            " select range as line, sha256(range::varchar) as text from range($rows)",
            {"rows": ROWS},
        )
        connection.execute("create table ordered as from figures order by text")
        counted = connection.execute("select count(distinct text) from ordered").fetchone()
    assert counted == (ROWS,)
    assert not list(tmp_path.glob("spill-*/*"))
