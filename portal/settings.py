"""Settings of the portal, from `MVD_PORTAL_*` environment variables."""

import shlex
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class MailSettings(BaseSettings):
    """The mail server of all letters, from `MVD_SMTP_*`; the dashboards read the same."""

    model_config = SettingsConfigDict(env_prefix="MVD_SMTP_", frozen=True, extra="forbid")

    host: str = ""
    """Empty: no letters are sent."""
    port: int = Field(default=25, ge=1, le=65535)
    starttls: bool = False
    user: str = ""
    password_file: Path | None = None
    sender: str = "mvd@localhost"

    @property
    def password(self) -> str:
        """What `user` signs in with; empty when there is none."""
        file = self.password_file
        return file.read_text(encoding="utf-8").strip() if file else ""


class PortalSettings(BaseSettings):
    """Frozen; what is not set has a value that is safe on one machine."""

    model_config = SettingsConfigDict(env_prefix="MVD_PORTAL_", frozen=True, extra="forbid")

    public_url: str = "http://127.0.0.1:8090"
    """Address under which people reach the portal; https makes the cookies secure-only."""
    host: str = "127.0.0.1"
    port: int = Field(default=8090, ge=0, le=65535)
    judges: int = Field(default=2, ge=1, le=32)
    """Processes that judge uploads."""
    judge_seconds: float = Field(default=120.0, gt=0)
    """A file that takes longer is refused, and the process that hangs on it replaced."""
    requests_per_minute: int = Field(default=1200, ge=10)
    """From one address."""
    upload_idle_seconds: float = Field(default=20.0, gt=0)
    """A sender that is silent for so long is cut off."""
    upload_seconds: float = Field(default=900.0, gt=0)
    scan_command: str = ""
    """Virus scanner, such as `clamdscan --fdpass --no-summary {file}`; exit 0 clean, 1 found."""
    scan_seconds: float = Field(default=60.0, gt=0)
    mail: MailSettings = Field(default_factory=MailSettings)
    metrics_token_file: Path | None = None
    """Whoever sends its content as bearer token may read `/metrics`; without it, nobody."""
    oidc_issuer: str = ""
    """Identity provider, such as `https://id.example.kz/realms/mvd`; empty: passwords alone."""
    oidc_client_id: str = ""
    oidc_client_secret_file: Path | None = None
    oidc_scope: str = "openid profile"
    oidc_claim: str = "sub"
    """The claim that names the identity to which accounts are bound."""
    trusted_proxies: str = "127.0.0.1"
    """Addresses whose X-Forwarded-For is believed."""

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @model_validator(mode="after")
    def _check_oidc(self) -> Self:
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("oidc_client_id is missing")
        if self.oidc_issuer and not self.is_trustworthy(self.oidc_issuer):
            raise ValueError("oidc_issuer must be an https address")
        return self

    @staticmethod
    def is_trustworthy(url: str) -> bool:
        """Whether what comes from `url` cannot have been changed on the way."""
        parts = urlsplit(url)
        return parts.scheme == "https" or (
            parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
        )

    @property
    def oidc_client_secret(self) -> str:
        """The secret that the provider gave us; empty for a public client."""
        file = self.oidc_client_secret_file
        return file.read_text(encoding="utf-8").strip() if file else ""

    @property
    def origin(self) -> str:
        """Scheme, host and port as browsers send them in `Origin`."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def is_secure(self) -> bool:
        """Whether people come over https."""
        return self.public_url.startswith("https://")

    @property
    def metrics_token(self) -> str:
        """The token for `/metrics`; empty when there is none."""
        file = self.metrics_token_file
        return file.read_text(encoding="utf-8").strip() if file else ""

    def scan_arguments(self, file: Path) -> list[str]:
        """The scanner's command line for a file; empty when there is no scanner."""
        return [str(file) if part == "{file}" else part for part in shlex.split(self.scan_command)]
