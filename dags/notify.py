"""Notices about what people should know, by the hook of `mvd.notices`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

if TYPE_CHECKING:
    from airflow.sdk import Context


class NoticeNotifier(BaseNotifier):
    """Sends a notice of `kind` that says which task of which run it is about."""

    template_fields = ("kind",)

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def notify(self, context: Context) -> None:
        """Called by Airflow, for instance when a task has failed for the last time."""
        from mvd.notices import send
        from warehouse.core.settings import load_settings

        send(load_settings(), self.kind, _told(context))


def _told(context: Any) -> dict[str, Any]:
    instance = context.get("task_instance") or context.get("ti")
    told: dict[str, Any] = {"run": context.get("run_id")}
    if instance is not None:
        told |= {
            "dag": instance.dag_id,
            "task": instance.task_id,
            "run": instance.run_id,
            "map_index": instance.map_index,
            "try_number": instance.try_number,
        }
    if exception := context.get("exception"):
        told["reason"] = str(exception)
    return told


def release_is_late(context: Any = None, **_: Any) -> None:
    """Called by the deadline alert of the release DAG; runs in the executor."""
    from mvd.notices import send
    from warehouse.core.settings import load_settings

    send(load_settings(), "release_late", {"run": str((context or {}).get("dag_run", ""))})
