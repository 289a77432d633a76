"""Letters by schedule: what is due, and tables that leave as Excel files."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

import pandas as pd

from dashboards.pages.letters import as_excel


def letter(*attachments: tuple[str, bytes]) -> MIMEMultipart:
    message = MIMEMultipart()
    message["Subject"] = "Обстановка"
    message.attach(MIMEText("Текст"))
    for name, content in attachments:
        part = MIMEApplication(content, Name=name)
        part.add_header("Content-Disposition", "attachment", filename=name)
        message.attach(part)
    return message


def parts(message: MIMEMultipart) -> list[Any]:
    return list(message.walk())[1:]


def frame(part: Any) -> pd.DataFrame:
    content = io.BytesIO(part.get_payload(decode=True))
    return pd.read_excel(content, engine="openpyxl", dtype=str)


def test_a_table_leaves_as_excel_with_its_letters_intact() -> None:
    content = "регион,значение\nҚызылорда облысы,43\n".encode("utf-8-sig")
    sent = as_excel(letter(("Преступность.csv", content)))
    text, table = parts(sent)
    assert text.get_payload(decode=True).decode() == "Текст"
    assert table.get_filename() == "Преступность.xlsx"
    assert frame(table).to_dict("records") == [{"регион": "Қызылорда облысы", "значение": "43"}]


def test_a_pdf_stays_as_it_is() -> None:
    sent = as_excel(letter(("Обстановка.pdf", b"%PDF-1.4")))
    assert parts(sent)[1].get_payload(decode=True) == b"%PDF-1.4"
    assert sent["Subject"] == "Обстановка"


def test_a_code_with_a_leading_zero_stays_a_code() -> None:
    sent = as_excel(letter(("t.csv", b"kato,value\n000000000,1\n")))
    assert frame(parts(sent)[1])["kato"].tolist() == ["000000000"]


def test_what_is_due_is_counted_in_the_zone_of_the_schedule() -> None:
    from dashboards.pages.letters import due

    since = datetime(2026, 11, 22, 2, 59, tzinfo=UTC)
    now = datetime(2026, 11, 22, 4, 1, tzinfo=UTC)
    # Nine in the morning in Almaty is four in the morning of UTC.
    assert list(due("0 9 * * *", "Asia/Almaty", since, now)) == [
        datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
    ]
    assert list(due("0 9 * * *", "Asia/Almaty", now, now)) == []
