"""What was learned: how often each level is met among pairs of one person, of relatives and of strangers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from math import log2
from typing import Any

from luoshi.kernel.errors import InvalidValue
from luoshi.records.matching.scheme import FieldSpec, Scheme

Shares = tuple[float, ...]
LEAST = 1e-12


@dataclass(frozen=True)
class Model:
    """Shares of levels per field, and of pairs of each class among all pairs there could be.

    `same`, `related`, `other`: field -> share of each level. `share_same`, `share_related`: of all pairs.
    `frequency`: counted column -> value -> its share. `learned_from`: number of records (0: the first guesses).
    `pairs`: about how many pairs of one person were among them; 0 where there were too few to learn from, so that
    `same` and `related` are still guesses.
    """

    scheme: str
    same: dict[str, Shares]
    related: dict[str, Shares]
    other: dict[str, Shares]
    share_same: float
    share_related: float
    frequency: dict[str, dict[str, float]] = field(default_factory=dict)
    learned_from: int = 0
    pairs: float = 0.0

    @classmethod
    def guessed(cls, scheme: Scheme, *, share_same: float = 1e-6, share_related: float = 3e-6) -> Model:
        """The first guesses of the catalogue, for a region that has no data to learn from yet."""
        return cls(
            scheme.id,
            {f.name: first_same(f) for f in scheme.fields},
            {f.name: first_related(f) for f in scheme.fields},
            {f.name: first_other(f) for f in scheme.fields},
            share_same,
            share_related if any(f.shared for f in scheme.fields) else 0.0,
        )

    def to_json(self) -> str:
        """Plain text, read by `from_json`."""
        return json.dumps(self.__dict__, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, scheme: Scheme) -> Model:
        """Read `to_json`. Raises `InvalidValue` when it is damaged or does not fit the scheme."""
        try:
            plain: dict[str, Any] = json.loads(text)
            for name in ("same", "related", "other"):
                plain[name] = {key: tuple(float(share) for share in shares) for key, shares in plain[name].items()}
            model = cls(**plain)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise InvalidValue(f"is no matching model ({error}).", todo="Learn it anew.") from error
        wanted = {f.name: len(f.made.levels) for f in scheme.fields}
        if model.scheme != scheme.id or {name: len(shares) for name, shares in model.same.items()} != wanted:
            raise InvalidValue("is a matching model of another scheme.", todo="Learn it anew.")
        return model

    def weight(self, name: str, level: int, share: float | None = None) -> float:
        """How much a level of a field speaks for one person, in bits; 0 where nothing was said (−1). `share`: of the
        very value agreed on, where it is counted."""
        if level < 0:
            return 0.0
        other = self.other[name][level] if share is None else share
        return log2(max(self.same[name][level], LEAST) / max(other, LEAST))


def _levelled(shares: tuple[float, ...]) -> Shares:
    total = sum(shares)
    return tuple(max(share / total, LEAST) for share in shares)


def first_same(spec: FieldSpec) -> Shares:
    """First guess of the shares of levels among pairs of one person."""
    return _levelled(spec.same or tuple(level.same for level in spec.made.levels))


def first_other(spec: FieldSpec) -> Shares:
    """First guess among pairs of strangers."""
    return _levelled(spec.other or tuple(level.other for level in spec.made.levels))


def first_related(spec: FieldSpec) -> Shares:
    """First guess among relatives of a household: as the kind says, and where it says nothing as among strangers."""
    if spec.related:
        return _levelled(spec.related)
    other = first_other(spec)
    named = [level.related for level in spec.made.levels]
    return _levelled(tuple(o if n is None else n for n, o in zip(named, other, strict=True)))
