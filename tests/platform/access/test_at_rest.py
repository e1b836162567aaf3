"""Secrets of accounts lie sealed in the database, and those that lay there in clear are sealed by the migration."""

from __future__ import annotations

import importlib
import time
from types import SimpleNamespace

import pyotp
import pytest
from django.apps import apps
from django.db import connection

from luoshi.kernel import sm
from luoshi.kernel.errors import Refused
from luoshi.platform.access import at_rest, second_factor
from luoshi.platform.access.models import User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def test_a_second_factor_is_sealed_and_still_works(make_user):
    user = make_user("division-head", division="9901")
    assert second_factor.enrol(user=user, secret=SECRET, code=pyotp.TOTP(SECRET).now(), by=user)
    row = User.objects.get(pk=user.pk)
    assert SECRET not in row.totp_secret
    assert at_rest.is_sealed(row.totp_secret)
    User.objects.filter(pk=user.pk).update(totp_last_step=0)
    assert second_factor.challenge(user=user, code=pyotp.TOTP(SECRET).at(time.time()))
    # moved to somebody else's row it does not open
    other = make_user("division-head", division="990101")
    User.objects.filter(pk=other.pk).update(totp_secret=row.totp_secret)
    with pytest.raises(Refused):
        second_factor.challenge(user=other, code=pyotp.TOTP(SECRET).now())


def test_an_older_key_still_opens(settings):
    old, new = sm.new_key().hex(), sm.new_key().hex()
    settings.LUOSHI_DATA_KEYS = [old]
    sealed = at_rest.seal(SECRET, context="totp:1")
    settings.LUOSHI_DATA_KEYS = [new, old]
    assert at_rest.unseal(sealed, context="totp:1") == SECRET
    settings.LUOSHI_DATA_KEYS = [new]
    with pytest.raises(Refused) as refused:
        at_rest.unseal(sealed, context="totp:1")
    assert SECRET not in str(refused.value)
    with pytest.raises(Refused):
        at_rest.unseal("sm4:not base64!", context="totp:1")


def test_the_migration_seals_what_lay_in_clear_and_undoes_it(make_user):
    users = [make_user("plan-officer", division="9901"), make_user("division-head", division="9901")]
    User.objects.filter(pk=users[0].pk).update(totp_secret=SECRET)
    migration = importlib.import_module("luoshi.platform.access.migrations.0002_seal_totp_secrets")
    editor = SimpleNamespace(connection=connection)
    for _ in range(2):  # what is sealed already stays
        migration.seal(apps, editor)
    first, second = (User.objects.get(pk=user.pk).totp_secret for user in users)
    assert at_rest.unseal(first, context=f"totp:{users[0].pk}") == SECRET
    assert second == ""
    migration.unseal(apps, editor)
    assert User.objects.get(pk=users[0].pk).totp_secret == SECRET
