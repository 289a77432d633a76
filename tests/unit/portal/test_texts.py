"""Every text that a page asks for exists."""

import re
from pathlib import Path
from typing import get_args

import pytest

import portal
from portal.exports import csv_file, harmless
from portal.texts import text
from warehouse.core.texts import LANGUAGES, load_texts
from warehouse.reporting.duties import State

ROOT = Path(portal.__file__).parent
KEYS = load_texts("portal").by_key.keys()
TEMPLATES = sorted((ROOT / "templates").glob("*.html"))


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_templates_ask_for_texts_that_exist(file: Path) -> None:
    asked = set(re.findall(r"\bt\(\"(\w+)\"[,)]", file.read_text(encoding="utf-8")))
    assert asked <= KEYS


def test_every_state_and_every_problem_has_its_text() -> None:
    states = {f"state_{state}" for state in get_args(State)}
    code = "\n".join(file.read_text(encoding="utf-8") for file in ROOT.rglob("*.py"))
    problems = {f"problem_{key}" for key in re.findall(r"PortalError\(\s*\"(\w+)\"", code)}
    done = {f"done_{key}" for key in re.findall(r"done=\"(\w+)\"", code)}
    assert problems
    assert done
    assert states | problems | done <= KEYS


def test_every_action_of_the_audit_log_has_its_text() -> None:
    folders = (ROOT, ROOT.parent / "warehouse" / "ledger")
    code = "\n".join(file.read_text(encoding="utf-8") for f in folders for file in f.rglob("*.py"))
    nouns = "account|exception|period|sign_in|sign_out|submission|token"
    done = set(re.findall(rf'"((?:{nouns})\.[a-z_]+(?:ed|done|made))"', code))
    assert len(done) > 15
    assert {f"action_{action.replace('.', '_')}" for action in done} <= load_texts(
        "portal"
    ).by_key.keys()


def test_the_mark_of_a_made_up_report_is_a_word_in_every_language() -> None:
    assert [text("marked", language) for language in LANGUAGES] == ["да", "иә", "yes"]


def test_letters_have_a_subject_and_a_body() -> None:
    keys = set(load_texts("letters").by_key)
    kinds = {"deadline_near", "late", "verdict", "returned", "returned_again"}
    assert keys == {"signature"} | {f"{k}_{part}" for k in kinds for part in ("subject", "body")}


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\ufeff=1", "\uff1dcmd", "|calc", "%0A"]
)
def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(text: str) -> None:
    assert harmless(text) == f"'{text}"


def test_figures_and_plain_texts_stay_as_they_are() -> None:
    content = csv_file(["a", "b"], [(-5, "R1"), (None, "с; точкой")]).decode("utf-8-sig")
    assert content.splitlines() == ["a;b", "-5;R1", ';"с; точкой"']
