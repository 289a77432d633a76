"""Files that cannot be read now: each stays without a verdict and is named; the others go on."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion.intake import batch, pickup
from ingestion.intake.file_list import listed
from ingestion.intake.workers import Readers, kept_readers
from ingestion.judge import prepare
from ingestion.request import Request, Services
from tests.unit.ingestion.conftest import KYZYLORDA, PERIOD, Desk, sng_workbook
from warehouse.core.errors import FileError, UserError
from warehouse.ledger import IncomingFile
from warehouse.storage import inbox

A, B = sng_workbook(R1_1_1=1, R1_2_1=1), sng_workbook(R1_1_1=2, R1_2_1=2)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, "FILE_NOT_REGULAR"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "FILE_NOT_REGULAR"),
    "socket": (_socket, "FILE_"),
    "link to itself": (lambda path: path.symlink_to(path.name), "FILE_UNREADABLE"),
    "link to nothing": (lambda path: path.symlink_to("gone"), "FILE_UNREADABLE"),
    "link of a name too long": (lambda path: path.symlink_to("x" * 300), "FILE_UNREADABLE"),
}


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "_changed_at", lambda _: 0.0)


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_readable_file_is_named_and_stops_nothing(
    services: Services, tmp_path: Path, settled: None, kind: str
) -> None:
    make, code = ODD[kind]
    folder, month = tmp_path / "in", services.home.inbox / PERIOD
    for place in (folder, month):
        place.mkdir(parents=True)
        (place / "a.xlsx").write_bytes(A)
        make(place / "b.xlsx")
        (place / "c.xlsx").write_bytes(B)
    told: list[FileError] = []
    results = batch.ingest(
        services, listed(folder, services.contracts, period=PERIOD), workers=0, unread=told.append
    )
    assert [result.is_accepted for result in results] == [True, True]
    assert [error.code.startswith(code) for error in told] == [True]
    assert told[0].params["file"] == "b.xlsx"

    (names,) = pickup.batches(services)
    assert len(pickup.take_in(services, names)) == 2
    said = (services.home.inbox / "unclear" / "b.xlsx.txt").read_text(encoding="utf-8")
    assert said.count("b.xlsx") == 3
    assert os.path.lexists(month / "b.xlsx")
    with pytest.raises(UserError, match=code):
        Desk(services).send(folder / "b.xlsx")


def test_a_file_that_may_not_be_read_or_went_away_is_judged_by_a_later_run(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in {"a.xlsx": A, "b.xlsx": B}.items():
        (tmp_path / name).write_bytes(content)
    act = os.open

    def refuse(path: Path, *given: int, **named: int) -> int:
        if Path(path).name == "a.xlsx":
            raise PermissionError(13, "Permission denied")
        return act(path, *given, **named)

    requests = [
        Request(tmp_path / f"{name}.xlsx", f"{name}.xlsx", PERIOD, territory=KYZYLORDA)
        for name in ("a", "b", "gone")
    ]
    told: list[FileError] = []
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        (result,) = batch.run(services, requests, workers=0, unread=told.append)
    assert result.file_name == "b.xlsx"
    assert [error.params["file"] for error in told] == ["a.xlsx", "gone.xlsx"]
    with pytest.raises(FileError):
        batch.run(services, requests, workers=0)
    assert len(services.ledger.submissions(state="judged")) == 2


def test_a_lost_original_of_an_unfinished_report_stops_neither_ingest_nor_replay(
    services: Services, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.xlsx").write_bytes(A)
    services.ledger.register(
        IncomingFile(
            form_code="SNG-1",
            form_version="v",
            territory_kato=KYZYLORDA,
            period=PERIOD,
            file_name="lost.xlsx",
            file_sha256="ab" * 32,
            file_size=1,
        ),
    )
    told: list[FileError] = []
    (result,) = batch.ingest(
        services,
        listed(tmp_path / "in", services.contracts, period=PERIOD),
        workers=0,
        unread=told.append,
    )
    assert result.is_accepted
    assert batch.replay(services, workers=0, unread=told.append) == []
    assert [error.code for error in told] == ["ORIGINAL_UNKNOWN"] * 2


def _die(number: int) -> Callable[..., object]:
    def act(*_: object, **__: object) -> object:
        os.kill(os.getpid(), number)
        return None

    return act


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_only_a_reader_that_breaks_down_is_blamed_on_the_file(
    services: Services, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    kept_readers(services.contracts.root, services.bounds, 2)  # none of another test
    readers = Readers(services.contracts.root, services.bounds, 1)
    monkeypatch.setattr(prepare, "extract", _die(number))
    started = readers._started
    monkeypatch.setattr(readers, "_started", lambda _: started("fork"))
    task = prepare.Task.of(services)
    request = Request(A, "a.xlsx", PERIOD, territory=KYZYLORDA)
    ((answer,),) = readers.read(task, iter([[request]]))
    readers.stop()
    if number is signal.SIGSEGV:
        assert isinstance(answer, prepare.Prepared)
        assert [finding.code for finding in answer.extract.findings] == ["READING_FAILED"]
    else:
        assert isinstance(answer, prepare.Unread)
        assert answer.error.code == "READING_INTERRUPTED"


@pytest.mark.parametrize("stem", ["a" * 245, "a" * 250, "я" * 125], ids=["245", "250", "ru"])
@pytest.mark.parametrize("month", [PERIOD, "."], ids=["done", "unclear"])
def test_a_name_as_long_as_may_be_is_put_away_and_keeps_its_extension(
    services: Services, settled: None, stem: str, month: str
) -> None:
    folder = services.home.inbox / month
    folder.mkdir(parents=True)
    (folder / f"{stem}.xlsx").write_bytes(A)
    for names in pickup.batches(services):
        pickup.take_in(services, names)

    kept = [p for p in services.home.inbox.rglob("*.xlsx") if p.is_file()]
    assert [path.read_bytes() for path in kept] == [A]
    beside = ".txt" if month == "." else ".json"
    assert Path(f"{kept[0]}{beside}").is_file()
    assert pickup.batches(services) == []


@pytest.mark.parametrize("taken", ["done", f"done/{PERIOD}", "unclear"])
def test_a_file_in_the_place_of_a_folder_holds_back_only_what_belongs_there(
    services: Services, settled: None, taken: str, caplog: pytest.LogCaptureFixture
) -> None:
    box = services.home.inbox
    for month in (PERIOD, "2023-06"):
        (box / month).mkdir(parents=True)
        (box / month / "a.xlsx").write_bytes(A)
    (box / "of no month.xlsx").write_bytes(B)
    (box / taken).parent.mkdir(exist_ok=True)
    (box / taken).write_text("a file")
    judged = [
        r.period for names in pickup.batches(services) for r in pickup.take_in(services, names)
    ]
    every = {PERIOD, "2023-06"}
    expected = {"done": set(), f"done/{PERIOD}": every - {PERIOD}, "unclear": every}
    assert set(judged) == expected[taken]
    assert "INBOX_FOLDER_TAKEN" in caplog.text
    assert len(services.ledger.submissions()) == len(judged)


@pytest.mark.parametrize("line", ["a" * 300, '"' + "a" * 200_000 + '"', "f\0.xlsx"])
def test_a_strange_line_of_a_list_keeps_no_other_folder_back(
    services: Services, settled: None, line: str
) -> None:
    for name in ("x", PERIOD):
        (services.home.inbox / name).mkdir(parents=True)
        (services.home.inbox / name / "f.xlsx").write_bytes(A)
    manifest = services.home.inbox / "x" / "manifest.csv"
    manifest.write_text(f"file,period\nf.xlsx,2023-06\n{line},2023-06\n", encoding="utf-8")
    for names in pickup.batches(services):
        for result in pickup.take_in(services, names):
            assert result.is_accepted
    assert PERIOD in {each.period for each in services.ledger.submissions(state="judged")}
