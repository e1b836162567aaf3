"""`luoshi plan`: what a plan document says, on the command line."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import click

from luoshi.cli.plan_compare import compare
from luoshi.cli.plan_ledger import ledger, ledger_import
from luoshi.cli.plan_list import list_plans
from luoshi.cli.plan_load import load
from luoshi.plans.evidence import Evidence
from luoshi.plans.model import Plan, Result
from luoshi.plans.tracing import plain_value


@click.group()
def group() -> None:
    """Read, load and compare plan documents."""


group.add_command(list_plans)
group.add_command(load)
group.add_command(compare)
group.add_command(ledger)
group.add_command(ledger_import)


@group.command("text")
@click.argument("file", type=click.Path(path_type=Path))
def text(file: Path) -> None:
    """Print the text of FILE; the offsets of `plan read` count its characters."""
    from luoshi.documents import open_document

    click.echo(open_document(file).text, nl=False)


@group.command("read")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["json", "table"]), default="table", help="How to print it.")
@click.option("--why", is_flag=True, help="Below each line: where each field stands, by which rule, how surely.")
def read(file: Path, form: str, why: bool) -> None:
    """Read the plan in FILE (txt, html, docx, pdf, xlsx): tasks, targets, units, deadlines."""
    from luoshi.plans.read import read_file

    _, plan = read_file(file)
    if form == "json":
        click.echo(json.dumps(plan.to_json(), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_table(plan, why=why)))


def _why(entries: list[Evidence], indent: int) -> list[str]:
    """One line for each field: what it reads as, where, by which rule, how surely, and what is doubtful."""
    lines = []
    for entry in entries:
        place = f"{entry.start}-{entry.end}" if entry.start is not None else "not printed"
        doubts = "".join(f"; {flag}" for flag in entry.flags)
        value = f"{entry.field} = {plain_value(entry.value)}"
        lines.append(f"{' ' * indent}. {value}  [{place}] {entry.rule}, {entry.confidence:.0%}{doubts}")
    return lines


def _table(plan: Plan, *, why: bool = False) -> list[str]:
    """The plan as lines for a terminal."""
    head = plan.plan
    period = "–".join(str(year) for year in dict.fromkeys((head.period_start, head.period_end)) if year) or "?"
    lines = [
        head.title or "(no title)",
        f"{head.issuer or '?'} · {head.region or '?'} · {head.doc_number or '-'} · {period}",
    ]
    lines += _why(head.evidence, 2) if why else []
    lines += [f"! {note}" for note in plan.notes]
    by_task: dict[str | None, list[str]] = {}
    for target in plan.targets:
        value = (
            "–".join(f"{part:g}" for part in target.value) if isinstance(target.value, list) else f"{target.value:g}"
        )
        line = f"      {target.id:<5}{target.metric} {target.op} {value}{target.unit}  {target.deadline or ''}"
        by_task.setdefault(target.task, []).extend([line, *(_why(target.evidence, 12) if why else [])])
    titles = {action.id: f"{action.number or ''} {action.title}".strip() for action in plan.actions}
    last: str | None = None
    for task in [*plan.tasks, *plan.safeguards]:
        if task.action != last and task.action:
            lines += ["", titles.get(task.action, task.action)]
        last = task.action
        units = "、".join([*(f"{name}*" if name in task.lead_units else name for name in task.units)])
        due = f"{task.deadline or '-'}{'~' if task.deadline_inferred else ''}"
        lines.append(
            f"  {task.id:<5}{_fit(task.number or '', 8)}{_fit(task.title or task.text, 44)} {_fit(due, 12)}{units}"
        )
        lines += _why(task.evidence, 8) if why else []
        lines += [f"      ? {flag}" for flag in task.flags]
        lines += by_task.get(task.id, [])
    if by_task.get(None):
        lines += ["", "Targets outside tasks", *by_task[None]]
    if plan.results:
        lines += ["", "Results told, promised by nobody", *map(_result, plan.results)]
    counts = f"{len(plan.actions)} actions, {len(plan.tasks)} tasks, {len(plan.targets)} targets"
    return [*lines, "", f"{counts}   (* lead, ~ inferred)"]


def _result(result: Result) -> str:
    value = "–".join(f"{v:g}" for v in (result.value if isinstance(result.value, list) else [result.value]))
    return f"      {result.id:<5}{result.metric} {result.op} {value}{result.unit}  {result.year or ''}".rstrip()


def _fit(text: str, width: int) -> str:
    """The text cut and padded to a number of terminal columns."""
    text = text.replace("\n", " ")
    result, used = "", 0
    for char in text:
        size = 2 if unicodedata.east_asian_width(char) in "WFA" else 1
        if used + size > width - 1:
            break
        result += char
        used += size
    return result + " " * (width - used)
