"""What may stand in a path, a query or a form: every value has a shape and a longest length.

The patterns stand in the description of the API too. Digits are `[0-9]`: the usual class takes
those of every script. No text holds the character NUL, which Postgres refuses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from portal.problems import PortalError
from warehouse.core.clock import PERIOD_PATTERN

_PERIOD = f"^{PERIOD_PATTERN}$"
_KATO = r"^[0-9]{9}$"
_CODE = r"^[0-9A-Za-z._-]{1,60}$"
_FORM = r"^[0-9A-Za-z._-]{1,20}$"
_ID = r"^[0-9a-f]{16}$"
_SHA256 = r"^[0-9a-f]{64}$"
_TEXT = "^[^\\u0000]*$"

LONGEST_COMMENT = 2000
LONGEST_LINK = 2000
"""Characters of an address of ours that a form or a query carries."""

PeriodText = Annotated[str, Field(pattern=_PERIOD, description="YYYY-MM")]
KatoText = Annotated[str, Field(pattern=_KATO, description="KATO code")]
FormText = Annotated[str, Field(pattern=_FORM)]
CommentText = Annotated[str, Field(max_length=LONGEST_COMMENT, pattern=_TEXT)]
ReasonText = Annotated[str, Field(min_length=1, max_length=LONGEST_COMMENT, pattern=_TEXT)]

Period = Annotated[str, Path(pattern=_PERIOD, description="YYYY-MM")]
Form = Annotated[str, Path(pattern=_FORM)]
Code = Annotated[str, Path(pattern=_CODE)]
Id = Annotated[str, Path(pattern=_ID)]
Secret = Annotated[str, Path(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
LanguageCode = Annotated[str, Path(pattern=r"^[a-z]{2}$")]

PeriodQuery = Annotated[str, Query(pattern=_PERIOD, description="YYYY-MM")]
FormQuery = Annotated[str, Query(pattern=_FORM)]
KatoQuery = Annotated[str, Query(pattern=_KATO, description="KATO code")]
Sha256Query = Annotated[str, Query(pattern=_SHA256)]
FileNameQuery = Annotated[str, Query(min_length=1, max_length=200, pattern=_TEXT)]
SearchQuery = Annotated[str, Query(max_length=200, pattern=_TEXT)]
LinkQuery = Annotated[str, Query(max_length=LONGEST_LINK, pattern=_TEXT)]
ProviderQuery = Annotated[str, Query(max_length=4096, pattern=_TEXT)]
NumberQuery = Annotated[int, Query(ge=1, le=10**15)]
LimitQuery = Annotated[int, Query(ge=1, le=1000)]

# A search form sends its empty fields too.
OptionalPeriod = Annotated[str, Query(pattern=f"^(?:{PERIOD_PATTERN})?$")]
OptionalForm = Annotated[str, Query(pattern=r"^[0-9A-Za-z._-]{0,20}$")]
OptionalKato = Annotated[str, Query(pattern=r"^(?:[0-9]{9})?$")]

SECRET_FIELDS = frozenset({"csrf", "password", "present", "repeated"})
LONGEST_FIELDS: Mapping[str, int] = {
    "action": 20,
    "comment": LONGEST_COMMENT,
    "csrf": 64,
    "display_name": 200,
    "email": 254,
    "form": 20,
    "forms": 20,
    "hours": 4,
    "login": 80,
    "name": 80,
    "next": LONGEST_LINK,
    "password": 1024,
    "present": 1024,
    "reason": LONGEST_COMMENT,
    "receipt": 6000,
    "repeated": 1024,
    "role": 40,
    "subject": 255,
    "territory": 9,
    "username": 80,
}
"""Characters of each field that our forms have."""
# NUL and halves of surrogate pairs.
_UNFIT = re.compile("[\\x00\\ud800-\\udfff]")


def check_field(name: str, value: str) -> None:
    """PortalError value_malformed for a value that is too long, and for characters that cannot be
    kept; KeyError for a field that no form of ours has."""
    # A browser counts a line break as one character and sends two.
    length = len(value.replace("\r\n", "\n"))
    if length > LONGEST_FIELDS[name] or _UNFIT.search(value):
        raise PortalError("value_malformed", status=422, name=name)
