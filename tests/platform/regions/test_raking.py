"""Weights of a survey are brought to the people of the register, county by county, and said so."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from click.testing import CliRunner

from luoshi.cli.region import group
from luoshi.indicators.methods.survey import Design, mean
from luoshi.kernel.errors import NotFound
from luoshi.platform.audit.models import Entry
from luoshi.platform.regions.models import Answer, Division, Population
from luoshi.platform.regions.raking import rake_survey

pytestmark = pytest.mark.django_db

# sex, age -> respondents; those at home were met more often
ASKED = {("male", 20): 2, ("female", 22): 3, ("male", 50): 4, ("female", 52): 6, ("male", 60): 10, ("female", 66): 15}
PEOPLE = {(15, 19): (40, 40), (20, 24): (300, 280), (50, 54): (400, 420), (60, 64): (100, 110), (65, 69): (90, 120),
          (70, 74): (500, 500)}  # fmt: skip


@pytest.fixture
def county() -> Division:
    province = Division.objects.create(code="99", name="省", level=1, path="/99/")
    city = Division.objects.create(code="9901", name="市", level=2, parent=province, path="/99/9901/")
    made = [Division.objects.create(code=code, name=code, level=3, parent=city, path=f"/99/9901/{code}/")
            for code in ("990101", "990102")]  # fmt: skip
    rows, number = [], 0
    for place in made:
        for (sex, age), count in ASKED.items():
            for k in range(count):
                number += 1
                common = {"survey": "s-2025", "respondent": str(number), "division": place, "stratum": "a",
                          "cluster": str(k % 3), "weight": 50, "sex": sex, "age": age, "day": date(2025, 5, 20)}  # fmt: skip
                rows += [Answer(question="q", value=int(age < 30), **common), Answer(question="r", value=1, **common)]
    # Somebody of 17 was asked elsewhere, so the survey is of 15 to 69.
    rows.append(Answer(survey="s-2025", respondent="0", division=made[1], stratum="b", cluster="0", weight=50, sex="male",
                       age=17, day=date(2025, 5, 20), question="q", value=0))  # fmt: skip
    Answer.objects.bulk_create(rows)
    for year, factor in ((2023, 9), (2024, 1), (2026, 7)):
        for (low, high), both in PEOPLE.items():
            for sex, value in zip(("male", "female"), both, strict=True):
                Population.objects.create(division=made[0], year=year, kind="resident", sex=sex, age_from=low, age_to=high,
                                          value=value * factor)  # fmt: skip
    return made[0]


def test_weights_add_up_to_the_register(county: Division):
    one, other = rake_survey("s-2025", by="tester")
    told = Answer.objects.filter(division=county, question="q").values_list("sex", "age", "weight")
    by_sex, by_age = Counter(), Counter()
    for sex, age, weight in told:
        by_sex[sex] += weight
        by_age["young" if age < 30 else "middle" if age < 55 else "60-64" if age < 65 else "65-69"] += weight
    # 15-19 has no respondent and is joined to its neighbour; 70-74 was not asked; 2024 is the latest not after the survey.
    assert dict(by_age) == pytest.approx({"young": 660, "middle": 820, "60-64": 210, "65-69": 210}, rel=0.02)
    assert dict(by_sex) == pytest.approx({"male": 930, "female": 970}, rel=0.02)
    assert (one.county, one.year, one.respondents, one.before) == ("990101", 2024, 40, 2000)
    assert one.after == pytest.approx(1900, abs=15)
    assert one.largest > 2
    # Both answers of a respondent carry the same weight.
    assert all(len({a.weight for a in Answer.objects.filter(respondent=str(n))}) == 1 for n in range(1, 5))
    # The county nobody counted keeps the weights it was drawn with, and it is said.
    assert other.reason == "no population by sex and age"
    assert set(Answer.objects.filter(division__code="990102").values_list("weight", flat=True)) == {50}
    entry = Entry.objects.get(action="region.rake")
    assert (entry.by, entry.object_id, entry.detail["counties"]["990101"]) == ("tester", "s-2025", one.after)


def test_the_estimate_moves_towards_the_people(county: Division):
    def share() -> float:
        rows = list(Answer.objects.filter(division=county, question="q").values_list("value", "weight", "cluster"))
        return mean([r[0] for r in rows], Design([r[1] for r in rows], clusters=[r[2] for r in rows])).value

    drawn = share()
    rake_survey("s-2025", by="tester")
    assert drawn == pytest.approx(5 / 40)
    assert share() == pytest.approx(
        660 / 1900, abs=0.01
    )  # the young are a third of the people, an eighth of the sample
    once = list(Answer.objects.order_by("pk").values_list("weight", flat=True))
    rake_survey("s-2025", by="tester")
    again = list(Answer.objects.order_by("pk").values_list("weight", flat=True))
    assert max(abs(a - b) for a, b in zip(once, again, strict=True)) <= 1  # but for rounding


def test_the_command(county: Division):
    said = CliRunner().invoke(group, ["rake", "s-2025", "--dry-run"])
    assert said.exit_code == 0, said.exception
    assert "990101\t40 respondents\tto the people of 2024: 2,000 before" in said.output
    assert not Entry.objects.filter(action="region.rake").exists()
    assert set(Answer.objects.values_list("weight", flat=True)) == {50}
    with pytest.raises(NotFound, match="s-2025"):
        CliRunner().invoke(group, ["rake", "s-2024"], catch_exceptions=False)
    Population.objects.all().delete()
    assert CliRunner().invoke(group, ["rake", "s-2025"]).exit_code == 1
