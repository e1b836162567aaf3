"""Registering the systems one refers to and from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from luoshi.kernel.errors import InvalidValue
from luoshi.platform import audit
from luoshi.platform.access import at_rest
from luoshi.platform.access.models import User
from luoshi.platform.regions.models import InstitutionType
from luoshi.platform.store.models import Source
from luoshi.services.referral.models import Peer

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def register(
    *,
    name: str,
    address: str,
    client_id: str,
    secret: str,
    source: str,
    places: Sequence[Mapping[str, object]],
    by: User | str,
    title: str = "",
    token_address: str = "",
    active: bool = True,
) -> Peer:
    """Register a peer or change it; an empty `secret` keeps the one there is. `address` is its FHIR base, the token is
    asked for at `/oauth/token` of the same host where nothing else is said; `source`: the registered source it sends
    as. Raises `InvalidValue`."""
    if not NAME.fullmatch(name):
        raise InvalidValue(_("名称只用小写字母、数字和连字符。"), where="name")
    parts = _checked(address, "address")
    token_address = token_address or f"{parts[0]}://{parts[1]}/oauth/token"
    _checked(token_address, "token_address")
    if not Source.objects.filter(name=source, registration__isnull=False).exists():
        raise InvalidValue(_("没有登记过这个来源。"), where="source", todo=_("请先在“数据来源”中登记对方。"))
    there = Peer.objects.filter(name=name).first()
    if not secret and there is None:
        raise InvalidValue(_("请填写对方发放的密钥。"), where="secret")
    if Peer.objects.filter(source=source).exclude(name=name).exists():
        raise InvalidValue(_("这个来源已用于另一个对接系统。"), where="source")
    sealed = at_rest.seal(secret, context=f"referral-peer:{name}") if secret else there.secret if there else ""
    with transaction.atomic():
        made, _new = Peer.objects.update_or_create(
            name=name,
            defaults={
                "title": title.strip()[:120], "address": address.rstrip("/"), "token_address": token_address,
                "client_id": client_id.strip()[:60], "secret": sealed, "source": source,
                "places": [_place(place) for place in places], "active": active,
            },
        )  # fmt: skip
        audit.record(
            by=by, action="referral.peer", object_type="referral-peer", object_id=name,
            detail={"address": made.address, "source": source, "places": len(made.places), "active": active},
        )  # fmt: skip
    return made


def _checked(address: str, where: str) -> tuple[str, str]:
    """Scheme and host of an address we may call: https, or plain http to a host the setting `LUOSHI_WEBHOOKS` names."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    plain_allowed = host in getattr(settings, "LUOSHI_WEBHOOKS", ())
    if not host or parts.username or parts.scheme not in ("https", "http") or len(address) > 300:
        raise InvalidValue(_("地址须为 https 网址，不带口令。"), where=where)
    if parts.scheme == "http" and not plain_allowed:
        raise InvalidValue(_("明文 http 地址须先列入 LUOSHI_WEBHOOKS。"), where=where)
    return parts.scheme, parts.netloc


def _place(place: Mapping[str, object]) -> dict[str, object]:
    code, name = str(place.get("code", "")).strip()[:40], str(place.get("name", "")).strip()[:120]
    kind, level = str(place.get("type", "general-hospital")), place.get("level", 3)
    if not code or not name or kind not in InstitutionType.values or not str(level).isdigit() or int(str(level)) > 3:
        raise InvalidValue(_("机构须写明代码、名称、类别和等级。"), where="places")
    return {"code": code, "name": name, "type": kind, "level": int(str(level))}


def parse_places(text: str) -> list[dict[str, object]]:
    """Institutions from lines of `code,name,type,level` (the last two may be left out). Raises `InvalidValue`."""
    found = []
    for line in text.splitlines():
        if line.strip():
            parts = [part.strip() for part in line.replace("，", ",").split(",")] + ["", "", ""]
            found.append(
                _place(
                    {"code": parts[0], "name": parts[1], "type": parts[2] or "general-hospital", "level": parts[3] or 3}
                )
            )
    return found
