"""The steps of a build that may fail, for benchmarks: a failure ends the run with its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.build.transform import TransformResult
    from warehouse.core.paths import Home
    from warehouse.core.settings import Settings


def transform(home: Home, release_id: str, settings: Settings) -> TransformResult:
    """Build the marts. Raises RuntimeError with what went wrong, a line each."""
    from mvd.build import steps

    built = steps.transform(home, release_id, settings)
    if not built.is_successful:
        raise RuntimeError("\n".join(built.in_words()))
    return built


def judge(home: Home, release_id: str, settings: Settings) -> None:
    """Judge the marts. Raises RuntimeError with what the gate found."""
    from mvd.build import steps

    judged = steps.judge(home, release_id, settings)
    if not judged.is_passed:
        raise RuntimeError(judged.in_words("en"))
