"""The virus scanner of the installation, asked about every file before anything opens it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from portal.settings import PortalSettings

_FOUND = 1


class ScannerError(Exception):
    """The scanner gave no answer; the file must not be let through."""


def is_infected(file: Path, settings: PortalSettings) -> bool:
    """Ask the scanner; without one nothing is infected. Raises ScannerError."""
    command = settings.scan_arguments(file)
    if not command:
        return False
    try:
        done = subprocess.run(  # noqa: S603 - the administrator's command, no shell
            command, capture_output=True, timeout=settings.scan_seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ScannerError(str(error)) from error
    if done.returncode not in (0, _FOUND):
        raise ScannerError(f"exit code {done.returncode}")
    return done.returncode == _FOUND
