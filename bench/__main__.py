"""Run the benchmarks: `python -m bench [--quick | --full] [--only NAME]`."""

import argparse
import json
import time

from bench.cases import CASES, LONG, SHORT
from bench.machine import describe
from bench.pages import report


def main() -> None:
    """Measure, write bench/results/, and docs/performance.md from all results."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="less of the main ones")
    size.add_argument("--full", action="store_true", help="the long ones in full")
    parser.add_argument("--only", choices=CASES, action="append", help="only this benchmark")
    options = parser.parse_args()
    report.RESULTS.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    for name, quick in _chosen(options.only, quick=options.quick, full=options.full):
        _measure(name, quick=quick)
    report.write()
    print(f"written: {report.PAGE}, {time.perf_counter() - started:.0f} s in all")


def _chosen(only: list[str] | None, *, quick: bool, full: bool) -> list[tuple[str, bool]]:
    """What to measure, and whether in short."""
    if only:
        return [(name, quick) for name in only]
    if quick:
        return [(name, True) for name in SHORT]
    return [(name, name in LONG and not full) for name in CASES]


def _measure(name: str, *, quick: bool) -> None:
    print(f"{name} …", flush=True)
    machine = describe()
    started = time.perf_counter()
    measured = CASES[name](quick=quick)
    seconds = time.perf_counter() - started
    result = {"name": name, "quick": quick, "seconds_in_all": seconds, "machine": machine}
    text = json.dumps(result | measured, ensure_ascii=False, indent=1)
    report.file_of(name, quick=quick).write_text(text + "\n", encoding="utf-8")
    print(f"{text}\n{name}: {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
