"""Each patch of Superset says what it is for and is applied to the locked versions alone."""

import ast
import subprocess
import tomllib
from pathlib import Path

import pytest

from dashboards.superset import patches

ROOT = Path(__file__).parents[5]
FOLDER = Path(patches.__file__).parent
FILES = sorted(file for file in FOLDER.glob("*.py") if file.name != "__init__.py")
OUTSIDE = """
from dashboards.superset.patches import parsed_conditions
from superset.common import query_object

parsed_conditions.install()
for _ in range(3):
    query_object.sanitize_clause("a = 1", "duckdb")
print(query_object.sanitize_clause.cache_info().misses)
"""
CELLS = """
from types import SimpleNamespace
import pandas as pd
from dashboards.superset.patches import cells
from superset.common.query_object import QueryObject

QueryObject.exec_post_processing = lambda question, answer: answer
cells.install()
column = {"label": "verdict", "shown": {"as": "claim", "in": "ru"}}
metric = {"label": "figure", "shown": {"as": "figure", "in": "ru"}}
answer = pd.DataFrame({"verdict": ["confirmed"], "figure": ['{"value": 1000, "unit": "kg"}']})
question = SimpleNamespace(columns=[column, "region"], metrics=[metric])
told = QueryObject.exec_post_processing(question, answer)
print(ascii(told.iloc[0].tolist()))
question = SimpleNamespace(columns=None, metrics=None)
print(QueryObject.exec_post_processing(question, answer).equals(answer))
"""

KEY = """
from flask import Flask
from dashboards.cells import shows
from dashboards.superset import security

security.SupersetSecurityManager.get_rls_cache_key = lambda manager, datasource: []
security.release = lambda: "r000001"
manager = object.__new__(security.DashboardSecurityManager)
with Flask("key").app_context():
    print(f"words={shows.fingerprint()}" in manager.get_rls_cache_key(None))
"""


def locked() -> dict[str, str]:
    lock = tomllib.loads((ROOT / "dashboards" / "uv.lock").read_text(encoding="utf-8"))
    return {package["name"]: package["version"] for package in lock["package"]}


def made_for(file: Path) -> dict[str, str]:
    (value,) = (
        node.value
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "MADE_FOR"
    )
    found: dict[str, str] = ast.literal_eval(value)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_patch_says_why_it_is_there_and_when_to_drop_it(file: Path) -> None:
    told = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    starts = [line.partition(":")[0] for line in told.splitlines()]
    assert [start for start in starts if start in ("Why", "Upstream", "Test", "To drop")] == [
        "Why",
        "Upstream",
        "Test",
        "To drop",
    ]
    (tests,) = (line for line in told.splitlines() if line.startswith("Test: "))
    for test in tests.removeprefix("Test: ").rstrip(".").split(", "):
        assert (ROOT / test).is_file(), test


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_patch_is_made_for_the_versions_of_the_lock(file: Path) -> None:
    versions = locked()
    assert made_for(file)
    assert made_for(file).items() <= versions.items()


def test_every_patch_is_applied() -> None:
    assert {file.stem for file in FILES} == {*patches.AT_START, "country_map"}


def test_another_version_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "version", lambda _: "7.0.0")
    with pytest.raises(patches.PatchError, match=r"7\.0\.0 is installed.*patches/schemas\.py"):
        patches.install()


def test_nothing_of_superset_is_replaced_outside_the_folder() -> None:
    """An assignment to an attribute of something imported from Superset is a patch."""
    found = []
    for file in (ROOT / "dashboards").rglob("*.py"):
        if FOLDER in file.parents or ".venv" in file.parts:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        imported = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            and (node.module or "").partition(".")[0] in ("superset", "sqlglot")
            for alias in node.names
        }
        for node in ast.walk(tree):
            targets = node.targets if isinstance(node, ast.Assign) else ()
            changed = {ast.unparse(t.value) for t in targets if isinstance(t, ast.Attribute)}
            found += [f"{file.relative_to(ROOT)}: {name}" for name in changed & imported]
    assert found == []


def printed_by(program: str) -> list[str]:
    python = ROOT / "dashboards" / ".venv" / "bin" / "python"
    told = subprocess.run(
        [python, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return told.stdout.splitlines()


@pytest.mark.slow
def test_a_condition_is_parsed_once() -> None:
    assert printed_by(OUTSIDE)[-1] == "1"


@pytest.mark.slow
def test_an_answer_is_told_before_superset_keeps_it() -> None:
    told, untouched = printed_by(CELLS)[-2:]
    assert told == ascii(["подтверждено", "1\u00a0000,0"])
    assert untouched == "True"


@pytest.mark.slow
def test_an_answer_in_other_words_is_not_given() -> None:
    assert printed_by(KEY)[-1] == "True"
