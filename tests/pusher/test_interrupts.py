"""Signals: which ones are ours, and how much time they leave. Whole runs are in test_run."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator

import pytest

from pusher.interrupts import LAST_SECONDS, SIGNALS, Interrupts


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_hangup_that_is_ignored_stays_so() -> None:
    """`nohup python -m pusher` is to outlive its terminal."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    Interrupts().install()

    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    assert callable(signal.getsignal(signal.SIGTERM))


def test_the_first_signal_sets_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """It interrupts the work, unless a run is closing its books; a second one changes nothing."""
    timers: list[float] = []
    monkeypatch.setattr("threading.Timer", _Timer(timers))
    interrupts = Interrupts()
    interrupts.install()
    assert interrupts.left() == math.inf

    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGHUP)
    assert interrupts.is_asked
    left = interrupts.left()
    assert 0 < left <= LAST_SECONDS
    signal.raise_signal(signal.SIGTERM)
    assert interrupts.left() <= left
    assert timers == [LAST_SECONDS]


def test_a_run_that_closes_its_books_is_left_to_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threading.Timer", _Timer([]))
    interrupts = Interrupts()
    interrupts.install()
    interrupts.is_closing = True
    signal.raise_signal(signal.SIGTERM)

    assert interrupts.is_asked


class _Timer:
    """In the watchdog's place, which would end the tests."""

    daemon = False

    def __init__(self, into: list[float]) -> None:
        self._into = into

    def __call__(self, seconds: float, *_: object) -> _Timer:
        self._into.append(seconds)
        return self

    def start(self) -> None:
        return
