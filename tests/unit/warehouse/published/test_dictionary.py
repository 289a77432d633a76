"""The data dictionary is that of the contracts, and no system of the documents is left out."""

from pathlib import Path

import pytest

from warehouse.contracts import load_contracts
from warehouse.core.texts import LANGUAGES
from warehouse.published.dictionary.files import write_dictionary
from warehouse.published.dictionary.page import Facts, Link, Page, Table
from warehouse.published.dictionary.pages import Dictionary

CONTRACTS = load_contracts()

# Everything the departments' documents name, and the form to report it by.
SYSTEMS = {
    "TRF-M": "ДТП с пострадавшими|погибло|ранено|ДТП с участием детей|пострадало детей|опьянения"
    "|нарушений ПДД|грубых|приборами|обследований дорог|дефектов дорог",
    "DEV-M": "Арқан|Интегра КДД|Мираж|Зерек|Сергек|Ekin X Spotter|Ekin BOX Spotter|Ekin Patrol"
    "|SUNQAR|скоростемеры|перекрёстки|дроны|Қорғау|средней скорости",
    "DRG-M": "Наркоправонарушения|наркопреступлений|сбыт|культивирование|реклама"
    "|особо крупном|марихуаны|гашиша|сора|синтетических|прекурсоров|фитолабораторий|групп"
    "|задержано лиц|дел в суд|заблокировано счетов|зарубежных счетов|сайтов|граффити",
    "CYB-M": "фактов интернет-мошенничества|дел в производстве|задержано|ущерб|предотвращено"
    "|SIM-карт|подменных звонков|Антифрод-центр|ссылок на блокировку|заблокировано ссылок"
    "|KazDream|Seven Hills of Kazakhstan|профилактических мероприятий|памяток|SOS",
    "DV-M": "уголовных дел|защитных предписаний|арестовано",
    "ADM-M": "административных правонарушений|нулевая терпимость|перевозка скота|выпас",
    "LVS-M": "скотокрадств|привлечено лиц|рейдов",
    "COU-M": "районного уровня|городского уровня|областного уровня|республиканского уровня"
    "|камеры|видеоаналитикой|кнопки SOS|дроны|звонки на канал 102|приложение 102|eGov Mobile"
    "|приложениях банков",
    "PRV-M": "сотрудников в охране порядка|маршруты|трезвые сёла|Жас сақшы|приёмов|обращений"
    "|подписчики|отряды|смарт-жетоны|планшеты",
    "EXT-M": "экстремистского|направленных в суд",
}
NAMED = [(form, system) for form, systems in SYSTEMS.items() for system in systems.split("|")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("dictionary")
    write_dictionary(where, CONTRACTS, {"C0015": "confirmed", "C1009": "contradicted"})
    return where


def test_every_indicator_and_form_has_a_page_in_three_languages(folder: Path) -> None:
    pages = {file.relative_to(folder).as_posix() for file in folder.rglob("*.md")}
    assert pages == {
        "index.md",
        *(f"indicators/{code}.md" for code in CONTRACTS.indicators),
        *(f"forms/{code}.md" for code in CONTRACTS.forms),
    }
    for code, indicator in CONTRACTS.indicators.items():
        text = (folder / f"indicators/{code}.md").read_text(encoding="utf-8")
        names = (indicator.name.ru, indicator.name.kk, indicator.name.en)
        assert [f"## {code} — {name}" in text for name in names] == [True] * 3


def test_every_link_leads_to_a_page(folder: Path) -> None:
    for book in (Dictionary(CONTRACTS, language) for language in LANGUAGES):
        pages = [book.forms(), book.indicators()]
        pages += [book.indicator(code) for code in CONTRACTS.indicators]
        pages += [book.form(code) for code in CONTRACTS.forms]
        found = {link for page in pages for link in links(page)}
        assert [
            link for link in found if not (folder / link.kind / f"{link.code}.md").exists()
        ] == []


def links(page: Page) -> list[Link]:
    cells = []
    for block in page.blocks:
        rows = block.rows if isinstance(block, Table) else [values for _, values in block.rows]
        cells += [cell for row in rows for cell in row]
    return [cell for cell in cells if isinstance(cell, Link)]


def facts(page: Page) -> dict[str, object]:
    return {
        name: values
        for block in page.blocks
        if isinstance(block, Facts)
        for name, values in block.rows
    }


def table(page: Page, heading: str) -> Table:
    (found,) = (b for b in page.blocks if isinstance(b, Table) and b.heading == heading)
    return found


def test_a_page_says_what_is_counted_where_it_stands_and_who_reports_it() -> None:
    page = Dictionary(CONTRACTS, "en").indicator("DRG_SEIZED__HEMP")
    said = facts(page)
    assert said["Unit"] == ["kg"]
    assert said["Over territory"] == ["district, city, oblast and republic add up"]
    assert said["Part of"] == [Link("indicators", "DRG_SEIZED", "DRG_SEIZED"), "Drugs seized"]
    (source,) = table(page, "Source").rows
    assert source[0] == Link("forms", "DRG-M", "DRG-M")
    assert source[3] == "10 «seized: hemp»"
    assert "oblasts, cities of republican significance" in str(
        said["Form DRG-M, drug offences, seizures and operations"]
    )


def test_a_page_says_who_said_what_about_it_with_the_verdict() -> None:
    verdicts = {"C1009": "contradicted"}
    rows = table(
        Dictionary(CONTRACTS, "ru", verdicts).indicator("DRG_SEIZED"), "Что говорилось публично"
    ).rows
    said = {row[0]: row for row in rows}
    assert said["C1009"][1] == "«Изъята 1 тонна 800 кг наркотиков»"
    assert said["C1009"][-1] == "противоречит"
    assert said["C0015"][-1] == "—"


def test_a_break_in_series_and_a_formula_stand_on_the_page() -> None:
    book = Dictionary(CONTRACTS, "en")
    assert [row[0] for row in table(book.indicator("TRF_DTP"), "Breaks in series").rows] == [
        "2024-01 – 2024-07"
    ]
    formula = facts(book.indicator("CRM_CLEARANCE"))["Formula"]
    assert formula == ["100 × (CRM_ENDED) / (CRM_ENDED + CRM_INTERRUPTED); version 1"]


@pytest.mark.parametrize(("form", "system"), NAMED)
def test_what_the_documents_name_has_a_column_an_indicator_and_someone_who_owes_it(
    form: str, system: str
) -> None:
    columns = {
        column.number
        for column in CONTRACTS.forms[form].sections[0].columns
        if system.casefold() in column.name.ru.casefold()
    }
    carried = {
        source.column
        for indicator in CONTRACTS.indicators.values()
        for source in indicator.sources
        if source.form == form
    }
    assert columns & carried
    assert len(CONTRACTS.expected_submitters(form, "2025-03")) == 20
