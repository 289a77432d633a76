"""Killed at any moment, the next run completes as if nothing had happened."""

import csv
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingestion.documents.official import write_workbook
from ingestion.request import Services
from mvd.build.pipeline import build_release
from tests.integration.command_line import Installation
from warehouse.contracts import load_contracts
from warehouse.core.settings import Settings

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


@pytest.fixture(scope="module")
def undisturbed(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, quick_models: None
) -> list[dict[str, Any]]:
    installation = Installation(tmp_path_factory.mktemp("undisturbed"))
    installation.run(*take_in(folder))
    settings = Settings(home=installation.home)
    services = Services.open(settings)
    assert build_release(services, settings).is_published
    services.ledger.close()
    return outcome(installation)


def kill(installation: Installation, traces: str, seconds: float, *arguments: str) -> None:
    """Kill a command and all its children so long after it has left its first traces."""
    process = installation.start(*arguments)
    while not any(installation.home.glob(traces)):
        assert process.poll() is None, f"{arguments} ended and left no {traces}"
        time.sleep(0.02)
    time.sleep(seconds)
    assert process.poll() is None, "nothing was killed: the test would show nothing"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.usefixtures("parsed_models")
def test_kills_during_intake_and_build_leave_no_trace(
    folder: Path, undisturbed: list[dict[str, Any]], tmp_path: Path
) -> None:
    moments = random.Random()
    disturbed = Installation(tmp_path)
    kill(disturbed, "originals/*/*", moments.uniform(0, 0.5), *take_in(folder))
    disturbed.run(*take_in(folder))
    kill(disturbed, "builds/r*/*", moments.uniform(0, 5), "build")
    disturbed.done("build")
    assert outcome(disturbed) == undisturbed
    disturbed.done("verify", disturbed.json("releases", "--json")[-1]["release_id"])
