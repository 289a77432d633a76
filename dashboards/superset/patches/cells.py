"""Answers are told as the measures and columns of the chart say, before Superset keeps them.

Why: SQL answers with numbers and codes (docs/decisions/words-where-they-are-shown.md). Superset's
own way to change an answer, `post_processing`, is written anew by the browser for every chart.
Upstream: apache/superset#25205 (the Handlebars chart needs `unsafe-eval`, by design).
Test: tests/unit/dashboards/superset/patches/test_patches.py.
To drop: when a chart can name a change of its answer that the server makes.
"""

from __future__ import annotations

from typing import Any

from dashboards.cells.shows import shown_frame

MADE_FOR = {"apache-superset": "6.1.0"}


def install() -> None:
    """Tell the cells of every answer first."""
    from superset.common.query_object import QueryObject

    compute = QueryObject.exec_post_processing

    def tell(question: Any, answer: Any) -> Any:
        asked = [*(question.columns or ()), *(question.metrics or ())]
        return compute(question, shown_frame(answer, asked))

    QueryObject.exec_post_processing = tell
