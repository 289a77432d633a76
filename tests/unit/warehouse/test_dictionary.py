"""The data dictionary is that of the contracts, and no system of the documents is left out."""

from pathlib import Path

import pytest

from warehouse.contracts import load_contracts
from warehouse.dictionary import dictionary

CONTRACTS = load_contracts()
DICTIONARY = Path(__file__).parents[3] / "docs/data-dictionary.md"

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


def test_the_dictionary_is_current() -> None:
    assert DICTIONARY.read_text(encoding="utf-8") == dictionary(CONTRACTS)


def test_every_indicator_is_in_the_dictionary() -> None:
    text = dictionary(CONTRACTS)
    assert [code for code in CONTRACTS.indicators if f"| `{code}` |" not in text] == []


@pytest.mark.parametrize(("form", "system"), NAMED)
def test_what_the_documents_name_has_a_graph_an_indicator_and_someone_who_owes_it(
    form: str, system: str
) -> None:
    graphs = {
        graph.number
        for graph in CONTRACTS.forms[form].sections[0].graphs
        if system.casefold() in graph.name.ru.casefold()
    }
    carried = {
        source.graph
        for indicator in CONTRACTS.indicators.values()
        for source in indicator.sources
        if source.form == form
    }
    assert graphs & carried
    assert len(CONTRACTS.expected_submitters(form, "2025-03")) == 20
