"""Files that nobody should send and somebody will. None may be lost, none may reach a reader."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from openpyxl.workbook import Workbook as Book

from ingestion.findings import render
from ingestion.request import SubmissionResult
from tests.unit.ingestion.conftest import Desk, codes, only, sng_workbook
from warehouse.core.texts import LANGUAGES
from warehouse.ledger import Verdict


def rejected(desk: Desk, content: bytes, code: str) -> SubmissionResult:
    """Send `content`; check that it is refused for `code`, kept, and seen by no reader."""
    result = desk.send(content)
    assert result.verdict is Verdict.REJECTED
    assert code in codes(result)
    assert desk.is_kept(content)
    assert desk.cell_files() == []
    assert desk.services.ledger.submissions(in_force=True) == []
    (noted,) = desk.services.ledger.submissions(verdict=Verdict.REJECTED)
    assert noted.submission_id == result.submission_id
    for language in LANGUAGES:
        text, how_to_fix = render(only(result, code), desk.services.contracts, language)
        assert text
        assert "—" not in text.replace(" — ", "")
        assert how_to_fix
    return result


def repacked(content: bytes, **parts: bytes) -> bytes:
    """The workbook with parts of its package replaced or added."""
    replacements = {name.replace("__", "/"): data for name, data in parts.items()}
    return _repack(content, replacements)


def _repack(content: bytes, parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            if name not in parts:
                target.writestr(name, source.read(name))
        for name, data in parts.items():
            target.writestr(name, data)
    return buffer.getvalue()


def test_zero_bytes_are_refused(desk: Desk) -> None:
    rejected(desk, b"", "EMPTY_FILE")


@pytest.mark.parametrize(
    "content",
    [b"%PDF-1.7 report", "file;1;2".encode("cp1251"), b"<html><table></table></html>", b"PK"],
)
def test_what_is_not_a_workbook_is_refused(desk: Desk, content: bytes) -> None:
    result = desk.send(content)
    assert result.verdict is Verdict.REJECTED
    assert set(codes(result)) & {"NOT_A_WORKBOOK", "DAMAGED_WORKBOOK"}


def test_a_zip_that_holds_no_workbook_is_refused(desk: Desk) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("word/document.xml", "<w/>")
    rejected(desk, buffer.getvalue(), "NOT_A_WORKBOOK")


def test_a_truncated_workbook_is_refused(desk: Desk) -> None:
    content = sng_workbook()
    rejected(desk, content[: len(content) // 2], "DAMAGED_WORKBOOK")


def test_a_workbook_with_a_flipped_byte_is_refused(desk: Desk) -> None:
    content = bytearray(sng_workbook())
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        part = package.getinfo("xl/worksheets/sheet1.xml")
    content[part.header_offset + 100] ^= 0xFF
    rejected(desk, bytes(content), "DAMAGED_WORKBOOK")


def test_a_part_that_is_not_xml_is_refused(desk: Desk) -> None:
    content = _repack(sng_workbook(), {"xl/workbook.xml": b"\x00\x01 not xml <<<"})
    rejected(desk, content, "DAMAGED_WORKBOOK")


def test_a_zip_bomb_is_refused_without_being_inflated(desk: Desk) -> None:
    content = _repack(sng_workbook(), {"xl/media/image1.png": b"\0" * (300 * 2**20)})
    assert len(content) < 2**20
    finding = only(rejected(desk, content, "ZIP_BOMB"), "ZIP_BOMB")
    assert finding.params["inflated_megabytes"] > 299


def test_a_part_that_is_longer_than_declared_is_refused(desk: Desk) -> None:
    content = bytearray(_repack(sng_workbook(), {"xl/media/a.bin": b"\0" * 10_000_000}))
    true_size = struct.pack("<I", 10_000_000)
    small = struct.pack("<I", 10)
    lying = bytes(content).replace(true_size, small)
    assert lying != bytes(content)
    rejected(desk, lying, "DAMAGED_WORKBOOK")


def test_two_cells_at_opposite_corners_do_not_fill_the_memory(desk: Desk) -> None:
    def far_cell(book: Book) -> None:
        book["R1"]["XFD1048576"] = 1

    finding = only(rejected(desk, sng_workbook(far_cell), "SHEET_TOO_LARGE"), "SHEET_TOO_LARGE")
    assert (finding.params["rows"], finding.params["columns"]) == (1048576, 16384)


def test_a_far_cell_written_with_odd_spacing_is_found_too(desk: Desk) -> None:
    def far_cell(book: Book) -> None:
        book["R1"]["XFD1048576"] = 1

    content = sng_workbook(far_cell)
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        sheet = package.read("xl/worksheets/sheet1.xml")
    odd = sheet.replace(b'r="XFD1048576"', b"r  =\n'XFD1048576'")
    assert odd != sheet
    rejected(desk, _repack(content, {"xl/worksheets/sheet1.xml": odd}), "SHEET_TOO_LARGE")


def test_an_encrypted_workbook_is_refused_by_name(desk: Desk) -> None:
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    content += "EncryptedPackage".encode("utf-16-le") + b"\0" * 600
    rejected(desk, content, "ENCRYPTED_WORKBOOK")


def test_an_old_xls_is_refused_by_name(desk: Desk) -> None:
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "Workbook".encode("utf-16-le")
    rejected(desk, content, "OLD_XLS_FORMAT")


def test_an_ods_is_refused_by_name(desk: Desk) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    finding = only(rejected(desk, buffer.getvalue(), "NOT_XLSX"), "NOT_XLSX")
    assert finding.params["format"] == ".ods"


def test_macros_are_refused(desk: Desk) -> None:
    content = _repack(sng_workbook(), {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 macro"})
    rejected(desk, content, "MACROS")


def test_external_links_are_refused(desk: Desk) -> None:
    content = _repack(sng_workbook(), {"xl/externalLinks/externalLink1.xml": b"<externalLink/>"})
    rejected(desk, content, "EXTERNAL_LINKS")


def test_xml_entities_are_refused(desk: Desk) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><sst>&a;</sst>'
    content = _repack(sng_workbook(), {"xl/sharedStrings.xml": bomb})
    finding = only(rejected(desk, content, "XML_ENTITIES"), "XML_ENTITIES")
    assert finding.params["part"] == "xl/sharedStrings.xml"


def test_entities_hidden_in_utf_16_are_refused(desk: Desk) -> None:
    bomb = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x []><sst/>'.encode("utf-16")
    rejected(desk, _repack(sng_workbook(), {"xl/sharedStrings.xml": bomb}), "XML_ENTITIES")


def test_200_megabytes_are_refused_at_the_door(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "huge.xlsx"
    with file.open("wb") as stream:
        stream.truncate(200 * 2**20)
    result = desk.send(file, file_name="huge.xlsx")
    assert result.verdict is Verdict.REJECTED
    assert codes(result) == ["FILE_TOO_LARGE"]
    assert result.submission_id is None
    assert desk.services.ledger.submissions() == []
    assert not [p for p in desk.services.home.originals.rglob("*") if p.is_file()]


def test_all_dangers_of_a_file_are_told_at_once(desk: Desk) -> None:
    content = _repack(
        sng_workbook(),
        {
            "xl/vbaProject.bin": b"macro",
            "xl/externalLinks/externalLink1.xml": b"<externalLink/>",
        },
    )
    assert {"MACROS", "EXTERNAL_LINKS"} <= set(codes(desk.send(content)))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("отчёт за декабрь.xlsx", "отчёт за декабрь.xlsx"),
        ("../../../etc/passwd", "../../../etc/passwd"),
        ("📊 итоги 🚓.xlsx", "📊 итоги 🚓.xlsx"),
        ("a\u202egpj.xlsx", "a\ufffdgpj.xlsx"),
        ("x" * 300 + ".xlsx", "x" * 300 + ".xlsx"),
        ("CON", "CON"),
        ("=cmd|' /C calc'!A0.xlsx", "=cmd|' /C calc'!A0.xlsx"),
    ],
)
def test_no_file_name_is_dangerous(desk: Desk, name: str, kept: str) -> None:
    content = sng_workbook()
    result = desk.send(content, file_name=name)
    assert result.verdict is Verdict.ACCEPTED
    assert result.file_name == kept
    home = desk.services.home.root
    outside = [p for p in home.parent.rglob("*") if p.is_file() and home not in p.parents]
    assert outside == []
