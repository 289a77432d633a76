"""Findings of a build in words: texts from its inputs, names from its dimensions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.core.texts import LANGUAGES, Language

_TEXTS = "select finding_code, text_ru, text_kk, text_en from read_parquet($path)"
_NAMES = """
    select indicator_code, name_ru, name_kk, name_en from marts.dim_indicator
    union all select territory_kato, name_ru, name_kk, name_en from marts.dim_territory
"""


@dataclass(frozen=True, slots=True)
class Wording:
    """Texts of findings and names of indicators and territories, by code."""

    texts: Mapping[str, Mapping[Language, str]]
    names: Mapping[str, Mapping[Language, str]]

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection, inputs: Path) -> "Wording":
        """Those of a build whose database the connection has."""
        texts = connection.execute(_TEXTS, {"path": str(inputs / "finding_texts.parquet")})
        return cls(
            texts=_by_code(texts.fetchall()), names=_by_code(connection.sql(_NAMES).fetchall())
        )

    def sentence(
        self, code: str, language: Language, values: Mapping[str, str], named: Iterable[str]
    ) -> str:
        """The text of a finding; the values called `named` are codes and told by their names."""
        known = {key: self.names.get(values[key], {}).get(language, values[key]) for key in named}
        return self.texts[code][language].format(**{**values, **known})


def _by_code(rows: list[tuple[str, ...]]) -> dict[str, dict[Language, str]]:
    """The Russian one where another is not known."""
    return {
        code: {lang: text or texts[0] for lang, text in zip(LANGUAGES, texts, strict=True)}
        for code, *texts in rows
    }
