"""How fast the dashboards answer: every chart in DuckDB, and in a browser."""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import yaml

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


def dashboards(*, quick: bool) -> Result:
    """Chart queries on one year and on ten, and a browser."""
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
        return {
            "months": months,
            "rows_of_figures": rows[0] if rows else 0,
            **asked,
            "one_year": one_year,
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


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]
