"""Texts of papers and pages that are no findings, in Russian, Kazakh and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from warehouse.contracts.files import CONTRACTS_DIR, parse, read_yaml
from warehouse.contracts.messages import Language, Texts


@dataclass(frozen=True, slots=True)
class TextBook:
    """Texts by key."""

    by_key: Mapping[str, Texts]

    def text(self, key: str, language: Language, /, **params: Any) -> str:
        """A text with its placeholders filled. Raises KeyError."""
        return self.by_key[key].in_language(language).format_map(params)

    def in_all_languages(self, key: str) -> tuple[str, str, str]:
        """A text in each language. Raises KeyError."""
        texts = self.by_key[key]
        return texts.ru, texts.kk, texts.en


@cache
def load_texts(name: str, root: Path = CONTRACTS_DIR) -> TextBook:
    """Read `root`/texts/`name`.yml; once per process. Raises ContractError."""
    file = root / "texts" / f"{name}.yml"
    entries = read_yaml(file).items()
    return TextBook({key: parse(file, Texts, entry, key) for key, entry in entries})
