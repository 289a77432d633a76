import csv
import hashlib
from collections import Counter
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from ingestion.intake import batch
from ingestion.intake.file_list import read_manifest
from ingestion.read.workbook import SYNTHETIC, Workbook
from ingestion.request import Services
from mvd.demo.plan import FORMS, TABLES_OF_BOTH_YEARS, Scope
from mvd.demo.story import told
from mvd.demo.write import DemoManifest, write_demo
from warehouse.contracts import load_contracts
from warehouse.core.settings import Settings

pytestmark = pytest.mark.slow

PERIOD, YEAR_BEFORE = "2025-02", "2024-02"


def demo(folder: Path) -> DemoManifest:
    return write_demo(
        folder,
        contracts=load_contracts(),
        scope=Scope(PERIOD, PERIOD),
        seed=3,
        atoms=150,
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> DemoManifest:
    return demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def rows(written: DemoManifest) -> list[dict[str, str]]:
    with written.manifest.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def planted(written: DemoManifest, kind: str) -> tuple[str, str, str]:
    fault = next(fault for fault in written.faults if fault.kind == kind)
    return fault.territory, fault.period, fault.form


def sent(written: DemoManifest, rows: list[dict[str, str]], kind: str) -> list[dict[str, str]]:
    territory, period, form = planted(written, kind)
    return [
        row
        for row in rows
        if (row["territory"], row["period"]) == (territory, period) and row["form"] == form
    ]


def first_figures(file: Path) -> list[object]:
    sheet = openpyxl.load_workbook(file, read_only=True)["R1"]
    return [cell for row in sheet.iter_rows(min_row=7, max_row=8, values_only=True) for cell in row]


def test_the_manifest_names_every_file_and_nothing_else(
    written: DemoManifest, rows: list[dict[str, str]]
) -> None:
    files = {file.relative_to(written.folder).as_posix() for file in written.folder.rglob("*.xlsx")}
    assert {row["file"] for row in rows} == files
    assert len(rows) == len(files) == written.files
    assert written.size == sum(file.stat().st_size for file in written.folder.rglob("*.xlsx"))


def test_twenty_regions_send_the_forms_of_both_years_for_the_year_before(
    rows: list[dict[str, str]],
) -> None:
    before = Counter(row["form"] for row in rows if row["period"] == YEAR_BEFORE)
    assert before == dict.fromkeys((*FORMS, *TABLES_OF_BOTH_YEARS), 20)
    assert {row["period"] for row in rows} == {PERIOD, YEAR_BEFORE}


def test_every_compact_form_is_sent_for_the_month(rows: list[dict[str, str]]) -> None:
    sent = Counter(row["form"] for row in rows if row["period"] == PERIOD)
    tables = {form.code for form in load_contracts().table_forms}
    # One region sends nothing, one corrects its traffic; on extremism most send nothing.
    assert {form: sent[form] for form in tables} == dict.fromkeys(tables, 19) | {
        "EXT-M": 7,
        "TRF-M": 20,
    }


def test_every_workbook_is_known_as_one_of_the_demonstration(written: DemoManifest) -> None:
    files = list(written.folder.rglob("*.xlsx"))
    assert files
    assert all(Workbook(file.read_bytes()).properties.is_demonstration for file in files)


def test_thousands_are_typed_in_words(written: DemoManifest, rows: list[dict[str, str]]) -> None:
    (row,) = sent(written, rows, "thousands_in_words")
    sheet = openpyxl.load_workbook(written.folder / row["file"]).worksheets[0]
    (cell,) = (c for line in sheet.iter_rows() for c in line if c.value == "12 тыс.")
    column = [sheet.cell(place, cell.column).value for place in range(9, sheet.max_row)]
    whole = sheet.cell(sheet.max_row, cell.column).value
    assert whole == sum(12_000 if figure == "12 тыс." else figure for figure in column)


def test_files_arrive_in_the_order_of_the_manifest_and_one_region_late(
    written: DemoManifest, rows: list[dict[str, str]]
) -> None:
    contracts = load_contracts()
    times = [datetime.fromisoformat(row["received_at"]) for row in rows]
    assert times == sorted(times)
    late = {
        row["territory"]
        for row, time in zip(rows, times, strict=True)
        if time > contracts.deadline(row["form"], row["period"])
        and "испр" not in row["file"]
        and "(2)" not in row["file"]
    }
    assert late == {planted(written, "late")[0]}


def test_one_region_sends_nothing(written: DemoManifest, rows: list[dict[str, str]]) -> None:
    territory, period, _ = planted(written, "no_report")
    assert not [r for r in rows if (r["territory"], r["period"]) == (territory, period)]


def test_the_unreadable_figure_is_corrected_in_a_second_file(
    written: DemoManifest, rows: list[dict[str, str]]
) -> None:
    refused, corrected = sent(written, rows, "unreadable_figure")
    assert "уточняется" in first_figures(written.folder / refused["file"])
    assert "уточняется" not in first_figures(written.folder / corrected["file"])


def test_a_number_is_typed_with_a_space(written: DemoManifest, rows: list[dict[str, str]]) -> None:
    (row,) = sent(written, rows, "text_number")
    typed = [x for x in first_figures(written.folder / row["file"])[4:] if isinstance(x, str)]
    assert len(typed[:1]) == 1
    assert int(typed[0].replace(" ", "")) >= 1000


def test_the_same_file_comes_twice(written: DemoManifest, rows: list[dict[str, str]]) -> None:
    hashes = [
        hashlib.sha256((written.folder / row["file"]).read_bytes()).hexdigest()
        for row in sent(written, rows, "same_file_twice")
    ]
    assert len(hashes) == 2
    assert hashes[0] == hashes[1]


def test_a_sheet_is_missing(written: DemoManifest, rows: list[dict[str, str]]) -> None:
    (row,) = sent(written, rows, "missing_sheet")
    assert openpyxl.load_workbook(written.folder / row["file"]).sheetnames == ["R1", "R3"]


def test_another_regions_file_names_that_region(
    written: DemoManifest, rows: list[dict[str, str]]
) -> None:
    (row,) = sent(written, rows, "other_region")
    book = openpyxl.load_workbook(written.folder / row["file"], read_only=True)
    assert load_contracts().territories[row["territory"]].name_ru not in book.properties.title


def test_each_fault_hits_another_region_and_the_story_tells_all(written: DemoManifest) -> None:
    territories = [fault.territory for fault in written.faults]
    assert len(set(territories)) == len(territories) == 12
    story = written.story.read_text(encoding="utf-8")
    assert story.startswith(f"# {SYNTHETIC}")
    for fault in written.faults:
        assert told(fault, load_contracts(), "ru") in story
        assert load_contracts().territories[fault.territory].name_ru in story


def test_the_same_seed_gives_the_same_bytes(written: DemoManifest, tmp_path: Path) -> None:
    again = demo(tmp_path)
    for file in written.folder.rglob("*"):
        if file.is_file():
            copy = again.folder / file.relative_to(written.folder)
            assert copy.read_bytes() == file.read_bytes(), file.name


def test_a_last_period_before_the_first_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="before the first"):
        write_demo(
            tmp_path,
            contracts=load_contracts(),
            scope=Scope("2025-03", "2025-01"),
        )


def test_compact_forms_are_accepted(
    written: DemoManifest, rows: list[dict[str, str]], tmp_path: Path
) -> None:
    services = Services.open(Settings(home=tmp_path / "home"))
    territory, _, _ = planted(written, "thousands_in_words")
    tables = {form.code for form in load_contracts().table_forms}
    sent = [r for r in rows if r["territory"] == territory and r["period"] == PERIOD]
    requests = read_manifest(written.manifest, written.folder, services.contracts)
    chosen = [
        request
        for request, row in zip(requests, rows, strict=True)
        if row in sent and row["form"] in tables
    ]
    results = batch.run(services, chosen)
    codes = {result.form: [f.code for f in result.findings] for result in results}
    assert set(codes) == tables - {"EXT-M"}
    assert all(result.is_accepted for result in results), codes
    assert "TABLE_UNIT_CONVERTED" in codes["PRV-M"]
    services.ledger.close()
