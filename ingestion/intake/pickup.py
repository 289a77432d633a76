"""Take in what lies in the inbox folder: judge it, put it away, leave the verdict beside it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from ingestion.intake import batch
from ingestion.intake.file_list import read_manifest
from ingestion.request import Request, Services, SubmissionResult
from warehouse.core.clock import period_month
from warehouse.core.durable import temporary_in
from warehouse.core.errors import UserError
from warehouse.core.texts import LANGUAGES
from warehouse.storage import inbox

SENDER = "inbox"
_KATO = re.compile(r"\d{9}")


def batches(services: Services, *, size: int = 20, settled_for: float = 2.0) -> list[list[str]]:
    """Waiting files, at most `size` together, as paths relative to the inbox.

    Files of which nothing says what month they are, are put into `unclear` with the reason.
    """
    ready = []
    for name in inbox.waiting(services.home, settled_for=settled_for):
        try:
            _request(services, name)
        except UserError as error:
            _set_aside(services, name, error)
        else:
            ready.append(name.as_posix())
    return [ready[start : start + size] for start in range(0, len(ready), size)]


def take_in(services: Services, names: Sequence[str]) -> list[SubmissionResult]:
    """Judge waiting files and put each into `done` with its verdict.

    Names that are gone were dealt with by an earlier attempt and are passed over.
    """
    there = [Path(name) for name in names if (services.home.inbox / name).is_file()]
    requests = [_request(services, name) for name in there]
    # The gate's library takes seconds to import: meanwhile other processes read the files.
    threading.Thread(target=import_module, args=("expectations.library",), daemon=True).start()
    results = batch.run(services, requests)
    for name, result in zip(there, results, strict=True):
        _put_into_done(services, name, result)
    return results


def _request(services: Services, name: Path) -> Request:
    """What the folders above a file, or the manifest there, say about it."""
    manifest = inbox.manifest_of(services.home, name)
    path = services.home.inbox / name
    if manifest is None:
        return replace(_from_folders(services, name), by=SENDER)
    # Files of the list that were judged have moved away.
    listed = read_manifest(manifest, manifest.parent, services.contracts, missing_ok=True)
    for request in listed:
        if request.source == path:
            return replace(request, by=SENDER)
    raise UserError("INBOX_FILE_NOT_LISTED", file=name.name, manifest=manifest.name)


def _from_folders(services: Services, name: Path) -> Request:
    period = form = territory = None
    for part in name.parts[:-1]:
        if part in services.contracts.forms:
            form = part
        elif _KATO.fullmatch(part) and part in services.contracts.territories:
            territory = part
        elif _is_period(part):
            period = part
    if period is None:
        raise UserError("INBOX_PERIOD_UNKNOWN", file=name.name)
    path = services.home.inbox / name
    return Request(path, path.name, period, territory=territory, form=form)


def _is_period(text: str) -> bool:
    try:
        period_month(text)
    except UserError:
        return False
    return True


def _set_aside(services: Services, name: Path, error: UserError) -> None:
    place = inbox.put_away(services.home, name, Path(inbox.UNCLEAR))
    reason = "\n".join(error.text(language) for language in LANGUAGES)
    _write(place.with_name(f"{place.name}.txt"), f"{reason}\n")


def _put_into_done(services: Services, name: Path, result: SubmissionResult) -> None:
    prefix = f"{result.submission_id or 'refused'}-"
    folder = Path(inbox.DONE) / result.period
    verdict = json.dumps(result.to_json(services.contracts), ensure_ascii=False, indent=1)
    # The verdict first: a file that has moved is one that has its verdict beside it.
    target = services.home.inbox / folder / f"{prefix}{name.name}"
    _write(target.with_name(f"{target.name}.json"), verdict)
    inbox.put_away(services.home, name, folder, prefix)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_in(path.parent) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")
        temporary.replace(path)
