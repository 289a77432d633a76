"""Lint of the dbt project and of its readers: SQL style, conventions, dashboards."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from dashboards.compile.bundle import expand
from dashboards.compile.check import problems
from warehouse.build.transform import PROJECT, run_dbt

ROOT = PROJECT.parent
TOOLS = Path(sys.executable).parent
# Trees of SQL stay in memory to the end: a third of the time went into looking for garbage in them.
_SQLFLUFF = """
import gc
gc.set_threshold(100_000, 50, 50)
from sqlfluff.cli.commands import cli
gc.freeze()
cli()
"""


def main() -> int:
    """Run the linters; 0 when all are content. `--dashboards` asks for the dashboards alone."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        parsed = run_dbt(["parse"], target=target, environment={}, timeout_seconds=300)
        if parsed.returncode:
            sys.stderr.write(parsed.stdout + parsed.stderr)
            return 1
        broken = _dashboards(target / "manifest.json")
        return broken if "--dashboards" in sys.argv else max(broken, _models(target))


def _models(target: Path) -> int:
    config = target / "dbt-bouncer.yml"
    rules = (ROOT / "dbt-bouncer.yml").read_text(encoding="utf-8")
    config.write_text(f"dbt_artifacts_dir: {target}\n{rules}", encoding="utf-8")
    environment = {**os.environ, "DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target)}
    commands: tuple[list[str | Path], ...] = (
        [TOOLS / "dbt-bouncer", "run", "--config-file", config],
        [sys.executable, "-c", _SQLFLUFF, "lint", "--disable-progress-bar", PROJECT / "models"],
    )
    return max(
        subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        for command in commands
    )


def _dashboards(manifest: Path) -> int:
    files = expand()
    found = problems(json.loads(manifest.read_text(encoding="utf-8")), files)
    sys.stdout.write("".join(f"{problem}\n" for problem in found))
    sys.stdout.write(f"Dashboards: {len(files)} objects, {len(found)} problems\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
