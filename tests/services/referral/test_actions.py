"""A referral from end to end: who may do what, who sees what and until when, beds that are given once, clocks."""

from __future__ import annotations

from datetime import datetime, timedelta

import orjson
import pytest
from django.http import Http404
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from luoshi.kernel import clock
from luoshi.kernel.clock import CHINA
from luoshi.kernel.errors import InvalidValue, Refused, UserError
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.consent.models import Sharing
from luoshi.platform.store import reads
from luoshi.services.referral import actions, capacity, clocks, events, places, queries, rules
from luoshi.services.referral.models import Capacity, Referral, Step

from .conftest import Ward, sent, store, wanted

pytestmark = pytest.mark.django_db
TOLD = {"diagnosis": "高血压2级", "treatment": "调整用药后平稳", "advice": "两周随访", "follow_up": "2025-11-20"}


def beds(ward: Ward, free: int = 1) -> Capacity:
    return capacity.declare(
        institution="H1", department="心内科", kind="bed", total=10, free=free, day=None, by=ward.hospital,
        scope=ward.scope(ward.hospital),
    )  # fmt: skip


def hospital(ward: Ward) -> dict:
    return {"by": ward.hospital, "scope": ward.scope(ward.hospital)}


def clinic(ward: Ward) -> dict:
    return {"by": ward.clinic, "scope": ward.scope(ward.clinic)}


def test_the_whole_way(ward: Ward, django_capture_on_commit_callbacks):
    heard: list[str] = []
    listener = lambda event: heard.append(event.kind)  # noqa: E731
    events.add(listener)
    bed = beds(ward)
    with django_capture_on_commit_callbacks(execute=True):
        row = sent(ward)
        assert row.state == "submitted"
        assert row.due == clock.now() + timedelta(hours=48)
        actions.accept(number=row.pk, **hospital(ward))
        capacity.reserve(number=row.pk, slot=bed.pk, **hospital(ward))
        bed.refresh_from_db()
        assert bed.free == 0
        actions.arrive(number=row.pk, **hospital(ward))
        actions.treat(number=row.pk, **hospital(ward))
        actions.summarise(number=row.pk, **TOLD, **hospital(ward))
        row = actions.close(number=row.pk, note="纳入随访", **clinic(ward))
    assert row.state == "closed"
    bed.refresh_from_db()
    assert bed.free == 0  # a patient who came keeps the bed
    names = list(Step.objects.filter(referral=row).values_list("kind", flat=True))
    assert names == ["draft", "submit", "accept", "reserve", "arrive", "treat", "summarise", "close"]
    assert heard == names[1:]
    assert row.summary["follow_up"] == "2025-11-20"
    audited = list(Entry.objects.filter(object_type="referral").order_by("number").values_list("action", flat=True))
    assert audited == [f"referral.{name}" for name in names]
    assert "周远山" not in "".join(str(e.detail) for e in Entry.objects.all())
    events._listeners.remove(listener)
    # The patient's record holds it as any system would send it: one of each, with the states it went through.
    stored = reads.resources_of_person(
        ward.person, scope=Scope.system(), types=("ServiceRequest", "Task", "Appointment")
    )
    found = {s.type: s.resource for s in stored}
    assert {kind: one["status"] for kind, one in found.items()} == {
        "ServiceRequest": "completed", "Task": "completed", "Appointment": "arrived",
    }  # fmt: skip
    assert found["Task"]["for"] == found["ServiceRequest"]["subject"]
    assert found["ServiceRequest"]["requester"]["reference"] == "Organization/C1"
    assert [s.version for s in stored if s.type == "Task"] == [7]
    assert "周远山" not in orjson.dumps(list(found.values())).decode()


def test_a_draft_that_was_dropped_is_no_record(ward: Ward):
    row = actions.draft(wanted=wanted(ward), **clinic(ward))
    actions.cancel(number=row.pk, reason="other", note="不转了，重复", **clinic(ward))
    assert not reads.resources_of_person(ward.person, scope=Scope.system(), types=("ServiceRequest", "Task"))


def test_what_the_receiver_sees_ends_with_the_referral(ward: Ward, make_user, small_region):
    # a hospital of another county: the patient is no resident of its alliance
    from luoshi.platform.regions.models import Institution

    made = Institution.objects.create(
        code="H2", name="西山县人民医院", type="general-hospital", level=2, division=small_region.division("990102")
    )
    small_region.institutions["H2"] = made
    there = make_user("institution-clinician", institution="H2")
    scope = lambda: ward.scope(there)  # noqa: E731
    row = sent(ward, receiver="H2")
    seen = queries.attached(queries.one(row.pk, scope=scope()), scope=scope(), by=there)
    assert seen is not None
    kinds = {(e.type, e.id) for e in seen.entries}
    assert {("Condition", "k1"), ("Observation", "o1"), ("Observation", "o2")} <= kinds
    assert ("Condition", "k2") not in kinds  # HIV was not agreed to
    looked = Entry.objects.filter(action="look", object_id=str(ward.person), by=there.username)
    assert looked.latest("number").detail == {"what": "referral", "purpose": "treatment"}
    assert queries.names([row], scope=scope(), by=there, what="referral")[row.pk].name == "周远山"
    assert Sharing.objects.filter(person=ward.person, institution="H2", withdrawn_at=None).count() == 2
    row = actions.reject(number=row.pk, reason="no-bed", note="", by=there, scope=scope())
    assert queries.attached(row, scope=scope(), by=there) is None
    assert queries.names([row], scope=scope(), by=there, what="referral") == {}
    assert not Sharing.objects.filter(person=ward.person, institution="H2", withdrawn_at=None).exists()
    from luoshi.platform.consent import public as consent

    with pytest.raises(Http404):
        consent.admit(ward.person, scope=scope())


def test_the_resident_takes_the_consent_back(ward: Ward, small_region, make_user):
    from luoshi.platform.consent import actions as consent
    from luoshi.platform.regions.models import Institution

    small_region.institutions["H2"] = Institution.objects.create(
        code="H2", name="西山县人民医院", type="general-hospital", level=2, division=small_region.division("990102")
    )
    there = make_user("institution-clinician", institution="H2")
    row = sent(ward, receiver="H2", categories=("general",))
    for sharing in Sharing.objects.filter(pk__in=row.shares):
        consent.withdraw(sharing=sharing, by=ward.clinic)
    seen = queries.attached(row, scope=ward.scope(there), by=there)
    assert seen is not None
    assert seen.closed
    assert seen.entries == ()


def test_nobody_answers_their_own_and_foreigners_see_nothing(ward: Ward, make_user, small_region):
    row = sent(ward)
    for user in (ward.other, make_user("plan-officer", division="990102")):
        with pytest.raises(Http404):
            queries.one(row.pk, scope=ward.scope(user))
    with pytest.raises(Refused):
        actions.accept(number=row.pk, **clinic(ward))
    both = make_user("institution-clinician", division="9901", name="everywhere")
    own = actions.send(wanted=wanted(ward), consented_by="patient", categories=(), by=both, scope=ward.scope(both))
    with pytest.raises(Refused, match="自己审批"):
        actions.accept(number=own.pk, by=both, scope=ward.scope(both))
    # the head of an alliance acts as receiver, not for its member
    assert queries.held(row, ward.scope(ward.hospital)) == {rules.RECEIVE}
    with pytest.raises(Refused):
        actions.cancel(number=row.pk, reason="patient", note="", **hospital(ward))


def test_a_draft_is_the_senders_alone(ward: Ward):
    made = actions.draft(wanted=wanted(ward, receiver="H1"), **clinic(ward))
    assert queries.held(made, ward.scope(ward.hospital)) == frozenset()
    assert made not in queries.box("in", scope=ward.scope(ward.hospital))
    with pytest.raises(InvalidValue):
        actions.submit(number=made.pk, consented_by="", categories=(), **clinic(ward))
    with pytest.raises(InvalidValue):
        actions.submit(number=made.pk, consented_by="emergency", categories=("hiv",), **clinic(ward))


@pytest.mark.parametrize(
    "more",
    [{"criteria": ()}, {"criteria": ("nonsense",)}, {"direction": "down"}, {"receiver": "C1"}, {"receiver": "nowhere"},
     {"diagnosis": ""}, {"reason": "短"}, {"priority": "soon"}, {"peer": "nobody"}],
)  # fmt: skip
def test_what_cannot_be_asked(ward: Ward, more):
    with pytest.raises(InvalidValue):
        actions.draft(wanted=wanted(ward, **more), **clinic(ward))
    assert not Referral.objects.exists()


def test_a_foreign_patient_cannot_be_referred(ward: Ward):
    with pytest.raises(Http404):
        actions.draft(wanted=wanted(ward, sender="C2"), by=ward.other, scope=ward.scope(ward.other))
    with pytest.raises(Http404):
        actions.draft(wanted=wanted(ward), by=ward.other, scope=ward.scope(ward.other))


def test_two_want_the_last_bed_and_one_gets_it(ward: Ward):
    bed = beds(ward, free=1)
    first, second = sent(ward), sent(ward)
    for row in (first, second):
        actions.accept(number=row.pk, **hospital(ward))
    capacity.reserve(number=first.pk, slot=bed.pk, **hospital(ward))
    with pytest.raises(Refused, match="已被预留完"):
        capacity.reserve(number=second.pk, slot=bed.pk, **hospital(ward))
    second.refresh_from_db()
    assert second.state == "accepted"
    actions.cancel(number=first.pk, reason="recovered", note="", **clinic(ward))
    capacity.reserve(number=second.pk, slot=bed.pk, **hospital(ward))
    bed.refresh_from_db()
    assert bed.free == 0
    with pytest.raises(Http404):
        capacity.reserve(number=second.pk, slot=bed.pk + 1, **hospital(ward))


def test_a_page_of_yesterday_changes_nothing(ward: Ward):
    row = sent(ward)
    actions.ask(number=row.pk, reason="tests", note="补心电图", version=row.version, **hospital(ward))
    actions.resubmit(number=row.pk, note="已补", tests="心电图正常", **clinic(ward))
    with pytest.raises(Refused, match="已有人处理"):
        actions.accept(number=row.pk, version=row.version, **hospital(ward))
    with pytest.raises(Refused):
        actions.close(number=row.pk, note="x", **clinic(ward))


def test_the_green_channel_is_filed_afterwards(ward: Ward):
    draft = actions.draft(wanted=wanted(ward), **clinic(ward))
    with pytest.raises(Refused, match="急危重"):
        actions.rush(number=draft.pk, reason="胸痛", consented_by="emergency", categories=("general",), **clinic(ward))
    row = actions.send(
        wanted=wanted(ward, priority="emergency", criteria=("acs",)), consented_by="emergency", categories=("general",),
        green_reason="持续胸痛", **clinic(ward),
    )  # fmt: skip
    assert (row.state, row.green) == ("accepted", True)
    assert row.green_due == clock.now() + timedelta(hours=24)
    with pytest.raises(Refused):
        actions.file_green(number=row.pk, **clinic(ward))
    actions.file_green(number=row.pk, **hospital(ward))
    with pytest.raises(Refused, match="没有需要补办"):
        actions.file_green(number=row.pk, **hospital(ward))


def test_down_again_by_the_list_and_home(ward: Ward):
    row = sent(ward)
    actions.accept(number=row.pk, **hospital(ward))
    actions.arrive(number=row.pk, **hospital(ward))
    found = places.route(
        sender="H1", direction="down", disease="hypertension", home="/99/9901/990101/990101001/990101001001/",
        managed_by="C1", origin=row.pk, scope=ward.scope(ward.hospital),
    )  # fmt: skip
    assert [s.place.code for s in found.suggestions] == ["C1", "C2"]
    assert {"came-from", "manages", "home", "on-list"} <= set(found.suggestions[0].reasons)
    back = actions.send(
        wanted=wanted(ward, direction="down", sender="H1", receiver="C1", criteria=(), disease="hypertension", origin=row.pk),
        consented_by="patient", categories=(), **hospital(ward),
    )  # fmt: skip
    assert back.origin == row
    assert queries.held(back, ward.scope(ward.clinic)) == {rules.RECEIVE}
    assert actions.accept(number=back.pk, **clinic(ward)).state == "accepted"


def test_the_record_ticks_the_criteria(ward: Ward):
    from luoshi.services.referral import criteria

    facts = queries.facts(ward.person, scope=ward.scope(ward.clinic))
    assert [m.criterion.id for m in criteria.met(facts, tier="township", on=clock.today())] == ["htn-uncontrolled"]
    with pytest.raises(Http404):
        queries.facts(ward.person, scope=ward.scope(ward.other))


# --- time --------------------------------------------------------------------------------------------------------------


def at(**later: float) -> datetime:
    return datetime(2025, 11, 3, 12, tzinfo=CHINA) + timedelta(**later)


def test_escalation_after_an_outage_takes_every_step_once(ward: Ward, django_capture_on_commit_callbacks):
    row = sent(ward)  # due after 48 hours
    assert clocks.tick(at(hours=47)) == clocks.Ticked(0, 0)
    heard: list[tuple[int, str]] = []
    listener = lambda event: heard.append((event.level, event.to))  # noqa: E731
    events.add(listener)
    with django_capture_on_commit_callbacks(execute=True):
        assert clocks.tick(at(hours=49)) == clocks.Ticked(0, 1)
        assert clocks.tick(at(hours=49)) == clocks.Ticked(0, 0)
        # nothing ran for two weeks
        assert clocks.tick(at(days=14)) == clocks.Ticked(0, 2)
        assert clocks.tick(at(days=15)) == clocks.Ticked(0, 0)
    events._listeners.remove(listener)
    assert heard == [(1, "institution"), (2, "alliance"), (3, "commission")]
    steps = Step.objects.filter(referral=row, kind="escalate").values_list("level", flat=True)
    assert list(steps) == [1, 2, 3]
    # a move starts the clock of the next state
    with clock.at(at(days=15)):
        actions.accept(number=row.pk, **hospital(ward))
    row.refresh_from_db()
    assert row.escalated == 0
    assert row.due == at(days=15, hours=72)


def test_nobody_came_and_the_bed_is_free_again(ward: Ward):
    bed = beds(ward)
    row = sent(ward)
    actions.accept(number=row.pk, **hospital(ward))
    capacity.reserve(number=row.pk, slot=bed.pk, **hospital(ward))
    assert clocks.tick(at(hours=23)).lapsed == 0
    assert clocks.tick(at(hours=25)).lapsed == 1
    assert clocks.tick(at(hours=26)).lapsed == 0
    row.refresh_from_db()
    bed.refresh_from_db()
    assert (row.state, bed.free) == ("no-show", 1)
    assert not Sharing.objects.filter(pk__in=row.shares, withdrawn_at=None).exists()


# --- whatever two people try ---------------------------------------------------------------------------------------------

TRIES = ["accept", "ask", "reject", "resubmit", "reserve", "arrive", "miss", "treat", "summarise", "close", "cancel"]


def attempt(name: str, who: str, row: Referral, ward: Ward, bed: Capacity) -> None:
    given_by = hospital(ward) if who == "hospital" else clinic(ward)
    more = {
        "ask": {"reason": "tests", "note": ""}, "reject": {"reason": "no-bed", "note": ""},
        "resubmit": {"note": "n", "tests": ""}, "miss": {"note": "n"}, "summarise": TOLD, "close": {"note": "n"},
        "cancel": {"reason": "patient", "note": ""},
    }.get(name, {})  # fmt: skip
    if name == "reserve":
        capacity.reserve(number=row.pk, slot=bed.pk, **given_by)
    else:
        getattr(actions, name)(number=row.pk, **more, **given_by)


@given(st.lists(st.tuples(st.sampled_from(TRIES), st.sampled_from(["clinic", "hospital"])), max_size=14))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_unauthorised_move_no_second_end_no_lost_bed(ward: Ward, tries):
    """Every sequence of tries: moves are the machine's, by its side, one line each; beds add up; ends are final."""
    Capacity.objects.all().delete() if not Referral.objects.filter(slot__isnull=False).exists() else None
    bed = Capacity.objects.filter(institution="H1").first() or beds(ward, free=9)
    row = sent(ward, categories=())
    side = {m.name: "clinic" if m.by == rules.SEND else "hospital" for m in rules.MACHINE.moves}
    for name, who in tries:
        row.refresh_from_db()
        before, version, ended = row.state, row.version, row.state in rules.MACHINE.final
        try:
            attempt(name, who, row, ward, bed)
        except UserError:
            row.refresh_from_db()
            assert (row.state, row.version) == (before, version)
            continue
        row.refresh_from_db()
        assert not ended
        assert side[name] == who
        assert row.state == rules.MACHINE.move(before, name).target
        assert row.version == version + 1
    bed.refresh_from_db()
    holding = Referral.objects.filter(slot=bed).exclude(state__in=("cancelled", "no-show")).count()
    assert bed.free == 9 - holding
    moved = Step.objects.filter(referral=row).exclude(kind="draft")
    assert moved.count() == row.version
    assert moved.filter(after__in=rules.MACHINE.final).count() == (row.state in rules.MACHINE.final)


def test_a_second_patient_without_identifier_is_found_too(ward: Ward):
    from .conftest import patient

    store(patient("p2", "无证件", "990101001001", "C1"))
    from luoshi.platform.store.models import Person

    person = Person.objects.get(name="无证件").pk
    row = sent(ward, person=person, categories=("general",))
    assert row.shares
