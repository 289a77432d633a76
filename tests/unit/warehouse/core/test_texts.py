"""Texts for people: complete in three languages, asked for by names and values that exist."""

import ast
import re
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dashboards.names import texts as read_by_dashboards
from warehouse.core.errors import UserError
from warehouse.core.records import CONTRACTS_DIR, ContractError
from warehouse.core.texts import (
    LANGUAGES,
    Language,
    Names,
    TextBook,
    Texts,
    language_or_default,
    load_texts,
    placeholders,
)

ROOT = CONTRACTS_DIR.parent
BOOKS = sorted(file.stem for file in (CONTRACTS_DIR / "texts").glob("*.yml"))
PARTS = ("warehouse", "ingestion", "expectations", "portal", "mvd", "dashboards")
SPEAKERS = {"UserError": "errors", "say": "command_line", "PortalError": "portal"}


def sources() -> list[Path]:
    return files_of("*.py")


def files_of(*kinds: str, parts: tuple[str, ...] = PARTS) -> list[Path]:
    """Files of the product, without the environments that lie beside them."""
    found = [f for part in parts for kind in kinds for f in (ROOT / part).rglob(kind)]
    return [f for f in found if not any(p.startswith(".") for p in f.relative_to(ROOT).parts)]


def written(folder: Path, text: str) -> Path:
    (folder / "texts").mkdir(exist_ok=True)
    (folder / "texts" / "ours.yml").write_text(text, encoding="utf-8")
    return folder


@cache
def asked() -> dict[str, list[tuple[str, frozenset[str] | None]]]:
    """Per file of texts the keys that the code names, with the values given; None: not told."""
    found: dict[str, list[tuple[str, frozenset[str] | None]]] = {}
    for file in sources():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            function, key = node.func, node.args[0]
            name = getattr(function, "attr", getattr(function, "id", ""))
            if name in SPEAKERS and isinstance(key, ast.Constant) and isinstance(key.value, str):
                given = [keyword.arg for keyword in node.keywords]
                values = None if None in given else frozenset(map(str, given))
                key_of = f"problem_{key.value}" if name == "PortalError" else key.value
                found.setdefault(SPEAKERS[name], []).append((key_of, values))
    return found


@pytest.mark.parametrize("name", BOOKS)
def test_a_file_of_texts_is_read_alike_by_the_product_and_by_the_dashboards(name: str) -> None:
    book = load_texts(name)
    assert {key: texts.model_dump() for key, texts in book.by_key.items()} == {
        str(key): texts for key, texts in read_by_dashboards(name).items()
    }


def test_texts_lie_in_the_contracts_and_nowhere_else() -> None:
    """A mapping of keys to texts beside the code would be a store of its own."""
    stores = [
        file.relative_to(ROOT).as_posix()
        for file in files_of("*.yml")
        if isinstance(entries := yaml.safe_load(file.read_text(encoding="utf-8")), dict)
        and all(isinstance(v, dict) and v.keys() <= set(LANGUAGES) for v in entries.values())
    ]
    assert stores == []


def test_the_languages_are_typed_once() -> None:
    listed = re.compile(r"[\"']ru[\"'],\s*[\"']kk[\"'],\s*[\"']en[\"']")
    files = files_of("*.py", parts=(*PARTS, "tests", "bench", "dags"))
    found = [f for f in files if listed.search(f.read_text(encoding="utf-8"))]
    assert [file.relative_to(ROOT).as_posix() for file in found] == ["warehouse/core/texts.py"]


@pytest.mark.parametrize("name", sorted(set(SPEAKERS.values())))
def test_what_the_code_asks_for_exists_and_gets_its_values(name: str) -> None:
    by_key, calls = load_texts(name).by_key, asked()[name]
    assert len(calls) > 20
    assert {key for key, _ in calls} - by_key.keys() == set()
    short = {
        (key, *sorted(lacking))
        for key, values in calls
        if values is not None and (lacking := placeholders(by_key[key].ru) - values)
    }
    assert short == set()


def test_every_text_is_asked_for_somewhere() -> None:
    parts = (*PARTS, "contracts", "dbt_project")
    files = files_of("*.py", "*.html", "*.yml", "*.sql", parts=parts)
    code = "\n".join(file.read_text(encoding="utf-8") for file in files)
    # A key put together at run time shows its beginning or its end: f"state_{…}", f"{…}_body".
    begun = tuple(set(re.findall(r"[\"'](\w+_)(?:\{|[\"'] ?[~+])", code)))
    # A code of the marts is told as its kind, which a measure names.
    begun += tuple(f"{kind}_" for kind in re.findall(r"shown: (\w+)", code))
    ended = tuple(set(re.findall(r"\}(_\w+)[\"']", code)))
    words = set(re.findall(r"[\w-]+", re.sub(r"(?m)^[\w-]+:", "", code)))
    unasked = {
        f"{name}: {key}"
        for name in BOOKS
        for key in load_texts(name).by_key
        if key not in words and not key.startswith(begun) and not key.endswith(ended)
    }
    assert unasked == set()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: {ru: да, kk: иә}", r"a\.en"),
        ("a: {ru: да, kk: иә, en: ''}", r"a\.en"),
        ("a: {ru: да, kk: иә, en: yes}", r"a\.en"),
        ("a: {ru: да, kk: иә, en: aye, de: ja}", r"a\.de"),
        ("a: {ru: '{x}', kk: '{y}', en: '{x}'}", "different placeholders"),
        ("a: {ru: '{x.y}', kk: '{x.y}', en: '{x.y}'}", "not a plain name"),
        ("a: {ru: '{x!r}', kk: '{x!r}', en: '{x!r}'}", "not a plain name"),
        ("a: {ru: '{}', kk: '{}', en: '{}'}", "not a plain name"),
        ("a: {ru: '{', kk: '{', en: '{'}", "a: "),
        ("a: {ru: да, kk: иә, en: aye}\na: {ru: да, kk: иә, en: aye}", "twice"),
        ("- a", "no mapping"),
        ("", "no mapping"),
        ("a: text", "a: "),
    ],
)
def test_a_faulty_text_is_refused_with_file_and_reason(
    tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(ContractError, match=rf"(?s)ours\.yml.*{reason}"):
        load_texts("ours", written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"texts/ours\.yml"):
        load_texts("ours", tmp_path)


def test_a_missing_text_or_value_is_named() -> None:
    book = TextBook(Path("ours.yml"), {"a": Texts(ru="{x}", kk="{x}", en="{x}")})
    with pytest.raises(ContractError, match=r"ours\.yml: there is no text b"):
        book.text("b", "ru", x=1)
    with pytest.raises(ContractError, match=r"ours\.yml: a: no value for \{x\}"):
        book.text("a", "ru")


def test_a_value_may_be_given_in_each_language() -> None:
    book = TextBook(Path("ours.yml"), {"a": Texts(ru="{x}!", kk="{x}?", en="{x}.")})
    assert book.text("a", "kk", x={"ru": "да", "kk": "иә", "en": "yes"}) == "иә?"


def test_an_error_of_a_user_without_a_text_is_an_error_of_the_contracts() -> None:
    with pytest.raises(ContractError, match=r"errors\.yml: there is no text NO_SUCH"):
        UserError("NO_SUCH").text()


def test_a_name_without_a_translation_is_told_in_russian() -> None:
    assert Names(ru="имя", kk="атауы").text("en") == "имя"
    assert Names(ru="имя", kk="атауы").text("kk") == "атауы"


def test_a_placeholder_may_not_say_how_its_value_is_written() -> None:
    with pytest.raises(ValueError, match="not a plain name"):
        Texts.model_validate({"ru": "{x:+d}", "kk": "{x:+d}", "en": "{x:+d}"})


@pytest.mark.parametrize("name", [None, "", "de", "RU"])
def test_an_unknown_language_is_russian(name: str | None) -> None:
    assert language_or_default(name) == "ru"


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]) | st.sampled_from("{}a!:."))


@given(ru=TEXT, kk=TEXT, en=TEXT, language=st.sampled_from(LANGUAGES))
def test_a_text_that_is_taken_can_always_be_filled(
    ru: str, kk: str, en: str, language: Language
) -> None:
    given = {"ru": ru, "kk": kk, "en": en}
    try:
        texts = Texts.model_validate(given)
    except ValueError:
        return
    names = [name for _, name, _, _ in Formatter().parse(ru) if name is not None]
    book = TextBook(Path("ours.yml"), {"a": texts})
    assert book.text("a", language, **dict.fromkeys(names, "{value}")).count("{value}") >= len(
        set(names)
    )
