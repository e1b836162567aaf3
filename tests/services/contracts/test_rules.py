"""Pure rules: the two machines, terms, shares of money, windows; and the catalogue of contracts."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luoshi.catalog.loader import CATALOG
from luoshi.kernel.errors import Refused
from luoshi.kernel.machine import CLOCK
from luoshi.services.contracts import catalogue, rules
from luoshi.services.contracts.rules import Window

days = st.dates(date(2015, 1, 1), date(2040, 12, 31))
PERMISSIONS = ("contract.read", "contract.sign", "contract.manage", "contract.rates", "contract.review", CLOCK)


@pytest.mark.parametrize("machine", [rules.CONTRACT, rules.SIGN], ids=lambda m: m.name)
@given(steps=st.lists(st.tuples(st.integers(0, 9), st.sets(st.sampled_from(PERMISSIONS))), max_size=30))
def test_nothing_moves_without_leave_and_what_is_over_stays(machine, steps):
    state = machine.start
    for pick, held in steps:
        name = machine.moves[pick % len(machine.moves)].name
        offered = {move.name: move for move in machine.offered(state, held)}
        try:
            move = machine.move(state, name)
        except Refused:
            assert name not in offered
            continue
        assert state not in machine.final
        assert (move.by in held) == (name in offered)
        if move.by in held:
            state = move.target
    assert state in machine.states


def test_only_the_clock_lets_a_contract_run_out():
    by = {move.name: move.by for move in rules.CONTRACT.moves}
    assert {name for name, who in by.items() if who == CLOCK} == {"expire", "finish", "lapse"}
    assert {move.name for move in rules.CONTRACT.moves if move.needs} == {"end"}
    assert rules.CONTRACT.offered(rules.ACTIVE, {"contract.read"}) == []


@given(st.integers(0, 10**9), st.dictionaries(st.sampled_from("abcde"), st.integers(1, 50), min_size=1))
def test_parts_add_up_and_none_is_off_by_one(total, shares):
    parts = rules.largest_remainder(total, shares)
    assert sum(parts.values()) == total
    whole = sum(shares.values())
    for name, share in shares.items():
        assert abs(Fraction(total * share, whole) - parts[name]) < 1


def test_a_remainder_goes_to_the_largest_fraction_first():
    assert rules.largest_remainder(100, {"a": 1, "b": 1, "c": 1}) == {"a": 34, "b": 33, "c": 33}
    assert rules.largest_remainder(10, {"a": 6, "b": 5, "c": 2}) == {"a": 5, "b": 4, "c": 1}


months = st.lists(
    st.tuples(st.integers(0, 5000), st.sampled_from([100, 120, 130]), st.sampled_from([0.0, 0.2, 0.3]),
              st.sampled_from([{"x": 5, "y": 4, "z": 3}, {"x": 6, "y": 5, "z": 2}])),
    min_size=1, max_size=12,
)  # fmt: skip


@given(months, st.none() | st.floats(0, 130))
def test_a_settlement_balances(given_months, rate):
    settled = rules.settle(given_months, rate)
    assert sum(settled.parts.values()) == settled.paid == settled.full - settled.held
    assert 0 <= settled.held <= settled.full
    assert settled.months == sum(m[0] for m in given_months)
    if rate is None or rate >= 100:
        assert settled.held == 0


def test_a_settlement_worked_by_hand():
    # 1,000 people, one month, 120 yuan a year, a fifth by delivery, 50 % delivered: 10,000 yuan, of it 1,000 held back.
    settled = rules.settle([(1000, 120, 0.2, {"fund": 5, "public": 4, "self": 3})], 50.0)
    assert (settled.full, settled.held, settled.paid) == (1_000_000, 100_000, 900_000)
    assert settled.parts == {"fund": 375_000, "public": 300_000, "self": 225_000}


@given(days, st.integers(1, 36))
def test_terms_follow_each_other_without_gap_or_overlap(start, term):
    last = rules.last_day(start, term)
    following = rules.renewal_start(last, start)
    assert following == last + timedelta(days=1)
    assert not rules.overlap(start, last, following, None)
    assert rules.overlap(start, last, last, None)
    assert 27 <= (last - start).days + 1 <= 366 * 3 + 1


def test_months_are_cut_to_their_last_day():
    assert rules.plus_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert rules.plus_months(date(2025, 11, 30), 3) == date(2026, 2, 28)
    assert rules.month_ends(date(2025, 1, 15), date(2025, 4, 29)) == [date(2025, 2, 28), date(2025, 3, 31)]
    assert rules.month_ends(date(2024, 2, 1), date(2024, 2, 29)) == [date(2024, 2, 29)]
    assert rules.month_ends(date(2024, 2, 1), date(2024, 2, 28)) == []


def window(first: str, last: str, done: str = "") -> Window:
    return Window("ours:1", 1, "checkup", 1, date.fromisoformat(first), date.fromisoformat(last),
                  date.fromisoformat(done) if done else None)  # fmt: skip


@pytest.mark.parametrize(
    ("one", "today", "state"),
    [
        (window("2025-01-01", "2025-03-31", "2025-02-01"), "2025-06-01", "done"),
        (window("2025-01-01", "2025-03-31"), "2025-04-01", "missed"),
        (window("2025-01-01", "2025-03-31"), "2025-03-31", "due"),
        (window("2025-01-01", "2025-03-31"), "2025-01-01", "due"),
        (window("2025-01-01", "2025-03-31"), "2024-12-31", "ahead"),
    ],
)
def test_the_state_of_a_window(one, today, state):
    assert one.state(date.fromisoformat(today)) == state


def test_delivery_counts_what_has_ended_and_keeps_what_is_open_apart():
    every = [
        window("2024-10-01", "2024-12-31"),  # the year before
        window("2025-01-01", "2025-03-31", "2025-02-01"),
        window("2025-04-01", "2025-06-30"),
        window("2025-07-01", "2025-09-30"),  # open
    ]
    counted = rules.delivered(every, date(2025, 8, 1), since=date(2025, 1, 1))
    assert (counted.asked, counted.done, counted.due) == (2, 1, 1)
    assert counted.rate == 50.0
    assert rules.delivered([], date(2025, 8, 1)).rate is None


def test_the_slots_of_the_board_are_those_of_the_items():
    path = CATALOG / "cohorts" / "schedules" / "contract_slot.csv"
    with path.open(encoding="utf-8", newline="") as file:
        written = [tuple(row) for row in csv.reader(file)][1:]
    ours = [tuple(str(v) for v in slot.model_dump().values()) for slot in catalogue.items().slots()]
    assert written == ours, "run `luoshi contract slots`"
    # The cohort takes windows of one number together before it looks at the period: they must be the same for every group.
    windows = {(slot.item, slot.place, slot.from_month, slot.to_month) for slot in catalogue.items().slots()}
    assert len(windows) == len({window[:2] for window in windows})


def test_every_window_of_a_year_adds_up_to_it():
    for item in catalogue.items().items.values():
        assert item.months * item.times == 12
        assert all(name in catalogue.items().facts for name in item.facts)


def test_the_catalogue_says_how_sure_it_is():
    assert catalogue.packages().confidence == catalogue.fees().confidence == catalogue.signs().confidence == "low"
    assert catalogue.items().confidence == "medium"
    ranks = [group.rank for group in catalogue.items().priority.values()]
    assert ranks == sorted(set(ranks))


def test_a_fee_holds_from_its_day_to_its_day():
    book = catalogue.fees()
    assert book.on(date(2024, 12, 31)).yuan == 120
    assert book.on(date(2025, 1, 1)).yuan == 130


def test_the_nations_goals_are_those_of_the_opinion_and_end_with_their_year():
    goals = catalogue.goals()
    assert goals.points_a_year == (1, 3)
    assert {g.indicator: g.least for g in goals.goals} == {"contract-rate": 75, "contract-priority": 85}
    assert goals.of("contract-rate", date(2025, 11, 3)) is not None
    assert goals.of("contract-rate", date(2036, 1, 1)) is None
    assert goals.of("contract-renew", date(2025, 11, 3)) is None
