"""What a build reads: contracts and a snapshot of the ledger, written as Parquet tables."""

import json
import logging
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa

from warehouse import mirror
from warehouse.claims.register import claim_rows, contradiction_rows
from warehouse.clock import period_month
from warehouse.contracts import Contracts, Line
from warehouse.contracts.breaks import breaks_by_indicator
from warehouse.contracts.indicators import POPULATION, Indicator
from warehouse.contracts.messages import Language
from warehouse.contracts.tables import ROW
from warehouse.errors import UserError
from warehouse.input_tables import GROWTH_TEXTS, table, write_tables
from warehouse.ledger import Snapshot, Submission
from warehouse.left_out import known, summary
from warehouse.paths import Home

_log = logging.getLogger(__name__)

Row = dict[str, Any]

LANGUAGES: tuple[Language, ...] = get_args(Language)

RECONCILIATION_CODES = (
    "PRINTED_MONTH_DIFFERS",
    "PARTS_DIFFER_FROM_CONSOLIDATED",
    "CONSOLIDATED_DIFFERS_FROM_PARTS",
)
"""Findings that only a build can make: they compare submissions with each other."""

_OFFENCE_MART = "fct_crimes"
_SEVERITIES = {
    "проступки": "misdemeanour",
    "преступлений": "crime",
    "небольшой тяжести": "minor",
    "средней тяжести": "medium",
    "тяжкие": "grave",
    "особо тяжкие": "especially_grave",
}


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

    @property
    def cell_files(self) -> tuple[Path, ...]:
        """The cell files the build reads: of every version that counts or once counted."""
        return tuple(self.lake / str(s.cells_path) for s in self.submissions if s.is_counted)


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
        "territories": _territories(contracts),
        "population": _population(contracts, months),
        "indicators": _indicators(contracts),
        "indicator_sources": _indicator_sources(contracts),
        "indicator_formulas": _indicator_formulas(contracts),
        "offences": _offences(contracts),
        "offence_measures": _offence_measures(contracts),
        "coverage_rules": _coverage_rules(contracts),
        "claims": claim_rows(contracts.claims, contracts),
        "claim_contradictions": contradiction_rows(contracts.claims, contracts),
        "growth_rules": [_growth_rules(contracts)],
        "restatement_rules": [_restatement_rules(contracts)],
        "series_breaks": _series_breaks(contracts),
        "finding_texts": _finding_texts(contracts),
        "outlier_rules": [_outlier_rules()],
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
        "periods": ({"period_month": month} for month in _months(snapshot.submissions)),
        "expected_submitters": _expected_submitters(contracts, snapshot.submissions),
        "submissions": _submissions(snapshot.submissions),
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


def _last_day(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def _naive(moment: datetime) -> datetime:
    """UTC without a zone: tables hold one kind of timestamp on every engine."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _territories(contracts: Contracts) -> Iterator[Row]:
    for unit in contracts.territories.values():
        yield {
            "territory_kato": unit.kato,
            "parent_kato": unit.parent_kato,
            "territory_level": unit.level,
            "iso_3166_2": unit.iso_3166_2,
            "name_ru": unit.name_ru,
            "name_kk": unit.name_kk,
            "name_en": unit.name_en,
            "valid_from": unit.valid_from,
            "valid_to": unit.valid_to,
            "predecessor_kato": unit.predecessor_kato,
            "split_from_kato": unit.split_from_kato,
        }


def _population(contracts: Contracts, months: Iterable[date]) -> Iterator[Row]:
    """One figure a month for every unit that exists then, in the borders of its last day."""
    for month in months:
        day = _last_day(month)
        for unit in contracts.territories.valid_on(day):
            figure = contracts.population.population_on(unit.kato, day)
            if figure is not None:
                yield {
                    "territory_kato": unit.kato,
                    "period_month": month,
                    "population": figure.value,
                    "population_date": figure.reference_date,
                    "population_quality": figure.quality,
                }


def _indicators(contracts: Contracts) -> Iterator[Row]:
    for indicator in contracts.indicators.values():
        formula = indicator.formula if indicator.status == "derived" else None
        yield {
            "indicator_code": indicator.code,
            "form_code": _form_of(contracts, indicator),
            "parent_code": indicator.parent,
            "dimension": indicator.dimension,
            "domain": indicator.domain,
            "name_ru": indicator.name.ru,
            "name_kk": indicator.name.kk,
            "name_en": indicator.name.en,
            "unit": indicator.unit,
            "measure_type": indicator.measure_type,
            "territory_aggregation": indicator.territory_aggregation,
            "time_aggregation": indicator.time_aggregation,
            "iccs_code": indicator.iccs_code or None,
            "article": indicator.article or None,
            "formula_scale": formula.scale if formula and formula.denominator else None,
            "formula_version": str(formula.version) if formula else None,
            "is_derived": formula is not None,
            "is_verified": indicator.status != "no_form",
            "is_ranked": indicator.ranked,
        }


def _form_of(contracts: Contracts, indicator: Indicator) -> str | None:
    """The one form that carries the indicator; None for an indicator without a form.

    A figure has one submission behind it, so an indicator cannot mix forms: ValueError.
    """
    forms = {source.form for source in indicator.sources}
    if indicator.status == "derived" and indicator.formula:
        operands = {*indicator.formula.numerator, *indicator.formula.denominator} - {POPULATION}
        components = [contracts.indicators[code] for code in operands]
        forms = {source.form for component in components for source in component.sources}
    if len(forms) > 1:
        raise ValueError(f"{indicator.code} mixes forms {sorted(forms)}")
    return next(iter(forms), None)


def _indicator_sources(contracts: Contracts) -> Iterator[Row]:
    for cell in contracts.indicators.source_cells():
        yield {
            "indicator_code": cell.indicator_code,
            "form_code": cell.form,
            "section": cell.section,
            "line": cell.line,
            "graph": cell.graph,
            "basis": cell.basis,
            "sign": cell.sign,
        }


def _indicator_formulas(contracts: Contracts) -> Iterator[Row]:
    for indicator in contracts.indicators.values():
        if indicator.status != "derived" or indicator.formula is None:
            continue
        for role in ("numerator", "denominator"):
            for component in getattr(indicator.formula, role):
                yield {
                    "indicator_code": indicator.code,
                    "role": role,
                    "component_code": component,
                    "sign": 1,
                }


def _offences(contracts: Contracts) -> Iterator[Row]:
    form = contracts.forms[contracts.marts[_OFFENCE_MART].form]
    if form.offence_reference is None:
        raise ValueError(f"form {form.code} of {_OFFENCE_MART} names no section of offences")
    section = form.section(form.offence_reference.section)
    for order, line in enumerate(section.lines, start=1):
        parent = section.line(line.parent) if line.parent is not None else None
        yield {
            "offence_code": str(line.code),
            "line": line.code,
            "line_order": order,
            "name_ru": line.name.ru,
            "name_kk": line.name.kk or None,
            "name_en": line.name.en or None,
            "article": line.article or None,
            "chapter": line.chapter,
            "parent_offence_code": str(parent.code) if parent else None,
            "severity": _SEVERITIES.get(line.name.ru.strip().lower()),
            "offence_kind": _offence_kind(line, parent),
            "is_traffic": line.code in (contracts.marts["fct_traffic"].lines or ()),
            "is_drugs": line.code in (contracts.marts["fct_drugs"].lines or ()),
        }


def _offence_kind(line: Line, parent: Line | None) -> str:
    if parent is None:
        return "fact" if line.article else "total"
    if line.name.ru.strip().lower() in _SEVERITIES:
        return "severity"
    if line.chapter is None:
        return "breakdown"
    if parent.chapter is None:
        return "chapter"
    return "article" if line.article else "item"


def _offence_measures(contracts: Contracts) -> Iterator[Row]:
    mart = contracts.marts[_OFFENCE_MART]
    form = contracts.forms[mart.form]
    for measure in mart.measures:
        for line in form.section(measure.section).lines:
            if mart.lines is None or line.code in mart.lines:
                yield {
                    "measure": measure.name,
                    "offence_code": str(line.offence or line.code),
                    "form_code": form.code,
                    "section": measure.section,
                    "line": line.code,
                    "graph": measure.graph,
                    "basis": measure.basis,
                }


def _expected_submitters(contracts: Contracts, submissions: Iterable[Submission]) -> Iterator[Row]:
    """Duties for every form and month of which anything was received."""
    for form, period in sorted({(s.form_code, s.period) for s in submissions}):
        deadline = _naive(contracts.deadline(form, period))
        for territory in contracts.expected_submitters(form, period):
            yield {
                "form_code": form,
                "territory_kato": territory,
                "period_month": period_month(period),
                "deadline_at": deadline,
            }


def _coverage_rules(contracts: Contracts) -> Iterator[Row]:
    rule = contracts.coverage.aggregate
    for form in contracts.forms:
        yield {
            "form_code": form,
            "shown_from_units": rule.shown_from.units,
            "shown_from_population": rule.shown_from.population,
            "final_from_units": rule.final_from.units,
            "final_from_population": rule.final_from.population,
            "where_both_exist": contracts.coverage.where_both_exist.of(form),
        }


def _growth_rules(contracts: Contracts) -> Row:
    rule = contracts.coverage.growth
    texts = {
        f"{name}_{language}": getattr(getattr(rule.texts, name), language)
        for name in GROWTH_TEXTS
        for language in LANGUAGES
    }
    return {"minimal_base": rule.minimal_base, "times_from": rule.times_from, **texts}


def _restatement_rules(contracts: Contracts) -> Row:
    rule = contracts.restatements.suspected_error
    return {
        "suspected_factor": rule.factor,
        "suspected_minimum_change": rule.minimum_change,
    }


def _finding_texts(contracts: Contracts) -> Iterator[Row]:
    outliers = [code for code in contracts.messages.by_code if code.startswith("OUTLIER_")]
    for code in (*RECONCILIATION_CODES, *outliers):
        message = contracts.message(code)
        yield {
            "finding_code": code,
            "severity": message.severity,
            **{f"text_{language}": getattr(message.text, language) for language in LANGUAGES},
        }


def _series_breaks(contracts: Contracts) -> Iterator[Row]:
    broken = breaks_by_indicator(contracts.breaks, contracts.indicators)
    for code, entries in broken.items():
        for entry in entries:
            yield {
                "break_code": entry.id,
                "indicator_code": code,
                "from_month": entry.from_month,
                "settled_month": entry.settled_from,
                "is_inherited": code not in entry.indicators,
                **{f"reason_{lang}": getattr(entry.reason, lang) for lang in LANGUAGES},
                "source_name": entry.source,
                "note": entry.note or None,
                "is_verified": entry.verified,
            }


def _outlier_rules() -> Row:
    from warehouse.statistics.frame import load_parameters

    parameters = load_parameters()
    return {"version": parameters.version, "parameters": parameters.model_dump_json()}


def _submissions(submissions: Iterable[Submission]) -> Iterator[Row]:
    # The place in the order of receipt, not of registration: files that an outage held back and
    # that were registered in any order give the same figures. Of one moment and key the later
    # registered counts: nothing else tells them apart.
    ordered = sorted(
        submissions,
        key=lambda s: (s.received_at, s.form_code, s.territory_kato, s.period, s.sequence),
    )
    for place, submission in enumerate(ordered, start=1):
        yield {
            "submission_id": submission.submission_id,
            "sequence": place,
            "form_code": submission.form_code,
            "form_version": submission.form_version,
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
            "graph": finding["graph"],
            "found_value": finding["found"],
            "expected_value": finding["expected"],
            "rule_id": finding["rule_id"],
            **{
                f"message_{language}": _text(contracts, finding, language) for language in LANGUAGES
            },
        }


def _text(contracts: Contracts, finding: Row, language: Language) -> str:
    """The finding in words."""
    params = {**finding, "rule": finding["rule_id"], **json.loads(finding["params"] or "{}")}
    return contracts.messages.render(finding["code"], language, params)


def _cell_files(submissions: Iterable[Submission]) -> Iterator[Row]:
    for submission in submissions:
        yield {
            "submission_id": submission.submission_id,
            "path": submission.cells_path,
            "sha256": submission.cells_sha256,
        }
