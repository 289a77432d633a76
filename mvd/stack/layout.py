"""Where the embedded stack keeps its things: `home/stack`, readable by its owner alone."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from warehouse.core.durable import temporary_in
from warehouse.core.paths import Home

USER = "engineer"
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600


@dataclass(frozen=True, slots=True)
class Layout:
    """Files of one installation's stack."""

    home: Home

    @property
    def root(self) -> Path:
        return self.home.root / "stack"

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME."""
        return self.root / "airflow"

    @property
    def logs(self) -> Path:
        """What each part prints, one file each."""
        return self.root / "logs"

    @property
    def lock(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.root / "supervisor.lock"

    @property
    def state(self) -> Path:
        """What the supervisor says about itself and its parts."""
        return self.root / "state.json"

    @property
    def passwords(self) -> Path:
        """The file in which Airflow looks up passwords."""
        return self.root / "passwords.json"

    @property
    def metrics_token(self) -> Path:
        """The file with the token for `/metrics` of the portal."""
        return self.root / "metrics-token"

    @property
    def superset_password(self) -> Path:
        """Where Superset leaves its administrator's first password."""
        return self.home.root / "superset" / "administrator"

    def create(self) -> None:
        """Make the folders; nobody else may look into them."""
        for folder in (self.root, self.airflow, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(_PRIVATE_FOLDER)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made once per installation."""

    password: str
    api_secret_key: str
    jwt_secret: str
    fernet_key: str


@dataclass(frozen=True, slots=True)
class PartState:
    """One process of the stack. `pid` is None while it is down; `gave_up` after many crashes."""

    pid: int | None = None
    restarts: int = 0
    gave_up: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What runs. `stage` says what the supervisor is doing now."""

    supervisor_pid: int
    stage: str
    ports: dict[str, int]
    parts: dict[str, PartState] = field(default_factory=dict)


def load_secrets(layout: Layout) -> Secrets:
    """The secrets of the installation, made at the first call."""
    path = layout.root / "secrets.json"
    if not path.exists():
        fresh = Secrets(
            password=secrets.token_urlsafe(15),
            api_secret_key=secrets.token_urlsafe(32),
            jwt_secret=secrets.token_urlsafe(64),
            fernet_key=_fernet_key(),
        )
        write_private(path, json.dumps(asdict(fresh), indent=1))
    if not layout.metrics_token.exists():
        write_private(layout.metrics_token, secrets.token_urlsafe(32))
    kept = Secrets(**json.loads(path.read_text(encoding="utf-8")))
    write_private(layout.passwords, json.dumps({USER: kept.password}))
    return kept


def read_state(layout: Layout) -> State | None:
    """The last state that was written; None when there is none."""
    try:
        kept = json.loads(layout.state.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    parts = {name: PartState(**part) for name, part in kept.pop("parts").items()}
    return State(**kept, parts=parts)


def write_state(layout: Layout, state: State) -> None:
    """Replace the state as a whole."""
    write_private(layout.state, json.dumps(asdict(state), indent=1))


def write_private(path: Path, text: str) -> None:
    """Write a file whole, for its owner alone."""
    with temporary_in(path.parent) as temporary:
        temporary.touch(mode=_PRIVATE_FILE)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)


def _fernet_key() -> str:
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()
