"""The parts of an .xlsx package: read, replaced one by one, the rest written back as it was."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_CONTENT_TYPES = "[Content_Types].xml"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def main(tag: str) -> str:
    """The qualified name of a spreadsheet element."""
    return f"{{{MAIN}}}{tag}"


def parse_xml(content: bytes, *, recover: bool = False) -> etree._Element:
    """The root of a part. Entities are never resolved and nothing is fetched.

    Raises ValueError for what is not XML. `recover` is for VML, which Excel itself writes loosely.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=recover
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error
    if root is None or root.getroottree().docinfo.doctype:
        raise ValueError("a document type has no place in a workbook")
    return root


def to_xml(root: etree._Element) -> bytes:
    """The bytes of a part."""
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, standalone=True)


def child(parent: etree._Element, tag: str) -> etree._Element:
    """The spreadsheet element `tag` of `parent`, added at its end when it is not there."""
    found = parent.find(main(tag))
    return etree.SubElement(parent, main(tag)) if found is None else found


def detach(element: etree._Element) -> None:
    """Take an element out of its parent."""
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def plain_text(text: str) -> str:
    """`text` without characters that XML cannot hold and without escapes that Excel would undo."""
    return _ESCAPE.sub("_x005F_", _CONTROL.sub("\ufffd", text))


@dataclass(frozen=True, slots=True)
class Relation:
    """One relationship; `target` is the part it leads to, empty when it leads outside."""

    id: str
    kind: str
    target: str


@dataclass(slots=True)
class Package:
    """Parts by name. Those that were not changed are written back with the bytes they had."""

    entries: dict[str, zipfile.ZipInfo]
    contents: dict[str, bytes]
    trees: dict[str, etree._Element] = field(default_factory=dict)

    @classmethod
    def read(cls, content: bytes) -> Package:
        """Open a package that `safety.inspect` found safe."""
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            return cls(entries, {name: archive.read(name) for name in entries})

    def write(self) -> bytes:
        """The bytes of the package, the parts in their old order, new ones last."""
        for name, root in self.trees.items():
            self.contents[name] = to_xml(root)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in self.contents.items():
                archive.writestr(self._entry(name), content)
        return buffer.getvalue()

    def tree(self, part: str) -> etree._Element:
        """The root of an existing XML part; changes to it will be written."""
        if part not in self.trees:
            self.trees[part] = parse_xml(self.contents[part], recover=part.endswith(".vml"))
        return self.trees[part]

    def look(self, part: str) -> etree._Element:
        """The root of a part that is only looked at, so that its bytes stay as they are."""
        if part in self.trees:
            return self.trees[part]
        return parse_xml(self.contents[part], recover=part.endswith(".vml"))

    def add(self, part: str, root: etree._Element, content_type: str) -> None:
        """Put in a new part."""
        self.contents[part] = b""
        self.trees[part] = root
        if part.endswith(".vml"):
            self._declare_extension("vml", content_type)
            return
        types = self.tree(_CONTENT_TYPES)
        etree.SubElement(
            types, f"{{{_TYPES}}}Override", PartName=f"/{part}", ContentType=content_type
        )

    def remove(self, part: str) -> None:
        """Take out a part with its own relationships."""
        for name in (part, _relations_part(part)):
            self.contents.pop(name, None)
            self.trees.pop(name, None)
        for override in list(self.tree(_CONTENT_TYPES)):
            if override.get("PartName", "").lower() == f"/{part}".lower():
                self.tree(_CONTENT_TYPES).remove(override)

    def free_name(self, pattern: str) -> str:
        """The first unused part name of a pattern such as `xl/comments{}.xml`."""
        taken = {name.lower() for name in self.contents}
        number = 1
        while pattern.format(number).lower() in taken:
            number += 1
        return pattern.format(number)

    def relations(self, part: str) -> Iterator[Relation]:
        """Where the relationships of a part lead."""
        name = self._named(_relations_part(part))
        if name is None:
            return
        for element in self.look(name).iter(f"{{{_PACKAGE}}}Relationship"):
            target = ""
            if element.get("TargetMode") != "External":
                target = self._named(_resolved(part, element.get("Target", ""))) or ""
            kind = element.get("Type", "").rsplit("/", 1)[-1]
            yield Relation(element.get("Id", ""), kind, target)

    def relate(self, part: str, target: str, kind: str) -> str:
        """Add a relationship of `kind` from `part` to `target`; gives its id."""
        name = self._named(_relations_part(part)) or _relations_part(part)
        if name not in self.contents:
            self.contents[name] = b""
            self.trees[name] = etree.Element(f"{{{_PACKAGE}}}Relationships", nsmap={None: _PACKAGE})
        root = self.tree(name)
        taken = {element.get("Id") for element in root}
        number = len(root) + 1
        while f"rId{number}" in taken:
            number += 1
        etree.SubElement(
            root,
            f"{{{_PACKAGE}}}Relationship",
            Id=f"rId{number}",
            Type=f"{OFFICE}/{kind}",
            Target=f"/{target}",
        )
        return f"rId{number}"

    def unrelate(self, part: str, relation_id: str) -> None:
        """Take a relationship away."""
        name = self._named(_relations_part(part))
        if name is not None:
            root = self.tree(name)
            for element in list(root):
                if element.get("Id") == relation_id:
                    root.remove(element)

    def _entry(self, name: str) -> zipfile.ZipInfo:
        old = self.entries.get(name)
        entry = zipfile.ZipInfo(name, old.date_time if old else (1980, 1, 1, 0, 0, 0))
        entry.compress_type = old.compress_type if old else zipfile.ZIP_DEFLATED
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            entry.compress_type = zipfile.ZIP_DEFLATED
        return entry

    def _declare_extension(self, extension: str, content_type: str) -> None:
        types = self.tree(_CONTENT_TYPES)
        tag = f"{{{_TYPES}}}Default"
        if all(element.get("Extension", "").lower() != extension for element in types.iter(tag)):
            element = etree.Element(tag, Extension=extension, ContentType=content_type)
            types.insert(0, element)

    def _named(self, part: str) -> str | None:
        """The name of a part as it stands in the package; names do not depend on case."""
        if part in self.contents:
            return part
        lower = part.lower()
        return next((name for name in self.contents if name.lower() == lower), None)


def _relations_part(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _resolved(part: str, target: str) -> str:
    path = target.replace("\\", "/")
    if not path.startswith("/"):
        path = posixpath.join(posixpath.dirname(part), path)
    return posixpath.normpath(path).lstrip("/")
