"""The reference pages of the catalogue as Markdown: a list of all indicators, and for each group a page with each one's
definition in both languages, its cohort, reasons, cases, source and confidence; one page more for the cohorts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from luoshi.catalog.loader import CATALOG
from luoshi.indicators.catalogue import Catalogue
from luoshi.indicators.definition import Indicator

PERIODS = {
    "calendar-year-to-date": "calendar year to date",
    "maternal-child-year-to-date": "maternal-child year (October to September) to date",
    "five-year-plan-to-date": "five-year plan to date",
    "quarter-to-date": "quarter to date",
    "rolling-year": "the last twelve months",
    "point-in-time": "point in time",
    "month": "month",
}
GROUPS = {
    "care": "Hospitals and care", "child": "Children", "chronic": "Chronic disease", "contracts": "Family doctors",
    "elderly": "The elderly", "emergency": "Emergency calls", "immunisation": "Immunisation",
    "infectious": "Infectious disease", "institutions": "Institutions", "maternal": "Mothers and newborns",
    "mental": "Mental health", "others": "Other promises", "outcomes": "Outcomes", "places": "Places",
    "promotion": "Promotion and literacy", "records": "Health records", "resources": "Resources and money",
    "women": "Women",
}  # fmt: skip
_KINDS = {
    "ratio": "share of subjects", "rate": "sum over sum", "mean": "mean", "count": "count",
    "per-population": "of the register of population", "method": "method", "register": "counted by hand",
    "deliverable": "shown by evidence", "report": "told by the unit",
}  # fmt: skip


def groups() -> dict[str, list[Indicator]]:
    """Group (folder of the catalogue) → its indicators in order of id."""
    catalogue = Catalogue.load()
    found: dict[str, list[Indicator]] = {}
    for path in sorted((CATALOG / "indicators").rglob("*.yaml")):
        found.setdefault(path.parent.name, []).append(catalogue.indicators[path.stem])
    return found


def pages() -> Mapping[str, str]:
    """File below `docs/reference` → its text, without the heading comment."""
    found = {"indicators.md": markdown()}
    for group, members in groups().items():
        found[f"indicators/{group}.md"] = group_page(group, members)
    found["indicators/cohorts.md"] = cohort_page()
    return found


def markdown() -> str:
    """The list of all indicators, each with a link to its definition."""
    catalogue = Catalogue.load()
    measured = catalogue.measured()
    others = len(catalogue.indicators) - len(measured)
    lines = [
        "# Indicators",
        "",
        f"{len(measured)} indicators are computed from records or registers over "
        f"{len({i.cohort for i in measured})} [cohorts](indicators/cohorts.md); {others} more give a home to promises that "
        "neither tells. In words, with windows and edges: [definitions](../explanation/definitions.md). "
        "Confidence says how sure we are of the definition, not of the data.",
    ]
    for group, members in groups().items():
        title = GROUPS.get(group, group)
        lines += [
            "",
            f"## [{title}](indicators/{group}.md)",
            "",
            "| id | 名称 | kind | unit | better | period | confidence | plans |",
            "|---|---|---|---|---|---|---|---|",
            *(_row(group, indicator) for indicator in members),
        ]
    return "\n".join(lines) + "\n"


def group_page(group: str, members: list[Indicator]) -> str:
    """The page of one group: every indicator under a heading of its own."""
    lines = [f"# {GROUPS.get(group, group)}", "", "[All indicators](../indicators.md) · [cohorts](cohorts.md)"]
    for indicator in members:
        lines += ["", *_entry(indicator)]
    return "\n".join(lines) + "\n"


def cohort_page() -> str:
    """Every cohort with its columns and the indicators over it."""
    catalogue = Catalogue.load()
    where = {i.id: group for group, members in groups().items() for i in members}
    lines = [
        "# Cohorts",
        "",
        "A cohort is one SQL query with one row per subject; indicators are expressions over its columns.",
    ]
    for name, cohort in sorted(catalogue.cohorts.items()):
        members = [i for i in catalogue.measured() if i.cohort == name]
        links = ", ".join(f"[{i.id}]({where[i.id]}.md#{i.id})" for i in members)
        lines += [
            "", f"## {name}", "", f"**{cohort.text.title}** — {cohort.text.title_en} ({cohort.text.subject}).",
            " ".join(cohort.text.description.split()), "",
            f"Reads {', '.join(f'`{table}`' for table in sorted(catalogue.sources(cohort)))}. Indicators: {links}.", "",
            "| column | type | 名称 | meaning |", "|---|---|---|---|",
            *(f"| `{c}` | {about.type} | {about.zh} | {about.en} |" for c, about in cohort.text.columns.items()),
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _row(group: str, i: Indicator) -> str:
    link = f"[`{i.id}`](indicators/{group}.md#{i.id})"
    plans = " ".join(dict.fromkeys(use.seed for use in i.seeds))
    period = PERIODS.get(i.period or "", "")
    return f"| {link} | {i.name} | {_KINDS[i.kind]} | {i.unit_text or i.unit} | {i.better} | {period} | {i.confidence} | {plans} |"


def _entry(i: Indicator) -> Iterator[str]:
    yield f"## {i.id}"
    yield ""
    yield f"**{i.name}** — {i.name_en}"
    yield ""
    for title, text in (
        ("kind", f"{_KINDS[i.kind]}; {i.unit_text or i.unit}; {i.better} is better; {PERIODS.get(i.period or '', 'any period')}"),
        ("cohort", f"[{i.cohort}](cohorts.md#{i.cohort})" if i.cohort else ""),
        ("of", _code(i.population) if i.computed and i.population != "true" else ""),
        ("counted", _code(i.numerator)),
        ("divided by", _code(i.denominator)),
        ("weighted by", _code(i.weight)),
        ("over the register of population", _people(i)),
        ("method", _method(i)),
        ("missing source", i.missing or ""),
        ("list", _reasons(i)),
        ("named in plans", "; ".join(f"{use.seed} {use.target}" for use in i.seeds)),
        ("small below", f"a denominator of {i.suppress_below} is flagged" if i.suppress_below is not None else ""),
        ("interval", "95 %, exact Poisson" if i.interval == "poisson" else ""),
        ("source", f"{i.source}; confidence {i.confidence}"),
        ("note", " ".join(i.notes.split())),
        ("说明", " ".join(i.notes_zh.split())),
    ):  # fmt: skip
        if text:
            yield f"- {title}: {text}"
    if i.cases:
        yield ""
        yield "```text"
        yield from i.cases.rstrip().splitlines()
        yield "```"


def _code(text: str | None) -> str:
    return f"`{' '.join(text.split())}`" if text else ""


def _people(i: Indicator) -> str:
    if i.per is None:
        return ""
    ages = "" if i.per.age_from is None else f", ages {i.per.age_from} to {i.per.age_to}"
    return f"kind `{i.per.kind}`{ages}"


def _method(i: Indicator) -> str:
    if i.kind != "method":
        return ""
    fed = f"each value of `{i.groups.by}`" if i.groups else ", ".join(part.name for part in i.parts)
    more = "".join(f", {name} {value}" for name, value in i.parameters.items())
    return f"`{i.method}`, fed with sums for {fed}{more}"


def _reasons(i: Indicator) -> str:
    said = "; ".join(f"{reason.say} / {reason.say_en}" for reason in i.reasons)
    return f"{'those counted' if i.lists_counted else 'those not counted'}: {said}" if said else ""
