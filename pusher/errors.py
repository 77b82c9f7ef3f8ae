"""Errors, grouped by what the caller does about them.

PusherError
├── RunError            ends the run; carries its exit code
│   ├── SettingsError       mend the settings, the portal or the build, then run again
│   ├── LeaseHeld           another pusher is at work
│   ├── GateStop            SQL, or the operator, said no before the first write
│   ├── EndedEarly          daily limit, long wait, outage: the rest is due next run
│   ├── Failed              access refused, warehouse, reject rate, lease lost
│   │   └── Forbidden           403: some calls can do without
│   └── Interrupted         asked to stop
├── Transient           try again: no usable answer
│   └── Throttled           try again, as often as it takes: the limiter has paused everyone
├── Refused             HubSpot understood the request and said no: split it, or log it
└── Halted              this thread is to stop; another one knows why

None of them ever holds a response body, a request body or a property value: `str(error)` is
always fit for a log.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass


class PusherError(Exception):
    """Base of all: a short code for machines and, where it helps, a line for people."""

    def __init__(self, code: str, hint: str = "") -> None:
        super().__init__(f"{code}: {hint}" if hint else code)
        self.code = code
        self.hint = hint
        self.correlation_id: str | None = None  # by which HubSpot's support finds the request


class RunError(PusherError):
    """Ends the run."""

    exit_code = 1
    status = "failed"


class SettingsError(RunError):
    """A setting, the portal or the dbt project is not as this run needs it."""

    exit_code = 2


class LeaseHeld(RunError):
    """Another pusher holds the lease."""

    exit_code = 3
    status = "stopped"


class GateStop(RunError):
    """Stopped before the first write."""

    exit_code = 4
    status = "stopped"


class EndedEarly(RunError):
    """HubSpot cannot take more for now; what is left is due in the next run."""

    exit_code = 5
    status = "partial"


class Failed(RunError):
    """Someone has to look at it."""


class Forbidden(Failed):
    """The token lacks a scope."""


class Interrupted(RunError):
    """SIGTERM or SIGINT."""

    exit_code = 143
    status = "interrupted"

    def __init__(self) -> None:
        super().__init__("interrupted", "asked to stop; the rest is due next run")


EXIT_CODES = {
    0: "done",
    Failed.exit_code: "failed",
    SettingsError.exit_code: "settings or portal",
    LeaseHeld.exit_code: "lease held",
    GateStop.exit_code: "a gate stopped it",
    EndedEarly.exit_code: "partial, the rest is due next run",
    Interrupted.exit_code: "interrupted",
}


class Transient(PusherError):
    """No usable answer. `wait` is the least number of seconds before the next attempt."""

    def __init__(self, code: str, *, wait: float = 0.0) -> None:
        super().__init__(code)
        self.wait = wait


class Throttled(Transient):
    """A 429 or the like; `lane` says which requests have to pause, `pause` how long if HubSpot
    said so."""

    def __init__(self, code: str, *, pause: float | None, lane: str) -> None:
        super().__init__(code)
        self.pause = pause
        self.lane = lane


@dataclass(frozen=True)
class Refusal:
    """Why HubSpot refused a request or a record, in codes and property names only."""

    category: str | None = None
    code: str | None = None
    property_names: tuple[str, ...] = ()
    http_status: int | None = None
    correlation_id: str | None = None


class Refused(PusherError):
    """HubSpot refused the request as a whole."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code or refusal.category or f"http_{refusal.http_status}")
        self.refusal = refusal


class Halted(PusherError):
    """The run is ending: this request was not sent."""

    def __init__(self) -> None:
        super().__init__("halted")


def as_run_error(error: BaseException) -> RunError:
    """What an error means for the run. One that nobody foresaw is named by its type alone, since
    its text may hold a value."""
    if isinstance(error, RunError):
        return error
    if isinstance(error, PusherError):
        return Failed(f"hubspot_{error.code}", "HubSpot refused or did not answer a request")
    if isinstance(error, ModuleNotFoundError):
        return SettingsError(
            "missing_module",
            f"{error.name} is not installed here: `source .venv/bin/activate`, or `make setup`",
        )
    # Where an interrupt falls upon a lock that is just let go of, it is the lock that complains.
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, KeyboardInterrupt):
            return Interrupted()
        cause = cause.__context__
    return Failed(f"crashed_{type(error).__name__}", "a defect: please report it with the run id")


def is_untrusted(error: object) -> bool:
    """Whether a certificate was refused, however deep the libraries have wrapped that: trying
    again, or waiting for an outage to end, is of no use then."""
    if not isinstance(error, BaseException):
        return False
    inner = (error.__cause__, error.__context__, getattr(error, "reason", None), *error.args)
    return isinstance(error, ssl.SSLCertVerificationError) or any(map(is_untrusted, inner))
