"""The story of a demonstration: how much it holds, what is wrong in it, what to show and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from ingestion.read.workbook import SYNTHETIC
from mvd.demo.faults import Fault, Submission
from warehouse.contracts import Contracts
from warehouse.core.records import Record, parse_each, read_yaml
from warehouse.core.texts import Language, Texts, load_texts

STORY = "STORY.md"


class Show(Record):
    """Something to see: its name, and the SQL to ask a release."""

    name: Texts
    sql: str


@cache
def _catalogue() -> Mapping[str, Show]:
    file = Path(__file__).with_name("shows.yml")
    return parse_each(file, Show, read_yaml(file))


def shows(last_period: str) -> Mapping[str, Show]:
    """By a word of its own; `last_period` (YYYY-MM) is the last month of the demonstration."""
    month = f"{last_period}-01"
    return {
        word: show.model_copy(update={"sql": show.sql.format(month=month)})
        for word, show in _catalogue().items()
    }


def write_story(
    target: Path,
    contracts: Contracts,
    submissions: Sequence[Submission],
    faults: Sequence[Fault],
    language: Language,
) -> Path:
    """Write the story beside the demonstration's files; its path."""
    book = load_texts("demonstration", contracts.root)
    periods = sorted({s.period for s in submissions})
    amount = {"files": len(submissions), "months": len(periods)}
    lines = [
        f"# {SYNTHETIC}",
        "",
        book.text("amount", language, first=periods[0], last=periods[-1], **amount),
        book.text("made_up", language),
        "",
        f"## {book.text('planted', language)}",
        "",
        book.text("heading", language),
        "| --- | --- | --- | --- |",
        *(_row(fault, contracts, language) for fault in faults),
        "",
        f"## {book.text('to_show', language)}",
    ]
    for show in shows(periods[-1]).values():
        lines += ["", f"{show.name.text(language)}:", "```sql", show.sql, "```"]
    story = target / STORY
    story.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return story


def _row(fault: Fault, contracts: Contracts, language: Language) -> str:
    name = contracts.territories[fault.territory].name(language)
    form = load_texts("demonstration", contracts.root).text("all_forms", language)
    if fault.form:
        form = contracts.forms[fault.form].identification.document_title_prefixes[0]
    return f"| {fault.period} | {name} | {form} | {told(fault, contracts, language)} |"


def told(fault: Fault, contracts: Contracts, language: Language) -> str:
    """What a reader should see of a fault, in one sentence."""
    book = load_texts("demonstration", contracts.root)
    text = book.text(f"fault_{fault.kind}", language)
    if fault.cell is not None:
        section, line, column = fault.cell
        text = book.text("at_cell", language, fault=text, section=section, line=line, column=column)
    if fault.titled:
        region = contracts.territories[fault.titled].name(language)
        text = book.text("of_region", language, fault=text, region=region)
    return book.text("was_corrected", language, fault=text) if fault.is_corrected else text
