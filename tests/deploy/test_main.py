"""main.py: the functions over real HTTP, and the same job as a command, on the local stack."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

import main
from sandbox.sample_data import Clinic, fill
from sandbox.stack import LocalStack
from tests.deploy.conftest import PROJECT_DIR

LOG_FIELDS = {
    "severity", "message", "event", "deployment", "entity", "status", "step", "exit_code",
    "error_code", "seconds",
}  # fmt: skip


# ---------- exit codes


@pytest.mark.parametrize(
    ("exit_code", "status", "http_status"),
    [
        (0, "success", 200),
        (1, "failed", 500),
        (2, "misconfigured", 500),
        (3, "lease_held", 409),
        (4, "stopped", 500),
        (5, "partial", 500),
        (143, "interrupted", 500),
        (137, "failed", 500),
    ],
)
def test_an_exit_code_becomes_a_status(exit_code: int, status: str, http_status: int) -> None:
    """Only a held lease is neither good nor an alarm: the scheduler tries again."""
    summary = main.Summary(("patients",), "push", exit_code, 1.0)

    assert summary.status == status
    assert summary.http_status == http_status


def test_a_summary_takes_only_codes_and_numbers_from_the_pusher_s_line() -> None:
    line = {
        "severity": "ERROR",
        "message": "run finished",
        "event": "run_finished",
        "run_id": "run-7",
        "status": "failed",
        "error_code": "unauthorized",
        "hint": "a text",
        "sent": 3,
        "counts": {"patients": {"create": 3}},
    }

    assert main._canonical(json.dumps(line)) == {
        "run_id": "run-7",
        "error_code": "unauthorized",
        "sent": 3,
        "counts": {"patients": {"create": 3}},
    }
    assert main._canonical(json.dumps({**line, "event": "phase"})) == {}
    assert main._canonical("not JSON") == main._canonical("[1]") == {}


def test_failed_nodes_are_named_without_their_messages(tmp_path: Path) -> None:
    """A database error quotes the value that it could not convert."""
    results = [
        {"unique_id": "test.a", "status": "fail", "failures": 2, "message": "Got 2: Jane Doe"},
        {"unique_id": "model.b", "status": "error", "message": "Bad value: Jane Doe"},
        {"unique_id": "model.c", "status": "success", "message": "ok"},
        {"unique_id": "test.d", "status": "warn", "failures": 1, "message": "Jane Doe"},
    ]
    path = tmp_path / "run_results.json"
    path.write_text(json.dumps({"results": results}))

    assert list(main._failed_nodes(path)) == [
        {"node": "test.a", "status": "fail", "failures": 2},
        {"node": "model.b", "status": "error", "failures": None},
    ]
    assert list(main._failed_nodes(tmp_path / "missing.json")) == []


def test_an_unknown_entity_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["doctors"]) == 2
    assert "usage: python main.py" in capsys.readouterr().err


@pytest.mark.parametrize("steps", ["dbt push", "dbt,pusher", ","])
def test_a_step_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch, steps: str) -> None:
    """It would be left out without a word, every night."""
    monkeypatch.setenv("SYNC_STEPS", steps)
    summary = main.sync(["rois"])

    assert (summary.exit_code, summary.error_code) == (2, "bad_setting")


@pytest.mark.parametrize("program", ["main.py", "-msandbox.query"])
def test_without_its_packages_it_says_how_to_get_them(program: str) -> None:
    """As where the virtual environment is not active. -S leaves its packages out."""
    done = subprocess.run(
        [sys.executable, "-S", program], cwd=PROJECT_DIR, capture_output=True, text=True
    )

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr
    assert "`source .venv/bin/activate`, or `make setup`" in done.stderr


@pytest.mark.slow
def test_without_settings_it_is_the_settings_that_are_wrong(tmp_path: Path) -> None:
    """And not the build, which knows no better than to fail."""
    kept = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(PROJECT_DIR / "main.py"), "rois"],
        env=kept, capture_output=True, text=True,
    )  # fmt: skip
    summary = json.loads(done.stdout.splitlines()[-1])

    assert (done.returncode, summary["status"]) == (2, "misconfigured")
    assert summary["error_code"] == "no_project"
    assert "set GCP_PROJECT_ID" in done.stderr


# ---------- on the local stack


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack of its own with a small clinic: these tests build on each other's runs."""
    with LocalStack(work_dir=tmp_path_factory.mktemp("functions")) as stack:
        clinic = Clinic(seed=6, patients=60, rois=20)
        fill(stack.bigquery, stack.hubspot, stack.gcp_project, clinic)
        yield stack


@pytest.fixture(scope="module")
def built(filled: LocalStack) -> LocalStack:
    """After the whole build that the runbook's first day asks for."""
    assert f"The data set is {filled.etl}." in filled.dbt("build").stdout
    return filled


def environment(stack: LocalStack, extra: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, **stack.env, **extra}


@contextmanager
def function(stack: LocalStack, target: str, **settings: str) -> Iterator[tuple[str, Path]]:
    """A function as the platform serves it; gives its URL and its log."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    log_path = stack.work_dir / f"{target}-{port}.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("functions-framework")),
                f"--target={target}", f"--source={PROJECT_DIR / 'main.py'}",
                "--host=127.0.0.1", f"--port={port}",
            ],
            cwd=stack.work_dir,
            env=environment(stack, settings),
            stdout=log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}", log_path
    finally:
        process.terminate()
        process.wait(30)


def call(url: str, method: str = "POST", **headers: str) -> requests.Response:
    with requests.Session() as session:
        # Refused connections only: the server needs a moment to listen.
        patience = Retry(connect=9, read=0, status=0, redirect=0, backoff_factor=0.1)
        session.mount("http://", HTTPAdapter(max_retries=patience))
        session.trust_env = False
        return session.request(method, url, headers=headers, timeout=300)


def lines_of(log: Path) -> list[dict[str, Any]]:
    lines = log.read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def finished(log: Path) -> list[dict[str, Any]]:
    return [line for line in lines_of(log) if line.get("event") == "sync_finished"]


@pytest.mark.slow
class TestFunctions:
    """In the order of a first evening."""

    def test_only_post_starts_a_sync(self, filled: LocalStack) -> None:
        with function(filled, "sync_patients") as (url, log):
            answer = call(url, "GET")

        assert answer.status_code == 405
        assert finished(log) == []

    def test_a_push_without_a_build_is_misconfigured(self, filled: LocalStack) -> None:
        with function(filled, "sync_patients", SYNC_STEPS="push") as (url, log):
            answer = call(url)

        assert answer.status_code == 500
        assert answer.json()["status"] == "misconfigured"
        assert answer.json()["error_code"] == "not_built"
        assert finished(log)[0]["severity"] == "ERROR"

    def test_a_sync_answers_200_with_counts(self, built: LocalStack) -> None:
        trace = "0af7651916cd43dd8448eb211c80319c"
        with function(built, "sync_patients") as (url, log):
            header = {"X-Cloud-Trace-Context": f"{trace}/1;o=1"}
            answer = call(url, **header)

        summary = answer.json()
        assert answer.status_code == 200, log.read_text()[-3000:]
        assert summary["entities"] == ["patients"]
        assert summary["status"] == "success"
        assert summary["run"]["sent"] == summary["run"]["confirmed"] > 0
        (line,) = finished(log)
        assert line.keys() <= LOG_FIELDS
        assert line["entity"] == "patients"
        traces = {entry.get("logging.googleapis.com/trace") for entry in lines_of(log)}
        assert f"projects/{built.gcp_project}/traces/{trace}" in traces

    def test_sigterm_reaches_the_push(self, built: LocalStack) -> None:
        """As a Cloud Run job that is cancelled while HubSpot has not answered yet."""
        built.hubspot.fault("hold", match={"path_regex": "upsert"}, name="held", seconds=120)
        with subprocess.Popen(
            [sys.executable, str(PROJECT_DIR / "main.py"), "rois"],
            cwd=built.work_dir,
            env=environment(built, {}),
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                while not built.hubspot.wait_fired("held", timeout=5):
                    assert process.poll() is None, "it ended before it sent anything"
                process.terminate()
                said, _ = process.communicate(timeout=60)
            finally:
                process.kill()
                built.hubspot.release("held")
                built.hubspot.clear_faults()

        summary = json.loads(said.splitlines()[-1])
        assert process.returncode == main.INTERRUPTED
        assert summary["status"] == summary["error_code"] == "interrupted"
        assert summary["step"] == "push"

    def test_the_other_function_goes_on_from_there(self, built: LocalStack) -> None:
        with function(built, "sync_rois", SYNC_STEPS="push") as (url, _):
            summary = call(url).json()

        assert summary["status"] == "success"
        assert summary["run"]["counts"].keys() == {"rois"}
        # What HubSpot had taken without an answer is seen to be there, and is not sent again.
        (rois,) = built.query(
            f"""select countif(state in ('create', 'update')) as due,
                countif(state = 'unchanged') as in_step
            from `{built.etl}.sync_status` where entity = 'rois'"""
        )
        assert rois["due"] == 0 < rois["in_step"]

    def test_what_is_confirmed_is_not_sent_again(self, built: LocalStack) -> None:
        """A record may fall due because a rival has found its contact; none goes out twice."""
        with function(built, "sync_patients", SYNC_STEPS="push") as (url, _):
            summary = call(url).json()

        sent_twice = built.query(
            f"""select entity, natural_key from `{built.etl}.reverse_etl_push_log`
            where outcome in ('created', 'updated')
            group by entity, natural_key, payload_hash having count(*) > 1"""
        )
        assert summary["status"] == "success"
        assert summary["run"]["sent"] < 5
        assert sent_twice == []

    def test_nothing_of_a_patient_is_answered_or_logged(self, built: LocalStack) -> None:
        """In all that the functions have said so far."""
        said = "".join(path.read_text() for path in built.work_dir.glob("sync_*.log"))
        rows = built.query(
            f"select Email, FirstName, LastName from `{built.amd}.PatientsWithStatistics`"
        )
        values = {str(value) for row in rows for value in row.values() if value}

        assert len(values) > 50
        assert [value for value in values if len(value) > 5 and value in said] == []

    def test_a_held_lease_is_409(self, built: LocalStack) -> None:
        lease = f"`{built.etl}.reverse_etl_lease`"
        built.query(
            f"""update {lease} set holder = 'another', run_id = 'another',
            expires_at = timestamp_add(current_timestamp(), interval 1 hour) where true"""
        )
        try:
            with function(built, "sync_patients", SYNC_STEPS="push") as (url, log):
                answer = call(url)
        finally:
            built.query(f"update {lease} set holder = null, expires_at = null where true")

        assert answer.status_code == 409
        assert answer.json()["status"] == "lease_held"
        assert finished(log)[0]["severity"] == "INFO"

    def test_a_refused_token_is_500(self, built: LocalStack) -> None:
        settings = {"SYNC_STEPS": "push", "HUBSPOT_TOKEN": "pat-of-somebody-else"}
        with function(built, "sync_patients", **settings) as (url, log):
            answer = call(url)

        assert answer.status_code == 500
        assert answer.json()["error_code"] == "unauthorized"
        assert finished(log)[0]["error_code"] == "unauthorized"
        assert "pat-of-somebody-else" not in answer.text + log.read_text()

    def test_a_failed_gate_of_dbt_is_500_and_pushes_nothing(self, built: LocalStack) -> None:
        """An emptied source is an error of the build, not a night without patients."""
        built.query(f"delete from `{built.amd}.ROIs` where true")
        with function(built, "sync_rois") as (url, log):
            summary = call(url).json()

        assert summary["status"] == "failed"
        assert summary["step"] == "dbt"
        assert summary["error_code"] == "dbt_failed"
        assert summary["run"] == {}
        failed = [line for line in lines_of(log) if line.get("event") == "dbt_node_failed"]
        assert failed
        assert all(line["node"] for line in failed)


@pytest.mark.slow
def test_the_deadline_stops_the_work_in_order(filled: LocalStack) -> None:
    """The scheduler's patience is shorter than a long night: what is left comes next time."""
    done = subprocess.run(
        [sys.executable, str(PROJECT_DIR / "main.py")],
        cwd=filled.work_dir,
        env=environment(filled, {"SYNC_DEADLINE_SECONDS": "1"}),
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == main.INTERRUPTED
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["entity"] for line in lines if line.get("event")] == ["patients", "rois"]
    assert lines[-1]["status"] == "interrupted"
    assert lines[-1]["seconds"] < 60
