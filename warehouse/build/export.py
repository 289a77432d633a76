"""What a build reads: contracts and a snapshot of the ledger, written as Parquet tables."""

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from operator import itemgetter
from pathlib import Path

import pyarrow as pa

from warehouse.build.contract_rows import (
    Row,
    absence_rows,
    coverage_rule_rows,
    finding_text_rows,
    growth_rule_row,
    indicator_formula_rows,
    indicator_rows,
    indicator_source_rows,
    offence_measure_rows,
    offence_rows,
    outlier_rule_row,
    period_rows,
    population_rows,
    restatement_rule_row,
    series_break_rows,
    territory_rows,
)
from warehouse.build.schemas import table, write_tables
from warehouse.contracts import Contracts
from warehouse.contracts.tables import ROW
from warehouse.core.clock import period_month
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.core.texts import LANGUAGES, Language
from warehouse.ledger import Snapshot, Submission
from warehouse.published.claims.register import claim_rows, contradiction_rows
from warehouse.releases.left_out import known, summary
from warehouse.reporting.punctuality import reports
from warehouse.storage import mirror

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BuildInputs:
    """The inputs of one build. `lake` is where the paths of `cell_files` begin."""

    directory: Path
    lake: Path
    as_of: datetime | None
    contract_hash: str
    submissions: tuple[Submission, ...]

    @property
    def in_force(self) -> tuple[Submission, ...]:
        """The submissions whose figures are published."""
        return tuple(s for s in self.submissions if s.in_force)


def write_build_inputs(
    home: Home, snapshot: Snapshot, contracts: Contracts, *, directory: Path
) -> BuildInputs:
    """Write everything a build needs to know to `directory`.

    Submissions that the contracts do not know are left out. The same snapshot and contracts give
    the same bytes. Raises UserError BUILD_INCOMPLETE when the lake lost a cell file.
    """
    snapshot, left = known(snapshot, contracts)
    for each in summary(left, contracts):
        _log.warning("left out of the build", extra=asdict(each))
    _require_cell_files(home, snapshot)
    months = _months(snapshot.submissions)
    rows: dict[str, Iterable[Row]] = {
        "territories": territory_rows(contracts),
        "population": population_rows(contracts, months),
        "indicators": indicator_rows(contracts),
        "indicator_sources": indicator_source_rows(contracts),
        "indicator_absences": absence_rows(contracts),
        "indicator_formulas": indicator_formula_rows(contracts),
        "offences": offence_rows(contracts),
        "offence_measures": offence_measure_rows(contracts),
        "coverage_rules": coverage_rule_rows(contracts),
        "claims": claim_rows(contracts.claims, contracts),
        "claim_contradictions": contradiction_rows(contracts.claims, contracts),
        "growth_rules": [growth_rule_row(contracts)],
        "restatement_rules": [restatement_rule_row(contracts)],
        "series_breaks": series_break_rows(contracts),
        "finding_texts": finding_text_rows(contracts),
        "outlier_rules": [outlier_rule_row()],
    }
    tables = {name: table(name, content) for name, content in rows.items()}
    write_tables(directory, tables | ledger_tables(snapshot, contracts))
    return BuildInputs(
        directory=directory,
        lake=home.lake,
        as_of=snapshot.as_of,
        contract_hash=contracts.content_hash,
        submissions=tuple(snapshot.submissions),
    )


def ledger_tables(snapshot: Snapshot, contracts: Contracts) -> dict[str, pa.Table]:
    """The input tables that depend on what was received, by name.

    KeyError for a submission that the contracts do not know.
    """
    rows: dict[str, Iterable[Row]] = {
        "periods": period_rows(_months(snapshot.submissions)),
        "expected_submitters": _expected_submitters(contracts, snapshot.submissions),
        "submissions": _submissions(snapshot.submissions, contracts),
        "findings": _findings(contracts, snapshot),
        "cell_files": _cell_files(s for s in snapshot.submissions if s.is_counted),
    }
    return {name: table(name, content) for name, content in rows.items()}


def _require_cell_files(home: Home, snapshot: Snapshot) -> None:
    paths: list[Path] = []
    for submission in (s for s in snapshot.submissions if s.is_counted):
        if submission.cells_path is None:
            problem = f"cells of {submission.submission_id}"
            raise UserError("BUILD_INCOMPLETE", build=home.lake.name, problem=problem)
        paths.append(home.lake / submission.cells_path)
    if lost := mirror.lost(home, paths):
        problem = lost[0].relative_to(home.lake).as_posix()
        raise UserError("BUILD_INCOMPLETE", build=home.lake.name, problem=problem)


def _months(submissions: Iterable[Submission]) -> list[date]:
    """Every month of the years that have submissions."""
    years = sorted({period_month(s.period).year for s in submissions})
    return [date(year, month, 1) for year in years for month in range(1, 13)]


def _naive(moment: datetime) -> datetime:
    """UTC without a zone: tables hold one kind of timestamp on every engine."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _expected_submitters(contracts: Contracts, submissions: Iterable[Submission]) -> Iterator[Row]:
    """Duties for every form and month of which anything was received, and what became of them."""
    by_key: dict[tuple[str, str], list[Submission]] = defaultdict(list)
    for submission in submissions:
        by_key[submission.form_code, submission.period].append(submission)
    for (form, period), sent in sorted(by_key.items(), key=itemgetter(0)):
        for territory, report in reports(contracts, form, period, sent).items():
            yield {
                "form_code": form,
                "territory_kato": territory,
                "period_month": period_month(period),
                "deadline_at": _naive(report.deadline),
                "is_sent": report.state != "not_sent",
                "reported_at": _naive(report.reported_at) if report.reported_at else None,
                "is_on_time": report.is_on_time,
            }


def _submissions(submissions: Iterable[Submission], contracts: Contracts) -> Iterator[Row]:
    # The place in the order of receipt, not of registration: files that an outage held back and
    # that were registered in any order give the same figures. Of one moment and key the later
    # registered counts: nothing else tells them apart.
    ordered = sorted(
        submissions,
        key=lambda s: (s.received_at, s.form_code, s.territory_kato, s.period, s.sequence),
    )
    for place, submission in enumerate(ordered, start=1):
        read_by = contracts.read_by(
            submission.form_code, submission.form_version, submission.period
        )
        yield {
            "submission_id": submission.submission_id,
            "sequence": place,
            "form_code": submission.form_code,
            "form_version": read_by.version,
            "territory_kato": submission.territory_kato,
            "period_month": period_month(submission.period),
            "file_sha256": submission.file_sha256,
            "file_name": submission.file_name,
            "submitted_by": submission.submitted_by,
            "received_at": _naive(submission.received_at),
            "verdict": submission.verdict.value if submission.verdict else "pending",
            "is_counted": submission.is_counted,
            "is_in_force": submission.in_force,
            "contract_hash": submission.contract_hash,
        }


def _findings(contracts: Contracts, snapshot: Snapshot) -> Iterator[Row]:
    owners = {s.submission_id: s.territory_kato for s in snapshot.submissions}
    for finding in snapshot.findings.to_pylist():
        # A finding on a row of a table carries the unit; the figures of all rows are line ROW.
        row_kato = json.loads(finding["params"] or "{}").get("territory_kato")
        yield {
            "territory_kato": row_kato or owners.get(finding["submission_id"]),
            "submission_id": finding["submission_id"],
            "finding_number": finding["position"] + 1,
            "finding_code": finding["code"],
            "severity": finding["severity"],
            "sheet": finding["sheet"],
            "cell": finding["cell"],
            "section": finding["section"],
            "line": ROW if row_kato else finding["line"],
            "column_number": finding["column_number"],
            "found_value": finding["found"],
            "expected_value": finding["expected"],
            "rule_id": finding["rule_id"],
            **{
                f"message_{language}": _text(contracts, finding, language) for language in LANGUAGES
            },
        }


def _text(contracts: Contracts, finding: Row, language: Language) -> str:
    """The finding in words."""
    named = {"rule": finding["rule_id"], "column": finding["column_number"]}
    params = {**finding, **named, **json.loads(finding["params"] or "{}")}
    return contracts.messages.render(finding["code"], language, params)


def _cell_files(submissions: Iterable[Submission]) -> Iterator[Row]:
    for submission in submissions:
        yield {
            "submission_id": submission.submission_id,
            "path": submission.cells_path,
            "sha256": submission.cells_sha256,
        }
