"""What people did wrong at the desk: `problem_…` of `contracts/texts/portal.yml`, its values."""

from typing import Any


class PortalError(Exception):
    """Shown to the person on the page that they used.

    `status` is the HTTP answer: 409 where a well-formed request goes against the rules. After
    `retry_seconds` the same may be tried again.
    """

    def __init__(
        self, key: str, status: int = 409, *, retry_seconds: int | None = None, **params: Any
    ) -> None:
        super().__init__(key)
        self.key = key
        self.status = status
        self.retry_seconds = retry_seconds
        self.params = params

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer."""
        return {} if self.retry_seconds is None else {"retry-after": str(self.retry_seconds)}
