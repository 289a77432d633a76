"""`mvd claims`: what was said in public, beside what the release says."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mvd.console import console, print_json, print_table
from mvd.context import Context

if TYPE_CHECKING:
    from warehouse.contracts import Contracts
    from warehouse.contracts.claims import Claim
    from warehouse.published.claims.check import Answer

claims = typer.Typer(invoke_without_command=True)

_VERDICTS = "select * from marts.rpt_claims order by claim_id"
_CONTRADICTIONS = "select * from marts.rpt_claim_contradictions order by contradiction_number"
_WORST_FIRST = ("contradicted", "within_qualifier", "confirmed", "not_covered", "not_checkable")


@claims.callback()
def list_claims(
    context: typer.Context,
    release: Annotated[
        str | None, typer.Option(help="Номер выпуска; без него — действующий.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Ответ для программ.")] = False,
) -> None:
    """Опубликованные цифры против выпуска, и где публикации противоречат друг другу."""
    if context.invoked_subcommand is not None:
        return
    from warehouse.query.reader import query

    here: Context = context.obj
    verdicts = query(here.home, _VERDICTS, release=release).to_pylist()
    contradictions = query(here.home, _CONTRADICTIONS, release=release).to_pylist()
    is_demonstration = here.published_demonstration(release)
    if is_demonstration:
        here.say_demonstration("demonstration_claims")
    if as_json:
        print_json(
            {
                "is_demonstration": is_demonstration,
                "claims": verdicts,
                "contradictions": contradictions,
            }
        )
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


_Indicator = Annotated[str, typer.Option(help="Код показателя из словаря данных.")]
_Territory = Annotated[str, typer.Option(help="Код КАТО.")]
_Period = Annotated[
    str, typer.Option(help="Последний месяц, ГГГГ-ММ; цифра считается с начала года.")
]
_Value = Annotated[float, typer.Option(help="Цифра; для роста и снижения без знака.")]
_Qualifier = Annotated[
    str, typer.Option(help="exact, about, more_than, less_than, rise_pct, fall_pct, …")
]
_Month = Annotated[bool, typer.Option("--month", help="Цифра за один этот месяц.")]
_Json = Annotated[bool, typer.Option("--json", help="Ответ для программ.")]


@claims.command("check")
def check_figure(
    context: typer.Context,
    indicator: _Indicator,
    territory: _Territory,
    period: _Period,
    value: _Value,
    qualifier: _Qualifier = "exact",
    month: _Month = False,
    as_json: _Json = False,
) -> None:
    """Проверить цифру, прежде чем её сказать: что говорит выпуск и что говорилось раньше."""
    from warehouse.contracts import load_contracts

    contracts = load_contracts()
    claim = _claim(
        contracts, "C0000", indicator, territory, period, value, qualifier, is_month=month
    )
    _answer(context.obj, contracts, claim, as_json=as_json)


@claims.command("add")
def add_figure(
    context: typer.Context,
    indicator: _Indicator,
    territory: _Territory,
    period: _Period,
    value: _Value,
    source: Annotated[str, typer.Option(help="Документ: адрес или номер.")],
    quote: Annotated[str, typer.Option(help="Дословная цитата с цифрой.")],
    speaker: Annotated[str, typer.Option(help="Кто сказал.")],
    published: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Когда, ГГГГ-ММ-ДД.")],
    qualifier: _Qualifier = "exact",
    month: _Month = False,
    as_json: _Json = False,
) -> None:
    """Внести опубликованную цифру в реестр и показать, что о ней говорит выпуск."""
    from warehouse.contracts import load_contracts
    from warehouse.published.claims.check import add, next_id

    contracts = load_contracts()
    claim = _claim(
        contracts, next_id(contracts), indicator, territory, period, value, qualifier,
        is_month=month,
    ).model_copy(
        update={
            "source": source,
            "quote": quote,
            "speaker": speaker,
            "published_date": published.date(),
        }
    )  # fmt: skip
    path = add(claim, contracts)
    if not as_json:
        console.print(context.obj.say("claim_added", claim=claim.claim_id, file=path))
    _answer(context.obj, contracts, claim, as_json=as_json)


def _claim(
    contracts: Contracts,
    claim_id: str,
    indicator: str,
    territory: str,
    period: str,
    value: float,
    qualifier: str,
    *,
    is_month: bool,
) -> Claim:
    from warehouse.contracts.calendar import last_day
    from warehouse.contracts.claims import Claim
    from warehouse.core.clock import period_month, utc_now

    first = period_month(period)
    known = contracts.indicators.get(indicator)
    contracts.territories.require(territory)
    return Claim(
        claim_id=claim_id,
        source="",
        published_date=utc_now().date(),
        territory_name=contracts.territories.label(territory, "ru"),
        kato=territory,
        period_start=first if is_month else first.replace(month=1),
        period_end=last_day(period),
        indicator_code=indicator,
        qualifier=qualifier,
        value=Decimal(str(value)),
        unit=known.unit if known else "",
        quote="",
        speaker="",
    )


def _answer(context: Context, contracts: Contracts, claim: Claim, *, as_json: bool) -> None:
    from warehouse.published.claims.check import check

    answer = check(claim, contracts, context.home)
    if context.published_demonstration(None):
        context.say_demonstration("demonstration_claims")
    if as_json:
        print_json({"claim_id": claim.claim_id, **asdict(answer)})
    else:
        _show_answer(context, contracts, answer)
    if answer.verdict == "contradicted":
        raise typer.Exit(1)


def _show_answer(context: Context, contracts: Contracts, answer: Answer) -> None:
    said = context.say(f"claim_{answer.verdict}")
    console.print(f"{said} ({answer.reason})" if answer.reason else said, style="bold")
    if answer.query is not None:
        rows = [(answer.low, answer.high, answer.observed)]
        heads = [context.say(f"col_{name}") for name in ("low", "high", "observed")]
        print_table(context.say("claim_numbers"), heads, rows)
        console.print(answer.query, soft_wrap=True, markup=False, highlight=False)
    for found in answer.contradictions:
        text = contracts.messages.render(found.code, context.language, found.params)
        console.print(f"· {', '.join(found.claim_ids)}: {text}", soft_wrap=True)
