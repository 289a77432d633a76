import json
import threading
import urllib.error
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from deploy.health import main

PARTS = {"metadatabase": {"status": "healthy"}, "triggerer": {"status": "unhealthy"}}


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 503)
        self.end_headers()
        self.wfile.write(json.dumps(PARTS).encode())

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_address_that_answers_is_healthy(url: str) -> None:
    assert main([f"{url}/health"]) == 0


def test_a_part_is_as_healthy_as_the_answer_says(url: str) -> None:
    assert main([f"{url}/health", "metadatabase"]) == 0
    assert main([f"{url}/health", "metadatabase", "triggerer"]) == 1


def test_an_error_is_not_healthy(url: str) -> None:
    with pytest.raises(urllib.error.HTTPError):
        main([f"{url}/broken"])
