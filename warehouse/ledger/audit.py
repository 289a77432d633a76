"""The audit log: who did what to what, as a chain in which no link can be changed unseen.

Each entry holds the hash of the one before it. An edit, a deletion or a swap breaks the chain at a
place that `verify` names. Cutting off the end, or writing the whole chain anew, is found with an
anchor: the number and hash of the last entry, kept where the database's administrator cannot
reach it (a receipt, a printout, a letter to the auditor).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.engine import RowMapping

from warehouse.core.clock import as_utc, utc_now
from warehouse.core.errors import UserError
from warehouse.ledger import schema as t
from warehouse.ledger.database import reading, writing

GENESIS = "0" * 64
"""What the first entry holds in place of the hash of an entry before it."""

_COUNTER = "audit"
_READ_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done; numbers run from 1 without a gap."""

    number: int
    at: datetime
    actor: str
    action: str
    object: str
    details: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of the chain at some moment: number and hash of the last entry."""

    number: int
    hash: str

    def to_text(self) -> str:
        """One line that can be printed, sent or signed."""
        return f"{self.number}:{self.hash}"

    @classmethod
    def from_text(cls, text: str) -> "Anchor":
        """The anchor of a line; UserError AUDIT_ANCHOR_INVALID for anything else."""
        number, _, digest = text.strip().partition(":")
        is_hash = len(digest) == len(GENESIS) and set(digest) <= set("0123456789abcdef")
        if not (number.isascii() and number.isdigit() and is_hash):
            raise UserError("AUDIT_ANCHOR_INVALID", value=text.strip()[:100])
        return cls(int(number), digest)


@dataclass(frozen=True, slots=True)
class Breach:
    """The first entry that is not what it was; `reason` is edited, missing, extra or rewritten.

    `rewritten`: the chain holds together but is not the one of the anchor.
    """

    number: int
    reason: str


def append(
    connection: Connection,
    *,
    actor: str,
    action: str,
    object: str,  # noqa: A002 - the field's own word
    details: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> Entry:
    """Add an entry inside a `writing` transaction of the caller: both happen or neither.

    Writers wait for each other here until the transaction ends, so do it last. `details` are
    JSON values.
    """
    last = _lock_end(connection)
    values: dict[str, Any] = {
        "number": last.number + 1,
        "at": as_utc(at) if at else utc_now(),
        "actor": _storable(actor),
        "action": _storable(action),
        "object": _storable(object),
        "details": json.dumps(dict(details or {}), sort_keys=True, separators=(",", ":")),
        "previous_hash": last.hash,
    }
    values["hash"] = _hash(values)
    connection.execute(insert(t.audit).values(**values))
    connection.execute(
        update(t.counter).where(t.counter.c.name == _COUNTER).values(value=values["number"])
    )
    return _entry(values)


class OpenLedger(Protocol):
    """What an audit log is read from: a ledger, seen as its database."""

    @property
    def engine(self) -> Engine: ...


class AuditLog:
    """The audit log of a ledger."""

    def __init__(self, ledger: OpenLedger) -> None:
        self._engine = ledger.engine

    def append(
        self,
        *,
        actor: str,
        action: str,
        object: str,  # noqa: A002 - the field's own word
        details: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> Entry:
        """Add an entry in a transaction of its own."""
        with writing(self._engine) as connection:
            return append(
                connection, actor=actor, action=action, object=object, details=details, at=at
            )

    def entries(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        object: str | None = None,  # noqa: A002 - the field's own word
        before: int | None = None,
        limit: int = 100,
    ) -> list[Entry]:
        """Entries, newest first; the next page begins `before` the last number of this one."""
        wanted = {"actor": actor, "action": action, "object": object}
        query = select(t.audit).where(
            *(t.audit.c[k] == v for k, v in wanted.items() if v is not None)
        )
        if before is not None:
            query = query.where(t.audit.c.number < before)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(t.audit.c.number.desc()).limit(limit))
            return [_entry(row) for row in rows.mappings()]

    def anchor(self) -> Anchor:
        """The present end of the chain; number 0 while it is empty."""
        with reading(self._engine) as connection:
            return _end(connection)

    def verify(self, anchor: Anchor | None = None) -> Breach | None:
        """The first breach of the chain, None when it is whole and holds the `anchor`."""
        with reading(self._engine) as connection:
            counted = connection.execute(_counter_query()).scalar()
            breach, end = _follow(_rows(connection), anchor)
        if breach is not None:
            return breach
        if anchor is not None and end < anchor.number:
            return Breach(end + 1, "missing")
        if counted is None or end < counted:
            return Breach(end + 1, "missing")
        return Breach(counted + 1, "extra") if end > counted else None


def _follow(rows: Iterator[RowMapping], anchor: Anchor | None) -> tuple[Breach | None, int]:
    """The first breach among `rows`, in the order of their numbers, and how far they are whole."""
    end = Anchor(0, GENESIS)
    try:
        for row in rows:
            if row["number"] != end.number + 1:
                return Breach(end.number + 1, "missing"), end.number
            if row["previous_hash"] != end.hash or row["hash"] != _hash(row):
                return Breach(row["number"], "edited"), end.number
            end = Anchor(row["number"], row["hash"])
            if anchor is not None and end.number == anchor.number and end != anchor:
                return Breach(end.number, "rewritten"), end.number
    except (TypeError, ValueError):
        # SQLite keeps anything in a column, also what is no time.
        return Breach(end.number + 1, "edited"), end.number
    return None, end.number


def _rows(connection: Connection) -> Iterator[RowMapping]:
    query = select(t.audit).order_by(t.audit.c.number).execution_options(yield_per=_READ_AT_ONCE)
    yield from connection.execute(query).mappings()


def _counter_query() -> Any:
    return select(t.counter.c.value).where(t.counter.c.name == _COUNTER)


def _lock_end(connection: Connection) -> Anchor:
    """The end of the chain, which nobody else can lengthen until the transaction ends."""
    connection.execute(_counter_query().with_for_update()).scalar_one()
    return _end(connection)


def _end(connection: Connection) -> Anchor:
    last = connection.execute(
        select(t.audit.c.number, t.audit.c.hash).order_by(t.audit.c.number.desc()).limit(1)
    ).first()
    return Anchor(last.number, last.hash) if last else Anchor(0, GENESIS)


def _hash(row: Mapping[str, Any] | RowMapping) -> str:
    """SHA-256 over all that an entry says and the hash of the one before."""
    said = [
        row["number"],
        as_utc(row["at"]).isoformat(timespec="microseconds"),
        row["actor"],
        row["action"],
        row["object"],
        row["details"],
        row["previous_hash"],
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _storable(text: str) -> str:
    """`text` as both databases can keep it: a name that somebody typed may hold anything."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _entry(row: Mapping[str, Any] | RowMapping) -> Entry:
    return Entry(
        number=row["number"],
        at=row["at"],
        actor=row["actor"],
        action=row["action"],
        object=row["object"],
        details=json.loads(row["details"]),
        hash=row["hash"],
    )
