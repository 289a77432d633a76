import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


def compose_program() -> str:
    """The real program: from COMPOSE, the development environment, or the machine."""
    if given := os.environ.get("COMPOSE"):
        return given
    package = importlib.util.find_spec("compose")
    if package is not None and package.origin is not None:
        return str(Path(package.origin).with_name("docker-compose"))
    found = shutil.which("docker-compose")
    assert found, "no docker-compose: make setup installs it on x86-64; elsewhere set COMPOSE"
    return found


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `make secrets` makes."""
    folder = tmp_path_factory.mktemp("installation") / "secrets"
    subprocess.run(["sh", ROOT / "deploy" / "make-secrets.sh", folder], check=True)
    return folder


def understood(secrets: Path, **variables: str) -> dict[str, Any]:
    """The compose file as Compose itself understands it, with every profile."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MVD_")}
    done = subprocess.run(
        [
            compose_program(),
            "--env-file",
            os.devnull,
            "--profile",
            "*",
            "config",
            "--format",
            "json",
        ],
        cwd=ROOT,
        env=kept | {"MVD_SECRETS": str(secrets)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="session")
def compose(secrets: Path) -> dict[str, Any]:
    """What docker-compose.yml says."""
    return understood(secrets)


@pytest.fixture(scope="session")
def stored(secrets: Path) -> dict[str, Any]:
    """What it says together with the object store."""
    files = "docker-compose.yml:deploy/object-store.yml"
    return understood(secrets, COMPOSE_FILE=files, MVD_STORE_URL="s3://figures/kz")


@pytest.fixture(scope="session")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = compose["services"]
    return found
