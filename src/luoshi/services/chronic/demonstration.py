"""What the demonstration shows of chronic care: a village doctor with visits of today, one candidate under way, a resident
who measures at home, and a pack that came back with a difference to decide."""

from __future__ import annotations

import json
from datetime import timedelta

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Division
from luoshi.services.chronic import actions, discovery, enrolling, members, panel
from luoshi.services.chronic.members import Member
from luoshi.services.chronic.packs import bringing, sealing

PASSPHRASE = "qing-shan-lv-shui-2025"  # noqa: S105 (of a pack nobody keeps)


def prepare() -> list[tuple[str, str, str, str, str]]:
    """Start the work on the fictional city; gives the village doctor's account, placed in a village of the clinic that has
    visits due. Nothing where nobody is managed."""
    user = User.objects.filter(username="clinic").first()
    if user is None:
        return []
    scope = Scope.of(user)
    found = [m for m in members.members(panel.read(scope)) if m.due]
    if not found:
        return []
    village = max(
        {m.person.division for m in found}, key=lambda code: (sum(m.person.division == code for m in found), code)
    )
    _candidates(scope)
    _home(found[0], scope)
    _pack(user, scope, found)
    name = (
        Division.objects.filter(code=village).order_by("-valid_from").values_list("name", flat=True).first() or village
    )
    return [
        ("village", "村医", "village-doctor", village, f"{name}: its chronic patients, today's visits, offline packs")
    ]


def _candidates(scope: Scope) -> None:
    """One is entered for confirmation, one is confirmed."""
    diagnosed = [c for c in discovery.candidates(scope) if c.kind == "diagnosed"][:2]
    for number, one in enumerate(diagnosed):
        row = enrolling.find(
            person=one.person,
            programme=one.programme,
            evidence=[e.plain() for e in one.evidence],
            by="demo",
            scope=scope,
        )
        if number:
            enrolling.move(row, "confirm", by="demo", scope=scope, given={"basis": "住院病历首页诊断"})


def _home(member: Member, scope: Scope) -> None:
    for days, pressure in ((6, (146, 88)), (3, (142, 86)), (1, (138, 84))):
        values = {"systolic": pressure[0], "diastolic": pressure[1]}
        at = clock.now() - timedelta(days=days)
        actions.measured_at_home(
            person=member.person.number, at=at, values=values, by="demo", scope=scope, token=f"demo-home-{days}"
        )


def _pack(user: User, scope: Scope, found: list[Member]) -> None:
    """A pack is taken; a colleague visits one of its people meanwhile; the pack comes back with a visit of the same day."""
    member = next(
        (m for m in found if "hypertension" in m.programmes and m.diseases[0].managed.state == "managed"), None
    )
    if member is None:
        return
    number, programmes = member.person.number, ["hypertension"]
    try:
        row, _page = bringing.take(division="", passphrase=PASSPHRASE, days=14, by=user, scope=scope)
    except UserError:
        return  # a place with more people than a pack holds
    actions.save_visit(
        person=number, token=f"demo-visit-{number}", programmes=programmes, day=clock.today(), mode="face",
        values={"systolic": 152, "diastolic": 92}, by=user, scope=scope,
        episodes={d.programme: d.managed.episode for d in member.diseases},
    )  # fmt: skip
    visit = {
        "token": f"demo-offline-{number}", "person": number, "programmes": programmes, "day": clock.today().isoformat(),
        "mode": "home", "values": {"systolic": "146", "diastolic": "88"}, "advice": "", "reserved": "",
    }  # fmt: skip
    work = {"visits": [visit], "notes": {str(number): {"contact": "白天在村卫生室旁"}}, "states": {}}
    key = bringing.key_of(row)
    body = sealing.close(json.dumps(work).encode(), key, f"upload:{row.code}")
    upload = {"kind": "luoshi-chronic-upload", "pack": row.code, "body": body}
    bringing.bring(body=json.dumps(upload).encode(), by=user, scope=scope)
