"""Structured logs: JSON lines that Cloud Logging reads, or plain text on a terminal.

A field is logged only if its name is on the allow-list below, and other libraries' records are
dropped: their debug output and exception texts can hold what HubSpot or BigQuery answered.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
import warnings
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO
from uuid import uuid4

FIELDS = re.findall(
    r"\w+",
    """
    attempt batch_rows bigquery_round_trips bigquery_seconds code codes command confirmed
    correlation_id count_value counts created dataset duration_seconds entity error_code exit_code
    finding hint hubspot_requests job_id kind lane limit_value max_requests mode not_confirmed
    portal project property queued rows sent staged status step unrecorded updated wait_seconds
    what_to_do window_seconds
    """,
)
LAST_EVENTS = 50

_logger = logging.getLogger("pusher")
_labels: dict[str, str] = {}
_step = ""
_last: deque[Mapping[str, Any]] = deque(maxlen=LAST_EVENTS)


def setup(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send our events to `stream` (stdout), and nobody else's to anywhere."""
    # Google's libraries would show requests, the token among them, in logs of their own.
    for name in ("GOOGLE_SDK_PYTHON_LOGGING_SCOPE", "GRPC_TRACE", "GRPC_VERBOSITY"):
        os.environ.pop(name, None)
    stream = stream or sys.stdout
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Text() if stream.isatty() else _Json())
    _logger.handlers = [handler]
    _logger.setLevel(level)
    _logger.propagate = False
    logging.getLogger().handlers = [logging.NullHandler()]
    logging.raiseExceptions = False
    warnings.simplefilter("ignore")
    # A traceback shows values (a KeyError its key, a JSON error its document): name the type only.
    sys.excepthook = lambda kind, error, trace: event("crashed", severity="ERROR", code=_code(kind))
    threading.excepthook = lambda args: event(
        "crashed", severity="ERROR", code=_code(args.exc_type)
    )


def bind(**labels: str) -> None:
    """Put labels, the run id say, on every later event; `trace` links it to a request."""
    _labels.update(labels)


def run_id() -> str:
    """Of this run, also where it ends before it has begun: by it people find its lines."""
    return _labels.setdefault("run_id", str(uuid4()))


def event(name: str, *, severity: str = "INFO", **fields: Any) -> None:
    """Log one event. The name is a fixed word; what varies goes into allow-listed fields."""
    level = getattr(logging, severity)
    known = {key: value for key, value in fields.items() if key in FIELDS and value is not None}
    if level >= logging.INFO:
        _last.append({"time": _now(), "severity": severity, "event": name, **known})
    if _logger.isEnabledFor(level):
        _logger.log(level, name.replace("_", " "), extra={"fields": {"event": name, **known}})


def phase(name: str) -> None:
    """Log that a run enters a phase; operators and tests look for these lines by `step`."""
    global _step
    _step = name
    event("phase", step=name)


def step() -> str:
    """The last phase entered."""
    return _step


def labels() -> dict[str, str]:
    """What marks BigQuery's jobs as ours, in the letters that a label may have."""
    values = {"app": "reverse-etl", "run_id": _labels.get("run_id", ""), "step": _step}
    return {key: re.sub(r"[^a-z0-9_-]", "_", text.lower())[:63] for key, text in values.items()}


def printable(text: str) -> str:
    """Text from outside, fit for a terminal: without escapes, or marks that turn its order."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def printable_lines(text: str) -> str:
    """The same of several lines of our own, which may quote such a text."""
    return "\n".join(map(printable, text.split("\n")))


def last_events() -> tuple[Mapping[str, Any], ...]:
    """The most recent events from INFO upwards, for alerts."""
    return tuple(_last)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _code(kind: type[BaseException] | None) -> str:
    return kind.__name__ if kind else "unknown"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        labels = {key: value for key, value in _labels.items() if key != "trace"}
        line = {
            "severity": record.levelname,
            "message": record.getMessage(),
            "time": _now(),
            "logging.googleapis.com/labels": labels,
            **labels,
            **getattr(record, "fields", {}),
        }
        if "trace" in _labels:
            line["logging.googleapis.com/trace"] = _labels["trace"]
        return json.dumps(line, default=str, ensure_ascii=False)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {
            name: value
            for name, value in getattr(record, "fields", {}).items()
            if name != "event" and not isinstance(value, dict)  # those are told at the end
        }
        lines = {key: str(value).replace("\n", "; ") for key, value in fields.items()}
        text = " ".join(f"{key}={printable(value)}" for key, value in lines.items())
        mark = "" if record.levelno < logging.WARNING else f"{record.levelname} "
        return f"{datetime.now():%H:%M:%S} {mark}{record.getMessage()}  {text}".rstrip()
