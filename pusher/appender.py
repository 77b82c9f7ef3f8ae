"""Writes results to the push log behind the sender's back, in few and atomic loads.

BigQuery takes 1,500 loads per table and day; we stay under a thousand. While a load has to be
repeated, sending pauses: what HubSpot confirmed must not pile up where a crash would forget it.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from io import BytesIO

from pusher import logs
from pusher.errors import Failed, PusherError
from pusher.warehouse import Warehouse

TABLE = "reverse_etl_push_log"
SPACING_SECONDS = 5.0
SPACING_SHARE = 150  # a load a 150th of the time so far: about 860 in a run of a whole day
MOST_PENDING = 50_000
BOOKS_SECONDS = 1.0  # of the last ones, for the ledger and the lease


class Appender:
    """Takes lines from many threads; one thread of its own loads them."""

    def __init__(
        self,
        warehouse: Warehouse,
        *,
        left: Callable[[], float] = lambda: math.inf,
        spacing: float = SPACING_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`left` gives the seconds in which all has to be recorded, once there is such a limit."""
        self._warehouse = warehouse
        self._left = left
        self._spacing = spacing
        self._clock = clock
        self._started_at = clock()
        self._changed = threading.Condition()
        self._pending = BytesIO()
        self._rows = 0  # in it
        self._loading = 0  # rows of the load under way
        self._is_closing = False
        self._is_over = False
        self._is_paused = False
        self.recorded = 0
        self.unrecorded = 0
        self.loads = 0
        self._thread = threading.Thread(target=self._work, name="appender", daemon=True)
        self._thread.start()

    def add(self, lines: list[bytes]) -> None:
        """Hand over lines; never blocks, for they are already true in HubSpot."""
        with self._changed:
            if self._is_over:
                self.unrecorded += len(lines)
                logs.event("unrecorded", severity="ERROR", rows=len(lines))
                return
            for line in lines:
                self._pending.write(line + b"\n")
            self._rows += len(lines)
            self._changed.notify_all()

    def wait_until_ready(self, halted: threading.Event) -> None:
        """Return when sending may go on: no load in trouble, no pile of lines."""
        with self._changed:
            while (self._is_paused or self._rows > MOST_PENDING) and not halted.is_set():
                if self.unrecorded:
                    raise self._failure()
                self._changed.wait(0.5)

    def close(self) -> None:
        """Load what is left; raise where results are, in the end, not recorded."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        while self._thread.is_alive() and self._left() > BOOKS_SECONDS:
            self._thread.join(0.1)
        with self._changed:
            self._is_over = True
            self.unrecorded += self._rows + self._loading
        if self.unrecorded:
            raise self._failure()

    def _failure(self) -> Failed:
        return Failed(
            "append_failed",
            f"{self.unrecorded} results could not be recorded; the next run sends those records "
            "again, which is safe",
        )

    def _work(self) -> None:
        next_at = 0.0
        while True:
            with self._changed:
                while not self._is_due(next_at):
                    self._changed.wait(min(0.2, max(0.01, next_at - self._clock())))
                lines, self._pending = self._pending, BytesIO()
                rows, self._rows = self._rows, 0
                self._loading = rows
            if not rows:
                return
            now = self._clock()
            next_at = now + max(self._spacing, (now - self._started_at) / SPACING_SHARE)
            self._load(lines, rows)
            self._loading = 0

    def _is_due(self, next_at: float) -> bool:
        """Whether to load, or to end. Lines are gathered for a spacing first; at the end nobody
        waits for more, only for the last load to be long enough ago, if there is time."""
        if not self._rows:
            return self._is_closing
        if self._left() < math.inf:
            return True
        gathered_at = self._started_at + self._spacing
        return self._clock() >= (next_at if self._is_closing else max(next_at, gathered_at))

    def _load(self, lines: BytesIO, rows: int) -> None:
        started_at = self._clock()
        logs.event("append_started", severity="DEBUG", rows=rows)
        try:
            self._warehouse.append(TABLE, lines, on_failure=lambda: self._pause(True))
        except PusherError as error:
            self.unrecorded += rows
            logs.event(
                "append_failed", severity="ERROR", code=error.code, unrecorded=self.unrecorded
            )
            return  # still paused: nothing more is sent
        self._pause(False)
        self.recorded += rows
        self.loads += 1
        seconds = round(self._clock() - started_at, 3)
        logs.event("appended", severity="DEBUG", rows=rows, duration_seconds=seconds)

    def _pause(self, is_paused: bool) -> None:
        with self._changed:
            self._is_paused = is_paused
            self._changed.notify_all()
