"""Take in what lies in the inbox folder: judge it, put it away, leave the verdict beside it."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from ingestion.intake import batch
from ingestion.intake.file_list import read_manifest
from ingestion.judge.prepare import Unread
from ingestion.request import Request, Services, SubmissionResult
from warehouse.core.clock import period_month
from warehouse.core.durable import temporary_in
from warehouse.core.errors import FileError, UserError
from warehouse.core.texts import LANGUAGES
from warehouse.storage import inbox
from warehouse.storage.regular import is_file, refuse_irregular

SENDER = "inbox"
_log = logging.getLogger(__name__)
_KATO = re.compile(r"\d{9}")


def batches(services: Services, *, size: int = 20, settled_for: float = 2.0) -> list[list[str]]:
    """Waiting files, at most `size` together, as paths relative to the inbox.

    Files of which nothing says what month they are, are put into `unclear` with the reason; what
    cannot be read stays where it is, and the reason alone is put there.
    """
    for name in inbox.irregular(services.home):
        try:
            refuse_irregular(services.home.inbox / name)
        except FileError as error:
            _leave(services, name, error)
    waiting = inbox.waiting(services.home, settled_for=settled_for)
    ready = [name.as_posix() for name, _ in _requests(services, waiting)]
    return [ready[start : start + size] for start in range(0, len(ready), size)]


def take_in(services: Services, names: Sequence[str]) -> list[SubmissionResult]:
    """Judge waiting files and put each into `done` with its verdict.

    Names that are gone were dealt with by an earlier attempt and are passed over. A file that
    cannot be read, or has no place in `done`, stays for another attempt.
    """
    there = [Path(name) for name in names if is_file(services.home.inbox / name)]
    found = _requests(services, there)
    # The gate's library takes seconds to import: meanwhile other processes read the files.
    threading.Thread(target=import_module, args=("expectations.library",), daemon=True).start()
    answers = batch.answers(services, [request for _, request in found])
    results = []
    for (name, _), answer in zip(found, answers, strict=True):
        if isinstance(answer, Unread):
            _leave(services, name, answer.error)
        else:
            _put_into_done(services, name, answer)
            results.append(answer)
    return results


def _requests(services: Services, names: Sequence[Path]) -> list[tuple[Path, Request]]:
    """Names that can be judged now, each with its request; the others are dealt with."""
    found = []
    for name in names:
        try:
            request = _request(services, name)
            inbox.open_folder(services.home, Path(inbox.DONE) / request.period)
        except FileError as error:
            _leave(services, name, error)
        except UserError as error:
            _set_aside(services, name, error)
        else:
            found.append((name, request))
    return found


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
    try:
        inbox.put_away(services.home, name, Path(inbox.UNCLEAR))
    except FileError as taken:
        _log.warning("inbox: %s stays: %s", ascii(str(name)), taken)
    else:
        _give_reason(services, name, error)


def _leave(services: Services, name: Path, error: FileError) -> None:
    """Say why a file stays where it is."""
    _log.warning("inbox: %s stays: %s", ascii(str(name)), error)
    with suppress(FileError):
        inbox.open_folder(services.home, Path(inbox.UNCLEAR))
        _give_reason(services, name, error)


def _reason_file(services: Services, name: Path) -> Path:
    return services.home.inbox / inbox.UNCLEAR / f"{inbox.kept_name(name.name)}.txt"


def _give_reason(services: Services, name: Path, error: UserError) -> None:
    reason = "\n".join(error.text(language) for language in LANGUAGES)
    _write(_reason_file(services, name), f"{reason}\n")


def _forget_reason(services: Services, name: Path) -> None:
    """A file that could be read at last needs none; one of its name that was set aside does."""
    reason = _reason_file(services, name)
    if not os.path.lexists(reason.with_suffix("")):
        with suppress(FileNotFoundError, NotADirectoryError):
            reason.unlink()


def _put_into_done(services: Services, name: Path, result: SubmissionResult) -> None:
    prefix = f"{result.submission_id or 'refused'}-"
    folder = Path(inbox.DONE) / result.period
    verdict = json.dumps(result.to_json(services.contracts), ensure_ascii=False, indent=1)
    # The verdict first: a file that has moved is one that has its verdict beside it.
    target = services.home.inbox / folder / inbox.kept_name(name.name, prefix)
    _write(target.with_name(f"{target.name}.json"), verdict)
    inbox.put_away(services.home, name, folder, prefix)
    _forget_reason(services, name)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_in(path.parent) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")
        temporary.replace(path)
