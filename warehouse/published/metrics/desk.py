"""Files that came in through the desk and wait for their verdict."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import func, select

from warehouse.ledger import Ledger
from warehouse.ledger import desk_tables as t
from warehouse.ledger.database import reading


def families(ledger: Ledger, now: datetime) -> list[Metric]:
    """How many wait or are being judged, and for how long the oldest has waited."""
    u = t.upload.c
    query = (
        select(u.state, func.count(), func.min(u.received_at))
        .where(u.state.in_(("waiting", "checking")))
        .group_by(u.state)
    )
    with reading(ledger.engine) as connection:
        rows: Sequence[Any] = connection.execute(query).all()
    counts = {state: count for state, count, _ in rows}
    uploads = GaugeMetricFamily("mvd_desk_uploads", "Files without a verdict", labels=["state"])
    for state in ("waiting", "checking"):
        uploads.add_metric([state], counts.get(state, 0))
    ages = [(now - oldest).total_seconds() for _, _, oldest in rows]
    oldest_age = GaugeMetricFamily(
        "mvd_desk_oldest_upload_seconds",
        "Since the oldest of them came in",
        value=max(ages, default=0),
    )
    return [uploads, oldest_age]
