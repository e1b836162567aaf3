"""Scoring of whole readings of the made-up papers in `tests/plans/papers`: head, tasks, units, leads, deadlines, targets.

A paper is a file beside answers of the same stem in YAML: `head`, `tasks` (`n` number as printed, `head` the words it
begins with, `lead`, `units`, `due`) and `targets` (span, metric, comparator, value, unit, deadline, more). The answers
were written before the reader saw the paper.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import scoring
import yaml

from luoshi.plans.model import Plan, Task
from luoshi.plans.read import read_file

PAPERS = Path(__file__).parent / "papers"
_FOLD = str.maketrans("，；：（）！？％．～", ",;:()!?%.~")


def plain(text: str | None) -> str:
    """Text without blanks and differences of width."""
    return re.sub(r"\s", "", (text or "").translate(_FOLD))


@dataclass
class Tally:
    """Wanted, read and right of one kind of field."""

    wanted: int = 0
    read: int = 0
    right: int = 0

    def add(self, wanted: int, read: int, right: int) -> None:
        """Count some more."""
        self.wanted, self.read, self.right = self.wanted + wanted, self.read + read, self.right + right

    @property
    def f1(self) -> float:
        """2PR/(P+R); 1 where nothing is wanted and nothing read."""
        return 2 * self.right / (self.wanted + self.read) if self.wanted + self.read else 1.0


KINDS = ("targets", "deadlines", "details", "tasks", "numbers", "units", "leads", "dues", "head")


@dataclass
class Result:
    """One paper's tallies by kind, and every error in words."""

    name: str
    tallies: dict[str, Tally] = field(default_factory=lambda: {kind: Tally() for kind in KINDS})
    errors: list[str] = field(default_factory=list)


def answers_of(path: Path) -> dict[str, Any]:
    """The answers in YAML, targets as the dictionaries `scoring` knows."""
    found: dict[str, Any] = _dates_as_text(yaml.safe_load(path.read_text("utf-8")))
    targets = []
    for index, row in enumerate(found.get("targets") or [], start=1):
        span, metric, op, value, unit, deadline = row[:6]
        more = row[6] if len(row) > 6 else {}
        targets.append(
            {"id": f"G{index}", "span": span, "metric": metric, "op": op, "value": value, "unit": unit,
             "deadline": deadline, **more}
        )  # fmt: skip
    found["targets"] = targets
    return found


def _dates_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _dates_as_text(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_dates_as_text(entry) for entry in value]
    return value.isoformat() if isinstance(value, date) else value


def source_of(path: Path) -> Path:
    """The paper beside its answers."""
    return next(p for p in sorted(path.parent.glob(path.stem + ".*")) if p.suffix != ".yaml")


def score(path: Path) -> tuple[Result, Plan]:
    """Read the paper of the answers at `path` and compare."""
    answers = answers_of(path)
    document, plan = read_file(source_of(path))
    result = Result(path.stem)
    found = scoring.score(path.stem, document.text, plan.targets, answers)
    result.tallies["targets"].add(found.answers, found.read, found.right)
    result.tallies["deadlines"].add(found.matched, found.matched, found.dated)
    for kind in ("missed", "false", "wrong", "misdated"):
        result.errors += [f"{kind}: {entry}" for entry in getattr(found, kind)]
    _details(plan, answers, result)
    _tasks(plan, answers, result)
    _head(plan, answers.get("head") or {}, result)
    if answers.get("kind", "plan") != plan.plan.kind:
        result.errors.append(f"kind: {plan.plan.kind}, wanted {answers.get('kind', 'plan')}")
    return result, plan


def _details(plan: Plan, answers: dict[str, Any], result: Result) -> None:
    """Baselines and forces, where the answers give them."""
    for answer in answers["targets"]:
        for name in ("baseline", "force"):
            if name not in answer or answer.get("doubtful"):
                continue
            quote = plain(answer["span"])
            near = [t for t in plan.targets if t.value == answer["value"] and _overlap(plain(t.quote), quote)]
            right = any(getattr(t, name) == answer[name] for t in near)
            result.tallies["details"].add(1, 1, int(right))
            if not right:
                result.errors.append(f"{name} of {answer['span']}: {[getattr(t, name) for t in near]}")


def _overlap(one: str, other: str) -> bool:
    return (
        one in other
        or other in one
        or bool(set(re.findall(r".{6}", one)) & set(re.findall(r".{6}", other)))
        or (one[-6:] == other[-6:] or one[:6] == other[:6])
    )


def _begins(task: Task, answer: dict[str, Any]) -> bool:
    return any(
        plain(head) in plain(task.text)[: len(plain(head)) + 12]
        for head in (answer["head"], *answer.get("head_alt", []))
    )


def _tasks(plan: Plan, answers: dict[str, Any], result: Result) -> None:
    tallies, left = result.tallies, list(plan.tasks)
    if answers.get("tasks") is None:
        return
    for answer in answers["tasks"]:
        task = next((task for task in left if _begins(task, answer)), None)
        units, lead = answer.get("units", []), answer.get("lead", [])
        if task is None:
            if not answer.get("optional"):
                result.errors.append(f"task missed: {answer['head']}")
                tallies["tasks"].add(1, 0, 0)
                tallies["units"].add(len(units), 0, 0)
                tallies["leads"].add(len(lead), 0, 0)
            continue
        left.remove(task)
        if answer.get("optional"):
            continue
        tallies["tasks"].add(1, 1, 1)
        numbers = {re.sub("[要是]$", "", plain(str(n or ""))) for n in (answer.get("n"), *answer.get("n_alt", []))}
        right = plain(task.number) in numbers
        tallies["numbers"].add(1, 1, int(right))
        if not right:
            result.errors.append(f"number of {answer['head']}: {task.number}, wanted {answer.get('n')}")
        for kind, wanted, read in (
            ("units", units, [*task.units, *(task.inherited_units if answer.get("inherits") else [])]),
            ("leads", lead, task.lead_units),
        ):
            same = {plain(name) for name in wanted} & {plain(name) for name in read}
            tallies[kind].add(len(wanted), len(read), len(same))
            if len(same) != len(wanted) or len(same) != len(read):
                result.errors.append(f"{kind} of {answer['head']}: {read}, wanted {wanted}")
        if "due" in answer:
            right = task.deadline in {str(answer["due"]), *map(str, answer.get("due_alt", []))}
            tallies["dues"].add(1, 1, int(right))
            if not right:
                result.errors.append(f"deadline of {answer['head']}: {task.deadline}, wanted {answer['due']}")
    tallies["tasks"].read += len(left)
    result.errors += [f"task too many: {task.number} {task.text[:40]}" for task in left]


_HEAD = {"title": "title", "issuer": "issuer", "number": "doc_number", "published": "published", "start": "period_start",
         "end": "period_end", "region": "region"}  # fmt: skip


def _head(plan: Plan, wanted: dict[str, Any], result: Result) -> None:
    for name, value in wanted.items():
        read = getattr(plan.plan, _HEAD[name])
        right = plain(str(read)) == plain(str(value)) or (
            name == "issuer" and plain(str(value)).endswith(plain(str(read)))
        )
        result.tallies["head"].add(1, 1, int(right))
        if not right:
            result.errors.append(f"{name}: {read}, wanted {value}")


def main(prefix: str = "") -> None:
    """Print every paper's tallies and errors."""
    totals = {kind: Tally() for kind in KINDS}
    for path in sorted(PAPERS.glob(f"{prefix}*.yaml")):
        result, _ = score(path)
        print(
            result.name, " ".join(f"{k}={t.f1:.3f}({t.right}/{t.wanted}/{t.read})" for k, t in result.tallies.items())
        )
        for error in result.errors:
            print("    ", error)
        for kind, tally in result.tallies.items():
            totals[kind].add(tally.wanted, tally.read, tally.right)
    print("ALL", " ".join(f"{k}={t.f1:.3f}({t.right}/{t.wanted}/{t.read})" for k, t in totals.items()))


if __name__ == "__main__":
    import sys

    main(*sys.argv[1:])
