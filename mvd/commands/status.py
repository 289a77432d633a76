"""`mvd status`: who reported, who is late, who was refused."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mvd.console import console, print_json, print_table
from mvd.context import Context
from mvd.show import show_left_out, territory_name
from warehouse.core.clock import on_clock, period_month, utc_now

if TYPE_CHECKING:
    from ingestion.request import Services
    from warehouse.ledger import Submission
    from warehouse.reporting.punctuality import Report


@dataclass(frozen=True)
class Row:
    """One unit that owes one form; `state` is a key of the texts without `state_`."""

    form: str
    territory: str
    territory_name: str
    state: str
    submission_id: str | None
    received_at: datetime | None
    deadline: datetime
    errors: int
    warnings: int

    @property
    def is_reported(self) -> bool:
        return self.state in {"on_time", "after_deadline"}

    @property
    def is_sent(self) -> bool:
        return self.submission_id is not None


def status(
    context: typer.Context,
    period: Annotated[str, typer.Option(help="Отчётный период, ГГГГ-ММ.")],
    as_json: Annotated[bool, typer.Option("--json", help="Ответ для программ.")] = False,
) -> None:
    """Кто сдал, опоздал, не сдал или получил отказ — по каждой форме."""
    from warehouse.releases.left_out import summary

    period_month(period)
    here: Context = context.obj
    with here.services() as services:
        rows = reporting(here, services, period)
        hours = services.contracts.calendar.timezone_hours
        left = summary(services.ledger.submissions(period=period), services.contracts)
        if services.ledger.is_demonstration():
            here.say_demonstration()
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    names = ("form", "territory", "state", "received", "deadline", "errors", "warnings")
    body = [
        (
            row.form,
            row.territory_name,
            here.say(f"state_{row.state}"),
            on_clock(row.received_at, hours) if row.received_at else "",
            on_clock(row.deadline, hours),
            row.errors,
            row.warnings,
        )
        for row in rows
    ]
    columns = [here.say(f"col_{name}") for name in names]
    print_table(here.say("status_title", period=period), columns, body)
    for form in dict.fromkeys(row.form for row in rows):
        of_form = [row for row in rows if row.form == form]
        said = {
            "accepted": sum(row.is_reported for row in of_form),
            "not_accepted": sum(row.is_sent and not row.is_reported for row in of_form),
            "not_sent": sum(not (row.is_sent or row.is_reported) for row in of_form),
        }
        console.print(here.say("status_summary", form=form, expected=len(of_form), **said))
    show_left_out(here, left)


def reporting(context: Context, services: Services, period: str) -> list[Row]:
    """A row per expected unit and form."""
    from warehouse.reporting.punctuality import reports

    contracts, now = services.contracts, utc_now()
    submissions = services.ledger.submissions(period=period)
    rows = []
    for form in contracts.forms:
        for kato, report in reports(contracts, form, period, submissions).items():
            shown = _shown(report)
            rows.append(
                Row(
                    form=form,
                    territory=kato,
                    territory_name=territory_name(contracts, kato, context),
                    state=_state(report, now),
                    submission_id=shown.submission_id if shown else None,
                    received_at=shown.received_at if shown else None,
                    deadline=report.deadline,
                    errors=(shown.error_count or 0) if shown else 0,
                    warnings=(shown.warning_count or 0) if shown else 0,
                )
            )
    return rows


def _shown(report: Report) -> Submission | None:
    """The version that counts, else what came in last if it was not taken back."""
    from warehouse.reporting.outcomes import latest

    in_force = next((s for s in report.own if s.in_force), None)
    return in_force or (None if report.state == "not_sent" else latest(report.own))


def _state(report: Report, now: datetime) -> str:
    if report.reported_at is not None:
        return "on_time" if report.is_on_time else "after_deadline"
    return "late" if report.state == "not_sent" and report.is_late(now) else report.state
