"""What a reader of the plan should know about the reading as a whole, in plain sentences."""

from __future__ import annotations

from luoshi.documents import Document
from luoshi.plans.model import Plan
from luoshi.plans.page_order import Repair
from luoshi.plans.papers import Paper, chosen
from luoshi.plans.raw_tasks import Structure


def remarks(
    document: Document, result: Plan, repair: Repair, found: Structure, papers: list[Paper], carrier: list[str],
    swapped: list[str],
) -> list[str]:  # fmt: skip
    """The notes, the gravest first."""
    notes = [*document.notes, *carrier]
    if result.plan.kind != "plan":
        notes.append(f"Not a plan ({result.plan.kind}). {result.plan.kind_reason}")
    if repair.changed:
        places = ", ".join(map(str, repair.physical))
        notes.append(
            f"The pages are out of order: the numbers count on when the {len(repair.physical)} printed parts are read "
            f"in the order {places}. They were read so, and {len(repair.joined)} cut places were joined; please accept."
            + (
                f" {repair.unsure} of these places do not read like one text: check where the cut lies "
                f"(confidence {1 - repair.unsure / max(1, len(repair.physical) - 1):.0%})."
                if repair.unsure
                else ""
            )
        )
    elif repair.doubt:
        notes.append(repair.doubt)
    aside = [paper for paper in papers if paper not in chosen(papers)]
    if aside:
        notes.append(
            "Several papers are in the file; not read for tasks: " + "; ".join(p.title or "?" for p in aside) + "."
        )
    if found.advice:
        notes.append(f"{len(found.advice)} lists of advice to persons and families are no tasks and were left out.")
    if found.told:
        notes.append(
            "Parts that tell what was done or how things stand were not read as work, their figures are results: "
            + "; ".join(found.told[:8]) + "."
        )  # fmt: skip
    lost = sum(1 for task in result.tasks if "number lost" in task.flags)
    if lost:
        notes.append(f"{lost} tasks lost their number in print.")
    if swapped:
        notes.append(
            "Words were swapped for synonyms by the copying site (" + "、".join(swapped[:6]) + "); the text is kept "
            "as printed, `restored` puts back what is certain."
        )
    if not result.tasks:
        notes.append("No tasks were found in it.")
    return notes
