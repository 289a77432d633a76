"""Run the benchmarks: `python -m bench [--quick] [--only NAME]`."""

import argparse
import json
import time

from bench import report
from bench.cases import CASES
from bench.machine import describe


def main() -> None:
    """Measure, write bench/results/<name>.json, and docs/performance.md from all results."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer workbooks and releases")
    parser.add_argument("--only", choices=CASES, action="append", help="only this benchmark")
    options = parser.parse_args()
    report.RESULTS.mkdir(parents=True, exist_ok=True)
    for name in options.only or CASES:
        print(f"{name} …", flush=True)
        machine = describe()
        started = time.perf_counter()
        result = CASES[name](quick=options.quick)
        result = {"name": name, "quick": options.quick, "machine": machine, **result}
        text = json.dumps(result, ensure_ascii=False, indent=1)
        (report.RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(text)
        print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)
    report.write()
    print(f"written: {report.PAGE}")


if __name__ == "__main__":
    main()
