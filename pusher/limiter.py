"""One limiter for the whole process: every request to HubSpot waits here for its turn.

HubSpot counts requests in a rolling window. Sent evenly, a little under the limit, they never
fill it, so a steady run sees no 429, and no thread waits for longer than its turn needs.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

from pusher import logs

SEARCH_PER_SECOND = 4.5  # HubSpot allows 5 per account, and sends no header about it
SHARE = 0.988  # of the limit; the rest absorbs the jitter of the network
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
        self._interval = {SEARCH: 1 / SEARCH_PER_SECOND}
        self._next = {GENERAL: 0.0, SEARCH: 0.0}
        self._paused_until = {GENERAL: 0.0, SEARCH: 0.0}
        self._pauses_in_a_row = 0
        self._sent: deque[float] = deque()
        self._set_limit(100, 10.0)  # the lowest tier, until an answer says more

    def _set_limit(self, limit: int, window: float) -> None:
        self._limit, self._window = limit, window
        self._interval[GENERAL] = window / (limit * SHARE)
        self._sent = deque(self._sent, maxlen=math.ceil(limit * SHARE))

    def wait(self, *, search: bool = False) -> None:
        """Return when it is this request's turn."""
        for lane in (SEARCH, GENERAL) if search else (GENERAL,):
            while not self._take_turn(lane):
                pass

    def _take_turn(self, lane: str) -> bool:
        with self._lock:
            now = self._clock()
            turn = max(now, self._next[lane], self._paused_until[lane])
            self._next[lane] = turn + self._interval[lane]
        if turn > now:
            self._sleep(turn - now)
        while True:
            with self._lock:
                now = self._clock()
                if now < self._paused_until[lane]:
                    return False  # ordered while we slept towards our turn
                # Threads that a busy machine woke late come in a bunch: hold them to the window.
                is_full = lane == GENERAL and len(self._sent) == self._sent.maxlen
                seconds = self._sent[0] + self._window - now if is_full else 0.0
                if seconds <= 0:
                    if lane == GENERAL:
                        self._sent.append(now)
                    return True
            self._sleep(seconds)

    def pause(self, lane: str, seconds: float | None) -> bool:
        """Let nobody in that lane through for so long; false where it was paused already.

        Without a time to wait it is short at first, and at most the window that HubSpot counts in.
        """
        with self._lock:
            now = self._clock()
            is_new = now >= self._paused_until[lane]
            self._pauses_in_a_row += is_new
            if seconds is None:
                seconds = min(self._window, 2.0 ** (self._pauses_in_a_row - 1))
            self._paused_until[lane] = max(self._paused_until[lane], now + seconds)
            self._next[lane] = max(self._next[lane], self._paused_until[lane])
        if is_new:
            logs.event("paused", severity="WARNING", lane=lane, wait_seconds=round(seconds, 3))
        return is_new

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take the limit from the headers of a good answer, where it has them."""
        self._pauses_in_a_row = 0
        try:
            limit = int(headers["X-HubSpot-RateLimit-Max"])
            window = int(headers["X-HubSpot-RateLimit-Interval-Milliseconds"]) / 1000
        except (KeyError, ValueError):
            return
        if limit < 1 or window <= 0 or (limit, window) == (self._limit, self._window):
            return
        with self._lock:
            self._set_limit(limit, window)
        logs.event("limit_learned", max_requests=limit, window_seconds=window)
