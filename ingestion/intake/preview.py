"""What changed contracts would do to submissions that were judged before, without doing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ingestion.intake import batch
from ingestion.request import Services, verdict_of
from warehouse.ledger import Finding, Submission


@dataclass(frozen=True, slots=True)
class Change:
    """A submission whose verdict or findings would not stay as they are.

    `added` and `removed` name rules, or codes of findings that come from no rule.
    """

    submission_id: str
    form: str
    territory: str
    period: str
    before: str
    after: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


def changes(
    services: Services, submissions: Sequence[Submission], *, workers: int | None = None
) -> list[Change]:
    """Judge submissions by the present contracts; those that would change, in their order."""
    found = []
    for submission, findings in batch.preview(services, submissions, workers=workers):
        change = _change(submission, services.ledger.findings(submission.submission_id), findings)
        if change.before != change.after or change.added or change.removed:
            found.append(change)
    return found


def summary(found: Iterable[Change]) -> dict[str, Any]:
    """Counts that a person decides by: verdicts before and after, and the rules that do it."""
    listed = list(found)
    verdicts = Counter(f"{change.before} → {change.after}" for change in listed)
    rules: Counter[str] = Counter()
    for change in listed:
        rules.update(f"+{name}" for name in change.added)
        rules.update(f"-{name}" for name in change.removed)
    return {
        "changed": len(listed),
        "verdicts": dict(verdicts.most_common()),
        "rules": dict(rules.most_common()),
    }


def as_json(found: Iterable[Change]) -> list[dict[str, Any]]:
    """The changes for a file."""
    return [asdict(change) for change in found]


def from_json(rows: Iterable[dict[str, Any]]) -> list[Change]:
    """The changes from such a file."""
    return [
        Change(**{**row, "added": tuple(row["added"]), "removed": tuple(row["removed"])})
        for row in rows
    ]


def _change(
    submission: Submission, before: Sequence[Finding], after: tuple[Finding, ...]
) -> Change:
    was, would_be = set(map(_name, before)), set(map(_name, after))
    return Change(
        submission_id=submission.submission_id,
        form=submission.form_code,
        territory=submission.territory_kato,
        period=submission.period,
        before=submission.verdict.value if submission.verdict else "received",
        after=verdict_of(after).value,
        added=tuple(sorted(would_be - was)),
        removed=tuple(sorted(was - would_be)),
    )


def _name(finding: Finding) -> str:
    return finding.rule_id or finding.code
