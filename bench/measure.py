"""Time and memory of a piece of work, each run in a fresh process."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

_SAMPLE_SECONDS = 0.25
_LINE = 500


def in_fresh_process(function: str, **arguments: Any) -> dict[str, Any]:
    """Call `module:function` with JSON arguments in a new interpreter.

    The function returns a JSON object. Added to it: `process_seconds` (start of the interpreter
    and imports included), `peak_memory_bytes` (the largest sum of the memory of the process and
    its descendants; pages they share are counted once through PSS where the system tells it) and
    `cpu_seconds` of the whole tree. Raises RuntimeError with the error output when it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        log = Path(folder) / "log.txt"
        command = [sys.executable, "-m", "bench.measure", function, json.dumps(arguments), answer]
        started = time.perf_counter()
        with log.open("wb") as output:
            process = psutil.Popen(
                [str(part) for part in command], stdout=output, stderr=subprocess.STDOUT
            )
            peak = 0
            try:
                while process.poll() is None:
                    peak = max(peak, _tree_memory(process))
                    time.sleep(_SAMPLE_SECONDS)
            finally:
                if process.poll() is None:
                    process.kill()
        seconds = time.perf_counter() - started
        if process.returncode != 0:
            # Of a line only the beginning: an error of Spark is a page long and names itself first.
            said = [line[:_LINE] for line in log.read_text(errors="replace").splitlines()]
            tail = "\n".join(said[-30:])
            raise RuntimeError(f"{function} ended with {process.returncode}:\n{tail}")
        result: dict[str, Any] = json.loads(answer.read_text())
    return result | {"process_seconds": seconds, "peak_memory_bytes": peak}


def _tree_memory(process: psutil.Process) -> int:
    total = 0
    try:
        tree = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    for member in tree:
        try:
            memory = member.memory_full_info()
            total += getattr(memory, "pss", 0) or memory.rss
        except psutil.Error:
            continue
    return total


def _call() -> None:
    import importlib
    import resource

    function, arguments, answer = sys.argv[1:4]
    module, _, name = function.partition(":")
    result = getattr(importlib.import_module(module), name)(**json.loads(arguments))
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    result["cpu_seconds"] = sum(entry.ru_utime + entry.ru_stime for entry in usage)
    Path(answer).write_text(json.dumps(result))


if __name__ == "__main__":
    _call()
