"""The embedded stack: up twice, after a crash, interrupted, down; it leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from mvd.stack.layout import Layout, read_state
from mvd.stack.processes import of_stack
from tests.integration.airflow_stack import mvd, until
from tests.integration.stack.conftest import START_SECONDS, Stack
from warehouse.core.paths import Home


def supervisor(home: Path) -> psutil.Process:
    state = read_state(Layout(Home(home)))
    assert state is not None
    return psutil.Process(state.supervisor_pid)


def family(home: Path) -> list[psutil.Process]:
    """Every process below the supervisor, found by kinship and not by the mark."""
    return supervisor(home).children(recursive=True)


def living(processes: list[psutil.Process]) -> list[str]:
    return [
        " ".join(process.cmdline())
        for process in processes
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]


def test_before_the_start_nothing_is_healthy(tmp_path: Path) -> None:
    assert mvd(tmp_path, "health").returncode == 1


def test_up_says_what_runs_where_and_how_to_sign_in(stack: Stack) -> None:
    assert f"http://127.0.0.1:{stack.ports[1]}" in stack.said
    assert "engineer" in stack.said
    assert mvd(stack.home, "health").returncode == 0


def test_secrets_are_readable_by_their_owner_alone_and_not_printed(home: Path) -> None:
    layout = Layout(Home(home))
    for path in (layout.root / "secrets.json", layout.passwords, layout.state):
        assert path.stat().st_mode & 0o077 == 0, path.name
    assert layout.root.stat().st_mode & 0o077 == 0
    password = layout.passwords.read_text().split('"')[3]
    assert len(password) >= 20
    printed = "".join(p.read_text(errors="replace") for p in layout.logs.glob("*.log"))
    assert password not in printed


def test_it_listens_on_loopback_alone(home: Path) -> None:
    listening = {
        connection.laddr.ip
        for process in family(home)
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_up_again_changes_nothing(home: Path) -> None:
    before = supervisor(home).pid
    assert mvd(home, "up", timeout=60).returncode == 0
    assert supervisor(home).pid == before


def test_every_process_carries_the_mark_by_which_it_is_found(home: Path) -> None:
    marked = {process.pid for process in of_stack(Layout(Home(home)).root)}
    assert {process.pid for process in family(home)} <= marked


def test_a_part_that_dies_is_started_again(home: Path) -> None:
    state = read_state(Layout(Home(home)))
    assert state is not None
    before = state.parts["airflow-triggers"].pid
    assert before is not None
    os.kill(before, signal.SIGKILL)

    def again() -> int | None:
        now = read_state(Layout(Home(home)))
        part = now.parts["airflow-triggers"] if now else None
        return part.restarts if part and part.pid not in (None, before) else None

    assert until(again, seconds=30, what="another triggerer") == 1


def test_after_a_crash_of_the_supervisor_up_works_and_the_old_processes_are_gone(
    stack: Stack, home: Path
) -> None:
    old = family(home)
    supervisor(home).kill()
    time.sleep(1)
    assert living(old)
    assert mvd(home, "health").returncode == 1
    answer = mvd(home, "up", *stack.ports, timeout=START_SECONDS)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert living(old) == []


def test_down_leaves_no_process_and_may_be_said_twice(home: Path) -> None:
    old = [supervisor(home), *family(home)]
    assert len(old) > 4
    assert mvd(home, "down").returncode == 0
    assert living(old) == []
    assert mvd(home, "down").returncode == 0


def as_from_a_terminal() -> None:
    """Hear SIGINT: what runs in the background inherits that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interrupted_while_it_starts_it_leaves_nothing(stack: Stack, home: Path) -> None:
    layout = Layout(Home(home))
    command = [sys.executable, "-m", "mvd", "--home", str(home), "up", *stack.ports]
    starting = subprocess.Popen(
        command,
        start_new_session=True,
        stderr=subprocess.DEVNULL,
        preexec_fn=as_from_a_terminal,
    )
    until(lambda: of_stack(layout.root) or None, seconds=60, what="the first process")
    starting.send_signal(signal.SIGINT)
    assert starting.wait(timeout=120) == 130
    assert of_stack(layout.root) == []
