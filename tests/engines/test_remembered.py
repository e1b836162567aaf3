"""What was made once stays as long as it is asked for, however much else is made once."""

from __future__ import annotations

from luoshi.engines.remembered import Remembered


def test_what_is_asked_for_often_stays_and_what_is_not_goes():
    kept, made = Remembered(most=10), []

    def ask(key: str, size: int = 1) -> str:
        def make() -> str:
            made.append(key)
            return key.upper()

        return kept.get(key, make, lambda _found: size)

    for n in range(100):
        assert ask("often") == "OFTEN"
        ask(f"once-{n}", 3)
    assert made.count("often") == 1
    ask("once-0", 3)
    assert made.count("once-0") == 2
    assert kept._size <= 10  # a half never holds more


def test_what_is_larger_than_a_half_is_answered_all_the_same():
    kept = Remembered(most=10)
    assert kept.get("large", lambda: "x", lambda _found: 50) == "x"
    assert kept.get("large", lambda: "y", lambda _found: 50) == "x"
