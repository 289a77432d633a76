"""The whole of docker-compose.yml for real, beside whatever else runs here: build, bring up, use,
kill in the middle of work, compare, take down.

`make compose-trial`. Needs a Docker engine; takes `docker compose`, or the program named by
COMPOSE, which has to pass on how a command ended. Everything it makes belongs to the project
`mvd-trial` and goes away at the end, but for the images.
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from ingestion.documents.official import write_workbook
from mvd.demo.plan import FORMS, Scope
from mvd.demo.write import write_demo
from mvd.remote import RemotePortal
from tests.integration.airflow_stack import mvd, sql, until
from tests.tools.compose_stack import PORTAL_NAME, ROOT, SUPERSET_NAME, Stack, T, ThroughProxy, say
from warehouse.contracts import load_contracts

KYZYLORDA = "430000000"
PASSWORD = "синий трактор едет мимо"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')
TOKEN = re.compile(r'id="secret">([^<]+)<')
RELEASE_SECONDS, STEP_SECONDS = 1500, 600
TABLES = (
    "select table_name, string_agg('\"' || column_name || '\"', ', ' order by ordinal_position)"
    " filter (not starts_with(data_type, 'TIMESTAMP')) as columns from information_schema.columns"
    " where table_schema = 'marts' group by all order by all"
)
"""The times at which reports came in differ from run to run, and nothing else may."""


def write_inbox(target: Path, originals: Path | None) -> int:
    """Twenty original workbooks if there are any, else the demonstration; how many files."""
    if originals is None:
        load = load_contracts()
        written = write_demo(
            target / "demo", contracts=load, scope=Scope("2025-01", "2025-01", forms=FORMS)
        )
        return written.files
    forms = {"1-M": 14, "SNG-1": 6}
    for form, count in forms.items():
        folder = target / form / "2022-12"
        folder.mkdir(parents=True)
        for original in sorted((originals / form).glob("*.XLSX"))[:count]:
            (folder / original.name).write_bytes(original.read_bytes())
    return sum(forms.values())


def until_released(stack: Stack, files: int) -> str:
    """The release that holds a verdict on every file."""

    def look() -> str | None:
        if not (found := stack.released()):
            return None
        try:
            (counted,) = stack.sql("select count(*) as files from marts.rpt_submissions")
        except RuntimeError:
            return None  # the ledger may be down just now
        return found if counted["files"] >= files else None

    return until(look, seconds=RELEASE_SECONDS, what="a release with every file")


def fingerprint(sql: Callable[[str], list[dict[str, Any]]]) -> dict[str, str]:
    """Rows and content of every published table, but for times."""
    tables = {row["table_name"]: row["columns"] for row in sql(TABLES)}
    one = "select '{0}' as name, count(*) as n, bit_xor(hash({1}))::varchar as h from marts.{0}"
    query = " union all ".join(one.format(name, columns) for name, columns in tables.items())
    return {row["name"]: f"{row['n']} rows, {row['h']}" for row in sql(query)}


def without_containers(inbox: Path, home: Path) -> dict[str, str]:
    """What the command line alone makes of the same files, undisturbed, on SQLite."""
    for manifest in inbox.rglob("manifest.csv"):
        mvd(
            home,
            "ingest",
            str(manifest.parent),
            "--manifest",
            str(manifest),
            "--by",
            "inbox",
            timeout=3600,
        )
    for folder in inbox.glob("*/2022-12"):
        taken = mvd(
            home, "ingest", str(folder), "--period", folder.name, "--by", "inbox", timeout=3600
        )
        assert taken.returncode == 0, taken.stdout + taken.stderr
    built = mvd(home, "build", timeout=3600)
    assert built.returncode == 0, built.stdout + built.stderr
    return fingerprint(partial(sql, home))


def page_form(client: httpx.Client, page: str, action: str, **fields: str) -> httpx.Response:
    """Send the form that stands on a page."""
    found = CSRF.search(client.get(page).text)
    assert found, f"no form on {page}"
    return client.post(action, data={"csrf": found[1], **fields})


def send_through_the_portal(stack: Stack, folder: Path) -> None:
    """An account by a one-time link, a token, a workbook: all through the proxy."""
    started = time.monotonic()
    before = stack.released()
    link = stack.mvd(
        "account",
        "create",
        "kyzylorda",
        "--role",
        "department_head",
        "--name",
        "Trial",
        "--territory",
        KYZYLORDA,
    )
    path = "/enrol/" + link.strip().rpartition("/enrol/")[2]
    with stack.client(PORTAL_NAME) as browser:
        page_form(browser, path, path, password=PASSWORD, repeated=PASSWORD)
        page_form(browser, "/sign-in", "/sign-in", login="kyzylorda", password=PASSWORD)
        shown = page_form(browser, "/account", "/account/tokens", name="trial")
    token = TOKEN.search(shown.text)
    assert token, shown.text
    form = load_contracts().form("1-M", "2022-11")
    report = folder / "report.xlsx"
    report.write_bytes(
        write_workbook(
            form,
            np.zeros(len(form.coordinates)),
            title="1-M  Кызылординская область (Свод)",
            description="28327;50119;1943%;__",
        )
    )
    desk = RemotePortal(f"https://{PORTAL_NAME}", token[1], transport=ThroughProxy(stack.https))
    answer = desk.submit(report, territory=KYZYLORDA, period="2022-11", form="1-M", confirm=True)
    say("a report sent through proxy and portal: verdict", started, answer.submission["verdict"])
    after = until(
        lambda: found if (found := stack.released()) != before else None,
        seconds=RELEASE_SECONDS,
        what="the release with the report",
    )
    say("… and in a release", started, after)


def look_at_pages(stack: Stack) -> None:
    """What people open: status codes, and that nothing else is given out."""
    for name, path in ((PORTAL_NAME, "/sign-in"), (SUPERSET_NAME, "/login/")):
        with stack.client(name) as client:
            say(f"https://{name}{path}", None, str(client.get(path).status_code))
    say(
        "Airflow /auth/login/",
        None,
        str(
            httpx.get(
                f"http://127.0.0.1:{stack.airflow}/auth/login/", timeout=60, follow_redirects=True
            ).status_code
        ),
    )
    plain = httpx.get(f"http://127.0.0.1:{stack.http}/", headers={"host": PORTAL_NAME})
    say("http", None, f"{plain.status_code} to {plain.headers['location']}")
    try:
        with stack.client("airflow.example.kz") as client:
            said = str(client.get("/").status_code)
    except httpx.TransportError as error:
        said = f"refused: {error}"
    say("https under another name", None, said)


def back_up_and_restore(stack: Stack) -> None:
    """A copy of the ledger by pg_dump, and back."""
    started = time.monotonic()
    copy = stack.mvd("backup").split()[-1]
    stack.compose("stop", "airflow-worker", "airflow-triggerer")
    said = stack.mvd("restore", copy).splitlines()[0]
    stack.compose("start", "airflow-worker", "airflow-triggerer")
    say("mvd backup, mvd restore (Postgres)", started, said)


@contextmanager
def disturbance(stack: Stack) -> Iterator[None]:
    """Kill the worker while it reads, the scheduler in dbt, Postgres in the gate; start again."""
    failed: list[BaseException] = []

    def strike() -> None:
        try:
            for dag, task, service in (
                ("intake", "take_in", "airflow-worker"),
                ("release", "transform", "airflow-scheduler"),
                ("release", "gate", "postgres"),
            ):
                at_work = partial(stack.running, dag, task)
                until(at_work, seconds=STEP_SECONDS, what=f"{dag}.{task} at work")
                stack.compose("kill", service)
                time.sleep(10)
                stack.compose("start", service)
                say(f"killed during {dag}.{task}, started after 10 s", None, service)
        except BaseException as error:
            failed.append(error)

    striker = threading.Thread(target=strike, daemon=True)
    striker.start()
    yield
    striker.join(STEP_SECONDS)
    if failed:
        raise failed[0]


def run_batch(stack: Stack, inbox: Path, files: int) -> dict[str, str]:
    """From empty volumes to a release with every file, through kills; the content of its tables."""
    timed("up: all healthy, from empty volumes", stack.up)
    started = time.monotonic()
    with disturbance(stack):
        stack.drop(inbox)
        release = until_released(stack, files)
        say(f"{files} workbooks dropped: in a release", started, release)
    counted = stack.sql(
        "select form_code, verdict, count(*) as n from marts.rpt_submissions"
        " group by all order by all"
    )
    for row in counted:
        say(f"  {row['form_code']} {row['verdict']}", None, str(row["n"]))
    return fingerprint(stack.sql)


def compare(quiet: dict[str, str], hit: dict[str, str]) -> bool:
    """Say which tables differ; True when none does."""
    differing = [name for name in quiet if hit.get(name) != quiet[name]]
    for name in differing:
        say(f"  {name}: {quiet[name]} / {hit.get(name)}")
    same = f"{len(quiet) - len(differing)} of {len(quiet)}"
    say("tables the same as without containers and kills", None, same)
    return not differing and quiet.keys() == hit.keys()


def timed(what: str, work: Callable[[], T]) -> T:
    """Do it and say how long it took."""
    started = time.monotonic()
    result = work()
    say(what, started)
    return result


def trial(stack: Stack, folder: Path, originals: Path | None) -> bool:
    """Everything in order; whether the killed run gave the tables of the undisturbed one."""
    inbox = folder / "inbox"
    files = write_inbox(inbox, originals)
    timed("what an earlier trial left behind taken down", stack.down)
    timed("images built", lambda: stack.compose("build"))
    hit = run_batch(stack, inbox, files)
    look_at_pages(stack)
    send_through_the_portal(stack, folder)
    back_up_and_restore(stack)
    timed("down, with the volumes", stack.down)
    quiet = timed(
        "the same files by the command line alone",
        lambda: without_containers(inbox, folder / "home"),
    )
    return compare(quiet, hit)


def main() -> int:
    """0 when all of it worked and the killed run gave the tables of the undisturbed one."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--originals", type=Path, help="folder with 1-M and SNG-1 workbooks")
    given = arguments.parse_args()
    # Asked to end, it takes down what it brought up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    beside = ROOT.parent / "shared" / "official-forms"
    originals = given.originals or (beside if beside.is_dir() else None)
    with tempfile.TemporaryDirectory(prefix="compose-trial-") as name:
        folder = Path(name)
        secrets = folder / "secrets"
        subprocess.run(
            ["sh", str(ROOT / "deploy" / "make-secrets.sh"), str(secrets)],
            check=True,
            capture_output=True,
        )
        stack = Stack(secrets)
        try:
            return 0 if trial(stack, folder, originals) else 1
        except Exception:
            sys.stderr.write(stack.compose("logs", "--no-color", "--tail", "40"))
            raise
        finally:
            stack.down()


if __name__ == "__main__":
    sys.exit(main())
