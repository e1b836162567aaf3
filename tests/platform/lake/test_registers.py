from __future__ import annotations

from datetime import date

import pytest

from luoshi.kernel import lake_layout as layout
from luoshi.platform.lake import registers
from luoshi.platform.regions.models import BedCount, Division, Institution, Population, StaffCount, Title


@pytest.mark.django_db
def test_registers_come_from_the_database() -> None:
    province = Division.objects.create(code="99", name="某省", level=1, path="/99/")
    city = Division.objects.create(code="9901", name="某市", level=2, parent=province, path="/99/9901/")
    zone = Division.objects.create(
        code="990171", name="某新区", level=3, parent=city, path="/99/9901/990171/", urban=True
    )
    centre = Institution.objects.create(code="H1", name="某院", type="township-centre", level=1, division=zone)
    room = Institution.objects.create(code="H2", name="某室", type="village-room", division=zone, parent=centre)
    Title.objects.create(institution=centre, title="qsi-basic", granted=date(2024, 1, 1))
    Title.objects.create(division=zone, title="hpv-county", granted=date(2025, 1, 1))
    StaffCount.objects.create(institution=room, role="gp", count=2, as_of=date(2025, 12, 31))
    BedCount.objects.create(institution=centre, kind="icu", count=4, as_of=date(2025, 12, 31))
    Population.objects.create(division=zone, year=2025, kind="resident", value=120_000)
    found = {name: table.to_pylist() for name, table in registers.from_database().items()}
    assert set(found) == set(layout.REGISTERS)
    row = next(row for row in found["division"] if row["code"] == "990171")
    assert (row["parent"], row["l1"], row["l2"], row["l3"], row["l4"]) == ("9901", "99", "9901", "990171", None)
    assert row["urban"] is True
    assert [(row["code"], row["parent"], row["division"]) for row in found["institution"]] == [
        ("H1", None, "990171"),
        ("H2", "H1", "990171"),
    ]
    assert {(row["institution"], row["division"], row["title"]) for row in found["title"]} == {
        ("H1", None, "qsi-basic"),
        (None, "990171", "hpv-county"),
    }
    assert found["staff"][0]["count"] == 2
    assert found["bed"][0]["kind"] == "icu"
    assert found["population"][0]["value"] == 120_000
