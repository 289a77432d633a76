"""What had been published by a moment, and the releases as tables of a reading session."""

import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.unit.warehouse.builds import build, submit
from warehouse.core.clock import utc_now
from warehouse.core.errors import UserError
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger
from warehouse.query import reader
from warehouse.query.as_of import end_of_day, published_by
from warehouse.releases import marts, pruning, publication


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("as-of"), memory_limit="200MB", threads=2)


@pytest.fixture(scope="module")
def moments(settings: Settings) -> list[datetime]:
    """Three releases; the moments before the first and after each."""
    home, between = settings.paths, [utc_now()]
    with Ledger(settings.ledger) as ledger:
        for mark in (1, 2, 3):
            submit(home, ledger, value=float(mark))
            publication.publish(home, ledger, build(home, ledger, mark), settings)
            between.append(utc_now())
            time.sleep(0.01)
    return between


def test_a_moment_is_answered_by_the_release_then_in_force(
    settings: Settings, moments: list[datetime]
) -> None:
    found = [published_by(settings.paths, moment) for moment in moments[1:]]
    assert found == ["r000001", "r000002", "r000003"]
    question = "SELECT DISTINCT mark FROM marts.fct_crimes"
    answers = [reader.query(settings.paths, question, release=name).to_pylist() for name in found]
    assert answers == [[{"mark": 1}], [{"mark": 2}], [{"mark": 3}]]


def test_before_the_first_release_nothing_was_published(
    settings: Settings, moments: list[datetime]
) -> None:
    with pytest.raises(UserError, match="RELEASE_NONE_BY"):
        published_by(settings.paths, moments[0])


def test_a_session_knows_when_each_submission_was_first_published(
    settings: Settings, moments: list[datetime]
) -> None:
    rows = reader.query(
        settings.paths,
        "SELECT s.submission_id, min(r.published_at) AS published_at"
        " FROM meta.release_submissions AS s JOIN meta.releases AS r USING (release_id)"
        " GROUP BY 1 ORDER BY 2",
    ).to_pylist()
    assert len(rows) == 3
    for row, earliest, latest in zip(rows, moments, moments[1:], strict=False):
        published: datetime = row["published_at"]
        assert earliest <= published.replace(tzinfo=UTC) <= latest


def test_only_one_release_is_current(settings: Settings, moments: list[datetime]) -> None:
    rows = reader.query(settings.paths, "SELECT release_id FROM meta.releases WHERE is_current")
    assert rows.to_pylist() == [{"release_id": "r000003"}]


def test_a_pruned_release_is_not_replaced_by_another(
    settings: Settings, moments: list[datetime]
) -> None:
    pruning.prune(settings.paths, keep=1)
    name = published_by(settings.paths, moments[1])
    assert name == "r000001"
    with pytest.raises(UserError, match="RELEASE_UNKNOWN"):
        reader.query(settings.paths, "SELECT 1", release=name)


def test_a_day_ends_at_midnight_of_its_place() -> None:
    assert end_of_day(date(2025, 7, 20), 5) == datetime(2025, 7, 20, 18, 59, 59, 999999, UTC)


def test_a_build_of_the_past_is_asked_instead_of_a_release(
    settings: Settings, moments: list[datetime], tmp_path: Path
) -> None:
    with Ledger(settings.ledger) as ledger:
        draft = build(settings.paths, ledger, 9)
    database = draft.build_dir / marts.DATABASE
    answer = reader.query(
        settings.paths, "SELECT DISTINCT mark FROM marts.fct_crimes", database=database
    )
    assert answer.to_pylist() == [{"mark": 9}]
