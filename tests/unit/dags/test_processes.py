import multiprocessing
import sys
from multiprocessing import process

from dags.common import allow_processes

context = multiprocessing.get_context("fork")


class CurrentProcessOfCelery:
    """As billiard leaves it behind: a daemon, its key not to be handed on."""

    def __init__(self) -> None:
        self._config = {"daemon": True}
        self._identity = ()
        self.name = "ForkPoolWorker-1"

    @property
    def authkey(self) -> bytes:
        raise TypeError("disallowed for security reasons")


def start_another(*, allowed: bool) -> None:
    process._current_process = CurrentProcessOfCelery()  # type: ignore[attr-defined]
    if allowed:
        allow_processes()
    another = multiprocessing.get_context("spawn").Process(target=int)
    another.start()
    another.join()
    sys.exit(another.exitcode)


def exit_code(*, allowed: bool) -> int | None:
    task = context.Process(target=start_another, kwargs={"allowed": allowed})
    task.start()
    task.join()
    return task.exitcode


def test_a_task_may_start_processes_though_celery_runs_it_in_a_daemon() -> None:
    assert exit_code(allowed=False) == 1
    assert exit_code(allowed=True) == 0
