"""Two questions about the past: what had been published by a day, and what was known on it.

A figure carries three clocks. Its period stands in the row, and so does `received_at_max`; when it
was published depends on the release, so that stands outside the marts: in the manifests.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pyarrow as pa

from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.releases import catalogue
from warehouse.releases.manifest import Manifest

_RELEASES = pa.schema(
    [
        ("release_id", pa.string()),
        ("published_at", pa.timestamp("us")),
        ("as_of", pa.timestamp("us")),
        ("period_first", pa.string()),
        ("period_last", pa.string()),
        ("contract_hash", pa.string()),
        ("content_hash", pa.string()),
        ("is_current", pa.bool_()),
    ]
)
_MEMBERS = pa.schema([("release_id", pa.string()), ("submission_id", pa.string())])


def end_of_day(day: date, timezone_hours: int) -> datetime:
    """The last moment (UTC) of a day at a place so many hours east of Greenwich."""
    local = timezone(timedelta(hours=timezone_hours))
    return datetime.combine(day, time.max, tzinfo=local).astimezone(UTC)


def published_by(home: Home, moment: datetime) -> str:
    """Id of the release that was in force at `moment`; UserError RELEASE_NONE_BY before the first.

    Pruned releases count, so a later answer is never given in place of one that was removed:
    asking for its figures says that it is gone.
    """
    before = [
        (manifest.published_at, manifest.release_id)
        for manifest in _manifests(home)
        if manifest.published_at <= moment
    ]
    if not before:
        raise UserError("RELEASE_NONE_BY", moment=moment.isoformat(timespec="minutes"))
    return max(before)[1]


def release_tables(home: Home) -> dict[str, pa.Table]:
    """The tables `releases` and `release_submissions` (those in force) of a reading session."""
    in_force = catalogue.current(home)
    manifests = _manifests(home)
    told = [
        {
            "release_id": m.release_id,
            "published_at": _naive(m.published_at),
            "as_of": _naive(m.as_of),
            "period_first": m.period_first,
            "period_last": m.period_last,
            "contract_hash": m.contract_hash,
            "content_hash": m.content_hash,
            "is_current": m.release_id == in_force,
        }
        for m in manifests
    ]
    members = [
        {"release_id": m.release_id, "submission_id": s.submission_id}
        for m in manifests
        for s in m.submissions
        if s.in_force
    ]
    return {
        "releases": pa.Table.from_pylist(told, schema=_RELEASES),
        "release_submissions": pa.Table.from_pylist(members, schema=_MEMBERS),
    }


def _manifests(home: Home) -> list[Manifest]:
    """Of every release that was ever published, pruned ones included."""
    names = {*catalogue.list_releases(home), *catalogue.list_pruned(home)}
    return [catalogue.read_manifest(home, name) for name in sorted(names)]


def _naive(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None
