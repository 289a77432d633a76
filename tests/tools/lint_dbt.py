"""Lint of the dbt project: SQL style (sqlfluff) and conventions on the manifest (dbt-bouncer)."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from warehouse.transform import PROJECT, run_dbt

ROOT = PROJECT.parent
TOOLS = Path(sys.executable).parent


def main() -> int:
    """Run both linters; 0 when both are content."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        parsed = run_dbt(["parse"], target=target, environment={}, timeout_seconds=300)
        if parsed.returncode:
            sys.stderr.write(parsed.stdout + parsed.stderr)
            return 1
        config = target / "dbt-bouncer.yml"
        rules = (ROOT / "dbt-bouncer.yml").read_text(encoding="utf-8")
        config.write_text(f"dbt_artifacts_dir: {target}\n{rules}", encoding="utf-8")
        environment = {**os.environ, "DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target)}
        commands: tuple[list[str | Path], ...] = (
            [TOOLS / "dbt-bouncer", "run", "--config-file", config],
            [TOOLS / "sqlfluff", "lint", "--disable-progress-bar", PROJECT / "models"],
        )
        codes = [
            subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
            for command in commands
        ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
