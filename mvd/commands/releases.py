"""`mvd releases`, `mvd verify`: what was published, and whether it is still what it was."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mvd.console import console, print_json, print_table
from mvd.context import Context
from mvd.show import local


def releases(
    context: typer.Context,
    release_id: Annotated[
        str | None, typer.Argument(help="Номер выпуска, чтобы увидеть его описание.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Ответ для программ.")] = False,
) -> None:
    """Список выпусков или описание одного из них."""
    from warehouse.releases import catalogue

    here: Context = context.obj
    if release_id is not None:
        _one(here, release_id, as_json)
        return
    catalogue.catch_up(here.home)
    manifests = [
        catalogue.read_manifest(here.home, each) for each in catalogue.list_releases(here.home)
    ]
    if as_json:
        left_out = {"files", "submissions"}
        print_json([manifest.model_dump(mode="json", exclude=left_out) for manifest in manifests])
        return
    in_force = catalogue.current(here.home)
    rows = [
        (
            manifest.release_id,
            local(manifest.published_at),
            f"{manifest.period_first} … {manifest.period_last}",
            sum(submission.in_force for submission in manifest.submissions),
            manifest.content_hash[:16],
            here.say("release_in_force") if manifest.release_id == in_force else "",
            here.say("demonstration") if manifest.is_demonstration else "",
        )
        for manifest in manifests
    ]
    names = ("release", "published", "period", "submissions", "content", "state", "data")
    columns = [here.say(f"col_{name}") for name in names]
    print_table(here.say("releases_title"), columns, rows)


def _one(context: Context, release_id: str, as_json: bool) -> None:
    from warehouse.releases import catalogue

    manifest = catalogue.read_manifest(context.home, release_id)
    if as_json:
        print_json(manifest.model_dump(mode="json"))
        return
    if manifest.is_demonstration:
        console.print(context.say("demonstration"), style="bold red")
    console.print(
        f"{manifest.release_id} · {local(manifest.published_at)} · {manifest.content_hash}"
    )
    rows = [(table.name, table.rows, table.content_hash) for table in manifest.tables]
    columns = [context.say(f"col_{name}") for name in ("tables", "rows", "content")]
    print_table("", columns, rows)


def verify(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(help="Номер выпуска или файл квитанции.")],
    report: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Отчёт, на который выдана квитанция."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Ответ для программ.")] = False,
) -> None:
    """Пересчитать все хеши выпуска — или проверить подпись квитанции."""
    here: Context = context.obj
    path = Path(subject)
    is_genuine = (
        _verify_receipt(here, path, report, as_json)
        if path.is_file()
        else _verify_release(here, subject, as_json)
    )
    if not is_genuine:
        raise typer.Exit(1)


def _verify_receipt(context: Context, path: Path, report: Path | None, as_json: bool) -> bool:
    from ingestion.documents import receipt

    content = report.read_bytes() if report else None
    key = receipt.public_key_pem(context.home)
    check = receipt.verify(path.read_text(encoding="utf-8", errors="replace"), key, content)
    if as_json:
        print_json({"outcome": check.outcome.value, "is_valid": check.is_valid})
    else:
        console.print(check.text(context.language), style="green" if check.is_valid else "red")
    return check.is_valid


def _verify_release(context: Context, release_id: str, as_json: bool) -> bool:
    from warehouse.releases import verification

    with context.services() as services:
        differences = verification.verify(
            context.home, release_id, context.settings, services.ledger
        )
    rows = [(d.name, d.expected, d.found) for d in differences]
    if as_json:
        keys = ("name", "expected", "found")
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
    elif rows:
        console.print(context.say("verify_failed", release_id=release_id), style="red")
        print_table("", ["", "manifest", "found"], rows)
    else:
        console.print(context.say("verify_passed", release_id=release_id))
    return not rows
