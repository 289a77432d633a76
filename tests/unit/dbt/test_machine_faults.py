"""A machine that breaks dbt says nothing about the data; the same build goes through afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.country import NORTH, Country, figures
from warehouse.build import transform as dbt
from warehouse.build.transform import Machine, NodeResult, TransformResult, transform

# Ends dbt as the kernel would when memory runs out, as soon as it has begun to write.
_KILLED = """
import os, pathlib, signal, threading, time
def watch():
    while not pathlib.Path(os.environ["MVD_DBT_DATABASE"]).exists():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
threading.Thread(target=watch, daemon=True).start()
"""
# No file may grow beyond a megabyte, as when the disk is full.
_NO_ROOM = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
"""


@pytest.fixture
def country(tmp_path: Path) -> Country:
    made = Country(tmp_path)
    made.expect("2025-01")
    made.report(NORTH, "2025-01", figures(1))
    return made


def is_machine(result: TransformResult) -> bool:
    return not result.is_successful and not result.is_refused


def test_the_machine_fails_three_times_and_then_the_same_build_goes_through(
    country: Country, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, build_dir = country.write(), tmp_path / "build"
    for program, said in ((_KILLED, "signal 9"), (_NO_ROOM, "")):
        with monkeypatch.context() as patch:
            patch.setattr(dbt, "_DBT", program + dbt._DBT)
            result = transform(inputs, country.lake, build_dir, with_data_tests=False)
        assert is_machine(result), result.in_words()
        assert any(said in line for line in result.in_words())
    little = Machine(memory_limit="24MB")
    result = transform(inputs, country.lake, build_dir, machine=little, with_data_tests=False)
    assert is_machine(result), result.in_words()
    assert any("Out of Memory" in line for line in result.in_words())
    assert transform(inputs, country.lake, build_dir).is_successful


def test_a_dbt_that_does_not_end_in_time_says_nothing_about_the_data(
    country: Country, tmp_path: Path
) -> None:
    result = transform(country.write(), country.lake, tmp_path / "build", timeout_seconds=0.1)
    assert is_machine(result)
    assert result.in_words() == ["dbt did not end within 0 s"]


def node(kind: str, status: str, message: str = "") -> NodeResult:
    return NodeResult("n", kind, status, 0.0, message, "")


FAILING_TEST = node("test", "fail", "Got 1 result, configured to fail if != 0")
CONVERSION = node("model", "error", "Runtime Error in model n\n  Conversion Error: Could not cast")
SKIPPED = node("model", "skipped")


@pytest.mark.parametrize(
    "cause",
    [
        FAILING_TEST,
        node("unit_test", "fail", "actual differs from expected"),
        CONVERSION,
        node("model", "error", "Runtime Error in model n\n  Constraint Error: NOT NULL failed"),
        node("model", "error", "Runtime Error in model n\n  Out of Range Error: Overflow"),
        node(
            "model",
            "error",
            "Compilation Error\n  This model has an enforced contract that failed.",
        ),
        node("model", "error", "[CAST_INVALID_INPUT] The value 'x' ... SQLSTATE: 22018"),
    ],
)
def test_data_that_would_fail_again_anywhere_are_refused(cause: NodeResult) -> None:
    nodes = (node("model", "success"), cause, SKIPPED)
    assert TransformResult(Path(), Path(), 1.0, nodes).is_refused


@pytest.mark.parametrize(
    "message",
    [
        "Runtime Error in model n\n  Out of Memory Error: failed to pin block of size 256.0 KiB",
        'Runtime Error in model n\n  IO Error: Could not write file "x": No space left on device',
        "Runtime Error in model n\n  FATAL Error: database has been invalidated",
        "Runtime Error in model n\n  INTERNAL Error: Attempted to dereference unique_ptr",
        "Runtime Error in model n\n  Invalid Input Error: No magic bytes found at end of file 'x'",
        'Runtime Error in model n\n  Binder Error: Referenced column "x" not found',
        "java.lang.OutOfMemoryError: Java heap space",
        "MemoryError",
        "",
    ],
)
@pytest.mark.parametrize("kind", ["model", "test"])
def test_everything_else_is_the_machine_or_the_program(kind: str, message: str) -> None:
    cause = node(kind, "error", message)
    assert is_machine(TransformResult(Path(), Path(), 1.0, (cause, SKIPPED)))
    # Beside it even a failing test waits for a machine that is well.
    assert is_machine(TransformResult(Path(), Path(), 1.0, (cause, FAILING_TEST)))


def test_a_dbt_that_was_killed_refuses_nothing_whatever_it_wrote_before() -> None:
    result = TransformResult(Path(), Path(), 1.0, (FAILING_TEST,), "dbt was killed by signal 9: ")
    assert is_machine(result)
    assert len(result.in_words()) == 2
