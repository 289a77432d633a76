"""What a release of the demonstration has to show, each with the question that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from warehouse.core.records import Record, parse_each, read_yaml
from warehouse.core.texts import Texts


class Show(Record):
    """Something to see: its name, and the SQL to ask a release."""

    name: Texts
    sql: str


@cache
def _catalogue() -> Mapping[str, Show]:
    file = Path(__file__).with_name("shows.yml")
    return parse_each(file, Show, read_yaml(file))


def shows(last_period: str) -> Mapping[str, Show]:
    """By a word of its own; `last_period` (YYYY-MM) is the last month of the demonstration."""
    month = f"{last_period}-01"
    return {
        word: show.model_copy(update={"sql": show.sql.format(month=month)})
        for word, show in _catalogue().items()
    }
