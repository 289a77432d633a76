"""How the memory that a command may use is shared out. What exceeds a share goes to disk.

The rest is for Python, its libraries and the rows that pass between the engine and them.
"""

import re

_UNITS = {"MB": 1000**2, "GB": 1000**3, "MiB": 1024**2, "GiB": 1024**3}

ENGINE_OF_BUILD = 0.45
ENGINE_OF_GATE = 0.5
ENGINE_OF_QUERY = 0.5
ANSWER_OF_QUERY = 0.25
PROCESS_OF_QUERY = 0.9
"""Of the process that answers a question; the rest is of the one that shows the answer."""

_PROGRAM = 400 * 1024**2
"""What the process that decides needs, and what those that read share with each other."""

_ENGINE_THREAD = 256 * 1024**2
"""What DuckDB keeps in memory for each thread of a join; with less it fails instead of spilling."""


def readers(limit: str, each: int) -> int:
    """How many processes of `each` bytes may read workbooks at once; one at least."""
    return max(1, (in_bytes(limit) - _PROGRAM) // each)


def threads_of_build(limit: str, threads: int) -> int:
    """How many of `threads` the engine of a build can feed; one at least."""
    return max(1, min(threads, int(in_bytes(limit) * ENGINE_OF_BUILD) // _ENGINE_THREAD))


def in_bytes(limit: str) -> int:
    """Bytes of a size like `2GB` or `512 MiB`."""
    number, unit = re.fullmatch(r"([\d.]+)\s?(\w+)", limit).groups()  # type: ignore[union-attr]
    return int(float(number) * _UNITS[unit])


def share(limit: str, part: float) -> str:
    """A part of a size, as DuckDB reads it."""
    return f"{int(in_bytes(limit) * part / 1024)}KiB"
