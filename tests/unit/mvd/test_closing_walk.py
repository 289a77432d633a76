"""Whatever happens, in whatever order: a final release holds every report that counts."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ingestion.request import Services
from mvd.build import attempts, steps
from mvd.closing import close
from tests.unit.warehouse.builds import submit, write_marts
from warehouse.build.planning import Plan, Whole
from warehouse.contracts import load_contracts
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.ledger import IncomingFile, Verdict
from warehouse.ledger.tags import tags
from warehouse.releases import catalogue, marts
from warehouse.releases.completeness import build_is_due

pytestmark = pytest.mark.slow

PERIOD = "2025-06"
CONTRACTS = load_contracts()
TERRITORIES = ["430000000", "150000000", "550000000"]


class Walk(RuleBasedStateMachine):
    """Ledger, manifests and closing are the real ones; only the models are not run.

    The walk keeps its own book of which file counts, and reads manifests as plain JSON.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.settings = Settings(home=Path(self.folder.name) / "home")
        self.services = Services.open(self.settings, CONTRACTS)
        self.value = 0.0
        self.versions: dict[str, list[str]] = {name: [] for name in TERRITORIES}
        self.refused: set[str] | None = None
        self.seen = 0

    def counting(self) -> set[str]:
        return {ids[-1] for ids in self.versions.values() if ids}

    def held(self, release_id: str) -> set[str]:
        file = self.services.home.root / "releases" / release_id / "manifest.json"
        told = json.loads(file.read_text(encoding="utf-8"))["submissions"]
        return {each["submission_id"] for each in told if each["in_force"]}

    @rule(territory=st.sampled_from(TERRITORIES))
    def accept(self, territory: str) -> None:
        self.value += 1
        with suppress(UserError):  # the period may be closed
            submission_id = submit(
                self.services.home, self.services.ledger, territory, value=self.value
            )
            self.versions[territory].append(submission_id)

    @rule(territory=st.sampled_from(TERRITORIES))
    def reject(self, territory: str) -> None:
        self.value += 1
        with suppress(UserError):
            registration = self.services.ledger.register(
                IncomingFile(
                    form_code="1-M",
                    form_version="2019",
                    territory_kato=territory,
                    period=PERIOD,
                    file_name="1-M.xlsx",
                    file_sha256=f"{self.value:064.0f}",
                    file_size=1,
                ),
            )
            name = registration.submission_id
            self.services.ledger.record_verdict(name, Verdict.REJECTED, [], None, "c" * 64)

    @rule(territory=st.sampled_from(TERRITORIES))
    def take_back(self, territory: str) -> None:
        if self.versions[territory]:
            name = self.versions[territory].pop()
            self.services.ledger.send_back(name, by="operator", comment="")

    @rule(ending=st.sampled_from(["published", "published", "refused", "failed", "killed"]))
    def build(self, ending: str) -> None:
        home, services = self.services.home, self.services
        with attempts.alone(home):
            release_id = steps.begin(services)
            if ending == "killed":
                return
            with suppress(attempts.BuildFailedError), attempts.attempt(services, release_id):
                steps.make_plan(home, release_id)
                if ending == "failed":
                    raise MemoryError
                if ending == "refused":
                    attempts.refuse(services, release_id, ["a test"])
                    self.refused = self.counting()
                    return
                write_marts(home.builds / release_id / marts.DATABASE, mark=1)
                gate = home.builds / release_id / "gate.json"
                gate.write_text('{"is_passed": true}')
                steps.publish(services, release_id, self.settings)
                self.refused = None

    @rule()
    def close(self) -> None:
        in_force = catalogue.current(self.services.home)
        counting = self.counting()
        holds_all = in_force is not None and self.held(in_force) == counting
        if holds_all and counting:
            close(self.services, PERIOD, ["1-M"], reason="final", by=None)
            return
        with pytest.raises(UserError, match="CLOSING_NOT"):
            close(self.services, PERIOD, ["1-M"], reason="final", by=None)

    @rule()
    def open_again(self) -> None:
        self.services.ledger.set_lock("1-M", PERIOD, is_locked=False, reason="a mistake", by=None)

    @invariant()
    def a_new_final_release_holds_every_report_that_counts(self) -> None:
        named = tags(self.services.ledger)
        for tag in named[self.seen :]:
            assert self.counting() <= self.held(tag.release_id), tag
        self.seen = len(named)

    @invariant()
    def a_build_is_due_unless_all_is_released_or_the_same_was_refused(self) -> None:
        in_force = catalogue.current(self.services.home)
        held = self.held(in_force) if in_force else set()
        expected = held != self.counting() and self.refused != self.counting()
        due = build_is_due(self.services.home, self.services.ledger, load_contracts())
        assert (due is not None) == expected

    def teardown(self) -> None:
        self.services.ledger.close()
        self.folder.cleanup()


@pytest.fixture(autouse=True)
def inputs_of_a_build_are_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_: object, directory: Path, **__: object) -> None:
        directory.mkdir(parents=True)
        (directory / "territories.csv").write_text("kato\n")

    monkeypatch.setattr("warehouse.build.export.write_build_inputs", write)
    monkeypatch.setattr(steps, "make_plan", _plan)


def _plan(home: Home, release_id: str) -> None:
    text = Plan((2025,), reason=Whole.NO_RELEASE).as_json()
    (home.builds / release_id / "plan.json").write_text(text, encoding="utf-8")


def test_no_walk_ends_with_a_final_release_that_lacks_a_report() -> None:
    run_state_machine_as_test(
        Walk,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
