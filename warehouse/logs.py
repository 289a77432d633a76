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


def configure(log_format: LogFormat) -> None:
    """Set up the logs of this process: JSON from INFO on, text for warnings and worse."""
    handler = logging.StreamHandler(sys.stderr)
    if log_format == "json":
        handler.setFormatter(_json_formatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO if log_format == "json" else logging.WARNING)
    for chatty in ("great_expectations", "httpx", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


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
