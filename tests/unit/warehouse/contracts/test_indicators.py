import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from tests.shared_data import official_forms
from warehouse.contracts import load_contracts
from warehouse.contracts.forms import Line
from warehouse.contracts.indicators import (
    Confirmation,
    Indicator,
    Mart,
    Source,
    load_indicators,
    load_marts,
)
from warehouse.contracts.territories import REGION_LEVELS

CONTRACTS = load_contracts()
INDICATORS = load_indicators()
MARTS = load_marts()
OFFICIAL = {form.code for form in CONTRACTS.official_forms}
WITH_CELLS = [
    entry for entry in INDICATORS.values() if {source.form for source in entry.sources} & OFFICIAL
]

# What the header of the column says, where it is not "registered in the period" or "in the month".
REGISTERED = {
    "ytd": "зарегистрированных",
    "month": "из графы 1 зарегистрированные в отчетном месяце",
}
HEADERS = {
    "CRM_PUBLIC": "Совершено в общественных местах",
    "CRM_STREET": "на улицах, площадях, парках, скверах",
    "CRM_DOMESTIC": "совершенных в семейно-бытовой сфере",
    "DV_CRIMES": "совершенных в семейно-бытовой сфере",
    "CRM_V_WOMEN": "из графы 2 / в отношении женщин",
    "CRM_V_MINOR": "из графы 2 / в отношении несовершеннолетних",
    "CRM_IN_PRODUCTION": "находились в производстве",
    "CRM_ENDED": "окончены производством",
    "CYB_FRAUD_ENDED": "окончены производством",
    "CRM_COURT": "направлены в суд",
    "LVS_COURT": "направлены в суд",
    "DRG_COURT": "направлены в суд",
    "CRM_EXTREM_COURT": "направлены в суд",
    "CRM_INTERRUPTED": "прерваны сроки досудебного расследования в отчетном периоде / всего",
    "CYB_FRAUD_INTERRUPTED": "прерваны сроки досудебного расследования в отчетном периоде / всего",
    "CRM_UNSOLVED": "п.1) ч.7 ст.45 УПК РК (неустановления лица",
    "CRM_EXPIRED": "истек срок расследования",
    "CRM_TRANSFERRED": "переданных по подследственности со снятием с учета",
    "CRM_BY_MINORS": "из них совершено / несовершеннолетними, или при их соучастии",
    "CRM_BY_WOMEN": "Всего",
    "CRM_RECID": "из них совершено / ранее совершавшими правонарушения",
    "CRM_ALCOHOL": "из них совершено / в состоянии алкогольного опьянения",
    "CRM_DRUGGED": "из них совершено / в состоянии наркотического возбуждения",
    "CRM_GROUP": "из них совершено / группой лиц",
    "CRM_ORG_GROUP": "в том числе из графы 12 / преступн",
    "CRM_WEAPON": "совершено с применением оружия / Всего",
    "CRM_SOLVED_PAST": "окончены в отчетном периоде из числа нераскрытых в прошлые годы",
    "CRM_SUSPECTS": "всего лиц",
    "CRM_OFFENDERS": "всего лиц",
    "LVS_PERSONS": "всего лиц",
    "CRM_OFFENDERS_WOMEN": "Женщин",
    "CRM_OFFENDERS_MINORS": "Несовершеннолетних / Всего",
    "CRM_VICTIMS": "Всего количество жертв",
    "CRM_VICTIMS_WOMEN": "в том числе / женщин",
    "CRM_VICTIMS_MINORS": "в том числе / несовершеннолетних",
    "CRM_FATAL": "повлекших смерть потерпевшего",
    "CRM_DAMAGE": "установленная сумма причиненного ущерба правонарушениями (тыс.тенге)",
    "CRM_FRAUD_DAMAGE": "установленная сумма причиненного ущерба правонарушениями (тыс.тенге)",
    "CRM_DAMAGE_REPAID": "возмещенная сумма в ходе досудебного расследования (тыс.тенге)",
    "PRV_SUICIDES": "В состоянии / Всего",
}
MEASURES = {
    "in_production": "находились в производстве",
    "registered": "зарегистрированных в ЕРДР",
    "registered_in_month_reported": REGISTERED["month"],
    "committed_in_past_years": "совершенные в прошлых годах (из графы 2)",
    "against_women": HEADERS["CRM_V_WOMEN"],
    "against_minors": HEADERS["CRM_V_MINOR"],
    "ended": HEADERS["CRM_ENDED"],
    "sent_to_court": HEADERS["CRM_COURT"],
    "interrupted": HEADERS["CRM_INTERRUPTED"],
    "unsolved": HEADERS["CRM_UNSOLVED"],
    "expired": HEADERS["CRM_EXPIRED"],
    "transferred": HEADERS["CRM_TRANSFERRED"],
    "public_place": HEADERS["CRM_PUBLIC"],
    "street": HEADERS["CRM_STREET"],
    "domestic": HEADERS["CRM_DOMESTIC"],
}

# What the label of the line says, for indicators that stand on one line.
LINES = {
    "CRM_TOTAL": "Всего правонарушений",
    "CRM_CRIMES": "преступлений",
    "CRM_MISD": "проступки",
    "CRM_SEV_MINOR": "небольшой тяжести",
    "CRM_SEV_MEDIUM": "средней тяжести",
    "CRM_SEV_GRAVE": "тяжкие",
    "CRM_SEV_ESPGRAVE": "особо тяжкие",
    "CRM_MURDER": "Убийство (ст.99)",
    "CRM_MURDER_ATTEMPT": "приготовление и покушение на убийство",
    "CRM_GBH": "Умышленное причинение тяжкого вреда здоровью (ст.106)",
    "CRM_MBH": "Умышленное причинение средней тяжести вреда здоровью (ст.107)",
    "CRM_LBH": "Умышленное причинение легкого вреда здоровью (ст.108)",
    "CRM_BATTERY": "Побои (ст.109)",
    "CRM_RAPE": "Изнасилование (ст.120)",
    "CRM_THEFT": "Кража (ст.188)",
    "CRM_THEFT_APT": "из квартир",
    "CRM_THEFT_VEH": "транспортных средств",
    "CRM_THEFT_PHONE": "сотовых телефонов",
    "CRM_FRAUD": "Мошенничество (ст.190)",
    "CRM_FRAUD_DAMAGE": "Мошенничество (ст.190)",
    "CRM_ROBBERY": "Грабеж (ст.191)",
    "CRM_ARMED_ROB": "Разбой (ст.192)",
    "CRM_EXTORT": "Вымогательство (ст.194)",
    "CRM_CARJACK": "без цели хищения (ст.200)",
    "CRM_PROPDMG": "чужого имущества (ст.202)",
    "CRM_HOOLIG": "Хулиганство (ст.293)",
    "CRM_PYRAMID": "финансовой (инвестиционной) пирамидой (ст.217)",
    "CRM_PUBLIC": "Всего правонарушений",
    "CRM_STREET": "Всего правонарушений",
    "CRM_DOMESTIC": "Всего правонарушений",
    "CRM_V_WOMEN": "Всего правонарушений",
    "CRM_V_MINOR": "Всего правонарушений",
    "CRM_RECID": "преступлений",
    "CRM_BY_MINORS": "преступлений",
    "CRM_BY_WOMEN": "женщинами",
    "CRM_ALCOHOL": "преступлений",
    "CRM_DRUGGED": "преступлений",
    "CRM_GROUP": "преступлений",
    "CRM_ORG_GROUP": "преступлений",
    "CRM_WEAPON": "преступлений",
    "CRM_ENDED": "преступлений",
    "CRM_COURT": "преступлений",
    "CRM_INTERRUPTED": "преступлений",
    "CRM_UNSOLVED": "преступлений",
    "CRM_IN_PRODUCTION": "преступлений",
    "CRM_EXPIRED": "преступлений",
    "CRM_TRANSFERRED": "преступлений",
    "CRM_SOLVED_PAST": "преступлений",
    "CRM_SUSPECTS": "преступлений",
    "CRM_OFFENDERS": "Всего правонарушений",
    "CRM_OFFENDERS_WOMEN": "Всего правонарушений",
    "CRM_OFFENDERS_MINORS": "Всего правонарушений",
    "CRM_VICTIMS": "Всего количество жертв",
    "CRM_VICTIMS_WOMEN": "Всего количество жертв",
    "CRM_VICTIMS_MINORS": "Всего количество жертв",
    "CRM_FATAL": "Всего правонарушений",
    "CRM_DAMAGE": "Всего правонарушений",
    "CRM_DAMAGE_REPAID": "Всего правонарушений",
    "TRF_CH14": "Глава 14. Транспортные уголовные правонарушения",
    "TRF_345": "(ст.345)",
    "TRF_345_1": "(ст.345-1)",
    "TRF_345_FATAL": "(ст.345 ч.4,5 УК РК)",
    "TRF_346": "(ст.346)",
    "TRF_347": "Оставление места дорожно-транспортного происшествия (ст.347)",
    "DRG_296": "(ст.296)",
    "DRG_SALE": "(ст.297)",
    "DRG_CULT": "Незаконное культивирование",
    "DRG_ADV": "(ст.299-1)",
    "CYB_FRAUD": "интернет-мошенничество",
    "CYB_FRAUD_ENDED": "интернет-мошенничество",
    "CYB_FRAUD_INTERRUPTED": "интернет-мошенничество",
    "CYB_CH7": "Глава 7. Уголовные правонарушения в сфере информатизации и связи",
    "LVS_THEFT": "Скотокрадство (ст.188-1)",
    "LVS_COURT": "Скотокрадство (ст.188-1)",
    "LVS_PERSONS": "Скотокрадство (ст.188-1)",
    "PRV_SUICIDES": "Всего совершено фактов суицида",
    **{f"CRM_CH{number:02d}": f"Глава {number}. " for number in range(1, 19)},
}
DRUG_ARTICLES = {"296", "297", "298", "299", "299-1", "300", "301", "302", "303"}
# Articles of the Criminal Code, for indicators that add lines up.
ARTICLES = {
    "CRM_MURDER_ALL": {"99", "100", "101", "102", "103"},
    "CRM_EXTREM": {
        "174", "179", "180", "181", "182", "184", "258", "259", "260", "267", "404", "405",
    },
    "CRM_TERROR": {
        "170", "171", "173", "177", "178", "184", "255", "256", "257", "258", "259", "260", "261",
        "269", "270",
    },
    "DRG_CRIM_OFF": DRUG_ARTICLES,
    "DRG_CRIMES": DRUG_ARTICLES,
    "DRG_COURT": DRUG_ARTICLES,
    "DRG_SALE_ADV": {"297", "299-1"},
    "DV_CRIMES": {"99", "106", "107", "108", "109", "110", "120"},
}  # fmt: skip
ARTICLES["CRM_EXTREM_COURT"] = ARTICLES["CRM_EXTREM"]


def test_the_catalogue_holds_every_indicator_of_the_reference_list() -> None:
    text = (official_forms().parent / "reference" / "indicators.csv").read_text(encoding="utf-8")
    codes = set(re.findall(r"^([A-Z0-9_]+),", text, flags=re.MULTILINE))
    assert len(codes) == 113
    assert codes <= set(INDICATORS)


@pytest.mark.parametrize("entry", WITH_CELLS, ids=lambda entry: entry.code)
def test_the_cells_of_an_indicator_say_what_it_is(entry: Indicator) -> None:
    for source in entry.sources:
        labels = [_label(line) for line in _lines(source)]
        if entry.code in LINES:
            assert len(labels) == 1
            assert LINES[entry.code] in labels[0]
            if not LINES[entry.code].startswith(("Глава", "(", "без", "чужого", "финанс")):
                assert labels[0].startswith(LINES[entry.code])
        else:
            articles = {article for label in labels for article in _articles(label)}
            assert articles == ARTICLES[entry.code]
        header = _header(source.form, source.section, source.column)
        assert HEADERS.get(entry.code, REGISTERED[source.basis]) in header


def test_no_expectation_is_kept_for_an_indicator_that_is_gone() -> None:
    codes = {entry.code for entry in WITH_CELLS}
    assert LINES.keys() | ARTICLES.keys() == codes
    assert HEADERS.keys() <= codes


@pytest.mark.parametrize("entry", WITH_CELLS, ids=lambda entry: entry.code)
def test_a_printed_month_stands_beside_the_same_lines(entry: Indicator) -> None:
    for month in (source for source in entry.sources if source.basis == "month"):
        (ytd,) = (source for source in entry.sources if source.basis == "ytd")
        assert [_label(line) for line in _lines(month)] == [_label(line) for line in _lines(ytd)]


def test_no_cell_is_added_twice_to_one_indicator() -> None:
    cells = list(CONTRACTS.source_cells)
    assert len(cells) == len(set(cells))
    assert {cell.sign for cell in cells} == {1}


def test_derived_indicators_rest_on_indicators_with_cells_and_are_never_summed() -> None:
    derived = [entry for entry in INDICATORS.values() if entry.status == "derived"]
    assert {entry.code for entry in derived} == {
        "CRM_CLEARANCE",
        "CRM_CLEARANCE_UNSOLVED",
        "CRM_RATE",
        "CYB_FRAUD_CLEARANCE",
    }
    for entry in derived:
        assert entry.formula is not None
        operands = {*entry.formula.numerator, *entry.formula.denominator} - {"population"}
        assert all(INDICATORS[operand].sources for operand in operands)
        assert (entry.territory_aggregation, entry.time_aggregation) == ("none", "none")


@pytest.mark.parametrize(
    "entry", [e for e in WITH_CELLS if e.confirmed_by], ids=lambda entry: entry.code
)
def test_the_other_form_confirms_the_indicator_in_every_region(
    entry: Indicator, regions: dict[str, dict[str, "Workbook"]]
) -> None:
    for kato, books in regions.items():
        ours = sum(books[s.form].total(s) * s.sign for s in entry.sources if s.basis == "ytd")
        for confirmation in entry.confirmed_by:
            theirs = books[confirmation.form].total(confirmation)
            if confirmation.relation == "equal":
                assert theirs == ours, kato
            else:
                assert theirs >= ours, kato


def test_the_values_of_one_region_are_those_of_its_sheets(
    regions: dict[str, dict[str, "Workbook"]],
) -> None:
    # Read off the sheets of Kyzylorda by eye.
    by_eye = {
        "CRM_TOTAL": 3164, "CRM_CRIMES": 2827, "CRM_MURDER": 16, "CRM_THEFT": 1048,
        "CRM_ENDED": 1330, "CRM_INTERRUPTED": 1320, "CRM_UNSOLVED": 1210, "CYB_FRAUD": 301,
        "CYB_CH7": 5, "LVS_THEFT": 115, "DRG_CRIM_OFF": 224, "TRF_345": 137, "CRM_PUBLIC": 830,
        "CRM_VICTIMS_WOMEN": 1178, "CRM_OFFENDERS": 1618, "CRM_WEAPON": 26, "PRV_SUICIDES": 108,
        "CRM_DAMAGE": 2810695.693,
    }  # fmt: skip
    book = regions["430000000"]["1-M"]
    for code, value in by_eye.items():
        sources = [source for source in INDICATORS[code].sources if source.basis == "ytd"]
        assert sum(book.total(source) for source in sources) == value, code


@pytest.mark.parametrize("mart", MARTS.values(), ids=lambda mart: mart.mart)
def test_the_measures_of_a_fact_table_are_columns_of_lines_with_the_same_labels(
    mart: Mart,
) -> None:
    form = CONTRACTS.forms[mart.form]
    labels = set()
    for measure in mart.measures:
        section = form.section(measure.section)
        header = _header(mart.form, measure.section, measure.column)
        assert MEASURES[measure.name] in header
        lines = [x for x in section.lines if mart.offences is None or x.offence in mart.offences]
        assert len(lines) == (422 if mart.offences is None else len(mart.offences))
        labels.add(tuple(_label(line) for line in lines))
    assert len(labels) == 1


def test_traffic_is_chapter_14_and_drugs_are_articles_296_to_303() -> None:
    section = CONTRACTS.forms["1-M"].section("R1")
    by_mart = {
        name: [line for line in section.lines if line.offence in (MARTS[name].offences or ())]
        for name in ("fct_traffic", "fct_drugs")
    }
    total, *articles = by_mart["fct_traffic"]
    assert _label(total).startswith("Глава 14.")
    assert [a for line in articles for a in _articles(_label(line))] == [
        "344", "345", "345-1", *(str(number) for number in range(346, 361)),
    ]  # fmt: skip
    assert {a for line in by_mart["fct_drugs"] for a in _articles(_label(line))} == DRUG_ARTICLES


class Workbook:
    """Cells of a workbook read by code of this test alone."""

    def __init__(self, path: Path) -> None:
        self._book = CalamineWorkbook.from_path(path)
        self._cells: dict[str, dict[tuple[int, int], float]] = {}

    def total(self, source: Source | Confirmation) -> float:
        if source.section not in self._cells:
            self._cells[source.section] = dict(self._read(source.section))
        cells = self._cells[source.section]
        return sum(cells[line, source.column] for line in source.lines)

    def _read(self, sheet: str) -> Iterator[tuple[tuple[int, int], float]]:
        rows: list[list[Any]] = self._book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        start = next(i for i, row in enumerate(rows) if "Б" in map(str, row))
        code = [str(cell).strip() for cell in rows[start]].index("Б")
        form_columns = {i: int(n) for i, n in enumerate(rows[start]) if isinstance(n, float)}
        for row in rows[start + 1 :]:
            if isinstance(row[code], float):
                for column, form_column in form_columns.items():
                    yield (int(row[code]), form_column), row[column]


@pytest.fixture(scope="module")
def regions() -> dict[str, dict[str, Workbook]]:
    """Both official workbooks of each region, by KATO and form."""
    books: dict[str, dict[str, Workbook]] = {}
    for file in sorted(official_forms().glob("*/*.XLSX")):
        kato = CONTRACTS.territories.match_name(file.name, REGION_LEVELS).kato
        assert kato is not None
        books.setdefault(kato, {})[file.parent.name] = Workbook(file)
    assert len(books) == 14
    return books


def _lines(source: Source) -> list[Line]:
    by_code = {x.code: x for x in CONTRACTS.forms[source.form].section(source.section).lines}
    return [by_code[code] for code in source.lines]


def _label(line: Line) -> str:
    return " ".join(next(text for text in reversed(line.labels) if text.strip()).split())


def _articles(label: str) -> list[str]:
    if "убийство" in label and "ст." not in label:
        return []
    match = re.search(r"\(ст\.\s?(\d+(?:-\d)?)\.?\)", label)
    assert match is not None, label
    return [match[1]]


def _header(form: str, section: str, number: int) -> str:
    form_columns = CONTRACTS.forms[form].section(section).columns
    (form_column,) = (g for g in form_columns if g.number == number)
    return " / ".join(" ".join(text.split()) for text in form_column.header)
