from __future__ import annotations

import itertools
from pathlib import Path

from tests.platform.lake.fake_store import FakeStore
from tests.platform.lake.samples import NOW, some_registers, visit

from luoshi.platform.lake import watch as watching
from luoshi.platform.lake.build import Report, build


def test_watching_reports_only_changes(tmp_path: Path, monkeypatch) -> None:
    store, refreshed, looked = FakeStore(), [], []
    monkeypatch.setattr("luoshi.platform.lake.registers.from_database", some_registers)
    store.put(1, visit("e1"))
    looks = iter([lambda: None, lambda: store.put(2, visit("e2")), lambda: None, lambda: store.put(1, visit("e1"))])

    def sleep(seconds: float) -> None:
        next(looks)()

    seen = watching.watch(
        store,
        tmp_path,
        clock=lambda: NOW,
        refresh=lambda lake, report: refreshed.append(report),
        sleep=sleep,
        before=lambda: looked.append(len(refreshed)),
    )
    reports = list(itertools.islice(seen, 3))
    assert [report.manifest.rows["visit"] for report in reports] == [1, 2, 3]
    assert refreshed == reports
    assert looked == [0, 1, 1, 2, 2][: len(looked)]  # before each look, also those that find nothing
    assert len(looked) >= 4


def test_a_first_look_without_changes_refreshes_what_was_left_behind(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("luoshi.platform.lake.registers.from_database", some_registers)
    store, refreshed = FakeStore(), []
    build(store, tmp_path, at=NOW, register_rows=some_registers())
    seen = watching.watch(store, tmp_path, clock=lambda: NOW, every=100.0,
                          refresh=lambda lake, report: refreshed.append(report.buckets), sleep=lambda seconds: None)  # fmt: skip
    next(seen)
    assert refreshed == [()]


def test_results_are_made_of_what_changed(tmp_path: Path, monkeypatch) -> None:
    told = []
    monkeypatch.setattr("luoshi.platform.lake.refresh.refresh", lambda lake, **more: told.append((lake, more)))
    report = build(FakeStore(), tmp_path, at=NOW, register_rows=some_registers())
    watching.refresh_results(tmp_path, Report(report.manifest, (3,), False))
    assert told == [(tmp_path, {})]
