"""The log of updates: from a state of the lake to the one that lies there, or nothing."""

from __future__ import annotations

from pathlib import Path

from luoshi.platform.lake import updates


def _lie(lake: Path, text: str) -> updates.State:
    """Put another description in place, as a writer does."""
    part = lake / "part"
    part.write_text(text)
    part.replace(lake / "lake.json")
    found = updates.state(lake)
    assert found is not None
    return found


def test_a_chain_is_followed_and_a_gap_is_one(tmp_path: Path):
    assert updates.state(tmp_path) is None
    first = _lie(tmp_path, "1")
    second = _lie(tmp_path, "22")
    updates.log(tmp_path, first, [3, 1])
    third = _lie(tmp_path, "333")
    updates.log(tmp_path, second, [7])
    assert updates.since(tmp_path, first) == updates.Since(frozenset({1, 3, 7}), 2, third)
    assert updates.since(tmp_path, second) == updates.Since(frozenset({7}), 1, third)
    assert updates.since(tmp_path, third) == updates.Since(frozenset(), 0, third)
    _lie(tmp_path, "built anew, not logged")
    assert updates.since(tmp_path, first) is None
    assert updates.since(tmp_path, third) is None


def test_the_log_has_a_bound(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(updates, "MOST_UPDATES", 3)
    monkeypatch.setattr(updates, "MOST_PERSONS", 10)
    states = [_lie(tmp_path, "0")]
    for n in range(1, 6):
        states.append(_lie(tmp_path, "x" * n))
        updates.log(tmp_path, states[-2], [n, n + 100])
    assert updates.since(tmp_path, states[1]) is None
    found = updates.since(tmp_path, states[2])
    assert found is not None
    assert found.updates == 3
    states.append(_lie(tmp_path, "many"))
    updates.log(tmp_path, states[-2], range(11))
    assert updates.since(tmp_path, states[-2]) is None
    (tmp_path / "updates.json").write_text("{broken")
    assert updates.since(tmp_path, states[-2]) is None
