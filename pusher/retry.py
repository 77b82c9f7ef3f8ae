"""How often to try again, and how long to wait between tries."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

import backoff

from pusher import logs
from pusher.errors import Throttled, Transient

T = TypeVar("T")


@dataclass(frozen=True)
class Policy:
    """Exponential waits with jitter; the answer's own hint wins where it asks for longer."""

    tries: float = math.inf
    base: float = 0.5
    cap: float = 8.0
    jitter: Callable[[], float] = random.random
    total: float = math.inf  # seconds from the first failure on

    def seconds(self, failures: int, hint: float = 0.0) -> float:
        """The wait after that many failures in a row: half of it fixed, half of it random."""
        full = min(self.cap, self.base * 2.0 ** min(failures - 1, 30))
        return max(hint, full / 2 + full / 2 * self.jitter())

    def waits(self) -> Generator[float, Any, None]:
        """Waits for `backoff`; ends when it is time to give up."""
        error: Transient = yield 0.0
        failures, gives_up_at = 1, time.monotonic() + self.total
        while failures < self.tries:
            wait = self.seconds(failures, error.wait)
            if time.monotonic() + wait > gives_up_at:
                return
            error = yield wait
            failures += 1

    def call(self, attempt: Callable[[], T]) -> T:
        """Run `attempt` until it succeeds, gives up, or fails in a way that is not transient.

        A pause that HubSpot ordered is no failure: the limiter serves it, for all threads at once.
        """
        patient = backoff.on_exception(
            self.waits, Transient, giveup=_is_throttled, jitter=None, on_backoff=_log, logger=None
        )(attempt)
        return backoff.on_exception(
            backoff.constant, Throttled, interval=0, jitter=None, logger=None
        )(patient)()


def _is_throttled(error: Exception) -> bool:
    return isinstance(error, Throttled)


def _log(details: Any) -> None:
    logs.event(
        "trying_again",
        severity="WARNING",
        code=details["exception"].code,
        correlation_id=details["exception"].correlation_id,
        attempt=details["tries"],
        wait_seconds=round(details["wait"], 3),
    )
