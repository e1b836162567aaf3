"""Who may see a record: the order of the grounds, and the categories of resources. No database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luoshi.platform.consent import categories, rules
from luoshi.platform.consent.categories import book

NOW = datetime(2025, 11, 3, 4, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
CLINIC = rules.Viewer("clinic", frozenset({"C1"}), "treatment")


def see(kinds, viewer=CLINIC, grounds=None, authors=frozenset()):
    found = rules.may_see(
        kinds, authors=frozenset(authors), viewer=viewer, grounds=grounds or rules.Grounds(), now=NOW, book=book()
    )
    return found.allowed, found.ground


def viewer(**more):
    return rules.Viewer(**({"username": "clinic", "institutions": frozenset({"C1"}), "purpose": "treatment"} | more))


def test_what_is_closed_when_nothing_was_chosen():
    assert set(book().closed) >= {"hiv", "mental", "reproductive"}
    for name, category in book().categories.items():
        assert see([name]) == (category.open, "open-by-default" if category.open else "closed-by-default")


@pytest.mark.parametrize(
    ("kinds", "who", "grounds", "authors", "expected"),
    [
        # oneself and one's guardian
        (["hiv"], viewer(kind="resident"), {}, [], (True, "self")),
        (["hiv"], viewer(kind="guardian", child_age=13), {}, [], (True, "guardian")),
        (["hiv"], viewer(kind="guardian", child_age=14), {}, [], (False, "guardian-secret")),
        (["general"], viewer(kind="guardian", child_age=17), {}, [], (True, "guardian")),
        # the law, inside the scope only, and only what it names
        (["hiv"], viewer(purpose="public-health-duty"), {}, [], (True, "duty")),
        (["hiv"], viewer(purpose="public-health-duty", inside=False), {}, [], (False, "outside")),
        (["mental"], viewer(purpose="public-health-duty"), {}, [], (False, "closed-by-default")),
        # who made it
        (["mental"], CLINIC, {}, ["C1"], (True, "author")),
        (["mental"], CLINIC, {}, ["H1"], (False, "closed-by-default")),
        # broken glass: this user, until then
        (["mental"], CLINIC, {"broken": (rules.Broken("clinic", NOW + DAY),)}, [], (True, "break-glass")),
        (["mental"], CLINIC, {"broken": (rules.Broken("clinic", NOW),)}, [], (False, "closed-by-default")),
        (["mental"], CLINIC, {"broken": (rules.Broken("other", NOW + DAY),)}, [], (False, "closed-by-default")),
        (["hiv"], viewer(inside=False), {"broken": (rules.Broken("clinic", NOW + DAY),)}, [], (True, "break-glass")),
        # let in and kept out by name
        (["hiv"], CLINIC, {"sharings": (rules.Sharing("C1", True, TODAY),)}, [], (True, "shared")),
        (["hiv"], CLINIC, {"sharings": (rules.Sharing("C2", True, TODAY),)}, [], (False, "closed-by-default")),
        (["hiv"], CLINIC, {"sharings": (rules.Sharing("C1", True, TODAY + DAY),)}, [], (False, "closed-by-default")),
        (["hiv"], CLINIC, {"sharings": (rules.Sharing("C1", True, TODAY - DAY, TODAY - DAY),)}, [], (False, "closed-by-default")),
        (["hiv"], CLINIC, {"sharings": (rules.Sharing("C1", True, TODAY, TODAY),)}, [], (True, "shared")),
        (["hiv"], CLINIC, {"sharings": (rules.Sharing("C1", True, TODAY, category="mental"),)}, [], (False, "closed-by-default")),
        (["hiv"], CLINIC, {"sharings": (rules.Sharing("C1", True, TODAY, None, "", "management"),)}, [],
         (False, "closed-by-default")),
        (["general"], CLINIC, {"sharings": (rules.Sharing("C1", False, TODAY),)}, [], (False, "kept-out")),
        (["general"], CLINIC, {"sharings": (rules.Sharing("C1", False, TODAY), rules.Sharing("C1", True, TODAY))}, [],
         (False, "kept-out")),
        (["general"], CLINIC, {"sharings": (rules.Sharing("C1", False, TODAY),)}, ["C1"], (True, "author")),
        (["general"], viewer(inside=False), {}, [], (False, "outside")),
        (["general"], viewer(inside=False), {"sharings": (rules.Sharing("C1", True, TODAY),)}, [], (True, "shared")),
        # the resident's choice, the latest in force
        (["general"], CLINIC, {"choices": (rules.Choice("general", False, TODAY),)}, [], (False, "closed")),
        (["hiv"], CLINIC, {"choices": (rules.Choice("hiv", True, TODAY),)}, [], (True, "opened")),
        (["hiv"], CLINIC, {"choices": (rules.Choice("hiv", True, TODAY - DAY, TODAY - DAY),)}, [], (False, "closed-by-default")),
        (["general"], CLINIC, {"choices": (rules.Choice("general", False, TODAY, None, 1),
                                           rules.Choice("general", True, TODAY, None, 2))}, [], (True, "opened")),
        # all categories must be allowed; the refusal is told
        (["chronic", "mental"], CLINIC, {}, [], (False, "closed-by-default")),
        (["chronic", "mental"], CLINIC, {}, ["C1"], (True, "author")),
    ],
)  # fmt: skip
def test_the_order_of_the_grounds(kinds, who, grounds, authors, expected):
    assert see(kinds, who, rules.Grounds(**grounds), authors) == expected


names = st.sampled_from(sorted(book().categories))
days = st.dates(date(2025, 10, 1), date(2025, 12, 1))
viewers = st.builds(
    rules.Viewer,
    username=st.sampled_from(["clinic", "other"]),
    institutions=st.frozensets(st.sampled_from(["C1", "C2"])),
    purpose=st.sampled_from(["treatment", "management", "public-health-duty", "nothing"]),
    inside=st.booleans(),
)
everything = st.builds(
    rules.Grounds,
    choices=st.lists(st.builds(rules.Choice, names, st.booleans(), days, st.none() | days, st.integers(0, 9)), max_size=4),
    sharings=st.lists(
        st.builds(rules.Sharing, st.sampled_from(["C1", "C2"]), st.booleans(), days, st.none() | days, st.just("") | names),
        max_size=4,
    ),
)  # fmt: skip


@given(st.sets(names, min_size=1), viewers, everything, st.frozensets(st.sampled_from(["C1", "C2", "H1"])))
def test_one_closed_category_closes_all_and_nothing_decides_without_a_ground(kinds, who, grounds, authors):
    whole = see(kinds, who, grounds, authors)
    assert whole[0] == all(see([kind], who, grounds, authors)[0] for kind in kinds)
    assert whole[1] in rules.GROUNDS
    if not who.inside and not who.institutions:
        assert not whole[0]  # whoever has nothing to do with the person sees nothing


def coded(kind, system, code, **more):
    return {"resourceType": kind, "id": "1", "code": {"coding": [{"system": system, "code": code}]}} | more


ICD, LOINC = "http://hl7.org/fhir/sid/icd-10", "http://loinc.org"


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (coded("Condition", ICD, "B20.1"), {"hiv"}),
        (coded("Condition", ICD, "b24"), {"hiv"}),
        (coded("Condition", ICD, "B25"), {"general"}),
        (coded("Condition", ICD, "F20.000"), {"mental"}),
        (coded("Condition", ICD, "F10.2"), {"substance"}),
        (coded("Condition", ICD, "O04.9"), {"reproductive"}),
        (coded("Condition", ICD, "O80"), {"maternal"}),
        (coded("Condition", ICD, "I10"), {"chronic"}),
        (coded("Condition", "urn:elsewhere", "B20"), {"general"}),  # another system means something else
        (coded("Observation", LOINC, "20447-9"), {"hiv"}),
        (coded("Observation", LOINC, "8480-6"), {"general"}),
        (coded("MedicationRequest", "http://www.whocc.no/atc", "N05AX13"), {"mental"}),
        ({"resourceType": "Condition", "id": "1", "code": {"text": "HIV感染"}}, {"hiv"}),
        ({"resourceType": "Condition", "id": "1", "code": {"coding": [{"display": "精神分裂症"}]}}, {"mental"}),
        ({"resourceType": "Observation", "id": "1", "meta": {"security": [
            {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}}, {"restricted"}),
        ({"resourceType": "Observation", "id": "1", "component": [{"code": {"coding": [
            {"system": "urn:luoshi:cn:code:finding", "code": "smd-stability"}]}}]}, {"mental"}),
        ({"resourceType": "Consent", "id": "1", "provision": {"provision": [{"type": "permit", "securityLabel": [
            {"system": "urn:luoshi:cn:code:record-category", "code": "hiv"}]}]}}, {"hiv"}),
        ({"resourceType": "Basic", "id": "1"}, {"general"}),
        ({"resourceType": "Condition", "id": "1", "code": "wrong", "encounter": [None, 3]}, {"general"}),
    ],
)  # fmt: skip
def test_categories_of_a_resource(resource, expected):
    name = (resource["resourceType"], "1")
    assert categories.of_all({name: resource})[name][0] == expected


def refer(text):
    return {"reference": text}


def test_what_belongs_to_a_closed_programme_is_closed():
    episode = {"resourceType": "EpisodeOfCare", "id": "e", "managingOrganization": refer("Organization/C1"),
               "type": [{"coding": [{"system": "urn:luoshi:cn:code:program", "code": "severe-mental"}]}]}  # fmt: skip
    visit = {"resourceType": "Encounter", "id": "s7-v", "episodeOfCare": [refer("EpisodeOfCare/e")]}
    pulse = {"resourceType": "Observation", "id": "o", "encounter": refer("https://x.cn/fhir/Encounter/v/_history/2")}
    apart = {"resourceType": "Observation", "id": "p", "performer": [refer("Organization/H1")]}
    stay = {"resourceType": "Encounter", "id": "w", "diagnosis": [{"condition": refer("Condition/f")}]}
    found = categories.of_all({(r["resourceType"], r["id"]): r for r in (episode, visit, pulse, apart, stay)})
    assert found["Encounter", "s7-v"] == ({"mental"}, {"C1"})
    assert found["Observation", "o"] == ({"mental"}, {"C1"})  # also through the name the sender gave the visit
    assert found["Observation", "p"] == ({"general"}, {"H1"})
    assert found["Encounter", "w"][0] == {"general"}  # naming a diagnosis by its number tells nothing


def test_a_circle_of_references_ends():
    one = {"resourceType": "Encounter", "id": "1", "partOf": refer("Encounter/2")}
    two = {"resourceType": "Encounter", "id": "2", "partOf": refer("Encounter/1"), "type": [{"text": "艾滋病随访"}]}
    found = categories.of_all({("Encounter", "1"): one, ("Encounter", "2"): two})
    assert {kinds for kinds, _ in found.values()} == {frozenset({"hiv"})}
