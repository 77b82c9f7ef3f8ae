"""Runs that end before a session: settings that are wrong, and a `dbt build` that did not pass."""

from __future__ import annotations

from datetime import UTC, datetime

from pusher import ledger, logs, session
from pusher.errors import Failed, PusherError, RunError, SettingsError
from pusher.outcome import RunOutcome
from pusher.run import tell
from pusher.settings import Environment, Settings

UNBUILT = ("not_built", "build_not_passed")  # what a first build that failed leaves behind


def settings_failed(
    environment: Environment, command: str, entities: tuple[str, ...], error: RunError
) -> None:
    """Say that a run ended at its settings, to the log and to people."""
    _end(environment, command, "settings", entities, error)


def build_failed(settings: Settings, entities: tuple[str, ...], nodes: list[str]) -> RunError:
    """Say that `dbt build` did not pass, and what its tests found, and note it in the ledger."""
    started_at = datetime.now(UTC)
    error: RunError | None = None
    problems, why, previous, is_recorded = "", "", None, False
    try:
        at = session.reach(settings, entities=entities)
        ledger.open_run(at, started_at)
        previous = ledger.previous(at).status
        ledger.close_run(
            at,
            status=Failed.status,
            step="build",
            exit_code=1,
            counts={},
            creates_left={},
            warnings={},
        )
        is_recorded = True
        builds = ledger.newest_builds(at).values()
        problems = "; ".join(dict.fromkeys(row["problems"] for row in builds if row["problems"]))
    except PusherError as caught:
        logs.event("ledger_not_opened", severity="WARNING", code=caught.code)
        why = "" if caught.code in UNBUILT else str(caught)
        error = caught if why and isinstance(caught, SettingsError) else None
    said = [problems or why or "`dbt build` in a terminal says why (docs/runbook.md)", *nodes]
    error = error or Failed("dbt_failed", "; ".join(said))
    _end(settings, "build", "build", entities, error, previous, is_recorded)
    return error


def _end(
    environment: Environment,
    command: str,
    step: str,
    entities: tuple[str, ...],
    error: RunError,
    previous_status: str | None = None,
    is_recorded: bool = False,
) -> None:
    now = datetime.now(UTC)
    outcome = RunOutcome(
        run_id=logs.run_id(),
        command=command,
        started_at=now,
        finished_at=now,
        exit_code=error.exit_code,
        status=error.status,
        step=step,
        error_code=error.code,
        error_hint=error.hint,
        previous_status=previous_status,
        entities=entities,
        is_recorded=is_recorded,
    )
    logs.event(
        "run_finished",
        severity="ERROR",
        command=command,
        status=error.status,
        exit_code=error.exit_code,
        step=step,
        error_code=error.code,
        hint=error.hint,
    )
    tell(environment, outcome)
