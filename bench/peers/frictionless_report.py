"""Runs alone, with frictionless and nothing of ours: validates workbooks, sheet by sheet."""

import json
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

started = time.perf_counter()

# Not among our libraries: it runs where it was installed for this.
frictionless: Any = import_module("frictionless")
formats: Any = import_module("frictionless.formats")


def _errors(file: Path, sheet: dict[str, Any]) -> int:
    """Cells that are no numbers, or below zero, as frictionless reports them."""
    last = max(sheet["columns"])
    names = dict(zip(sheet["columns"], sheet["names"], strict=True))
    columns = [
        frictionless.fields.NumberField(name=names[n], constraints={"minimum": 0})
        if n in names
        else frictionless.fields.AnyField(name=f"c{n}")
        for n in range(1, last + 1)
    ]
    sheet_file = frictionless.Resource(
        path=file.name,
        basepath=str(file.parent),
        dialect=frictionless.Dialect(
            header=False,
            controls=[formats.ExcelControl(sheet=sheet["sheet"])],
            comment_rows=list(range(1, sheet["first_row"])),
        ),
        schema=frictionless.Schema(fields=columns),
    )
    report = sheet_file.validate(limit_errors=100_000)
    return sum(len(task.errors) for task in report.tasks)


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Seconds of each file by the clock and of the processor, and the number of findings."""
    at, used = started, 0.0
    sheets = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    seconds, processor, findings = [], [], 0
    for file in sys.argv[2:]:
        findings += sum(_errors(Path(file), sheet) for sheet in sheets)
        now, spent = time.perf_counter(), _used()
        seconds.append(now - at)
        processor.append(spent - used)
        at, used = now, spent
    print(json.dumps({"seconds": seconds, "processor": processor, "findings": findings}))


if __name__ == "__main__":
    main()
