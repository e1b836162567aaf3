"""The three-way merge of what a pack brings with what the platform has now, from what both started with. Pure.

Every change of the pack ends as exactly one of: applied, already there, or a conflict somebody decides. Nothing is
dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["field", "visit", "state"]


@dataclass(frozen=True)
class Change:
    """Something to do: `apply` says whether the platform takes it at once; otherwise it waits for a decision, with the
    three versions."""

    kind: Kind
    key: str
    person: int
    base: Any
    server: Any
    brought: Any
    apply: bool


def fields(person: int, base: Mapping[str, str], server: Mapping[str, str], brought: Mapping[str, str]) -> list[Change]:
    """Notes, field by field: what only the pack changed is taken, what only the platform changed stays, what both changed
    differently waits. Equal changes need nothing."""
    found = []
    for name in sorted(set(base) | set(server) | set(brought)):
        old, now, new = base.get(name, ""), server.get(name, ""), brought.get(name, base.get(name, ""))
        if new in (old, now):
            continue
        found.append(Change("field", f"{person}:{name}", person, old, now, new, apply=now == old))
    return found


def state(person: int, programme: str, base: str, server: str, brought: Mapping[str, Any] | None) -> list[Change]:
    """The state of one enrolment. `brought`: `{"state", "reason"}` where the pack moved it."""
    if not brought or brought.get("state") in (base, server):
        return []
    key = f"{person}:{programme}"
    return [Change("state", key, person, base, server, dict(brought), apply=server == base)]


def visit(
    person: int,
    brought: Mapping[str, Any],
    same: Mapping[str, Any] | None,
    others: Sequence[Mapping[str, Any]],
    base: Mapping[str, Any] | None,
) -> list[Change]:
    """One visit. `same`: what the platform has under its token; `others`: other visits of the person on that day for one of
    its diseases; `base`: what an earlier upload of this pack brought under the token.

    New on a free day: taken. Already there alike: nothing. Corrected in the pack while the platform still has what the
    pack brought before: taken. Anything else waits.
    """
    key = str(brought["token"])
    mine = content(brought)
    if same is not None:
        if content(same) == mine:
            return []
        unchanged = base is not None and content(same) == content(base)
        return [Change("visit", key, person, base, dict(same), dict(brought), apply=unchanged)]
    if not others:
        return [Change("visit", key, person, None, None, dict(brought), apply=True)]
    if any(content(other) == mine for other in others):
        return []  # the same visit, written down on both sides
    return [Change("visit", key, person, None, dict(others[0]), dict(brought), apply=False)]


def content(given: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes two visits the same."""
    values = {name: value for name, value in dict(given.get("values") or {}).items() if value not in ("", None)}
    return (
        str(given["day"]),
        given["mode"],
        tuple(sorted(given["programmes"])),
        tuple(sorted((name, _plain(value)) for name, value in values.items())),
        str(given.get("reserved") or ""),
        str(given.get("advice") or ""),
    )


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    try:
        return f"{float(value):g}"
    except (TypeError, ValueError):
        return {"true": "yes", "false": "no"}.get(str(value), str(value))
