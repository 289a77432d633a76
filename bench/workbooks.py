"""Workbooks to measure on: real ones where they are beside the checkout, else generated ones."""

import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from xml.sax.saxutils import escape

from mvd.demo.plan import FORMS, Scope
from mvd.demo.write import write_demo
from warehouse.contracts import Contracts, load_contracts
from warehouse.contracts.territories import REGION_LEVELS, REPUBLIC
from warehouse.core.clock import period_month

PERIOD = "2022-12"
_OFFICIAL = Path(__file__).resolve().parents[2] / "shared" / "official-forms" / "1-M"
_PROPERTIES = "docProps/core.xml"
_ROOM = 4096


@dataclass(frozen=True)
class Batch:
    """A folder of workbooks of 1-М with its manifest; `source` is "real" or "generated".

    `size` is the bytes of the workbooks as their makers packed them.
    """

    folder: Path
    manifest: Path
    files: tuple[Path, ...]
    source: str
    size: int


def region_batch(folder: Path, count: int) -> Batch:
    """One workbook for each of the first `count` regions."""
    contracts = load_contracts()
    regions = contracts.territories.regions_on(period_month(PERIOD))
    return _batch(folder, [region.kato for region in regions[:count]], contracts)


def unit_batch(folder: Path, count: int, period: str = PERIOD) -> Batch:
    """The report of a month of each of `count` regions, districts and cities."""
    contracts = load_contracts()
    units = contracts.territories.valid_on(period_month(period))
    katos = [unit.kato for unit in units if unit.kato != REPUBLIC][:count]
    return _batch(folder, katos, contracts, period)


def _batch(
    folder: Path, territories: Sequence[str], contracts: Contracts, period: str = PERIOD
) -> Batch:
    folder.mkdir(parents=True)
    originals, source = _originals(folder.parent / "generated", contracts)
    originals = originals[: len(territories)]
    templates = cycle([(template(original), original.stat().st_size) for original in originals])
    files, size = [], 0
    for kato, (packed, original_size) in zip(territories, templates, strict=False):
        size += original_size
        file = folder / f"{kato}.xlsx"
        file.write_bytes(under_territory(packed, contracts, kato, period))
        files.append(file)
    manifest = folder / "manifest.csv"
    rows = [f"{file.name},{file.stem},{period},1-M" for file in files]
    manifest.write_text("\n".join(["file,territory,period,form", *rows]) + "\n", encoding="utf-8")
    return Batch(folder, manifest, tuple(files), source, size)


def _originals(generated: Path, contracts: Contracts) -> tuple[list[Path], str]:
    if real := sorted(_OFFICIAL.glob("*.XLSX")):
        return real, "real"
    write_demo(generated, contracts=contracts, scope=Scope(PERIOD, PERIOD, forms=FORMS))
    # The month of the year before carries no planted faults.
    return sorted((generated / "2021-12").glob("1-M*.xlsx")), "generated"


def template(original: Path) -> bytes:
    """The workbook with its document properties stored plain, with room to rewrite them."""
    copy = io.BytesIO()
    with zipfile.ZipFile(original) as source, zipfile.ZipFile(copy, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == _PROPERTIES:
                target.writestr(entry, content.ljust(_ROOM), zipfile.ZIP_STORED)
            else:
                target.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return copy.getvalue()


def under_territory(packed: bytes, contracts: Contracts, kato: str, period: str = PERIOD) -> bytes:
    """The same workbook as the report of another territory, without packing it again.

    Every territory and `period` gets bytes of its own.
    """
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        entry = archive.getinfo(_PROPERTIES)
        properties = archive.read(_PROPERTIES).decode().rstrip()
        directory = archive.start_dir
    content = _rewritten(properties, contracts, kato, period).encode().ljust(entry.file_size)
    if len(content) != entry.file_size:
        raise ValueError(f"no room for the document properties of {kato}")
    old, new = (crc.to_bytes(4, "little") for crc in (entry.CRC, zlib.crc32(content)))
    result = bytearray(packed)
    header = entry.header_offset
    names = [int.from_bytes(packed[header + at : header + at + 2], "little") for at in (26, 28)]
    start = header + 30 + sum(names)
    result[start : start + len(content)] = content
    result[header + 14 : header + 18] = new
    at = packed.index(old, directory)
    result[at : at + 4] = new
    return bytes(result)


def _rewritten(properties: str, contracts: Contracts, kato: str, period: str) -> str:
    territories = contracts.territories
    chain = (kato, *territories.ancestors(kato))
    region = next(territories[k] for k in chain if territories[k].level in REGION_LEVELS)
    code = next(c.code for c in territories.source_codes if c.kato == region.kato)
    fields = {
        "dc:title": f"1-M  {region.name_ru.removeprefix('г. ')} (Свод)",
        "dc:description": f"28327;50119;19{code}%;__",
        "cp:lastModifiedBy": f"{kato} {period}",
    }
    for tag, text in fields.items():
        element = f"<{tag}>{escape(text)}</{tag}>"
        end = "</cp:coreProperties>"
        properties = re.sub(f"<{tag}>.*?</{tag}>", "", properties)
        properties = properties.replace(end, f"{element}{end}")
    return properties
