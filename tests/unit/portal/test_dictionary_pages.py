"""A figure on a dashboard leads to what it means, without signing in."""

import pytest

from tests.unit.portal.conftest import Desk
from warehouse.contracts import load_contracts

CONTRACTS = load_contracts()


def test_every_page_of_the_dictionary_opens_for_anybody(desk: Desk) -> None:
    browser = desk.browser()
    index = browser.get("/dictionary")
    assert index.status_code == 200
    for code in ("CRM_TOTAL", "CRM_CLEARANCE", "DRG_SEIZED__HEMP", "TRF_DTP"):
        assert f"/dictionary/indicators/{code}" in index.text
        assert code in browser.get(f"/dictionary/indicators/{code}").text
    for code in CONTRACTS.forms:
        answer = browser.get(f"/dictionary/forms/{code}")
        assert answer.status_code == 200
        assert CONTRACTS.forms[code].name.ru.replace("\n", " ")[:20] in answer.text


@pytest.mark.parametrize(
    ("language", "said"),
    [("kk", "Кім есеп береді"), ("en", "Who reports"), ("ru", "Кто отчитывается")],
)
def test_a_page_speaks_the_language_of_its_reader(desk: Desk, language: str, said: str) -> None:
    browser = desk.browser()
    browser.client.cookies.set("mvd_language", language)
    assert said in browser.get("/dictionary/indicators/DRG_SEIZED").text


def test_what_was_said_in_public_stands_there_escaped_and_without_figures_of_ours(
    desk: Desk,
) -> None:
    answer = desk.browser().get("/dictionary/indicators/DRG_SEIZED")
    assert "Изъята 1 тонна 800 кг наркотиков" in answer.text
    assert str(desk.services.home.root) not in answer.text


@pytest.mark.parametrize("path", ["indicators/NO_SUCH", "forms/NO_SUCH", "indicators/1-M"])
def test_what_is_not_in_the_contracts_is_not_found(desk: Desk, path: str) -> None:
    assert desk.browser().get(f"/dictionary/{path}").status_code == 404
