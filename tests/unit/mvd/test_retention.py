"""Files that only grow are set aside by day, and the oldest removed."""

from pathlib import Path

from mvd.retention import set_aside


def test_what_was_written_gets_the_date_and_the_oldest_go(tmp_path: Path) -> None:
    file = tmp_path / "lineage.jsonl"
    file.write_text("today")
    for day in ("2025-01-01", "2025-01-02", "2025-01-03"):
        (tmp_path / f"lineage-{day}.jsonl").write_text(day)
    kept = set_aside(file, keep=2)
    assert [path.read_text() for path in kept] == ["2025-01-03", "today"]
    assert sorted(tmp_path.iterdir()) == kept


def test_said_twice_on_a_day_nothing_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "lineage.jsonl"
    file.write_text("morning")
    set_aside(file, keep=2)
    file.write_text("evening")
    (morning,) = set_aside(file, keep=2)
    assert (morning.read_text(), file.read_text()) == ("morning", "evening")


def test_where_nothing_was_written_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert set_aside(tmp_path / "lineage.jsonl", keep=2) == []
