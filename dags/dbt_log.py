"""What dbt did, for the log of a task: a group per model, its tests inside."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.build.transform import NodeResult, TransformResult


def show(log: logging.Logger, result: TransformResult) -> None:
    """Write models in the order they ran, the tests of each below it, failures loudest."""
    tests: dict[str, list[NodeResult]] = defaultdict(list)
    for test in result.tests:
        tests[test.model].append(test)
    for model in result.models:
        own = tests.pop(model.name, [])
        failed = sum(test.is_failed for test in own)
        log.info(
            "::group::%s: %s in %.2f s, tests %d, failed %d",
            model.name,
            model.status,
            model.seconds,
            len(own),
            failed,
        )
        _show_each(log, [model, *own])
        log.info("::endgroup::")
    _show_each(log, [test for rest in tests.values() for test in rest])
    if result.error:
        log.error("%s", result.error)
    log.info(
        "dbt: %d models, %d tests, %d failed, %.1f s",
        len(result.models),
        len(result.tests),
        len(result.failures),
        result.seconds,
    )


def _show_each(log: logging.Logger, nodes: list[NodeResult]) -> None:
    for node in nodes:
        if node.is_failed:
            log.error("%s", node.in_words())
        else:
            log.info("%s %s: %s in %.2f s", node.kind, node.name, node.status, node.seconds)
