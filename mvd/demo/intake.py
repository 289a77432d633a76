"""Taking the demonstration in as if its files had come on the days its manifest names."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from ingestion.intake import batch
from ingestion.intake.file_list import read_manifest
from ingestion.request import Services, SubmissionResult
from mvd.demo.write import DemoManifest


def take_in(
    services: Services, written: DemoManifest, progress: Callable[[SubmissionResult], None]
) -> list[SubmissionResult]:
    """Judge every file of the demonstration in the order of arrival.

    Only here may a list set the time of receipt: for real files it is the server's clock.
    """
    requests = read_manifest(written.manifest, written.folder, services.contracts)
    with written.manifest.open(encoding="utf-8", newline="") as stream:
        moments = [datetime.fromisoformat(row["received_at"]) for row in csv.DictReader(stream)]
    arrived = [
        replace(request, received_at=moment)
        for request, moment in zip(requests, moments, strict=True)
    ]
    return batch.run(services, arrived, progress=progress)
