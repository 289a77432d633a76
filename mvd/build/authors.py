"""Which submissions of earlier versions are of the demonstration: their kept originals tell."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from warehouse.core.errors import UserError

if TYPE_CHECKING:
    from ingestion.request import Services

_log = logging.getLogger(__name__)


def read_authors(services: Services) -> int:
    """Read the author of every accepted file whose author no version has read yet.

    Returns how many were read. One whose original is lost stays unread: `mvd doctor` tells it.
    """
    from ingestion.read.workbook import read_properties
    from warehouse.storage import originals

    unread = services.ledger.unread_authors()
    if not unread:
        return 0
    marks = {}
    for submission in services.ledger.submissions():
        # Only an accepted file passed the inspection that makes its parts safe to parse.
        if submission.submission_id not in unread or not submission.cells_path:
            continue
        try:
            original = originals.find(services.home, submission.file_sha256)
        except UserError as error:
            _log.warning("author of %s: %s", submission.submission_id, error)
            continue
        marks[submission.submission_id] = read_properties(original.path).is_demonstration
    services.ledger.record_authors(marks)
    return len(marks)
