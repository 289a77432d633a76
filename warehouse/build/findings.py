"""The step between the models and the gate: what only a build can find, in words."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from warehouse.build.outliers import list_outliers
from warehouse.build.wording import Wording
from warehouse.core.duck import connect_build
from warehouse.core.settings import Settings
from warehouse.core.texts import LANGUAGES, Language

_CONTRADICTIONS = """
    select rowid, finding_code, indicator_code, territory_kato, period_month,
        round(found_value, 1)::decimal(18, 1), round(expected_value, 1)::decimal(18, 1),
        round(difference, 1)::decimal(18, 1)
    from marts.rpt_reconciliation order by rowid
"""
_TELL = """
    update marts.rpt_reconciliation
    set message_ru = $ru, message_kk = $kk, message_en = $en where rowid = $row
"""


def list_findings(database: Path, inputs: Path, settings: Settings) -> None:
    """Fill `marts.rpt_outliers` and the messages of `marts.rpt_reconciliation` of a build."""
    list_outliers(database, inputs, settings)
    tell_contradictions(database, inputs, settings)


def tell_contradictions(database: Path, inputs: Path, settings: Settings) -> None:
    """Put the contradictions between submissions into words, by the texts of the inputs."""
    with connect_build(database, settings) as connection:
        wording = Wording.read(connection, inputs)
        found = connection.execute(_CONTRADICTIONS).fetchall()
        told = [
            {"row": row, **{language: _sentence(wording, language, *of) for language in LANGUAGES}}
            for row, *of in found
        ]
        if told:
            connection.executemany(_TELL, told)


def _sentence(
    wording: Wording,
    language: Language,
    code: str,
    indicator: str,
    territory: str,
    month: date,
    *numbers: Decimal,
) -> str:
    found, expected, difference = (_number(number, language) for number in numbers)
    sign = "+" if numbers[-1] > 0 else ""
    values = {
        "indicator": indicator,
        "territory": territory,
        "period": f"{month:%m.%Y}",
        "found": found,
        "expected": expected,
        "difference": sign + difference,
    }
    return wording.sentence(code, language, values, ("indicator", "territory"))


def _number(value: Decimal, language: Language) -> str:
    """At most one decimal, none where the number is whole; a comma but in English."""
    digits = f"{value:.0f}" if value == int(value) else f"{value:.1f}"
    return digits if language == "en" else digits.replace(".", ",")
