"""The breaker on a clock of its own."""

from __future__ import annotations

import pytest

from pusher.breaker import PATIENCE_SECONDS, Breaker
from pusher.errors import EndedEarly


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_when_nothing_has_succeeded_for_long() -> None:
    """Several failures and no success for the whole of its patience."""
    clock = Clock()
    breaker = Breaker(clock=clock)
    for _ in range(3):
        breaker.failure(clock.now)
    breaker.check()
    clock.now += PATIENCE_SECONDS

    with pytest.raises(EndedEarly) as caught:
        breaker.check()
    assert caught.value.exit_code == 5


def test_one_success_closes_the_account() -> None:
    """A refusal counts as success: HubSpot is there."""
    clock = Clock()
    breaker = Breaker(clock=clock)
    for _ in range(9):
        breaker.failure(clock.now)
    clock.now += PATIENCE_SECONDS
    breaker.success()

    breaker.check()


def test_two_failures_are_no_outage() -> None:
    """A run that sends little is not ended by two bad requests far apart."""
    clock = Clock()
    breaker = Breaker(clock=clock)
    breaker.failure(clock.now)
    clock.now += 10 * PATIENCE_SECONDS
    breaker.failure(clock.now)

    breaker.check()


def test_an_outage_starts_with_the_first_failed_request_not_before_the_last_success() -> None:
    """A request that hung while others succeeded does not make the outage older."""
    clock = Clock()
    breaker = Breaker(clock=clock)
    clock.now = 120.0
    breaker.success()
    breaker.failure(100.0)
    breaker.failure(110.0)
    breaker.failure(115.0)
    clock.now = 100.0 + PATIENCE_SECONDS

    breaker.check()


def test_one_record_that_hubspot_cannot_digest_is_no_outage() -> None:
    """Its batch fails, and the half that it is in, and so on; another record makes it one."""
    clock = Clock()
    breaker = Breaker(clock=clock)
    for batch in ("abcd", "ab", "ab", "a"):
        breaker.failure(clock.now, frozenset(batch))
    clock.now += PATIENCE_SECONDS
    breaker.check()
    breaker.failure(clock.now, frozenset("cd"))

    with pytest.raises(EndedEarly):
        breaker.check()


def test_at_the_end_nobody_is_patient() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    for batch in ("a", "b", "b"):
        breaker.failure(clock.now, frozenset(batch))
    breaker.check()

    with pytest.raises(EndedEarly):
        breaker.check(is_patient=False)
