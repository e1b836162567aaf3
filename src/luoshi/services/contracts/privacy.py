"""Which groups and which items a viewer may be told of somebody: being followed for a mental disorder tells the disorder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import public as consent
from luoshi.services.contracts import catalogue
from luoshi.services.contracts.rules import Window


def tellable_groups(
    groups: Mapping[int, Sequence[str]], served_by: Mapping[int, str], *, scope: Scope
) -> dict[int, list[str]]:
    """The groups of each person that a viewer may know. `served_by`: person → the institution that serves them. At most
    four queries for each group that is secret, however many persons."""
    known = catalogue.items().groups
    closed: dict[str, set[int]] = {}
    for person, names in groups.items():
        for name in names:
            if known[name].cohort:
                closed.setdefault(name, set()).add(person)
    told = {
        name: consent.tellable(known[name].cohort, [(p, served_by.get(p, "")) for p in sorted(persons)], scope=scope)
        for name, persons in closed.items()
    }
    return {
        person: [name for name in names if name not in told or person in told[name]] for person, names in groups.items()
    }


def tellable_windows(windows: Sequence[Window], served_by: Mapping[int, str], *, scope: Scope) -> list[Window]:
    """The windows a viewer may know: an item that only members of secret groups are due is told with the group."""
    book = catalogue.items()
    alone = {
        name: item.groups[0] for name, item in book.items.items() if len(item.groups) == 1 and book.groups[item.groups[0]].cohort
    }  # fmt: skip
    groups: dict[int, list[str]] = {}
    for window in windows:
        if window.item in alone and alone[window.item] not in groups.setdefault(window.person, []):
            groups[window.person].append(alone[window.item])
    told = tellable_groups(groups, served_by, scope=scope)
    return [w for w in windows if w.item not in alone or alone[w.item] in told[w.person]]
