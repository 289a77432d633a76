"""Cell formats: a clone with a fill for each format that is marked, and the way back."""

from __future__ import annotations

from copy import deepcopy
from functools import cache

from lxml import etree

from ingestion.annotate.package import MAIN, main
from warehouse.contracts.messages import Severity

# Close to the fills that Excel calls bad, neutral and note, yet nobody else's: by these colours
# our marks are found again in a workbook that comes back.
FILLS: dict[Severity, str] = {"error": "FFFFC4C9", "warning": "FFFFE795", "info": "FFD6E8F8"}
_ORDER = (
    "numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs",
    "tableStyles", "colors", "extLst",
)  # fmt: skip


def empty_stylesheet() -> etree._Element:
    """The least that a workbook without styles needs."""
    root = etree.Element(main("styleSheet"), nsmap={None: MAIN})
    styles = Styles(root)
    styles.font()
    for pattern in ("none", "gray125"):
        fill = etree.SubElement(styles.table("fills"), main("fill"))
        etree.SubElement(fill, main("patternFill"), patternType=pattern)
    styles.append("borders", etree.Element(main("border")))
    plain = {"numFmtId": "0", "fontId": "0", "fillId": "0", "borderId": "0"}
    styles.append("cellStyleXfs", etree.Element(main("xf"), plain))
    styles.append("cellXfs", etree.Element(main("xf"), plain | {"xfId": "0"}))
    return root


class Styles:
    """The stylesheet of a workbook. Formats are numbers: places in `cellXfs`."""

    def __init__(self, root: etree._Element) -> None:
        self._root = root
        self.marked = cache(self._marked)
        self.unmarked = cache(self._unmarked)
        self.solid = cache(self._solid)

    def table(self, name: str) -> etree._Element:
        """A list of the stylesheet, made in its place when it is not there."""
        found = self._root.find(main(name))
        if found is not None:
            return found
        before = set(_ORDER[: _ORDER.index(name)])
        place = sum(etree.QName(child).localname in before for child in self._root)
        element = etree.Element(main(name))
        self._root.insert(place, element)
        return element

    def append(self, name: str, element: etree._Element) -> int:
        """Add to a list; gives the place."""
        table = self.table(name)
        table.append(element)
        table.set("count", str(len(table)))
        return len(table) - 1

    def font(self, *, bold: bool = False, size: float = 10, color: str | None = None) -> int:
        """Add a font."""
        font = etree.Element(main("font"))
        if bold:
            etree.SubElement(font, main("b"))
        etree.SubElement(font, main("sz"), val=str(size))
        if color:
            etree.SubElement(font, main("color"), rgb=color)
        etree.SubElement(font, main("name"), val="Arial")
        return self.append("fonts", font)

    def border(self, color: str) -> int:
        """Add a thin border on four sides."""
        border = etree.Element(main("border"))
        for side in ("left", "right", "top", "bottom"):
            edge = etree.SubElement(border, main(side), style="thin")
            etree.SubElement(edge, main("color"), rgb=color)
        return self.append("borders", border)

    def marked_styles(self) -> frozenset[int]:
        """Formats that carry one of our fills."""
        ours = self._our_fills()
        formats = enumerate(self.table("cellXfs"))
        return frozenset(place for place, format_ in formats if format_.get("fillId") in ours)

    def _solid(self, color: str) -> int:
        """The place of the fill of one colour."""
        fill = etree.Element(main("fill"))
        pattern = etree.SubElement(fill, main("patternFill"), patternType="solid")
        etree.SubElement(pattern, main("fgColor"), rgb=color)
        etree.SubElement(pattern, main("bgColor"), indexed="64")
        return self.append("fills", fill)

    def _marked(self, style: int, severity: Severity, is_general: bool = False) -> int:
        """The format `style` with the fill of a severity, if `is_general` for any number."""
        clone = deepcopy(self._format(style))
        if is_general:
            clone.set("numFmtId", "0")
        clone.set("fillId", str(self.solid(FILLS[severity])))
        clone.set("applyFill", "1")
        return self.append("cellXfs", clone)

    def _unmarked(self, style: int) -> int:
        """The format that `style` was before it was marked: one that differs in its fill only."""
        wanted = _without_fill(self._format(style))
        ours = self._our_fills()
        for place, other in enumerate(self.table("cellXfs")):
            if other.get("fillId") not in ours and _without_fill(other) == wanted:
                return place
        clone = deepcopy(self._format(style))
        clone.set("fillId", "0")
        return self.append("cellXfs", clone)

    def _format(self, style: int) -> etree._Element:
        formats = self.table("cellXfs")
        return formats[style] if style < len(formats) else formats[0]

    def _our_fills(self) -> set[str | None]:
        return {
            str(place)
            for place, fill in enumerate(self.table("fills"))
            for color in fill.iter(main("fgColor"))
            if color.get("rgb") in FILLS.values()
        }


def _without_fill(format_: etree._Element) -> bytes:
    bare = deepcopy(format_)
    bare.attrib.pop("fillId", None)
    bare.attrib.pop("applyFill", None)
    bare.tail = None
    return bytes(etree.tostring(bare, method="c14n"))
