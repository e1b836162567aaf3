"""What a stretch of text that a person picked promises: read as the reader reads, or, where it would refuse, taken at its word."""

from __future__ import annotations

from luoshi.plans import metrics, quantities
from luoshi.plans.frames import falls, kind_of
from luoshi.plans.model import Target
from luoshi.plans.plain import Plain
from luoshi.plans.targets import find_targets

Years = tuple[int | None, int | None]


def suggest(text: str, *, year: int | None, plan_years: Years = (None, None)) -> Target | None:
    """The first promise in `text`. A person who picks a sentence says that it is one, so a number the reader refuses is
    offered too, with what stands around it as its metric; None where the text holds no number. Offsets are those of
    `text`; `year` and `plan_years` as in `targets.find_targets`."""
    found = find_targets(text, offset_of=lambda index: index, year=year, plan_years=plan_years)
    printed = [target for target in found if not target.rule.startswith("implied")]
    if printed or found:
        return (printed or found)[0]
    plain = Plain.of(text)
    figures = quantities.find(plain.text)
    figure = next((q for q in figures if q.unit and not q.chinese), next(iter(figures), None))
    if figure is None:
        return None
    around = metrics.bare(plain.text[: figure.start]) + metrics.bare(plain.text[figure.end :])
    kind = kind_of(figure, around)
    end = plan_years[1] or year
    return Target(
        id="G1", task=None, quote=text, start=0, end=len(text),
        metric=around + "数" if kind == "count" and not around.endswith("数") else around,
        op="between" if figure.upper is not None else figure.op or "=",
        value=figure.value if figure.upper is None else [figure.value, figure.upper],
        unit=figure.unit, deadline=str(end) if end else None, deadline_inferred=True, kind=kind, confidence=0.5,
        rule="picked", op_alt=["<="] if falls(around) else [">="],
    )  # fmt: skip
