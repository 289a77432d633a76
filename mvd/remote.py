"""Submitting through the API of a portal elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from warehouse.core.errors import UserError
from warehouse.core.texts import Language
from warehouse.storage.regular import open_regular, read_regular

_TIMEOUT = httpx.Timeout(30.0, write=600.0)
_POLL_SECONDS = 0.5
_VERDICT_SECONDS = 600.0


@dataclass(frozen=True)
class RemoteResult:
    """The portal's answer; `submission`, `findings` and `signature` as its API gives them."""

    submission: dict[str, Any]
    findings: list[dict[str, Any]]
    receipt: str
    signature: dict[str, Any] | None

    @property
    def is_accepted(self) -> bool:
        return self.submission["verdict"] in ("accepted", "accepted_with_warnings")

    def to_json(self) -> dict[str, Any]:
        """Everything a program may want."""
        return {
            **self.submission,
            "findings": self.findings,
            "receipt": self.receipt,
            "signature": self.signature,
        }


class RemotePortal:
    """A portal and the token by which it knows us."""

    def __init__(
        self,
        url: str,
        token: str,
        language: Language = "ru",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._client = httpx.Client(
            base_url=f"{url.rstrip('/')}/api/v1/",
            headers={"authorization": f"Bearer {token}", "accept-language": language},
            timeout=_TIMEOUT,
            transport=transport,
        )

    def submit(
        self,
        file: Path,
        *,
        territory: str,
        period: str,
        form: str | None,
        confirm: bool,
        signature: Path | None = None,
    ) -> RemoteResult:
        """Send a file and wait for its verdict; with `confirm` a held one is made to count.

        UserError PORTAL_REFUSED with the portal's own words, PORTAL_UNREACHABLE.
        """
        try:
            query = {"territory": territory, "period": period, "file_name": file.name}
            if form is not None:
                query["form"] = form
            if signature is not None:
                kept = self._checked(
                    self._client.post("signatures", content=read_regular(signature))
                )
                query["signature"] = kept.json()["sha256"]
            return self._submit(file, query, confirm)
        except httpx.TransportError as error:
            raise UserError("PORTAL_UNREACHABLE", reason=str(error)) from error

    def annotated(self, submission_id: str) -> bytes:
        """The file with the findings at its cells. UserError as `submit`."""
        return self._checked(self._client.get(f"submissions/{submission_id}/annotated")).content

    def _submit(self, file: Path, query: dict[str, str], confirm: bool) -> RemoteResult:
        with open_regular(file) as stream:
            queued = self._checked(self._client.post("uploads", params=query, content=stream))
        upload = self._followed(queued.json())
        path = f"submissions/{upload['submission_id']}"
        submission = self._checked(self._client.get(path)).json()
        is_held = submission["standing"] == "held" and submission["verdict"] != "rejected"
        if confirm and is_held:
            submission = self._checked(self._client.post(f"{path}/confirm", json={})).json()
        findings = self._checked(self._client.get(f"{path}/findings")).json()
        receipt = self._checked(self._client.get(f"{path}/receipt")).json()["line"]
        signature = self._checked(self._client.get(f"{path}/signature")).json()
        return RemoteResult(submission, findings, receipt, signature)

    def _followed(self, upload: dict[str, Any]) -> dict[str, Any]:
        ends_at = time.monotonic() + _VERDICT_SECONDS
        while upload["state"] in ("waiting", "checking"):
            if time.monotonic() > ends_at:
                raise UserError("PORTAL_UNREACHABLE", reason=upload["text"])
            time.sleep(_POLL_SECONDS)
            upload = self._checked(self._client.get(f"uploads/{upload['upload_id']}")).json()
        if upload["state"] == "refused":
            raise UserError("PORTAL_REFUSED", status=409, detail=upload["text"])
        return upload

    @staticmethod
    def _checked(answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        try:
            detail = str(answer.json()["detail"])
        except (ValueError, KeyError, TypeError):
            detail = answer.text[:300]
        raise UserError("PORTAL_REFUSED", status=answer.status_code, detail=detail)
