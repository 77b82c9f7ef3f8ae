"""Logs: an allow-list of fields, and silence of everyone else."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from pusher import logs, report
from tests.pusher.conftest import ROOT, World


def test_a_line_has_what_cloud_logging_reads(logged: Callable[[], str]) -> None:
    logs.bind(run_id="r1", trace="projects/p/traces/t")
    logs.event("run_finished", severity="ERROR", exit_code=1)

    line = json.loads(logged())
    assert (line["severity"], line["message"], line["event"]) == (
        "ERROR", "run finished", "run_finished",
    )  # fmt: skip
    assert line["logging.googleapis.com/labels"] == {"run_id": "r1"}
    assert line["logging.googleapis.com/trace"] == "projects/p/traces/t"
    assert line["exit_code"] == 1


def test_fields_that_are_not_on_the_list_are_dropped(logged: Callable[[], str]) -> None:
    """Whatever a careless call passes on."""
    logs.event("write", rows=1, properties={"firstname": "Jane"}, body="Jane")

    assert "Jane" not in logged()
    assert '"rows": 1' in logged()


@pytest.mark.parametrize("name", ["urllib3", "google.auth", "requests", "root"])
def test_other_libraries_are_silent(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Even their warnings: they may quote an answer."""
    stream = io.StringIO()
    logs.setup("DEBUG", stream)
    logging.getLogger(name).error("Jane")
    captured = capsys.readouterr()

    assert "Jane" not in stream.getvalue() + captured.out + captured.err


def test_google_s_own_log_stays_closed(world: World) -> None:
    """Its handler would write requests, the token among them, on standard error."""
    script = """
import os
from pusher import logs
logs.setup()
from google.auth.credentials import AnonymousCredentials
from google.cloud.secretmanager import SecretManagerServiceClient
client = SecretManagerServiceClient(
    credentials=AnonymousCredentials(), client_options={"api_endpoint": "localhost:1"}
)
try:
    client.access_secret_version(
        name="projects/p/secrets/s/versions/1", metadata=[("authorization", "Jane")], timeout=0.1,
        retry=None,
    )
except Exception as error:
    print(type(error).__name__)
from pusher.settings import Settings
from pusher.warehouse import Warehouse
Warehouse(Settings.from_environ(os.environ)).query("select @key as key", key="Jane")
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={
            **os.environ,
            **world.env,
            "GOOGLE_SDK_PYTHON_LOGGING_SCOPE": "google",
            "GRPC_TRACE": "all",
            "GRPC_VERBOSITY": "DEBUG",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert "Jane" not in done.stdout + done.stderr
    assert "equest" not in done.stderr


def test_what_comes_from_outside_cannot_steer_a_terminal() -> None:
    """A label from HubSpot with an escape, a C1 control, a mark that turns the writing round."""
    planted = "a\x1b[2J\x9b31m\u202eb\nc"

    assert logs.printable(planted) == "a\ufffd[2J\ufffd31m\ufffdb\ufffdc"
    assert logs.printable("Zoë 中 😀") == "Zoë 中 😀"
    table = report.text({"portal": [{"label": planted}]})
    assert not any(letter in table for letter in "\x1b\x9b\u202e")


def test_a_hint_of_several_lines_is_one_line_on_a_terminal() -> None:
    record = logging.makeLogRecord(
        {"msg": "gate", "levelno": 20, "fields": {"event": "gate", "hint": "a\nb"}}
    )

    assert logs._Text().format(record).endswith("gate  hint=a; b")


def test_a_crash_shows_its_type_only(logged: Callable[[], str]) -> None:
    """No traceback: it would show a KeyError's key, a JSON error's document."""
    try:
        raise KeyError("Jane")
    except KeyError:
        kind, error, trace = sys.exc_info()
        assert kind
        assert error
        sys.excepthook(kind, error, trace)
    thread = threading.Thread(target=lambda: {}["Jane"])
    thread.start()
    thread.join()

    assert "Jane" not in logged()
    assert logged().count('"code": "KeyError"') == 2


def test_the_last_events_are_kept_for_alerts() -> None:
    logs.event("write", severity="DEBUG", rows=1)
    logs.event("gate", severity="ERROR", code="mass_change")

    assert logs.last_events()[-1]["event"] == "gate"
