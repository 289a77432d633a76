"""The steps of a build that may fail, for benchmarks: a failure ends the run with its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.paths import Home
    from warehouse.settings import Settings
    from warehouse.transform import TransformResult


def transform(home: Home, release_id: str, settings: Settings) -> TransformResult:
    """Build the marts. Raises RuntimeError with what went wrong, a line each."""
    from mvd import build_steps

    built = build_steps.transform(home, release_id, settings)
    if not built.is_successful:
        raise RuntimeError("\n".join(built.in_words()))
    return built


def judge(home: Home, release_id: str, settings: Settings) -> None:
    """Judge the marts. Raises RuntimeError with what the gate found."""
    from mvd import build_steps

    judged = build_steps.judge(home, release_id, settings)
    if not judged.is_passed:
        raise RuntimeError(judged.in_words("en"))
