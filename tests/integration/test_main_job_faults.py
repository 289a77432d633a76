"""Killed at any moment, the next run completes as if nothing had happened."""

import csv
import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingestion.official import write_workbook
from tests.integration.command_line import Installation
from warehouse.contracts import load_contracts

REGIONS = ("100000000", "190000000", "350000000", "430000000", "710000000", "790000000")
FIGURES = (
    "select indicator_code, territory_kato, basis, value, status, accepted_units"
    " from marts.fct_indicator_values order by all"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve reports on form СНГ-1 and a list that says whose they are."""
    folder = tmp_path_factory.mktemp("reports")
    contracts = load_contracts()
    form = contracts.forms["SNG-1"]
    count = len(form.coordinates.line)
    rows = []
    for month in ("2025-01", "2025-02"):
        for number, kato in enumerate(REGIONS, start=1):
            territory = contracts.territories[kato]
            name = f"{month} {kato}.xlsx"
            content = write_workbook(
                form,
                np.full(count, float(number * int(month[-2:]))),
                title=f"СНГ-1  {territory.name_ru} (Свод)",
                description=f"28327;50501;19{kato[:2]}%;__",
            )
            (folder / name).write_bytes(content)
            rows.append((name, kato, month, "SNG-1"))
    with (folder / "list.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("file", "territory", "period", "form"), *rows])
    return folder


def take_in(folder: Path) -> tuple[str, ...]:
    return ("ingest", str(folder), "--manifest", str(folder / "list.csv"))


def outcome(installation: Installation) -> list[dict[str, Any]]:
    return installation.sql(FIGURES)


@dataclass(frozen=True)
class Undisturbed:
    """What a run without faults gives, and the seconds that its two commands take."""

    outcome: list[dict[str, Any]]
    intake: float
    build: float


@pytest.fixture(scope="module")
def undisturbed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    installation = Installation(tmp_path_factory.mktemp("undisturbed"))
    began = time.monotonic()
    installation.run(*take_in(folder))
    taken_in = time.monotonic()
    installation.done("build")
    return Undisturbed(outcome(installation), taken_in - began, time.monotonic() - taken_in)


def kill_after(installation: Installation, seconds: float, *arguments: str) -> bool:
    """Kill a command and all its children after so many seconds; whether it was still running."""
    process = installation.start(*arguments)
    time.sleep(seconds)
    was_running = process.poll() is None
    if was_running:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return was_running


def test_kills_during_intake_and_build_leave_no_trace(
    folder: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    moments = random.Random(2025)
    disturbed = Installation(tmp_path)
    after = moments.uniform(0.3, 0.9) * undisturbed.intake
    killed_at_intake = kill_after(disturbed, after, *take_in(folder))
    disturbed.run(*take_in(folder))
    after = moments.uniform(0.3, 0.9) * undisturbed.build
    killed_at_build = kill_after(disturbed, after, "build")
    disturbed.done("build")
    assert killed_at_intake or killed_at_build, "nothing was killed: the test showed nothing"
    assert outcome(disturbed) == undisturbed.outcome
    disturbed.done("verify", disturbed.json("releases", "--json")[-1]["release_id"])
