"""How often an attempt is repeated, and how long the waits are."""

from __future__ import annotations

import contextlib
import time

import pytest

from pusher.errors import Failed, Throttled, Transient
from pusher.limiter import GENERAL
from pusher.retry import Policy


def policy(tries: int, jitter: float = 1.0) -> Policy:
    return Policy(tries, 0.0, jitter=lambda: jitter)


class Attempts:
    """Fails with the given errors in turn, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_transient_errors_are_tried_again() -> None:
    attempts = Attempts(Transient("a"), Transient("b"))

    assert policy(3).call(attempts) == "done"
    assert attempts.made == 3


def test_tries_are_limited() -> None:
    attempts = Attempts(*(Transient("a") for _ in range(9)))

    with pytest.raises(Transient):
        policy(3).call(attempts)
    assert attempts.made == 3


def test_a_refusal_is_not_tried_again() -> None:
    attempts = Attempts(Failed("no"))

    with pytest.raises(Failed):
        policy(3).call(attempts)
    assert attempts.made == 1


def test_ordered_pauses_are_no_tries() -> None:
    """The limiter serves them; a busy portal must not use up a batch's tries."""
    attempts = Attempts(*(Throttled("t", pause=0, lane=GENERAL) for _ in range(9)), Transient("a"))

    assert policy(2).call(attempts) == "done"


@pytest.mark.parametrize(
    ("failures", "hint", "jitter", "seconds"),
    [
        (1, 0, 0.0, 0.25),
        (1, 0, 1.0, 0.5),
        (3, 0, 1.0, 2.0),
        (50, 0, 1.0, 8.0),
        (1, 2.0, 1.0, 2.0),
        (6, 2.0, 1.0, 8.0),
    ],
)
def test_waits_grow_to_a_cap_and_hints_win(
    failures: int, hint: float, jitter: float, seconds: float
) -> None:
    assert Policy(6, 0.5, jitter=lambda: jitter).seconds(failures, hint) == seconds


def test_trying_by_time_ends_before_the_wait_that_would_go_beyond(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Counted from the first failure: the work before it may have taken as long as it liked."""
    now = [0.0]
    waits: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    policy = Policy(base=1.0, cap=32.0, jitter=lambda: 1.0, total=100.0)
    generator = policy.waits()
    next(generator)
    now[0] = 5_000.0
    with contextlib.suppress(StopIteration):
        while True:
            waits.append(generator.send(Transient("a")))
            now[0] += waits[-1]

    assert waits == [1, 2, 4, 8, 16, 32, 32]
