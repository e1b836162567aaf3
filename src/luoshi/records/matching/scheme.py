"""What a kind of record is compared by, as data: `catalog/rules/matching-<id>.yaml` read strictly."""

from __future__ import annotations

from functools import cache

from pydantic import Field as Checked
from pydantic import model_validator

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.kernel.errors import NotFound, nearest
from luoshi.records.matching.kinds import KINDS, Kind


class FieldSpec(Entry):
    """One field of the comparison.

    `columns`: columns of the input, in the order the kind wants them. `frequency`: agreement on a rare value weighs
    more. `shared`: people of one household often agree on it, so it says little between them. `crosses`: the field it
    is sometimes swapped with. `same`, `other`: where the kind's own first guesses do not fit, the share of each level
    among pairs that are one person, among pairs that are
    not, and among relatives of one household.
    """

    name: str = Checked(pattern=r"[a-z][a-z0-9]*")
    title: str
    title_en: str
    kind: str
    columns: tuple[str, ...]
    frequency: bool = False
    shared: bool = False
    crosses: str = ""
    same: tuple[float, ...] = ()
    other: tuple[float, ...] = ()
    related: tuple[float, ...] = ()

    @property
    def made(self) -> Kind:
        """The kind's rules."""
        return KINDS[self.kind]


class Bands(Entry):
    """Probabilities from which two records are one person without a human, and from which a human looks."""

    same: float = Checked(gt=0.5, lt=1)
    review: float = Checked(gt=0, lt=1)


class Scheme(Entry):
    """How records of one kind are matched.

    `keys`: each a list of derived columns; records that agree on all of one key are compared. `block`: a key value
    shared by more records than this is too common to compare by. `veto`: (field, level) pairs that a pair in the band
    "same" must not show: a human looks first.
    """

    id: str
    title: str
    fields: tuple[FieldSpec, ...]
    keys: tuple[tuple[str, ...], ...]
    block: int = Checked(ge=2)
    bands: Bands
    veto: tuple[tuple[str, str], ...] = ()
    reviewed: dict[str, str | None] = {}

    @model_validator(mode="after")
    def _check(self) -> Scheme:
        names = [field.name for field in self.fields]
        for field in self.fields:
            if field.kind not in KINDS:
                raise ValueError(f"the field {field.name!r} has no kind {field.kind!r}. {nearest(field.kind, KINDS)}")
            if field.crosses and field.crosses not in names:
                raise ValueError(f"the field {field.name!r} cannot cross {field.crosses!r}: there is no such field")
            levels = len(field.made.levels)
            for shares in (field.same, field.other, field.related):
                if shares and len(shares) != levels:
                    raise ValueError(f"the field {field.name!r} has {levels} levels, not {len(shares)}")
        derived = {column for field in self.fields for column in field.made.derived(field.name)}
        for part in (part for key in self.keys for part in key):
            if part not in derived:
                raise ValueError(f"a key names {part!r}. {nearest(part, derived)}")
        for name, level in self.veto:
            spec = next((field for field in self.fields if field.name == name), None)
            if spec is None or level not in [known.name for known in spec.made.levels]:
                raise ValueError(f"the veto names {name}.{level}, which does not exist")
        if self.bands.review >= self.bands.same:
            raise ValueError("the band for review begins below the band of the same person")
        return self

    def field(self, name: str) -> FieldSpec:
        """The field of that name."""
        return next(field for field in self.fields if field.name == name)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the input, without the id."""
        return tuple(dict.fromkeys(column for field in self.fields for column in field.columns))


@cache
def scheme(name: str = "cn") -> Scheme:
    """The scheme `name` of the catalogue. Raises `NotFound`, or `CatalogError` when the file is wrong."""
    path = CATALOG / "rules" / f"matching-{name}.yaml"
    if not path.exists():
        known = [p.stem.removeprefix("matching-") for p in (CATALOG / "rules").glob("matching-*.yaml")]
        raise NotFound(f"There is no matching scheme {name!r}.", todo=nearest(name, known))
    return read_entry(path, Scheme)
