"""Random walks of senders and the ministry against the rule, written down a second time.

The rule: bytes count from their first sending. Sending them again changes nothing. Returned bytes
stay returned, withdrawn ones withdrawn unless they will have to be confirmed; only a reinstatement
brings bytes back. Of what counts, the latest sending is in force. A closed period takes nothing in
and lets nothing be confirmed.
"""

import hashlib
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from warehouse.core.clock import utc_now
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.ledger import IncomingFile, Ledger, Submission, Verdict
from warehouse.storage.lake import CellFile

CELLS = CellFile(Path("x.parquet"), "form=1-M/x.parquet", "c" * 64, 1)
START = utc_now()
FILES = {"A": True, "B": True, "bad": False}
"""Files, and whether the judge accepts them at first; after a replay all are accepted."""


@dataclass
class Sending:
    """One sending that began something, in the model."""

    file: str
    standing: str
    is_accepted: bool
    is_reinstatement: bool


@dataclass
class Model:
    """What the rule says, told without a database."""

    is_locked: bool = False
    sendings: list[Sending] = field(default_factory=list)

    def in_force(self) -> int | None:
        """Place of the sending in force."""
        counting = [
            i for i, s in enumerate(self.sendings) if s.standing == "counts" and s.is_accepted
        ]
        return counting[-1] if counting else None

    def known(self, file: str, *, is_held: bool) -> int | None:
        """Place of the sending that answers for a file which comes again."""
        own = [i for i, s in enumerate(self.sendings) if s.file == file]
        alive = [i for i in own if self.sendings[i].standing in ("counts", "held")]
        plain = [i for i in alive if not self.sendings[i].is_reinstatement]
        if plain:
            return plain[0]
        if alive:
            was_sent = any(not self.sendings[i].is_reinstatement for i in own)
            return alive[-1] if was_sent else None
        if not own or (is_held and self.sendings[own[-1]].standing == "withdrawn"):
            return None
        return own[-1]

    def waits(self, place: int) -> bool:
        sending = self.sendings[place]
        return sending.standing == "held" and sending.is_accepted

    def is_overtaken(self, place: int) -> bool:
        current = self.in_force()
        return current is not None and current > place


class Walk(RuleBasedStateMachine):
    """One form, territory and period; every step is done to the ledger and to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = Ledger(f"sqlite:///{Home(Path(self.folder.name)).ledger_file}")
        self.model = Model()
        self.ids: list[str] = []
        self.clock = START

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()

    def _ids_of_waiting(self) -> list[int]:
        return [i for i in range(len(self.ids)) if self.model.waits(i)]

    def _register(self, file: str, *, hold: bool = False, reinstate: bool = False) -> Submission:
        self.clock += timedelta(hours=1)
        registered = self.ledger.register(
            IncomingFile(
                form_code="1-M",
                form_version="2022",
                territory_kato="430000000",
                period="2025-06",
                file_name=f"{file} {self.clock:%H}.xlsx",
                file_sha256=hashlib.sha256(file.encode()).hexdigest(),
                file_size=1,
                received_at=self.clock,
            ),
            hold=hold,
            reinstate=reinstate,
        )
        if registered.is_new:
            self._judge(registered.submission_id, is_accepted=FILES[file])
        return self.ledger.submission(registered.submission_id)

    def _judge(self, submission_id: str, *, is_accepted: bool) -> None:
        verdict = Verdict.ACCEPTED if is_accepted else Verdict.REJECTED
        cells = CELLS if is_accepted else None
        self.ledger.record_verdict(submission_id, verdict, [], cells, f"contracts {is_accepted}")

    def _begin(self, file: str, *, hold: bool, reinstate: bool) -> None:
        is_first = self.model.in_force() is None
        is_accepted = FILES[file]
        standing = "held" if hold and not (is_accepted and is_first) else "counts"
        self.model.sendings.append(Sending(file, standing, is_accepted, reinstate))

    @rule(file=st.sampled_from(sorted(FILES)), hold=st.booleans())
    def send(self, file: str, hold: bool) -> None:
        place = self.model.known(file, is_held=hold)
        if place is None:
            self._send_new(file, hold=hold)
            return
        confirms = (
            not hold
            and self.model.sendings[place].standing == "held"
            and not self.model.is_overtaken(place)
        )
        if confirms and self.model.is_locked:
            with pytest.raises(UserError, match="PERIOD_LOCKED"):
                self._register(file, hold=hold)
            return
        answer = self._register(file, hold=hold)
        if confirms:
            self.model.sendings[place].standing = "counts"
        assert answer.submission_id == self.ids[place]
        assert answer.standing == self.model.sendings[place].standing

    def _send_new(self, file: str, *, hold: bool = False, reinstate: bool = False) -> None:
        if self.model.is_locked:
            with pytest.raises(UserError, match="PERIOD_LOCKED"):
                self._register(file, hold=hold, reinstate=reinstate)
            return
        answer = self._register(file, hold=hold, reinstate=reinstate)
        assert answer.submission_id not in self.ids
        self._begin(file, hold=hold, reinstate=reinstate)
        self.ids.append(answer.submission_id)

    @rule(file=st.sampled_from(sorted(FILES)))
    def reinstate(self, file: str) -> None:
        place = self.model.known(file, is_held=False)
        if place is not None and self.model.sendings[place].standing == "returned":
            answer = self._register(file, reinstate=True)
            assert (answer.submission_id, answer.standing) == (self.ids[place], "returned")
            return
        self._send_new(file, reinstate=True)

    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        if not self.ids:
            return
        place = data.draw(st.integers(0, len(self.ids) - 1))
        sending = self.model.sendings[place]
        if sending.standing == "counts":
            self.ledger.confirm(self.ids[place], by="clerk")
        elif not self.model.waits(place) or self.model.is_overtaken(place):
            with pytest.raises(UserError, match="NOT_CONFIRMABLE"):
                self.ledger.confirm(self.ids[place], by="clerk")
        elif self.model.is_locked:
            with pytest.raises(UserError, match="PERIOD_LOCKED"):
                self.ledger.confirm(self.ids[place], by="clerk")
        else:
            self.ledger.confirm(self.ids[place], by="clerk")
            sending.standing = "counts"

    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        waiting = self._ids_of_waiting()
        if waiting:
            place = data.draw(st.sampled_from(waiting))
            self.ledger.withdraw(self.ids[place], by="clerk")
            self.model.sendings[place].standing = "withdrawn"

    @rule(data=st.data())
    def send_back(self, data: st.DataObject) -> None:
        if not self.ids:
            return
        place = data.draw(st.integers(0, len(self.ids) - 1))
        sending = self.model.sendings[place]
        if not sending.is_accepted or sending.standing in ("returned", "withdrawn"):
            with pytest.raises(UserError, match="NOT_RETURNABLE"):
                self.ledger.send_back(self.ids[place], by="ministry", comment="R2")
            return
        self.ledger.send_back(self.ids[place], by="ministry", comment="R2")
        for other in self.model.sendings:
            if other.file == sending.file and other.standing in ("counts", "held"):
                other.standing = "returned"

    @rule(is_locked=st.booleans())
    def lock(self, is_locked: bool) -> None:
        self.clock += timedelta(hours=1)
        # Locks hold from the clock of the server on, files come at the clock of the walk.
        self.ledger.set_lock("1-M", "2025-06", is_locked=is_locked, reason="r", by="ministry")
        self.model.is_locked = is_locked

    @rule()
    def replay(self) -> None:
        """The rule that refused a file is gone: all that was refused is judged again."""
        for place, sending in enumerate(self.model.sendings):
            if not sending.is_accepted:
                self._judge(self.ids[place], is_accepted=True)
                is_first = self.model.in_force() is None
                sending.is_accepted = True
                if sending.standing == "held" and is_first:
                    sending.standing = "counts"

    @invariant()
    def what_is_in_force_is_what_the_rule_says(self) -> None:
        found = {s.submission_id: s for s in self.ledger.submissions()}
        place = self.model.in_force()
        expected = None if place is None else self.ids[place]
        assert [s.submission_id for s in found.values() if s.in_force] == (
            [] if expected is None else [expected]
        )
        assert [found[number].standing for number in self.ids] == [
            s.standing for s in self.model.sendings
        ]


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
