"""What a release of the demonstration has to show, each with the question that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter


class Show(BaseModel):
    """Something to see: its name by language, and the SQL to ask a release."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Mapping[str, str]
    sql: str


@cache
def _catalogue() -> Mapping[str, Show]:
    text = files("mvd.demo").joinpath("shows.yml").read_text(encoding="utf-8")
    entries = yaml.load(text, Loader=yaml.CSafeLoader)
    return TypeAdapter(dict[str, Show]).validate_python(entries)


def shows(last_period: str) -> Mapping[str, Show]:
    """By a word of its own; `last_period` (YYYY-MM) is the last month of the demonstration."""
    month = f"{last_period}-01"
    return {
        word: show.model_copy(update={"sql": show.sql.format(month=month)})
        for word, show in _catalogue().items()
    }
