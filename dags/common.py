"""What the DAGs share: assets, pools, defaults, the way into the installation."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import process
from typing import TYPE_CHECKING

from airflow.sdk import Asset, AssetWatcher

from dags.notify import NoticeNotifier
from dags.watchers import InboxTrigger, LedgerTrigger
from warehouse.build.transform import PROJECT

if TYPE_CHECKING:
    from ingestion.request import Services
    from warehouse.core.settings import Settings

WRITER_POOL = "warehouse_writer"
"""One slot: models, gate and publication never run side by side."""
INTAKE_POOL = "intake"
"""One slot: a batch already uses every core for reading."""

TABLES = tuple(sorted(path.stem for path in (PROJECT / "models" / "marts").rglob("*.sql")))

inbox = Asset(
    "inbox",
    uri="mvd://inbox",
    group="intake",
    watchers=[AssetWatcher(name="inbox_folder", trigger=InboxTrigger())],
)
accepted = Asset(
    "accepted_submissions",
    uri="mvd://ledger/accepted",
    group="intake",
    watchers=[AssetWatcher(name="ledger", trigger=LedgerTrigger())],
)
release = Asset("release", uri="mvd://releases/current", group="releases")
marts = {name: Asset(name, uri=f"mvd://marts/{name}", group="marts") for name in TABLES}

DEFAULTS = {
    "owner": "data-engineering",
    "retries": 2,
    "retry_delay": timedelta(seconds=20),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
    "execution_timeout": timedelta(minutes=30),
    # In a list: a mapped task calls each of what it is given.
    "on_failure_callback": [NoticeNotifier("task_failed")],
}
"""Retries are safe: every step is idempotent on its submission or release."""


def settings() -> Settings:
    """Settings of the installation, from the environment of the worker."""
    from warehouse.core.settings import load_settings

    # It says several hundred lines when it is imported, none of them about the work.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    return load_settings()


def allow_processes() -> None:
    """Let this process start others.

    Celery's own multiprocessing (billiard) has put itself into Python's as the current process: a
    daemon, which may start none, with a key that Python will not hand on.
    """
    if not isinstance(multiprocessing.current_process(), process.BaseProcess):
        ours = process.BaseProcess()
        ours.daemon, ours.authkey = False, os.urandom(32)
        process._current_process = ours  # type: ignore[attr-defined]


@contextmanager
def services() -> Iterator[Services]:
    """Ledger, contracts and limits, closed afterwards."""
    from ingestion.request import Services

    allow_processes()
    opened = Services.open(settings())
    try:
        yield opened
    finally:
        opened.ledger.close()
