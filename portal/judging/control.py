"""The portal's hold on the process that keeps the judges: start it, hear how it is, stop it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

_RESTART_SECONDS = 1.0
_STOP_SECONDS = 15.0
_SILENT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class JudgesState:
    """How many judges there should be, how many can judge, how many are at it."""

    expected: int
    ready: int = 0
    busy: int = 0

    def to_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass
class Judges:
    """The judges of one portal. `environment` tells them which installation they work for."""

    expected: int
    environment: Mapping[str, str] = field(default_factory=dict)
    _state: JudgesState | None = None
    _heard_at: float = 0.0
    _process: subprocess.Popen[str] | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start them and keep them; once is enough."""
        if self._thread is None:
            self._process = self._started()
            self._thread = threading.Thread(target=self._listen, name="judges", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End them; what they were busy with is judged after the next start."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        if self._thread is not None:
            self._thread.join()

    @property
    def state(self) -> JudgesState:
        """As last heard; a supervisor that is silent has no judges."""
        is_silent = time.monotonic() - self._heard_at > _SILENT_SECONDS
        return JudgesState(self.expected) if self._state is None or is_silent else self._state

    @property
    def is_ready(self) -> bool:
        """Whether a file that comes in now is taken up."""
        return self.state.ready > 0

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "portal.judging.forker"],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _listen(self) -> None:
        while self._process is not None and self._process.stdout is not None:
            for line in self._process.stdout:
                self._state = JudgesState(**json.loads(line))
                self._heard_at = time.monotonic()
            self._state = None
            self._process.wait()
            if self._stopping.wait(_RESTART_SECONDS):
                return
            self._process = self._started()
