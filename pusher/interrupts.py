"""SIGTERM, SIGINT and SIGHUP: end the run in order, before the platform loses patience."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from types import FrameType

from pusher.errors import Interrupted

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LAST_SECONDS = 9.5  # Cloud Run and Cloud Functions give ten


class Interrupts:
    """Turns the first signal into a KeyboardInterrupt in the main thread: no library on the way
    takes that for an error of its own."""

    def __init__(self) -> None:
        self.is_closing = False  # then a signal only shortens what is left to do
        self._ends_at = math.inf

    def install(self) -> None:
        for number in SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self._handle)

    @property
    def is_asked(self) -> bool:
        return self._ends_at < math.inf

    def left(self) -> float:
        """The seconds that the platform still gives; endless where nobody has asked us to stop."""
        return self._ends_at - time.monotonic()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.is_asked:
            return
        self._ends_at = time.monotonic() + LAST_SECONDS
        # Whatever hangs, a socket or a server, we are gone before the platform loses patience.
        watchdog = threading.Timer(LAST_SECONDS, os._exit, [Interrupted.exit_code])
        watchdog.daemon = True
        watchdog.start()
        if not self.is_closing:
            raise KeyboardInterrupt
