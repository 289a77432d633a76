"""The lake: one immutable Parquet file of cells per accepted submission.

`lake/form=1-M/period=2022-12/territory=430000000/<submission_id>.parquet`
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.core.durable import make_directories, temporary_in
from warehouse.core.hashing import hash_of_file
from warehouse.core.paths import Home
from warehouse.storage import mirror

_ROW_GROUP_CELLS = 20_000

_TEXT = pa.dictionary(pa.int32(), pa.string())

_NUMBER_IN_FILES, _NUMBER = "graph", "column_number"
"""The number of a column: files keep the name under which they were first written, so that equal
cells give equal bytes for ever; above the lake it has the name of the glossary."""

CELLS_SCHEMA = pa.schema(
    [
        ("submission_id", _TEXT),
        ("territory_kato", _TEXT),
        ("section", _TEXT),
        ("line", pa.int16()),
        (_NUMBER_IN_FILES, pa.int16()),
        ("value", pa.float64()),
    ]
)


class SubmissionKey(Protocol):
    """What names a cell file; `ledger.Submission` has it."""

    @property
    def submission_id(self) -> str: ...
    @property
    def form_code(self) -> str: ...
    @property
    def territory_kato(self) -> str: ...
    @property
    def period(self) -> str: ...


@dataclass(frozen=True, slots=True)
class CellFile:
    """A written cell file; `relative` (to the lake) is what the ledger keeps."""

    path: Path
    relative: str
    sha256: str
    rows: int


def write_cells(home: Home, submission: SubmissionKey, cells: pa.Table) -> CellFile:
    """Write the cells (columns section, line, column_number, value; any order) of one submission.

    Where rows are territories, `territory_kato` says whose each cell is; without that column all
    are the submission's own.

    Equal cells give equal bytes, so writing again changes nothing. Different cells of the same
    submission, read under a newer contract, get a file of their own: a file that a release
    refers to is never overwritten.
    """
    table = _sorted(cells, submission)
    content = _encode(table, submission)
    sha256 = hashlib.sha256(content).hexdigest()
    path = _free_path(home, submission, sha256)
    if not path.exists():
        make_directories(path.parent)
        with temporary_in(path.parent) as temporary:
            temporary.write_bytes(content)
            mirror.commit(home, temporary, path)
    return CellFile(path, path.relative_to(home.lake).as_posix(), sha256, table.num_rows)


def read_cells(home: Home, relative: str, sha256: str | None = None) -> pa.Table:
    """The cells of one file, in the order section, line, column_number, territory.

    FileNotFoundError when it is lost; `sha256` is checked when the file comes from the store.
    """
    mirror.is_there(home, home.lake / relative, sha256)
    cells = pq.ParquetFile(home.lake / relative).read()
    return cells.rename_columns({_NUMBER_IN_FILES: _NUMBER})


def bring(home: Home, files: Iterable[tuple[str, str]]) -> None:
    """Have cell files (path in the lake, SHA-256) in the home, for engines that read paths."""
    mirror.bring(home, {home.lake / relative: sha256 for relative, sha256 in files})


def _folder(home: Home, submission: SubmissionKey) -> Path:
    return (
        home.lake
        / f"form={submission.form_code}"
        / f"period={submission.period}"
        / f"territory={submission.territory_kato}"
    )


def _free_path(home: Home, submission: SubmissionKey, sha256: str) -> Path:
    first = _folder(home, submission) / f"{submission.submission_id}.parquet"
    if not mirror.is_there(home, first) or hash_of_file(first) == sha256:
        return first
    return first.with_stem(f"{submission.submission_id}-{sha256[:8]}")


def _sorted(cells: pa.Table, submission: SubmissionKey) -> pa.Table:
    sections, codes = _text_codes(cells.column("section"))
    owners, owner = _owners(cells, submission.territory_kato)
    line = cells.column("line").cast(pa.int16()).to_numpy()
    number = cells.column(_NUMBER).cast(pa.int16()).to_numpy()
    value = cells.column("value").cast(pa.float64())
    key = (codes.astype(np.int64) << 32) + (line.astype(np.int64) << 16) + number
    if len(owners) > 1 or np.any(key[1:] < key[:-1]):
        order = np.lexsort((owner, key))
        codes, line, number, value = codes[order], line[order], number[order], value.take(order)
        owner = owner[order]
    return pa.table(
        [
            pa.DictionaryArray.from_arrays(
                np.zeros(len(key), np.int32), [submission.submission_id]
            ),
            pa.DictionaryArray.from_arrays(owner, owners),
            pa.DictionaryArray.from_arrays(codes, sections),
            pa.array(line),
            pa.array(number),
            value,
        ],
        schema=CELLS_SCHEMA,
    )


def _owners(cells: pa.Table, territory: str) -> tuple[list[str], np.ndarray]:
    if "territory_kato" in cells.column_names:
        return _text_codes(cells.column("territory_kato"))
    return [territory], np.zeros(cells.num_rows, np.int32)


def _text_codes(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    """Texts in alphabetical order and, per cell, the index into them."""
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    encoded = column.combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().chunk(0) if encoded.num_chunks else _no_texts()
    names = encoded.dictionary.to_pylist()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    used = sorted({names[i] for i in np.unique(codes)})
    rank = np.array([used.index(n) if n in used else -1 for n in names], dtype=np.int32)
    return used, rank[codes] if len(codes) else codes


def _no_texts() -> pa.DictionaryArray:
    return pa.array([], pa.string()).dictionary_encode()


def _encode(table: pa.Table, submission: SubmissionKey) -> pa.Buffer:
    described = table.schema.with_metadata(
        {
            "submission_id": submission.submission_id,
            "form": submission.form_code,
            "territory": submission.territory_kato,
            "period": submission.period,
        }
    )
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink,
        described,
        compression="zstd",
        compression_level=3,
        use_dictionary=["submission_id", "territory_kato", "section", "value"],
        column_encoding={"line": "DELTA_BINARY_PACKED"},
        # Readers prune by section alone; other statistics would be a fifth of the file.
        write_statistics=["section"],
    ) as writer:
        for start, stop in _row_groups(table):
            writer.write_table(
                table.slice(start, stop - start).replace_schema_metadata(described.metadata),
                row_group_size=max(stop - start, 1),
            )
    return sink.getvalue()


def _row_groups(table: pa.Table) -> list[tuple[int, int]]:
    """Whole sections, together until they hold enough cells: a group of its own costs 1 KB."""
    codes = table.column("section").chunk(0).indices.to_numpy()
    ends = [*(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    edges = [0]
    for end in ends:
        if end - edges[-1] >= _ROW_GROUP_CELLS or end == len(codes):
            edges.append(end)
    return list(pairwise(edges))
