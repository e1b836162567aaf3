"""States of a contract and of a sign, terms, dates, shares of money. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from luoshi.kernel.machine import CLOCK, Machine, Move

ACTIVE, RENEWED, EXPIRED = "active", "renewed", "expired"
COMPLETED, LAPSED, ENDED = "completed", "lapsed", "ended"
RUNNING = (ACTIVE, RENEWED)  # a renewed contract holds until its last day, then the next one does

CONTRACT = Machine(
    name="contract",
    title="家庭医生签约",
    title_en="Family-doctor contract",
    states={
        ACTIVE: ("已签约", "signed"),
        RENEWED: ("已续约，本期履行中", "renewed, still running"),
        EXPIRED: ("已到期，待续约", "ran out, to be renewed"),
        COMPLETED: ("期满并已续约", "completed and renewed"),
        LAPSED: ("到期未续", "ran out, not renewed"),
        ENDED: ("已解约", "ended"),
    },
    start=ACTIVE,
    final=frozenset({COMPLETED, LAPSED, ENDED}),
    moves=(
        Move("renew", (ACTIVE,), RENEWED, "contract.sign", "续约", "renew"),
        Move("renew-late", (EXPIRED,), COMPLETED, "contract.sign", "到期后续约", "renew after it ran out"),
        Move("end", (ACTIVE, RENEWED), ENDED, "contract.sign", "解约", "end", needs=("reason",)),
        Move("expire", (ACTIVE,), EXPIRED, CLOCK, "到期", "run out"),
        Move("finish", (RENEWED,), COMPLETED, CLOCK, "期满", "complete"),
        Move("lapse", (EXPIRED,), LAPSED, CLOCK, "逾期未续", "not renewed in time"),
    ),
)

OPEN, CLEARED, CONFIRMED = "open", "cleared", "confirmed"

SIGN = Machine(
    name="contract-sign",
    title="签约异常线索",
    title_en="Sign of contracts made at the desk",
    states={OPEN: ("待判断", "to be judged"), CLEARED: ("已排除", "cleared"), CONFIRMED: ("属实", "confirmed")},
    start=OPEN,
    final=frozenset({CLEARED, CONFIRMED}),
    moves=(
        Move("clear", (OPEN,), CLEARED, "contract.review", "排除", "clear", needs=("reason",)),
        Move("confirm", (OPEN,), CONFIRMED, "contract.review", "认定属实", "confirm", needs=("reason",)),
    ),
)

ROLES: Mapping[str, tuple[str, str]] = {
    "gp": ("全科医生", "general practitioner"),
    "nurse": ("护士", "nurse"),
    "public-health": ("公共卫生医师", "public-health doctor"),
    "village-doctor": ("乡村医生", "village doctor"),
    "specialist": ("专科医师", "specialist"),
    "other": ("其他", "other"),
}
WAYS: Mapping[str, tuple[str, str]] = {
    "paper": ("纸质协议", "on paper"),
    "desk": ("机构窗口电子签", "electronically at the desk"),
    "home": ("上门签约", "at home"),
}


def plus_months(day: date, months: int) -> date:
    """So many months later, cut to the last day of the month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def last_day(start: date, months: int) -> date:
    """The last day of a term of so many months."""
    return plus_months(start, months) - timedelta(days=1)


def renewal_start(end: date, today: date) -> date:
    """The first day of a renewal: the day after the old one ends, today where that has passed."""
    return max(end + timedelta(days=1), today)


def overlap(start: date, end: date, other_start: date, other_end: date | None) -> bool:
    """Whether two terms share a day; both ends count, an open one never ends."""
    return start <= (other_end or date.max) and other_start <= end


def largest_remainder(total: int, shares: Mapping[str, int]) -> dict[str, int]:
    """`total` in whole units cut by `shares` (whole numbers, at least one above zero), so that the parts add up: each
    gets its floor, the rest goes one by one to the largest remainders, ties to the part named first."""
    whole = sum(shares.values())
    exact = {name: Fraction(total * share, whole) for name, share in shares.items()}
    parts = {name: int(value // 1) for name, value in exact.items()}
    order = sorted(exact, key=lambda name: parts[name] - exact[name])  # stable: ties stay in order
    for name in order[: total - sum(parts.values())]:
        parts[name] += 1
    return parts


@dataclass(frozen=True)
class Window:
    """One time an item is due under a contract. `place` counts from 1 within the contract; `done` is the day of the
    first fact in it. `contract` is the key of the contract (`ours:<pk>`, or the id other sources gave)."""

    contract: str
    person: int
    item: str
    place: int
    first: date
    last: date
    done: date | None

    def state(self, today: date) -> str:
        """`done`, `missed` (its last day has passed), `due` (open now) or `ahead`."""
        if self.done is not None:
            return "done"
        if self.last < today:
            return "missed"
        return "due" if self.first <= today else "ahead"


@dataclass(frozen=True)
class Delivered:
    """Windows of some contracts, counted: those whose last day has passed, those of them with a fact, and open ones
    still to be done."""

    asked: int = 0
    done: int = 0
    due: int = 0

    @property
    def rate(self) -> float | None:
        """Delivered of asked, in percent; None where nothing was asked."""
        return 100 * self.done / self.asked if self.asked else None


def delivered(windows: Iterable[Window], today: date, *, since: date | None = None) -> Delivered:
    """Count windows that ended on or before `today` (and on or after `since`), and those open and undone."""
    asked = done = due = 0
    for window in windows:
        if window.last <= today:
            if since is None or window.last >= since:
                asked += 1
                done += window.done is not None
        elif window.state(today) == "due":
            due += 1
    return Delivered(asked, done, due)


@dataclass(frozen=True)
class Settled:
    """What an institution is paid for a period, in fen. `months`: person-months under contract; `full`: were everything
    delivered; `held`: what is not paid for lack of delivery; `paid` = `full` - `held` is the sum of `parts`; `packages`:
    fees of paid packages, borne by residents, beside it."""

    months: int
    full: int
    held: int
    parts: Mapping[str, int]
    packages: int = 0

    @property
    def paid(self) -> int:
        """Fee for the base package that is paid."""
        return self.full - self.held


def settle(
    months: Sequence[tuple[int, int, float, Mapping[str, int]]], rate: float | None, *, packages: int = 0
) -> Settled:
    """Settle one institution. `months`: for each month the persons under contract on its last day, the yearly fee in
    yuan, the share paid by delivery, and the shares of who bears it. `rate`: the rate of delivery in percent; None
    (nothing was due) holds nothing back. Halves of a fen are rounded up; parts by largest remainder."""
    full = held = Fraction(0)
    by_shares: dict[tuple[tuple[str, int], ...], Fraction] = {}
    for persons, yuan, on_delivery, shares in months:
        amount = Fraction(persons * yuan * 100, 12)
        kept = Fraction(0)
        if rate is not None:
            kept = amount * Fraction(str(on_delivery)) * (1 - min(Fraction(str(rate)), Fraction(100)) / 100)
        full, held = full + amount, held + kept
        key = tuple(shares.items())
        by_shares[key] = by_shares.get(key, Fraction(0)) + amount - kept
    full_fen, held_fen = _round(full), _round(held)
    # Where the shares changed within the period, its parts are those of each time.
    each = largest_remainder_of(full_fen - held_fen, list(by_shares.values()))
    parts: dict[str, int] = {}
    for fen, key in zip(each, by_shares, strict=True):
        for name, part in largest_remainder(fen, dict(key)).items():
            parts[name] = parts.get(name, 0) + part
    return Settled(sum(m[0] for m in months), full_fen, held_fen, parts, packages)


def largest_remainder_of(total: int, weights: Sequence[Fraction]) -> list[int]:
    """`total` cut by weights that may all be zero (then the first gets everything)."""
    whole = sum(weights)
    if not whole:
        return [total if n == 0 else 0 for n in range(len(weights))]
    exact = [Fraction(total) * weight / whole for weight in weights]
    parts = [int(value // 1) for value in exact]
    for n in sorted(range(len(parts)), key=lambda n: parts[n] - exact[n])[: total - sum(parts)]:
        parts[n] += 1
    return parts


def _round(value: Fraction) -> int:
    return int((value + Fraction(1, 2)) // 1)


def month_ends(first: date, last: date) -> list[date]:
    """Last days of the months that lie wholly in a period."""
    found: list[date] = []
    day = date(first.year, first.month, 1)
    while True:
        end = plus_months(day, 1) - timedelta(days=1)
        if end > last:
            return found
        if day >= first:
            found.append(end)
        day = end + timedelta(days=1)
