"""The deploy shell: the daily job behind HTTP, and the same job as one command.

Cloud Functions calls `sync_patients` and `sync_rois`; a Cloud Run job or cron runs
`python main.py [entity ...]`. Each builds the models with dbt, then pushes (SYNC_STEPS=push
leaves dbt out, where dbt Cloud builds). A build that fails is told to people by the pusher, which
knows what they have been told. Both steps are subprocesses: dbt keeps global state and
cannot run twice in one process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pusher.errors import (
    EndedEarly,
    GateStop,
    Interrupted,
    LeaseHeld,
    SettingsError,
    as_run_error,
)

try:
    import flask
    import functions_framework
except ModuleNotFoundError as missing:
    print(f"main: {as_run_error(missing)}", file=sys.stderr)
    raise SystemExit(SettingsError.exit_code) from None

PROJECT_DIR = Path(__file__).resolve().parent
# dbt of this interpreter: a console script on PATH may belong to another environment.
DBT = "from dbt.cli.main import cli; cli()"
ENTITIES = ("patients", "rois")

LEASE_HELD = LeaseHeld.exit_code
INTERRUPTED = Interrupted.exit_code
STATUS_OF_EXIT = {
    0: "success",
    SettingsError.exit_code: "misconfigured",
    LEASE_HELD: "lease_held",
    GateStop.exit_code: GateStop.status,
    EndedEarly.exit_code: EndedEarly.status,
    INTERRUPTED: Interrupted.status,
}
HTTP_OF_EXIT = {0: 200, LEASE_HELD: 409}

# How long a step may take to stop after SIGTERM before it is killed. Both are safe to kill.
GRACE_SECONDS = 20.0
STEPS = ("dbt", "push")


@dataclass
class Summary:
    """What one sync did: codes, names and counts only."""

    entities: tuple[str, ...]
    step: str
    exit_code: int
    seconds: float
    error_code: str | None = None
    run: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return STATUS_OF_EXIT.get(self.exit_code, "failed")

    @property
    def http_status(self) -> int:
        return HTTP_OF_EXIT.get(self.exit_code, 500)

    def as_dict(self) -> dict[str, Any]:
        return {
            "entities": list(self.entities),
            "status": self.status,
            "step": self.step,
            "exit_code": self.exit_code,
            "error_code": self.error_code,
            "seconds": round(self.seconds, 1),
            "run": self.run,
        }


# ---------- entry points


@functions_framework.http
def sync_patients(request: flask.Request) -> flask.Response:
    return _answer(request, "patients")


@functions_framework.http
def sync_rois(request: flask.Request) -> flask.Response:
    return _answer(request, "rois")


def _answer(request: flask.Request, entity: str) -> flask.Response:
    if request.method != "POST":
        return flask.Response("POST starts a sync\n", status=405, headers={"Allow": "POST"})
    summary = sync([entity], trace=request.headers.get("X-Cloud-Trace-Context"))
    return flask.Response(
        json.dumps(summary.as_dict()) + "\n",
        status=summary.http_status,
        mimetype="application/json",
    )


def main(arguments: Sequence[str]) -> int:
    unknown = sorted(set(arguments) - set(ENTITIES))
    if unknown:
        print(f"usage: python main.py [{' | '.join(ENTITIES)}]", file=sys.stderr)
        return 2
    summary = sync(arguments or ENTITIES)
    print(json.dumps(summary.as_dict()), flush=True)
    return summary.exit_code


# ---------- the job


def sync(entities: Sequence[str], *, trace: str | None = None) -> Summary:
    """dbt, then the push. The push runs only where dbt passed: its gates are dbt tests."""
    started = time.monotonic()
    deadline = started + float(os.environ.get("SYNC_DEADLINE_SECONDS") or "inf")
    steps = [step.strip() for step in (os.environ.get("SYNC_STEPS") or ",".join(STEPS)).split(",")]
    step, exit_code, error_code = steps[0], 0, None
    if not set(steps) <= set(STEPS):  # a step that is left out without a word is a night lost
        steps, step = [], "settings"
        exit_code, error_code = SettingsError.exit_code, "bad_setting"
    run: dict[str, Any] = {}
    try:
        if "dbt" in steps:
            with TemporaryDirectory(prefix="reverse-etl-") as scratch:
                exit_code, error_code = _build(entities, Path(scratch), deadline)
        if exit_code == 0 and "push" in steps:
            step = "push"
            exit_code, run = _push(entities, deadline, trace)
            error_code = run.pop("error_code", None)
    except OSError as error:
        # The program could not be started. The error's text is a path, its type is enough.
        exit_code, error_code = 1, f"not_started:{type(error).__name__}"
    seconds = time.monotonic() - started
    summary = Summary(tuple(entities), step, exit_code, seconds, error_code, run)
    for entity in entities:
        _log(
            "INFO" if exit_code in HTTP_OF_EXIT else "ERROR",
            "sync_finished",
            deployment=os.environ.get("DEPLOYMENT") or "reverse-etl",
            entity=entity,
            status=summary.status,
            step=step,
            exit_code=exit_code,
            error_code=error_code,
            seconds=round(seconds, 1),
        )
    return summary


def _build(entities: Sequence[str], scratch: Path, deadline: float) -> tuple[int, str | None]:
    """`dbt build` for these entities. Only /tmp is writable in a Cloud Function."""
    command = [sys.executable, "-c", DBT, "build", "--project-dir", str(PROJECT_DIR)]
    command += ["--target-path", str(scratch / "target"), "--log-path", str(scratch / "logs")]
    if tuple(entities) != ENTITIES:
        command += ["--selector", *entities]
    environment = {
        "DBT_PROFILES_DIR": str(PROJECT_DIR / "profiles"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        **os.environ,
    }
    # A database error in dbt's output can quote a patient's value, so none of it is logged:
    # the names and states of the nodes come from run_results.json.
    with _running(command, environment, deadline, quiet=True) as process:
        exit_code = process.wait()
    failed = list(_failed_nodes(scratch / "target" / "run_results.json"))
    for node in failed:
        _log("ERROR", "dbt_node_failed", **node)
    if exit_code < 0:
        return INTERRUPTED, "dbt_failed"
    if exit_code == 0:
        return 0, None
    nodes = [word for node in failed for word in ("--node", str(node["node"]))]
    told, run = _pusher(["build-failed", *_of(entities), *nodes], deadline)
    # A setting, or an account that is missing, stands before anything that dbt could find.
    if told == SettingsError.exit_code:
        return told, run.get("error_code")
    return 1, "dbt_failed"


def _failed_nodes(run_results: Path) -> Iterator[dict[str, Any]]:
    if not run_results.exists():
        return
    for result in json.loads(run_results.read_text())["results"]:
        if result["status"] in ("error", "fail", "runtime error"):
            yield {
                "node": result["unique_id"],
                "status": result["status"],
                "failures": result.get("failures"),
            }


def _push(
    entities: Sequence[str], deadline: float, trace: str | None
) -> tuple[int, dict[str, Any]]:
    return _pusher(_of(entities), deadline, trace)


def _of(entities: Sequence[str]) -> list[str]:
    if tuple(entities) == ENTITIES:
        return []
    return [word for entity in entities for word in ("--entity", entity)]


def _pusher(
    arguments: Sequence[str], deadline: float, trace: str | None = None
) -> tuple[int, dict[str, Any]]:
    """`python -m pusher`; its log lines, which hold no values, pass through to ours."""
    command = [sys.executable, "-m", "pusher", *arguments]
    environment = dict(os.environ)
    if trace:
        environment["TRACE_CONTEXT"] = trace
    run: dict[str, Any] = {}
    with _running(command, environment, deadline) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            run = _canonical(line) or run
        exit_code = process.wait()
    return (INTERRUPTED if exit_code < 0 else exit_code), run


def _canonical(line: str) -> dict[str, Any]:
    """From the pusher's one line per run: its id, its error code and the numbers."""
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    if not isinstance(event, dict) or event.get("event") != "run_finished":
        return {}
    numbers = {name: value for name, value in event.items() if isinstance(value, int | float)}
    return {
        "run_id": event.get("run_id"),
        "error_code": event.get("error_code"),
        **numbers,
        "counts": event.get("counts", {}),
    }


# ---------- subprocesses


@contextmanager
def _running(
    command: list[str], environment: dict[str, str], deadline: float, *, quiet: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """A step that gets SIGTERM at the deadline, or when we do, and SIGKILL after a grace."""
    process = subprocess.Popen(
        command,
        cwd=PROJECT_DIR,
        env=environment,
        stdout=subprocess.DEVNULL if quiet else subprocess.PIPE,
        stderr=subprocess.DEVNULL if quiet else None,
        text=True,
        bufsize=1,
    )
    timers: list[threading.Timer] = []

    def kill_later() -> None:
        timers.append(threading.Timer(GRACE_SECONDS, process.kill))
        timers[-1].daemon = True
        timers[-1].start()

    def stop() -> None:
        process.terminate()
        kill_later()

    if deadline != float("inf"):
        timers.append(threading.Timer(max(0.0, deadline - time.monotonic()), stop))
        timers[-1].daemon = True
        timers[-1].start()
    # Only the main thread may set a handler. Under gunicorn this is a worker thread, and the
    # platform then kills the container, which is safe at any point.
    is_main = threading.current_thread() is threading.main_thread()
    previous = signal.signal(signal.SIGTERM, lambda *_: stop()) if is_main else None
    try:
        yield process
    finally:
        for timer in timers:
            timer.cancel()
        if is_main:
            signal.signal(signal.SIGTERM, previous)
        if process.poll() is None:
            process.kill()
            process.wait()


def _log(severity: str, event: str, **fields: Any) -> None:
    line = {"severity": severity, "message": event.replace("_", " "), "event": event, **fields}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
