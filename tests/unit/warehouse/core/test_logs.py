"""Logs for programs: each line is JSON and names what it is about."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextvars import copy_context
from pathlib import Path

import pytest

from warehouse.core.logs import MASK, hide, masked

SAYS = """
import logging
from pathlib import Path
from warehouse.core.logs import configure
from warehouse.core.paths import Home
from warehouse.core.timings import timed
configure({log_format!r})
log = logging.getLogger("ingestion.intake.batch")
with timed(Home(Path({home!r})), "publish", release_id="r000007"):
    log.info("submission judged", extra={{"submission_id": "ab12", "verdict": "accepted"}})
    log.warning("поздно")
password = "pla" + "nted"
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


def test_a_traceback_holds_no_local_variables(tmp_path: Path) -> None:
    for log_format in ("json", "text"):
        assert "planted" not in "".join(lines(tmp_path, log_format))


def test_what_was_hidden_is_masked_however_it_is_written() -> None:
    secret = 'it\'s \\ "planted" пароль'
    written = f"{secret} {secret!r} {json.dumps(secret, ensure_ascii=False)}"

    def said() -> str:
        hide([secret, "a"])
        return masked(f"a {written}")

    assert copy_context().run(said) == f"a {MASK} '{MASK}' \"{MASK}\""
    assert secret in masked(written)


@pytest.mark.parametrize(
    "line",
    [
        "GET /enrol/{} HTTP/1.1",
        "cookie: mvd_session={}; x=1",
        "__Host-mvd={}",
        "Authorization: Bearer {}",
        "/sign-in?next=/enrol/{}",
        "/callback?code={}&x=1",
        "postgresql+psycopg://mvd:{}@db/mvd",
        "password={}&x",
    ],
)
@pytest.mark.parametrize("secret", ["hunter2hunter2", "mvd_" + "aB3-" * 10 + "xyZ"])
def test_what_looks_like_a_secret_is_masked(line: str, secret: str) -> None:
    assert secret not in masked(line.format(secret))


@pytest.mark.parametrize(
    "line",
    [
        "/submissions/0123456789abcdef state=judged code=FORM_UNKNOWN",
        "sha256 " + "0123456789abcdef" * 4,
        "int_submission_cells_by_territory_and_month",
        "http://127.0.0.1:8090/history?period=2022-12",
    ],
)
def test_what_is_no_secret_is_left_alone(line: str) -> None:
    assert masked(line) == line


def test_a_long_line_is_masked_at_once() -> None:
    started = time.process_time()
    for piece in ("://a:", "/enrol/", "password=", "bearer ", "aB3" * 3, "?code="):
        masked(piece * 20_000)
    assert time.process_time() - started < 5
