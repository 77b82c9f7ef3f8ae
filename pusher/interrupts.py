"""SIGTERM and SIGINT: end the run in order, within ten seconds."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

from pusher.errors import Interrupted

LAST_SECONDS = 9.0


class Interrupts:
    """Turns the first signal into a KeyboardInterrupt in the main thread: no library on the way
    takes that for an error of its own."""

    def __init__(self) -> None:
        self.is_closing = False  # a run that is closing its books is left to finish
        self._is_ending = False

    def install(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._is_ending:
            return
        self._is_ending = True
        # Whatever hangs, a socket or a server, we are gone before the platform loses patience.
        watchdog = threading.Timer(LAST_SECONDS, os._exit, [Interrupted.exit_code])
        watchdog.daemon = True
        watchdog.start()
        if not self.is_closing:
            raise KeyboardInterrupt
