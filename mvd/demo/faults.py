"""What is deliberately wrong in the demonstration, so that its reader meets every verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from warehouse.contracts.territories import Territory

Kind = Literal[
    "broken_identity",
    "text_number",
    "unreadable_figure",
    "missing_sheet",
    "other_region",
    "no_report",
    "late",
    "same_file_twice",
    "restatement",
    "thousands_in_words",
    "correction",
    "too_few_reports",
]

_DAYS_UNTIL_CORRECTED = 2
_DAYS_LATE = 18
# Which of the regions has the number typed with a space.
TEXT_NUMBER_PLACE = 1
_TOTAL = ("R1", 1, 1)
_REGISTERED = ("R1", 1, 2)
_THEFTS = ("R1", 109, 2)
# Followers: no control rule but the sum of the districts reaches them.
_FOLLOWERS_FORM = "PRV-M"
_THOUSANDS = ("T", 1, 7)
_MINOR_CRIMES = ("R1", 4, 2)
_CORRECTED_FORM = "TRF-M"
_CRASHES = ("T", 1, 1)
_DAYS_UNTIL_SECOND_THOUGHTS = 10
_WITHHELD_FORM = "EXT-M"
# Fewer than half of the regions may be left, or the total is shown.
_LEFT_REPORTING = 7
_REPUBLIC = "000000000"


@dataclass(frozen=True)
class Submission:
    """One file to be written and sent.

    `titled` is the territory that the workbook itself names; `cell` is the coordinate (section,
    line, column) that `fault` is about; `attempt` above 1 follows a refusal.
    """

    territory: str
    period: str
    form: str
    received_at: datetime
    titled: str
    fault: Kind | None = None
    cell: tuple[str, int, int] | None = None
    attempt: int = 1
    same_as_first: bool = False


@dataclass(frozen=True)
class Fault:
    """One planted fault: at a cell (section, line, column), or a file of the territory `titled`.

    `is_corrected` when a corrected file followed. `mvd.demo.story` says it in words.
    """

    kind: Kind
    territory: str
    period: str
    form: str
    cell: tuple[str, int, int] | None = None
    titled: str = ""
    is_corrected: bool = False


def plant(
    submissions: Sequence[Submission], regions: Sequence[Territory], periods: Sequence[str]
) -> tuple[list[Submission], list[Fault]]:
    """Put the faults into the submissions of clean files.

    `regions` come in the order in which they get a fault: at least ten. The last two of `periods`
    carry the faults, so the months before show what clean data look like.
    """
    last = periods[-1]
    before = next((p for p in periods[-2:-1] if p[:4] == last[:4]), last)
    planted = _Plan(list(submissions))
    names = iter(regions)
    planted.change(next(names), last, "1-M", "restatement", _THEFTS)
    planted.change(next(names), before, "1-M", "text_number", _TOTAL)
    planted.change(next(names), before, "1-M", "broken_identity", _MINOR_CRIMES)
    planted.change(next(names), last, "1-M", "unreadable_figure", _REGISTERED)
    planted.correct_the_last()
    planted.change(next(names), last, "SNG-1", "missing_sheet")
    planted.send_another_regions_file(next(names), next(names), last)
    planted.leave_out(next(names), last)
    planted.send_late(next(names), last)
    planted.send_twice(next(names), before)
    if any(submission.form == _FOLLOWERS_FORM for submission in submissions):
        region = next(names)
        planted.change(region, last, _FOLLOWERS_FORM, "thousands_in_words", _THOUSANDS)
    if any(submission.form == _CORRECTED_FORM for submission in submissions):
        planted.correct_an_accepted(next(names), last, _CORRECTED_FORM, _CRASHES)
    if any(submission.form == _WITHHELD_FORM for submission in submissions):
        planted.withhold(_WITHHELD_FORM, last, regions[_LEFT_REPORTING:])
    return planted.submissions, planted.faults


class _Plan:
    def __init__(self, submissions: list[Submission]) -> None:
        self.submissions = submissions
        self.faults: list[Fault] = []

    def change(
        self,
        region: Territory,
        period: str,
        form: str,
        kind: Kind,
        cell: tuple[str, int, int] | None = None,
    ) -> None:
        place = self._find(region, period, form)
        self.submissions[place] = replace(self.submissions[place], fault=kind, cell=cell)
        self._tell(kind, region, period, form, cell=cell)

    def correct_the_last(self) -> None:
        """The refused file comes again, corrected, after two days."""
        refused = next(s for s in self.submissions if s.fault == "unreadable_figure")
        self.submissions.append(
            replace(
                refused,
                fault=None,
                cell=None,
                attempt=2,
                received_at=refused.received_at + timedelta(days=_DAYS_UNTIL_CORRECTED),
            )
        )
        self.faults[-1] = replace(self.faults[-1], is_corrected=True)

    def send_another_regions_file(self, region: Territory, other: Territory, period: str) -> None:
        place = self._find(region, period, "1-M")
        self.submissions[place] = replace(
            self.submissions[place], titled=other.kato, fault="other_region"
        )
        self._tell("other_region", region, period, "1-M", titled=other.kato)

    def leave_out(self, region: Territory, period: str) -> None:
        self.submissions = [
            s for s in self.submissions if (s.territory, s.period) != (region.kato, period)
        ]
        self._tell("no_report", region, period, "")

    def correct_an_accepted(
        self, region: Territory, period: str, form: str, cell: tuple[str, int, int]
    ) -> None:
        """The same report again some days later, with another figure."""
        first = self.submissions[self._find(region, period, form)]
        received = first.received_at + timedelta(days=_DAYS_UNTIL_SECOND_THOUGHTS)
        self.submissions.append(
            replace(first, fault="correction", cell=cell, attempt=2, received_at=received)
        )
        self._tell("correction", region, period, form, cell=cell)

    def withhold(self, form: str, period: str, silent: Sequence[Territory]) -> None:
        """Of these regions nothing came, so the total is withheld."""
        left_out = {(region.kato, period, form) for region in silent}
        self.submissions = [
            s for s in self.submissions if (s.territory, s.period, s.form) not in left_out
        ]
        self.faults.append(Fault("too_few_reports", _REPUBLIC, period, form))

    def send_late(self, region: Territory, period: str) -> None:
        for place, s in enumerate(self.submissions):
            if (s.territory, s.period) == (region.kato, period):
                self.submissions[place] = replace(
                    s, fault="late", received_at=s.received_at + timedelta(days=_DAYS_LATE)
                )
        self._tell("late", region, period, "")

    def send_twice(self, region: Territory, period: str) -> None:
        first = self.submissions[self._find(region, period, "1-M")]
        self.submissions.append(
            replace(
                first,
                fault="same_file_twice",
                attempt=2,
                same_as_first=True,
                received_at=first.received_at + timedelta(hours=3),
            )
        )
        self._tell("same_file_twice", region, period, "1-M")

    def _find(self, region: Territory, period: str, form: str) -> int:
        key = (region.kato, period, form)
        return next(
            place
            for place, s in enumerate(self.submissions)
            if (s.territory, s.period, s.form) == key
        )

    def _tell(
        self,
        kind: Kind,
        region: Territory,
        period: str,
        form: str,
        *,
        cell: tuple[str, int, int] | None = None,
        titled: str = "",
    ) -> None:
        self.faults.append(Fault(kind, region.kato, period, form, cell, titled))
