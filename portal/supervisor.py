"""Keeps the judging processes alive while the portal runs, and ends those that hang."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

from portal.settings import PortalSettings
from portal.store.uploads import Uploads
from warehouse.clock import utc_now

_CHECK_SECONDS = 1.0
_STOP_SECONDS = 10.0


@dataclass
class Supervisor:
    """`settings.judges` processes; start, then stop."""

    uploads: Uploads
    settings: PortalSettings
    environment: dict[str, str] = field(default_factory=dict)
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the judges and watch over them."""
        for number in range(1, self.settings.judges + 1):
            self._start(f"{socket.gethostname()}-{self.settings.port}-{number}")
        self._thread = threading.Thread(target=self._watch, name="judges", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the judges; what they were busy with is judged after the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, name: str) -> None:
        self._processes[name] = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "portal.judge", name], env=os.environ | self.environment
        )

    def _watch(self) -> None:
        while not self._stopping.wait(_CHECK_SECONDS):
            for name, process in list(self._processes.items()):
                if process.poll() is not None:
                    time.sleep(_CHECK_SECONDS)
                    self.uploads.give_back(name)
                    self._start(name)
                elif self._hangs(name):
                    process.kill()

    def _hangs(self, name: str) -> bool:
        upload = self.uploads.claimed_by(name)
        if upload is None or upload.claimed_at is None:
            return False
        busy = (utc_now() - upload.claimed_at).total_seconds()
        return busy > self.settings.judge_seconds
