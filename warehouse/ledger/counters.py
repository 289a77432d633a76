"""Running numbers of the ledger."""

from sqlalchemy import Connection, select, update

from warehouse.ledger import schema as t


def lock_counter(connection: Connection, name: str) -> int:
    """Value of a counter, locked until the transaction ends."""
    query = select(t.counter.c.value).where(t.counter.c.name == name).with_for_update()
    return connection.execute(query).scalar_one()


def advance_counter(connection: Connection, name: str, value: int) -> int:
    """Set a locked counter of this value to the next number, and give that."""
    following = value + 1
    connection.execute(update(t.counter).where(t.counter.c.name == name).values(value=following))
    return following


def next_number(connection: Connection, name: str) -> int:
    """The next number of a counter, locked until the transaction ends."""
    return advance_counter(connection, name, lock_counter(connection, name))
