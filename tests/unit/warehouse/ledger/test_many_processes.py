"""Processes that open, write and die beside each other lose nothing."""

import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from sqlalchemy import create_engine, inspect

from tests.tools.processes import FORKED
from tests.unit.warehouse.ledger.sending import accept, send
from warehouse.ledger import Ledger
from warehouse.ledger import schema as tables


def _open(url: str) -> list[str]:
    Ledger(url).close()
    return sorted(inspect(create_engine(url)).get_table_names())


def test_many_processes_may_open_a_new_ledger_at_once(ledger_url: str) -> None:
    with ProcessPoolExecutor(4, mp_context=FORKED) as pool:
        seen = list(pool.map(_open, [ledger_url] * 8))
    assert all(names == sorted([*tables.metadata.tables, "alembic_version"]) for names in seen)


def _submit_many(url: str, worker: int) -> list[tuple[str, bool]]:
    """Each worker sends the same ten files, and ten of its own."""
    answers = []
    with Ledger(url) as ledger:
        for i in range(10):
            for content, territory in (
                (f"shared-{i}", f"{i:09d}"),
                (f"own-{i}", f"9{worker:04d}{i:04d}"),
            ):
                registration = send(ledger, content, territory=territory)
                accept(ledger, registration.submission_id)
                answers.append((registration.submission_id, registration.is_new))
    return answers


def test_parallel_submitters_lose_nothing_and_double_nothing(ledger_url: str) -> None:
    workers = 4
    with ProcessPoolExecutor(workers, mp_context=FORKED) as pool:
        answers = list(pool.map(_submit_many, [ledger_url] * workers, range(workers)))
    with Ledger(ledger_url) as ledger:
        submissions = ledger.submissions()
        judgements = sum(len(ledger.judgements(s.submission_id)) for s in submissions)
    new = [submission_id for answer in answers for submission_id, is_new in answer if is_new]
    assert sorted(new) == sorted(s.submission_id for s in submissions)
    assert len(submissions) == judgements == 10 + 10 * workers
    assert [s.sequence for s in submissions] == list(range(1, len(submissions) + 1))


def _register_and_hang(url: str, registered: Any) -> None:
    with Ledger(url) as ledger:
        registration = send(ledger, "first")
        registered.put(registration.submission_id)
        time.sleep(600)


def test_a_submission_of_a_killed_process_is_found_again_and_can_be_judged(
    ledger_url: str,
) -> None:
    registered = FORKED.Queue()
    process = FORKED.Process(target=_register_and_hang, args=(ledger_url, registered))
    process.start()
    submission_id = registered.get(timeout=60)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with Ledger(ledger_url) as ledger:
        assert [s.submission_id for s in ledger.unfinished()] == [submission_id]
        again = send(ledger, "first", hours=1)
        assert (again.is_new, again.submission.state) == (False, "received")
        accept(ledger, submission_id)
        accept(ledger, submission_id)
        assert ledger.unfinished() == []
        assert len(ledger.judgements(submission_id)) == 1
