"""The layout tells the architecture; these tests keep it true."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES_OF_A_ROOM = 15
LINES_OF_A_FILE = 400
REASON = re.compile(r"^Longer than 400 lines: \S.*\.$", re.MULTILINE)
"""How the docstring of a module says why the module is long all the same."""
TOP_LEVEL = {
    "bench", "contracts", "dags", "dashboards", "dbt_project", "deploy", "docs", "expectations",
    "ingestion", "mvd", "portal", "tests", "warehouse",
}  # fmt: skip


def tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [ROOT / name for name in listing.stdout.decode().split("\0") if name]


def text_files() -> list[Path]:
    binary = {".png", ".ico", ".woff2", ".xlsx", ".parquet", ".lock"}
    return [f for f in tracked_files() if f.suffix not in binary and f.is_file()]


def test_the_top_level_holds_the_agreed_parts_and_nothing_else() -> None:
    folders = {f.relative_to(ROOT).parts[0] for f in tracked_files() if f.parent != ROOT}
    visible = {name for name in folders if not name.startswith(".")}
    assert visible <= TOP_LEVEL, f"unexpected folders: {visible - TOP_LEVEL}"
    assert {"contracts", "warehouse", "ingestion", "expectations", "dbt_project"} <= visible


def test_contracts_hold_data_and_no_code() -> None:
    code = [f for f in tracked_files() if f.is_relative_to(ROOT / "contracts")]
    assert {f.suffix for f in code} <= {".yml", ".csv", ".md"}


def test_no_room_holds_more_than_can_be_seen_at_a_glance() -> None:
    rooms = Counter(
        str(f.parent.relative_to(ROOT))
        for f in tracked_files()
        if f.suffix == ".py" and f.name != "__init__.py" and f.is_file()
    )
    crowded = {room: count for room, count in rooms.items() if count > MODULES_OF_A_ROOM}
    assert crowded == {}


def test_no_python_file_is_longer_than_is_read_at_once_without_a_reason() -> None:
    long = {}
    for file in tracked_files():
        if file.suffix == ".py" and file.is_file():
            text = file.read_text(encoding="utf-8")
            length = text.count("\n")
            docstring = ast.get_docstring(ast.parse(text)) if length > LINES_OF_A_FILE else None
            if length > LINES_OF_A_FILE and not REASON.search(docstring or ""):
                long[str(file.relative_to(ROOT))] = length
    assert long == {}


def test_no_tracked_file_is_heavier_than_a_mebibyte() -> None:
    heavy = [f.name for f in tracked_files() if f.is_file() and f.stat().st_size > 2**20]
    assert [name for name in heavy if name != "uv.lock"] == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?<![\w.])/(?:work|farm|root)/",
        r"files\.pythonhosted\.org|deb\.debian\.org|registry\.npmjs\.org|hub\.docker\.com",
    ],
    ids=["a path of one machine", "a registry host"],
)
def test_no_file_names(pattern: str) -> None:
    this_file = Path(__file__)
    offenders = [
        str(f.relative_to(ROOT))
        for f in text_files()
        if f != this_file and re.search(pattern, f.read_text(encoding="utf-8", errors="replace"))
    ]
    assert offenders == []


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    heavy = {
        *("great_expectations", "dbt", "pandas", "scipy", "duckdb", "openpyxl"),
        *("sqlalchemy", "pyarrow", "numpy", "alembic", "psycopg"),
    }
    probe = (
        f"import sys, mvd.main, warehouse.query.asking; print(sorted({heavy} & set(sys.modules)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"
