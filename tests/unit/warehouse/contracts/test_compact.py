"""Compact monthly forms: every system that the departments name has its column and indicator."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from itertools import chain
from pathlib import Path

import pytest

from tests.shared_data import official_forms
from warehouse.contracts import ContractError, Form, load_contracts
from warehouse.contracts.breaks import breaks_by_indicator, load_breaks
from warehouse.contracts.indicators import Indicator
from warehouse.contracts.names import normalise_name
from warehouse.contracts.rules import expand

CONTRACTS = load_contracts()
FORMS = CONTRACTS.table_forms
BY_CODE = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.code)
KYZYLORDA = "430000000"


# What departments must be able to report: the words by which they name it, per form.
NAMED = {
    "TRF-M": (
        "ДТП", "погибло", "ранено", "с участием детей", "пострадало детей", "опьянения",
        "нарушений ПДД", "грубых", "приборами", "обследований дорог", "дефектов",
    ),
    "DEV-M": (
        "Арқан", "Интегра КДД", "Мираж", "Зерек", "Сергек", "Ekin X Spotter", "Ekin BOX Spotter",
        "Ekin Patrol", "мобильный", "SUNQAR", "Стационарные скоростемеры",
        "Интеллектуальные перекрёстки", "Дроны", "Қорғау", "средней скорости",
        "зафиксировано: «Сергек»",
    ),
    "DRG-M": (
        "Наркоправонарушения", "наркопреступлений", "Сбыт", "Культивирование", "реклама",
        "особо крупном", "марихуаны", "гашиша", "конопли", "сора", "синтетических", "прекурсоров",
        "фитолабораторий", "групп", "Задержано лиц", "в суд", "Заблокировано счетов",
        "зарубежных счетов", "сайтов", "граффити",
    ),
    "CYB-M": (
        "Фактов интернет-мошенничества", "Дел в производстве", "Задержано", "Ущерб",
        "Предотвращено хищений", "SIM-карт", "подменных звонков", "Антифрод-центр", "Кибернадзор",
        "Киберқадағалау", "Направлено ссылок", "Заблокировано ссылок", "KazDream",
        "Seven Hills of Kazakhstan", "мероприятий", "памяток", "SOS",
    ),
    "DV-M": ("Уголовных дел", "Защитных предписаний", "Арестовано"),
    "ADM-M": ("административных правонарушений", "нулевая терпимость", "перевозка скота", "выпас"),
    "LVS-M": ("скотокрадств", "Привлечено лиц", "рейдов"),
    "COU-M": (
        "районного", "городского", "областного", "республиканского", "Камеры", "видеоаналитикой",
        "Кнопки SOS", "Дроны", "Звонки на канал 102", "приложение 102", "eGov Mobile",
        "приложениях банков", "Закон и порядок",
    ),
    "PRV-M": (
        "Сотрудников", "Маршруты", "Трезвые сёла", "Жас сақшы", "приёмов", "обращений",
        "Подписчики", "Отряды по безопасности", "Смарт-жетоны", "Планшеты",
    ),
    "EXT-M": ("экстремистского характера", "направленных в суд"),
}  # fmt: skip


@pytest.mark.parametrize(("form", "name"), [(f, n) for f, names in NAMED.items() for n in names])
def test_what_the_departments_name_has_a_column_and_an_indicator(form: str, name: str) -> None:
    section = CONTRACTS.forms[form].sections[0]
    carried = {(s.form, s.column) for i in CONTRACTS.indicators.values() for s in i.sources}
    columns = [g for g in section.columns if name.casefold() in _names(g.name.ru, g.name.kk)]
    assert columns
    assert {(form, g.number) for g in columns} <= carried


def _names(*texts: str) -> str:
    return " ".join(texts).casefold()


@BY_CODE
def test_every_column_is_exactly_one_indicator(form: Form) -> None:
    carried = [
        (source.column, entry)
        for entry in CONTRACTS.indicators.values()
        for source in entry.sources
        if source.form == form.code
    ]
    assert sorted(number for number, _ in carried) == [g.number for g in form.sections[0].columns]
    for number, entry in carried:
        column = form.sections[0].column(number)
        assert (entry.unit, entry.sources[0].lines) == (column.unit, (1,))
        kinds = {
            "flow": ("flow", "sum"),
            "stock": ("stock", "last"),
            "average": ("stock", "average"),
        }
        assert (entry.measure_type, entry.time_aggregation) == kinds[column.measure]


def test_no_indicator_is_left_without_a_source() -> None:
    assert [i.code for i in CONTRACTS.indicators.values() if i.status == "no_form"] == []


def test_a_part_is_measured_like_its_whole() -> None:
    for part in (i for i in CONTRACTS.indicators.values() if i.parent):
        whole: Indicator = CONTRACTS.indicators[str(part.parent)]
        assert part.unit == whole.unit, part.code
        assert part.code.startswith(f"{whole.code}__")
        assert part.dimension


def test_parts_of_published_figures_are_in_the_catalogue() -> None:
    """Every dimension that a published figure names, but for those that only describe its unit."""
    described = {"per_district", "per_day", "substance=all"}
    parts = {(i.parent, i.dimension) for i in CONTRACTS.indicators.values() if i.parent}
    path = CONTRACTS.root / "claims" / "claims.csv"
    with path.open(encoding="utf-8", newline="") as file:
        named = {(row["indicator_code"], row["dimension"]) for row in csv.DictReader(file)}
    wanted = {pair for pair in named if pair[1] and pair[1] not in described}
    assert len(wanted) > 15
    assert wanted - parts == set()


@BY_CODE
def test_names_tell_the_columns_of_a_form_apart(form: Form) -> None:
    told = chain.from_iterable(
        {normalise_name(text) for text in (g.name.ru, g.name.kk, *g.aliases)}
        for g in form.sections[0].columns
    )
    assert [name for name, count in Counter(told).items() if count > 1] == []


@BY_CODE
def test_names_are_given_in_three_languages(form: Form) -> None:
    for name in (form.name, *(column.name for column in form.sections[0].columns)):
        assert all((name.ru, name.kk, name.en))


@BY_CODE
def test_rules_compile_for_the_rows_of_a_territory(form: Form) -> None:
    bound = CONTRACTS.form(form.code, "2026-05", KYZYLORDA)
    for rule in CONTRACTS.rules_for(bound):
        comparisons = sum(len(found) for found in expand(rule, [bound]))
        assert comparisons % (len(form.sections[0].columns) if rule.kind == "lines" else 9) == 0
        assert rule.holds == "untested"
        assert all((rule.name.ru, rule.name.kk, rule.name.en))


def test_the_whole_is_compared_with_the_sum_of_its_parts() -> None:
    bound = CONTRACTS.form("LVS-M", "2026-05", KYZYLORDA)
    rule = next(r for r in CONTRACTS.rules_for(bound) if r.id == "LVS-M-WHOLE")
    (comparisons,) = expand(rule, [bound])
    ((_, whole),) = comparisons.left
    assert whole.tolist() == [24, 25, 26]
    assert [positions.tolist()[0] for _, positions in comparisons.right] == list(range(0, 24, 3))
    assert rule.severity == "warning"


def test_rows_follow_the_borders_of_the_month() -> None:
    def units(period: str) -> set[str | None]:
        form = CONTRACTS.form("ADM-M", period, "100000000")
        return {line.territory for line in form.sections[0].lines}

    assert units("2024-02") - units("2023-12") == {"104100000", "104500000"}


def test_a_table_without_a_territory_has_one_row_for_any_unit() -> None:
    form = CONTRACTS.form("ADM-M", "2026-05")
    assert [line.code for line in form.sections[0].lines] == [1]
    assert form.is_table
    assert form.territory is None


def test_breaks_in_series_say_what_they_interrupt_and_how_sure_that_is() -> None:
    breaks = {entry.id: entry for entry in CONTRACTS.breaks}
    accidents = breaks["accidents_counting_rule_2024"]
    assert "TRF_DTP" in accidents.indicators
    assert "TRF_DEATHS" not in accidents.indicators
    assert (accidents.from_month, accidents.settled_from) == (date(2024, 1, 1), date(2024, 7, 1))
    assert "DV_CRIMES" in breaks["battery_criminalised_2024"].indicators
    assert not any(entry.verified for entry in CONTRACTS.breaks)


def test_a_rate_has_the_breaks_of_its_parts() -> None:
    crimes = CONTRACTS.breaks[0].model_copy(update={"indicators": ("CRM_CRIMES",)})
    broken = breaks_by_indicator((crimes,), CONTRACTS.indicators)
    assert broken == {"CRM_CRIMES": (crimes,), "CRM_RATE": (crimes,)}


@pytest.mark.parametrize(
    ("months", "complaint"),
    [
        (["from_month: 2024-03-02"], "first day"),
        (["from_month: 2024-03-01", "settled_month: 2024-02-01"], "before from_month"),
        (["from_month: 2024-03-01", "settled_month: 2024-06-01"], "overlap"),
    ],
)
def test_breaks_that_contradict_themselves_are_refused(
    tmp_path: Path, months: list[str], complaint: str
) -> None:
    fixed = ["indicators: [TRF_DTP]", "reason: {ru: р, kk: с, en: r}", "source: s", "verified: no"]
    later = ["id: later", "from_month: 2024-05-01", *fixed]
    entries = ["\n    ".join(lines) for lines in (["id: earlier", *months, *fixed], later)]
    text = "\n  - ".join(["breaks:", *entries])
    (tmp_path / "breaks.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match=complaint):
        load_breaks(CONTRACTS.indicators, tmp_path)


def test_the_reference_list_is_wholly_reportable() -> None:
    path = official_forms().parent / "reference" / "indicators.csv"
    with path.open(encoding="utf-8", newline="") as file:
        codes = {row["code"] for row in csv.DictReader(file)}
    silent = [
        c for c in codes if not (CONTRACTS.indicators[c].sources or CONTRACTS.indicators[c].formula)
    ]
    assert silent == []
