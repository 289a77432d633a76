"""Running `mvd` as a person does: a process of its own, a data directory of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warehouse.core.paths import Home
from warehouse.query import reader

ROOT = Path(__file__).resolve().parents[2]
_MAIN = "import sys; from mvd.main import main; main()"


@dataclass(frozen=True)
class Installation:
    """One data directory and the commands on it."""

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> list[str]:
        """The command line that runs `mvd` on this installation."""
        return [sys.executable, "-c", _MAIN, "--home", str(self.home), *arguments]

    def environment(self) -> dict[str, str]:
        """The environment without settings of another installation."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MVD_")}
        return clean | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"} | dict(self.variables)

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a command in a process group of its own, so that it can be killed whole."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def done(self, *arguments: str) -> str:
        """Run a command that must succeed; gives what it prints."""
        ended = self.run(*arguments)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def json(self, *arguments: str) -> Any:
        """What a command prints for programs."""
        import json

        return json.loads(self.run(*arguments).stdout)

    def sql(self, query: str) -> list[dict[str, Any]]:
        """Rows that `mvd sql` would print, asked without starting it."""
        rows: list[dict[str, Any]] = reader.query(Home(self.home), query).to_pylist()
        return rows
