"""The submitter's own workbook with every finding at its cell, and a list of them all in front.

The package is edited part by part, so that drawings, formulas, printer settings and whatever else
a workbook may hold stay as they are; sheets without findings keep their very bytes. A workbook
that was annotated before loses its old marks first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ingestion.annotate.book import Book, Sheet
from ingestion.annotate.notes import Notes
from ingestion.annotate.package import Package
from ingestion.annotate.styles import Styles
from ingestion.annotate.summary import SEVERITIES, Row, counted, summary_sheet
from ingestion.annotate.worksheet import Place, Worksheet, address_of, places_in
from ingestion.findings import render
from ingestion.read.safety import PROBLEMS, Limits, inspect
from ingestion.read.workbook import reference, sheet_of
from ingestion.request import Services, SubmissionResult
from ingestion.tables.files import is_opendocument
from warehouse.contracts import Contracts, load_contracts
from warehouse.core.bounded import Bounded, EndedError
from warehouse.core.errors import UserError
from warehouse.core.texts import Language, TextBook, language_or_default, load_texts
from warehouse.ledger import Finding, Submission, Verdict
from warehouse.storage import originals

_BEGIN_BYTES = 512
_NOT_OPENED = PROBLEMS | {"READING_OVER_MEMORY", "READING_OVER_TIME", "READING_FAILED"}


@dataclass(frozen=True, slots=True)
class Subject:
    """What the summary says about the submission; `verdict` None while it is being judged."""

    form: str
    territory: str
    period: str
    verdict: Verdict | None
    number: str
    received_at: datetime

    @classmethod
    def of(cls, submission: Submission | SubmissionResult) -> Subject:
        """The subject of a ledger entry or of a fresh result."""
        if isinstance(submission, Submission):
            form, territory = submission.form_code, submission.territory_kato
        else:
            form, territory = submission.form, submission.territory
        return cls(
            form=form,
            territory=territory,
            period=submission.period,
            verdict=submission.verdict,
            number=submission.submission_id or "",
            received_at=submission.received_at,
        )


def annotate_submission(
    services: Services, submission_id: str, language: Language | None = None
) -> bytes:
    """The stored original of a submission with its latest findings.

    Without `language` in that of the submitter. Raises UserError SUBMISSION_UNKNOWN,
    ORIGINAL_UNKNOWN, ANNOTATION_IMPOSSIBLE.
    """
    submission = services.ledger.submission(submission_id)
    spoken = language_or_default(submission.language)
    findings = services.ledger.findings(submission_id)
    return _bounded(services, submission, findings, language or spoken)


def annotate_result(services: Services, result: SubmissionResult, language: Language) -> bytes:
    """The file of `result` with its findings. Raises UserError as `annotate_submission`."""
    if not result.sha256:
        raise UserError("ANNOTATION_IMPOSSIBLE")
    return _bounded(services, result, result.findings, language)


def _bounded(
    services: Services,
    subject: Submission | SubmissionResult,
    findings: Sequence[Finding],
    language: Language,
) -> bytes:
    """`annotate` in a process of its own: the one that asks may be the portal."""
    sha256 = subject.sha256 if isinstance(subject, SubmissionResult) else subject.file_sha256
    original = originals.find(services.home, sha256).path
    process: Bounded[bytes] = Bounded(
        services.bounds,
        load_contracts,
        (services.contracts.root,),
        preload=["ingestion.annotate.preloaded"],
    )
    try:
        return process.call(
            _annotate_file,
            original,
            tuple(findings),
            language,
            services.contracts.root,
            Subject.of(subject),
            services.limits,
        )
    except EndedError as error:
        raise UserError("ANNOTATION_IMPOSSIBLE") from error
    finally:
        process.stop()


def _annotate_file(
    original: Path,
    findings: Sequence[Finding],
    language: Language,
    contracts_root: Path,
    subject: Subject,
    limits: Limits,
) -> bytes:
    return annotate(
        original.read_bytes(),
        findings,
        language=language,
        contracts=load_contracts(contracts_root),
        submission=subject,
        limits=limits,
    )


def annotate(
    original: bytes,
    findings: Sequence[Finding],
    *,
    language: Language,
    contracts: Contracts,
    submission: Subject,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
) -> bytes:
    """Give `original` with a note and a fill on each cell that a finding names, and the list.

    Raises UserError ANNOTATION_IMPOSSIBLE for a file that is no workbook or must not be opened.
    """
    if inspect(original, limits).problems:
        raise UserError("ANNOTATION_IMPOSSIBLE")
    try:
        return _annotated(original, findings, language, contracts, submission)
    except (ValueError, KeyError, IndexError) as error:
        raise UserError("ANNOTATION_IMPOSSIBLE") from error


def can_annotate(original: Path, findings: Iterable[Finding]) -> bool:
    """Whether a file with these findings is a workbook that can be given back annotated.

    It was inspected when it was judged: what must not be opened is not opened here either.
    """
    with original.open("rb") as stream:
        begin = stream.read(_BEGIN_BYTES)
    is_workbook = begin.startswith(b"PK") and not is_opendocument(begin)
    return is_workbook and not any(finding.code in _NOT_OPENED for finding in findings)


def _annotated(
    original: bytes,
    findings: Sequence[Finding],
    language: Language,
    contracts: Contracts,
    submission: Subject,
) -> bytes:
    texts = load_texts("annotation", contracts.root)
    package = Package.read(original)
    book = Book(package)
    styles = book.styles()
    book.remove_summary()
    sheets = {sheet.name: sheet for sheet in book.sheets}
    opened: dict[str, Worksheet] = {}
    _remove_marks(package, sheets.values(), styles, texts, opened)
    marks = _marks(findings, sheets)
    for name, places in marks.items():
        sheet = sheets[name]
        worksheet = _opened(package, sheet, opened)
        _mark(package, sheet, worksheet, places, styles, contracts, texts, language)
    rows = [Row(finding, _link(finding, sheets)) for finding in _worst_first(findings, sheets)]
    root, table = summary_sheet(
        _heading(findings, contracts, submission, texts, language),
        rows,
        styles,
        contracts=contracts,
        texts=texts,
        language=language,
    )
    book.put_first(book.free_title(texts.text("sheet", language)), root, table)
    return package.write()


def _opened(package: Package, sheet: Sheet, opened: dict[str, Worksheet]) -> Worksheet:
    if sheet.part not in opened:
        opened[sheet.part] = Worksheet(package.tree(sheet.part))
    return opened[sheet.part]


def _remove_marks(
    package: Package,
    sheets: Iterable[Sheet],
    styles: Styles,
    texts: TextBook,
    opened: dict[str, Worksheet],
) -> None:
    """Take away the fills and notes of an earlier check."""
    marked = {style: styles.unmarked(style) for style in sorted(styles.marked_styles())}
    authors = texts.in_all_languages("author")
    for sheet in sheets:
        if marked:
            _opened(package, sheet, opened).restyle(marked)
        if any(relation.kind == "comments" for relation in package.relations(sheet.part)):
            worksheet = opened.get(sheet.part) or Worksheet(package.look(sheet.part))
            Notes(package, sheet.part, worksheet).remove(authors)


def _marks(
    findings: Sequence[Finding], sheets: dict[str, Sheet]
) -> dict[str, dict[Place, list[Finding]]]:
    """Findings by the cells that they name, sheet by sheet, worst first."""
    marks: dict[str, dict[Place, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for finding in _worst_first(findings, sheets):
        for name, place in _named_cells(finding):
            if name in sheets:
                marks[name][place].append(finding)
    return marks


def _named_cells(finding: Finding) -> list[tuple[str, Place]]:
    """Sheet and place of every cell that a finding names, once each."""
    named = [finding.cell, *finding.params.get("cells", ())]
    cells = [
        (sheet_of(name) or finding.sheet or "", place)
        for name in named
        if name
        for place in places_in(name.rpartition("!")[2])
    ]
    return list(dict.fromkeys(cells))


def _worst_first(findings: Sequence[Finding], sheets: dict[str, Sheet]) -> list[Finding]:
    order = {name: place for place, name in enumerate(sheets)}
    return sorted(
        findings, key=lambda f: (SEVERITIES.index(f.severity), order.get(f.sheet or "", -1))
    )


def _mark(
    package: Package,
    sheet: Sheet,
    worksheet: Worksheet,
    places: dict[Place, list[Finding]],
    styles: Styles,
    contracts: Contracts,
    texts: TextBook,
    language: Language,
) -> None:
    notes: dict[Place, list[str]] = defaultdict(list)
    for place, findings in places.items():
        shown = worksheet.shown_at(place)
        if shown not in notes:
            dates = [finding for finding in findings if finding.code == "DATE_IN_CELL"]
            style = worksheet.style(shown)
            worksheet.set_style(shown, styles.marked(style, findings[0].severity, bool(dates)))
            if dates:
                # In a cell formatted as a date every number that is typed becomes a date again.
                worksheet.say(shown, dates[0].found or "")
        for finding in findings:
            wrong, how_to_fix = render(finding, contracts, language)
            severity = texts.text(finding.severity, language).upper()
            notes[shown].append(f"{severity}. {wrong}\n{how_to_fix}")
    joined = {place: "\n\n".join(dict.fromkeys(said)) for place, said in notes.items()}
    author = texts.text("author", language)
    Notes(package, sheet.part, worksheet).write(joined, author)


def _link(finding: Finding, sheets: dict[str, Sheet]) -> str | None:
    """Where the list leads to: the first cell of the finding, else the top of its sheet."""
    cells = [cell for cell in _named_cells(finding) if cell[0] in sheets]
    if cells:
        return reference(cells[0][0], address_of(cells[0][1]))
    return reference(finding.sheet, "A1") if finding.sheet in sheets else None


def _heading(
    findings: Sequence[Finding],
    contracts: Contracts,
    submission: Subject,
    texts: TextBook,
    language: Language,
) -> list[str]:
    known = submission.territory in contracts.territories
    territory = submission.territory
    if known:
        territory = contracts.territories.label(territory, language)
    clock = timezone(timedelta(hours=contracts.calendar.timezone_hours))
    received = submission.received_at.astimezone(clock)
    said = [
        texts.text(
            "title", language, form=submission.form, period=submission.period, territory=territory
        ),
        texts.text(
            "received",
            language,
            number=submission.number,
            received=f"{received:%d.%m.%Y %H:%M} (UTC{received:%z})",
        ),
        texts.text("advice", language),
    ]
    if submission.verdict is not None:
        verdict = texts.text(submission.verdict.value, language)
        said.insert(1, texts.text("outcome", language, verdict=verdict, **counted(findings)))
    return said
