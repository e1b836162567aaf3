"""The reference page of the catalogue: every indicator with its definition, source and confidence, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from luoshi.indicators.catalogue import Catalogue
from luoshi.indicators.definition import Indicator

PERIODS = {
    "calendar-year-to-date": "calendar year to date",
    "maternal-child-year-to-date": "maternal-child year (October to September) to date",
    "point-in-time": "point in time",
    "month": "month",
}


def markdown() -> str:
    """The page `docs/reference/indicators.md`, without its heading comment."""
    catalogue = Catalogue.load()
    computed = catalogue.computed()
    others = [i for i in catalogue.indicators.values() if not i.computed]
    lines = [
        "# Indicators",
        "",
        f"{len(computed)} indicators are computed from records and registers over "
        f"{len({i.cohort for i in computed})} cohorts; {len(others)} more give a home to promises that no record tells. "
        "In words, with windows and edges: [definitions](../explanation/definitions.md). "
        "Confidence says how sure we are of the definition, not of the data.",
        "",
        "| id | 名称 | kind | unit | better | period | confidence |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row(indicator) for indicator in catalogue.indicators.values()]
    for name, cohort in sorted(catalogue.cohorts.items()):
        members = [i for i in computed if i.cohort == name]
        if members:
            lines += ["", f"## {cohort.text.title} (`{name}`)", "", cohort.text.description.strip()]
            for indicator in members:
                lines += ["", *_entry(indicator)]
    if others:
        lines += ["", "## Not computed from records"]
        for indicator in others:
            lines += ["", *_entry(indicator)]
    return "\n".join(lines) + "\n"


def _row(i: Indicator) -> str:
    period = PERIODS.get(i.period or "", "")
    link = f"[`{i.id}`](#{i.id})"
    return f"| {link} | {i.name} | {i.kind} | {i.unit_text or i.unit} | {i.better} | {period} | {i.confidence} |"


def _entry(i: Indicator) -> Iterator[str]:
    yield f"### {i.id}"
    yield ""
    yield f"**{i.name}** — {i.name_en}"
    yield ""
    for title, text in (
        ("of", i.population if i.computed and i.population != "true" else ""),
        ("counted", i.numerator or ""),
        ("divided by", i.denominator or ""),
        ("method", i.method or ""),
        ("missing source", i.missing or ""),
    ):
        if text:
            yield f"- {title}: `{' '.join(text.split())}`" if title != "missing source" else f"- {title}: {text}"
    if i.reasons:
        said = "; ".join(reason.say for reason in i.reasons)
        yield f"- {'listed when counted' if i.lists_counted else 'not counted'}: {said}"
    if i.seeds:
        yield f"- named in plans: {'; '.join(f'{use.seed} {use.target}' for use in i.seeds)}"
    yield f"- source: {i.source}; confidence {i.confidence}"
    if i.notes:
        yield f"- note: {' '.join(i.notes.split())}"
