"""No value of a patient leaves BigQuery and HubSpot: not in any log of any run of this suite.

Recognisable values stand in every column of the source, in HubSpot's messages and in BigQuery's;
every test before this one has left its output behind, at DEBUG.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.chaos.clinic import LONG, MARK, PLANTED_IDS, leaks
from tests.chaos.conftest import Mailbox
from tests.chaos.world import EndState, World


def _logs(folder: Path) -> list[Path]:
    """All that dbt and the pusher have written, and no input of theirs."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and (path.suffix == ".log" or "dbt-logs" in path.parts or path.name == "run_results.json")
    ]


def failure_paths(world: World) -> list[str]:
    """A run along each path on which an error text could come through; their outputs."""
    outputs = []
    message = f"Email address {MARK}@example.org of {PLANTED_IDS[0]} is invalid"
    body = {
        "status": "error", "message": message, "category": "VALIDATION_ERROR",
        "correlationId": MARK, "subCategory": f"x.{MARK}",
        "errors": [{"message": message, "code": MARK, "context": {"propertyName": [MARK]}}],
    }  # fmt: skip
    batches = {"path_regex": "/batch/"}
    hubspot = [
        {"kind": "status", "status": 400, "body": body, "times": 4, "match": batches},
        {"kind": "status", "status": 409, "body": body, "times": 2, "match": batches},
        {"kind": "status", "status": 500, "body": f"<html>{message}</html>", "times": 2,
         "match": batches},
        {"kind": "status", "status": 429, "retry_after": 1, "match": batches,
         "body": {"message": message, "policyName": MARK, "status": "error"}},
        {"kind": "truncated_json", "match": batches},
        {"kind": "reset_after", "match": batches},
        {"kind": "status", "status": 200, "body": message, "match": batches},
        {"kind": "status", "status": 403, "body": body, "times": 0,
         "match": {"path_regex": "/batch/upsert$", "after_n_requests": 6}},
    ]  # fmt: skip
    world.hubspot.faults(hubspot)
    outputs.append(_output(world.push()))
    for kind, text, more in (
        ("fail", r"call [^ ]*take_snapshot", {"reason": "invalidQuery"}),
        ("fail", r"^PUT .*\"hubspot_id\"", {"reason": "invalid"}),
        ("fail", r"^PUT .*\"result_id\"", {"reason": "invalid"}),
        ("fail", r"call [^ ]*fold_results", {"reason": MARK, "skip": 1}),
    ):
        world.restore("ready")
        world.proxy.order(kind, text, times=0, status=400, message=message, **more)  # type: ignore[arg-type]
        done = world.push(MAX_RETRIES="0")
        assert done.exit_code == 1, done
        outputs.append(_output(done))
    world.restore("ready")
    return outputs


def _output(done: object) -> str:
    return f"{done.stdout}\n{done.stderr}"  # type: ignore[attr-defined]


def test_no_failure_path_shows_a_value(world: World, undisturbed: EndState) -> None:
    """HubSpot's refusals, conflicts, pages and half answers; BigQuery's cast and load errors."""
    for output in failure_paths(world):
        assert leaks(output) == []


def test_a_crash_names_its_type_alone(world: World) -> None:
    """A defect in the middle of a run: the exception's text, and its traceback, hold a value."""
    defect = (
        "import pusher.ship\n"
        "def broken(self, batch): raise KeyError(batch.rows[0].properties)\n"
        "pusher.ship.Shipper._ship = broken\n"
    )
    crash = (
        "import pusher.mirror\n"
        f"def broken(*a, **k): raise ValueError('{MARK} {PLANTED_IDS[0]}')\n"
        "pusher.mirror.refresh = broken\n"
    )
    for prelude, kind in ((defect, "KeyError"), (crash, "ValueError")):
        world.restore("ready")
        done = world.after(world.start(prelude=prelude).end())
        assert done.exit_code == 1, done
        assert f"crashed_{kind}" in done.stderr
        assert "Traceback" not in done.stderr
        assert leaks(_output(done)) == []


def test_settings_that_are_wrong_are_not_repeated(world: World) -> None:
    """A token, a password in a URL, a name with a value in it: said to be wrong, not shown."""
    for changes in (
        {"HUBSPOT_TOKEN": f"pat {MARK} with blanks"},
        {"HUBSPOT_BASE": f"http://user:{MARK}@127.0.0.1"},
        {"BATCH_SIZE": MARK},
        {"SMTP_URL": f"smtps://user:{MARK}@127.0.0.1:1"},
    ):
        done = world.run(**changes)
        assert leaks(_output(done)) == [], changes


def test_nothing_of_all_that_was_logged_shows_a_value(
    world: World, mailbox: Mailbox, undisturbed: EndState
) -> None:
    """Every run, every alert and dbt's own logs of this whole session."""
    found = {}
    for path in _logs(world.folder):
        text = path.read_text(encoding="utf-8", errors="replace")
        if "bigquery.log" in path.name:
            continue  # the embedded BigQuery's own, which stands for BigQuery's side
        if leaks(text):
            found[path.name] = leaks(text)
        assert LONG[:1000] not in text
    assert found == {}
    assert mailbox.texts, "alerts were sent"
    assert leaks("\n".join(mailbox.texts)) == []


@pytest.mark.parametrize("table", ["reverse_etl_run_ledger", "reverse_etl_builds"])
def test_no_key_and_no_value_in_ledger_and_builds(
    world: World, undisturbed: EndState, table: str
) -> None:
    world.restore("done")
    assert leaks(str(world.rows(table))) == []


@pytest.mark.parametrize("table", ["reverse_etl_push_log", "reverse_etl_dlq", "hubspot_id_map"])
def test_keys_but_no_values_in_what_is_kept_of_records(
    world: World, undisturbed: EndState, table: str
) -> None:
    """They are there to be joined with, inside BigQuery."""
    world.restore("done")
    rows = [{k: v for k, v in row.items() if k != "natural_key"} for row in world.rows(table)]
    assert rows
    assert leaks(str(rows)) == []
    for row in rows:
        assert row["record_ref"] is None or re.fullmatch("[0-9a-f]{16,64}", row["record_ref"])
