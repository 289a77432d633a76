"""Times of steps are kept, survive what is broken, and never stop the work."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from warehouse.core import timings
from warehouse.core.paths import Home
from warehouse.core.timings import TIMINGS, read_timings, timed


def test_a_step_that_waits_uses_no_processor(tmp_path: Path) -> None:
    with timed(Home(tmp_path), "publish", release_id="r000001"):
        time.sleep(0.3)
    (found,) = read_timings(Home(tmp_path))
    assert (found.step, found.subject, found.outcome) == ("publish", "r000001", "done")
    assert found.seconds >= 0.3
    assert found.processor_seconds < 0.3


def test_a_line_that_was_cut_short_is_passed_over(tmp_path: Path) -> None:
    with timed(Home(tmp_path), "gate"):
        pass
    with (tmp_path / TIMINGS).open("a") as stream:
        stream.write('{"step": "ga')
    assert [found.step for found in read_timings(Home(tmp_path))] == ["gate"]


def test_the_file_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timings, "_MOST_BYTES", 200)
    for number in range(30):
        with timed(Home(tmp_path), "judge", files=str(number)):
            pass
    assert [found.subject for found in read_timings(Home(tmp_path))][-1] == "29"
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1000


def test_what_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / TIMINGS).mkdir()
    with timed(Home(tmp_path), "judge"):
        done = True
    assert done
