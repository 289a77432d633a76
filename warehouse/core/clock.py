"""Time: every timestamp is UTC and aware, every period is a month written `YYYY-MM`."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

from warehouse.core.errors import UserError

PERIOD_PATTERN = r"(?:19|20|21)[0-9]{2}-(?:0[1-9]|1[0-2])"
"""A period: ASCII digits, 1900 to 2199, so that its deadline and its neighbours are dates too."""
_PERIOD = re.compile(PERIOD_PATTERN)
_SHOWN = 40
"""How much of a wrong period an error repeats."""


def utc_now() -> datetime:
    """This moment, aware and in UTC."""
    return datetime.now(UTC)


def as_utc(moment: datetime) -> datetime:
    """The same moment in UTC. A time without a zone raises ValueError: it names no moment."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; give one, e.g. +05:00 or Z")
    return moment.astimezone(UTC)


def on_clock(moment: datetime, hours: int) -> str:
    """A moment as people read it, `dd.mm.yyyy HH:MM`, on a clock so many hours east of Greenwich
    (`Calendar.timezone_hours`)."""
    return f"{moment.astimezone(timezone(timedelta(hours=hours))):%d.%m.%Y %H:%M}"


def period_month(period: str) -> date:
    """First day of a period written `YYYY-MM`; UserError PERIOD_INVALID for anything else."""
    if _PERIOD.fullmatch(period) is None:
        raise UserError("PERIOD_INVALID", value=period[:_SHOWN])
    return date(int(period[:4]), int(period[5:]), 1)
