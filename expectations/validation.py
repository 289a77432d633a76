"""One context of Great Expectations for a process; frames are judged one at a time."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

one_at_a_time = threading.RLock()
"""The context is shared by all threads and guards nothing itself: hold this while using it."""


@cache
def context() -> Any:
    """The one context; expectation suites can be filled only when there is one."""
    from expectations.library import gx

    made = gx.get_context(mode="ephemeral")
    made.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return made


def validate(
    name: str, frame: pd.DataFrame, expected: Any, *, index: tuple[str, ...] | None = None
) -> Any:
    """Judge `frame` by an expectation or a suite; every unexpected row is in the result.

    Rows are named by the columns `index`, or by their labels. `name` is the kind of frame: the
    context keeps the last frame of each name.
    """
    batch = _batch_definition(name).get_batch(batch_parameters={"dataframe": frame})
    result_format: dict[str, Any] = {
        "result_format": "COMPLETE",
        "return_unexpected_index_query": False,
    }
    if index is not None:
        result_format["unexpected_index_column_names"] = list(index)
    return batch.validate(expected, result_format=result_format)


@cache
def _batch_definition(name: str) -> Any:
    # One source a name for ever: a source made anew for each frame would have the context write
    # its whole configuration as YAML four times.
    source = context().data_sources.add_pandas(name)
    return source.add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
