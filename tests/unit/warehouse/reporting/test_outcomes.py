"""What became of a duty: nothing sent, sent in vain, or accepted."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from warehouse.core.paths import Home
from warehouse.ledger import IncomingFile, Ledger, Submission, Verdict
from warehouse.reporting.outcomes import DutyState, is_in_vain, latest, state_of
from warehouse.storage.lake import CellFile

CELLS = CellFile(Path("x.parquet"), "form=1-M/x.parquet", "c" * 64, 1)
OK, WARNED, BAD = Verdict.ACCEPTED, Verdict.ACCEPTED_WITH_WARNINGS, Verdict.REJECTED


class Sender:
    """Sends files for one duty."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def send(self, content: str, verdict: Verdict | None, *, hold: bool = False) -> str:
        number = self.ledger.register(
            IncomingFile(
                form_code="1-M",
                form_version="2022",
                territory_kato="430000000",
                period="2025-06",
                file_name=content,
                file_sha256=hashlib.sha256(content.encode()).hexdigest(),
                file_size=1,
            ),
            hold=hold,
        ).submission_id
        if verdict is not None:
            cells = CELLS if verdict.is_accepted else None
            self.ledger.record_verdict(number, verdict, [], cells, "c")
        return number

    def withdraw(self, number: str) -> None:
        self.ledger.withdraw(number, by="clerk")

    def send_back(self, number: str) -> None:
        self.ledger.send_back(number, by="ministry", comment="R2")

    @property
    def own(self) -> list[Submission]:
        return self.ledger.submissions()


@pytest.mark.parametrize(
    ("act", "state", "in_vain"),
    [
        (lambda _: None, "not_sent", False),
        (lambda s: s.send("a", None), "checking", True),
        (lambda s: s.send("a", OK), "accepted", False),
        (lambda s: s.send("a", WARNED), "accepted_with_warnings", False),
        (lambda s: s.send("a", BAD), "rejected", True),
        (lambda s: s.send("a", WARNED, hold=True), "awaits_confirmation", True),
        (lambda s: s.send_back(s.send("a", OK)), "returned", True),
        (lambda s: s.withdraw(s.send("a", WARNED, hold=True)), "not_sent", False),
        (lambda s: (s.send("a", OK), s.send("b", BAD)), "accepted", False),
        (lambda s: (s.send("a", OK), s.send_back(s.send("b", OK))), "accepted", False),
        (lambda s: (s.send_back(s.send("a", OK)), s.send("b", BAD)), "rejected", True),
    ],
)
def test_the_state_of_a_duty(
    home: Home, act: Callable[[Sender], object], state: DutyState, in_vain: bool
) -> None:
    with Ledger(f"sqlite:///{home.ledger_file}") as ledger:
        sender = Sender(ledger)
        act(sender)
        assert state_of(sender.own) == state
        assert is_in_vain(state_of(sender.own)) is in_vain


def test_what_came_in_last_is_what_is_shown(home: Home) -> None:
    with Ledger(f"sqlite:///{home.ledger_file}") as ledger:
        sender = Sender(ledger)
        assert latest(sender.own) is None
        sender.send("a", OK)
        second = sender.send("b", BAD)
        found = latest(sender.own)
        assert found is not None
        assert found.submission_id == second
