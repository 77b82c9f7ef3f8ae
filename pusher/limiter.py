"""One limiter for the whole process: every request to HubSpot waits here for its turn.

HubSpot counts requests in a rolling window. Sent evenly, a little under the limit, they never
fill it, so a steady run sees no 429, and no thread waits for longer than its turn needs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from pusher import logs

SEARCH_PER_SECOND = 4.5  # HubSpot allows 5 per account, and sends no header about it
SHARE = 0.985  # of the limit; the rest absorbs the jitter of the network
GENERAL, SEARCH = "general", "search"


class Limiter:
    """Hands out evenly spaced turns, learns the limit from HubSpot, and pauses when told to."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._limit, self._window = 100, 10.0
        self._interval = {GENERAL: 10.0 / (100 * SHARE), SEARCH: 1 / SEARCH_PER_SECOND}
        self._next = {GENERAL: 0.0, SEARCH: 0.0}
        self._paused_until = {GENERAL: 0.0, SEARCH: 0.0}

    @property
    def window(self) -> float:
        """Seconds over which HubSpot counts; a burst is forgotten after so long."""
        return self._window

    def wait(self, *, search: bool = False) -> None:
        """Return when it is this request's turn."""
        if search:
            self._take_turn(SEARCH)
        self._take_turn(GENERAL)

    def _take_turn(self, lane: str) -> None:
        while True:
            with self._lock:
                now = self._clock()
                paused_until = self._paused_until[lane]
                if now >= paused_until:
                    turn = max(now, self._next[lane])
                    self._next[lane] = turn + self._interval[lane]
                    seconds = turn - now
                else:
                    seconds = paused_until - now
            if seconds > 0:
                self._sleep(seconds)
            # A pause may have been ordered while we slept towards our turn: then wait again.
            if now >= paused_until and self._clock() >= self._paused_until[lane]:
                return

    def pause(self, lane: str, seconds: float) -> bool:
        """Let nobody in that lane through for so long; false where it was paused already."""
        with self._lock:
            now = self._clock()
            is_new = now >= self._paused_until[lane]
            self._paused_until[lane] = max(self._paused_until[lane], now + seconds)
            self._next[lane] = max(self._next[lane], now + seconds)
        if is_new:
            logs.event("paused", severity="WARNING", lane=lane, wait_seconds=round(seconds, 3))
        return is_new

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take the limit from the headers of an answer, where it has them."""
        try:
            limit = int(headers["X-HubSpot-RateLimit-Max"])
            window = int(headers["X-HubSpot-RateLimit-Interval-Milliseconds"]) / 1000
        except (KeyError, ValueError):
            return
        if limit < 1 or window <= 0 or (limit, window) == (self._limit, self._window):
            return
        with self._lock:
            self._limit, self._window = limit, window
            self._interval[GENERAL] = window / (limit * SHARE)
        logs.event("limit_learned", max_requests=limit, window_seconds=window)
