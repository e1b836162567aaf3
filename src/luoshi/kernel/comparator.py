"""How a promise compares: at least, at most, exactly, between. 以上 and 以下 include the number itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from luoshi.kernel.errors import InvalidValue

Op = Literal[">=", "<=", ">", "<", "=", "between"]
OPS: tuple[Op, ...] = (">=", "<=", ">", "<", "=", "between")


@dataclass(frozen=True)
class Threshold:
    """`op` with one value, or two for `between` (both ends counted). Values carry the unit of the target."""

    op: Op
    value: float
    upper: float | None = None

    def __post_init__(self) -> None:
        if self.op not in OPS:
            raise InvalidValue(f"Unknown comparator {self.op!r}; known are {', '.join(OPS)}.")
        if (self.op == "between") != (self.upper is not None):
            raise InvalidValue("`between` needs two values, every other comparator one.")

    def met_by(self, value: float, *, better: str = "higher") -> bool:
        """Whether `value` keeps the promise.

        A bare 达 X is printed as `=`; an indicator that has overshot in its better direction has kept it too, so
        `=` follows `better` (`higher`, `lower` or `band`). Comparison is at ten significant places, so that a rate
        computed from counts is not failed by its last binary digit.
        """
        v, t = round(value, 10), round(self.value, 10)
        match self.op:
            case ">=":
                return v >= t
            case ">":
                return v > t
            case "<=":
                return v <= t
            case "<":
                return v < t
            case "between":
                assert self.upper is not None
                return t <= v <= round(self.upper, 10)
        return v >= t if better == "higher" else v <= t if better == "lower" else v == t
