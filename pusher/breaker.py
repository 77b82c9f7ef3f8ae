"""Ends a run that HubSpot's outage has made pointless, instead of sleeping once per record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pusher.errors import EndedEarly

PATIENCE_SECONDS = 45.0
LEAST_FAILURES = 3


class Breaker:
    """Opens when nothing has succeeded for a while and several requests have failed, not all of
    them on account of one and the same record."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._in_all = frozenset[str]()  # the records that stood in each failed request
        self._since = 0.0
        self._success_at = 0.0

    def success(self) -> None:
        """HubSpot gave a usable answer, be it a refusal."""
        with self._lock:
            self._failures = 0
            self._success_at = self._clock()

    def failure(self, started_at: float, of: frozenset[str] = frozenset()) -> None:
        """A request begun at `started_at` got none; `of`: the records that may be to blame."""
        with self._lock:
            if self._failures:
                self._in_all &= of
            else:
                self._in_all = of
                self._since = max(started_at, self._success_at)
            self._failures += 1

    def check(self, *, is_patient: bool = True) -> None:
        """Raise where it is time to give up."""
        patience = PATIENCE_SECONDS if is_patient else 0.0
        with self._lock:
            is_general = self._failures >= LEAST_FAILURES and not self._in_all
            is_open = is_general and self._clock() - self._since >= patience
        if is_open:
            raise EndedEarly("outage", "HubSpot has not answered; what is left is due next run")
