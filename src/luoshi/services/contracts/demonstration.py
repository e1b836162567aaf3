"""What the demonstration shows of contracts: teams with members, a package of a centre's own, and a signing season.

Deterministic: who signs, when and with whom follows from the order of the residents on the worklist.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform.access.models import Grant, User
from luoshi.platform.access.scope import Scope
from luoshi.services.contracts import actions, keeping, looking, worklist
from luoshi.services.contracts.actions import Party, Terms
from luoshi.services.contracts.models import Contract, Team

SIGNED = 20
AT_NIGHT = 8  # of them: entered one after the other late one evening, for the page of signs
TEAMS = (
    ("东片家庭医生团队", "0000-1001", (("陈明远", "gp", True), ("李素云", "nurse", False), ("王庆丰", "public-health", False))),
    ("西片家庭医生团队", "0000-1002", (("周立群", "gp", True), ("赵春梅", "nurse", False), ("孙有田", "village-doctor", False))),
)  # fmt: skip


def prepare() -> list[tuple[str, str, str, str, str]]:
    """Let the clinic of the demonstration run a season of signing. Adds no accounts. Run again it changes nothing."""
    grant = (
        Grant.objects.filter(user__username="clinic", institution__isnull=False).select_related("institution").first()
    )
    if grant is None or grant.institution is None or Team.objects.filter(institution=grant.institution.code).exists():
        return []
    user, scope, institution = grant.user, Scope.of(grant.user), grant.institution.code
    teams = [_team(institution, spec, user, scope) for spec in TEAMS]
    keeping.keep_package(
        institution=institution, name="老年中医调养包", kind="personal", items=["tcm-constitution", "cognition-screen"],
        fee=150, by=user, scope=scope,
    )  # fmt: skip
    _season(institution, teams, user, scope)
    looking.look(by=user)
    return []


def _team(institution: str, spec: tuple[str, str, tuple[tuple[str, str, bool], ...]], user: User, scope: Scope) -> Team:
    name, phone, members = spec
    team = keeping.make_team(institution=institution, name=name, phone=phone, by=user, scope=scope)
    for who, role, leads in members:
        keeping.add_member(team=team.pk, name=who, role=role, leads=leads, by=user, scope=scope)
    return team


def _season(institution: str, teams: list[Team], user: User, scope: Scope) -> None:
    """Sign with the first residents of the worklist over the last weeks, end one, renew one."""
    today = clock.today()
    first = worklist.worklist(institution, scope=scope, limit=SIGNED)
    made: list[Contract] = []
    for n, candidate in enumerate(first.rows):
        late = n >= SIGNED - AT_NIGHT
        day = today - timedelta(days=3 if late else 28 - 2 * n)
        terms = Terms(
            institution, "elderly-plus" if "elderly" in candidate.groups and n % 3 == 0 else "base", (12, 12, 36)[n % 3],
            day, teams[n % 2].pk, ("desk", "home", "paper")[n % 3], day,
        )  # fmt: skip
        try:
            made += actions.sign(parties=[Party(candidate.resident.person)], terms=terms, by=user, scope=scope)
        except UserError:
            continue  # one whose record does not allow it stays on the worklist
        Contract.objects.filter(pk=made[-1].pk).update(signed_at=_moment(day, n, late=late))
    if len(made) > 2:
        actions.end(number=made[-1].pk, reason="refused", on=today, by=user, scope=scope)
        actions.renew(number=made[0].pk, months=12, by=user, scope=scope)


def _moment(day: date, n: int, *, late: bool) -> datetime:
    """A time of day: within working hours, or one of a few minutes before midnight."""
    return datetime.combine(day, time(23, 10 + n % 8) if late else time(9 + n % 7, 7 * n % 60), clock.CHINA)
