"""Names given to releases: `final-2025-07` is what was published when July was closed."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, String, Table, Text, insert, select

from warehouse.core.clock import utc_now
from warehouse.core.errors import UserError
from warehouse.ledger.database import reading, writing
from warehouse.ledger.operations import Ledger
from warehouse.ledger.schema import UtcDateTime, metadata

release_tag = Table(
    "release_tag",
    metadata,
    Column("tag", String(80), primary_key=True),
    Column("release_id", ForeignKey("release.release_id"), nullable=False),
    Column("tagged_at", UtcDateTime, nullable=False),
    Column("tagged_by", String(200)),
    Column("reason", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class ReleaseTag:
    """A name that stands for one release, for ever."""

    tag: str
    release_id: str
    tagged_at: datetime
    tagged_by: str | None
    reason: str


def set_tag(
    ledger: Ledger, tag: str, release_id: str, *, reason: str, by: str | None
) -> ReleaseTag:
    """Name a release. The same name for the same release again changes nothing.

    UserError TAG_TAKEN when the name stands for another release.
    """
    with writing(ledger.engine) as connection:
        row = connection.execute(select(release_tag).where(release_tag.c.tag == tag)).mappings()
        found = row.first()
        if found is None:
            made = ReleaseTag(tag, release_id, utc_now(), by, reason)
            connection.execute(insert(release_tag).values(**asdict(made)))
            return made
        kept = ReleaseTag(**found)
        if kept.release_id != release_id:
            raise UserError("TAG_TAKEN", tag=tag, release_id=kept.release_id)
        return kept


def tags(ledger: Ledger) -> list[ReleaseTag]:
    """All names, in the order in which they were given."""
    query = select(release_tag).order_by(release_tag.c.tagged_at, release_tag.c.tag)
    with reading(ledger.engine) as connection:
        return [ReleaseTag(**row) for row in connection.execute(query).mappings()]
