"""Weights of a sample survey brought to the people of the register: as many of each sex and age in each county.

A drawn sample has too many of some (the old are at home) and too few of others; raking (`methods.survey.rake`) changes its
weights as little as may be until they add up to the register of population. The interval of an indicator goes by the new
weights as if they had been drawn, which is a little too wide, never too narrow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from luoshi.indicators.methods.inputs import MethodError
from luoshi.indicators.methods.survey import rake
from luoshi.kernel.errors import InvalidValue, NotFound, nearest
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.regions.models import Answer, Division, Population

SEXES = ("male", "female")
Band = tuple[int, int]


@dataclass(frozen=True)
class Raked:
    """One county: respondents, people they stood for before and after, the year of the margins and the largest change of
    a weight, as a factor; or the `reason` why its weights stay as they are."""

    county: str
    respondents: int
    before: int
    after: int
    year: int | None
    largest: float
    reason: str = ""


@dataclass(frozen=True)
class _Respondent:
    number: str
    weight: int
    sex: str
    age: int | None


def rake_survey(survey: str, *, by: User | str, dry_run: bool = False) -> list[Raked]:
    """Rake the weights of one survey by county, to the latest resident population not after its year; one audit row.

    A county whose respondents or population lack sex or age keeps its weights, with the reason. Importing the answers
    again brings the drawn weights back. Raises `NotFound` naming the nearest survey.
    """
    rows = list(
        Answer.objects.filter(survey=survey).values_list(
            "pk", "respondent", "division__path", "weight", "sex", "age", "day"
        )
    )
    if not rows:
        known = Answer.objects.order_by("survey").values_list("survey", flat=True).distinct()
        raise NotFound(f"There is no survey {survey!r}.", todo=nearest(survey, known))
    year = max(row[-1] for row in rows).year
    counties = {d.path: d.code for d in Division.objects.filter(level=3)}
    people: dict[str, dict[str, _Respondent]] = defaultdict(dict)
    answers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for pk, number, path, weight, sex, age, _day in rows:
        county = next((code for top, code in counties.items() if path.startswith(top)), "")
        people[county][number] = _Respondent(number, weight, sex, age)
        answers[county, number].append(pk)
    ages = [one.age for asked in people.values() for one in asked.values() if one.age is not None]
    reach = (min(ages), max(ages)) if ages else (0, 0)
    margins = _margins(set(people), year)
    found, changed = [], []
    for county, asked in sorted(people.items()):
        respondents = list(asked.values())
        one, weights = _county(county, respondents, margins.get(county), reach)
        found.append(one)
        for respondent, weight in zip(respondents, weights, strict=True):
            if weight != respondent.weight:
                changed += [Answer(pk=pk, weight=weight) for pk in answers[county, respondent.number]]
    if dry_run:
        return found
    with transaction.atomic():
        Answer.objects.bulk_update(changed, ["weight"], batch_size=1000)
        audit.record(
            by=by, action="region.rake", object_type="survey", object_id=survey,
            detail={"counties": {one.county: one.reason or one.after for one in found}, "answers": len(changed)},
        )  # fmt: skip
    return found


def _margins(counties: set[str], year: int) -> dict[str, tuple[int, dict[tuple[str, Band], int]]]:
    """County -> year and people by sex and ages: of the latest year not after `year`, in its latest version."""
    rows = Population.objects.filter(
        division__code__in=counties,
        division__level=3,
        kind="resident",
        sex__in=SEXES,
        age_from__isnull=False,
        year__lte=year,
    ).values_list("division__code", "year", "version", "sex", "age_from", "age_to", "value")
    latest: dict[str, tuple[int, str]] = {}
    for county, of, version, *_rest in rows:
        latest[county] = max(latest.get(county, (0, "")), (of, version))
    found: dict[str, tuple[int, dict[tuple[str, Band], int]]] = {}
    for county, of, version, sex, low, high, value in rows:
        if latest[county] == (of, version):
            cells = found.setdefault(county, (of, {}))[1]
            cells[sex, (low or 0, 200 if high is None else high)] = value
    return found


def _county(
    county: str, asked: Sequence[_Respondent], told: tuple[int, Mapping[tuple[str, Band], int]] | None, reach: Band
) -> tuple[Raked, list[int]]:
    """One county, and the weight of each of its respondents."""
    before = sum(one.weight for one in asked)

    def unchanged(reason: str) -> tuple[Raked, list[int]]:
        return Raked(county, len(asked), before, before, told[0] if told else None, 1.0, reason), [
            o.weight for o in asked
        ]

    if told is None or not county:
        return unchanged("no population by sex and age")
    if any(one.sex not in SEXES or one.age is None for one in asked):
        return unchanged("a respondent without sex or age")
    year, cells = told
    wanted = {key: value for key, value in cells.items() if key[1][1] >= reach[0] and key[1][0] <= reach[1]}
    bands = _joined(sorted({band for _sex, band in wanted}), [one.age or 0 for one in asked])

    def band_of(age: int) -> Band:
        return next(band for band in bands if band[0] <= age <= band[1])

    by_sex, by_age = dict.fromkeys(SEXES, 0), dict.fromkeys(bands, 0)
    for (sex, band), value in wanted.items():
        by_sex[sex] += value
        by_age[band_of(band[0])] += value
    try:
        ages = [band_of(one.age or 0) for one in asked]
        made = rake(
            [one.weight for one in asked], [([one.sex for one in asked], by_sex), (ages, by_age)], tolerance=1e-6
        )
    except (MethodError, InvalidValue) as error:
        return unchanged(error.message)
    except StopIteration:
        return unchanged("the ages of the population do not cover those of the respondents")
    weights = [max(1, round(float(weight))) for weight in made]
    largest = max((max(w / o.weight, o.weight / w) for w, o in zip(made, asked, strict=True) if o.weight), default=1.0)
    return Raked(county, len(asked), before, sum(weights), year, float(largest)), weights


def _joined(bands: Sequence[Band], ages: Sequence[int]) -> list[Band]:
    """Neighbouring bands, those without a respondent joined to the one before (the first to the one after)."""
    made: list[Band] = []
    for low, high in bands:
        empty = not any(low <= age <= high for age in ages)
        if made and (empty or not any(made[-1][0] <= age <= made[-1][1] for age in ages)):
            made[-1] = (made[-1][0], high)
        else:
            made.append((low, high))
    return made
