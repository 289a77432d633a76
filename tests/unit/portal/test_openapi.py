"""schemathesis tries everything that the description allows, and what it does not."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok

from tests.unit.portal.conftest import PERIOD, Desk

pytestmark = pytest.mark.slow

TRIES = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


@pytest.mark.parametrize("login", ["head", "ministry"])
def test_the_api_does_what_its_description_says(desk: Desk, clean: bytes, login: str) -> None:
    desk.sent(desk.browser("clerk"), clean)
    app = desk.app
    token: str = desk.api(login).headers["authorization"]
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)

    @schema.auth()
    class Token:
        def get(self, _case: schemathesis.Case[Any], _context: schemathesis.AuthContext) -> str:
            return token

        def set(
            self, case: schemathesis.Case[Any], data: str, _context: schemathesis.AuthContext
        ) -> None:
            case.headers["authorization"] = data

    tried = 0
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()

        @TRIES
        def attempt(case: schemathesis.Case[Any]) -> None:
            nonlocal tried
            tried += 1
            case.call_and_validate()

        given(case=operation.as_strategy())(attempt)()
    assert tried > 20 * 10


def test_the_description_wants_a_token_and_names_every_refusal(desk: Desk) -> None:
    described = desk.browser().get("/api/v1/openapi.json").json()
    assert described["security"] == [{"token": []}]
    for path in described["paths"].values():
        for operation in path.values():
            assert {"401", "403", "404"} <= set(operation["responses"])


def test_a_wrong_period_is_refused_before_anything_is_read(desk: Desk) -> None:
    answer = desk.api("head").post("/api/v1/uploads?period=2022-13&file_name=x", content=b"x")
    assert answer.status_code == 422
    assert desk.portal.uploads.recent("430000000", PERIOD) == []
