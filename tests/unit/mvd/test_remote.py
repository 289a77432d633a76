"""`mvd submit --url` against a portal that runs in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from mvd.remote import RemotePortal
from portal.app import create_app
from portal.judging.judge import judge
from tests.unit.ingestion.conftest import sng_workbook
from tests.unit.portal.conftest import KYZYLORDA, PAVLODAR, PERIOD, Desk, database, desk, furnished
from warehouse.core.errors import UserError

__all__ = ["database", "desk", "furnished"]


@pytest.fixture
def portal(desk: Desk) -> Iterator[str]:
    """The address of a served portal whose uploads are judged by a thread."""
    config = uvicorn.Config(create_app(desk.settings, desk.services), port=0, log_level="error")
    server = uvicorn.Server(config)
    stopping = threading.Event()

    def judge_all() -> None:
        while not stopping.wait(0.05):
            upload = desk.portal.uploads.claim("judge")
            if upload is not None:
                judge(desk.services, desk.portal.uploads, desk.settings, upload)

    threads = [threading.Thread(target=server.run), threading.Thread(target=judge_all)]
    for thread in threads:
        thread.start()
    while not server.started:
        stopping.wait(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    stopping.set()
    server.should_exit = True
    for thread in threads:
        thread.join()


def token(desk: Desk, login: str = "head") -> str:
    account = desk.portal.accounts.by_login(login)
    return desk.portal.sessions.issue_token(account.account_id, "test")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "СНГ-1 Кызылординская область.xlsx"
    path.write_bytes(sng_workbook())
    return path


def test_a_file_is_sent_judged_and_answered_with_a_receipt(
    desk: Desk, portal: str, file: Path
) -> None:
    remote = RemotePortal(portal, token(desk))
    ask = {"territory": KYZYLORDA, "period": PERIOD, "form": None, "confirm": True}
    first = remote.submit(file, **ask)  # type: ignore[arg-type]
    assert first.is_accepted
    assert first.submission["in_force"]
    again = remote.submit(file, **ask)  # type: ignore[arg-type]
    assert again.receipt == first.receipt


def test_another_territory_is_refused_in_the_portals_words(
    desk: Desk, portal: str, file: Path
) -> None:
    remote = RemotePortal(portal, token(desk))
    with pytest.raises(UserError) as refused:
        remote.submit(file, territory=PAVLODAR, period=PERIOD, form=None, confirm=True)
    assert refused.value.code == "PORTAL_REFUSED"
    assert refused.value.params["status"] == 404


def test_a_portal_that_is_not_there_is_told(file: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    remote = RemotePortal("http://nowhere", "x", transport=httpx.MockTransport(refuse))
    with pytest.raises(UserError, match="PORTAL_UNREACHABLE"):
        remote.submit(file, territory=KYZYLORDA, period=PERIOD, form=None, confirm=True)
