"""Writes the sources and staging models of dbt from `warehouse.build.schemas` (`make staging`)."""

import shutil
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from warehouse.build.schemas import TABLES, InputTable
from warehouse.build.transform import PROJECT

FOLDER = PROJECT / "models" / "staging"
_SOURCES = {
    "contracts": "Contracts of this build: what forms, indicators and territories mean. Data only.",
    "ledger": "Snapshot of the ledger: every submission of the build and what was found in it.",
    "lake": "Cells of submissions in force and of the versions they replaced.",
}
_STAGED = [table for table in TABLES if table.source]


def files() -> dict[Path, str]:
    """Every file of the staging layer by its path below `FOLDER`."""
    written = {Path("_sources.yml"): _lines(_sources())}
    for table in _STAGED:
        place = Path(table.source) / _model(table)
        written[place.with_suffix(".sql")] = _lines(_sql(table))
        written[place.with_suffix(".yml")] = _lines(_properties(table))
    return written


def _lines(lines: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _model(table: InputTable) -> str:
    return f"stg_{table.source}__{table.name}"


def _sources() -> Iterator[str]:
    yield from ("version: 2", "", "sources:")
    for source, tables in groupby(_STAGED, attrgetter("source")):
        yield f"  - name: {source}"
        yield f"    schema: {source}"
        yield f'    description: "{_SOURCES[source]}"'
        yield "    tables:"
        for table in tables:
            yield f"      - name: {table.name}"
            yield f'        description: "{table.description}"'


def _sql(table: InputTable) -> Iterator[str]:
    yield "with source as ("
    yield f"    select * from {{{{ source('{table.source}', '{table.name}') }}}}"  # noqa: S608
    yield from ("),", "", "final as (", "    select")
    casts = [
        f"        cast({column.stored_as or name} as {column.sql}) as {name}"
        for name, column in table.columns.items()
    ]
    yield ",\n".join(casts)
    yield from ("    from source", ")", "", "select * from final")


def _properties(table: InputTable) -> Iterator[str]:
    grain = ", ".join(table.key)
    yield from ("version: 2", "", "models:", f"  - name: {_model(table)}")
    yield f'    description: "{table.description} Grain: one row per {grain}."'
    if len(table.key) > 1:
        yield "    data_tests:"
        yield "      - unique_combination:"
        yield "          arguments:"
        yield f"            columns: [{grain}]"
    yield "    columns:"
    for name, column in table.columns.items():
        yield f"      - name: {name}"
        yield f"""        description: "{{{{ doc('{column.words or name}') }}}}\""""
        if table.key == (name,):
            yield "        data_tests: [unique, not_null]"


def main() -> None:
    """Write the staging layer anew."""
    shutil.rmtree(FOLDER)
    for path, text in files().items():
        file = FOLDER / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
