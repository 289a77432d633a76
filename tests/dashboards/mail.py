"""A mail server on a loopback port that keeps what it is given."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller

from tests.integration.airflow_stack import free_port


class Mailbox:
    """`letters` are those received so far, oldest first."""

    def __init__(self) -> None:
        self.host, self.port = "127.0.0.1", free_port()
        self.letters: list[EmailMessage] = []
        self._controller = Controller(self, hostname=self.host, port=self.port)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """What aiosmtpd calls for each letter."""
        content = bytes(envelope.content)
        self.letters.append(email.message_from_bytes(content, policy=email.policy.default))
        return "250 OK"

    def attachments(self) -> dict[str, bytes]:
        """What all letters carry: name of the file → its bytes."""
        return {
            part.get_filename() or "": bytes(part.get_payload(decode=True))
            for letter in self.letters
            for part in letter.iter_attachments()
            if isinstance(part, EmailMessage)
        }

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._controller.stop()
