"""`mvd claims`: what was said in public, beside what the release says."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mvd.console import console, print_json, print_table
from mvd.context import Context

_VERDICTS = "select * from marts.rpt_claims order by claim_id"
_CONTRADICTIONS = "select * from marts.rpt_claim_contradictions order by contradiction_number"
_WORST_FIRST = ("contradicted", "within_qualifier", "confirmed", "not_covered", "not_checkable")


def claims(
    context: typer.Context,
    release: Annotated[
        str | None, typer.Option(help="Номер выпуска; без него — действующий.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Ответ для программ.")] = False,
) -> None:
    """Опубликованные цифры против выпуска, и где публикации противоречат друг другу."""
    from warehouse.sql import query

    here: Context = context.obj
    verdicts = query(here.home, _VERDICTS, release=release).to_pylist()
    contradictions = query(here.home, _CONTRADICTIONS, release=release).to_pylist()
    if as_json:
        print_json({"claims": verdicts, "contradictions": contradictions})
    else:
        _show(here, verdicts, contradictions)
    if any(row["verdict"] == "contradicted" for row in verdicts):
        raise typer.Exit(1)


def _show(
    context: Context, verdicts: list[dict[str, Any]], contradictions: list[dict[str, Any]]
) -> None:
    answered = [row for row in verdicts if not row["verdict"].startswith("not_")]
    answered.sort(key=lambda row: _WORST_FIRST.index(row["verdict"]))
    rows = [
        (
            row["claim_id"],
            context.say(f"claim_{row['verdict']}"),
            row["quote_text"],
            row["stated_value"],
            row["observed_value"],
        )
        for row in answered
    ]
    names = ("claim", "verdict", "quote", "stated", "observed")
    if rows:
        print_table(context.say("claims_title"), [context.say(f"col_{n}") for n in names], rows)
    across = [row["claim_id"] for row in answered if row.get("series_break")]
    if across:
        console.print(context.say("claims_across_break", claims=", ".join(sorted(across))))
    for verdict in _WORST_FIRST:
        count = sum(row["verdict"] == verdict for row in verdicts)
        console.print(f"{context.say(f'claim_{verdict}')}: {count}")
    body = [
        (
            context.say(f"claim_{row['severity']}"),
            row["claim_ids"],
            row[f"message_{context.language}"],
        )
        for row in contradictions
    ]
    heads = [context.say(f"col_{name}") for name in ("severity", "claims", "finding")]
    print_table(context.say("contradictions_title"), heads, body)
