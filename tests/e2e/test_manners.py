"""What people start by hand: it says what it does, and ends clean when they have seen enough."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox.stack import PROJECT_DIR, SETTINGS_FILE


@contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    """With a process group of its own: a terminal sends Ctrl-C to all of it."""
    process = subprocess.Popen(
        command,
        cwd=PROJECT_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def read_until(process: subprocess.Popen[str], word: str) -> str:
    assert process.stdout is not None
    lines = ""
    for line in process.stdout:
        lines += line
        if word in line:
            return lines
    raise AssertionError(f"{word!r} never came:\n{lines}")


def interrupted(process: subprocess.Popen[str]) -> str:
    os.killpg(process.pid, signal.SIGINT)
    rest, _ = process.communicate(timeout=120)
    return rest


@pytest.mark.slow
def test_the_stack_writes_a_file_to_source_and_takes_it_along() -> None:
    with started(sys.executable, "-u", "-m", "sandbox.stack", "--empty") as stack:
        read_until(stack, "sandbox.query")
        asked = subprocess.run(
            ["bash", "-c", f"source {SETTINGS_FILE}; env; {sys.executable} -m sandbox.query "
             "'select 41 + 1 as answer'"],
            cwd=PROJECT_DIR,
            env={**os.environ, "DBT_TARGET": "prod", "ID_MAP_TABLE": "p.etl.id_map"},
            capture_output=True,
            text=True,
            check=True,
        )  # fmt: skip
        rest = interrupted(stack)

    assert asked.stdout.split()[-2:] == ["answer", "42"]
    assert "DBT_TARGET" not in asked.stdout
    assert "ID_MAP_TABLE" not in asked.stdout
    assert stack.returncode == 0
    assert "Traceback" not in rest
    assert not SETTINGS_FILE.exists()


def test_a_question_to_a_stack_that_has_ended_gets_one_line() -> None:
    with socket.socket() as nobody:  # bound and not listening
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        asked = subprocess.run(
            [sys.executable, "-m", "sandbox.query", "select 1 as one"],
            cwd=PROJECT_DIR,
            env={**os.environ, "BIGQUERY_EMULATOR_HOST": url},
            capture_output=True,
            text=True,
            check=False,
        )

    assert asked.returncode == 1
    assert asked.stderr.splitlines() == [
        "The local stack has ended: `make stack`, and load its settings."
    ]


@pytest.mark.slow
def test_the_demo_ends_clean_on_ctrl_c() -> None:
    size = "DEMO_ARGS=--patients 20 --rois 10 --contacts 10"
    # As if all were installed: a test installs nothing.
    with started("make", "-o", ".venv/.installed", "demo", size) as demo:
        said = read_until(demo, "$ dbt build")
        rest = interrupted(demo)

    assert "Starting" in said
    assert demo.returncode == -signal.SIGINT
    assert rest.split("\n", 1)[1].strip() == "Stopped; nothing is left running."
