"""Who is expected to report a form for a period, until when, and when an aggregate is complete."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from warehouse.contracts.territories import Level, Territories
from warehouse.core.records import CONTRACTS_DIR, Record, read_record
from warehouse.core.texts import FigureTexts

Share = Annotated[float, Field(ge=0, le=1)]
_SATURDAY = 5


class DeadlineRule(Record):
    """Day and hour, local time, `months_after` the reported month."""

    day: int = Field(ge=1, le=28)
    months_after: int = Field(ge=0)
    hour: int = Field(ge=0, le=23)
    weekend: Literal["keep", "next_monday"]


class FormCalendar(Record):
    """Levels whose units each send the form every month, and the deadline."""

    levels: tuple[Level, ...] = Field(min_length=1)
    deadline: DeadlineRule


class Calendar(Record):
    """Reporting duties of all forms."""

    timezone_hours: int = Field(ge=-12, le=14)
    forms: Mapping[str, FormCalendar]

    def expected_submitters(
        self, form: str, period: str, territories: Territories
    ) -> tuple[str, ...]:
        """KATO codes of the units that owe `form` for `period` (YYYY-MM), in order.

        Units in force on the last day of the month. Raises KeyError for a form without duties.
        """
        levels = self.forms[form].levels
        units = (unit for unit in territories.valid_on(last_day(period)) if unit.level in levels)
        return tuple(sorted(unit.kato for unit in units))

    def deadline(self, form: str, period: str) -> datetime:
        """Moment (UTC) after which `form` for `period` (YYYY-MM) is late. Raises KeyError."""
        rule = self.forms[form].deadline
        year, month = _year_month(period)
        years, month_index = divmod(month - 1 + rule.months_after, 12)
        day = date(year + years, month_index + 1, rule.day)
        if rule.weekend == "next_monday" and day.weekday() >= _SATURDAY:
            day += timedelta(days=7 - day.weekday())
        local = timezone(timedelta(hours=self.timezone_hours))
        return datetime(day.year, day.month, day.day, rule.hour, tzinfo=local).astimezone(UTC)


class Shares(Record):
    """Least shares of units and of population."""

    units: Share
    population: Share


class AggregateRule(Record):
    """Below `shown_from` an aggregate is withheld, below `final_from` it is partial."""

    shown_from: Shares
    final_from: Shares


Precedence = Literal["summary", "districts"]


class BothExist(Record):
    """What counts where a territory's own return and those of all its parts are there."""

    default: Precedence
    forms: Mapping[str, Precedence]

    def of(self, form: str) -> Precedence:
        """The rule for a form."""
        return self.forms.get(form, self.default)


class GrowthTexts(Record):
    """One text per way a change can be told."""

    no_base: FigureTexts
    difference: FigureTexts
    points: FigureTexts
    percent: FigureTexts
    times: FigureTexts
    times_many: FigureTexts
    unchanged: FigureTexts
    not_comparable: FigureTexts
    borders_changed: FigureTexts
    across_break: FigureTexts


class GrowthRule(Record):
    """How a change against the year before is put into words."""

    minimal_base: int = Field(ge=1)
    times_from: float = Field(gt=1)
    decimals: int = Field(ge=0, le=4)
    texts: GrowthTexts


class Coverage(Record):
    """Thresholds for aggregates and for comparing them."""

    aggregate: AggregateRule
    where_both_exist: BothExist
    growth: GrowthRule


def load_calendar(root: Path = CONTRACTS_DIR) -> Calendar:
    """Read `calendar.yml` below `root`; raises ContractError."""
    return read_record(root / "calendar.yml", Calendar)


def load_coverage(root: Path = CONTRACTS_DIR) -> Coverage:
    """Read `coverage.yml` below `root`; raises ContractError."""
    return read_record(root / "coverage.yml", Coverage)


def last_day(period: str) -> date:
    """The last day of a month written YYYY-MM."""
    year, month = _year_month(period)
    return date(year, month, monthrange(year, month)[1])


def _year_month(period: str) -> tuple[int, int]:
    first_day = date.fromisoformat(f"{period}-01")
    return first_day.year, first_day.month
