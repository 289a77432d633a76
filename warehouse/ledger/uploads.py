"""A file on its way through the desk, as the ledger keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

State = Literal["waiting", "checking", "done", "refused"]


@dataclass(frozen=True, slots=True)
class Upload:
    """One file on its way. `refusal` is the reason for which no submission was made of it; then
    `submission_id` is the earlier one of the same bytes, if that is the reason."""

    upload_id: str
    account_id: str
    territory_kato: str
    period: str
    form_code: str | None
    file_name: str
    file_sha256: str
    file_size: int
    language: str
    received_at: datetime
    state: State
    attempts: int
    worker: str | None
    claimed_at: datetime | None
    finished_at: datetime | None
    submission_id: str | None
    refusal: Mapping[str, Any] | None
    signature: bytes | None

    @property
    def is_finished(self) -> bool:
        """Whether there is an answer."""
        return self.state in ("done", "refused")
