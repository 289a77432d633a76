"""Submissions that an earlier version registered: the next build reads whose files they are."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pyarrow as pa
import pytest
from openpyxl import Workbook
from sqlalchemy import update

from ingestion.request import Services
from mvd.build import attempts, steps
from warehouse.core.settings import Settings
from warehouse.ledger import IncomingFile, Verdict
from warehouse.ledger import schema as t
from warehouse.storage import lake, originals

# Written out: a later change of the words must still know the files of earlier versions.
DEMONSTRATION = "СИНТЕТИЧЕСКИЕ ДАННЫЕ — демонстрация"
DEPARTMENT = "ДП Костанайской области"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = Services.open(Settings(home=tmp_path / "home"))
    yield opened
    opened.ledger.close()


def workbook(author: str) -> bytes:
    book, written = Workbook(), io.BytesIO()
    book.properties.creator = author
    book.save(written)
    return written.getvalue()


def bare_zip(author: str) -> bytes:
    """A package of another make: the title of its properties, not the author, has the words."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as package:
        package.writestr(
            "docProps/core.xml",
            f'<p xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{escape(author)}</dc:title></p>',
        )
    return written.getvalue()


def of_an_earlier_version(
    services: Services, content: bytes, *, verdict: Verdict = Verdict.ACCEPTED, kept: bool = True
) -> str:
    """A judged submission as a ledger from before revision 0007 has it after its upgrade."""
    stored = originals.store(services.home, content, max_bytes=1 << 20)
    sent = services.ledger.register(
        IncomingFile(
            form_code="1-M",
            form_version="2019",
            territory_kato="390000000",
            period="2025-06",
            file_name="1-M",
            file_sha256=stored.sha256,
            file_size=stored.size,
        ),
    ).submission
    cells = None
    if verdict is not Verdict.REJECTED:
        table = pa.table({"section": ["R1"], "line": [1], "column_number": [1], "value": [1.0]})
        cells = lake.write_cells(services.home, sent, table)
    services.ledger.record_verdict(sent.submission_id, verdict, [], cells, "c" * 64)
    with services.ledger.engine.begin() as connection:
        connection.execute(
            update(t.submission)
            .where(t.submission.c.submission_id == sent.submission_id)
            .values(is_author_read=False, is_demonstration=False)
        )
    if not kept:
        stored.path.unlink()
    return sent.submission_id


def begun(services: Services) -> None:
    with attempts.alone(services.home):
        steps.begin(services)


def test_the_next_build_marks_the_demonstration_of_an_earlier_version(services: Services) -> None:
    made_up = of_an_earlier_version(services, workbook(DEMONSTRATION))
    assert services.ledger.unread_authors() == {made_up}

    begun(services)

    assert services.ledger.snapshot().is_demonstration
    assert services.ledger.is_demonstration()
    assert services.ledger.unread_authors() == set()


@pytest.mark.parametrize(
    "content",
    [workbook(DEPARTMENT), bare_zip(DEMONSTRATION), b"line;1;2\n", DEMONSTRATION.encode()],
    ids=["of a department", "title only", "csv", "the words as text"],
)
def test_reports_of_an_earlier_version_are_not_marked(services: Services, content: bytes) -> None:
    of_an_earlier_version(services, content)
    begun(services)
    assert not services.ledger.snapshot().is_demonstration
    assert services.ledger.unread_authors() == set()


def test_a_rejected_file_is_not_opened_and_a_lost_one_stays_unread(services: Services) -> None:
    rejected = of_an_earlier_version(services, workbook(DEMONSTRATION), verdict=Verdict.REJECTED)
    lost = of_an_earlier_version(services, workbook(DEPARTMENT), kept=False)
    begun(services)
    assert services.ledger.unread_authors() == {rejected, lost}


def test_what_this_version_registers_needs_no_second_look(services: Services) -> None:
    services.ledger.register(
        IncomingFile(
            form_code="1-M",
            form_version="2019",
            territory_kato="390000000",
            period="2025-06",
            file_name="1-M",
            file_sha256="0" * 64,
            file_size=1,
        ),
    )
    assert services.ledger.unread_authors() == set()
