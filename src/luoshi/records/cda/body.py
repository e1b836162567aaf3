"""What the body of a document says, gathered: diagnoses, examined items, paragraphs, and single values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from luoshi.records.cda.reading import Statement


@dataclass(slots=True)
class Diagnosis:
    """A diagnosis: code and name may stand apart in the document; `section` says admission or discharge. `named`: the
    name was told by itself, not beside the code."""

    section: str
    tcm: bool = False
    code: str = ""
    system: str = ""
    name: str = ""
    day: str = ""
    named: bool = False


@dataclass(slots=True)
class Item:
    """An examined item with its result."""

    name: str
    code: str = ""
    system: str = ""
    time: str = ""
    value: str = ""
    unit: str = ""
    flag: str = ""
    specimen: str = ""


@dataclass(slots=True)
class Body:
    """The body. `texts`: (title, paragraph) in order; `single`: the first value of each other role; `unknown`: elements
    the catalogue does not know, counted."""

    diagnoses: list[Diagnosis] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    conclusions: list[str] = field(default_factory=list)
    allergies: list[str] = field(default_factory=list)
    no_allergy: bool = False
    single: dict[str, str] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)


def gather(statements: Iterable[Statement]) -> Body:
    """Statements in order of the document as a body. An item begins with its name; what follows belongs to it."""
    body = Body()
    for statement in statements:
        meaning = statement.meaning
        if meaning is None:
            body.unknown[f"{statement.code} {statement.name}".strip()] += 1
            continue
        role, said = meaning.role, statement.value or statement.value_code
        if role in ("diagnosis-code", "diagnosis-name", "tcm-code", "tcm-name", "diagnosis-day"):
            _diagnosis(body, statement, role)
        elif role.startswith("item") or role == "specimen":
            _item(body, statement, role)
        elif role == "text":
            if said:
                body.texts.append((meaning.title, said))
        elif role == "finding":
            body.findings += [said] if said else []
        elif role == "conclusion":
            body.conclusions += [said] if said else []
        elif role == "allergy":
            body.allergies += [said] if said else []
        elif role == "allergy-flag":
            body.no_allergy = said.lower() in ("false", "0", "f", "无")
        elif said:
            body.single.setdefault(role, said)
    return body


def _diagnosis(body: Body, statement: Statement, role: str) -> None:
    """Code and name of one diagnosis come one after the other, in either order."""
    last = body.diagnoses[-1] if body.diagnoses else None
    tcm = role.startswith("tcm")
    if role == "diagnosis-day":
        if last is not None:
            last.day = last.day or statement.value
        return
    coded = role.endswith("code")
    if not (statement.value or statement.value_code):
        return
    full = last is None or last.section != statement.section or last.tcm != tcm or (last.code if coded else last.named)
    if full:
        last = Diagnosis(statement.section, tcm)
        body.diagnoses.append(last)
    assert last is not None
    if coded:
        last.code = statement.value_code or statement.value
        last.system = statement.value_system
        if statement.value_code and statement.value and not last.name:
            last.name = statement.value
    else:
        last.name, last.named = statement.value or statement.value_code, True
    last.day = last.day or statement.start


def _item(body: Body, statement: Statement, role: str) -> None:
    if role == "item":
        if statement.value or statement.value_code:
            body.items.append(
                Item(
                    statement.value or statement.value_code,
                    statement.value_code,
                    statement.value_system,
                    statement.start,
                )
            )
        return
    if not body.items:
        return
    item = body.items[-1]
    if role == "item-name":
        item.code, item.name = item.code or item.name, statement.value or item.name
    elif role == "item-value":
        item.value, item.unit = statement.value or statement.value_code, item.unit or statement.unit
    elif role == "item-unit":
        item.unit = statement.value or item.unit
    elif role == "item-flag":
        item.flag = statement.value_code or statement.value
    else:
        item.specimen = statement.value or statement.value_code
