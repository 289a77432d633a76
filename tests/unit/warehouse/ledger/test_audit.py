"""The audit log: whatever is done to it afterwards is found."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, text

from tests.tools.processes import FORKED
from warehouse.core.errors import UserError
from warehouse.ledger import Ledger
from warehouse.ledger.audit import GENESIS, Anchor, AuditLog, Breach, append
from warehouse.ledger.database import writing

T0 = datetime(2025, 7, 1, 9, 0, 0, 123456, tzinfo=UTC)
ENTRIES = 7
COLUMNS = ("at", "actor", "action", "object", "details", "previous_hash", "hash")


@pytest.fixture
def log(ledger: Ledger) -> AuditLog:
    return AuditLog(ledger)


def fill(log: AuditLog, count: int = ENTRIES) -> None:
    for number in range(count):
        log.append(
            actor=f"clerk{number % 2}",
            action="upload",
            object=f"submission/{number}",
            details={"period": "2025-06", "size": number},
            at=T0 + timedelta(minutes=number),
        )


def tamper(url: str, *statements: str, **values: Any) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), values)
    engine.dispose()


def test_an_entry_keeps_what_was_said(log: AuditLog) -> None:
    local = datetime(2025, 7, 1, 14, 0, tzinfo=timezone(timedelta(hours=5)))
    entry = log.append(
        actor="Айгүл", action="lock", object="1-M/2025-06", details={"reason": "Срок"}, at=local
    )
    assert log.entries() == [entry]
    assert (entry.number, entry.actor, entry.details) == (1, "Айгүл", {"reason": "Срок"})
    assert entry.at == datetime(2025, 7, 1, 9, 0, tzinfo=UTC)


def test_an_untouched_log_is_whole(log: AuditLog) -> None:
    assert log.verify() is None
    assert log.anchor() == Anchor(0, GENESIS)
    fill(log)
    assert log.verify() is None
    assert log.verify(log.anchor()) is None
    assert log.anchor().number == ENTRIES


def test_an_earlier_anchor_holds_when_the_log_has_grown(log: AuditLog) -> None:
    fill(log, 3)
    anchor = log.anchor()
    fill(log, 3)
    assert log.verify(anchor) is None


def test_entries_are_found_page_by_page_newest_first(log: AuditLog) -> None:
    fill(log)
    assert [e.number for e in log.entries(limit=3)] == [7, 6, 5]
    assert [e.number for e in log.entries(before=5, limit=3)] == [4, 3, 2]
    assert [e.number for e in log.entries(actor="clerk1")] == [6, 4, 2]
    assert [e.number for e in log.entries(object="submission/2")] == [3]
    assert log.entries(action="lock") == []


@pytest.mark.parametrize(
    ("statements", "breach"),
    [
        (["UPDATE audit SET actor = 'somebody' WHERE number = 3"], Breach(3, "edited")),
        (["UPDATE audit SET details = '{}' WHERE number = 1"], Breach(1, "edited")),
        (["DELETE FROM audit WHERE number = 4"], Breach(4, "missing")),
        (["DELETE FROM audit WHERE number = 1"], Breach(1, "missing")),
        (["DELETE FROM audit WHERE number = 7"], Breach(7, "missing")),
        (
            [
                "UPDATE audit SET number = 99 WHERE number = 2",
                "UPDATE audit SET number = 2 WHERE number = 5",
                "UPDATE audit SET number = 5 WHERE number = 99",
            ],
            Breach(2, "edited"),
        ),
        (
            [
                "DELETE FROM audit WHERE number = 3",
                "UPDATE audit SET number = number + 100 WHERE number > 3",
                "UPDATE audit SET number = number - 101 WHERE number > 100",
            ],
            Breach(3, "edited"),
        ),
    ],
)
def test_what_was_done_to_the_log_is_named(
    log: AuditLog, ledger_url: str, statements: list[str], breach: Breach
) -> None:
    fill(log)
    tamper(ledger_url, *statements)
    assert log.verify() == breach


def test_cutting_off_the_end_is_found_with_an_anchor_even_if_the_counter_is_set_back(
    log: AuditLog, ledger_url: str
) -> None:
    fill(log)
    anchor = log.anchor()
    tamper(
        ledger_url,
        "DELETE FROM audit WHERE number > 5",
        "UPDATE counter SET value = 5 WHERE name = 'audit'",
    )
    assert log.verify() is None
    assert log.verify(anchor) == Breach(6, "missing")


def test_a_log_written_anew_is_found_with_an_anchor(log: AuditLog, ledger_url: str) -> None:
    fill(log)
    anchor = log.anchor()
    tamper(ledger_url, "DELETE FROM audit", "UPDATE counter SET value = 0 WHERE name = 'audit'")
    for _ in range(ENTRIES):
        log.append(actor="nobody", action="nothing", object="-")
    assert log.verify() is None
    assert log.verify(anchor) == Breach(ENTRIES, "rewritten")


def test_an_entry_smuggled_in_at_the_end_is_found(log: AuditLog, ledger_url: str) -> None:
    fill(log)
    log.append(actor="intruder", action="upload", object="x")
    tamper(ledger_url, "UPDATE counter SET value = :n WHERE name = 'audit'", n=ENTRIES)
    assert log.verify() == Breach(ENTRIES + 1, "extra")


def test_an_entry_and_what_it_tells_of_happen_together_or_not_at_all(
    ledger: Ledger, log: AuditLog
) -> None:
    def fail() -> None:
        with writing(ledger.engine) as connection:
            append(connection, actor="a", action="b", object="c")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert log.anchor().number == 0
    fill(log, 1)
    assert log.verify() is None


def _append_many(url: str, actor: str, count: int) -> None:
    with Ledger(url) as ledger:
        log = AuditLog(ledger)
        for number in range(count):
            log.append(actor=actor, action="upload", object=str(number))


def test_concurrent_writers_make_one_chain(ledger: Ledger, ledger_url: str) -> None:
    writers, each = 4, 15
    with ProcessPoolExecutor(writers, mp_context=FORKED) as pool:
        futures = [pool.submit(_append_many, ledger_url, f"clerk{n}", each) for n in range(writers)]
        for future in futures:
            future.result()
    log = AuditLog(ledger)
    assert log.verify(log.anchor()) is None
    assert log.anchor().number == writers * each
    assert len(log.entries(actor="clerk0", limit=1_000)) == each


@pytest.mark.parametrize("actor", ["a\0b", "\ud800", "x" * 10_000, "', 'x'); DROP TABLE audit; --"])
def test_whatever_somebody_types_as_a_name_can_be_logged(log: AuditLog, actor: str) -> None:
    log.append(actor=actor, action="sign_in_failed", object=actor, details={"name": actor})
    assert log.verify() is None


def test_an_anchor_survives_being_printed() -> None:
    anchor = Anchor(12, "ab" * 32)
    assert Anchor.from_text(f" {anchor.to_text()}\n") == anchor


@pytest.mark.parametrize(
    "line", ["", "12", "12:abc", "x:" + "a" * 64, "-1:" + "a" * 64, "1:" + "Z" * 64]
)
def test_a_garbled_anchor_is_refused(line: str) -> None:
    with pytest.raises(UserError) as refusal:
        Anchor.from_text(line)
    assert refusal.value.code == "AUDIT_ANCHOR_INVALID"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AuditLog, Anchor]]:
    file = tmp_path_factory.mktemp("audit") / "ledger.sqlite"
    with Ledger(f"sqlite:///{file}") as ledger:
        log = AuditLog(ledger)
        fill(log)
        yield log, log.anchor()


rows = st.integers(1, ENTRIES)
edits = st.tuples(st.just("edit"), rows, st.sampled_from(COLUMNS), st.text(max_size=70))
deletions = st.tuples(st.just("delete"), rows)
swaps = st.tuples(st.just("swap"), rows, rows)
copies = st.tuples(st.just("copy"), rows, st.integers(ENTRIES + 1, ENTRIES + 3))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.lists(st.one_of(edits, deletions, swaps, copies), min_size=1, max_size=4))
def test_any_tampering_is_found(
    filled: tuple[AuditLog, Anchor], changes: list[tuple[Any, ...]]
) -> None:
    log, anchor = filled
    with log._engine.connect() as connection:
        before = _dump(connection)
        for change in changes:
            _apply(connection, change)
        after = _dump(connection)
        connection.commit()
    try:
        assume(after != before)
        assert log.verify(anchor) is not None
    finally:
        _restore(log, before)
    assert log.verify(anchor) is None


def _dump(connection: Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text("SELECT * FROM audit ORDER BY number"))]


def _apply(connection: Connection, change: tuple[Any, ...]) -> None:
    kind, row, *rest = change
    names = ", ".join(COLUMNS)
    if kind == "edit":
        value = rest[1].encode("utf-8", "replace").decode()
        connection.execute(
            text(f"UPDATE audit SET {rest[0]} = :value WHERE number = :row"),  # noqa: S608
            {"value": value, "row": row},
        )
    elif kind == "delete":
        connection.execute(text("DELETE FROM audit WHERE number = :row"), {"row": row})
    elif kind == "swap":
        for old, new in ((row, -1), (rest[0], row), (-1, rest[0])):
            connection.execute(
                text("UPDATE OR REPLACE audit SET number = :new WHERE number = :old"),
                {"old": old, "new": new},
            )
    else:
        connection.execute(
            text(
                f"INSERT OR REPLACE INTO audit (number, {names}) "  # noqa: S608
                f"SELECT :new, {names} FROM audit WHERE number = :old"
            ),
            {"old": row, "new": rest[0]},
        )


def _restore(log: AuditLog, before: list[tuple[Any, ...]]) -> None:
    with log._engine.connect() as connection:
        connection.execute(text("DELETE FROM audit"))
        for row in before:
            marks = ", ".join(f":c{n}" for n in range(len(row)))
            connection.execute(
                text(f"INSERT INTO audit VALUES ({marks})"),  # noqa: S608
                {f"c{n}": value for n, value in enumerate(row)},
            )
        connection.commit()


def test_a_log_longer_than_what_is_read_at_once_is_followed_to_its_end(tmp_path: Path) -> None:
    with Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}") as ledger:
        log = AuditLog(ledger)
        with writing(ledger.engine) as connection:
            for number in range(2_500):
                append(connection, actor="a", action="b", object=str(number))
        assert log.verify(log.anchor()) is None
        tamper(
            f"sqlite:///{tmp_path / 'ledger.sqlite'}",
            "UPDATE audit SET actor='x' WHERE number=2400",
        )
        assert log.verify() == Breach(2_400, "edited")
