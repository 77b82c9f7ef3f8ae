"""What a run came to: the facts that the ledger, the canonical log line and the alerts share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class RunOutcome:
    """One finished run. Codes, names and counts only; never a value of a record."""

    run_id: str
    command: str
    started_at: datetime
    finished_at: datetime
    exit_code: int
    status: str  # success | failed | partial | stopped | interrupted
    step: str  # the last phase entered
    error_code: str | None = None
    error_hint: str | None = None  # one line that says what to do
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # by entity
    hubspot_requests: int = 0
    last_events: tuple[Mapping[str, Any], ...] = ()
    repeat_failures: tuple[Mapping[str, Any], ...] = ()  # rows of the view of that name
    previous_status: str | None = None  # of the run before this one, for "once per change"
    warnings: Mapping[str, frozenset[str]] = field(
        default_factory=dict
    )  # codes of gates, by entity
    previous_warnings: Mapping[str, frozenset[str]] = field(default_factory=dict)
    entities: tuple[str, ...] = ()  # what was asked for; none stands for all
    is_recorded: bool = True  # whether the ledger knows of it
