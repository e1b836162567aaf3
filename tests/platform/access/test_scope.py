"""What a grant opens, and what stays shut."""

from __future__ import annotations

from datetime import date

import pytest
from django.db.models import Q
from django.http import Http404

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform.access import actions
from luoshi.platform.access.models import Grant
from luoshi.platform.access.roles import role_book
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Division


def test_division_grant_opens_the_subtree_and_nothing_else(small_region, make_user):
    scope = Scope.of(make_user("county-officer", division="990101"))
    inside = ["990101", "990101001", "990101001001"]
    outside = ["99", "9901", "990102", "990102001001", "", "nowhere", "9901010"]
    assert [scope.covers_division(code) for code in inside] == [True] * len(inside)
    assert [scope.covers_division(code) for code in outside] == [False] * len(outside)
    assert scope.covers_institution("H1")
    assert scope.covers_institution("C1")
    assert not scope.covers_institution("C2")
    assert scope.root_division() == "990101"
    with pytest.raises(Http404):
        scope.division_or_404("990102")


def test_a_path_that_was_read_is_not_asked_for_again(small_region, make_user, django_assert_num_queries):
    scope = Scope.of(make_user("county-officer", division="990101"))
    for code in ("990101001", "990102"):
        scope.heard(code, Division.objects.get(code=code).path)
    with django_assert_num_queries(0):
        assert scope.covers_division("990101001")
        assert not scope.covers_division("990102")  # to hear of a place does not open it
    assert scope.covers_division("990101")
    scope.heard("990101", "/99/9901/990102/")  # what was found first stays
    assert scope.covers_division("990101")


def test_institution_grant_opens_it_and_its_members(small_region, make_user):
    scope = Scope.of(make_user("institution-clinician", institution="H1"))
    assert scope.institution_codes == ("C1", "H1")
    assert scope.covers_institution("C1")
    assert not scope.covers_institution("C2")
    assert not scope.covers_division("990101")
    assert scope.covers_person("990101001001", "C1")
    assert not scope.covers_person("990101001001", "C2")
    assert scope.root_division() == ""


def test_person_is_covered_by_home_or_by_manager(small_region, make_user):
    scope = Scope.of(make_user("county-officer", division="990101"))
    assert scope.covers_person("990101001001", None)
    assert not scope.covers_person("990102001001", "C2")
    assert not scope.covers_person(None, None)


def test_grants_add_up_and_hold_only_between_their_days(small_region, make_user):
    user = make_user("county-officer", division="990101")
    Grant.objects.create(
        user=user,
        role="plan-officer",
        division=small_region.division("990102"),
        valid_from=date(2025, 1, 1),
        valid_to=date(2025, 6, 30),
    )
    with clock.at(date(2025, 6, 30)):
        scope = Scope.of(user)
        assert scope.division_paths == ("/99/9901/990101/", "/99/9901/990102/")
        assert scope.can("plan.edit")
    with clock.at(date(2025, 7, 1)):
        scope = Scope.of(user)
        assert scope.division_paths == ("/99/9901/990101/",)
        assert not scope.can("plan.edit")


def test_wider_grant_swallows_the_narrower(small_region, make_user):
    user = make_user("county-officer", division="990101")
    Grant.objects.create(user=user, role="division-head", division=small_region.division("9901"))
    assert Scope.of(user).division_paths == ("/99/9901/",)


def test_a_grant_follows_its_division_when_it_is_renamed_and_moved(small_region, make_user):
    user = make_user("county-officer", division="990101")
    old = small_region.division("990101")
    old.valid_to = date(2024, 12, 31)
    old.save()
    Division.objects.create(
        code="990101", name="新东溪区", level=3, parent=old.parent, path="/99/9903/990101/", valid_from=date(2025, 1, 1)
    )
    assert Scope.of(user).division_paths == ("/99/9903/990101/",)


def test_nobody_sees_nothing(small_region, make_user):
    from django.contrib.auth.models import AnonymousUser

    for user in (AnonymousUser(), make_user(), make_user("county-officer", name="closed", is_active=False)):
        scope = Scope.of(user)
        assert scope.permissions == frozenset()
        assert not scope.covers_division("99")
        assert not Division.objects.filter(scope.path_filter("path")).exists()


def test_only_the_system_itself_is_trusted():
    from dataclasses import replace

    from luoshi.platform.access.scope import EVERYWHERE

    token = Scope(None, (), ("C1",), frozenset({"record.read"}))
    assert Scope.system().trusted
    assert not token.trusted
    assert not replace(token, division_paths=(EVERYWHERE,)).trusted  # let in to one resident who shares


def test_system_sees_all(small_region):
    scope = Scope.system()
    assert scope.covers_division("990102")
    assert scope.covers_institution("C2")
    assert scope.root_division() == "99"
    assert scope.permissions == frozenset(role_book().permissions)


def test_everywhere_stays_everywhere_when_joined_by_or(small_region):
    everything = Scope.system().path_filter("path")
    assert Division.objects.filter(everything | Q(code="nothing")).count() == 8
    assert not Division.objects.filter(~everything).exists()


def test_above_filter_finds_the_divisions_whose_promises_bind_the_viewer(small_region, make_user):
    for user in (make_user("county-officer", division="990101"), make_user("institution-clinician", institution="H1")):
        codes = set(Division.objects.filter(Scope.of(user).above_filter("path")).values_list("code", flat=True))
        assert {"99", "9901", "990101"} <= codes
        assert not codes & {"990102", "990102001"}


def test_scope_costs_three_queries(small_region, make_user, django_assert_num_queries):
    user = make_user("county-officer", division="990101")
    with django_assert_num_queries(2):
        scope = Scope.of(user)
        scope.can("plan.read")
    with django_assert_num_queries(1):
        scope.covers_division("990101001")
        scope.covers_division("990101001")


class TestGranting:
    def test_only_inside_ones_own_subtree(self, small_region, make_user):
        admin = make_user("security-admin", division="990101")
        user = make_user(name="someone")
        scope = Scope.of(admin)
        actions.grant(
            user=user, role_id="county-officer", by=admin, division=small_region.division("990101001"), scope=scope
        )
        for place in (
            {"division": small_region.division("9901")},
            {"division": small_region.division("990102")},
            {"institution": small_region.institutions["C2"]},
            {"everywhere": True},
        ):
            with pytest.raises(Refused):
                actions.grant(user=user, role_id="county-officer", by=admin, scope=scope, **place)

    def test_never_to_oneself(self, small_region, make_user):
        admin = make_user("security-admin")
        with pytest.raises(Refused, match="自己"):
            actions.grant(user=admin, role_id="plan-officer", by=admin, everywhere=True)

    def test_exactly_one_place(self, small_region, make_user):
        user = make_user(name="someone")
        with pytest.raises(InvalidValue):
            actions.grant(user=user, role_id="plan-officer", by="system")
        with pytest.raises(InvalidValue):
            actions.grant(
                user=user, role_id="plan-officer", by="system", everywhere=True, division=small_region.division("99")
            )

    def test_the_three_admins_are_three_people(self, small_region, make_user):
        user = make_user("audit-admin")
        with pytest.raises(Refused, match="同一人"):
            actions.grant(user=user, role_id="security-admin", by="system", everywhere=True)

    def test_revoked_holds_no_more(self, small_region, make_user):
        user = make_user("plan-officer", division="9901")
        assert Scope.of(user).can("plan.edit")
        actions.revoke(grant=user.grants.get(), by="system")
        assert not Scope.of(user).can("plan.edit")
        today = actions.grant(user=user, role_id="plan-officer", by="system", everywhere=True, valid_from=clock.today())
        actions.revoke(grant=today, by="system")
        assert not Scope.of(user).can("plan.edit")
