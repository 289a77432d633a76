import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvd import console as printing
from mvd.console import PlainConsole, print_table, visible

DATA = ["[/foo]", "[bold]Алматы[/bold]", "[link=http://x]y[/link]", ":smile: [red]", "\\[a]", "["]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    plain = PlainConsole(file=stream, width=200, highlight=False, soft_wrap=True)
    monkeypatch.setattr(printing, "console", plain)
    return stream


@pytest.mark.parametrize("data", DATA)
def test_data_is_printed_as_it_is(printed: io.StringIO, data: str) -> None:
    printing.console.print(data, style="red")
    assert printed.getvalue() == f"{data}\n"
    print_table(data, [data], [[data]])
    assert printed.getvalue().count(data) == 4


@given(st.text(st.characters(codec=None)))
def test_no_text_commands_the_terminal(text: str) -> None:
    shown = visible(text)
    kinds = {unicodedata.category(c) for c in shown if c not in "\n\t"}
    assert not kinds & {"Cc", "Cs"}
    shown.encode()


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b2J", "\\x9b2J"),
        ("a\rb\x07\x00", "a\\rb\\x07\\x00"),
        ("\udcff.xlsx", "\\udcff.xlsx"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("Қостанай — ёж", "Қостанай — ёж"),
    ],
)
def test_what_cannot_be_seen_is_escaped(printed: io.StringIO, data: str, shown: str) -> None:
    print_table(data, [data], [[data]])
    printing.console.print(data)
    assert printed.getvalue().count(shown) == 4
    assert shown == data or data not in printed.getvalue()
