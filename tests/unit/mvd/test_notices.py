"""Notices against a real file and a real receiver."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mvd.notices import NOTICES, send
from warehouse.core.settings import Settings


class Receiver(BaseHTTPRequestHandler):
    received: list[dict[str, object]]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        type(self).received.append(json.loads(self.rfile.read(length)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, object]]]]:
    Receiver.received = []
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", Receiver.received
    server.shutdown()
    server.server_close()


def kept(home: Path) -> list[dict[str, object]]:
    lines = (home / NOTICES).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_a_notice_is_kept_and_handed_on(
    tmp_path: Path, receiver: tuple[str, list[dict[str, object]]]
) -> None:
    url, received = receiver
    send(Settings(home=tmp_path, notice_url=url), "report_late", {"form": "1-М"})
    assert kept(tmp_path) == received
    assert received[0]["kind"] == "report_late"
    assert received[0]["form"] == "1-М"


def test_a_receiver_that_is_not_there_stops_nothing(tmp_path: Path) -> None:
    send(Settings(home=tmp_path, notice_url="http://127.0.0.1:9/"), "task_failed", {})
    assert [notice["kind"] for notice in kept(tmp_path)] == ["task_failed"]


def test_notices_sent_at_once_do_not_mix(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    threads = [
        threading.Thread(target=send, args=(settings, "x", {"text": str(n) * 3000}))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(str(notice["text"])[0] for notice in kept(tmp_path)) == [*"01234567"]
