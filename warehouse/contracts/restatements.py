"""When a change of a figure is more likely an error than a revision."""

from pathlib import Path

from pydantic import Field

from warehouse.core.records import CONTRACTS_DIR, Record, read_record


class SuspectedError(Record):
    """Ratio of the larger to the smaller value, and least difference in events; both must hold."""

    factor: float = Field(gt=1)
    minimum_change: float = Field(ge=0)


class Restatements(Record):
    """How restatements are classified."""

    suspected_error: SuspectedError


def load_restatements(root: Path = CONTRACTS_DIR) -> Restatements:
    """Read `restatements.yml` below `root`; raises ContractError."""
    return read_record(root / "restatements.yml", Restatements)
