"""The files of a folder, and the list that may come with them: whose, and of which month."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ingestion.request import Request
from warehouse.contracts import Contracts
from warehouse.core.clock import period_month
from warehouse.core.errors import FileError, UserError
from warehouse.storage.regular import is_file, is_folder, read_regular

_SKIPPED_PREFIXES = ("~$", ".")


def listed(
    folder: Path,
    contracts: Contracts,
    *,
    manifest: Path | None = None,
    period: str | None = None,
    form: str | None = None,
    by: str | None = None,
) -> list[Request]:
    """Requests for the files of a folder, or for one file.

    With a `manifest` only the files it lists; without one every file, for `period`. Raises
    UserError for a manifest or period that cannot be used.
    """
    if manifest is not None:
        requests = read_manifest(manifest, folder, contracts, period=period)
    else:
        requests = [Request(path, path.name, _required(period)) for path in _files_to_read(folder)]
    return [replace(each, form=each.form or form, by=by) for each in requests]


def _required(period: str | None) -> str:
    if period is None:
        raise UserError("PERIOD_MISSING")
    period_month(period)
    return period


def _files_to_read(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return [folder]
    # What is no file is named when it is opened.
    files = (path for path in folder.iterdir() if not is_folder(path))
    return sorted(path for path in files if not path.name.startswith(_SKIPPED_PREFIXES))


def read_manifest(
    manifest: Path,
    folder: Path,
    contracts: Contracts,
    *,
    period: str | None = None,
    missing_ok: bool = False,
) -> list[Request]:
    """Requests for the files that a CSV lists.

    Its columns are file, territory, period and form, in any order. Only `file` must be there;
    `period` fills in where the list has none. UTF-8, cp1251 and `;` as separator are understood;
    `missing_ok` passes over lines whose file is not there. Raises UserError with the number of the
    line at fault.
    """
    rows = _rows(manifest)
    header = [cell.strip().casefold() for cell in rows[0]] if rows else []
    if "file" not in header:
        raise UserError("MANIFEST_COLUMN_MISSING", manifest=manifest.name, column="file")
    requests = []
    for number, cells in enumerate(rows[1:], start=2):
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
        passed_over = missing_ok and not is_file(folder / row.get("file", ""))
        if any(row.values()) and not passed_over:
            requests.append(_request(row, number, manifest, folder, contracts, period))
    return requests


def _request(
    row: dict[str, str],
    number: int,
    manifest: Path,
    folder: Path,
    contracts: Contracts,
    period: str | None,
) -> Request:
    def fault(code: str, value: str, **more: str) -> UserError:
        return UserError(code, manifest=manifest.name, line=number, value=value, **more)

    path = folder / row.get("file", "")
    if (
        not row.get("file")
        or not is_file(path)
        or not path.resolve().is_relative_to(folder.resolve())
    ):
        raise fault("MANIFEST_FILE_MISSING", row.get("file", ""))
    territory = row.get("territory") or None
    if territory is not None:
        _require_territory(contracts, territory, fault)
    form = row.get("form") or None
    if form is not None and form not in contracts.forms:
        raise fault("MANIFEST_FORM_UNKNOWN", form)
    month = row.get("period") or period or ""
    try:
        period_month(month)
    except UserError as error:
        raise fault("MANIFEST_PERIOD_INVALID", month) from error
    return Request(path, path.name, month, territory=territory, form=form)


def _require_territory(
    contracts: Contracts, territory: str, fault: Callable[..., UserError]
) -> None:
    try:
        contracts.territories.require(territory)
    except UserError as error:
        is_name = error.code == "TERRITORY_NAMED"
        code = "MANIFEST_TERRITORY_NAMED" if is_name else "MANIFEST_TERRITORY_UNKNOWN"
        raise fault(code, **error.params) from None


def _rows(manifest: Path) -> list[list[str]]:
    text = _decode(manifest)
    reader = csv.reader(io.StringIO(text), delimiter=_delimiter(text))
    try:
        return list(reader)
    except csv.Error as error:
        line, problem = reader.line_num, str(error)
        raise UserError(
            "MANIFEST_LINE_UNREADABLE", manifest=manifest.name, line=line, problem=problem
        ) from error


def _decode(manifest: Path) -> str:
    try:
        content = read_regular(manifest)
    except FileError as error:
        raise UserError("MANIFEST_UNREADABLE", manifest=str(manifest)) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1251", errors="replace")


def _delimiter(text: str) -> str:
    first = text.splitlines()[0] if text else ""
    return ";" if first.count(";") > first.count(",") else ","
