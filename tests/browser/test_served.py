"""The served portal outlives the death of its parts."""

import time
from collections.abc import Callable

import psutil

from tests.browser.conftest import Served


def supervisors(portal: Served) -> list[psutil.Process]:
    below = psutil.Process(portal.process.pid).children()
    return [process for process in below if "portal.judging.forker" in process.cmdline()]


def judges(portal: Served) -> list[psutil.Process]:
    return [judge for one in supervisors(portal) for judge in one.children()]


def eventually(is_so: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at:
        if is_so():
            return
        time.sleep(0.2)
    raise AssertionError("it did not come to that")


def test_a_killed_judge_is_replaced(portal: Served) -> None:
    (killed,) = judges(portal)
    killed.kill()
    eventually(lambda: len(judges(portal)) == 1 and judges(portal) != [killed])
    portal.wait()


def test_when_the_supervisor_is_killed_its_judges_end_and_another_takes_over(
    portal: Served,
) -> None:
    (killed,), orphans = supervisors(portal), judges(portal)
    killed.kill()
    eventually(lambda: not any(orphan.is_running() for orphan in orphans))
    eventually(lambda: len(judges(portal)) == 1)
    portal.wait()
