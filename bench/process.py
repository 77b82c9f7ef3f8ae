"""Whole processes, measured: wall time, CPU, peak memory, and what they printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.stack import FOREIGN_SETTINGS

TIMED = Path(__file__).with_name("timed.py")


class BenchError(RuntimeError):
    """A measured command failed; the text holds the end of its output."""


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    stdout: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The pusher's log lines."""
        return [json.loads(line) for line in self.stdout.splitlines() if line.startswith("{")]

    @property
    def finished(self) -> dict[str, Any]:
        """The pusher's last word on its run."""
        return next(event for event in self.events if event.get("event") == "run_finished")


def measure(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path, check: bool = True
) -> Cost:
    """Run a command to its end, without this machine's own settings."""
    cost = log.with_suffix(".cost.json")
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_SETTINGS)
    }
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(TIMED), str(cost), *command],
            cwd=cwd,
            env=inherited | dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    text = log.read_text(encoding="utf-8", errors="replace")
    if check and done.returncode != 0:
        tail = "\n".join(text.splitlines()[-25:])
        raise BenchError(f"{Path(command[0]).name} ended with {done.returncode}; {log}:\n{tail}")
    return Cost(**json.loads(cost.read_text(encoding="utf-8")), stdout=text)
