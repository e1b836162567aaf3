"""The staff shell: who may enter which part, what they see of it, and that every write leaves a row."""

from __future__ import annotations

import pytest
from django.urls import reverse

from luoshi.kernel import clock
from luoshi.platform.access.models import Grant, User
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.regions.models import Department

PARTS = {
    "access_user": {"security-admin"},
    "access_grant": {"security-admin"},
    "regions_division": {"security-admin", "data-steward"},
    "regions_institution": {"security-admin", "data-steward"},
    "regions_department": {"data-steward"},
    "audit_entry": {"audit-admin"},
}
ROLES = ["security-admin", "data-steward", "audit-admin", "plan-officer"]


@pytest.mark.parametrize("role", ROLES)
def test_who_may_enter_which_part(role, make_user, client):
    client.force_login(make_user(role))
    opened = {part for part in PARTS if client.get(reverse(f"admin:{part}_changelist")).status_code == 200}
    assert opened == {part for part, roles in PARTS.items() if role in roles}
    assert client.get("/staff/", follow=True).status_code == (200 if opened else 403)


def test_a_stranger_is_sent_to_the_one_sign_in_page(client, db):
    response = client.get("/staff/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/sign-in/")


def test_only_the_own_subtree_is_shown(small_region, make_user, client):
    inside = make_user("county-officer", division="990101")
    outside = make_user("county-officer", division="990102")
    client.force_login(make_user("security-admin", division="990101"))
    users = client.get(reverse("admin:access_user_changelist")).content.decode()
    assert inside.username in users
    assert outside.username not in users
    assert client.get(reverse("admin:access_user_change", args=[inside.pk])).status_code == 200
    assert client.get(reverse("admin:access_user_change", args=[outside.pk])).status_code == 302
    grants = client.get(reverse("admin:access_grant_changelist")).content.decode()
    assert "东溪区" in grants
    assert "西山县" not in grants
    client.force_login(make_user("data-steward", division="990101"))
    institutions = client.get(reverse("admin:regions_institution_changelist")).content.decode()
    assert "东溪区人民医院" in institutions
    assert "石桥乡卫生院" not in institutions
    divisions = client.get(reverse("admin:regions_division_changelist")).content.decode()
    assert "城关镇" in divisions
    assert "石桥乡" not in divisions


def test_making_an_account(small_region, make_user, client):
    admin = make_user("security-admin")
    client.force_login(admin)
    url = reverse("admin:access_user_add")
    weak = client.post(url, {"username": "newcomer", "full_name": "新人", "first_password": "1234567890"})
    assert weak.status_code == 200
    assert not User.objects.filter(username="newcomer").exists()
    made = client.post(url, {"username": "newcomer", "full_name": "新人", "first_password": "nan-he-81-qiao"})
    assert made.status_code == 302
    user = User.objects.get(username="newcomer")
    assert user.must_change_password
    assert user.check_password("nan-he-81-qiao")
    assert Entry.objects.get(action="user.create").by == admin.username
    changed = client.post(
        reverse("admin:access_user_change", args=[user.pk]),
        {"full_name": "新人", "email": "a@example.org", "must_change_password": "on"},
    )
    assert changed.status_code == 302
    assert Entry.objects.get(action="access.user.change").detail == {"fields": ["email"]}


def test_giving_and_ending_a_grant(small_region, make_user, client):
    admin = make_user("security-admin", division="990101")
    user = make_user(name="newcomer")
    client.force_login(admin)
    url = reverse("admin:access_grant_add")

    def give(**values):
        return client.post(url, {"user": user.pk, "role": "county-officer", **values})

    outside = give(division=small_region.division("990102").pk)
    assert outside.status_code == 200
    assert not user.grants.exists()
    assert give().status_code == 200
    assert give(division=small_region.division("990101001").pk).status_code == 302
    assert Scope.of(user).covers_division("990101001")
    assert Entry.objects.get(action="grant.give").by == admin.username
    row = user.grants.get()
    assert client.get(reverse("admin:access_grant_change", args=[row.pk])).status_code == 200  # to read
    assert client.post(reverse("admin:access_grant_change", args=[row.pk]), {"role": "plan-officer"}).status_code == 403
    ended = client.post(
        reverse("admin:access_grant_changelist"), {"action": "end_grants", "_selected_action": [row.pk]}
    )
    assert ended.status_code == 302
    assert not Grant.objects.on(clock.today()).filter(user=user).exists()


def test_closing_accounts_and_clearing_second_factors(small_region, make_user, client):
    user = make_user("county-officer", division="990101")
    client.force_login(make_user("security-admin"))
    url = reverse("admin:access_user_changelist")
    for action in ("close_accounts", "clear_second_factor", "open_accounts"):
        client.post(url, {"action": action, "_selected_action": [user.pk]})
    user.refresh_from_db()
    assert user.is_active
    assert list(Entry.objects.order_by("number").values_list("action", flat=True)) == [
        "user.close", "second-factor.clear", "user.open",
    ]  # fmt: skip


def test_registers_check_their_identifiers_and_nothing_is_deleted(small_region, make_user, client):
    client.force_login(make_user("data-steward"))
    institution = small_region.institutions["H1"]
    url = reverse("admin:regions_institution_change", args=[institution.pk])
    values = {
        "name": "东溪区第一人民医院", "type": "general-hospital", "level": "2",
        "division": institution.division_id, "public": "on", "valid_from": "2010-01-01",
    }  # fmt: skip
    assert client.post(url, values | {"uscc": "12345"}).status_code == 200
    assert client.post(url, values).status_code == 302
    institution.refresh_from_db()
    assert institution.name == "东溪区第一人民医院"
    assert Entry.objects.get(action="regions.institution.change").detail["fields"]
    assert client.post(reverse("admin:regions_institution_delete", args=[institution.pk])).status_code == 403
    client.get(reverse("admin:regions_department_add"))
    made = client.post(
        reverse("admin:regions_department_add"),
        {
            "code": "wjw", "name": "云岭市卫生健康委员会", "level": "2",
            "aliases-TOTAL_FORMS": "1", "aliases-INITIAL_FORMS": "0",
            "aliases-0-text": "市卫健委", "aliases-0-valid_from": "2018-01-01",
        },
    )  # fmt: skip
    assert made.status_code == 302
    assert Department.objects.get().aliases.get().text == "市卫健委"


def test_the_audit_trail_is_read_only(small_region, make_user, client):
    auditor = make_user("audit-admin")
    client.force_login(auditor)
    from django.db import transaction

    from luoshi.platform import audit

    with transaction.atomic():
        row = audit.record(by="someone", action="thing.do", object_type="thing", object_id=1)
    url = reverse("admin:audit_entry_change", args=[row.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"by": "other"}).status_code == 403
    assert client.get(reverse("admin:audit_entry_add")).status_code == 403
    narrow = make_user("audit-admin", division="990101")
    client.force_login(narrow)
    assert "thing.do" not in client.get(reverse("admin:audit_entry_changelist")).content.decode()


def test_content_policy_is_relaxed_here_only(make_user, client):
    client.force_login(make_user("security-admin"))
    assert "unsafe-eval" in client.get("/staff/").headers["Content-Security-Policy"]
    assert "unsafe" not in client.get("/password/").headers["Content-Security-Policy"]
