import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.unit.warehouse.builds import build
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger
from warehouse.releases import publication

Ask = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    settings = Settings(home=tmp_path_factory.mktemp("asked"), memory_limit="200MB", threads=2)
    with Ledger(settings.ledger) as ledger:
        publication.publish(settings.paths, ledger, build(settings.paths, ledger, 1), settings)

    def run(
        query: str, *options: str, language: str = "en"
    ) -> "subprocess.CompletedProcess[bytes]":
        program = [sys.executable, "-m", "mvd", "--home", str(settings.home)]
        limits = {"MVD_MEMORY_LIMIT": "500MB", "MVD_SQL_TIMEOUT_SECONDS": "20", "MVD_THREADS": "2"}
        return subprocess.run(
            [*program, "--language", language, "sql", query, *options],
            env={**os.environ, **limits},
            capture_output=True,
            timeout=120,
            check=False,
        )

    return run


def test_a_table_shows_the_first_rows_and_says_how_many_there_are(ask: Ask) -> None:
    done = ask("SELECT range AS n FROM range(600000)")
    assert done.returncode == 0
    assert done.stdout.decode().count("│") == 2 * 1000
    assert b"1000 of 600000" in done.stderr
    assert b"--format csv" in done.stderr


def test_the_other_formats_give_every_row(ask: Ask) -> None:
    done = ask("SELECT range AS n FROM range(600000)", "--format", "csv")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.split() == [b'"n"', *(str(n).encode() for n in range(600000))]


def test_an_answer_never_commands_the_terminal(ask: Ask) -> None:
    done = ask("SELECT chr(27) || '[2J' AS \"[/foo]\", '[bold]x[/bold]' AS \"[/foo]\"")
    assert done.returncode == 0
    assert b"\x1b" not in done.stdout
    assert b"\\x1b[2J" in done.stdout
    assert b"[bold]x[/bold]" in done.stdout


@pytest.mark.parametrize(
    ("query", "language", "said"),
    [
        ("SELECT '\udcff'", "en", "not UTF-8 (character 9)"),
        ("SELECT '\udcff'", "kk", "UTF-8 ретінде оқылмайтын"),
        ("SELECT '[/foo]'::INTEGER", "ru", "Ошибка в запросе"),
        ("SELECT error('[/foo]')", "ru", "Ошибка в запросе"),
    ],
)
def test_what_fails_is_told_in_the_language_of_the_reader(
    ask: Ask, query: str, language: str, said: str
) -> None:
    done = ask(query, language=language)
    assert done.returncode == 1
    assert said in done.stderr.decode()
    assert b"Traceback" not in done.stderr
