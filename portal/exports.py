"""Tables given out as CSV: a text that a spreadsheet would run as a formula is made harmless."""

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA_STARTS = tuple("=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20")
"""Also the full-width forms, which some spreadsheets take for the plain ones."""


def csv_file(
    columns: Sequence[str], rows: Iterable[Sequence[object]], mark: tuple[str, str] | None = None
) -> bytes:
    """UTF-8 with a byte order mark and semicolons, as the Excel of this country opens it.

    `mark`: a last column and what stands in each of its rows.
    """
    added = [] if mark is None else [mark]
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", quoting=csv.QUOTE_MINIMAL)
    writer.writerow([harmless(name) for name in (*columns, *(name for name, _ in added))])
    writer.writerows(
        [harmless(value) for value in (*row, *(value for _, value in added))] for row in rows
    )
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def harmless(value: object) -> object:
    """Texts that start like a formula get an apostrophe in front; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    stripped = value.lstrip(" \u00a0\ufeff")
    return f"'{value}" if stripped.startswith(_FORMULA_STARTS) else value
