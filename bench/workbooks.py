"""Workbooks to measure on: real ones where they are beside the checkout, else generated ones."""

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from xml.sax.saxutils import escape

from warehouse.contracts import load_contracts

OFFICIAL_FORMS = Path(__file__).resolve().parents[2] / "shared" / "official-forms"
_PROPERTIES = "docProps/core.xml"


@dataclass(frozen=True)
class Batch:
    """A folder of workbooks of 1-М with its manifest; `source` is "real" or "generated"."""

    folder: Path
    manifest: Path
    files: tuple[Path, ...]
    source: str


def batch(folder: Path, territories: Sequence[str], period: str) -> Batch:
    """One workbook of 1-М per territory (KATO code), under that territory's title."""
    originals, source = _originals(folder)
    folder.mkdir(parents=True, exist_ok=True)
    known = load_contracts().territories
    files = []
    for kato, original in zip(territories, islice(cycle(originals), len(territories)), strict=True):
        name = next(entry.name["ru"] for entry in known if entry.kato == kato)
        file = folder / f"{kato}.xlsx"
        _copy_under_another_territory(original, file, name, kato)
        files.append(file)
    manifest = folder / "manifest.csv"
    rows = [f"{file.name},{file.stem},{period},1-M" for file in files]
    manifest.write_text("\n".join(["file,territory,period,form", *rows]) + "\n", encoding="utf-8")
    return Batch(folder, manifest, tuple(files), source)


def _originals(folder: Path) -> tuple[list[Path], str]:
    real = sorted((OFFICIAL_FORMS / "1-M").glob("*.XLSX"))
    if real:
        return real, "real"
    from mvd.demo.write import write_demo

    generated = folder.parent / "generated"
    write_demo(generated, first_period="2022-12", last_period="2022-12", faults=False)
    return sorted(generated.rglob("1-M*.xlsx")), "generated"


def _copy_under_another_territory(original: Path, copy: Path, name: str, kato: str) -> None:
    """The same workbook with another territory in the document properties."""
    with zipfile.ZipFile(original) as source, zipfile.ZipFile(copy, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == _PROPERTIES:
                content = _renamed(content.decode(), name, kato).encode()
            target.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=6)


def _renamed(properties: str, name: str, kato: str) -> str:
    title = f"<dc:title>1-M  {escape(name)} (Свод)</dc:title>"
    code = f"<dc:description>28327;50119;19{kato[:2]}%;__</dc:description>"
    properties = re.sub(r"<dc:title>.*?</dc:title>", title, properties)
    return re.sub(r"<dc:description>.*?</dc:description>", code, properties)
