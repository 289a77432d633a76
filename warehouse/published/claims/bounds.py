"""What a published figure allows: an interval on the number line."""

from decimal import Decimal
from typing import NamedTuple

from warehouse.contracts.claims import Claim, Claims, Qualifier

_INFINITY = Decimal("Infinity")
_HALF = Decimal("0.5")
_ROUNDED_FROM_ZEROS = 2
_MOST_ROUNDED = Decimal("0.1")
"""Nobody rounds by more than a tenth: "1000 sites" is not 500."""


class Interval(NamedTuple):
    """All numbers from `low` to `high`, both included."""

    low: Decimal
    high: Decimal

    def meets(self, other: "Interval") -> bool:
        """Whether some number lies in both."""
        return self.low <= other.high and other.low <= self.high

    def __add__(self, other: object) -> "Interval":
        if not isinstance(other, Interval):
            return NotImplemented
        return Interval(self.low + other.low, self.high + other.high)

    def times(self, other: "Interval") -> "Interval":
        """The interval of the products; both must be non-negative."""
        return Interval(self.low * other.low, self.high * other.high)

    def scaled(self, factor: Decimal) -> "Interval":
        """The interval times a positive number."""
        return Interval(self.low * factor, self.high * factor)


def rounding_unit(value: Decimal) -> Decimal:
    """The size of one step of the last digit that was said: 15 900 000 → 100 000, 47.9 → 0.1.

    One closing zero proves nothing ("20 cases"), two and more are taken as rounding.
    """
    exponent = value.normalize().as_tuple().exponent
    if not isinstance(exponent, int):
        raise TypeError(f"{value} is not a number")
    is_rounded = exponent < 0 or exponent >= _ROUNDED_FROM_ZEROS
    return Decimal(1).scaleb(exponent) if is_rounded else Decimal(1)


def interval(value: Decimal, qualifier: Qualifier) -> Interval:
    """What `value` under `qualifier` allows, as magnitudes (the sign of a fall is not applied)."""
    rounding = rounding_unit(value) * _HALF
    if rounding > _HALF:
        rounding = min(rounding, value * _MOST_ROUNDED)
    slack = max(rounding, value * qualifier.tolerance)
    low = {"closed": value - slack, "figure": value, "open": Decimal(0)}[qualifier.low]
    high = {"closed": value + slack, "figure": value, "open": _INFINITY}[qualifier.high]
    return Interval(max(low, Decimal(0)), high)


def bounds(claim: Claim, claims: Claims) -> Interval | None:
    """What `claim` allows, or None when the text gives no number."""
    if claim.value is None:
        return None
    return interval(claim.value, claims.qualifiers[claim.qualifier])
