"""Logs for programs: each line is JSON and names what it is about."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SAYS = """
import logging
from pathlib import Path
from warehouse.logs import configure
from warehouse.paths import Home
from warehouse.timings import timed
configure({log_format!r})
log = logging.getLogger("ingestion.batch")
with timed(Home(Path({home!r})), "publish", release_id="r000007"):
    log.info("submission judged", extra={{"submission_id": "ab12", "verdict": "accepted"}})
    log.warning("поздно")
try:
    raise ValueError("broken")
except ValueError:
    log.exception("it failed")
"""


def lines(home: Path, log_format: str) -> list[str]:
    program = SAYS.format(log_format=log_format, home=str(home))
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout == ""
    return ended.stderr.splitlines()


def test_every_line_names_submission_and_release(tmp_path: Path) -> None:
    judged, late, ended, failed = [json.loads(line) for line in lines(tmp_path, "json")]
    assert judged["event"] == "submission judged"
    assert (judged["submission_id"], judged["release_id"]) == ("ab12", "r000007")
    assert judged["level"] == "info"
    assert judged["timestamp"].endswith("Z")
    assert (late["event"], late["release_id"]) == ("поздно", "r000007")
    assert (ended["step"], ended["outcome"], ended["release_id"]) == ("publish", "done", "r000007")
    assert failed["exception"][0]["exc_type"] == "ValueError"
    assert "release_id" not in failed


def test_people_are_told_of_warnings_alone(tmp_path: Path) -> None:
    said = lines(tmp_path, "text")
    assert said[0] == "поздно"
    assert "submission judged" not in "".join(said)
