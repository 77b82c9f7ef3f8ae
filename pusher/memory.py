"""What people were told last, for runs that cannot ask the ledger.

A file of this machine: where the warehouse is what fails, the warehouse cannot remember. On a
platform that starts every run on a new machine it is gone by then, and the mail says so.
"""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from pusher.settings import Environment


class Memory:
    """The status that was told last of one data set and its entities."""

    def __init__(self, environment: Environment, entities: tuple[str, ...]) -> None:
        # A run without a project has ended, too: whatever runs next knows of it.
        names = [
            re.sub(
                r"[^\w-]", "_", "-".join(("reverse-etl", project, environment.dataset, *entities))
            )
            for project in (environment.project, "")
        ]
        chosen = environment.get("STATE_DIR")
        folders = [chosen] if chosen else ["~/.local/state/reverse-etl", tempfile.gettempdir()]
        self._paths = [
            Path(os.path.expanduser(folder)) / name for name in names for folder in folders
        ]

    def recall(self, *, knows_ledger: bool = False) -> str | None:
        """The status; for a run that knows the ledger only what stands nowhere else, since other
        machines write into the ledger, too."""
        for path in self._paths:
            with suppress(OSError):
                status, _, in_ledger = path.read_text(encoding="ascii").partition("\n")
                return None if in_ledger and knows_ledger else status or None
        return None

    def note(self, status: str, *, in_ledger: bool = False) -> None:
        """In the first place that takes it; in none, it is told again, which does no harm."""
        for path in self._paths:
            with suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(status + "\nledger" * in_ledger, encoding="ascii")
                return

    def forget(self) -> None:
        for path in self._paths:
            with suppress(OSError):
                path.unlink()
