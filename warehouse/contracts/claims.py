"""Published figures, and how published figures must relate to each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field

from warehouse.core.records import (
    CONTRACTS_DIR,
    ContractError,
    Record,
    parse,
    read_record,
    read_table,
    read_yaml,
)

Severity = Literal["hard", "soft"]
Side = Literal["closed", "figure", "open"]


class Claim(Record):
    """One figure said in public. `quote` stands literally in the document `source`."""

    claim_id: str
    source: str
    published_date: date | None = None
    published_not_before: date | None = None
    territory_name: str
    kato: str
    period_start: date | None = None
    period_end: date | None = None
    indicator_code: str | None = None
    dimension: str = ""
    qualifier: str
    value: Decimal | None = None
    unit: str
    quote: str
    speaker: str
    comparison: Literal["prior_year"] | None = None
    actor: str | None = None
    not_an_indicator: str | None = None


class Qualifier(Record):
    """What a word such as "about" allows; see contracts/claims/qualifiers.yml."""

    tolerance: Decimal
    low: Side
    high: Side
    of: Literal["value", "change_pct", "change_abs"]
    sign: Literal[1, -1] = 1


class Figure(Record):
    """An indicator, or one dimension of it."""

    indicator: str
    dimension: str = ""


class Parts(Record):
    """The parts may not exceed the whole; complete parts, all published, must reach it."""

    id: str
    whole: Figure
    parts: tuple[Figure, ...] = Field(min_length=1)
    complete: bool
    severity: Severity


class PerUnit(Record):
    """`each` times the number of `units` gives `total`."""

    id: str
    each: Figure
    units: Figure
    total: Figure
    severity: Severity


class Daily(Record):
    """A daily average of `each` over the days of the period meets `total`."""

    id: str
    each: Figure
    total: Figure
    severity: Severity


class Relations(Record):
    """All relations between published figures."""

    parts: tuple[Parts, ...]
    per_unit: tuple[PerUnit, ...]
    daily: tuple[Daily, ...]
    issuers: Mapping[str, str]


@dataclass(frozen=True)
class Claims:
    """The register of published figures with the rules to read them by."""

    claims: tuple[Claim, ...]
    qualifiers: Mapping[str, Qualifier]
    relations: Relations


def load_claims(root: Path = CONTRACTS_DIR) -> Claims:
    """Read contracts/claims; ContractError names file, place and reason."""
    folder = root / "claims"
    path = folder / "qualifiers.yml"
    qualifiers = {
        name: parse(path, Qualifier, value, name) for name, value in read_yaml(path).items()
    }
    claims = read_table(folder / "claims.csv", Claim)
    for claim in claims:
        if claim.qualifier not in qualifiers:
            known = ", ".join(qualifiers)
            raise ContractError(
                f"{folder / 'claims.csv'}: {claim.claim_id}: qualifier "
                f"{claim.qualifier!r} is not one of {known}"
            )
    return Claims(claims, qualifiers, read_record(folder / "relations.yml", Relations))
