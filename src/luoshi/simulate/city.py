"""The whole fictional region, decided in one go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from luoshi.kernel.errors import InvalidValue
from luoshi.simulate import children, chronic, consents, contracts, everyday, frail, mothers, special, wards
from luoshi.simulate.chance import Span
from luoshi.simulate.geography import Geography, lay_out
from luoshi.simulate.journal import Journal
from luoshi.simulate.people import People, settle
from luoshi.simulate.registers import Registers, draw_up

LEAST, MOST = 500, 50_000_000


@dataclass(frozen=True)
class Region:
    """Everything that was decided. Nothing here is random any more."""

    residents: int
    seed: int
    span: Span
    where: Geography
    people: People
    journal: Journal
    registers: Registers


def invent(residents: int, seed: int, as_of: date, *, hardship: float = 1.0) -> Region:
    """Invent a region of about `residents` people up to `as_of`; the same three values give the same region.

    `hardship` multiplies the chances that mothers and infants die, so that tests of rare events need no large region.
    Raises `InvalidValue` for a number of residents outside 500 to 50 million, and
    for a day outside 2018 to 2100.
    """
    if not LEAST <= residents <= MOST:
        raise InvalidValue(f"A region has between {LEAST} and {MOST} residents, not {residents}.")
    if not date(2018, 1, 1) <= as_of <= date(2100, 12, 31):
        raise InvalidValue(
            f"The last day must lie between 2018 and 2100, not on {as_of}.", todo="Give another --as-of."
        )
    span = Span(as_of)
    where = lay_out(residents, seed, span)
    people = settle(residents, seed, span, where)
    journal = Journal()
    # Births first: they add people, and may end a mother's life.
    mothers.pregnancies(people, where, journal, span, seed, hardship)
    htn = chronic.hypertension(people, where, journal, span, seed)
    dm = chronic.diabetes(people, where, journal, span, seed, htn)
    smd = special.severe_mental(people, where, journal, span, seed)
    tb = special.tuberculosis(people, where, journal, span, seed)
    special.hiv(people, where, journal, span, seed)
    chronic.checkups(people, where, journal, span, seed, (htn, dm))
    chronic.elderly(people, where, journal, span, seed)
    frail.lungs(people, where, journal, span, seed)
    frail.care(people, where, journal, span, seed)
    frail.complications(people, where, journal, span, seed, dm)
    frail.minds(people, where, journal, span, seed)
    frail.pupils(people, where, journal, span, seed)
    children.checks(people, where, journal, span, seed)
    children.immunise(people, where, journal, span, seed)
    everyday.clinics(people, where, journal, span, seed)
    stays = everyday.admissions(people, where, journal, span, seed)
    wards.operations(people, where, journal, span, seed, stays)
    wards.infections(people, where, journal, span, seed)
    everyday.ambulances(people, where, journal, span, seed)
    everyday.women(people, where, journal, span, seed)
    everyday.deaths(people, where, journal, span, seed)
    priority = everyday.priority_groups(people, span, htn.person, dm.person, smd, tb)
    contracts.sign(people, where, journal, span, seed, priority)
    chronic.dyslipidaemia(people, where, journal, span, seed, (htn, dm))
    consents.choose(people, journal, span, seed)
    return Region(residents, seed, span, where, people, journal, draw_up(people, where, span, seed))
