"""What lineage says: names of datasets, who was made of whom, and which tests held."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dags import lineage
from tests.unit.warehouse.builds import submit
from warehouse.build.transform import PROJECT, NodeResult, TransformResult
from warehouse.core.paths import Home
from warehouse.ledger import Ledger, Submission
from warehouse.releases.manifest import Manifest, TableEntry

SOURCES = PROJECT / "models" / "staging" / "_sources.yml"


def as_sent(event: Any) -> dict[str, Any]:
    """The event as its receiver reads it."""
    from openlineage.client.serde import Serde

    sent: dict[str, Any] = json.loads(Serde.to_json(event))
    return sent


def ends(event: Any) -> tuple[list[str], list[str]]:
    sent = as_sent(event)
    return [d["name"] for d in sent["inputs"]], [d["name"] for d in sent["outputs"]]


def submission(tmp_path: Path) -> Submission:
    home = Home(tmp_path)
    with Ledger(f"sqlite:///{home.ledger_file}") as ledger:
        return ledger.submission(submit(home, ledger))


def test_an_original_becomes_cells_of_its_form_and_month(tmp_path: Path) -> None:
    judged = submission(tmp_path)
    event = lineage.judged(judged)
    original = f"originals/{judged.file_sha256}"
    assert ends(event) == ([original], ["lake/form=1-M/period=2025-06"])
    told = as_sent(event)["run"]["facets"]["mvd"]
    assert (told["submission_id"], told["territory"]) == (judged.submission_id, "430000000")


def test_a_refused_file_leads_nowhere(tmp_path: Path) -> None:
    refused = replace(submission(tmp_path), cells_path=None)
    assert ends(lineage.judged(refused))[1] == []


def test_inputs_come_from_lake_contracts_and_ledger(tmp_path: Path) -> None:
    in_force = [submission(tmp_path)]
    events = list(lineage.build_inputs(in_force, lineage.declared_sources(SOURCES)))
    made_of = {name: ends(event)[0] for event in events for name in ends(event)[1]}
    assert made_of["lake.cells"] == ["lake/form=1-M/period=2025-06"]
    assert made_of["ledger.submissions"] == ["ledger"]
    assert made_of["contracts.territories"] == ["contracts"]


def node(name: str, kind: str, status: str, model: str = "") -> NodeResult:
    return NodeResult(name, kind, status, 0.5, "", "", model)


def test_a_model_names_what_it_was_made_of_and_how_its_tests_ended(tmp_path: Path) -> None:
    manifest = {
        "sources": {
            "source.mvd.lake.cells": {
                "resource_type": "source",
                "source_name": "lake",
                "name": "cells",
            }
        },
        "nodes": {
            "model.mvd.stg_lake__cells": {
                "resource_type": "model",
                "name": "stg_lake__cells",
                "schema": "staging",
                "depends_on": {"nodes": ["source.mvd.lake.cells"]},
            },
            "model.mvd.fct_crimes": {
                "resource_type": "model",
                "name": "fct_crimes",
                "schema": "marts",
                "depends_on": {"nodes": ["model.mvd.stg_lake__cells"]},
            },
        },
    }
    built = TransformResult(
        tmp_path,
        tmp_path,
        1.0,
        (
            node("stg_lake__cells", "model", "success"),
            node("fct_crimes", "model", "success"),
            node("not_null_fct_crimes_value", "test", "fail", "fct_crimes"),
        ),
    )
    staged, crimes = lineage.models(built, manifest)
    assert ends(staged) == (["lake.cells"], ["models/staging.stg_lake__cells"])
    assert ends(crimes) == (["models/staging.stg_lake__cells"], ["models/marts.fct_crimes"])
    assert as_sent(staged)["eventType"] == "COMPLETE"
    assert as_sent(crimes)["eventType"] == "FAIL"
    told = as_sent(crimes)["run"]["facets"]["mvd"]
    assert told["tests"] == {"not_null_fct_crimes_value": "fail"}


def test_a_published_table_carries_its_release() -> None:
    now = datetime(2025, 7, 25, tzinfo=UTC)
    manifest = Manifest(
        release_id="r000007",
        created_at=now,
        published_at=now,
        as_of=None,
        period_first=None,
        period_last=None,
        contract_hash="c",
        content_hash="h",
        code_version="1",
        libraries={},
        gate={},
        tables=[TableEntry(name="fct_crimes", rows=3, columns=[], content_hash="t")],
        submissions=[],
        files=[],
    )
    (event,) = lineage.published(manifest)
    assert ends(event) == (["models/marts.fct_crimes"], ["releases/marts.fct_crimes"])
    (table,) = as_sent(event)["outputs"]
    assert table["facets"]["version"]["datasetVersion"] == "r000007"
    assert as_sent(event)["run"]["facets"]["mvd"]["rows"] == 3


def test_without_a_transport_nothing_is_said_and_nothing_asked() -> None:
    class Unasked:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

    lineage.tell_judged(Unasked(), Unasked(), Unasked())  # type: ignore[arg-type]
