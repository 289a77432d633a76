"""Whatever the order in which files are registered, a build reads the same; a view of the past is
what a build would have read then."""

import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.build.export import ledger_tables
from warehouse.contracts import load_contracts
from warehouse.core.paths import Home
from warehouse.ledger import Finding, IncomingFile, Ledger, Verdict
from warehouse.storage import lake

pytestmark = pytest.mark.slow

START = datetime(2025, 2, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Arrival:
    """A file: whose, of which month, its figure, the hour it came, and whether it is accepted.

    The same territory, month, figure and verdict are the same bytes: a file that came again.
    """

    territory: str
    period: str
    value: int
    hour: int
    is_accepted: bool
    is_reinstatement: bool

    @property
    def received_at(self) -> datetime:
        return START + timedelta(hours=self.hour)

    @property
    def sha256(self) -> str:
        content = (self.territory, self.period, self.value, self.is_accepted)
        return hashlib.sha256(f"{content}".encode()).hexdigest()


@st.composite
def arrivals(draw: st.DrawFn) -> list[Arrival]:
    """Corrected, refused, late, repeated and reinstated files of a few regions and months."""
    hours = draw(st.lists(st.integers(0, 2000), min_size=1, max_size=10, unique=True))
    return [
        Arrival(
            territory=draw(st.sampled_from(["430000000", "590000000"])),
            period=draw(st.sampled_from(["2024-12", "2025-01"])),
            value=draw(st.integers(0, 2)),
            hour=hour,
            is_accepted=draw(st.booleans() | st.just(True)),
            is_reinstatement=draw(st.sampled_from([False, False, True])),
        )
        for hour in hours
    ]


def build_inputs(found: Iterable[Arrival], as_of: datetime | None = None) -> dict[str, pa.Table]:
    """What a build reads of the ledger after the files were registered in this order."""
    contracts = load_contracts()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        with Ledger(f"sqlite:///{home.ledger_file}") as ledger:
            for arrival in found:
                _register(home, ledger, arrival)
            tables = ledger_tables(ledger.snapshot(as_of), contracts)
        return {
            name: content.sort_by([(column, "ascending") for column in content.column_names])
            for name, content in tables.items()
        }


def _register(home: Home, ledger: Ledger, arrival: Arrival) -> None:
    registered = ledger.register(
        IncomingFile(
            form_code="1-M",
            form_version=load_contracts().forms["1-M"].version,
            territory_kato=arrival.territory,
            period=arrival.period,
            file_name=f"{arrival.hour}.xlsx",
            file_sha256=arrival.sha256,
            file_size=1,
            submitted_by=f"clerk at {arrival.hour}",
            received_at=arrival.received_at,
        ),
        reinstate=arrival.is_reinstatement,
    )
    if not registered.is_new:
        return
    submission = registered.submission
    value = float(arrival.value)
    cells = pa.table({"section": ["R1"], "line": [1], "column_number": [2], "value": [value]})
    ledger.record_verdict(
        submission.submission_id,
        Verdict.ACCEPTED if arrival.is_accepted else Verdict.REJECTED,
        [] if arrival.is_accepted else [Finding("CONTROL_RULE_BROKEN", "error", cell="F9")],
        cells=lake.write_cells(home, submission, cells) if arrival.is_accepted else None,
        contract_hash="c",
    )


@settings(max_examples=25, deadline=None)
@given(arrivals(), st.data())
def test_the_order_of_arrival_and_repeated_deliveries_change_nothing(
    found: list[Arrival], data: st.DataObject
) -> None:
    in_time = sorted(found, key=lambda arrival: arrival.hour)
    delivered_twice = data.draw(st.lists(st.sampled_from(found), max_size=3))
    shuffled = data.draw(st.permutations(found + delivered_twice))
    assert build_inputs(shuffled) == build_inputs(in_time)


@settings(max_examples=25, deadline=None)
@given(arrivals(), st.integers(0, 2000))
def test_a_view_of_the_past_is_a_replay_of_what_had_arrived(
    found: list[Arrival], hour: int
) -> None:
    moment = START + timedelta(hours=hour)
    arrived = [arrival for arrival in found if arrival.received_at <= moment]
    assert build_inputs(found, as_of=moment) == build_inputs(arrived)
