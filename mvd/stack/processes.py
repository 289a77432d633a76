"""Find and end the processes of one stack, and only those, by the mark in their environment."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import psutil

from mvd.stack.parts import MARK


def of_stack(root: Path) -> list[psutil.Process]:
    """Living processes that carry the mark of the stack in `root`; never this one."""
    found = []
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(MARK) == str(root)
            if marked and process.pid != os.getpid() and _lives(process):
                found.append(process)
        except psutil.Error:
            continue
    return found


def end_all(root: Path, *, grace_seconds: float) -> int:
    """Ask every process of the stack to end, insist after `grace_seconds`; gives their number."""
    processes = of_stack(root)
    for process in processes:
        _signal(process, insist=False)
    psutil.wait_procs(processes, timeout=grace_seconds)
    deadline = time.monotonic() + 10
    while (left := of_stack(root)) and time.monotonic() < deadline:
        # Asked again each round: a dying process may have started another one.
        for process in left:
            _signal(process, insist=True)
        psutil.wait_procs(left, timeout=2)
    return len(processes)


def _lives(process: psutil.Process) -> bool:
    return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE


def _signal(process: psutil.Process, *, insist: bool) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill() if insist else process.terminate()
