"""Files that would take all memory or all time of whoever reads them."""

from __future__ import annotations

import io
import os
import re
import signal
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from ingestion.annotate.answer import annotate_result, can_annotate
from ingestion.findings import render
from ingestion.intake.batch import replay, run
from ingestion.intake.workers import kept_readers
from ingestion.request import Request, Services, SubmissionResult
from tests.tools.processes import children_watched, held_bytes
from tests.unit.ingestion.conftest import KYZYLORDA, PERIOD, only, sng_workbook
from warehouse.core.bounded import Bounds
from warehouse.core.errors import UserError
from warehouse.core.texts import LANGUAGES
from warehouse.ledger import Verdict

pytestmark = pytest.mark.slow

MB = 1000**2
BOUNDS = Bounds.of(128 * MB, 4)
SHEET = "xl/worksheets/sheet1.xml"
_MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in parts.items():
            kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            package.writestr(name, data, kind)
    return buffer.getvalue()


def workbook(**parts: bytes) -> bytes:
    """A СНГ-1 with parts of its package replaced; `__` stands for `/`."""
    with zipfile.ZipFile(io.BytesIO(sng_workbook())) as package:
        own = {name: package.read(name) for name in package.namelist()}
    return packed({**own, **{f"{n.replace('__', '/')}.xml": data for n, data in parts.items()}})


def sheet(rows: bytes) -> bytes:
    return workbook(
        xl__worksheets__sheet1=b'<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>'
        % (_MAIN, rows)
    )


def repeated_string() -> bytes:
    """200 KB that stand once in the file and 30 000 times on the sheet."""
    strings = b'<sst xmlns="%s"><si><t>%s</t></si></sst>' % (_MAIN, b"x" * 200_000)
    row = b"<row>" + b'<c t="s"><v>0</v></c>' * 100 + b"</row>"
    body = b'<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (_MAIN, row * 300)
    return workbook(xl__sharedStrings=strings, xl__worksheets__sheet1=body)


def opendocument(rows: bytes) -> bytes:
    names = b"".join(
        b' xmlns:%s="urn:oasis:names:tc:opendocument:xmlns:%s:1.0"' % (name, name)
        for name in (b"office", b"table", b"text")
    )
    body = (
        b"<office:document-content%s><office:body><office:spreadsheet>"
        b'<table:table table:name="A">%s</table:table>'
        b"</office:spreadsheet></office:body></office:document-content>"
    )
    return packed(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": b"<manifest/>",
            "content.xml": body % (names, rows),
        }
    )


_ROW = b'<table:table-row table:number-rows-repeated="9999">%s</table:table-row>'
_CELLS = b'<table:table-cell table:number-columns-repeated="9999" office:value-type="float" %s/>'

OVER_MEMORY: Mapping[str, Callable[[], bytes]] = {
    "a row number of nine digits": lambda: sheet(
        b'<row r="1"><c r="A999999999"><v>1</v></c></row>'
    ),
    "two cells at opposite corners, without addresses": lambda: sheet(
        b'<row><c><v>1</v></c></row><row r="1048576">' + b"<c/>" * 16383 + b"<c><v>1</v></c></row>"
    ),
    "a long string shared by many cells": repeated_string,
    "a repeated row of repeated cells": lambda: opendocument(_ROW % (_CELLS % b'office:value="1"')),
    "a text of empty lines": lambda: b"a;b\n" + b"\n" * 20_000_000,
}
OVER_TIME: Mapping[str, Callable[[], bytes]] = {
    "tags that never end": lambda: opendocument(b"<table:table-cell " * 200_000),
}
OVER_EITHER: Mapping[str, Callable[[], bytes]] = {
    "a package part of nested elements": lambda: workbook(
        docProps__core=b"<a>" * 1_500_000 + b"</a>" * 1_500_000
    ),
}
"""What is used up first depends on the machine."""
OTHERWISE: Mapping[str, Callable[[], bytes]] = {
    "an address beyond the last column": lambda: sheet(
        b'<row r="1"><c r="ZZZZZZ1"><v>1</v></c></row>'
    ),
    "cells merged a hundred thousand times": lambda: _merged(100_000),
    "fifty thousand defined names": lambda: _named(50_000),
}
"""Within the bounds, whatever the verdict."""


def _merged(count: int) -> bytes:
    with zipfile.ZipFile(io.BytesIO(sng_workbook())) as package:
        own = package.read(SHEET)
    cells = b'<mergeCell ref="A1:XFD1048576"/>' * count
    end = b"</sheetData>"
    merged = own.replace(end, end + b"<mergeCells>%s</mergeCells>" % cells)
    return workbook(xl__worksheets__sheet1=merged)


def _named(count: int) -> bytes:
    with zipfile.ZipFile(io.BytesIO(sng_workbook())) as package:
        own = package.read("xl/workbook.xml")
    names = b'<definedName name="a">R1!A1</definedName>' * count
    return workbook(
        xl__workbook=re.sub(rb"</sheets>", b"</sheets><definedNames>%s</definedNames>" % names, own)
    )


@pytest.fixture
def bounded(services: Services) -> Services:
    return replace(services, bounds=BOUNDS)


def over(result: SubmissionResult) -> str:
    """The finding about the reading itself; empty when it was read."""
    codes = [finding.code for finding in result.findings]
    return ", ".join(code for code in codes if code.startswith("READING_"))


def request(content: bytes, name: str = "СНГ-1.xlsx") -> Request:
    return Request(content, name, PERIOD, territory=KYZYLORDA)


def test_a_batch_with_hostile_files_gives_each_its_verdict_and_loses_none(
    bounded: Services,
) -> None:
    hostile = {**OVER_MEMORY, **OVER_TIME, **OVER_EITHER, **OTHERWISE}
    honest = [
        request(sng_workbook(R1_1_1=number, R1_2_1=number), f"{number}.xlsx") for number in range(3)
    ]
    spoilt = [request(make()) for make in hostile.values()]
    requests = [honest[0], *spoilt[:4], honest[1], *spoilt[4:], honest[2]]
    run(bounded, [request(sng_workbook(R1_1_1=n, R1_2_1=n)) for n in (8, 9)], workers=2)
    readers = kept_readers(bounded.contracts.root, BOUNDS, 2).processes
    loaded = min(held_bytes(psutil.Process(reader)) for reader in readers)
    start = time.monotonic()
    with children_watched(int(loaded * 0.95)) as most:
        results = run(bounded, requests, workers=2)
    assert time.monotonic() - start < len(requests) * BOUNDS.wall
    assert most[0] <= BOUNDS.memory + 40 * MB

    answered = dict(zip(map(id, requests), results, strict=True))
    assert [answered[id(sent)].file_name for sent in honest] == ["0.xlsx", "1.xlsx", "2.xlsx"]
    assert all(answered[id(sent)].is_accepted for sent in honest)
    judged = {name: answered[id(sent)] for name, sent in zip(hostile, spoilt, strict=True)}
    either = {over(judged.pop(name)) for name in OVER_EITHER}
    assert either <= {"READING_OVER_MEMORY", "READING_OVER_TIME"}
    assert {name: over(result) for name, result in judged.items()} == {
        **dict.fromkeys(OVER_MEMORY, "READING_OVER_MEMORY"),
        **dict.fromkeys(OVER_TIME, "READING_OVER_TIME"),
        **dict.fromkeys(OTHERWISE, ""),
    }
    assert all(judged[name].verdict is Verdict.REJECTED for name in OVER_MEMORY)
    assert bounded.ledger.unfinished() == []
    assert len(bounded.ledger.submissions()) == len(requests) + 2


def test_the_finding_says_what_was_exceeded_and_what_to_do(bounded: Services) -> None:
    (result,) = run(bounded, [request(OVER_MEMORY["a row number of nine digits"]())])
    finding = only(result, "READING_OVER_MEMORY")
    for language in LANGUAGES:
        text, how_to_fix = render(finding, bounded.contracts, language)
        assert "128" in text
        assert "Ctrl+End" in how_to_fix


def test_an_annotation_stays_within_the_bounds(bounded: Services) -> None:
    """A file that was judged when the bounds were wider."""
    wide = replace(bounded, bounds=Bounds.of(2000 * MB, 60))
    content = _named(300_000)
    (result,) = run(wide, [request(content)], workers=1)
    assert result.is_accepted
    with children_watched() as most, pytest.raises(UserError, match="ANNOTATION_IMPOSSIBLE"):
        annotate_result(replace(bounded, bounds=Bounds.of(32 * MB, 4)), result, "ru")
    assert most[0] <= BOUNDS.memory
    assert annotate_result(wide, result, "ru").startswith(b"PK")


def test_a_file_that_was_not_opened_is_not_offered_with_marks(
    bounded: Services, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_bytes(OVER_MEMORY["a row number of nine digits"]())
    (result,) = run(bounded, [request(file.read_bytes())], workers=1)
    assert not can_annotate(file, result.findings)
    assert can_annotate(file, [])
    file.write_bytes(opendocument(b""))
    assert not can_annotate(file, [])


def test_a_reader_killed_from_outside_is_not_blamed_on_the_file(services: Services) -> None:
    """As a machine short of memory does, or an operator."""
    run(services, [request(sng_workbook())], workers=1)
    readers = kept_readers(services.contracts.root, services.bounds, 1)
    (reader,) = readers.processes
    # Stopped, it surely has the file in its hands when it dies.
    os.kill(reader, signal.SIGSTOP)
    killer = threading.Timer(0.5, os.kill, (reader, signal.SIGKILL))
    killer.start()
    (result,) = run(services, [request(sng_workbook(R1_1_1=1, R1_2_1=1))], workers=1)
    killer.join()
    assert result.is_accepted
    assert readers.has_lost_one
    assert readers.processes != [reader]


def test_a_file_that_was_too_much_is_read_within_the_bounds_again(bounded: Services) -> None:
    """A replay is no way round the bounds, and ends."""
    run(bounded, [request(OVER_MEMORY["a row number of nine digits"]())])
    (again,) = replay(bounded, workers=1)
    assert over(again) == "READING_OVER_MEMORY"
