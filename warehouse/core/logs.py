"""Logs for people or, with `MVD_LOG_FORMAT=json`, for programs: a line of JSON per event.

Library code logs through `logging`; what `structlog.contextvars` holds (release, step) is added to
every line. Everything goes to stderr, so that answers on stdout stay clean.

Tracebacks hold no local variables. What has the shape of a secret, and what `hide` was told, is
masked in the finished line, whoever wrote it.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Literal

import structlog

LogFormat = Literal["text", "json"]

_CHATTY = frozenset({"great_expectations", "httpx", "alembic"})
MASK = "[hidden]"
_SHORTEST = 6
"""Shorter values stand in too many innocent words to be masked."""
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"(/enrol/)[^\s\"'?#\\]+", rf"\1{MASK}"),
        (r"\b(bearer|basic)\s+[\w.~+/=-]+", rf"\1 {MASK}"),
        (r"(://[^\s/:@\"']*:)[^\s@\"']{1,300}(?=@)", rf"\1{MASK}"),
        (
            r"\b((?:__Host-)?mvd(?:[_-](?:session|form|oidc))?|password|repeated|present|secret|csrf"
            r"|(?:access_|id_)?token|code_verifier|nonce)=[^\s&;,\"'\\]+",
            rf"\1={MASK}",
        ),
        (r"([?&](?:code|state)=)[^\s&\"'\\]+", rf"\1{MASK}"),
        # What portal.access.secret makes: 32 random bytes in base64url, with or without a prefix.
        (
            r"(?-i:(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*[0-9])"
            r"(?:mvd_)?[A-Za-z0-9_-]{43}(?![\w-]))",
            MASK,
        ),
    )
)
_hidden: ContextVar[frozenset[str]] = ContextVar("hidden", default=frozenset())


def configure(log_format: LogFormat) -> None:
    """Set up the logs of this process: JSON from INFO on, text for warnings and worse."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Masking(_json_formatter() if log_format == "json" else None))
    root = logging.getLogger()
    root.handlers = [handler]
    level = logging.INFO if log_format == "json" else logging.WARNING
    handler.setLevel(level)
    root.setLevel(level)
    handler.addFilter(_worth_saying)


def hide(values: Iterable[str]) -> None:
    """Mask these values in every line that is logged from now on in this task or thread."""
    _hidden.set(_hidden.get() | {value for value in values if len(value) >= _SHORTEST})


def masked(line: str) -> str:
    """A line without what `hide` was told and without what has the shape of a secret."""
    for value in sorted(_hidden.get(), key=len, reverse=True):
        for written in {value, repr(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}:
            line = line.replace(written, MASK)
    for shape, replacement in _SHAPES:
        line = shape.sub(replacement, line)
    return line


class _Masking(logging.Formatter):
    """Another formatter's lines (by default those of `logging`), masked."""

    def __init__(self, formatter: logging.Formatter | None) -> None:
        super().__init__()
        self._formatter = formatter or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        return masked(self._formatter.format(record))


def _worth_saying(record: logging.LogRecord) -> bool:
    # Levels of loggers are no help: Great Expectations sets those of its own.
    return record.levelno >= logging.WARNING or record.name.split(".")[0] not in _CHATTY


# Local variables hold passwords, cookies and whole files, and printing them takes seconds.
_TRACEBACKS = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, use_rich=False)


def _json_formatter() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.ExceptionRenderer(_TRACEBACKS),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
