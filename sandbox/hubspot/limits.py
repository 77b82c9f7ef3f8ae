"""HubSpot's rate limits: a rolling burst window per token, search and daily ones per account."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from .settings import Settings


class RateLimits:
    """Counts requests and says which limit, if any, a new one breaks."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.daily_used = 0
        self._day = ""
        self._burst: dict[str, deque[float]] = {}
        self._search: deque[float] = deque()

    def take(self, token: str, *, is_search: bool, monotonic_ms: float, now_ms: int) -> str | None:
        """Count one request; the name of the broken policy if it must be refused."""
        settings = self.settings
        self._turn_day(now_ms)
        burst = self._burst.setdefault(token, deque())
        _forget(burst, monotonic_ms - settings.burst_window_ms)
        _forget(self._search, monotonic_ms - settings.search_window_ms)
        counts_in_burst = not is_search or settings.search_counts_in_burst
        policy = None
        if settings.daily_limit and self.daily_used >= settings.daily_limit:
            policy = "DAILY"
        elif is_search and settings.search_limit and len(self._search) >= settings.search_limit:
            policy = "SECONDLY"
        elif counts_in_burst and settings.burst_limit and len(burst) >= settings.burst_limit:
            policy = "TEN_SECONDLY_ROLLING"
        if policy is None or settings.rejected_requests_count:
            self.daily_used += 1
            if counts_in_burst:
                burst.append(monotonic_ms)
            if is_search:
                self._search.append(monotonic_ms)
        return policy

    def headers(self, token: str) -> dict[str, str]:
        settings = self.settings
        found: dict[str, str] = {}
        if settings.burst_limit:
            used = len(self._burst.get(token, ()))
            found["X-HubSpot-RateLimit-Max"] = str(settings.burst_limit)
            found["X-HubSpot-RateLimit-Remaining"] = str(max(0, settings.burst_limit - used))
            found["X-HubSpot-RateLimit-Interval-Milliseconds"] = str(settings.burst_window_ms)
        if settings.daily_limit:
            left = max(0, settings.daily_limit - self.daily_used)
            found["X-HubSpot-RateLimit-Daily"] = str(settings.daily_limit)
            found["X-HubSpot-RateLimit-Daily-Remaining"] = str(left)
        return found

    def set_daily_used(self, count: int, now_ms: int) -> None:
        self._turn_day(now_ms)
        self.daily_used = count

    def forget(self) -> None:
        self.daily_used = 0
        self._burst.clear()
        self._search.clear()

    def _turn_day(self, now_ms: int) -> None:
        moment = datetime.fromtimestamp(now_ms / 1000, UTC)
        day = moment.astimezone(ZoneInfo(self.settings.time_zone)).date().isoformat()
        if day != self._day:
            self._day = day
            self.daily_used = 0


def _forget(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()
