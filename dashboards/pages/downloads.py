"""What is downloaded: plain values, as the Excel of this country opens them.

On the screen cells hold links, drawings and numbers in words; a file gets the address, nothing, and
the number.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dashboards.cells.words import BREAK
from dashboards.names import LANGUAGES, in_both, texts

_MARKUP = re.compile(r"(<(?:a|div|span)\b.*>)( \([^<>]*\))?", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_ADDRESS = re.compile(r'<a href="([^"]*)"')
_DRAWING = '<div class="mvd-interval">'
_NUMBER = re.compile(r"([+-]?(?:0|[1-9]\d{0,2}(?:\u00a0?\d{3})*)(?:,\d+)?)([\u00a0 ]?%)?")
_CODE = re.compile(r"\d{4,}")
_FORMULA = re.compile(r"\s*[=+\-@\t\r\n|%\uff1d\uff0b\uff0d\uff20]")
_POINTS = "|".join(
    re.escape(texts("growth")["points"][language].removeprefix("{value}")) for language in LANGUAGES
)
_HARMLESS = re.compile(
    rf"[+\-%]|[+-]\d[\d\u00a0]*(,\d+)?([\u00a0 ]?%|{_POINTS})?(; [\w .\u00a0]*)?({BREAK})?"
)
_WIDEST = 60
_DEMONSTRATION = in_both("demonstration_data", between=" · ")
_IS_DEMONSTRATION = in_both("yes_both", between=" · ")
_SHAPES = ("0%", "0.0%", "0.00%")


class Share(NamedTuple):
    """A number that stands in per cent, as a part of one."""

    value: float
    decimals: int


def as_csv(frame: pd.DataFrame, *, index: bool = False, to_be_read: bool = False) -> str:
    """The text of a CSV: semicolons and decimal commas; what would run as a formula is quoted.

    With `to_be_read` it has commas, and numbers as they stand on the screen.
    """
    change = _harmless if to_be_read else _without_thousands
    shown = _each(plain(_flat(frame, index=index)), change)
    shown.columns = [_harmless(str(name)) for name in shown.columns]
    separator, decimal = (",", ".") if to_be_read else (";", ",")
    return str(shown.to_csv(index=False, sep=separator, decimal=decimal))


def as_workbook(frame: pd.DataFrame, *, index: bool = False, **_: Any) -> bytes:
    """The bytes of a workbook: numbers as numbers, texts never as formulas, headings in sight."""
    shown = _each(plain(_flat(frame, index=index)), _as_value)
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "nan_inf_to_errors": True}
    with pd.ExcelWriter(buffer, engine="xlsxwriter", engine_kwargs={"options": options}) as writer:
        shown.map(_without_share).to_excel(writer, index=False, freeze_panes=(1, 0))
        _dress(writer, shown)
    return buffer.getvalue()


def marked(frame: pd.DataFrame, *, is_demonstration: bool) -> pd.DataFrame:
    """The frame; figures of the demonstration say so in every row, so that no copy loses it."""
    return frame.assign(**{_DEMONSTRATION: _IS_DEMONSTRATION}) if is_demonstration else frame


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame without markup; columns that hold drawings alone are left out."""
    drawn = [number for number in range(frame.shape[1]) if _is_drawn(frame.iloc[:, number])]
    kept = frame.iloc[:, [number for number in range(frame.shape[1]) if number not in drawn]]
    return _each(kept, _without_markup)


def _flat(frame: pd.DataFrame, *, index: bool) -> pd.DataFrame:
    return frame.reset_index() if index else frame


def _each(frame: pd.DataFrame, change: Callable[[str], Any]) -> pd.DataFrame:
    """The frame with every text changed."""
    changed = frame.copy()
    for number in range(frame.shape[1]):
        column = frame.iloc[:, number]
        if column.dtype == object or pd.api.types.is_string_dtype(column):
            values = [change(value) if isinstance(value, str) else value for value in column]
            changed.isetitem(number, np.array([*values, None], dtype=object)[:-1])
    return changed


def _is_drawn(column: pd.Series[Any]) -> bool:
    texts = [value for value in column if isinstance(value, str) and value]
    return bool(texts) and all(text.startswith(_DRAWING) for text in texts)


def _without_markup(value: str) -> str:
    found = _MARKUP.fullmatch(value)
    if not found:
        return value
    markup, month = found[1], found[2] or ""
    if address := _ADDRESS.match(markup):
        return html.unescape(address[1])
    parts = (part.strip() for part in _TAG.split(markup))
    return html.unescape("; ".join(part for part in parts if part)) + month


def _as_value(text: str) -> int | float | str | Share:
    """The number that a text is, if it is one; codes stay texts."""
    found = _NUMBER.fullmatch(text)
    if not found or _CODE.fullmatch(text):
        return text
    digits = found[1].replace("\u00a0", "").replace(",", ".")
    if found[2]:
        decimals = len(digits.partition(".")[2])
        return Share(round(float(digits) / 100, decimals + 2), decimals)
    return float(digits) if "." in digits else int(digits)


def _without_thousands(text: str) -> str:
    """A number without the marks of thousands; any other text as it is, or made harmless."""
    return re.sub("[\u00a0 ]", "", text) if _NUMBER.fullmatch(text) else _harmless(text)


def _harmless(text: str) -> str:
    is_formula = _FORMULA.match(text) and not _HARMLESS.fullmatch(text)
    return f"'{text}" if is_formula else text


def _without_share(value: Any) -> Any:
    return value.value if isinstance(value, Share) else value


def _dress(writer: Any, frame: pd.DataFrame) -> None:
    """Columns as wide as what stands in them, shares in per cent."""
    sheet = writer.sheets["Sheet1"]
    looks = [writer.book.add_format({"num_format": shape}) for shape in _SHAPES]
    for number, name in enumerate(frame.columns):
        lengths = (len(str(_without_share(value))) for value in frame.iloc[:, number])
        sheet.set_column(number, number, min(2 + max([len(str(name)), *lengths]), _WIDEST))
    for place in ((r, c) for r in range(frame.shape[0]) for c in range(frame.shape[1])):
        share: Any = frame.iat[place]
        if isinstance(share, Share):
            look = looks[min(share.decimals, len(looks) - 1)]
            sheet.write_number(place[0] + 1, place[1], share.value, look)
