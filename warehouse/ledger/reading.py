"""How submissions, judgements and findings are read."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    func,
    select,
)
from sqlalchemy.engine import RowMapping

from warehouse.core.clock import as_utc
from warehouse.core.errors import UserError
from warehouse.ledger import decisions as d
from warehouse.ledger import schema as t
from warehouse.ledger.arrivals import of_key
from warehouse.ledger.records import FINDING_SCHEMA, Finding, Judgement, Submission, Verdict
from warehouse.ledger.text import storable


def key_of(submission: Submission) -> tuple[str, str, str]:
    """Form, territory and period of a submission."""
    return submission.form_code, submission.territory_kato, submission.period


def version_in_force(connection: Connection, submission_id: str) -> Submission | None:
    """The version in force for the form, territory and period of a submission."""
    key = key_of(one_submission(connection, submission_id))
    ranked = ranked_submissions(None, [of_key(key)]).subquery()
    found = connection.execute(select(ranked).where(ranked.c.in_force)).mappings().first()
    return as_submission(found) if found else None


def _with_judgement() -> Any:
    return t.submission.outerjoin(
        t.judgement,
        and_(
            t.judgement.c.submission_id == t.submission.c.submission_id,
            t.judgement.c.number == t.submission.c.judgements,
        ),
    )


_SUBMISSION_COLUMNS = [
    c for c in t.submission.c if c.name not in {"form_version", "judgements", "is_author_read"}
]
_JUDGEMENT_COLUMNS = [
    t.judgement.c[name]
    for name in (
        "verdict",
        "judged_at",
        "contract_hash",
        "cells_path",
        "cells_sha256",
        "cell_count",
        "error_count",
        "warning_count",
    )
]


def ranked_submissions(as_of: datetime | None, where: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Submissions with their latest judgement and their place among the accepted of their key."""
    s, j = t.submission.c, t.judgement.c
    stands = d.standing_column()
    is_accepted = and_(j.verdict.is_not(None), j.verdict != Verdict.REJECTED.value)
    accepted = and_(is_accepted, stands == "counts")
    group = [s.form_code, s.territory_kato, s.period, case((accepted, 1), else_=0)]
    newest_first = [s.received_at.desc(), s.sequence.desc()]
    rank = func.row_number().over(partition_by=group, order_by=newest_first)
    before = func.lead(s.submission_id).over(partition_by=group, order_by=newest_first)
    query = (
        select(
            *_SUBMISSION_COLUMNS,
            *_JUDGEMENT_COLUMNS,
            func.coalesce(j.form_version, s.form_version).label("form_version"),
            case((s.judgements == 0, "received"), else_="judged").label("state"),
            and_(accepted, rank == 1).label("in_force"),
            case((accepted, before)).label("replaces_submission_id"),
            stands.label("standing"),
        )
        .select_from(_with_judgement())
        .where(*where)
    )
    return query.where(s.received_at <= as_utc(as_of)) if as_of else query


@cache
def _one_query() -> Select[Any]:
    """Built once: putting it together takes longer than the answer."""
    wanted: BindParameter[str] = bindparam("submission_id")
    same_key = t.submission.alias()
    key = ("form_code", "territory_kato", "period")
    where = [
        select(same_key.c.submission_id)
        .where(
            same_key.c.submission_id == wanted,
            *(same_key.c[name] == t.submission.c[name] for name in key),
        )
        .exists()
    ]
    query = ranked_submissions(None, where).subquery()
    return select(query).where(query.c.submission_id == wanted)


def one_submission(connection: Connection, submission_id: str) -> Submission:
    """A submission by its id; UserError SUBMISSION_UNKNOWN."""
    row = connection.execute(_one_query(), {"submission_id": submission_id})
    found = row.mappings().first()
    if found is None:
        raise UserError("SUBMISSION_UNKNOWN", submission_id=submission_id)
    return as_submission(found)


def as_submission(row: RowMapping) -> Submission:
    """A row of `ranked_submissions` as a submission."""
    values = dict(row)
    verdict = values.pop("verdict")
    flags: dict[str, Any] = {
        name: bool(values.pop(name)) for name in ("in_force", "is_demonstration")
    }
    return Submission(**values, verdict=verdict and Verdict(verdict), **flags)


def judgement_count(connection: Connection, submission_id: str, *, lock: bool = False) -> int:
    """How many judgements a submission has; with `lock` its row is locked until the end."""
    query = select(t.submission.c.judgements).where(t.submission.c.submission_id == submission_id)
    number: int | None = connection.execute(query.with_for_update() if lock else query).scalar()
    if number is None:
        raise UserError("SUBMISSION_UNKNOWN", submission_id=submission_id)
    return number


def judgement_query(submission_id: str) -> Select[Any]:
    """The judgements of a submission, in no order."""
    columns = [t.judgement.c.submission_id, t.judgement.c.number, *_JUDGEMENT_COLUMNS]
    return select(*columns).where(t.judgement.c.submission_id == submission_id)


def one_judgement(connection: Connection, submission_id: str, number: int) -> Judgement:
    """The judgement of a submission with this number."""
    query = judgement_query(submission_id).where(t.judgement.c.number == number)
    return as_judgement(connection.execute(query).mappings().one())


def as_judgement(row: RowMapping) -> Judgement:
    """A row of `judgement_query` as a judgement."""
    return Judgement(**{**row, "verdict": Verdict(row["verdict"])})


def finding_values(finding: Finding) -> dict[str, Any]:
    """A finding as the values of its row."""
    values = {
        "code": finding.code,
        "severity": finding.severity,
        "sheet": finding.sheet,
        "cell": finding.cell,
        "section": finding.section,
        "line": finding.line,
        "column_number": finding.column,
        "found": finding.found,
        "expected": finding.expected,
        "rule_id": finding.rule_id,
        "params": json.dumps(dict(finding.params), ensure_ascii=False, sort_keys=True),
    }
    return {k: storable(v) if isinstance(v, str) else v for k, v in values.items()}


def as_finding(row: RowMapping) -> Finding:
    """A row of the table of findings as a finding."""
    place = ("submission_id", "number", "position", "column_number")
    values = {name: value for name, value in row.items() if name not in place}
    params = json.loads(row["params"])
    return Finding(**{**values, "column": row["column_number"], "params": params})


def findings_table(connection: Connection, as_of: datetime | None) -> pa.Table:
    """Findings of the latest judgements of what was received by `as_of`, as Arrow."""
    f, s = t.finding.c, t.submission.c
    query = (
        select(*(f[name] for name in FINDING_SCHEMA.names))
        .join(t.submission, and_(s.submission_id == f.submission_id, s.judgements == f.number))
        .order_by(s.sequence, f.position)
    )
    if as_of:
        query = query.where(s.received_at <= as_utc(as_of))
    columns = list(zip(*connection.execute(query).all(), strict=True)) or [()] * len(FINDING_SCHEMA)
    return pa.table(
        [
            pa.array(column, field.type)
            for column, field in zip(columns, FINDING_SCHEMA, strict=True)
        ],
        schema=FINDING_SCHEMA,
    )
