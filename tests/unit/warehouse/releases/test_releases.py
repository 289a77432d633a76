import hashlib
import json
import random
import shutil
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.tools.processes import FORKED
from tests.unit.warehouse.builds import CONTRACTS, CREATED, Publish, build, submit, write_marts
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger
from warehouse.query import reader as query_reader
from warehouse.releases import catalogue, marts, publication, verification
from warehouse.releases.content import content_hash

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def ledger(settings: Settings) -> Ledger:
    return Ledger(settings.ledger)


def mark(home: Home, release: str | None = None) -> int:
    answer = query_reader.query(home, "SELECT DISTINCT mark FROM marts.fct_crimes", release=release)
    return int(answer.column("mark")[0].as_py())


def test_before_the_first_release_there_is_none(home: Home) -> None:
    assert catalogue.current(home) is None
    assert catalogue.list_releases(home) == []
    with pytest.raises(UserError, match="RELEASE_NONE"):
        catalogue.directory(home)


def test_a_published_build_is_the_current_release(home: Home, publish: Publish) -> None:
    manifest = publish(7)
    assert catalogue.current(home) == manifest.release_id == "r000001"
    assert home.current.resolve() == home.releases / "r000001"
    assert mark(home) == 7
    assert sorted(p.name for p in (home.current / "parquet").iterdir()) == [
        "fct_crimes.parquet",
        "rpt_coverage.parquet",
    ]


def test_the_manifest_says_what_the_release_is_made_of(
    home: Home, ledger: Ledger, publish: Publish
) -> None:
    submission_id = submit(home, ledger)
    manifest = publish(1)
    entry = manifest.submissions[0]
    assert (entry.submission_id, entry.in_force) == (submission_id, True)
    assert (
        entry.cells_sha256
        == hashlib.sha256((home.lake / str(entry.cells_path)).read_bytes()).hexdigest()
    )
    assert (manifest.period_first, manifest.period_last) == ("2025-06", "2025-06")
    assert [(t.name, t.rows) for t in manifest.tables] == [("fct_crimes", 3), ("rpt_coverage", 1)]
    assert manifest.contract_hash == CONTRACTS
    assert manifest.created_at == CREATED
    assert manifest.published_at > CREATED
    assert manifest.libraries["duckdb"] == duckdb.__version__
    assert manifest.gate == {"passed": True}
    assert json.loads((home.current / "manifest.json").read_text())["release_id"] == "r000001"


def test_a_release_says_whether_it_has_figures_of_the_demonstration(
    home: Home, ledger: Ledger, publish: Publish
) -> None:
    real = publish(1)
    assert real.is_demonstration is False
    submit(home, ledger, territory="390000000", is_demonstration=True)
    made_up = publish(1)
    assert made_up.is_demonstration is True
    # The mark is no part of the content: the same tables have the same hash.
    assert made_up.content_hash == real.content_hash
    with duckdb.connect(catalogue.database(home), read_only=True) as connection:
        told = connection.execute("SELECT is_demonstration FROM marts.release").fetchall()
    assert told == [(True,)]


def test_a_manifest_of_before_the_demonstration_was_recorded_is_read(
    home: Home, publish: Publish
) -> None:
    release_id = publish(1).release_id
    file = home.releases / release_id / "manifest.json"
    known = json.loads(file.read_text(encoding="utf-8"))
    del known["is_demonstration"]
    file.chmod(0o600)
    file.write_text(json.dumps(known), encoding="utf-8")
    assert catalogue.read_manifest(home, release_id).is_demonstration is None


def test_only_the_marts_are_published_in_types_that_other_tools_read(
    home: Home, publish: Publish
) -> None:
    publish(1)
    schemas = query_reader.query(home, "SELECT DISTINCT schema_name FROM duckdb_tables()")
    assert schemas.column(0).to_pylist() == ["marts"]
    total = query_reader.query(home, "SELECT typeof(total) AS kind, total FROM marts.rpt_coverage")
    assert total.to_pylist() == [{"kind": "BIGINT", "total": 6}]


def test_an_earlier_release_stays_readable(home: Home, publish: Publish) -> None:
    publish(1)
    publish(2)
    assert catalogue.list_releases(home) == ["r000001", "r000002"]
    assert (mark(home), mark(home, "r000001")) == (2, 1)


@pytest.mark.parametrize("name", ["r000009", "../../etc", "r1", "", "r000001/../r000001"])
def test_an_unknown_release_is_named(home: Home, publish: Publish, name: str) -> None:
    publish(1)
    with pytest.raises(UserError, match="RELEASE_UNKNOWN"):
        catalogue.directory(home, name)


def test_the_ledger_knows_what_was_published(home: Home, ledger: Ledger, publish: Publish) -> None:
    submit(home, ledger)
    manifest = publish(1)
    record = ledger.releases("published")[0]
    assert record.release_id == "r000001"
    assert record.published_at == manifest.published_at
    assert record.content_hash == manifest.content_hash
    assert len(record.submission_ids) == 1


def test_a_build_that_was_overtaken_is_not_published(
    home: Home, ledger: Ledger, settings: Settings
) -> None:
    slow, fast = build(home, ledger, 1), build(home, ledger, 2)
    publication.publish(home, ledger, fast, settings)
    with pytest.raises(UserError, match="RELEASE_OUTDATED"):
        publication.publish(home, ledger, slow, settings)
    assert mark(home) == 2
    assert catalogue.list_releases(home) == ["r000002"]


def test_publishing_the_same_build_twice_changes_nothing(
    home: Home, ledger: Ledger, settings: Settings
) -> None:
    draft = build(home, ledger, 1)
    first = publication.publish(home, ledger, draft, settings)
    assert publication.publish(home, ledger, draft, settings) == first


def test_a_build_without_marts_is_refused_and_the_old_release_stays(
    home: Home, ledger: Ledger, settings: Settings, publish: Publish
) -> None:
    publish(1)
    empty = build(home, ledger, 2)
    with duckdb.connect(empty.build_dir / marts.DATABASE) as connection:
        connection.execute("DROP SCHEMA marts CASCADE")
    with pytest.raises(UserError, match="BUILD_INCOMPLETE"):
        publication.publish(home, ledger, empty, settings)
    (empty.build_dir / marts.DATABASE).unlink()
    with pytest.raises(UserError, match=r"warehouse\.duckdb"):
        publication.publish(home, ledger, empty, settings)
    assert mark(home) == 1


def test_a_release_that_was_never_pointed_to_does_not_exist(home: Home, publish: Publish) -> None:
    publish(1)
    shutil.copytree(home.releases / "r000001", home.releases / "r000002")
    (home.releases / ".staging-r000003").mkdir()
    assert catalogue.list_releases(home) == ["r000001"]
    with pytest.raises(UserError, match="RELEASE_UNKNOWN"):
        catalogue.directory(home, "r000002")
    publish(2)
    assert mark(home) == 2
    assert sorted(p.name for p in home.releases.iterdir()) == [".lock", "r000001", "r000002"]


def test_equal_tables_have_equal_hashes_in_any_release(home: Home, publish: Publish) -> None:
    assert publish(5).content_hash == publish(5).content_hash != publish(6).content_hash


def test_the_hashes_of_a_build_equal_those_of_its_release(
    home: Home, ledger: Ledger, settings: Settings
) -> None:
    draft = build(home, ledger, 1)
    manifest = publication.publish(home, ledger, draft, settings)
    assert verification.table_hashes(draft.build_dir / marts.DATABASE, settings) == {
        table.name: table.content_hash for table in manifest.tables
    }


def test_the_parquet_of_a_release_has_the_content_hash_of_its_table(
    home: Home, publish: Publish
) -> None:
    manifest = publish(1)
    with duckdb.connect() as connection:
        for table in manifest.tables:
            file = home.current / "parquet" / f"{table.name}.parquet"
            assert content_hash(connection, f"read_parquet('{file}')") == table.content_hash


def _read_until_told(root: Path, stop: Any, results: Any) -> None:
    """Read two tables in one query, over and over; they must carry the same mark."""
    home, marks, errors = Home(root), set(), []
    both = (
        "SELECT DISTINCT c.mark AS one, r.mark AS other"
        " FROM marts.fct_crimes AS c, marts.rpt_coverage AS r"
    )
    reads = 0
    while not stop.is_set():
        try:
            answer = query_reader.query(home, both, memory_limit="100MB", threads=1)
            marks |= {tuple(row.values()) for row in answer.to_pylist()}
            reads += 1
        except Exception as error:
            errors.append(repr(error))
    results.put((reads, marks, errors))


@pytest.mark.slow
def test_readers_never_fail_nor_see_two_releases_mixed_while_fifteen_are_published(
    home: Home, publish: Publish
) -> None:
    import queue
    import threading

    publish(0)
    results, thread_results = FORKED.Queue(), queue.Queue[Any]()
    stop = FORKED.Event()
    readers = [
        FORKED.Process(target=_read_until_told, args=(home.root, stop, results)) for _ in range(2)
    ]
    threads = [
        threading.Thread(target=_read_until_told, args=(home.root, stop, thread_results))
        for _ in range(8)
    ]
    everyone: list[Any] = [*readers, *threads]
    for reader in everyone:
        reader.start()
    for number in range(1, 16):
        publish(number)
    time.sleep(0.5)
    stop.set()
    answers = [results.get(timeout=60) for _ in readers]
    for reader in everyone:
        reader.join()
    answers += [thread_results.get(timeout=1) for _ in threads]
    assert [error for _, _, errors in answers for error in errors] == []
    assert all(one == other for _, marks, _ in answers for one, other in marks)
    assert all(reads > 0 for reads, _, _ in answers)
    assert len(set().union(*(marks for _, marks, _ in answers))) > 5


def _publish_without_end(root: Path, number: int, publishing: Any) -> None:
    settings = Settings(home=root, memory_limit="200MB", threads=1)
    ledger = Ledger(settings.ledger)
    while True:
        draft = build(settings.paths, ledger, number)
        publishing.set()
        publication.publish(settings.paths, ledger, draft, settings)
        number += 1


def test_a_publisher_killed_at_any_moment_leaves_a_whole_release_in_force(
    home: Home, ledger: Ledger, settings: Settings, publish: Publish
) -> None:
    """Kill a process that publishes without end, eight times, at moments chosen at random."""
    publish(0)
    moments = random.Random(20251122)
    for attempt in range(8):
        publishing = FORKED.Event()
        process = FORKED.Process(
            target=_publish_without_end, args=(home.root, attempt * 1000, publishing)
        )
        process.start()
        assert publishing.wait(60)
        time.sleep(moments.uniform(0, 0.4))
        process.kill()
        process.join()
        in_force = catalogue.current(home)
        assert in_force is not None
        assert in_force in catalogue.list_releases(home)
        assert verification.verify(home, in_force, settings) == []
        mark(home)
    manifest = publish(-1)
    assert (catalogue.current(home), mark(home)) == (manifest.release_id, -1)
    left = {p.name for p in home.releases.iterdir()} - {".lock"}
    assert left == set(catalogue.list_releases(home))
    assert not list(home.root.glob(".current-*"))
    recorded = [record.release_id for record in ledger.releases("published")]
    assert recorded == catalogue.list_releases(home)


@pytest.mark.parametrize("step", ["_write", "point_to", "complete_ledger"])
def test_after_a_stop_at_a_step_publishing_again_completes_the_work(
    home: Home,
    ledger: Ledger,
    settings: Settings,
    publish: Publish,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    publish(1)
    draft = build(home, ledger, 2)
    with monkeypatch.context() as patch:
        patch.setattr(publication, step, _stop)
        with pytest.raises(StoppedError):
            publication.publish(home, ledger, draft, settings)
    assert mark(home) == (2 if step == "complete_ledger" else 1)
    publication.publish(home, ledger, draft, settings)
    assert mark(home) == 2
    assert [r.release_id for r in ledger.releases("published")] == ["r000001", "r000002"]
    assert verification.verify(home, "r000002", settings, ledger) == []


class StoppedError(Exception):
    pass


def _stop(*_: object) -> None:
    raise StoppedError


@pytest.mark.slow
def test_a_build_larger_than_the_memory_limit_is_published(
    home: Home, ledger: Ledger, tmp_path: Path
) -> None:
    settings = Settings(home=home.root, memory_limit="64MB", threads=1)
    draft = build(home, ledger, 1)
    (draft.build_dir / marts.DATABASE).unlink()
    write_marts(draft.build_dir / marts.DATABASE, 1, rows=3_000_000)
    manifest = publication.publish(home, ledger, draft, settings)
    assert manifest.tables[0].rows == 3_000_000
