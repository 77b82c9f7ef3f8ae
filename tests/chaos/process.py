"""The pusher as a process of its own, for what cannot be done to a thread: kill, stop, end it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180.0

Event = dict[str, Any]


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[Event]:
        return list(filter(None, map(_event, self.stdout.splitlines())))

    @property
    def phases(self) -> list[str]:
        return [event["step"] for event in self.events if event["event"] == "phase"]

    def last(self, name: str) -> Event:
        """The newest event of that name."""
        return next(event for event in reversed(self.events) if event["event"] == name)

    def __str__(self) -> str:
        return f"exit {self.exit_code}\n{self.stdout[-6000:]}\n{self.stderr[-3000:]}"


class Running:
    """A pusher that runs; its log lines can be waited for."""

    def __init__(
        self, arguments: Sequence[str], environ: Mapping[str, str], prelude: str = ""
    ) -> None:
        # A prelude shortens a constant (a lease of seconds, say); all else is the real command.
        program = ["-m", "pusher"]
        if prelude:
            program = [
                "-c",
                f"{prelude}\nfrom pusher.__main__ import main\nraise SystemExit(main())",
            ]
        self._process = subprocess.Popen(
            [sys.executable, *program, *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: list[str] = []
        self._errors: list[str] = []
        self._changed = threading.Condition()
        self._is_over = False
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in (
                (self._process.stdout, self._lines),
                (self._process.stderr, self._errors),
            )
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any, lines: list[str]) -> None:
        for line in stream:
            with self._changed:
                lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def wait_for(self, wanted: Callable[[Event], bool], count: int = 1) -> None:
        """Until so many matching events have been logged; an error if it ends before."""

        def found() -> bool:
            return sum(map(wanted, filter(None, map(_event, self._lines)))) >= count

        with self._changed:
            self._changed.wait_for(lambda: found() or self._is_over, PATIENCE)
            if not found():
                raise AssertionError(f"it never came so far:\n{''.join(self._lines)[-4000:]}")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> Done:
        self._process.kill()
        return self.end()

    def end(self, seconds: float = PATIENCE) -> Done:
        """Wait for its end."""
        try:
            exit_code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        for reader in self._readers:
            reader.join(10)
        return Done(exit_code, "".join(self._lines), "".join(self._errors))


def phase(step: str) -> Callable[[Event], bool]:
    return lambda event: event["event"] == "phase" and event["step"] == step


def named(name: str) -> Callable[[Event], bool]:
    return lambda event: event["event"] == name


def _event(line: str) -> Event | None:
    """The event of a log line; nothing where the line is none, or was cut off by a kill."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
