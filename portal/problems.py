"""What people did wrong at the desk: a key of `texts.yml` (under `problem_`) and its parameters."""

from typing import Any


class PortalError(Exception):
    """Shown to the person on the page that they used.

    `status` is the HTTP answer: 409 where a well-formed request goes against the rules.
    """

    def __init__(self, key: str, status: int = 409, **params: Any) -> None:
        super().__init__(key)
        self.key = key
        self.status = status
        self.params = params
