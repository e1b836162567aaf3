"""A region goes the way of any installation: registers imported, records ingested, lake built, values right."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import orjson
import pytest

from luoshi.kernel.clock import at
from luoshi.platform.lake.build import build, update
from luoshi.platform.lake.source import StoreSource
from luoshi.platform.regions.importing import import_files
from luoshi.platform.store.ingest import ingest
from luoshi.simulate import output

from .test_truth import differences

AS_OF = date(2025, 10, 31)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_files_in_true_values_out(tmp_path: Path) -> None:
    """Nothing is refused on the way, each person stays one person, sending again changes nothing, every value is true."""
    output.write(1_500, 31, AS_OF, tmp_path, hardship=60.0)
    truth = orjson.loads((tmp_path / "truth.json").read_bytes())
    reports = import_files([tmp_path / "region"], by="test")
    assert len(reports) == 11
    assert not any(report.tally.rejected for report in reports)
    sent = sum(len(path.read_bytes().splitlines()) for path in (tmp_path / "fhir").glob("*.ndjson"))
    people = len((tmp_path / "fhir" / "Patient.ndjson").read_bytes().splitlines())
    with at(date(2025, 11, 3)) as now:
        first = ingest([tmp_path / "fhir"], source="region", by="test", profile="cn", workers=0)
        assert (first.counts.new, first.counts.refused, first.counts.persons) == (sent, 0, people)
        again = ingest([tmp_path / "fhir"], source="region", by="test", workers=0)
        assert (again.counts.new, again.counts.changed, again.counts.persons) == (0, 0, 0)
        build(StoreSource(), tmp_path / "lake", at=now, bucket_size=1 << 9)
        wrong = differences(tmp_path / "lake", truth)
        assert not wrong, f"{len(wrong)} values differ:\n" + "\n".join(wrong[:20])
        update(StoreSource(), tmp_path / "lake", at=now)
        assert not differences(tmp_path / "lake", truth)
