"""Logs for people or, with `MVD_LOG_FORMAT=json`, for programs: a line of JSON per event.

Library code logs through `logging`; what `structlog.contextvars` holds (release, step) is added to
every line. Everything goes to stderr, so that answers on stdout stay clean.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog

LogFormat = Literal["text", "json"]

_CHATTY = frozenset({"great_expectations", "httpx", "alembic"})


def configure(log_format: LogFormat) -> None:
    """Set up the logs of this process: JSON from INFO on, text for warnings and worse."""
    handler = logging.StreamHandler(sys.stderr)
    if log_format == "json":
        handler.setFormatter(_json_formatter())
    root = logging.getLogger()
    root.handlers = [handler]
    level = logging.INFO if log_format == "json" else logging.WARNING
    handler.setLevel(level)
    root.setLevel(level)
    handler.addFilter(_worth_saying)


def _worth_saying(record: logging.LogRecord) -> bool:
    # Levels of loggers are no help: Great Expectations sets those of its own.
    return record.levelno >= logging.WARNING or record.name.split(".")[0] not in _CHATTY


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
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
