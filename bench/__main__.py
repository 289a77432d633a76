"""Run the benchmarks: `python -m bench [--quick | --full] [--only NAME]`."""

import argparse
import json
import time

from bench import report
from bench.cases import CASES, LONG
from bench.machine import describe


def main() -> None:
    """Measure, write bench/results/, and docs/performance.md from all results.

    Of a run of all, the cases of LONG are short ones unless `--full` is asked for.
    """
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="fewer workbooks, releases and years")
    size.add_argument("--full", action="store_true", help="the long ones in full too: two hours")
    parser.add_argument("--only", choices=CASES, action="append", help="only this benchmark")
    options = parser.parse_args()
    report.RESULTS.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    for name in options.only or CASES:
        is_long = name in LONG and not (options.full or options.only)
        _measure(name, quick=options.quick or is_long)
    report.write()
    print(f"written: {report.PAGE}, {time.perf_counter() - started:.0f} s in all")


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
