import os
import time
from pathlib import Path

import pytest

from warehouse.core.paths import Home
from warehouse.storage import inbox


def dropped(home: Home, name: str, *, seconds_ago: float = 60) -> Path:
    path = home.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"workbook")
    then = time.time() - seconds_ago
    os.utime(path, (then, then))
    return Path(name)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of the last change of an entry cannot be set: go by that of the content alone."""
    monkeypatch.setattr(inbox, "_changed_at", lambda path: path.stat().st_mtime)


def test_no_inbox_is_an_empty_one(home: Home) -> None:
    assert inbox.waiting(home) == []


def test_files_wait_in_order_below_any_folder(home: Home, settled: None) -> None:
    second = dropped(home, "2025-07/1-M/b.xlsx")
    first = dropped(home, "2025-06/a.xlsx")
    assert inbox.waiting(home) == [first, second]


def test_a_file_still_being_copied_does_not_wait_yet(home: Home, settled: None) -> None:
    dropped(home, "2025-07/growing.xlsx", seconds_ago=0)
    done = dropped(home, "2025-07/done.xlsx", seconds_ago=5)
    assert inbox.waiting(home, settled_for=2) == [done]


def test_a_file_with_an_old_date_that_has_just_arrived_is_not_settled(home: Home) -> None:
    dropped(home, "2025-07/copied-with-its-date.xlsx", seconds_ago=3600)
    assert inbox.waiting(home, settled_for=30) == []


@pytest.mark.parametrize(
    "name",
    [
        "2025-07/.hidden.xlsx",
        "2025-07/~$lock.xlsx",
        "2025-07/a.xlsx.part",
        ".trash/a.xlsx",
        "done/2025-07/a.xlsx",
        "unclear/a.xlsx",
        "2025-07/manifest.csv",
    ],
)
def test_it_passes_over(home: Home, settled: None, name: str) -> None:
    dropped(home, name)
    assert inbox.waiting(home) == []


def test_a_folder_with_a_manifest_waits_until_all_of_it_is_there(home: Home, settled: None) -> None:
    dropped(home, "july/manifest.csv")
    dropped(home, "july/a.xlsx")
    dropped(home, "july/b.xlsx", seconds_ago=0)
    other = dropped(home, "2025-07/c.xlsx")
    assert inbox.waiting(home) == [other]


def test_the_nearest_manifest_counts(home: Home) -> None:
    dropped(home, "july/manifest.csv")
    dropped(home, "july/west/manifest.csv")
    name = dropped(home, "july/west/a.xlsx")
    assert inbox.manifest_of(home, name) == home.inbox / "july" / "west" / "manifest.csv"
    assert inbox.manifest_of(home, dropped(home, "2025-07/a.xlsx")) is None


def test_putting_away_moves_the_file_and_the_folder_it_leaves_empty(home: Home) -> None:
    name = dropped(home, "2025-07/1-M/a.xlsx")
    target = inbox.put_away(home, name, Path("done/2025-07"), "id-")
    assert target == home.inbox / "done" / "2025-07" / "id-a.xlsx"
    assert target.read_bytes() == b"workbook"
    assert not (home.inbox / "2025-07").exists()


def test_putting_away_again_after_a_crash_changes_nothing(home: Home) -> None:
    name = dropped(home, "2025-07/a.xlsx")
    dropped(home, "2025-07/b.xlsx")
    first = inbox.put_away(home, name, Path("done/2025-07"))
    assert inbox.put_away(home, name, Path("done/2025-07")) == first
    assert first.read_bytes() == b"workbook"


def test_a_manifest_is_kept_when_its_folder_is_empty(home: Home) -> None:
    dropped(home, "july/manifest.csv")
    inbox.put_away(home, dropped(home, "july/a.xlsx"), Path("done/2025-07"))
    assert not (home.inbox / "july").exists()
    assert len(list((home.inbox / "done").glob("july-*-manifest.csv"))) == 1
