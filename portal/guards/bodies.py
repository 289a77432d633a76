"""What a route takes as its body. Every route that takes one says so (`takes`); all others take
none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from ingestion.signatures.trust import LONGEST
from portal.settings import PortalSettings

Body = Literal["form", "text", "json", "signature", "workbook", "workbooks"]
FILES_AT_ONCE = 8
_Handler = TypeVar("_Handler", bound=Callable[..., object])
_MARK = "_portal_body"
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Limit:
    """How many bytes one body may have, how long it may pause and how long it may take."""

    size: int
    idle_seconds: float
    total_seconds: float


def takes(body: Body) -> Callable[[_Handler], _Handler]:
    """Mark a route's handler with what it takes: a small form, one with a longer text, JSON, a
    detached signature, one workbook or several."""

    def mark(handler: _Handler) -> _Handler:
        setattr(handler, _MARK, body)
        return handler

    return mark


def body_of(handler: object) -> Body | None:
    """The mark of a handler; None takes no body."""
    mark: Body | None = getattr(handler, _MARK, None)
    return mark


def limits(settings: PortalSettings, file_bytes: int) -> Mapping[Body, Limit]:
    """The limit of each kind where a workbook may have `file_bytes`."""
    idle, total = settings.upload_idle_seconds, settings.upload_seconds
    # A letter of a Cyrillic text takes six bytes in a form and in JSON, a rare one twelve.
    sizes: Mapping[Body, int] = {"form": 16 * _KIB, "text": 48 * _KIB, "json": 48 * _KIB}
    files: Mapping[Body, int] = {
        "signature": LONGEST,
        "workbook": file_bytes,
        "workbooks": file_bytes * FILES_AT_ONCE,
    }
    return {body: Limit(size, 10.0, 30.0) for body, size in sizes.items()} | {
        body: Limit(size, idle, total) for body, size in files.items()
    }
