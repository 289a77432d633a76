"""Whether a workbook is laid out as another version of its form than the one in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ingestion.read.workbook import Grid
from ingestion.recognise.expected import ExpectedForm, ExpectedSection
from ingestion.recognise.locate import ABSENT, locate
from ingestion.recognise.structure import differing_headers, differing_labels


def other_version(
    sheets: Mapping[str, Grid], expected: ExpectedForm, others: Iterable[ExpectedForm]
) -> ExpectedForm | None:
    """The version of `others` that the sheets fit better than the one expected.

    `sheets` are by section. Only sections that the two versions draw differently can tell.
    """
    best: tuple[int, ExpectedForm] | None = None
    for other in others:
        pairs = [pair for pair in _shared(expected, other) if pair[0].section.code in sheets]
        telling = [pair for pair in pairs if _drawn(pair[0]) != _drawn(pair[1])]
        found = [(sheets[own.section.code], own, drawn) for own, drawn in telling]
        if not any(_misfits(grid, own) for grid, own, _ in found):
            continue
        found = [each for each in found if _is_readable(*each)]
        ours = sum(_misfits(grid, own) for grid, own, _ in found)
        theirs = sum(_misfits(grid, drawn) for grid, _, drawn in found)
        if theirs < ours and (best is None or theirs < best[0]):
            best = theirs, other
    return best[1] if best else None


def _shared(
    expected: ExpectedForm, other: ExpectedForm
) -> Iterable[tuple[ExpectedSection, ExpectedSection]]:
    theirs = {section.section.code: section for section in other.sections}
    for section in expected.sections:
        if section.section.code in theirs:
            yield section, theirs[section.section.code]


def _is_readable(grid: Grid, own: ExpectedSection, drawn: ExpectedSection) -> bool:
    """Whether either version finds its table on a sheet; damage alone tells of no version."""
    return locate(grid, own) is not None or locate(grid, drawn) is not None


def _drawn(section: ExpectedSection) -> tuple[object, ...]:
    """What a sheet shows of its lines and columns."""
    codes = tuple(line.code for line in section.section.lines)
    columns = tuple((column.number, column.header) for column in section.section.columns)
    return codes, section.labels, columns


def _misfits(grid: Grid, expected: ExpectedSection) -> int:
    """How many lines, labels, columns and headers of a sheet are not those of the section."""
    section = expected.section
    table = locate(grid, expected)
    if table is None:
        return len(section.lines) + len(section.columns)
    absent = int((table.rows == ABSENT).sum() + (table.columns == ABSENT).sum())
    foreign = len(table.unknown_lines) + len(table.unknown_columns)
    labels = sum(1 for _ in differing_labels(grid, table, expected))
    headers = sum(1 for _ in differing_headers(grid, table, expected))
    return absent + foreign + labels + headers
