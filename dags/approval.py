"""A question that a run puts to a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.standard.exceptions import HITLTimeoutError
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowFailException

_PATIENCE = timedelta(days=14)


class Approval(ApprovalOperator):
    """Waits for *Approve* or *Reject*; asks again when Airflow has lost the answer.

    One that comes within a second or two of the question, before the scheduler has noted that the
    task waits, makes it take the task for lost (Airflow 3.3). Silence is not asked again.
    """

    def __init__(self, *, task_id: str, subject: str, body: str, **settings: Any) -> None:
        super().__init__(
            task_id=task_id,
            subject=subject,
            body=body,
            response_timeout=_PATIENCE,
            execution_timeout=None,
            retries=3,
            retry_delay=timedelta(seconds=5),
            retry_exponential_backoff=False,
            **settings,
        )

    def process_trigger_event_error(self, event: dict[str, Any]) -> None:
        """Called when the time is over."""
        try:
            super().process_trigger_event_error(event)
        except HITLTimeoutError as error:
            raise AirflowFailException(f"nobody answered within {_PATIENCE.days} days") from error
