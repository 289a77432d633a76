"""The sheet that lists all findings, worst first, each with a link to its cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from lxml import etree

from ingestion.annotate.package import MAIN, main, plain_text
from ingestion.annotate.styles import FILLS, Styles
from ingestion.findings import render
from warehouse.contracts import Contracts
from warehouse.contracts.messages import Severity
from warehouse.core.texts import Language, TextBook
from warehouse.ledger import Finding

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
_COLUMNS = {
    "column_number": 5,
    "column_severity": 17,
    "column_sheet": 12,
    "column_cell": 10,
    "column_found": 18,
    "column_expected": 18,
    "column_text": 70,
    "column_how_to_fix": 60,
}
_TAB_COLOR, _HEADER_COLOR, _LINE_COLOR, _LINK_COLOR = (
    "FFC00000",
    "FF1F3864",
    "FFBFBFBF",
    "FF0563C1",
)
_LONGEST = 32_000
_LINE_POINTS, _MOST_POINTS = 13, 400


@dataclass(frozen=True, slots=True)
class Row:
    """A finding with the place that its link leads to, None where there is none."""

    finding: Finding
    link: str | None


@dataclass(frozen=True, slots=True)
class _Looks:
    """Formats of the summary, as numbers of the stylesheet."""

    title: int
    plain: int
    header: int
    text: int
    link: int
    severity: dict[str, int]


def summary_sheet(
    heading: Sequence[str],
    rows: Sequence[Row],
    styles: Styles,
    *,
    contracts: Contracts,
    texts: TextBook,
    language: Language,
) -> tuple[etree._Element, str]:
    """The worksheet and the absolute range of its list. `rows` come worst first."""
    looks = _looks(styles)
    sheet = etree.Element(main("worksheet"), nsmap={None: MAIN})
    properties = etree.SubElement(sheet, main("sheetPr"))
    etree.SubElement(properties, main("tabColor"), rgb=_TAB_COLOR)
    etree.SubElement(properties, main("pageSetUpPr"), fitToPage="1")
    header_row = len(heading) + 2
    _freeze(sheet, header_row)
    etree.SubElement(sheet, main("sheetFormatPr"), defaultRowHeight="15")
    columns = etree.SubElement(sheet, main("cols"))
    for place, width in enumerate(map(str, _COLUMNS.values()), start=1):
        etree.SubElement(
            columns, main("col"), min=str(place), max=str(place), width=width, customWidth="1"
        )
    data = etree.SubElement(sheet, main("sheetData"))
    for number, line in enumerate(heading, start=1):
        _write(data, number, [line], [looks.title if number == 1 else looks.plain])
    header = [texts.text(key, language) for key in _COLUMNS]
    _write(data, header_row, header, [looks.header] * len(header))
    links = etree.Element(main("hyperlinks"))
    for number, row in enumerate(rows, start=1):
        values = _values(number, row.finding, texts, contracts, language)
        _write_finding(data, links, header_row + number, row, looks, values)
    if not rows:
        _write(data, header_row + 1, [texts.text("nothing", language)], [looks.plain])
    last = header_row + max(len(rows), 1)
    etree.SubElement(sheet, main("autoFilter"), ref=f"A{header_row}:H{last}")
    if len(links):
        sheet.append(links)
    etree.SubElement(
        sheet, main("pageMargins"),
        left="0.4", right="0.4", top="0.5", bottom="0.5", header="0.3", footer="0.3",
    )  # fmt: skip
    etree.SubElement(
        sheet, main("pageSetup"), paperSize="9", orientation="landscape", fitToHeight="0"
    )
    return sheet, f"$A${header_row}:$H${last}"


def counted(findings: Sequence[Finding]) -> dict[str, int]:
    """How many errors, warnings and notes there are."""
    counts = Counter(finding.severity for finding in findings)
    return {"errors": counts["error"], "warnings": counts["warning"], "notes": counts["info"]}


def _looks(styles: Styles) -> _Looks:
    border = styles.border(_LINE_COLOR)
    normal = styles.font()

    def format_(font: int, *, fill: int = 0, border: int = 0, wrap: bool = True) -> int:
        element = etree.Element(
            main("xf"),
            {
                "numFmtId": "49",
                "fontId": str(font),
                "fillId": str(fill),
                "borderId": str(border),
                "xfId": "0",
                # Keeps a text a text when it is edited, whatever it begins with.
                "quotePrefix": "1",
                "applyNumberFormat": "1",
                "applyFont": "1",
                "applyFill": "1",
                "applyBorder": "1",
                "applyAlignment": "1",
            },
        )
        alignment = etree.SubElement(element, main("alignment"), vertical="top")
        if wrap:
            alignment.set("wrapText", "1")
        return styles.append("cellXfs", element)

    header_font = styles.font(bold=True, color="FFFFFFFF")
    return _Looks(
        title=format_(styles.font(bold=True, size=14), wrap=False),
        plain=format_(normal, wrap=False),
        header=format_(header_font, fill=styles.solid(_HEADER_COLOR), border=border),
        text=format_(normal, border=border),
        link=format_(styles.font(color=_LINK_COLOR), border=border),
        severity={
            severity: format_(normal, fill=styles.solid(FILLS[severity]), border=border)
            for severity in SEVERITIES
        },
    )


def _freeze(sheet: etree._Element, header_row: int) -> None:
    views = etree.SubElement(sheet, main("sheetViews"))
    view = etree.SubElement(views, main("sheetView"), showGridLines="0", workbookViewId="0")
    etree.SubElement(
        view, main("pane"),
        ySplit=str(header_row), topLeftCell=f"A{header_row + 1}",
        activePane="bottomLeft", state="frozen",
    )  # fmt: skip


def _write_finding(
    data: etree._Element,
    links: etree._Element,
    row_number: int,
    row: Row,
    looks: _Looks,
    values: Sequence[str | None],
) -> None:
    finding = row.finding
    place = looks.link if row.link else looks.text
    formats = [looks.text, looks.severity[finding.severity], place, place, *[looks.text] * 4]
    _write(data, row_number, values, formats)
    if row.link:
        for column in "CD" if finding.cell else "C":
            etree.SubElement(
                links, main("hyperlink"), ref=f"{column}{row_number}", location=row.link
            )


def _values(
    number: int, finding: Finding, texts: TextBook, contracts: Contracts, language: Language
) -> list[str | None]:
    wrong, how_to_fix = render(finding, contracts, language)
    return [
        str(number),
        texts.text(finding.severity, language),
        finding.sheet,
        finding.cell,
        finding.found,
        finding.expected,
        wrong,
        how_to_fix,
    ]


def _write(
    data: etree._Element, number: int, values: Sequence[str | None], formats: Sequence[int]
) -> None:
    """A row of texts; nothing in it can become a formula, for every value is an inline text."""
    row = etree.SubElement(data, main("row"), r=str(number))
    if len(values) == len(_COLUMNS):
        # Not every program fits the height of a row to wrapped text.
        row.set("ht", str(_height(values)))
        row.set("customHeight", "1")
    for column, value, style in zip("ABCDEFGH", values, formats, strict=False):
        cell = etree.SubElement(row, main("c"), r=f"{column}{number}", s=str(style))
        if value:
            cell.set("t", "inlineStr")
            text = etree.SubElement(etree.SubElement(cell, main("is")), main("t"))
            text.text = plain_text(value)[:_LONGEST]
            text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")


def _height(values: Sequence[str | None]) -> int:
    """Points that a row of wrapped texts needs."""
    widths = _COLUMNS.values()
    lines = max(ceil(len(v or "") / width) for v, width in zip(values, widths, strict=True))
    return min(_LINE_POINTS * max(lines, 1) + 2, _MOST_POINTS)
