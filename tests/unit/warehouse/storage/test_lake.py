import stat
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from warehouse.core.paths import Home
from warehouse.storage.lake import CELLS_SCHEMA, _encode, _sorted, read_cells, write_cells


@dataclass
class Key:
    submission_id: str = "0123456789abcdef"
    form_code: str = "1-M"
    territory_kato: str = "430000000"
    period: str = "2022-12"


def table(rows: list[tuple[str, int, int, float | None]]) -> pa.Table:
    section, line, number, value = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table(
        {
            "section": pa.array(section, pa.string()),
            "line": pa.array(line, pa.int16()),
            "column_number": pa.array(number, pa.int16()),
            "value": pa.array(value, pa.float64()),
        }
    )


CELLS = table([("R1", 2, 1, 5.0), ("R1", 1, 2, None), ("R1", 1, 1, 7.0), ("R1-1", 1, 1, 0.5)])


def test_a_file_lies_where_its_form_period_and_territory_say(home: Home) -> None:
    written = write_cells(home, Key(), CELLS)
    expected = "form=1-M/period=2022-12/territory=430000000/0123456789abcdef.parquet"
    assert written.relative == expected
    assert written.path == home.lake / expected
    assert written.rows == 4
    assert stat.S_IMODE(written.path.stat().st_mode) == 0o444


def test_cells_come_back_sorted_with_missing_values_still_missing(home: Home) -> None:
    cells = read_cells(home, write_cells(home, Key(), CELLS).relative)
    names = ["submission_id", "territory_kato", "section", "line", "column_number", "value"]
    assert (cells.schema.names, cells.schema.types) == (names, CELLS_SCHEMA.types)
    assert [tuple(row.values()) for row in cells.to_pylist()] == [
        ("0123456789abcdef", "430000000", "R1", 1, 1, 7.0),
        ("0123456789abcdef", "430000000", "R1", 1, 2, None),
        ("0123456789abcdef", "430000000", "R1", 2, 1, 5.0),
        ("0123456789abcdef", "430000000", "R1-1", 1, 1, 0.5),
    ]


def test_files_keep_the_names_that_files_always_had(home: Home) -> None:
    names = ["submission_id", "territory_kato", "section", "line", "graph", "value"]
    assert pq.read_schema(write_cells(home, Key(), CELLS).path).names == names


def test_a_file_of_an_earlier_version_is_read_under_the_present_names(home: Home) -> None:
    early = {"section": ["R1"], "line": [7], "graph": [2], "value": [3.0]}
    home.lake.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(early), home.lake / "early.parquet")
    told = {"section": "R1", "line": 7, "column_number": 2, "value": 3.0}
    assert read_cells(home, "early.parquet").to_pylist() == [told]


def test_row_groups_hold_whole_sections_so_that_readers_can_leave_the_others_out(
    home: Home,
) -> None:
    sections = np.repeat(["R1", "R2", "R3", "R4"], [12_000, 12_000, 30_000, 10])
    numbers = pa.array(np.arange(len(sections)) % 30_000, pa.int16())
    cells = pa.table(
        {
            "section": sections,
            "line": numbers,
            "column_number": numbers,
            "value": np.ones(len(sections)),
        }
    )
    metadata = pq.read_metadata(write_cells(home, Key(), cells).path)
    section = [metadata.row_group(i).column(2).statistics for i in range(metadata.num_row_groups)]
    assert [(s.min, s.max) for s in section] == [("R1", "R2"), ("R3", "R3"), ("R4", "R4")]


def test_a_file_says_whose_it_is(home: Home) -> None:
    metadata = pq.read_metadata(write_cells(home, Key(), CELLS).path).metadata
    assert metadata[b"submission_id"] == b"0123456789abcdef"
    assert (metadata[b"form"], metadata[b"period"]) == (b"1-M", b"2022-12")
    assert metadata[b"territory"] == b"430000000"


def test_writing_again_changes_nothing(home: Home) -> None:
    first = write_cells(home, Key(), CELLS)
    inode = first.path.stat().st_ino
    assert write_cells(home, Key(), CELLS) == first
    assert first.path.stat().st_ino == inode
    assert [p.name for p in first.path.parent.iterdir()] == [first.path.name]


def test_cells_read_anew_differently_do_not_overwrite_the_earlier_ones(home: Home) -> None:
    first = write_cells(home, Key(), CELLS)
    before = first.path.read_bytes()
    second = write_cells(home, Key(), CELLS.slice(0, 3))
    assert second.path != first.path
    assert first.path.read_bytes() == before
    assert write_cells(home, Key(), CELLS.slice(0, 3)) == second


def test_duckdb_reads_the_lake_by_its_folders(home: Home) -> None:
    write_cells(home, Key(), CELLS)
    files = duckdb.read_parquet(f"{home.lake}/**/*.parquet", hive_partitioning=True)
    totals = files.aggregate("form, period, territory::VARCHAR, section, sum(value)")
    answer = totals.order("section").fetchall()
    assert [row[2:] for row in answer] == [("430000000", "R1", 12.0), ("430000000", "R1-1", 0.5)]
    assert answer[0][0] == "1-M"


def test_no_cells_are_a_file_too(home: Home) -> None:
    assert read_cells(home, write_cells(home, Key(), table([])).relative).num_rows == 0


rows = st.lists(
    st.tuples(
        st.sampled_from(["R1", "R1-1", "R10", "R2", "PRIL1"]),
        st.integers(1, 999),
        st.integers(1, 40),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
    ),
    max_size=60,
    unique_by=lambda row: row[:3],
)


@given(rows=rows, seed=st.integers(0, 2**32 - 1))
def test_equal_cells_give_equal_bytes_in_any_order(
    rows: list[tuple[str, int, int, float | None]], seed: int
) -> None:
    shuffled = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]
    encoded_early = table(shuffled)
    encoded_early = encoded_early.set_column(
        0, "section", encoded_early.column("section").dictionary_encode()
    )
    one = _encode(_sorted(table(rows), Key()), Key())
    two = _encode(_sorted(encoded_early, Key()), Key())
    assert one.equals(two)
    found = pq.read_table(pa.BufferReader(one)).to_pylist()
    assert [tuple(r.values())[2:] for r in found] == sorted(rows, key=lambda row: row[:3])


def test_a_whole_form_takes_little_room(home: Home) -> None:
    """The size of 1-М: 217,460 coordinates in 26 sections, one in nine of them not zero."""
    random = np.random.default_rng(1)
    lines, columns, sections = 428, 20, 26
    count = sections * lines * columns
    value = np.where(random.random(count) < 0.11, random.geometric(0.05, count), 0)
    cells = pa.table(
        {
            "section": np.repeat([f"R{i}" for i in range(sections)], lines * columns),
            "line": np.tile(np.repeat(np.arange(1, lines + 1), columns), sections),
            "column_number": np.tile(np.arange(1, columns + 1), sections * lines),
            "value": value.astype(float),
        }
    )
    assert write_cells(home, Key(), cells).path.stat().st_size < 110_000
