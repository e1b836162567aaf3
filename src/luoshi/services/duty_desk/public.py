"""What other services may ask of the duty desk: the address of a duty and of a promise's page of duties."""

from __future__ import annotations

from django.urls import reverse


def duty_address(number: int) -> str:
    """The page of one duty."""
    return reverse("duty_desk:duty", args=[number])


def promise_address(target: int, division: str) -> str:
    """Who answers for a promise at a division, the light set by hand there, and what was said."""
    return reverse("duty_desk:promise", args=[target, division])
