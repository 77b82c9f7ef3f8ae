"""Ends a run that HubSpot's outage has made pointless, instead of sleeping once per record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pusher.errors import EndedEarly

PATIENCE_SECONDS = 45.0
LEAST_FAILURES = 3


class Breaker:
    """Opens when nothing has succeeded for a while and several requests have failed."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._since = 0.0
        self._success_at = 0.0

    def success(self) -> None:
        """HubSpot gave a usable answer, be it a refusal."""
        with self._lock:
            self._failures = 0
            self._success_at = self._clock()

    def failure(self, started_at: float) -> bool:
        """A request begun at `started_at` got none; true where others have failed as well."""
        with self._lock:
            if not self._failures:
                self._since = max(started_at, self._success_at)
            self._failures += 1
            return self._failures >= LEAST_FAILURES

    def check(self) -> None:
        """Raise where it is time to give up."""
        with self._lock:
            lasted = self._clock() - self._since
            is_open = self._failures >= LEAST_FAILURES and lasted >= PATIENCE_SECONDS
        if is_open:
            raise EndedEarly("outage", "HubSpot has not answered; what is left is due next run")
