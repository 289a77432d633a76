"""Whose report it is and of which month: what the submission says against what the file says."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath
from typing import Literal

from ingestion.findings import Findings
from ingestion.read.workbook import DocumentProperties
from warehouse.contracts import Contracts
from warehouse.contracts.territories import REGION_LEVELS, Territory
from warehouse.core.clock import period_month

UNKNOWN = "unknown"
"""Stands for a form or territory that could not be found out, in the ledger too."""

Source = Literal["CODE", "TITLE", "FILE_NAME"]


@dataclass(frozen=True, slots=True)
class Statement:
    """A territory that the file names in one of its three places."""

    source: Source
    kato: str


def statements(
    contracts: Contracts, properties: DocumentProperties, file_name: str
) -> list[Statement]:
    """The regions that document code, document title and file name name with certainty."""
    return list(_statements(contracts, properties, file_name))


def _statements(
    contracts: Contracts, properties: DocumentProperties, file_name: str
) -> Iterator[Statement]:
    territories = contracts.territories
    if code := territories.source_code(properties.description):
        yield Statement("CODE", code.kato)
    texts: list[tuple[Source, str]] = [
        ("TITLE", properties.title),
        ("FILE_NAME", PurePath(file_name).stem.replace("_", " ")),
    ]
    for source, text in texts:
        match = territories.match_name(text, levels=REGION_LEVELS)
        if match.kato is not None:
            yield Statement(source, match.kato)


def infer_territory(stated: list[Statement]) -> str:
    """The territory of a file sent without one; the document counts for more than its name."""
    return stated[0].kato if stated else UNKNOWN


def check_territory(
    contracts: Contracts,
    kato: str,
    period: str,
    properties: DocumentProperties,
    file_name: str,
    findings: Findings,
    *,
    named_by_rows: bool = False,
) -> None:
    """Add a finding for each place of the file that contradicts the submission.

    `named_by_rows`: the rows of the file are units of the territory, which says whose it is.
    """
    territories = contracts.territories
    if kato not in territories:
        findings.add("TERRITORY_UNKNOWN")
        return
    expected = territories[kato].name_ru
    if not _existed(territories[kato], period):
        findings.add("TERRITORY_NOT_IN_FORCE", expected=expected, period=period)
    stated = statements(contracts, properties, file_name)
    accepted = {kato, *territories.ancestors(kato)}
    for statement in stated:
        if statement.kato not in accepted:
            findings.add(
                f"TERRITORY_CONTRADICTED_BY_{statement.source}",
                found=territories[statement.kato].name_ru,
                expected=expected,
                code=properties.description,
                title=properties.title,
                file_name=file_name,
            )
    if not named_by_rows and all(statement.source == "FILE_NAME" for statement in stated):
        findings.add("TERRITORY_NOT_STATED", expected=expected)


def _existed(territory: Territory, period: str) -> bool:
    first, last = period_month(period), _last_day(period)
    ended = territory.valid_to
    return territory.valid_from <= last and (ended is None or ended >= first)


def check_duty(contracts: Contracts, form: str, kato: str, period: str, findings: Findings) -> None:
    """Add a finding when the territory is not among those that owe the form for the month."""
    unit = contracts.territories.get(kato)
    if unit is not None and kato not in contracts.expected_submitters(form, period):
        name = unit.name_ru
        findings.add("TERRITORY_NOT_A_SUBMITTER", expected=name, form=form, period=period)


def check_period(period: str, received_at: datetime, findings: Findings) -> None:
    """Add a finding when the month had not begun or not ended as the report came in."""
    received = received_at.date()
    if period_month(period) > received:
        findings.add("PERIOD_IN_FUTURE", period=period, received=received.isoformat())
    elif _last_day(period) > received:
        findings.add("PERIOD_NOT_OVER", period=period, received=received.isoformat())


def _last_day(period: str) -> date:
    first = period_month(period)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])
