"""Letters by schedule, sent by the server itself: no Celery, no second process.

A schedule is made in the menu (Settings → Alerts and reports, or «Share» of a dashboard). A PDF of
a dashboard needs `chromium` and `chromium-driver`; tables go out as Excel files.
"""

from __future__ import annotations

import io
import logging
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from typing import Any
from zoneinfo import ZoneInfo

from dashboards.pages.downloads import as_workbook
from dashboards.paths import Place, write_private

_LONGEST_PAUSE = timedelta(hours=1)
"""After a longer pause the letters of that time are not sent late."""
log = logging.getLogger(__name__)


def send(place: Place, *, everything: bool = False) -> list[str]:
    """Send the letters due since the last call, or every active one; names of those that failed."""
    from superset.daos.report import ReportScheduleDAO

    now = datetime.now(UTC)
    since = _since(place, now)
    write_private(place.letters_sent, now.isoformat())
    failed = []
    for schedule in list(ReportScheduleDAO.find_active()):
        moments = list(due(schedule.crontab, schedule.timezone, since, now))
        if (everything or moments) and not _send_one(schedule, (moments or [now])[-1]):
            failed.append(schedule.name)
    return failed


def as_excel(message: MIMEMultipart, **_: Any) -> MIMEMultipart:
    """EMAIL_HEADER_MUTATOR: tables leave as Excel files, Cyrillic letters intact."""
    parts: list[Any] = list(message.get_payload())
    for number, part in enumerate(parts):
        name = part.get_filename() or ""
        if name.endswith(".csv"):
            name = name.removesuffix(".csv") + ".xlsx"
            parts[number] = MIMEApplication(_book(part.get_payload(decode=True)), Name=name)
            parts[number].add_header("Content-Disposition", "attachment", filename=name)
    message.set_payload(parts)
    return message


def _book(csv: bytes) -> bytes:
    """The table as a workbook. Columns of numbers are numbers, but for codes that begin with 0."""
    import pandas as pd

    table = pd.read_csv(io.BytesIO(csv), encoding="utf-8-sig", dtype=str)
    for name in table.columns:
        numbers = pd.to_numeric(table[name], errors="coerce")
        is_code = table[name].str.match(r"0\d").fillna(value=False).any()
        if not is_code and (numbers.notna() == table[name].notna()).all():
            table[name] = numbers
    return as_workbook(table)


def _since(place: Place, now: datetime) -> datetime:
    try:
        last = datetime.fromisoformat(place.letters_sent.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return now
    return max(last, now - _LONGEST_PAUSE)


def due(cron: str, zone: str, since: datetime, now: datetime) -> Iterator[datetime]:
    """Moments of the schedule after `since` and until `now`."""
    from croniter import croniter

    local = ZoneInfo(zone)
    for moment in croniter(cron, since.astimezone(local)).all_next(datetime):
        if moment > now:
            return
        yield moment.astimezone(UTC)


def _send_one(schedule: Any, moment: datetime) -> bool:
    from superset.commands.report.execute import AsyncExecuteReportScheduleCommand

    name, scheduled = schedule.name, moment.replace(tzinfo=None)
    try:
        AsyncExecuteReportScheduleCommand(str(uuid.uuid4()), schedule.id, scheduled).run()
    except Exception:
        # One letter that cannot be sent must not keep back the others; Superset's log has it too.
        log.exception("letter %s was not sent", name)
        return False
    log.warning("letter %s was sent", name)
    return True
