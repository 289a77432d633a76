"""Settings of an installation, from `MVD_*` environment variables or files of these names."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StringConstraints, ValidationError, field_validator
from pydantic_core.core_schema import ValidationInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from warehouse.core.errors import UserError
from warehouse.core.logs import LogFormat
from warehouse.core.paths import Home
from warehouse.core.store_address import StoreAddress
from warehouse.core.texts import Language

PREFIX = "MVD_"
SECRETS_DIR = f"{PREFIX}SECRETS_DIR"
"""Folder with a file per setting (`mvd_ledger_url`): a secret then stands in no environment."""

Engine = Literal["duckdb", "spark"]
_SECRET = frozenset({"ledger_url", "store_url", "store_key", "store_secret"})
"""Settings that may hold a password: an error does not repeat them."""

RENAMED = {
    "MVD_PORTAL_SMTP_HOST": "MVD_SMTP_HOST",
    "MVD_PORTAL_SMTP_PORT": "MVD_SMTP_PORT",
    "MVD_PORTAL_SMTP_TLS": "MVD_SMTP_STARTTLS",
    "MVD_PORTAL_SMTP_USER": "MVD_SMTP_USER",
    "MVD_PORTAL_SMTP_PASSWORD_FILE": "MVD_SMTP_PASSWORD_FILE",
    "MVD_PORTAL_SMTP_SENDER": "MVD_SMTP_SENDER",
    "MVD_SMTP_FROM": "MVD_SMTP_SENDER",
    "MVD_SMTP_PASSWORD": "MVD_SMTP_PASSWORD_FILE",
}
"""Settings of earlier versions and what they are called now."""

MemorySize = Annotated[str, StringConstraints(pattern=r"^[1-9]\d*(\.\d+)?\s?(MB|GB|MiB|GiB)$")]


class Settings(BaseSettings):
    """Frozen; unknown names are refused. Use `load_settings` to get errors that people can read."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    home: Path = Path("data")
    ledger_url: str = ""
    """SQLAlchemy URL of the ledger; empty means SQLite inside `home`."""
    store_url: str = ""
    """`s3://bucket/prefix?endpoint=https://host:port&region=name`: an S3-compatible object store
    that keeps originals, lake and releases; empty means `home` keeps them."""
    store_key: str = Field(default="", validate_default=True)
    store_secret: SecretStr = Field(default=SecretStr(""), validate_default=True)
    store_certificate: Path | None = None
    """Certificate (PEM) of the authority behind the store's, when it is not a public one."""
    memory_limit: MemorySize = "2GB"
    """What a command may use, its own programs included (`warehouse.core.memory`)."""
    read_memory: MemorySize = "512MB"
    """What reading one file may take beyond the idle process; a 1-М takes less than 64 MB."""
    read_seconds: float = Field(default=30.0, ge=1)
    """What reading one file may take of the processor's time; a 1-М takes one second. By the clock
    it may be three times as much (`warehouse.core.bounded`)."""
    engine: Engine = "duckdb"
    """What computes the marts (docs/runbooks/spark.md)."""
    spark_master: str = ""
    """Where Spark computes, such as `spark://host:7077`; empty means on this machine."""
    threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=256)
    sql_timeout_seconds: float = Field(default=60.0, gt=0)
    max_upload_bytes: int = Field(default=50 * 1024 * 1024, gt=0)
    signature_roots: Path | None = None
    """Folder with the root certificates of detached signatures (.pem, .crt, .cer) and, if there are
    any, revocation lists (.crl)."""
    language: Language = "ru"
    log_format: LogFormat = "text"
    """`json` writes a line of JSON per event, from INFO on."""
    keep_releases: int = Field(default=60, ge=1)
    """How many of the newest releases stay; tagged ones and the one in force always do."""
    keep_backups: int = Field(default=30, ge=1)
    """How many of the newest copies of the ledger stay."""
    notice_url: str = Field(default="", pattern=r"^(https?://.+)?$")
    """Where notices (a task failed, a report is late) are posted as JSON; empty means nowhere."""

    @field_validator("store_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if url:
            StoreAddress.parse(url)
        return url

    @field_validator("store_key", "store_secret")
    @classmethod
    def _is_given(cls, value: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        # Without keys the library would ask a cloud's own address for them.
        if info.data.get("store_url") and not len(value):
            raise ValueError("needed with MVD_STORE_URL")
        return value

    @field_validator("store_certificate")
    @classmethod
    def _is_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("no such file")
        return path

    @property
    def paths(self) -> Home:
        """Where things lie in `home`, and the store that keeps them."""
        return Home(self.home, self._store)

    @property
    def _store(self) -> StoreAddress | None:
        if not self.store_url:
            return None
        return StoreAddress.parse(
            self.store_url,
            key=self.store_key,
            secret=self.store_secret.get_secret_value(),
            certificate=self.store_certificate,
        )

    @property
    def ledger(self) -> str:
        """The ledger's URL; the default follows `home`."""
        return self.ledger_url or f"sqlite:///{self.paths.ledger_file}"


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment, overridden by keywords that are not None.

    UserError SETTING_INVALID names the variable and the problem; SETTING_RENAMED and
    SETTING_UNKNOWN catch an old name and a misspelt one, which would be ignored in silence.
    """
    _refuse_renamed(os.environ)
    _refuse_misspelt(os.environ)
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(_secrets_dir=_secrets_dir(), **given)
    except ValidationError as error:
        first = error.errors()[0]
        variable = PREFIX + str(first["loc"][0]).upper()
        shown = "" if first["loc"][0] in _SECRET else f" ({first.get('input')!r})"
        problem = first["msg"] + shown
        raise UserError("SETTING_INVALID", variable=variable, problem=problem) from error


def _secrets_dir() -> Path | None:
    if not (named := os.environ.get(SECRETS_DIR)):
        return None
    if not Path(named).is_dir():
        raise UserError("SETTING_INVALID", variable=SECRETS_DIR, problem=f"no folder {named!r}")
    return Path(named)


def _refuse_renamed(environment: Mapping[str, str]) -> None:
    for variable, new in RENAMED.items():
        if environment.get(variable):
            raise UserError("SETTING_RENAMED", variable=variable, new=new)


def _refuse_misspelt(environment: Mapping[str, str]) -> None:
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    for variable in environment:
        if not variable.startswith(PREFIX) or variable in known:
            continue
        if close := difflib.get_close_matches(variable, known, n=1, cutoff=0.85):
            raise UserError("SETTING_UNKNOWN", variable=variable, suggestion=close[0])
