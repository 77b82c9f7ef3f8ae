"""BigQuery through its real client, with a proxy in between that breaks things to order."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import pytest
import requests
from google.api_core import exceptions as google_errors
from google.auth import compute_engine
from google.auth.compute_engine import _metadata

from pusher import logs
from pusher.errors import Failed, SettingsError
from pusher.warehouse import Warehouse
from tests.pusher.conftest import World
from tests.pusher.proxy import FaultyProxy, Rule


@pytest.fixture
def behind(world: World, proxy: FaultyProxy) -> Warehouse:
    return Warehouse(world.settings(BIGQUERY_EMULATOR_HOST=proxy.url))


def line(name: str) -> bytes:
    return json.dumps({"name": name, "called_at": datetime.now(UTC).isoformat()}).encode() + b"\n"


@pytest.mark.parametrize(
    "rule",
    [
        Rule("jobs", times=3, status=503),
        Rule("jobs", times=2, status=429, reason="rateLimitExceeded"),
        Rule("jobs", times=2, status=403, reason="quotaExceeded"),
        Rule("jobs", times=1, lose_answer=True),
        Rule("jobs", times=1, cut=True),
        Rule("jobs", times=1, page="<html>Please wait</html>"),
        Rule("queries/", times=2, status=500),
        Rule("queries/", times=2, cut=True),
    ],
    ids=[
        "503",
        "429",
        "quota",
        "lost answer",
        "half an answer",
        "a page",
        "result",
        "half a result",
    ],
)
def test_transient_errors_of_a_statement_are_tried_again(
    behind: Warehouse, proxy: FaultyProxy, rule: Rule
) -> None:
    """Ours are the only retries: short, and the same everywhere."""
    proxy.rules = [rule]

    assert behind.query("select 1 as one") == [{"one": 1}]
    assert rule.fired == rule.times


def test_a_statement_that_is_wrong_fails_at_once(behind: Warehouse, proxy: FaultyProxy) -> None:
    """And what BigQuery says about it stays out of the error."""
    with pytest.raises(Failed) as caught:
        behind.query("select cast('Jane Doe' as int64) as x")

    assert "Jane" not in str(caught.value)


def test_a_missing_view_is_a_settings_error_that_names_the_way_out(warehouse: Warehouse) -> None:
    with pytest.raises(SettingsError) as caught:
        warehouse.query("select * from etl.nothing")

    assert "dbt build" in str(caught.value)


def test_dml_counts_and_parameters(world: World, warehouse: Warehouse) -> None:
    """Text, instants, and lists of text."""
    changed = warehouse.execute(
        "insert into etl.calls (name, called_at)"
        " select name, @called_at from unnest(@names) as name",
        names=["a", "b"],
        called_at=datetime.now(UTC),
    )
    found = warehouse.query(
        "select name from etl.calls where name in unnest(@names) or name = @one order by name",
        names=["a", "x"],
        one="b",
    )

    assert changed == 2
    assert [row["name"] for row in found] == ["a", "b"]


def test_an_argument_of_a_call_cannot_end_its_literal(warehouse: Warehouse) -> None:
    """What an operator types reaches SQL as text or not at all."""
    with pytest.raises(SettingsError):
        warehouse.call("request_replay", "x'); drop table etl.calls; --", "", "")


def test_an_append_is_all_or_nothing(world: World, warehouse: Warehouse) -> None:
    """One bad line, and none is there."""
    with pytest.raises(Failed):
        warehouse.append("calls", BytesIO(line("a") + b'{"called_at": "Jane Doe"}'))
    assert world.calls("a") == 0

    warehouse.append("calls", BytesIO(line("a") + line("b")))
    assert world.calls("a") == 1


def test_a_failing_append_is_tried_again_and_says_so(
    world: World, behind: Warehouse, proxy: FaultyProxy
) -> None:
    """So that sending can pause meanwhile."""
    failures: list[int] = []
    proxy.rules = [Rule("upload", times=2)]
    behind.append("calls", BytesIO(line("a")), on_failure=lambda: failures.append(1))

    assert world.calls("a") == 1
    assert len(failures) == 2


def test_a_job_whose_answer_was_lost_is_asked_for_where_the_dataset_is(
    world: World, behind: Warehouse, proxy: FaultyProxy
) -> None:
    """Not begun again: BigQuery keeps its id, and knows it by id and location together."""
    proxy.location = "us-east4"
    proxy.rules = [Rule("fold_results", lose_answer=True)]
    behind.call("fold_results")
    behind.query("select 1 as one")

    assert world.calls("fold_results") == 1
    assert {job["jobReference"]["location"] for job in proxy.jobs} == {"us-east4"}
    assert len({job["jobReference"]["jobId"] for job in proxy.jobs}) == 2


def test_the_setting_overrides_the_location(world: World, proxy: FaultyProxy) -> None:
    """And the dataset is not asked for it."""
    proxy.rules = [Rule("/datasets/etl?")]
    Warehouse(world.settings(BIGQUERY_EMULATOR_HOST=proxy.url, BQ_LOCATION="EU")).query("select 1")

    assert [job["jobReference"]["location"] for job in proxy.jobs] == ["EU"]
    assert not proxy.rules[0].fired


def test_a_dataset_that_may_not_be_looked_at_does_not_stop_statements(
    behind: Warehouse, proxy: FaultyProxy
) -> None:
    """BigQuery finds the location out from the tables of a statement."""
    proxy.rules = [Rule("/datasets/etl", times=99, status=403, reason="accessDenied")]

    assert behind.query("select 1 as one") == [{"one": 1}]


@pytest.mark.parametrize("path", ["upload", "jobs", "/datasets/etl", "queries/"])
def test_a_request_that_is_swallowed_is_given_up_soon_and_sent_again(
    world: World, proxy: FaultyProxy, path: str
) -> None:
    """A half-open connection would keep a run for ever, uploads of results as well."""
    settings = world.settings(BIGQUERY_EMULATOR_HOST=proxy.url, BQ_TIMEOUT_SECONDS="0.5")
    proxy.rules = [Rule(path, swallow=True)]
    warehouse = Warehouse(settings)
    warehouse.append("calls", BytesIO(line("a")))

    assert warehouse.query("select count(*) as n from etl.calls") == [{"n": 1}]
    assert proxy.rules[0].fired == 1


def test_an_outage_is_waited_out_by_time_and_not_by_tries(world: World, proxy: FaultyProxy) -> None:
    """However few tries HubSpot gets; and it ends."""
    settings = world.settings(
        BIGQUERY_EMULATOR_HOST=proxy.url, MAX_RETRIES="0", BQ_RETRY_SECONDS="0.3"
    )
    proxy.rules = [Rule("jobs", times=4)]
    assert Warehouse(settings).query("select 1 as one") == [{"one": 1}]

    proxy.rules = [Rule("jobs", times=10_000)]
    with pytest.raises(Failed, match="backendError"):
        Warehouse(settings).query("select 1 as one")


def test_a_job_that_failed_is_not_held_against_the_next_attempt(
    behind: Warehouse, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets an id of its own, and keeps it where its answer is lost."""
    begun: list[str] = []

    class Job:
        job_id = "j"
        error_result = None

        def result(self, **options: object) -> list[object]:
            if len(begun) > 1:
                return []
            self.error_result = {"reason": "backendError"}
            raise google_errors.InternalServerError("it broke")

    def query(sql: str, job_id: str, **options: object) -> Job:
        begun.append(job_id)
        if len(begun) == 2:
            raise requests.ConnectionError
        return Job()

    monkeypatch.setattr(behind._client, "query", query)
    behind.query("select 1")

    assert len(begun) == 3
    assert begun[0] != begun[1] == begun[2]


class Metadata:
    """Compute Engine's metadata server, which cannot give a token `failures` times."""

    def __init__(self, failures: int) -> None:
        metadata = self
        self.failures = failures

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_down = metadata.failures > 0
                metadata.failures -= 1
                token = {"access_token": "t", "expires_in": 1, "token_type": "Bearer"}
                body = json.dumps(token if "token" in self.path else {"email": "x", "scopes": []})
                self.send_response(503 if is_down else 200)
                self.send_header("Metadata-Flavor", "Google")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.mark.parametrize("failures", [2, 10**6], ids=["for a moment", "for good"])
def test_credentials_that_cannot_be_refreshed_for_a_moment_are_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    """It passes as a 503 of BigQuery does. google-auth tries only so often by itself."""
    metadata = Metadata(failures)
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", f"127.0.0.1:{metadata.server.server_port}")
    monkeypatch.setattr(_metadata.get, "__defaults__", _once(_metadata.get.__defaults__))
    monkeypatch.setattr("pusher.warehouse.AnonymousCredentials", compute_engine.Credentials)
    warehouse = Warehouse(world.settings(BQ_RETRY_SECONDS="0.5"))

    if failures == 2:
        assert warehouse.query("select 1 as one") == [{"one": 1}]
    else:
        with pytest.raises(Failed, match="RefreshError"):
            warehouse.query("select 1 as one")
    metadata.server.shutdown()


def test_a_refused_certificate_is_no_outage(world: World, untrusted: str) -> None:
    """Ten minutes of trying would end the same way."""
    with pytest.raises(Failed) as caught:
        Warehouse(world.settings(BIGQUERY_EMULATOR_HOST=untrusted)).query("select 1 as one")

    assert caught.value.code == "tls_failed"


def _once(defaults: Any) -> Any:
    """Without google-auth's own five tries, which take half a minute."""
    return tuple(1 if value == 5 else value for value in defaults)


def test_jobs_carry_labels(behind: Warehouse, proxy: FaultyProxy) -> None:
    """What INFORMATION_SCHEMA.JOBS can be asked by, in letters that a label may have."""
    logs.bind(run_id="RUN-1 ü" + "x" * 99)
    logs.phase("mirror")
    behind.query("select 1")

    labels = proxy.jobs[0]["configuration"]["labels"]
    assert labels == {"app": "reverse-etl", "run_id": "run-1__" + "x" * 56, "step": "mirror"}
    assert int(proxy.jobs[0]["configuration"]["jobTimeoutMs"]) == 900_000


def test_pages_come_one_by_one_and_a_failed_one_is_read_again(
    behind: Warehouse, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every row once, whatever happens in between."""
    monkeypatch.setattr("pusher.warehouse.PAGE_ROWS", 1000)
    proxy.rules = [Rule("pageToken", times=1, skip=2)]
    sql = "select x, x + 1 as y from unnest(generate_array(1, 4500)) as x"
    pages = list(behind.pages(sql))

    assert [len(page) for page in pages] == [1000, 1000, 1000, 1000, 500]
    rows = {(str(number), str(number + 1)) for number in range(1, 4501)}
    assert {row for page in pages for row in page} == rows


def test_round_trips_are_counted_and_timed(warehouse: Warehouse) -> None:
    before = warehouse.round_trips
    warehouse.query("select 1 as one")

    assert warehouse.round_trips == before + 1
    assert warehouse.seconds > 0


def test_nothing_of_a_load_error_is_logged(warehouse: Warehouse, logged: Callable[[], str]) -> None:
    """BigQuery quotes the offending line; the log has its reason and its job."""
    with pytest.raises(Failed) as caught:
        warehouse.append("calls", BytesIO(b'{"name": "x", "called_at": "Jane Doe"}'))

    assert "Jane" not in str(caught.value) + logged()
    assert "bigquery_error" in logged()
