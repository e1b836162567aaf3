"""The worklist of a hospital with 3,000 open referrals, as its page is answered, in a store of 30,000 persons.

`python -m bench referral`. Ours is the whole page, signed in, with its audit rows. The floor is the reading alone of one
page of rows and of the four counts. The bar is that of the plan: 500 ms a page.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bench.home import empty_home
from bench.row import Row, best

OPEN, ELSEWHERE, PERSONS = 3_000, 60_000, 30_000
PROMISED = 0.5


def rows(residents: int) -> Iterator[Row]:
    """The rows of this part; `residents` changes nothing."""
    with empty_home("2025-11-03"):
        yield from _measured()


def _measured() -> Iterator[Row]:
    from django.test import Client

    from luoshi.kernel import clock
    from luoshi.platform.access.scope import Scope
    from luoshi.services.referral import clocks, queries
    from luoshi.services.referral.models import Referral

    user = _filled()
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    size = f"{OPEN:,} open of {Referral.objects.count():,} referrals, {PERSONS:,} persons"

    def page(address: str) -> None:
        assert client.get(address).status_code == 200

    def floor() -> None:
        table = Referral.objects.filter(receiver="H0")
        for state in ("submitted", "accepted", "arrived", "treating"):
            table.filter(state=state).count()
        list(table.filter(state="submitted").order_by("due")[:50])

    page("/referral/?box=in")
    yield Row("referral: worklist page", best(lambda: page("/referral/?box=in")), best(floor), size=size, bar=None)
    yield Row(
        "referral: worklist page to the promised 500 ms", best(lambda: page("/referral/")), PROMISED, size=size, bar=1.0
    )
    yield Row("referral: late ones", best(lambda: page("/referral/?box=late")), best(floor), size=size)
    counted = best(lambda: queries.counts(scope=Scope.of(user)))
    yield Row("referral: counts of the boxes", counted, best(floor), size=size)
    at = clock.now()
    clocks.tick(at)
    yield Row("referral: a round of the clock with nothing new", best(lambda: clocks.tick(at)), best(floor), size=size)


def _filled():  # type: ignore[no-untyped-def]
    import orjson

    from luoshi.kernel import clock
    from luoshi.platform.access.models import Grant, User
    from luoshi.platform.regions.models import Division, Institution
    from luoshi.platform.store import preparing, writing
    from luoshi.platform.store.models import Source
    from luoshi.services.referral.models import Referral

    county = Division.objects.create(code="990101", name="东溪区", level=3, path="/99/9901/990101/")
    hospitals = [
        Institution.objects.create(code=f"H{n}", name=f"医院{n}", type="general-hospital", level=2, division=county)
        for n in range(21)
    ]
    for hospital in hospitals:
        for n in range(5):
            Institution.objects.create(
                code=f"C{hospital.code}{n}",
                name=f"卫生院{n}",
                type="township-centre",
                level=1,
                division=county,
                parent=hospital,
            )
    made = []
    for n in range(PERSONS):
        patient = {
            "resourceType": "Patient", "id": f"p{n}", "name": [{"text": f"居民{n}"}], "gender": "male", "birthDate": "1960-01-01",
            "managingOrganization": {"reference": f"Organization/CH{n % 21}{n % 5}"},
        }  # fmt: skip
        made.append(preparing.row(patient, orjson.dumps(patient).decode()))
    source = Source.objects.create(name="bench")
    for at in range(0, PERSONS, 5_000):
        writing.commit(preparing.Prepared(rows=made[at : at + 5_000]), source=source, by="bench")
    now = clock.now()
    states = ("submitted", "accepted", "arrived", "treating", "summarised")
    referrals = []
    for n in range(OPEN + ELSEWHERE):
        here = n < OPEN
        hospital, state = ("H0", states[n % 5]) if here else (f"H{n % 20 + 1}", "closed" if n % 10 else "submitted")
        since = now - timedelta(minutes=n % 4000)
        referrals.append(
            Referral(
                direction="up", state=state, since=since, due=since + timedelta(hours=48) if state != "closed" else None,
                priority="routine", person=n % PERSONS + 1, sender=f"C{hospital}{n % 5}", sender_name="卫生院",
                sender_path=county.path, receiver=hospital, receiver_name="医院", receiver_path=county.path,
                diagnosis="原发性高血压", reason="连续两次未控制", made=since, made_by="bench", submitted=since,
            )
        )  # fmt: skip
    Referral.objects.bulk_create(referrals, batch_size=2_000)
    user = User.objects.create(username="bench")
    Grant.objects.create(user=user, role="institution-clinician", institution=hospitals[0])
    return user
