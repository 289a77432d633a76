"""Page, command line, letters, metrics and build inputs tell the same of who reported in time.

Departments and the ministry act at random; what follows is worked out here from the sentence in
docs/data-model.md alone, and every place that tells it is asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from ingestion.request import Services
from mvd.commands.status import reporting
from mvd.context import Context
from portal.desk.duties import duties
from portal.settings import PortalSettings
from portal.web import Portal
from warehouse.build.export import ledger_tables
from warehouse.core.settings import Settings
from warehouse.ledger import IncomingFile, Verdict
from warehouse.published.metrics import Metrics, exposition
from warehouse.reporting.deadlines import notices
from warehouse.storage.lake import CellFile

FORM = "SNG-1"
SECOND = timedelta(seconds=1)
CELLS = CellFile(Path("x.parquet"), "form=SNG-1/x.parquet", "c" * 64, 1)
MONTHS = (f"{number // 12}-{number % 12 + 1:02d}" for number in count(2023 * 12))
"""A month of its own for each walk."""

ACTS = st.lists(
    st.tuples(
        st.sampled_from(["accept", "warn", "refuse", "hold", "return", "withdraw", "confirm"]),
        st.integers(0, 4),
    ),
    max_size=6,
)


@dataclass
class Sent:
    """A version as its sender and the ministry know it."""

    number: str
    at: datetime
    counts: bool
    is_held: bool = False


@dataclass
class Unit:
    """One department's walk."""

    services: Services
    territory: str
    period: str
    deadline: datetime
    sent: list[Sent] = field(default_factory=list)

    def act(self, act: str, hours: int) -> None:
        standing = [s for s in self.sent if s.counts]
        held = [s for s in self.sent if s.is_held]
        if act == "return" and standing:
            self.services.ledger.send_back(standing[-1].number, by="m", comment="R2")
            standing[-1].counts = False
        elif act in ("withdraw", "confirm") and held and held[-1] is self.sent[-1]:
            held[-1].is_held = False
            if act == "confirm":
                self.services.ledger.confirm(held[-1].number, by="c", comment="checked")
                held[-1].counts = True
            else:
                self.services.ledger.withdraw(held[-1].number, by="c")
        elif act in ("accept", "warn", "refuse", "hold"):
            self._send(act, hours)

    def _send(self, act: str, hours: int) -> None:
        first = self.sent[-1].at if self.sent else self.deadline - timedelta(hours=4)
        at = first + timedelta(hours=hours, seconds=1)
        content = f"{self.territory} {self.period} {len(self.sent)}"
        registered = self.services.ledger.register(
            IncomingFile(
                form_code=FORM,
                form_version="2021",
                territory_kato=self.territory,
                period=self.period,
                file_name=content,
                file_sha256=hashlib.sha256(content.encode()).hexdigest(),
                file_size=1,
                received_at=at,
            ),
            hold=act == "hold",
        )
        verdicts = {"accept": Verdict.ACCEPTED, "refuse": Verdict.REJECTED}
        verdict = verdicts.get(act, Verdict.ACCEPTED_WITH_WARNINGS)
        cells = CELLS if verdict.is_accepted else None
        self.services.ledger.record_verdict(registered.submission_id, verdict, [], cells, "c")
        for earlier in self.sent:
            earlier.is_held = False
        is_counted = act in ("accept", "warn")
        self.sent.append(Sent(registered.submission_id, at, is_counted, is_held=act == "hold"))

    @property
    def reported_at(self) -> datetime | None:
        """The first version that was accepted and neither returned nor withdrawn."""
        return min((s.at for s in self.sent if s.counts), default=None)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    opened = Services.open(Settings(home=tmp_path_factory.mktemp("home")))
    with opened.ledger:
        yield opened


@pytest.fixture(scope="module")
def portal(services: Services) -> Portal:
    return Portal.of(PortalSettings(public_url="http://testserver"), services)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(walks=st.lists(ACTS, min_size=3, max_size=3))
def test_every_place_tells_the_same(
    services: Services, portal: Portal, walks: list[list[tuple[str, int]]]
) -> None:
    period = next(MONTHS)
    contracts, ledger = services.contracts, services.ledger
    deadline = contracts.deadline(FORM, period)
    owing = contracts.expected_submitters(FORM, period)
    units = [Unit(services, kato, period, deadline) for kato in owing[: len(walks)]]
    for unit, walk in zip(units, walks, strict=True):
        for act, hours in walk:
            unit.act(act, hours)
    moments = {unit.territory: unit.reported_at for unit in units}
    reported = {kato: at for kato, at in moments.items() if at is not None}
    on_time = {kato for kato, at in reported.items() if at <= deadline}

    told = [row for row in reporting(Context(Settings()), services, period) if row.form == FORM]
    assert {row.territory for row in told if row.is_reported} == set(reported)
    assert {row.territory for row in told if row.state == "on_time"} == on_time

    page = [d for d in duties(services, portal.uploads, period) if d.form == FORM]
    assert {duty.territory for duty in page if not duty.is_late} == on_time

    (notice,) = [
        n
        for n in notices(contracts, ledger, since=deadline - SECOND, until=deadline)
        if n.form == FORM
    ]
    assert set(notice.missing) == set(owing) - set(reported)

    said = exposition(Metrics(services.home, ledger, contracts, lambda: deadline + SECOND)).decode()
    samples = {
        (sample.name, sample.labels.get("timeliness")): sample.value
        for family in text_string_to_metric_families(said)
        for sample in family.samples
        if (sample.labels.get("form"), sample.labels.get("period")) == (FORM, period)
    }
    assert samples["mvd_reports_received", "in_time"] == len(on_time)
    assert samples["mvd_reports_received", "late"] == len(reported) - len(on_time)
    assert samples["mvd_reports_missing", None] == len(owing) - len(reported)

    snapshot = ledger.snapshot()
    exported = ledger_tables(snapshot, contracts)["expected_submitters"].to_pylist()
    rows = [r for r in exported if f"{r['period_month']:%Y-%m}" == period]
    assert {r["territory_kato"] for r in rows if r["is_on_time"]} == on_time
    assert {r["territory_kato"]: r["reported_at"] for r in rows if r["reported_at"]} == {
        kato: at.replace(tzinfo=None) for kato, at in reported.items()
    }
