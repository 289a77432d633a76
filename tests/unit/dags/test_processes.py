import multiprocessing
import sys

from dags.common import allow_processes

context = multiprocessing.get_context("fork")


def start_another(*, allowed: bool) -> None:
    if allowed:
        allow_processes()
    another = context.Process(target=int)
    another.start()
    another.join()
    sys.exit(another.exitcode)


def exit_code(*, allowed: bool) -> int | None:
    daemon = context.Process(target=start_another, kwargs={"allowed": allowed}, daemon=True)
    daemon.start()
    daemon.join()
    return daemon.exitcode


def test_a_task_may_start_processes_though_celery_runs_it_in_a_daemon() -> None:
    assert exit_code(allowed=False) == 1
    assert exit_code(allowed=True) == 0
