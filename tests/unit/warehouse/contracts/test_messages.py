"""Messages of findings: complete in three languages, and filled in without surprises."""

import ast
import re
from pathlib import Path

import pytest

from warehouse.contracts import CONTRACTS_DIR
from warehouse.contracts.messages import Messages, load_messages
from warehouse.core.records import ContractError
from warehouse.core.texts import LANGUAGES, placeholders

INGESTION = Path(__file__).resolve().parents[4] / "ingestion"

ENTRY = """
CODE:
  severity: warning
  text: {ru: "Лист {sheet}", kk: "{sheet} парағы", en: "Sheet {sheet}"}
  how_to_fix: {ru: "Исправьте", kk: "Түзетіңіз", en: "Correct it"}
"""


@pytest.fixture(scope="module")
def messages() -> Messages:
    return load_messages(CONTRACTS_DIR)


def written(folder: Path, text: str, name: str = "ours.yml") -> Path:
    (folder / "messages").mkdir(exist_ok=True)
    (folder / "messages" / name).write_text(text, encoding="utf-8")
    return folder


def reported_codes() -> set[str]:
    """Codes that the source of ingestion gives to `findings.add` and `Problem`."""
    codes = set()
    # What annotation adds to a workbook are cells and styles.
    files = set(INGESTION.rglob("*.py")) - set((INGESTION / "annotate").rglob("*.py"))
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and _reports(node.func):
                codes |= {
                    leaf.value
                    for leaf in ast.walk(node.args[0])
                    if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
                }
    return {code for code in codes if code.isupper()}


def _reports(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr == "add"
    return isinstance(function, ast.Name) and function.id == "Problem"


def test_every_code_that_ingestion_reports_has_a_message(messages: Messages) -> None:
    codes = reported_codes()
    assert len(codes) > 20
    # A code put together at run time is seen here by its beginning.
    begun = {code for code in codes if code.endswith("_")}
    assert codes - begun <= set(messages.by_code)
    for start in begun:
        assert any(code.startswith(start) for code in messages.by_code), start


def test_every_message_is_said_somewhere(messages: Messages) -> None:
    """In the code or, for models and registers, in SQL and contracts; some are put together."""
    root = INGESTION.parent
    folders = (
        "contracts",
        "dbt_project",
        "expectations",
        "ingestion",
        "warehouse",
        "portal",
        "mvd",
    )
    sources = "\n".join(
        file.read_text(encoding="utf-8")
        for folder in folders
        for suffix in ("*.py", "*.sql", "*.yml")
        for file in (root / folder).rglob(suffix)
        if file.parent.name != "messages"
    )
    words = set(re.findall(r"\w+", sources))
    begun = set(re.findall(r"\"([A-Z_]+_)\{", sources))

    def is_said(code: str) -> bool:
        ends = [code.removeprefix(start) for start in begun if code.startswith(start)]
        return code in words or any({end, end.lower()} & words for end in ends)

    assert [code for code in messages.by_code if not is_said(code)] == []


def test_texts_are_in_the_language_they_claim(messages: Messages) -> None:
    for code, message in messages.by_code.items():
        kazakh = f"{message.text.kk} {message.how_to_fix.kk}"
        assert set("әғқңөұүһі") & set(kazakh.lower()), f"{code}: {kazakh}"
        for texts in (message.text, message.how_to_fix):
            assert texts.kk != texts.ru, f"{code}: {texts.kk}"
            assert not set("әғқңөұүһі") & set(texts.ru.lower()), f"{code}: {texts.ru}"
            assert set("абвгдежзиклмнопрст") & set(texts.ru.lower()), f"{code}: {texts.ru}"
            assert texts.en[0].isascii(), f"{code}: {texts.en}"


def test_every_message_can_be_rendered_without_parameters(messages: Messages) -> None:
    for code in messages.by_code:
        for language in LANGUAGES:
            for text in (
                messages.render(code, language, {}),
                messages.render_how_to_fix(code, language, {}),
            ):
                assert "{" not in text


def test_a_text_is_filled_with_its_parameters(tmp_path: Path) -> None:
    found = load_messages(written(tmp_path, ENTRY))
    assert found.message("CODE").severity == "warning"
    assert found.render("CODE", "kk", {"sheet": "R1", "unused": 1}) == "R1 парағы"
    assert found.render_how_to_fix("CODE", "ru", {}) == "Исправьте"


def test_a_missing_parameter_is_shown_as_a_dash(tmp_path: Path) -> None:
    found = load_messages(written(tmp_path, ENTRY))
    assert found.render("CODE", "en", {}) == "Sheet —"
    assert found.render("CODE", "en", {"sheet": None}) == "Sheet —"


def test_a_parameter_may_be_given_in_each_language(tmp_path: Path) -> None:
    found = load_messages(written(tmp_path, ENTRY))
    sheet = {"ru": "первый", "kk": "бірінші", "en": "first"}
    assert found.render("CODE", "kk", {"sheet": sheet}) == "бірінші парағы"


def test_braces_in_a_value_are_only_text(tmp_path: Path) -> None:
    found = load_messages(written(tmp_path, ENTRY))
    assert found.render("CODE", "en", {"sheet": "{cell.__class__}"}) == "Sheet {cell.__class__}"


def test_a_code_that_is_gone_is_told_by_its_name(messages: Messages) -> None:
    for language in LANGUAGES:
        assert "NO_SUCH_CODE" in messages.render("NO_SUCH_CODE", language, {"sheet": "R1"})
        assert messages.render_how_to_fix("NO_SUCH_CODE", language, {})
    with pytest.raises(KeyError):
        messages.message("NO_SUCH_CODE")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ENTRY.replace("{sheet} парағы", "{cell} парағы"), "different placeholders"),
        (ENTRY.replace(', en: "Correct it"', ""), r"how_to_fix\.en"),
        (ENTRY.replace("Исправьте", ""), r"how_to_fix\.ru"),
        (ENTRY.replace("{sheet}", "{sheet.name}"), "not a plain name"),
        (ENTRY.replace("{sheet}", "{sheet:>9}"), "not a plain name"),
        (ENTRY.replace("warning", "fatal"), "severity"),
    ],
)
def test_a_faulty_entry_is_refused_with_code_and_reason(
    tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(ContractError, match=rf"(?s)CODE.*{reason}"):
        load_messages(written(tmp_path, text))


def test_a_code_may_stand_only_once(tmp_path: Path) -> None:
    written(tmp_path, ENTRY, "first.yml")
    with pytest.raises(ContractError, match="CODE stands twice"):
        load_messages(written(tmp_path, ENTRY, "second.yml"))


def test_placeholders_are_found() -> None:
    assert placeholders("{a} and {b}, {a}") == {"a", "b"}
