"""The Kazakh catalogue fits Superset's own: same texts, same places for values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

PROJECT = Path(__file__).resolve().parents[4]
OURS = sorted((PROJECT / "dashboards" / "translations").glob("*.po"))
PACKAGES = PROJECT / "dashboards" / ".venv" / "lib" / "python3.11" / "site-packages"
PLACE = re.compile(r"%(?:\(\w+\))?[sd]")


def catalogue(path: Path, locale: str | None = None) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def texts(found: Catalog) -> Iterator[tuple[str, str]]:
    """Each text with its translation, singular and plural apart."""
    for message in found:
        originals = [message.id] if isinstance(message.id, str) else message.id
        translations = [message.string] if isinstance(message.string, str) else message.string
        for original, translation in zip(originals, translations or (), strict=False):
            if original:
                yield original, translation


@pytest.fixture(scope="module")
def superset() -> Catalog:
    path = PACKAGES / "superset" / "translations" / "messages.pot"
    assert path.exists(), "Superset is not installed: make setup-superset"
    return catalogue(path)


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_every_text_is_one_of_supersets(path: Path, superset: Catalog) -> None:
    ours = catalogue(path, path.stem)
    unknown = [message.id for message in ours if message.id and message.id not in superset]
    assert unknown == []


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_values_keep_their_places(path: Path) -> None:
    for original, text in texts(catalogue(path, path.stem)):
        assert text.strip(), original
        assert Counter(PLACE.findall(text)) == Counter(PLACE.findall(original)), original


def test_the_share_that_the_documentation_gives_is_true(superset: Catalog) -> None:
    text = (PROJECT / "docs" / "superset.md").read_text(encoding="utf-8")
    found = re.search(r"It holds (\d[\d,]*) of the (\d[\d,]*) texts", text)
    assert found is not None
    told = [int(number.replace(",", "")) for number in found.groups()]
    kazakh = next(path for path in OURS if path.stem == "kk")
    count = sum(1 for message in catalogue(kazakh, "kk") if message.id)
    assert told == [count, sum(1 for message in superset if message.id)]
