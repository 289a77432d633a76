"""Twenty departments send their 1-М through the portal at the same moment."""

import os
import socket
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from bench.workbooks import PERIOD
from mvd.remote import RemotePortal
from portal.store.accounts import Accounts
from portal.store.sessions import Sessions
from warehouse.contracts import load_contracts
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger


def rush(files: list[str], home: str) -> dict[str, Any]:
    """Seconds from the first byte sent to the verdict read. `files` are named by their KATO."""
    paths = [Path(file) for file in files]
    tokens = _tokens(Path(home), [path.stem for path in paths])
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "MVD_HOME": home,
        "MVD_PORTAL_PORT": str(port),
        "MVD_PORTAL_PUBLIC_URL": url,
    }
    started = time.perf_counter()
    server = subprocess.Popen([sys.executable, "-m", "mvd", "portal"], env=environment)
    try:
        _wait(url)
        start = time.perf_counter() - started
        cold = _send(url, tokens[paths[0].stem], paths[0])
        with ThreadPoolExecutor(len(paths)) as pool:
            seconds = list(pool.map(lambda p: _send(url, tokens[p.stem], p), paths[1:]))
    finally:
        server.terminate()
        server.wait(30)
    with Ledger(Settings(home=Path(home)).ledger) as ledger:
        judged = ledger.submissions(state="judged")
    return {
        "departments": len(seconds),
        "first_verdict_seconds": min(seconds),
        "median_verdict_seconds": statistics.median(seconds),
        "last_verdict_seconds": max(seconds),
        "start_seconds": start,
        "first_after_start_seconds": cold,
        "lost": len(paths) - len(judged),
    }


def _send(url: str, token: str, file: Path) -> float:
    started = time.perf_counter()
    portal = RemotePortal(url, token)
    result = portal.submit(file, territory=file.stem, period=PERIOD, form="1-M", confirm=False)
    if result.submission["verdict"] is None:
        raise RuntimeError(f"{file.name} has no verdict")
    return time.perf_counter() - started


def _tokens(home: Path, territories: list[str]) -> dict[str, str]:
    with Ledger(Settings(home=home).ledger) as ledger:
        accounts = Accounts(ledger.engine, load_contracts().territories)
        sessions = Sessions(ledger.engine)
        tokens = {}
        for kato in territories:
            account = accounts.create(
                login=f"unit{kato}",
                display_name=kato,
                role="department_head",
                territory=kato,
                email=None,
            )
            tokens[kato] = sessions.issue_token(account.account_id, "bench")
    return tokens


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str) -> None:
    for _ in range(600):
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/health").is_success:
                return
        time.sleep(0.2)
    raise RuntimeError("the portal does not become ready")
