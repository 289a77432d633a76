"""A file from the page to its verdict, and what hostile senders try on the way."""

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openpyxl
import pytest
from openpyxl.workbook import Workbook as Book
from sqlalchemy import update

from ingestion.documents.receipt import public_key_pem, verify
from portal.app import create_app
from portal.judging.judge import judge
from portal.pages.answers import disposition
from portal.pages.period import plain_name
from portal.settings import PortalSettings
from tests.unit.ingestion.conftest import edited, sng_workbook
from tests.unit.portal.conftest import KYZYLORDA, PAVLODAR, PERIOD, Desk
from warehouse.ledger import Verdict
from warehouse.ledger import desk_tables as t
from warehouse.ledger.database import writing

pytestmark = pytest.mark.slow

SCRIPT = "<script>alert(1)</script>"


def spoilt(text: str = "12 шт") -> bytes:
    def write(book: openpyxl.Workbook) -> None:
        book["R1"]["E8"] = text

    return sng_workbook(write)


def test_a_clean_file_counts_at_once(desk: Desk, clean: bytes) -> None:
    browser = desk.browser("clerk")
    submission = desk.services.ledger.submission(desk.sent(browser, clean))
    assert (submission.verdict, submission.in_force) == (Verdict.ACCEPTED, True)
    assert (submission.territory_kato, submission.submitted_by) == (KYZYLORDA, "clerk")
    assert "Отчёт учтён" in browser.get(f"/submissions/{submission.submission_id}").text


def test_the_same_bytes_again_lead_to_the_same_receipt(desk: Desk, clean: bytes) -> None:
    browser = desk.browser("clerk")
    first, second = desk.sent(browser, clean), desk.sent(browser, clean)
    assert first == second
    receipts = [browser.get(f"/submissions/{n}/receipt").text for n in (first, second)]
    assert receipts[0] == receipts[1]
    assert verify(receipts[0], public_key_pem(desk.services.home)).is_valid


def test_a_change_waits_until_it_is_confirmed_and_shows_the_large_ones_first(
    desk: Desk, clean: bytes
) -> None:
    browser = desk.browser("clerk")
    first = desk.sent(browser, clean)
    second = desk.sent(browser, sng_workbook(R1_1_1=900, R1_2_1=900, R1_3_1=4))
    html = browser.get(f"/submissions/{second}").text
    assert desk.services.ledger.submission(first).in_force
    assert html.index(">900<") < html.index(">4<")
    done = browser.post(f"/submissions/{second}/confirm", {}, page=f"/submissions/{second}")
    assert done.status_code == 303
    assert desk.services.ledger.submission(second).in_force
    assert desk.services.ledger.submission(second).replaces_submission_id == first


def test_the_workbook_comes_back_with_marks(desk: Desk) -> None:
    browser = desk.browser("clerk")
    rejected = desk.sent(browser, spoilt())
    answer = browser.get(f"/submissions/{rejected}/annotated")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    comment = book["R1"]["E8"].comment
    assert comment is not None
    assert "12 шт" in comment.text


@pytest.mark.parametrize("field", ["territory", "territory_kato", "kato"])
def test_a_territory_in_the_form_is_not_believed(desk: Desk, clean: bytes, field: str) -> None:
    sent = desk.sent(desk.browser("clerk"), clean, **{field: PAVLODAR})
    assert desk.services.ledger.submission(sent).territory_kato == KYZYLORDA


def test_another_departments_files_do_not_exist_for_a_stranger(desk: Desk) -> None:
    sent = desk.sent(desk.browser("clerk"), spoilt())
    upload = desk.portal.uploads.recent(KYZYLORDA, PERIOD)[0].upload_id
    pages, program = desk.browser("stranger"), desk.api("stranger")
    for path in ("", "/findings", "/annotated", "/original", "/receipt"):
        assert pages.get(f"/submissions/{sent}{path}").status_code == 404, path
    for path in ("", "/findings", "/annotated", "/changes", "/receipt"):
        assert program.get(f"/api/v1/submissions/{sent}{path}").status_code == 404, path
    for path in (f"/uploads/{upload}", f"/uploads/{upload}/state"):
        assert pages.get(path).status_code == 404, path
    assert program.get(f"/api/v1/uploads/{upload}").status_code == 404
    for action in ("confirm", "withdraw"):
        path = f"/submissions/{sent}/{action}"
        assert pages.post(path, {}, page="/account").status_code == 404
        assert program.post(f"/api/v1{path}", json={}).status_code == 404
    assert sent not in pages.get("/history").text
    assert pages.get(f"/history?territory={KYZYLORDA}").status_code == 404
    assert program.get(f"/api/v1/submissions?territory={KYZYLORDA}").status_code == 404
    assert program.get("/api/v1/submissions").json() == []


def test_nobody_sends_for_another_department_through_the_api(desk: Desk, clean: bytes) -> None:
    query = f"period={PERIOD}&file_name=x.xlsx&territory={KYZYLORDA}"
    answer = desk.api("stranger").post(f"/api/v1/uploads?{query}", content=clean)
    assert answer.status_code == 404
    assert desk.portal.uploads.recent(KYZYLORDA, PERIOD) == []


def test_a_template_of_another_territory_is_not_given_out(desk: Desk) -> None:
    path = f"/templates/ADM-M?period=2026-10&territory={KYZYLORDA}"
    assert desk.browser("stranger").get(path).status_code == 404
    assert desk.browser("clerk").get(path).status_code == 200


def test_the_blank_of_an_official_form_is_filled_in_and_accepted(desk: Desk) -> None:
    clerk = desk.browser("clerk")
    assert clerk.get(f"/templates?period={PERIOD}").text.count("/templates/") == 13
    answer = clerk.get(f"/templates/SNG-1?period={PERIOD}")
    form = desk.services.contracts.forms["SNG-1"]

    def fill(book: Book) -> None:
        for section in form.sections:
            for line in range(len(section.lines)):
                for form_column in section.columns:
                    row = section.layout.first_data_row + line
                    book[section.sheet].cell(row, form_column.sheet_column, 0)

    submission = desk.services.ledger.submission(desk.sent(clerk, edited(answer.content, fill)))
    assert submission.verdict is Verdict.ACCEPTED
    assert (submission.error_count, submission.warning_count) == (0, 0)


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "..\\..\\boot.ini", "/etc/cron.d/x", "a\x00b.xlsx", ".."]
)
def test_a_file_name_leads_nowhere(desk: Desk, clean: bytes, name: str) -> None:
    sent = desk.sent(desk.browser("clerk"), clean, name=name)
    kept = desk.services.ledger.submission(sent).file_name
    assert not set(kept) & set("/\\\x00")
    inside = {path for path in desk.services.home.root.rglob("*") if path.is_file()}
    assert not [path for path in inside if "passwd" in path.name or "boot" in path.name]


@pytest.mark.parametrize("name", ['x".html', "a\r\nSet-Cookie: x=1", "../x", "", "отчёт.xlsx"])
def test_a_file_name_stays_inside_its_header(name: str) -> None:
    header = disposition(name)
    assert header.startswith('attachment; filename="')
    assert header.count('"') == 2
    assert not set(header) & set("\r\n")
    assert header.isascii()


@pytest.mark.parametrize("path", ["/static/../settings.py", "/static/%2e%2e/settings.py"])
def test_static_files_end_at_their_folder(desk: Desk, path: str) -> None:
    assert desk.browser().get(path).status_code == 404


def test_a_script_in_names_and_cells_is_shown_as_text(desk: Desk) -> None:
    def write(book: openpyxl.Workbook) -> None:
        book["R1"]["E8"] = SCRIPT
        book.create_sheet("<img src=x>")

    browser = desk.browser("clerk")
    sent = desk.sent(browser, sng_workbook(write), name=f"{SCRIPT.replace('/', '')}.xlsx")
    for path in (f"/submissions/{sent}", "/history", f"/periods/{PERIOD}"):
        html = browser.get(path).text
        assert "<script>alert" not in html
        assert "<img" not in html
    assert "&lt;script&gt;" in browser.get(f"/submissions/{sent}").text


@pytest.mark.parametrize("formula", ['=HYPERLINK("http://evil")', "+1+1", "-2+3", "@SUM(A1)"])
def test_no_formula_gets_into_what_is_given_out(desk: Desk, formula: str) -> None:
    def write(book: openpyxl.Workbook) -> None:
        cell = book["R1"]["E8"]
        cell.value, cell.data_type = formula, "s"

    browser = desk.browser("clerk")
    sent = desk.sent(browser, sng_workbook(write))
    table = browser.get(f"/submissions/{sent}/findings").content.decode("utf-8-sig")
    fields = [field for row in csv.reader(io.StringIO(table), delimiter=";") for field in row]
    assert any(formula in field for field in fields)
    assert not [field for field in fields if field.startswith(("=", "+", "-", "@"))]
    book = openpyxl.load_workbook(io.BytesIO(browser.get(f"/submissions/{sent}/annotated").content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]


def test_a_zip_bomb_is_refused_without_being_unpacked(desk: Desk) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 300 * 2**20)
    sent = desk.sent(desk.browser("clerk"), buffer.getvalue())
    assert desk.services.ledger.findings(sent)[0].code == "ZIP_BOMB"


def test_a_file_that_is_too_large_is_refused(desk: Desk) -> None:
    large = b"PK" + bytes(3 * 2**20)
    assert desk.browser("clerk").send(large).status_code == 413
    query = f"period={PERIOD}&file_name=x.xlsx"
    assert desk.api("clerk").post(f"/api/v1/uploads?{query}", content=large).status_code == 413
    originals = desk.services.home.originals
    assert not [path for path in originals.rglob("*") if path.is_file()]


def test_an_endless_body_is_cut_off_at_the_limit(desk: Desk) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 65536
            yield bytes(65536)

    answer = asyncio.run(posted(desk, endless()))
    assert answer.status_code == 413
    assert taken < 4 * 2**20


def test_a_sender_who_dribbles_is_cut_off(desk: Desk) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"PK"
        await asyncio.sleep(30)
        yield b"never"

    answer = asyncio.run(posted(desk, slow(), upload_idle_seconds=0.2))
    assert answer.status_code == 408


async def posted(desk: Desk, body: AsyncIterator[bytes], **settings: Any) -> httpx.Response:
    """Send a body piece by piece, as it is made."""
    token = desk.api("clerk").headers["authorization"]
    changed = PortalSettings(**{**desk.settings.model_dump(), **settings})
    app = create_app(changed, desk.services)
    query = f"period={PERIOD}&file_name=x.xlsx"
    return await streamed(app, f"/api/v1/uploads?{query}", body, token)


async def streamed(app: Any, path: str, body: AsyncIterator[bytes], token: str) -> httpx.Response:
    """httpx collects a body before it calls an application; this does not."""
    sent: list[dict[str, Any]] = []
    route, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": route,
        "raw_path": route.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "server": ("testserver", 80),
        "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"testserver"), (b"authorization", token.encode())],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": await anext(body), "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return httpx.Response(sent[0]["status"], content=content)


def test_an_infected_file_is_not_opened(desk: Desk, clean: bytes) -> None:
    browser = desk.browser("clerk")
    upload = browser.send(clean).json()["uploads"][0]["upload_id"]
    claimed = desk.portal.uploads.claim("judge")
    assert claimed is not None
    scanner = PortalSettings(scan_command="grep -q PK {file} --not-an-option")
    found = PortalSettings(scan_command="false {file}")
    judge(desk.services, desk.portal.uploads, found, claimed)
    assert desk.portal.uploads.get(upload).refusal == {"key": "infected"}
    assert "Антивирус" in browser.get(f"/uploads/{upload}").text
    judge(desk.services, desk.portal.uploads, scanner, claimed)
    assert desk.portal.uploads.get(upload).refusal == {"key": "scanner_failed"}
    assert desk.services.ledger.submissions() == []


def test_what_a_dead_process_left_is_judged_by_the_next(desk: Desk, clean: bytes) -> None:
    upload = desk.browser("clerk").send(clean).json()["uploads"][0]["upload_id"]
    assert desk.portal.uploads.claim("judge-1") is not None
    assert desk.portal.uploads.claim("judge-2") is None
    desk.portal.uploads.give_back("judge-1")
    desk.judge()
    assert desk.portal.uploads.get(upload).state == "done"


def test_a_file_whose_judges_died_is_not_blamed_and_its_sender_is_told(
    desk: Desk, clean: bytes
) -> None:
    browser = desk.browser("clerk")
    upload = browser.send(clean).json()["uploads"][0]["upload_id"]
    for _ in range(2):
        assert desk.portal.uploads.claim("judge-1") is not None
        desk.portal.uploads.give_back("judge-1")
    desk.judge()
    assert desk.services.ledger.submissions() == []
    assert desk.portal.uploads.get(upload).refusal == {"key": "not_read"}
    assert "сбоя на сервере" in browser.get(f"/uploads/{upload}").text


def test_files_of_one_desk_are_judged_one_after_another(desk: Desk, clean: bytes) -> None:
    browser = desk.browser("clerk")
    browser.send(clean)
    browser.send(sng_workbook(R1_1_1=1, R1_2_1=1))
    assert desk.portal.uploads.claim("judge-1") is not None
    assert desk.portal.uploads.claim("judge-2") is None


def test_bytes_that_wait_already_are_not_queued_twice(desk: Desk, clean: bytes) -> None:
    browser = desk.browser("clerk")
    ids = [browser.send(clean).json()["uploads"][0]["upload_id"] for _ in range(2)]
    assert ids[0] == ids[1]


def test_an_account_cannot_fill_the_queue(desk: Desk) -> None:
    browser = desk.browser("clerk")
    answers = [browser.send(f"PK{number}".encode()).status_code for number in range(41)]
    assert answers == [202] * 40 + [429]


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0" * 9])
def test_anything_gets_an_answer(desk: Desk, content: bytes) -> None:
    answer = desk.browser("clerk").send(content)
    assert answer.status_code in (202, 409)
    desk.judge()
    uploads = desk.portal.uploads.recent(KYZYLORDA, PERIOD)
    assert all(upload.is_finished for upload in uploads)


def test_a_program_sends_polls_and_reads(desk: Desk) -> None:
    program = desk.api("head")
    query = f"period={PERIOD}&file_name=x.xlsx"
    queued = program.post(f"/api/v1/uploads?{query}", content=spoilt())
    assert queued.status_code == 202
    desk.judge()
    state = program.get(f"/api/v1/uploads/{queued.json()['upload_id']}").json()
    assert (state["state"], state["verdict"]) == ("done", "rejected")
    sent = state["submission_id"]
    findings = program.get(f"/api/v1/submissions/{sent}/findings").json()
    assert [(f["code"], f["sheet"], f["cell"]) for f in findings] == [("NOT_A_NUMBER", "R1", "E8")]
    assert program.get(f"/api/v1/submissions/{sent}").json()["errors"] == 1
    line = program.get(f"/api/v1/submissions/{sent}/receipt").json()["line"]
    assert verify(line, public_key_pem(desk.services.home)).is_valid


def test_a_refusal_kept_in_the_database_is_read_back(desk: Desk, clean: bytes) -> None:
    upload = desk.browser("clerk").send(clean).json()["uploads"][0]["upload_id"]
    with writing(desk.services.ledger.engine) as connection:
        refusal = json.dumps({"code": "FILE_TOO_LARGE", "params": {}})
        connection.execute(update(t.upload).values(state="refused", refusal=refusal))
    assert desk.portal.uploads.get(upload).refusal == {"code": "FILE_TOO_LARGE", "params": {}}


def test_a_name_without_letters_is_still_a_name() -> None:
    assert plain_name("\x00\x01") == "file"
    assert plain_name("C:\\reports\\отчёт.xlsx") == "отчёт.xlsx"
