"""The list of sheets of a workbook, and our own sheet in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from ingestion.annotate.package import OFFICE, Package, detach, main
from ingestion.annotate.styles import Styles, empty_stylesheet
from ingestion.read.workbook import SUMMARY_NAME, reference, sheet_of

_BOOK = "xl/workbook.xml"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_STYLES_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
_LONGEST_NAME = 31
# What stands before the defined names of a workbook.
_BEFORE_NAMES = ("sheets", "functionGroups", "externalReferences")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet by the name on its tab."""

    name: str
    part: str


class Book:
    """`xl/workbook.xml` with what belongs to it. Raises ValueError for another dialect of XML."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._root = package.tree(_BOOK)
        sheets = self._root.find(main("sheets"))
        if sheets is None:
            raise ValueError("the list of sheets is not where Excel writes it")
        self._sheets = sheets

    @property
    def sheets(self) -> list[Sheet]:
        """Worksheets in the order of their tabs; charts on sheets of their own left out."""
        targets = {r.id: r for r in self._package.relations(_BOOK)}
        return [
            Sheet(element.get("name", ""), relation.target)
            for element in self._sheets
            if (relation := targets.get(element.get(f"{{{OFFICE}}}id", "")))
            and relation.kind == "worksheet"
            and relation.target
        ]

    def styles(self) -> Styles:
        """The stylesheet, made when there is none."""
        for relation in self._package.relations(_BOOK):
            if relation.kind == "styles" and relation.target:
                return Styles(self._package.tree(relation.target))
        root = empty_stylesheet()
        part = self._package.free_name("xl/styles{}.xml")
        self._package.add(part, root, _STYLES_TYPE)
        self._package.relate(_BOOK, part, "styles")
        return Styles(root)

    def free_title(self, title: str) -> str:
        """`title`, numbered when another sheet has that name."""
        taken = {sheet.get("name", "").casefold() for sheet in self._sheets}
        free, number = title, 1
        while free.casefold() in taken:
            number += 1
            free = f"{title[: _LONGEST_NAME - 5]} ({number})"
        return free

    def put_first(self, title: str, root: etree._Element, table: str) -> None:
        """Make `root` the first tab; `table` is the range of its list. The view stays as it is."""
        part = self._package.free_name("xl/worksheets/sheet{}.xml")
        self._package.add(part, root, _SHEET_TYPE)
        number = max((int(s.get("sheetId", "0")) for s in self._sheets), default=0) + 1
        sheet = etree.Element(main("sheet"), name=title, sheetId=str(number))
        sheet.set(f"{{{OFFICE}}}id", self._package.relate(_BOOK, part, "worksheet"))
        self._sheets.insert(0, sheet)
        self._move(0, 1)
        for view in self._root.iter(main("workbookView")):
            view.set("firstSheet", "0")
        self._define(SUMMARY_NAME, reference(title, "$A$1"))
        self._define("_xlnm._FilterDatabase", reference(title, table), local="0")

    def remove_summary(self) -> None:
        """Take out the sheet that an earlier check has put in."""
        for defined in list(self._names()):
            if defined.get("name") == SUMMARY_NAME:
                detach(defined)
                self._remove(sheet_of(defined.text or ""))

    def _remove(self, title: str) -> None:
        targets = {r.id: r.target for r in self._package.relations(_BOOK)}
        for place, sheet in enumerate(list(self._sheets)):
            if sheet.get("name") == title and len(self._sheets) > 1:
                relation_id = sheet.get(f"{{{OFFICE}}}id", "")
                self._sheets.remove(sheet)
                self._package.unrelate(_BOOK, relation_id)
                self._package.remove(targets.get(relation_id, ""))
                for defined in list(self._names()):
                    if defined.get("localSheetId") == str(place):
                        detach(defined)
                self._move(place, -1)

    def _move(self, first: int, by: int) -> None:
        """Sheets from `first` on have moved: follow them where they are known by their place."""
        for defined in self._names():
            place = defined.get("localSheetId")
            if place is not None and int(place) >= first:
                defined.set("localSheetId", str(int(place) + by))
        for view in self._root.iter(main("workbookView")):
            active = int(view.get("activeTab", "0"))
            if active >= first:
                view.set("activeTab", str(max(active + by, 0)))

    def _names(self) -> Iterator[etree._Element]:
        return self._root.iter(main("definedName"))

    def _define(self, name: str, meaning: str, *, local: str | None = None) -> None:
        names = self._root.find(main("definedNames"))
        if names is None:
            names = etree.Element(main("definedNames"))
            before = [self._root.find(main(tag)) for tag in _BEFORE_NAMES]
            last = [element for element in before if element is not None][-1]
            last.addnext(names)
        defined = etree.SubElement(names, main("definedName"), name=name, hidden="1")
        if local is not None:
            defined.set("localSheetId", local)
        defined.text = meaning
