"""Files that only grow: one a day, and so many days."""

from __future__ import annotations

from pathlib import Path

from warehouse.core.clock import utc_now


def set_aside(path: Path, *, keep: int) -> list[Path]:
    """Give what was written so far a name with today's date, and remove all but `keep` such files.

    Gives those that are left, oldest first. Whoever has the file open goes on writing to it under
    its new name. On a day that has such a file already, nothing moves.
    """
    dated = path.with_name(f"{path.stem}-{utc_now():%Y-%m-%d}{path.suffix}")
    if path.exists() and not dated.exists():
        path.rename(dated)
    earlier = sorted(path.parent.glob(f"{path.stem}-????-??-??{path.suffix}"))
    for old in earlier[:-keep]:
        old.unlink()
    return earlier[-keep:]
