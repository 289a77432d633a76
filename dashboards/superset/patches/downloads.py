"""Downloads are written by `dashboards.pages.downloads`: plain values, as Excel opens them here.

Why: CSV_EXPORT and EXCEL_EXPORT choose separators; they neither take links and drawings out of
cells nor keep texts from becoming formulas, nor say that figures are of the demonstration.
Upstream: apache/superset#38555 (separators of an Excel file); none known for the rest.
Test: tests/unit/dashboards/pages/test_downloads.py, tests/dashboards/test_superset.py.
To drop: when a setting names the function that writes a file.
"""

from __future__ import annotations

from typing import Any

from flask import has_request_context, request

from dashboards.data import release_pin
from dashboards.pages import downloads

MADE_FOR = {"apache-superset": "6.1.0"}


def install() -> None:
    """Write CSV and Excel files our way."""
    from superset.utils import csv, excel

    csv.df_to_escaped_csv = _csv_of_request
    excel.df_to_excel = _workbook_of_request


def _csv_of_request(frame: Any, **options: Any) -> str:
    """A letter's table is read again by Superset before it leaves."""
    is_letter = has_request_context() and request.args.get("type") == "post_processed"
    return downloads.as_csv(_marked(frame), index=options.get("index", False), to_be_read=is_letter)


def _workbook_of_request(frame: Any, **options: Any) -> bytes:
    return downloads.as_workbook(_marked(frame), **options)


def _marked(frame: Any) -> Any:
    return downloads.marked(frame, is_demonstration=release_pin.is_demonstration())
