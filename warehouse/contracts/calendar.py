"""Who is expected to report a form for a period, until when, and when an aggregate is complete."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from warehouse.contracts.territories import Level, Territories
from warehouse.core.records import CONTRACTS_DIR, Month, Record, read_record

Share = Annotated[float, Field(ge=0, le=1)]
_SATURDAY = 5


class DeadlineRule(Record):
    """Day and hour, local time, `months_after` the month of a period from `valid_from` on."""

    valid_from: Month
    day: int = Field(ge=1, le=28)
    months_after: int = Field(ge=0)
    hour: int = Field(ge=0, le=23)
    weekend: Literal["keep", "next_monday"]


class Duties(Record):
    """Levels whose units each send a form every month, and its deadlines, the earliest first."""

    levels: tuple[Level, ...] = Field(min_length=1)
    deadlines: tuple[DeadlineRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_deadline_begins_once(self) -> Self:
        begin = [rule.valid_from for rule in self.deadlines]
        if begin != sorted(set(begin)):
            raise ValueError("deadlines: valid_from must rise from one deadline to the next")
        return self

    def deadline_of(self, period: str) -> DeadlineRule:
        """The rule for a period (YYYY-MM); the first one also for what was before it."""
        valid = [rule for rule in self.deadlines if rule.valid_from <= period]
        return valid[-1] if valid else self.deadlines[0]


class OwnDuties(Record):
    """What a form has instead of the common duties."""

    levels: tuple[Level, ...] | None = None
    deadlines: tuple[DeadlineRule, ...] | None = None


class Calendar(Record):
    """Reporting duties: the common ones, and what `forms` that owe them have of their own."""

    timezone_hours: int = Field(ge=-12, le=14)
    common: Duties
    forms: Mapping[str, OwnDuties]

    @model_validator(mode="after")
    def _duties_of_every_form_are_whole(self) -> Self:
        _ = self.duties  # Building them checks them.
        return self

    @cached_property
    def duties(self) -> Mapping[str, Duties]:
        """The duties of each form by its code."""
        common = self.common.model_dump()
        return {
            form: Duties.model_validate({**common, **own.model_dump(exclude_none=True)})
            for form, own in self.forms.items()
        }

    def expected_submitters(
        self, form: str, period: str, territories: Territories
    ) -> tuple[str, ...]:
        """KATO codes of the units that owe `form` for `period` (YYYY-MM), in order.

        Units in force on the last day of the month. Raises KeyError for a form without duties.
        """
        levels = self.duties[form].levels
        units = (unit for unit in territories.valid_on(last_day(period)) if unit.level in levels)
        return tuple(sorted(unit.kato for unit in units))

    def deadline(self, form: str, period: str) -> datetime:
        """Moment (UTC) after which `form` for `period` (YYYY-MM) is late. Raises KeyError."""
        rule = self.duties[form].deadline_of(period)
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


class GrowthRule(Record):
    """Which way a change against the year before is told."""

    minimal_base: int = Field(ge=1)
    times_from: float = Field(gt=1)


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
