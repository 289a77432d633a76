"""What a changed rule would do, told without doing it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from ingestion.intake.preview import as_json, changes, from_json, summary
from ingestion.intake.submit import submit
from ingestion.request import Request, Services
from tests.unit.ingestion.conftest import KYZYLORDA, PERIOD, sng_workbook
from warehouse.contracts import CONTRACTS_DIR, load_contracts
from warehouse.core.settings import Settings
from warehouse.ledger import Submission


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = Services.open(Settings(home=tmp_path / "home"))
    yield opened
    opened.ledger.close()


@pytest.fixture
def judged(services: Services) -> list[Submission]:
    """An accepted and a refused report."""
    for figure in (5, -5):
        request = Request(sng_workbook(R1_1_1=figure), "", PERIOD, KYZYLORDA)
        submit(services, request, workers=0)
    return services.ledger.submissions()


def under(services: Services, root: Path) -> Services:
    """The same installation with other contracts."""
    return replace(services, contracts=load_contracts(root))


def changed_contracts(tmp_path: Path, minimum: int) -> Path:
    """Contracts in which no figure of section R1 of СНГ-1 may be below `minimum`."""
    root = tmp_path / "contracts"
    shutil.copytree(CONTRACTS_DIR, root)
    path = root / "forms" / "SNG-1" / "sections" / "R1.yml"
    section = yaml.safe_load(path.read_text(encoding="utf-8"))
    section["value"]["minimum"] = minimum
    path.write_text(yaml.safe_dump(section, allow_unicode=True), encoding="utf-8")
    return root


def test_the_same_contracts_change_nothing(services: Services, judged: list[Submission]) -> None:
    assert changes(services, judged, workers=0) == []


def test_a_looser_rule_would_let_a_refused_report_in(
    services: Services, judged: list[Submission], tmp_path: Path
) -> None:
    _, refused = judged
    looser = under(services, changed_contracts(tmp_path, -100))
    (change,) = [c for c in changes(looser, judged, workers=0) if c.before != c.after]
    assert change.submission_id == refused.submission_id
    assert change.before == "rejected"
    assert change.after in ("accepted", "accepted_with_warnings")
    assert change.removed


def test_looking_writes_nothing(
    services: Services, judged: list[Submission], tmp_path: Path
) -> None:
    def files() -> set[str]:
        return {str(path) for path in services.home.root.rglob("*.parquet")}

    before = (services.ledger.submissions(), files())
    changes(under(services, changed_contracts(tmp_path, -100)), judged, workers=0)
    assert (services.ledger.submissions(), files()) == before
    assert [len(services.ledger.judgements(s.submission_id)) for s in judged] == [1, 1]


def test_the_summary_counts_verdicts_and_rules(
    services: Services, judged: list[Submission], tmp_path: Path
) -> None:
    found = changes(under(services, changed_contracts(tmp_path, -100)), judged, workers=0)
    told = summary(found)
    assert told["changed"] == len(found)
    assert sum(told["verdicts"].values()) == len(found)
    assert from_json(as_json(found)) == found
