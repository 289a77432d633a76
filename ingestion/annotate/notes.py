"""Notes on cells: the comments of a sheet, and the drawing without which Excel shows none."""

from __future__ import annotations

import re
from collections.abc import Collection

from lxml import etree

from ingestion.annotate.package import MAIN, Package, child, detach, main, plain_text
from ingestion.annotate.worksheet import Place, Worksheet, address_of, place_of

_VML, _O, _X = (
    "urn:schemas-microsoft-com:vml",
    "urn:schemas-microsoft-com:office:office",
    "urn:schemas-microsoft-com:office:excel",
)
_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_VML_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_SHAPE_ID = re.compile(r"_x0000_s(\d+)")
_WIDTH_COLUMNS, _CHARACTERS_PER_LINE, _MOST_ROWS = 5, 45, 20
_LONGEST = 8_000


class Notes:
    """The notes of one sheet. Notes of others stay; ours are known by their heading."""

    def __init__(self, package: Package, part: str, sheet: Worksheet) -> None:
        self._package = package
        self._part = part
        self._sheet = sheet

    def write(self, texts: dict[Place, str], author: str) -> None:
        """Put a note on each place, below what somebody else's note says there."""
        comments = self._comments()
        existing = {comment.get("ref"): comment for comment in comments.iter(main("comment"))}
        author_id = _author_id(comments, author)
        drawing = self._drawing()
        listed = child(comments, "commentList")
        number = _last_shape(drawing) + 1
        for place, text in texts.items():
            said = f"{_heading(author)}\n{plain_text(text)[:_LONGEST]}"
            comment = existing.get(address_of(place))
            if comment is not None:
                _append(comment, said)
                continue
            comment = etree.Element(main("comment"), ref=address_of(place), authorId=author_id)
            etree.SubElement(comment, main("text")).append(_run(said))
            listed.append(comment)
            drawing.append(_shape(place, said, number))
            number += 1

    def remove(self, authors: Collection[str]) -> None:
        """Take away what earlier checks have noted."""
        part = self._find("comments")
        headings = [_heading(author) for author in authors]
        if part is None or not any(_ours(c, headings) for c in _comments(self._package.look(part))):
            return
        gone = set()
        for comment in _comments(self._package.tree(part)):
            said = "".join(words.text or "" for words in comment.iter(main("t")))
            if said.lstrip().startswith(tuple(headings)):
                detach(comment)
                gone.add(place_of(comment.get("ref", "A1")))
            elif _ours(comment, headings):
                _cut(comment, headings)
        drawing = self._find("vmlDrawing")
        if drawing is not None:
            for shape in list(self._package.tree(drawing)):
                if _place_of_shape(shape) in gone:
                    detach(shape)

    def _find(self, kind: str) -> str | None:
        wanted = self._sheet.notes_relation if kind == "vmlDrawing" else None
        for relation in self._package.relations(self._part):
            if relation.kind == kind and relation.target and wanted in (None, relation.id):
                return relation.target
        return None

    def _comments(self) -> etree._Element:
        part = self._find("comments")
        if part is not None:
            return self._package.tree(part)
        root = etree.Element(main("comments"), nsmap={None: MAIN})
        etree.SubElement(root, main("authors"))
        etree.SubElement(root, main("commentList"))
        name = self._package.free_name("xl/comments{}.xml")
        self._package.add(name, root, _COMMENTS_TYPE)
        self._package.relate(self._part, name, "comments")
        return root

    def _drawing(self) -> etree._Element:
        part = self._find("vmlDrawing") if self._sheet.notes_relation else None
        if part is not None:
            return self._package.tree(part)
        root = _empty_drawing()
        name = self._package.free_name("xl/drawings/vmlDrawing{}.vml")
        self._package.add(name, root, _VML_TYPE)
        self._sheet.notes_relation = self._package.relate(self._part, name, "vmlDrawing")
        return root


def _author_id(comments: etree._Element, author: str) -> str:
    authors = child(comments, "authors")
    names = [element.text for element in authors]
    if author not in names:
        etree.SubElement(authors, main("author")).text = author
        names.append(author)
    return str(names.index(author))


def _run(text: str) -> etree._Element:
    run = etree.Element(main("r"))
    properties = etree.SubElement(run, main("rPr"))
    etree.SubElement(properties, main("sz"), val="9")
    etree.SubElement(properties, main("color"), indexed="81")
    etree.SubElement(properties, main("rFont"), val="Tahoma")
    words = etree.SubElement(run, main("t"))
    words.text = text
    words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return run


def _append(comment: etree._Element, text: str) -> None:
    body = child(comment, "text")
    bare = body.find(main("t"))
    if bare is not None:
        run = etree.Element(main("r"))
        body.replace(bare, run)
        run.append(bare)
    runs = body.findall(main("r"))
    place = body.index(runs[-1]) + 1 if runs else 0
    body.insert(place, _run(f"\n{text}"))


def _cut(comment: etree._Element, headings: Collection[str]) -> None:
    """Take our words out of somebody else's note."""
    words = list(comment.iter(main("t")))
    first = next(i for i, w in enumerate(words) if any(h in (w.text or "") for h in headings))
    text = words[first].text or ""
    words[first].text = text[: min(text.index(h) for h in headings if h in text)]
    for word in words[first + 1 :]:
        word.text = ""
    for word in reversed(words[: first + 1]):
        word.text = (word.text or "").rstrip("\n")
        if word.text:
            return


def _comments(root: etree._Element) -> list[etree._Element]:
    return list(root.iter(main("comment")))


def _ours(comment: etree._Element, headings: Collection[str]) -> bool:
    return any(h in (words.text or "") for words in comment.iter(main("t")) for h in headings)


def _heading(author: str) -> str:
    """Begins our words in a note: LibreOffice forgets who wrote it, so the text must say it."""
    return f"── {author} ──"


def _empty_drawing() -> etree._Element:
    root = etree.Element("xml", nsmap={"v": _VML, "o": _O, "x": _X})
    layout = etree.SubElement(root, f"{{{_O}}}shapelayout", {f"{{{_VML}}}ext": "edit"})
    etree.SubElement(layout, f"{{{_O}}}idmap", {f"{{{_VML}}}ext": "edit", "data": "1"})
    kind = etree.SubElement(
        root,
        f"{{{_VML}}}shapetype",
        {
            "id": "_x0000_t202",
            "coordsize": "21600,21600",
            f"{{{_O}}}spt": "202",
            "path": "m,l,21600r21600,l21600,xe",
        },
    )
    etree.SubElement(kind, f"{{{_VML}}}stroke", joinstyle="miter")
    etree.SubElement(
        kind, f"{{{_VML}}}path", {"gradientshapeok": "t", f"{{{_O}}}connecttype": "rect"}
    )
    return root


def _last_shape(drawing: etree._Element) -> int:
    numbers = [
        int(match[1])
        for shape in drawing.iter(f"{{{_VML}}}shape")
        if (match := _SHAPE_ID.fullmatch(shape.get("id", "")))
    ]
    return max(numbers, default=1024)


def _shape(place: Place, text: str, number: int) -> etree._Element:
    row, column = place[0] - 1, place[1] - 1
    lines = sum(1 + len(line) // _CHARACTERS_PER_LINE for line in text.split("\n"))
    bottom = row + min(max(lines, 4), _MOST_ROWS)
    shape = etree.Element(
        f"{{{_VML}}}shape",
        {
            "id": f"_x0000_s{number}",
            "type": "#_x0000_t202",
            "style": "position:absolute;visibility:hidden",
            "fillcolor": "#ffffe1",
            f"{{{_O}}}insetmode": "auto",
        },
        nsmap={"v": _VML, "o": _O, "x": _X},
    )
    etree.SubElement(shape, f"{{{_VML}}}fill", color2="#ffffe1")
    etree.SubElement(shape, f"{{{_VML}}}shadow", on="t", color="black", obscured="t")
    etree.SubElement(shape, f"{{{_VML}}}path", {f"{{{_O}}}connecttype": "none"})
    box = etree.SubElement(shape, f"{{{_VML}}}textbox", style="mso-direction-alt:auto")
    etree.SubElement(box, "div", style="text-align:left")
    data = etree.SubElement(shape, f"{{{_X}}}ClientData", ObjectType="Note")
    etree.SubElement(data, f"{{{_X}}}MoveWithCells")
    etree.SubElement(data, f"{{{_X}}}SizeWithCells")
    anchor = (column + 1, 15, max(row - 1, 0), 4, column + 1 + _WIDTH_COLUMNS, 15, bottom, 4)
    etree.SubElement(data, f"{{{_X}}}Anchor").text = ", ".join(map(str, anchor))
    etree.SubElement(data, f"{{{_X}}}AutoFill").text = "False"
    etree.SubElement(data, f"{{{_X}}}Row").text = str(row)
    etree.SubElement(data, f"{{{_X}}}Column").text = str(column)
    return shape


def _place_of_shape(shape: etree._Element) -> Place | None:
    data = shape.find(f"{{{_X}}}ClientData")
    if data is None or data.get("ObjectType") != "Note":
        return None
    row, column = data.findtext(f"{{{_X}}}Row"), data.findtext(f"{{{_X}}}Column")
    return None if row is None or column is None else (int(row) + 1, int(column) + 1)
