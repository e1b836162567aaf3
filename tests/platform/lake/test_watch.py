from __future__ import annotations

import itertools
from pathlib import Path

from tests.platform.lake.fake_store import FakeStore
from tests.platform.lake.samples import NOW, some_registers, visit

from luoshi.platform.lake import watch as watching
from luoshi.platform.lake.build import Report


def test_watching_reports_only_changes(tmp_path: Path, monkeypatch) -> None:
    store, refreshed = FakeStore(), []
    monkeypatch.setattr("luoshi.platform.lake.registers.from_database", some_registers)
    store.put(1, visit("e1"))
    looks = iter([lambda: None, lambda: store.put(2, visit("e2")), lambda: None, lambda: store.put(1, visit("e1"))])

    def sleep(seconds: float) -> None:
        next(looks)()

    seen = watching.watch(store, tmp_path, clock=lambda: NOW, refresh=refreshed.append, sleep=sleep)
    reports = list(itertools.islice(seen, 3))
    assert [report.manifest.rows["visit"] for report in reports] == [1, 2, 3]
    assert refreshed == reports


def test_nothing_is_refreshed_without_change(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("luoshi.platform.lake.registers.from_database", some_registers)
    store = FakeStore()
    report = next(watching.watch(store, tmp_path, clock=lambda: NOW, refresh=lambda report: None, sleep=lambda s: None))
    assert not watching.refresh_results(Report(report.manifest, (), False))
