"""Time: every timestamp is UTC and aware, every period is a month written `YYYY-MM`."""

import re
from datetime import UTC, date, datetime

from warehouse.errors import UserError

_PERIOD = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def utc_now() -> datetime:
    """This moment, aware and in UTC."""
    return datetime.now(UTC)


def as_utc(moment: datetime) -> datetime:
    """The same moment in UTC. A time without a zone raises ValueError: it names no moment."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; give one, e.g. +05:00 or Z")
    return moment.astimezone(UTC)


def period_month(period: str) -> date:
    """First day of a period written `YYYY-MM`; UserError PERIOD_INVALID for anything else."""
    match = _PERIOD.fullmatch(period)
    if match is None or match[1] == "0000":
        raise UserError("PERIOD_INVALID", value=period)
    return date(int(match[1]), int(match[2]), 1)
