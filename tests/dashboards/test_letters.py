"""Letters by schedule, from the menu of an analyst to the mailbox: PDF and Excel, no Celery."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from pypdf import PdfReader

from tests.dashboards.mail import Mailbox
from tests.dashboards.server import Person, SupersetServer

CHIEF = "chief@mvd.example"


def number(person: Person, kind: str, name: str) -> int:
    """The number of a dashboard (by slug) or of a chart (by name)."""
    column = {"dashboard": "slug", "chart": "slice_name"}[kind]
    question = f"(filters:!((col:{column},opr:eq,value:'{name}')))"
    found = person.web.get(f"/api/v1/{kind}/", params={"q": question}).json()["result"]
    return int(found[0]["id"])


def schedule(person: Person, name: str, report_format: str, **what: int) -> None:
    body: dict[str, Any] = {
        "type": "Report",
        "name": name,
        "crontab": "0 9 * * 1",
        "timezone": "Asia/Almaty",
        "report_format": report_format,
        "recipients": [{"type": "Email", "recipient_config_json": {"target": CHIEF}}],
        "creation_method": "alerts_reports",
        **what,
    }
    answer = person.web.post("/api/v1/report/", json=body)
    assert answer.status_code == 201, answer.text


@pytest.fixture(scope="module")
def attachments(
    server: SupersetServer, people: dict[str, Person], mailbox: Mailbox
) -> dict[str, bytes]:
    analyst = people["analyst"]
    chart = number(analyst, "chart", "Показатели: месяц, с начала года и к прошлому году")
    schedule(analyst, "Обстановка", "PDF", dashboard=number(analyst, "dashboard", "situation"))
    schedule(analyst, "Жағдай", "PDF", dashboard=number(analyst, "dashboard", "situation-kk"))
    schedule(analyst, "Показатели", "CSV", chart=chart)
    sent = server.command("reports", "--all")
    assert sent.returncode == 0, sent.stdout + sent.stderr[-4000:]
    assert {letter["To"] for letter in mailbox.letters} == {CHIEF}
    return mailbox.attachments()


def text(attachments: dict[str, bytes], name: str) -> list[str]:
    """The text of each page of the PDF whose name begins so."""
    (content,) = (c for file, c in attachments.items() if file.startswith(name))
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "Обстановка",
            [
                "Республика Казахстан",
                "март 2025",
                "Главное с начала года",
                "Кызылординская область",
            ],
        ),
        (
            "Жағдай",
            [
                "Қазақстан Республикасы",
                "2025 жылғы наурыз",
                "Жыл басынан бергі",
                "Қызылорда облысы",
            ],
        ),
    ],
)
def test_a_dashboard_leaves_as_pages_of_text_with_every_tab(
    attachments: dict[str, bytes], name: str, words: list[str]
) -> None:
    pages = text(attachments, name)
    assert len(pages) >= 4
    # Kazakh letters of another font file stand apart in the text of a PDF.
    whole = _closed_up(" ".join(pages))
    assert [word for word in words if _closed_up(word) not in whole] == []


def _closed_up(words: str) -> str:
    return "".join(words.split())


def test_a_table_leaves_as_a_workbook_with_its_figures(
    attachments: dict[str, bytes], server: SupersetServer, people: dict[str, Person]
) -> None:
    (content,) = (c for file, c in attachments.items() if file.endswith(".xlsx"))
    rows = list(openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].values)
    titles = [str(title) for title in rows[0]]
    table = {row[0]: dict(zip(titles, row, strict=True)) for row in rows[1:]}
    question = (
        "SELECT indicator_ru, ytd_value FROM marts.rpt_dashboard_figures WHERE depth = 0"
        " AND indicator_code IN ('CRM_TOTAL', 'TRF_DTP') AND period_label = '2025-03'"
    )
    expected = people["analyst"].sql(question).json()["data"]
    assert len(expected) == 2
    for row in expected:
        assert table[row["indicator_ru"]]["С начала года"] == row["ytd_value"]
