"""Where the object store is and who we are there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]+")
_OPTIONS = frozenset({"endpoint", "region"})


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where the store is and who we are there. The secret shows in no text."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    """Empty means Amazon's own for the region."""
    region: str = "us-east-1"
    key: str = ""
    secret: str = field(default="", repr=False)
    certificate: Path | None = None
    """PEM of the authority that signed the server's certificate, when it is not a public one."""

    @classmethod
    def parse(
        cls, url: str, *, key: str = "", secret: str = "", certificate: Path | None = None
    ) -> StoreAddress:
        """Read `s3://bucket/prefix?endpoint=https://host:port&region=name`; or ValueError.

        Keys are no part of the URL, because URLs end up in logs.
        """
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        if parts.scheme != "s3" or not _BUCKET.fullmatch(parts.netloc):
            raise ValueError("s3://bucket/prefix?endpoint=https://host:port is expected")
        if unknown := options.keys() - _OPTIONS:
            raise ValueError(f"unknown option {min(unknown)}")
        endpoint = options.get("endpoint", "")
        if endpoint and urlsplit(endpoint).scheme not in ("http", "https"):
            raise ValueError("the endpoint begins with https:// (or http://)")
        return cls(
            bucket=parts.netloc,
            prefix=parts.path.strip("/"),
            endpoint=endpoint,
            region=options.get("region", "us-east-1"),
            key=key,
            secret=secret,
            certificate=certificate,
        )

    def __str__(self) -> str:
        at = f" ({self.endpoint})" if self.endpoint else ""
        return f"s3://{self.bucket}/{self.prefix}{at}"
