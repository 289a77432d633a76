"""Progress on the terminal: nothing is printed where nobody watches or a program reads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from mvd.console import errors


class Counter:
    """A bar on the terminal. Called once per finished item, whatever the item is."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def __call__(self, *_: Any) -> None:
        self._progress.advance(self._task)

    def to(self, done: int, total: int) -> None:
        """Set how much of how much is done."""
        self._progress.update(self._task, completed=done, total=total)


@contextmanager
def counted(title: str, is_shown: bool = True, total: int | None = None) -> Iterator[Counter]:
    """A counter that is removed from the screen only when the program ends."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=errors, disable=not is_shown) as progress:
        yield Counter(progress, progress.add_task(title, total=total))
