"""Damaged files, bugs of ours and faults of the machine: what each of them may stop."""

from __future__ import annotations

import errno
import io
import logging
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from ingestion.findings import render
from ingestion.intake import batch, pickup
from ingestion.judge import prepare, verdicts
from ingestion.judge.extract import Extract, extract
from ingestion.read.safety import Limits
from ingestion.request import Request, Services, SubmissionResult
from tests.unit.ingestion.conftest import KYZYLORDA, PERIOD, RECEIVED, Desk, codes, sng_workbook
from warehouse.contracts import load_contracts
from warehouse.core.faults import trace_of
from warehouse.core.texts import LANGUAGES
from warehouse.ledger import IncomingFile, Ledger, Verdict
from warehouse.storage import inbox as folders
from warehouse.storage import lake

GOOD = sng_workbook()
SHEET, STRINGS, CORE = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "docProps/core.xml"


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in parts.items():
            package.writestr(name, data)
    return buffer.getvalue()


PARTS = parts_of(GOOD)


def edited(part: str, pattern: str, new: str) -> bytes:
    text, count = re.subn(pattern, new, PARTS[part].decode(), count=1)
    assert count == 1, pattern
    return packed({**PARTS, part: text.encode()})


def without(part: str) -> bytes:
    return packed({name: data for name, data in PARTS.items() if name != part})


CELL = r'<c r="([A-Z]+\d+)"[^>]*>.*?</c>'
DAMAGED = {
    "a cell of an unknown kind": edited(SHEET, CELL, r'<c r="\1" t="zz"><v>1</v></c>'),
    "an address with a dollar": edited(SHEET, r'<c r="[A-Z]+\d+"', '<c r="$F$9"'),
    "an empty address": edited(SHEET, r'<c r="[A-Z]+\d+"', '<c r=""'),
    "a text that is not in the list": edited(SHEET, CELL, r'<c r="\1" t="s"><v>99999</v></c>'),
    "a sheet that is gone": without(SHEET),
    "a list of texts that is gone": without(STRINGS),
    "a sheet cut short": packed({**PARTS, SHEET: PARTS[SHEET][: len(PARTS[SHEET]) // 2]}),
    "a sheet that is empty": packed({**PARTS, SHEET: b""}),
}


def taken_in(services: Services, *files: bytes | tuple[str, bytes]) -> list[SubmissionResult]:
    """One batch in this process."""
    named = [f if isinstance(f, tuple) else (f"{n}.xlsx", f) for n, f in enumerate(files)]
    requests = [
        Request(content, name, PERIOD, KYZYLORDA, received_at=RECEIVED) for name, content in named
    ]
    return batch.run(services, requests, workers=0)


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damage_is_a_finding_that_names_the_part_and_the_next_file_is_read(
    desk: Desk, content: bytes
) -> None:
    bad, good = taken_in(desk.services, content, GOOD)
    assert bad.verdict is Verdict.REJECTED
    assert codes(bad)[0] == "FILE_UNREADABLE"
    assert good.is_accepted
    assert desk.is_kept(content)
    assert bad.findings[0].params["part"] == "R1"
    for language in LANGUAGES:
        text, how_to_fix = render(bad.findings[0], desk.services.contracts, language)
        assert "R1" in text
        assert ".xlsx" in how_to_fix


@pytest.mark.parametrize(
    "encoding", ["GBK", "Shift_JIS", "Big5", "EUC-KR", "UTF-7", "x-unknown", ""]
)
def test_properties_in_a_foreign_encoding_cost_no_figure(desk: Desk, encoding: str) -> None:
    declared = PARTS[CORE].replace(b'encoding="UTF-8"', f'encoding="{encoding}"'.encode())
    assert declared != PARTS[CORE]
    (result,) = taken_in(desk.services, packed({**PARTS, CORE: declared}))
    assert result.is_accepted
    assert "TERRITORY_NOT_STATED" in codes(result)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    part=st.sampled_from(sorted(PARTS)),
    place=st.floats(0, 1),
    size=st.integers(0, 40),
    data=st.binary(max_size=12) | st.sampled_from([b"<", b'"', b"</c>", b"&#0;", b"_x0000_"]),
)
def test_no_change_of_a_part_raises(part: str, place: float, size: int, data: bytes) -> None:
    """Reading ends with findings or figures, and no error of ours shows in between."""
    old = PARTS[part]
    start = int(place * len(old))
    content = packed({**PARTS, part: old[:start] + data + old[start + size :]})
    read = extract(content, load_contracts(), period=PERIOD, form_code=None, limits=Limits())
    assert read.findings or read.values.size


def failing(on: bytes, error: BaseException) -> Callable[..., Extract]:
    """`extract` with a bug, or on a machine with a fault, that one file brings out."""

    def act(content: bytes, *given: object, **named: object) -> Extract:
        if content == on:
            secret = content[:40]  # a local variable with the contents of the file
            assert secret
            raise error
        return extract(content, *given, **named)  # type: ignore[arg-type]

    return act


BAD = sng_workbook(R1_1_1=7)


def test_a_bug_of_ours_is_the_verdict_of_that_file_with_its_trace_in_the_log(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(prepare, "extract", failing(BAD, ZeroDivisionError("Иванов И. И.")))
    other = sng_workbook(R1_1_1=8)
    results = taken_in(desk.services, GOOD, BAD, other)
    assert [result.is_accepted for result in results] == [True, False, True]
    assert codes(results[1])[0] == "READING_FAILED"
    assert desk.is_kept(BAD)
    (said,) = (record for record in caplog.records if record.levelno >= logging.WARNING)
    assert said.levelno == logging.ERROR
    assert results[1].sha256 in said.getMessage()
    assert "test_damaged.py" in said.getMessage()
    assert "ZeroDivisionError" in said.getMessage()
    assert "Иванов" not in said.getMessage()
    assert (said.exc_info, said.stack_info) == (None, None)
    # Mended, it is read without being sent again.
    monkeypatch.undo()
    assert [result.is_accepted for result in batch.replay(desk.services, workers=0)] == [True]


@pytest.mark.parametrize("place", ["check_territory", "cells_table", "cross_checks"])
def test_a_bug_in_judging_is_the_verdict_of_that_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    act = getattr(verdicts, place)
    calls: list[int] = []

    def buggy(*given: object, **named: object) -> object:
        values = getattr(given[1], "values", None) if place == "cross_checks" else None
        is_bad = values is not None and 7 in values
        if place == "cells_table":
            is_bad = 7 in given[1]  # type: ignore[operator]
        if place == "check_territory":
            is_bad = given[4] == "bad.xlsx"
            calls.append(1)
            is_bad = is_bad and sum(calls) == len(calls) == 2
        if is_bad:
            raise KeyError("Иванов")
        return act(*given, **named)

    monkeypatch.setattr(verdicts, place, buggy)
    other = sng_workbook(R1_1_1=8)
    results = taken_in(desk.services, ("a.xlsx", GOOD), ("bad.xlsx", BAD), ("b.xlsx", other))
    assert [r.is_accepted for r in results] == [True, False, True]
    assert "READING_FAILED" in codes(results[1])
    assert desk.services.ledger.unfinished() == []
    assert len(desk.services.ledger.submissions()) == 3


MACHINE = {
    "a full disk": OSError(errno.ENOSPC, "No space left on device"),
    "no memory": MemoryError(),
    "no database": OperationalError("select", {}, Exception("server closed the connection")),
}


@pytest.mark.parametrize("error", MACHINE.values(), ids=MACHINE)
@pytest.mark.parametrize("place", ["reading", "writing", "recording"])
def test_a_fault_of_the_machine_is_no_verdict_and_the_next_run_gives_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception, place: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    if place == "reading":
        monkeypatch.setattr(prepare, "extract", fail)
    elif place == "writing":
        monkeypatch.setattr(lake, "write_cells", fail)
    else:
        monkeypatch.setattr(Ledger, "record_verdict", fail)
    with pytest.raises(type(error)):
        taken_in(desk.services, GOOD)
    assert desk.services.ledger.submissions(state="judged") == []
    monkeypatch.undo()
    (result,) = taken_in(desk.services, GOOD)
    assert result.is_accepted


def test_the_trace_names_every_error_and_no_value() -> None:
    try:
        try:
            raise ValueError("Иванов")
        except ValueError as error:
            raise KeyError("Петров") from error
    except KeyError as error:
        trace = trace_of(error)
    assert "builtins.KeyError" in trace
    assert "caused by" in trace
    assert "builtins.ValueError" in trace


def test_a_name_in_a_foreign_encoding_goes_through_the_inbox(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_changed_at", lambda _: 0.0)
    services = desk.services
    place = services.home.inbox / PERIOD
    place.mkdir(parents=True)
    name = os.fsencode(place) + b"/" + "отчет.xlsx".encode("cp1251")
    Path(os.fsdecode(name)).write_bytes(GOOD)
    (names,) = pickup.batches(services)
    (result,) = pickup.take_in(services, names)
    assert result.is_accepted
    assert pickup.batches(services) == []


def test_what_contracts_no_longer_know_is_judged_again_without_stopping_the_others(
    desk: Desk,
) -> None:
    ledger = desk.services.ledger
    (good,) = taken_in(desk.services, sng_workbook(R1_1_1=-1))
    for number, (form, territory) in enumerate((("GONE-M", KYZYLORDA), ("SNG-1", "999999999"))):
        content = sng_workbook(R1_1_1=number + 2)
        kept = desk.send(content)
        ledger.register(
            IncomingFile(
                form_code=form,
                form_version="1",
                territory_kato=territory,
                period=PERIOD,
                file_name="kept.xlsx",
                file_sha256=kept.sha256,
                file_size=kept.size,
                received_at=RECEIVED,
            ),
        )
    results = batch.replay(desk.services, workers=0)
    assert len(results) == 3
    assert ledger.unfinished() == []
    assert good.submission_id in {result.submission_id for result in results}
    gone = next(r for r in results if r.territory == "999999999")
    assert "TERRITORY_UNKNOWN" in codes(gone)
