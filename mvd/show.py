"""Submissions and findings as people read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mvd.console import console, print_table
from mvd.context import Context

if TYPE_CHECKING:
    from ingestion.request import Services, SubmissionResult
    from mvd.build.pipeline import BuildOutcome
    from mvd.remote import RemoteResult
    from warehouse.contracts import Contracts
    from warehouse.ledger import Finding
    from warehouse.releases.left_out import LeftOut


_SHOWN = 40
_WORST_FIRST = ("error", "warning", "info")
_STYLES = {
    "accepted": "green",
    "accepted_with_warnings": "yellow",
    "rejected": "bold red",
    "returned": "bold red",
    "withdrawn": "bold red",
}


def show_result(context: Context, services: Services, result: SubmissionResult) -> None:
    """Verdict, findings worst first, receipt."""
    verdict = context.say(f"verdict_{result.outcome}")
    console.print(f"{result.file_name}: {verdict}", style=_STYLES[result.outcome])
    if not result.is_new and not result.is_given_up:
        console.print(context.say("already_received", received_at=local(result.received_at)))
    if result.signature is not None:
        said = result.signature.text(context.language)
        signer = result.signature.signer if result.signature.is_valid else None
        console.print(context.say("signature", signer=signer or "—", text=said))
    show_findings(context, services.contracts, result.findings)
    console.print(context.say("receipt", **result.receipt))


def show_remote_result(context: Context, result: RemoteResult) -> None:
    """Verdict, findings worst first and number, as a portal elsewhere gave them."""
    said = result.submission
    verdict = context.say(f"verdict_{said['verdict']}")
    console.print(f"{said['file_name']}: {verdict}", style=_STYLES[said["verdict"]])
    if signed := result.signature:
        signer = signed["signed_by"] or "—"
        console.print(context.say("signature", signer=signer, text=signed["text"]))
    ordered = sorted(result.findings, key=lambda f: _WORST_FIRST.index(f["severity"]))
    rows = [
        (
            context.say(f"severity_{finding['severity']}"),
            " ".join(filter(None, (finding["sheet"], finding["cell"]))),
            finding["text"],
            finding["how_to_fix"],
        )
        for finding in ordered[:_SHOWN]
    ]
    columns = [context.say(f"col_{name}") for name in ("severity", "place", "finding", "fix")]
    if rows:
        print_table(context.say("findings"), columns, rows)
    console.print(context.say("receipt", **said))


def show_findings(context: Context, contracts: Contracts, findings: Sequence[Finding]) -> None:
    """A table of findings; the rest is counted, never dropped in silence."""
    from ingestion.findings import render

    if not findings:
        console.print(context.say("no_findings"))
        return
    ordered = sorted(findings, key=lambda f: _WORST_FIRST.index(f.severity))
    rows = []
    for finding in ordered[:_SHOWN]:
        what, fix = render(finding, contracts, context.language)
        place = " ".join(filter(None, (finding.sheet, finding.cell)))
        rows.append((context.say(f"severity_{finding.severity}"), place, what, fix))
    columns = [context.say(f"col_{name}") for name in ("severity", "place", "finding", "fix")]
    print_table(context.say("findings"), columns, rows)
    if len(ordered) > _SHOWN:
        console.print(context.say("findings_shown", shown=_SHOWN, total=len(ordered)))


def show_results(context: Context, services: Services, results: Sequence[SubmissionResult]) -> None:
    """A line per file that is not simply accepted, and the count of all."""
    rows = [
        (
            result.file_name,
            territory_name(services.contracts, result.territory, context),
            result.form,
            result.period,
            context.say(f"verdict_{result.outcome}"),
            sum(f.severity == "error" for f in result.findings),
            sum(f.severity == "warning" for f in result.findings),
            result.submission_id,
        )
        for result in results
        if result.outcome != "accepted"
    ]
    names = ("file", "territory", "form", "period", "verdict", "errors", "warnings", "submission")
    if rows:
        print_table(context.say("findings"), [context.say(f"col_{n}") for n in names], rows)
    outcomes = Counter(result.outcome for result in results)
    console.print(
        context.say(
            "ingest_summary",
            files=len(results),
            accepted=outcomes["accepted"],
            warnings=outcomes["accepted_with_warnings"],
            rejected=outcomes["rejected"],
            given_up=outcomes["returned"] + outcomes["withdrawn"],
            repeated=sum(not result.is_new for result in results),
        )
    )


def show_left_out(context: Context, left_out: Sequence[LeftOut]) -> None:
    """A line for what of a form no build can use, and why."""
    for each in left_out:
        reason = context.say(f"left_out_{each.reason}")
        said = context.say(
            "left_out", form=each.form, count=each.count, in_force=len(each.in_force), reason=reason
        )
        console.print(said, style="yellow" if each.in_force else None)


def territory_name(contracts: Contracts, kato: str, context: Context) -> str:
    """The territory's name in the reader's language; the code itself when it is unknown."""
    if kato not in contracts.territories:
        return kato
    return contracts.territories.label(kato, context.language)


def local(moment: object) -> str:
    """A moment as `YYYY-MM-DD HH:MM` in UTC, the time of the receipts."""
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""


def show_unpublished(context: Context, outcome: BuildOutcome) -> None:
    """Print why a build was not published, and whether data or machine are at fault."""
    said = context.say(f"build_{outcome.state}", release_id=outcome.release_id)
    console.print(said, style="red")
    for reason in outcome.reasons_in(context.language):
        console.print(f"  – {reason}", markup=False)
