"""A clerk's month and the ministry's, in a real browser."""

import io
import re
from pathlib import Path

import openpyxl
from playwright.sync_api import Page, expect

from tests.browser.conftest import KYZYLORDA, Person
from tests.unit.ingestion.conftest import sng_workbook

PERIOD = "2022-12"
VERDICT_MS = 60_000


def send(page: Page, file: Path) -> None:
    page.set_input_files("#files", file)
    page.click(".drop button.primary")
    page.wait_for_selector(".verdict", timeout=VERDICT_MS)


def spoilt(folder: Path) -> Path:
    def write(book: openpyxl.Workbook) -> None:
        book["R1"]["E8"] = "12 шт"

    path = folder / "СНГ-1 Кызылординская область.xlsx"
    path.write_bytes(sng_workbook(write))
    return path


def test_a_clerks_month_and_the_ministrys(person: Person, tmp_path: Path) -> None:
    page, portal = person.page, person.portal
    link = portal.invite("clerk", "department_clerk", "Айгуль Сериккызы", KYZYLORDA)
    person.enrol(link, "clerk")

    # What is due, and a blank for it.
    person.open("/periods/2026-10")
    expect(page.locator("tbody tr")).to_have_count(13)
    page.get_by_role("link", name="Бланки форм").click()
    with page.expect_download() as blank:
        page.locator("tr", has_text="ADM-M").get_by_role("link").click()
    assert openpyxl.load_workbook(io.BytesIO(blank.value.path().read_bytes())).sheetnames

    # A faulty file: dropped, sent with progress, judged.
    person.open(f"/periods/{PERIOD}")
    row = page.locator("tbody tr", has_text="SNG-1")
    expect(row).to_contain_text("просрочен")
    send(page, spoilt(tmp_path))
    expect(page.locator("h1")).to_have_text("отклонён")
    finding = page.locator(".findings tbody tr").first
    expect(finding).to_contain_text("R1")
    expect(finding).to_contain_text("E8")
    expect(finding).to_contain_text("12 шт")

    # The same page in Kazakh, by search and by filter.
    page.get_by_role("link", name="Қаз").click()
    expect(page.locator("h1")).to_have_text("қабылданбады")
    page.get_by_role("link", name="Рус").click()
    page.fill("input[type=search]", "нет такого")
    page.keyboard.press("Enter")
    expect(page.locator("#findings")).to_contain_text("ничего не подходит")
    page.get_by_role("link", name="Показать все").click()

    # The annotated workbook: correct the marked cell, send it again.
    with page.expect_download() as marked:
        page.get_by_role("link", name="Скачать файл с пометками").click()
    book = openpyxl.load_workbook(io.BytesIO(marked.value.path().read_bytes()))
    assert book["R1"]["E8"].comment is not None
    book["R1"]["E8"] = 0
    fixed = tmp_path / marked.value.suggested_filename
    book.save(fixed)
    page.get_by_role("link", name="К моему периоду").click()
    send(page, fixed)
    expect(page.locator("h1")).to_have_text("принят")
    with page.expect_download() as receipt:
        page.get_by_role("link", name="Квитанция", exact=True).click()
    kept = Path(receipt.value.path()).read_text(encoding="utf-8")
    person.open("/receipts")
    page.fill("textarea", kept)
    page.click("button.primary")
    expect(page.locator(".notice.good")).to_be_visible()
    person.open("/history")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Выйти").click()

    # The ministry: watch, lock, grant, return.
    person.enrol(portal.invite("ministry", "ministry_coordinator", "Ерлан"), "ministry")
    person.open(f"/country/{PERIOD}")
    accepted = page.get_by_role("link", name="Кызылординская область, SNG-1: принят")
    expect(accepted).to_be_visible()
    page.get_by_label("SNG-1", exact=True).check()
    reason = page.locator("form[action$=locks] input[name=reason]")
    reason.fill("опубликовано")
    page.get_by_role("button", name="Закрыть приём").click()
    expect(page.locator("thead")).to_contain_text("приём закрыт")
    page.select_option("select[name=territory]", KYZYLORDA)
    page.select_option("select[name=form]", "SNG-1")
    page.locator("form[action$=exceptions] input[name=reason]").fill("приказ")
    page.get_by_role("button", name="Разрешить").click()
    expect(page.locator("tbody tr", has_text="Кызылординская")).to_contain_text("исключение")
    page.get_by_role("link", name=re.compile("Кызылординская область, SNG-1")).click()
    page.fill("textarea[name=comment]", "R2 за прошлый год")
    page.get_by_role("button", name="Вернуть").click()
    expect(page.locator("h1")).to_have_text("возвращён")


def test_files_are_dropped_several_at_once(person: Person, tmp_path: Path) -> None:
    page = person.page
    link = person.portal.invite("second", "department_clerk", "Second", "550000000")
    person.enrol(link, "second")
    person.open(f"/periods/{PERIOD}")
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          for (const name of ["a.xlsx", "b.xlsx"]) {
            data.items.add(new File([`no workbook ${name}`], name));
          }
          const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true });
          document.querySelector("[data-drop]").dispatchEvent(drop);
        }"""
    )
    rows = page.locator(".sending li")
    expect(rows).to_have_count(2)
    for index in range(2):
        expect(rows.nth(index)).to_contain_text("отклонён", timeout=VERDICT_MS)
