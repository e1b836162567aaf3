"""Signing in, being locked out, changing a password, the second factor, and sessions that end."""

from __future__ import annotations

import time
from urllib.parse import quote

import pyotp
import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from luoshi.platform.access import actions, pages, second_factor
from luoshi.platform.access.middleware import SEEN_KEY
from luoshi.platform.access.views import SECOND_FACTOR_KEY, requires, requires_person_factor
from luoshi.platform.audit.models import Entry

PASSWORD = "nan-shan-41-qiao"
GOOD = "bei-he-92-song"


def sign_in(client: Client, username: str, password: str = PASSWORD, **data: str):
    return client.post(reverse("access:sign-in"), {"username": username, "password": password, **data})


def test_sign_in_is_chinese_first_and_english_by_a_switch(client, db):
    assert "登录" in client.get(reverse("access:sign-in")).content.decode()
    client.cookies["luoshi_lang"] = "en"
    assert client.get(reverse("access:sign-in")).headers["Content-Language"] == "en"


def test_sign_in_leaves_a_row_and_leads_on(client, make_user):
    user = make_user("plan-officer", division="9901")
    response = sign_in(client, user.username, next="/plans/")
    assert response.status_code == 302
    assert response.headers["Location"] == "/plans/"
    assert Entry.objects.filter(action="sign-in", by=user.username).count() == 1
    assert client.session.get_expiry_age() <= 12 * 3600


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_next_never_leads_away(client, make_user, target):
    user = make_user("plan-officer", division="9901")
    assert sign_in(client, user.username, next=target).headers["Location"] == "/"
    request = RequestFactory().get(f"/second-factor/?next={quote(target)}")
    assert pages._onward(request) == "/"


def test_five_wrong_passwords_lock(client, make_user):
    user = make_user("plan-officer", division="9901")
    for _ in range(4):
        assert sign_in(client, user.username, "wrong-wrong").status_code == 200
    assert sign_in(client, user.username, "wrong-wrong").status_code == 429
    locked = sign_in(client, user.username)
    assert locked.status_code == 429
    assert "15" in locked.content.decode()
    assert "_auth_user_id" not in client.session


def test_right_password_resets_the_count(client, make_user):
    user = make_user("plan-officer", division="9901")
    for _ in range(4):
        sign_in(client, user.username, "wrong-wrong")
    assert sign_in(client, user.username).status_code == 302
    Client().get("/")
    other = Client()
    assert sign_in(other, user.username, "wrong-wrong").status_code == 200


def test_address_is_taken_from_the_proxy_only_when_there_is_one(settings):
    request = HttpRequest()
    request.META.update(REMOTE_ADDR="10.0.0.9", HTTP_X_FORWARDED_FOR="1.2.3.4, 10.0.0.1")
    settings.LUOSHI_PROXY = False
    assert pages.client_address(request) == "10.0.0.9"
    settings.LUOSHI_PROXY = True
    assert pages.client_address(request) == "10.0.0.1"


@pytest.mark.parametrize(
    ("password", "reason"),
    [("short-7x", "10"), ("password123", "常见"), ("83920174658", "数字"), ("plan-officer-9901", "账号")],
)
def test_password_rules(make_user, password, reason, settings):
    from luoshi.kernel.errors import InvalidValue

    user = make_user("plan-officer", division="9901")
    with pytest.raises(InvalidValue) as error:
        actions.set_password(user=user, password=password, by="system")
    assert error.value.where == "password"


def test_a_password_does_not_come_back(make_user):
    from luoshi.kernel.errors import InvalidValue

    user = make_user("plan-officer", division="9901")
    actions.set_password(user=user, password=GOOD, by="system")
    for used in (PASSWORD, GOOD):
        with pytest.raises(InvalidValue, match="最近"):
            actions.set_password(user=user, password=used, by="system")


def test_password_page(client, make_user):
    user = make_user("plan-officer", division="9901", must_change_password=True)
    client.force_login(user)
    assert client.get("/jobs/").headers["Location"] == reverse("access:password")
    page = reverse("access:password")
    wrong = client.post(page, {"present": "no", "new": GOOD, "again": GOOD})
    assert "现密码不对" in wrong.content.decode()
    differs = client.post(page, {"present": PASSWORD, "new": GOOD, "again": GOOD + "x"})
    assert "不一致" in differs.content.decode()
    weak = client.post(page, {"present": PASSWORD, "new": "1234567890", "again": "1234567890"})
    assert weak.status_code == 200
    done = client.post(page, {"present": PASSWORD, "new": GOOD, "again": GOOD})
    assert done.status_code == 302
    user.refresh_from_db()
    assert user.check_password(GOOD)
    assert not user.must_change_password
    assert client.get(page).status_code == 200  # still signed in


class TestSecondFactor:
    url = "/second-factor/"

    def test_enrol_then_challenge_once_per_code(self, client, make_user):
        user = make_user("division-head", division="9901")
        client.force_login(user)
        shown = client.get(self.url).content.decode()
        secret = client.session[pages.NEW_SECRET_KEY]
        assert "<svg" in shown
        assert secret in shown
        assert client.post(self.url, {"code": "000000"}).status_code == 200
        code = pyotp.TOTP(secret).now()
        passed = client.post(self.url, {"code": code, "next": "/plans/"})
        assert passed.headers["Location"] == "/plans/"
        assert client.session[SECOND_FACTOR_KEY]
        user.refresh_from_db()
        assert user.has_second_factor

        again = Client()
        again.force_login(user)
        assert secret not in again.get(self.url).content.decode()
        replay = again.post(self.url, {"code": code})
        assert replay.status_code == 200
        assert SECOND_FACTOR_KEY not in again.session
        later = pyotp.TOTP(secret).at(time.time() + 30)
        assert again.post(self.url, {"code": later}).status_code == 302

    def test_five_wrong_codes_lock(self, client, make_user):
        user = make_user("division-head", division="9901")
        secret = second_factor.new_secret()
        assert second_factor.enrol(user=user, secret=secret, code=pyotp.TOTP(secret).now(), by=user)
        client.force_login(user)
        for _ in range(5):
            client.post(self.url, {"code": "000000"})
        good = pyotp.TOTP(secret).at(time.time() + 30)
        locked = client.post(self.url, {"code": good})
        assert "锁定" in locked.content.decode()
        second_factor.clear(user=user, by="system")
        user.refresh_from_db()
        assert not user.has_second_factor

    def test_codes_of_the_neighbouring_steps_pass_and_older_ones_do_not(self):
        secret, now = second_factor.new_secret(), 1_700_000_015.0
        totp = pyotp.TOTP(secret)
        assert second_factor.step_of(totp.at(now - 30), secret, at=now)
        assert second_factor.step_of(totp.at(now + 30), secret, at=now)
        assert second_factor.step_of(totp.at(now - 60), secret, at=now) is None
        assert second_factor.step_of("１２３４５６", secret, at=now) is None
        assert second_factor.step_of("", secret, at=now) is None

    def test_page_of_a_person_asks_for_it(self, make_user, settings, client):
        from django.contrib.sessions.backends.db import SessionStore
        from django.http import HttpResponse

        view = requires("person.read")(requires_person_factor(lambda request: HttpResponse("seen")))
        request = RequestFactory().get("/people/7/?tab=1")
        request.user, request.session = make_user("division-head", division="9901"), SessionStore()
        settings.LUOSHI_TWO_FACTOR = True
        asked = view(request)
        assert asked.status_code == 302
        assert asked.headers["Location"] == "/second-factor/?next=%2Fpeople%2F7%2F%3Ftab%3D1"
        request.session[SECOND_FACTOR_KEY] = 1
        assert view(request).content == b"seen"
        settings.LUOSHI_TWO_FACTOR = False
        del request.session[SECOND_FACTOR_KEY]
        assert view(request).content == b"seen"


class TestSession:
    def test_idle_session_ends(self, client, make_user, settings):
        client.force_login(make_user("plan-officer", division="9901"))
        client.get(reverse("access:password"))
        session = client.session
        session[SEEN_KEY] = int(time.time()) - settings.LUOSHI_IDLE_MINUTES * 60 - 1
        session.save()
        response = client.get(reverse("access:password"))
        assert response.headers["Location"].startswith("/sign-in/")
        assert "_auth_user_id" not in client.session

    def test_sign_out_needs_a_post_and_leaves_a_row(self, client, make_user):
        user = make_user("plan-officer", division="9901")
        client.force_login(user)
        assert client.get("/sign-out/").status_code == 405
        assert client.post("/sign-out/").status_code == 302
        assert "_auth_user_id" not in client.session
        assert Entry.objects.filter(action="sign-out", by=user.username).exists()

    def test_closed_account_is_out_at_once(self, client, make_user):
        user = make_user("plan-officer", division="9901")
        client.force_login(user)
        actions.set_active(user=user, active=False, by="system")
        assert client.get(reverse("access:password")).headers["Location"].startswith("/sign-in/")

    def test_pages_of_the_signed_in_stay_out_of_caches(self, client, make_user):
        client.force_login(make_user("plan-officer", division="9901"))
        assert "no-store" in client.get(reverse("access:password")).headers["Cache-Control"]


def test_safety_headers(client, db):
    headers = client.get("/sign-in/").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_cookies_are_shut(client, make_user, settings):
    user = make_user("plan-officer", division="9901")
    sign_in(client, user.username)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize(
    ("hosts", "https"), [("localhost,127.0.0.1", False), ("luoshi.example.gov.cn", True), ("localhost,a.example", True)]
)
def test_a_public_name_turns_https_on(hosts, https, tmp_path):
    import os
    import subprocess
    import sys

    code = (
        "from luoshi.project import settings as s;"
        "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS > 0, s.DEBUG)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "LUOSHI_HOSTS": hosts, "LUOSHI_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert out.stdout.split() == [str(https)] * 4 + ["False"]
