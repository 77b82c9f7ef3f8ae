"""Runs that end before a session are told to people, once per change of state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pusher.conftest import Done, World, events, upsert
from tests.pusher.test_notify import webhook


@pytest.fixture
def slack() -> Iterator[tuple[str, list[dict[str, str]]]]:
    with webhook(200) as hook:
        yield hook


def first_lines(received: list[dict[str, str]]) -> list[str]:
    return [message["text"].splitlines()[0] for message in received]


def run_finished(done: Done) -> dict[str, object]:
    return next(e for e in events(done.stdout) if e["event"] == "run_finished")


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ({"BATCH_SIZE": "many"}, "bad_setting"),
        ({"GCP_PROJECT_ID": ""}, "no_project"),
        ({"BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:9"}, "bigquery_"),
        ({"HUBSPOT_TOKEN": ""}, "no_token"),
    ],
)
def test_an_outage_is_told_once_and_so_is_its_end(
    world: World, slack: tuple[str, list[dict[str, str]]], broken: dict[str, str], code: str
) -> None:
    """Also where the warehouse is what fails, or is not reached at all."""
    url, received = slack
    quick = {"SLACK_WEBHOOK_URL": url, "BQ_RETRY_SECONDS": "1", "BQ_TIMEOUT_SECONDS": "1"}
    for _ in range(3):
        done = world.run(**quick, **broken)
        assert done.returncode in (1, 2)
        assert code in str(run_finished(done)["error_code"])
    assert len(received) == 1
    assert f"failed: {code}" in first_lines(received)[0]

    assert world.run(SLACK_WEBHOOK_URL=url).returncode == 0
    assert world.run(SLACK_WEBHOOK_URL=url).returncode == 0
    assert len(received) == 2
    assert "recovered from failed" in first_lines(received)[1]


def test_one_trouble_after_another_is_one_change_of_state(
    world: World, slack: tuple[str, list[dict[str, str]]]
) -> None:
    """The ledger knows of the token, and of neither the warehouse nor the setting."""
    url, received = slack
    quick = {"SLACK_WEBHOOK_URL": url, "BQ_RETRY_SECONDS": "1", "BQ_TIMEOUT_SECONDS": "1"}
    down, wrong = {"BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:9"}, {"BATCH_SIZE": "many"}
    token = {"SLACK_WEBHOOK_URL": url, "HUBSPOT_TOKEN": "wrong"}
    for broken in (token, quick | down, quick | wrong, token, quick | down):
        assert world.run(**broken).returncode in (1, 2)
    assert [line for line in first_lines(received) if "unauthorized" in line] == first_lines(
        received
    )
    assert len(received) == 1

    assert world.run(SLACK_WEBHOOK_URL=url).returncode == 0
    world.run(**quick, **down)
    assert len(received) == 3
    assert "failed: bigquery_" in first_lines(received)[2]


@pytest.mark.parametrize(
    "broken", [{"BATCH_SIZE": "many"}, {"BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:9"}]
)
def test_a_mail_leads_to_the_lines_of_its_run(
    world: World, slack: tuple[str, list[dict[str, str]]], broken: dict[str, str]
) -> None:
    """Also of one that ended before it had begun."""
    url, received = slack
    quick = {"SLACK_WEBHOOK_URL": url, "BQ_RETRY_SECONDS": "1", "BQ_TIMEOUT_SECONDS": "1"}
    run_id = run_finished(world.run(**quick, **broken))["run_id"]

    assert run_id
    assert f'jsonPayload.run_id="{run_id}"' in received[0]["text"]


def test_where_nothing_could_be_looked_up_the_mail_says_so(
    world: World, slack: tuple[str, list[dict[str, str]]]
) -> None:
    url, received = slack
    world.run(SLACK_WEBHOOK_URL=url, BATCH_SIZE="many")

    assert "no earlier run" not in received[0]["text"]
    assert "another machine may tell this again" in received[0]["text"]
    assert "BATCH_SIZE" in received[0]["text"]


def test_a_build_that_failed_is_told_with_what_its_tests_found(
    world: World, slack: tuple[str, list[dict[str, str]]]
) -> None:
    url, received = slack
    stamp = {"entity": "patients", "status": "failed", "started_at": "2026-11-26T01:00:00Z"}
    problem = {"problems": "column HomePhone is gone", "invocation_id": "i-1", "settings": "[]"}
    world.insert("reverse_etl_builds", [stamp | problem])
    arguments = ("build-failed", "--entity", "patients", "--node", "test.source_is_whole")
    done = world.run(*arguments, SLACK_WEBHOOK_URL=url)
    world.run(*arguments, SLACK_WEBHOOK_URL=url)

    assert done.returncode == 1
    assert "dbt_failed: column HomePhone is gone; test.source_is_whole" in done.stderr
    assert "column HomePhone is gone" in str(run_finished(done)["hint"])
    assert len(received) == 1
    assert "column HomePhone is gone" in received[0]["text"]
    assert first_lines(received) == ["[reverse-etl] patients failed: dbt_failed at build"]
    ledger = world.query("select status, phase from etl.reverse_etl_run_ledger")
    assert ledger == [{"status": "failed", "phase": "build"}] * 2


@pytest.mark.parametrize(
    ("broken", "exit_code", "said"),
    [
        # On the real Google, with a key that is not there.
        (
            {"BIGQUERY_EMULATOR_HOST": "", "HUBSPOT_BASE": ""},
            2,
            "no_credentials: no Google account: `gcloud auth application-default login`",
        ),
        ({"BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:9"}, 1, "dbt_failed: bigquery_"),
    ],
)
def test_a_build_that_could_not_begin_says_why(
    world: World, broken: dict[str, str], exit_code: int, said: str
) -> None:
    """No test has found anything then, and whoever looks for one loses an hour."""
    account = {"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere/key.json"}
    quick = {"BQ_RETRY_SECONDS": "1", "BQ_TIMEOUT_SECONDS": "1", **account}
    done = world.run("build-failed", **quick, **broken)

    assert done.returncode == exit_code
    assert said in done.stderr
    assert "Tests that stop" not in done.stderr
    assert str(run_finished(done)["hint"])[:20] in done.stderr


def test_a_module_that_is_missing_names_the_way_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the virtual environment is not active."""
    world.decide(upsert("1"))
    monkeypatch.setitem(__import__("sys").modules, "pusher.run", None)
    done = world.run()

    assert done.returncode == 2
    assert "missing_module" in done.stderr
    assert ".venv/bin/activate" in done.stderr
    assert "make setup" in done.stderr
