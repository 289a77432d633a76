"""Names that the contracts hold, read without the rest of the project."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dashboards.paths import CONTRACTS

LANGUAGES = ("ru", "kk")
"""Languages of the dashboards; pages and commands speak English too."""
SPOKEN = (*LANGUAGES, "en")
REGION_LEVELS = frozenset({"oblast", "republican_city"})

Names = dict[str, str]


def read_yaml(path: Path) -> Any:
    """Content of a YAML file."""
    return read_text(path.read_text(encoding="utf-8"))


def read_text(text: str) -> Any:
    """Content of a YAML text, by the reader that is compiled: ten times as fast."""
    return yaml.load(text, Loader=yaml.CSafeLoader)


@cache
def indicators() -> dict[str, Names]:
    """Indicator code → names."""
    files = sorted((CONTRACTS / "indicators").glob("*.yml"))
    return {
        entry["code"]: _in_both(entry["name"])
        for file in files
        for entry in read_yaml(file)["indicators"]
    }


@cache
def territories() -> dict[str, dict[str, str]]:
    """KATO → the row of a territory, of all times; REGION_LEVELS are the levels of the regions."""
    path = CONTRACTS / "territories" / "territories.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["kato"]: row for row in csv.DictReader(file)}


@cache
def label(kato: str, language: str) -> str:
    """The name of a territory of today, with its region where another of today has the same.

    As `dim_territory.label_ru` and `label_kk` have it; KeyError for an unknown code.
    """
    unit, name = territories()[kato], f"name_{language}"
    today = (row for row in territories().values() if not row["valid_to"])
    if sum(row[name] == unit[name] for row in today) == 1:
        return unit[name]
    above = unit
    while above["level"] not in REGION_LEVELS:
        above = territories()[above["parent_kato"]]
    return f"{unit[name]} ({above[name]})"


@cache
def forms() -> dict[str, Names]:
    """Form code → names."""
    files = sorted((CONTRACTS / "forms").glob("*/form.yml"))
    return {form["code"]: _in_both(form["name"]) for form in map(read_yaml, files)}


@cache
def measures() -> dict[str, Names]:
    """Measure of the offence tables → names."""
    listed = read_yaml(CONTRACTS / "marts" / "fct_crimes.yml")["measures"]
    return {measure["name"]: _in_both(measure["label"]) for measure in listed}


@cache
def units() -> dict[str, Names]:
    """Unit of measure → names."""
    listed = read_yaml(CONTRACTS / "tables.yml")["units"]
    return {unit: _in_both(entry["name"]) for unit, entry in listed.items()}


@cache
def texts(name: str) -> dict[str, Names]:
    """Key → text by language of `contracts/texts/<name>.yml`, {…} being values."""
    return dict(read_yaml(CONTRACTS / "texts" / f"{name}.yml"))


def texts_in(name: str, language: str) -> dict[str, str]:
    """Key → text of `contracts/texts/<name>.yml` in one language."""
    return {key: text[language] for key, text in texts(name).items()}


def in_both(key: str, /, *, between: str = " / ", **values: Any) -> str:
    """A text of `contracts/texts/dashboards.yml` in both languages of the dashboards."""
    text = texts("dashboards")[key]
    return between.join(text[language].format(**values) for language in LANGUAGES).strip()


@cache
def months() -> dict[str, Names]:
    """Month of the year as two digits → names."""
    return {key: names for key, names in texts("months").items() if key.isdigit()}


def _in_both(names: Names) -> Names:
    return {language: names.get(language) or names["ru"] for language in LANGUAGES}
