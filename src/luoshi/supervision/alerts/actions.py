"""Writes: tell people, note what they read, keep what they want to hear."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue
from luoshi.platform import audit
from luoshi.platform.access import at_rest
from luoshi.platform.access.models import User
from luoshi.supervision.alerts import recipients, rules
from luoshi.supervision.alerts.models import Message, Preference
from luoshi.supervision.alerts.queries import cache_key


def tell(
    kind: str, *, key: str, users: Iterable[User] = (), permission: str = "", division: str = "", institution: str = "",
    link: str = "", object_type: str = "", object_id: str | int = "", **values: Any,
) -> int:  # fmt: skip
    """Tell `users`, or whoever is nearest to the place with `permission` (`recipients.nearest`), of an event; gives how
    many were told now. Runs in the caller's transaction, so that what happened and the message stand or fall together.

    `key` names the event (`finding:7:notice:1`): who was told of it before is not told again. `values` fill the words of
    the kind (`step`, and `step_en` where English says it otherwise) and hold no names of residents. Raises `NotFound` for
    an unknown kind.
    """
    rules.kind(kind)
    to = {user.pk: user for user in users}
    if permission:
        found = recipients.nearest(permission, division=division, institution=institution)
        to |= {user.pk: user for user in found}
    now = clock.now()
    texts = {name: str(value)[:200] for name, value in values.items() if name.removesuffix("_en") in rules.FIELDS}
    told = set(Message.objects.filter(user__in=to, key=key[:200]).values_list("user_id", flat=True))
    fresh = [
        Message(
            user=user, kind=kind, key=key[:200], values=texts, link=link[:300], object_type=object_type,
            object_id=str(object_id), at=now,
        )
        for pk, user in to.items() if pk not in told
    ]  # fmt: skip
    # Somebody may tell the same at this moment: the constraint keeps one.
    Message.objects.bulk_create(fresh, ignore_conflicts=True)
    for message in fresh:
        cache.delete(cache_key(message.user_id))
    return len(fresh)


def read(*, by: User, numbers: Iterable[int] | None = None) -> int:
    """Note that `by` read some of their messages (None: all). What is another's stays as it is."""
    mine = Message.objects.filter(user=by, read_at__isnull=True)
    if numbers is not None:
        mine = mine.filter(pk__in=list(numbers))
    changed = mine.update(read_at=clock.now())
    cache.delete(cache_key(by.pk))
    return changed


def prefer(
    *, by: User, mail: bool, hook_kind: str = "", hook_url: str | None = None, hook_secret: str | None = None,
    quiet_from: int = 21, quiet_to: int = 7, muted: Iterable[str] = (),
) -> Preference:  # fmt: skip
    """Keep what `by` wants to hear. An address or secret of None stays as it was; without a kind both are forgotten.
    Raises `InvalidValue` for an address that is not one of that robot."""
    book = rules.book()
    unknown = set(muted) - set(book.kinds)
    if unknown or not (0 <= quiet_from <= 23 and 0 <= quiet_to <= 23):
        raise InvalidValue(_("设置中有无法识别的值。"))
    if hook_kind and hook_kind not in book.hooks:
        raise InvalidValue(_("没有这种群机器人。"))
    with transaction.atomic():
        row, _made = Preference.objects.select_for_update().get_or_create(user=by)
        row.mail, row.hook_kind = mail, hook_kind
        row.quiet_from, row.quiet_to, row.muted = quiet_from, quiet_to, sorted(set(muted))
        if not hook_kind:
            row.hook_url = row.hook_secret = ""
        else:
            if hook_url:
                row.hook_url = at_rest.seal(check_hook(hook_kind, hook_url), context=f"hook:{by.pk}")
            elif row.hook_url:
                check_hook(hook_kind, at_rest.unseal(row.hook_url, context=f"hook:{by.pk}"))
            else:
                raise InvalidValue(_("请填写群机器人的地址。"))
            if hook_secret:
                row.hook_secret = at_rest.seal(hook_secret.strip()[:200], context=f"hook-secret:{by.pk}")
        row.save()
        audit.record(
            by=by,
            action="alerts.prefer",
            object_type="user",
            object_id=by.pk,
            detail={"mail": mail, "hook": hook_kind, "quiet": [quiet_from, quiet_to], "muted": row.muted},
        )
    return row


def check_hook(kind: str, url: str) -> str:
    """The address of a robot when it is one: https at the robot's own host (or at one `LUOSHI_WEBHOOKS` names), with
    its key. Raises `InvalidValue`. No other host is ever called, so that nobody makes the server look around inside."""
    url = url.strip()
    parts = urlsplit(url)
    own = rules.book().hooks[kind].host
    trusted = parts.hostname in settings.LUOSHI_WEBHOOKS
    if len(url) > 500 or parts.username or parts.fragment:
        raise InvalidValue(_("地址不是这种群机器人的地址。"))
    if not trusted and (parts.scheme != "https" or parts.hostname != own or parts.port not in (None, 443)):
        raise InvalidValue(_("地址须以 https://%(host)s/ 开头。") % {"host": own})
    if not trusted and not ({"access_token", "key"} & set(parse_qs(parts.query))):
        raise InvalidValue(_("地址里没有机器人的密钥，请从群设置里完整复制。"))
    return url


def tidy() -> int:
    """Remove read messages nobody needs any more; how many."""
    before = clock.now() - timedelta(days=rules.book().keep_days)
    gone, _by = Message.objects.filter(read_at__lt=before).delete()
    return gone
