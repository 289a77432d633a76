"""Tracebacks of the command line hold no local variables."""

import os
import subprocess
import sys

import pytest

FAILING = """
import sys
from mvd.main import app, main
@app.command("fail")
def fail() -> None:
    password = "pla" + "nted"
    raise RuntimeError("broken")
sys.argv = ["mvd", "fail"]
main()
"""


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_command_that_fails_shows_no_variables(log_format: str) -> None:
    environment = os.environ | {"MVD_LOG_FORMAT": log_format}
    ended = subprocess.run(
        [sys.executable, "-c", FAILING], capture_output=True, text=True, env=environment
    )
    assert ended.returncode != 0
    assert "broken" in ended.stderr
    assert "planted" not in ended.stdout + ended.stderr
