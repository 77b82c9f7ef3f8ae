"""Whole runs: the real process, a real BigQuery client, HTTP."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pusher.batches import Batch, batches
from pusher.interrupts import SIGNALS
from tests.pusher.conftest import World, events, refusable, update, upsert
from tests.pusher.proxy import FaultyProxy, Rule
from tests.pusher.warehouse_schema import VIEWS

PHASES = [
    "settings", "portal", "lease", "fold", "check", "mirror", "snapshot", "gates", "ship",
    "append", "fold", "ledger", "notify",
]  # fmt: skip


def gate(**changes: object) -> dict[str, object]:
    return {
        "entity": "patients", "code": "mass_change", "kind": "create", "count_value": 900,
        "limit_value": 500, "blocks": True, "warns": False, "can_be_allowed": True,
        "hint": "Look first.",
        **changes,
    }  # fmt: skip


def test_a_run_ships_what_is_due_and_records_it(world: World) -> None:
    """Creates and updates arrive; every phase is announced; the ledger has the numbers."""
    known = world.hubspot.add("contacts", email="old@example.org")
    world.decide(
        upsert("1", email="new@example.org"),
        update("2", known, firstname="Known"),
        {"entity": "patients", "state": "quarantined", "reason": "x", "source_rows": 1,
         "natural_key": "3", "record_ref": "3" * 32, "is_queued": False},
    )  # fmt: skip

    done = world.run()

    assert done.returncode == 0, done.stdout + done.stderr
    assert world.outcomes() == {"1": "created", "2": "updated"}
    sent = {row["natural_key"]: row["property_names"] for row in world.push_log()}
    assert sent == {"1": "amd_patient_id,firstname,email", "2": "amd_patient_id,firstname"}
    live = world.hubspot.live("contacts").values()
    assert {p["amd_patient_id"]: p["firstname"] for p in live} == {"1": "N1", "2": "Known"}
    assert [e["step"] for e in events(done.stdout) if e["event"] == "phase"] == PHASES
    last = next(e for e in events(done.stdout) if e["event"] == "run_finished")
    assert (last["sent"], last["confirmed"], last["created"], last["updated"]) == (2, 2, 1, 1)
    ledger = world.query("select * from etl.reverse_etl_run_ledger order by job_type")
    assert [row["status"] for row in ledger] == ["success", "success"]
    numbers = ("created_count", "updated_count", "creates_left", "quarantined_count")
    assert [ledger[0][name] for name in numbers] == [1, 1, 0, 1]
    assert world.calls("fold_results") == 2
    assert world.query("select holder from etl.reverse_etl_lease") == [{"holder": None}]


def test_a_run_with_nothing_due_costs_little(world: World) -> None:
    """At most fourteen requests, no write, and apart from BigQuery at most three seconds."""
    world.run("mirror")
    world.hubspot.clear_requests()
    with world.start() as process:
        out, err = process.communicate(timeout=60)

    assert process.returncode == 0, out + err
    assert world.hubspot.request_total() <= 14
    assert not world.hubspot.writes()
    last = next(e for e in events(out) if e["event"] == "run_finished")
    assert last["hubspot_requests"] == world.hubspot.request_total()
    assert last["duration_seconds"] - last["bigquery_seconds"] < 3


def test_a_record_that_turns_out_to_be_gone_is_dead_in_the_mirror(world: World) -> None:
    """At once, so that the next run does not send to it again; the watermark stays."""
    gone = world.hubspot.add("contacts", city="Old")
    world.decide(update("1", gone, city="New"))
    world.hubspot.faults(
        [{"kind": "archive", "object_type": "contacts", "ids": [gone],
          "match": {"path_regex": "/batch/update$"}}]
    )  # fmt: skip
    assert world.run().returncode == 0

    assert world.outcomes() == {"1": "not_found"}
    mirrored = world.query("select hubspot_id, is_dead from etl.hubspot_mirror")
    assert mirrored == [{"hubspot_id": gone, "is_dead": True}]


def test_the_portal_is_looked_at_in_each_run(world: World) -> None:
    """Also where nothing is due: what changed in it may make records due."""
    assert world.run().returncode == 0
    stored = "select distinct entity from etl.hubspot_portal_properties order by entity"
    assert [row["entity"] for row in world.query(stored)] == ["patients", "rois"]

    world.hubspot.delete_property("contacts", "city")
    assert world.run().returncode == 0
    names = world.query(
        "select property from etl.hubspot_portal_properties where property = 'city'"
    )
    assert names == []


def test_one_entity_alone(world: World) -> None:
    """The other one is neither mirrored nor in the ledger."""
    assert world.run("--entity", "rois").returncode == 0

    assert [row["job_type"] for row in world.query("select * from etl.reverse_etl_run_ledger")] == [
        "rois"
    ]
    unknown = world.run("--entity", "providers")
    assert unknown.returncode == 2
    assert "patients, rois" in unknown.stderr


def test_a_gate_stops_before_the_first_write(world: World) -> None:
    """Exit 4 with the numbers; --allow-mass-change passes what may be passed."""
    world.decide(upsert("1"))
    world.insert("gates", [gate(), gate(blocks=False, kind="update")])

    stopped = world.run()
    assert stopped.returncode == 4
    assert "mass_change (create): 900, limit 500. Look first." in stopped.stderr
    assert not world.hubspot.writes()
    assert {r["status"] for r in world.query("select * from etl.reverse_etl_run_ledger")} == {
        "stopped"
    }

    assert world.run("--allow-mass-change").returncode == 0
    world.insert("gates", [gate(code="build_stale", can_be_allowed=False)])
    assert world.run("--allow-mass-change").returncode == 4


def test_a_silent_gate_lets_nobody_pass(world: World) -> None:
    """Where dbt looks at another ledger, the gates know nothing of the run."""
    world.decide(upsert("1"))
    world.query(
        "create or replace table etl.other_ledger as select * from etl.reverse_etl_run_ledger"
    )
    done = world.run(RUN_LEDGER_TABLE="local-clinic.etl.other_ledger")

    assert done.returncode == 4
    assert "gates_silent" in done.stderr
    assert "patients, rois" in done.stderr
    assert not world.hubspot.writes()


def test_no_entity_passes_on_another_s_verdict(world: World) -> None:
    world.decide(upsert("1"))
    view = f"create or replace view etl.push_gates as {VIEWS['push_gates']}"
    world.query(f"{view} and runs.job_type != 'rois'")
    try:
        done = world.run()
    finally:
        world.query(view)

    assert done.returncode == 4
    assert "gates_silent: push_gates says nothing about rois:" in done.stderr
    assert not world.hubspot.writes()


def test_a_gate_without_an_answer_blocks(world: World) -> None:
    world.decide(upsert("1"))
    world.insert("gates", [gate(blocks=None, can_be_allowed=None)])

    assert world.run("--allow-mass-change").returncode == 4
    assert not world.hubspot.writes()


@pytest.mark.parametrize(("status", "exit_code"), [("passed", 2), ("failed", 4), ("running", 4)])
def test_a_view_that_is_missing_since_its_build_failed_is_a_gate(
    world: World, status: str, exit_code: int
) -> None:
    """The build did not pass; without one, the settings are not as they should be."""
    world.query(
        "create schema if not exists half_built;"
        "create or replace table half_built.reverse_etl_builds as"
        f" select 'b' as invocation_id, 'patients' as entity, '{status}' as status,"
        " current_timestamp() as started_at"
    )
    done = world.run(BQ_DATASET="half_built")

    assert done.returncode == exit_code
    assert ("build_not_passed" if exit_code == 4 else "not_built") in done.stderr


def test_a_gate_that_warns_is_told_and_stops_nothing(world: World) -> None:
    world.insert("gates", [gate(code="source_stale", blocks=False, warns=True)])

    done = world.run()

    assert done.returncode == 0, done.stderr
    ledger = world.query("select warnings from etl.reverse_etl_run_ledger order by job_type")
    assert [row["warnings"] for row in ledger] == ["source_stale", ""]
    assert "patients: source_stale" in world.run("status").stdout
    told = [e for e in events(done.stdout) if e["event"] == "gate_warning"]
    assert [(e["severity"], e["code"]) for e in told] == [("WARNING", "source_stale")]


def test_initial_load_wants_a_confirmation_and_frees_creates_and_updates(world: World) -> None:
    """Without a terminal only --yes is one. What would be emptied is gated all the same."""
    world.decide(upsert("1"))
    world.insert("gates", [gate(), gate(kind="update")])

    assert world.run("initial-load").returncode == 2
    done = world.run("initial-load", "--yes")
    assert done.returncode == 0, done.stderr
    assert "create" in done.stderr
    assert world.outcomes() == {"1": "created"}

    world.insert("gates", [gate(kind="clear")])
    assert world.run("initial-load", "--yes").returncode == 4


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"\x04"])
def test_whoever_does_not_say_yes_to_an_initial_load_sends_nothing(
    world: World, answer: bytes
) -> None:
    """On a terminal; the last is Ctrl-D, and that is an answer, too."""
    world.decide(upsert("1"))
    terminal, theirs = os.openpty()
    process = world.start("initial-load", stdin=theirs)
    os.write(terminal, answer)
    told, _ = process.communicate(timeout=120)
    os.close(terminal)
    os.close(theirs)

    assert process.returncode == 4, told
    assert "not_confirmed" in told
    assert "crashed" not in told
    assert world.outcomes() == {}


def test_a_held_lease_is_exit_3(world: World) -> None:
    """Of a host whose name would steer a terminal."""
    world.query(
        "update etl.reverse_etl_lease set holder = 'other', acquired_at = current_timestamp(),"
        " host = 'a\x1b[2J',"
        " expires_at = timestamp_add(current_timestamp(), interval 60 second) where true"
    )
    done = world.run()

    assert done.returncode == 3
    assert "held by run other on a\ufffd[2J since 20" in done.stderr


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"HUBSPOT_BASE": "https://api.hubapi.com"}, "mixed_environments"),
        ({"HUBSPOT_BASE": "http://example.org"}, "bad_host"),
        ({"HUBSPOT_TOKEN": ""}, "no_token"),
        ({"BQ_DATASET": "never_built"}, "not_built"),
    ],
)
def test_wrong_settings_are_one_line_and_exit_2(
    world: World, changes: dict[str, str], code: str
) -> None:
    done = world.run(**changes)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert code in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_another_portal_is_exit_2_before_any_data_is_sent(world: World) -> None:
    world.query("update etl.reverse_etl_lease set portal_id = '1' where true")
    world.decide(upsert("1"))
    done = world.run()

    assert done.returncode == 2
    assert "wrong_portal" in done.stderr
    assert world.hubspot.request_total() == 1


@pytest.mark.parametrize("owner", [("1", None), (None, "local-clinic.etl_production")])
@pytest.mark.parametrize("command", [(), ("mirror",), ("check",), ("setup",)])
def test_the_id_map_of_another_portal_or_data_set_is_exit_2(
    world: World, owner: tuple[str | None, str | None], command: tuple[str, ...]
) -> None:
    """A copied file of settings, or a copied map, does not lead to production's."""
    portal = owner[0] or str(world.hubspot.settings()["portal_id"])
    world.insert("id_map_owners", [{"portal_id": portal, "foreign_dataset": owner[1]}])
    world.decide(upsert("1"))
    done = world.run(*command)

    assert done.returncode == 2
    assert "wrong_portal: the id map local-clinic.etl.hubspot_id_map belongs to" in done.stderr
    assert (owner[1] or "portal 1") in done.stderr
    assert world.hubspot.request_total() == 1
    assert world.query("select holder from etl.reverse_etl_lease where holder is not null") == []


@pytest.mark.parametrize(
    "command", [(), ("mirror",), ("setup",), ("replay", "--all"), ("forget", "7")]
)
def test_what_may_write_says_first_where(world: World, command: tuple[str, ...]) -> None:
    done = world.run(*command)
    told = events(done.stdout + done.stderr)
    place = next(event for event in told if event["event"] == "connected")

    portal = str(world.hubspot.settings()["portal_id"])
    assert [place[name] for name in ("project", "dataset", "portal")] == [
        "local-clinic", "etl", portal
    ]  # fmt: skip


def test_a_redirect_is_exit_2(world: World) -> None:
    match = {"path_regex": "account-info"}
    world.hubspot.fault(
        "status", match=match, times=0, status=307, headers={"Location": "http://x"}
    )

    assert world.run().returncode == 2


def test_a_run_that_never_began_is_in_the_ledger_and_told_once(world: World) -> None:
    """Every night it fails the same way: one notice when that begins, and one when it ends."""
    match = {"path_regex": "account-info"}
    world.hubspot.fault("status", match=match, times=0, status=401)
    nights = [world.run(), world.run()]
    ledger = world.query("select * from etl.reverse_etl_run_ledger order by job_type")
    world.hubspot.clear_faults()
    nights.append(world.run())

    assert [night.returncode for night in nights] == [1, 1, 0]
    told = [
        [event["codes"] for event in events(night.stdout) if event["event"] == "notified"]
        for night in nights
    ]
    assert [len(notices) for notices in told] == [1, 0, 1]
    assert {(row["status"], row["phase"], row["exit_code"]) for row in ledger} == {
        ("failed", "portal", 1)
    }
    assert len(ledger) == 4


def test_too_many_refusals_fail_the_run(world: World) -> None:
    """Everything is recorded and folded first."""
    world.decide(*(refusable(str(n)) for n in range(30)), upsert("ok"))
    done = world.run()

    assert done.returncode == 1
    assert "reject_rate" in done.stderr
    assert "patients: 30 of 31" in done.stderr
    assert "INVALID_EMAIL (email)" in done.stderr
    assert world.calls("fold_results") == 2


def test_a_token_refused_in_mid_run_is_exit_1_and_the_next_run_goes_on(world: World) -> None:
    world.decide(*(upsert(str(n)) for n in range(30)))
    match = {"path_regex": "upsert", "after_n_requests": 1}
    world.hubspot.fault("status", match=match, times=0, status=401)
    done = world.run(BATCH_SIZE="10", WORKERS="1")

    assert done.returncode == 1
    assert "unauthorized" in done.stderr
    assert len(world.push_log()) == 10


def test_the_daily_limit_is_exit_5(world: World) -> None:
    world.decide(upsert("1"))
    world.hubspot.fault("status", match={"path_regex": "upsert"}, status=429, policy="DAILY")
    done = world.run()

    assert done.returncode == 5
    ledger = world.query("select * from etl.reverse_etl_run_ledger where job_type = 'patients'")
    assert (ledger[0]["status"], ledger[0]["creates_left"]) == ("partial", 1)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_run_that_records_what_was_answered(
    world: World, number: signal.Signals
) -> None:
    """Waits for the batch in flight, closes the ledger, gives the lease back; exit 143."""
    world.decide(*(upsert(str(n)) for n in range(40)))
    match = {"path_regex": "upsert", "after_n_requests": 1}
    world.hubspot.fault("hold", match=match, name="held", seconds=60)
    with world.start(BATCH_SIZE="10", WORKERS="1", LOG_LEVEL="DEBUG") as process:
        assert world.hubspot.wait_fired("held")
        process.send_signal(number)
        time.sleep(0.3)  # the signal has to arrive before the answer does
        world.hubspot.release("held")
        asked = time.monotonic()
        out, _ = process.communicate(timeout=20)

    assert process.returncode == 143, out
    assert time.monotonic() - asked < 10
    assert len(world.push_log()) == len(world.hubspot.live("contacts")) == 20
    statuses = {row["status"] for row in world.query("select * from etl.reverse_etl_run_ledger")}
    assert statuses == {"interrupted"}
    assert world.query("select holder from etl.reverse_etl_lease") == [{"holder": None}]


def test_sigterm_does_not_wait_for_a_server_that_hangs(world: World) -> None:
    world.decide(upsert("1"))
    world.hubspot.fault("hold", match={"path_regex": "upsert"}, name="hung", seconds=60)
    with world.start() as process:
        assert world.hubspot.wait_fired("hung")
        process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        out, _ = process.communicate(timeout=20)
    world.hubspot.release("hung")

    assert process.returncode == 143
    assert time.monotonic() - asked < 10
    last = next(e for e in events(out) if e["event"] == "run_finished")
    assert (last["status"], last["unrecorded"]) == ("interrupted", 1)


def test_sigterm_during_a_slow_load_records_it(world: World, proxy: FaultyProxy) -> None:
    """The flush gets what the platform gives, and results that wait for it go along."""
    world.decide(*(upsert(str(n)) for n in range(20)))
    proxy.rules = [Rule("reverse_etl_push_log", seconds=4)]
    with world.start(BATCH_SIZE="10", WORKERS="1", BIGQUERY_EMULATOR_HOST=proxy.url) as process:
        while not proxy.rules[0].fired and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)

    assert process.returncode == 143, out + err
    assert len(world.push_log()) == len(world.hubspot.live("contacts")) == 20
    last = next(e for e in events(out) if e["event"] == "run_finished")
    assert last["unrecorded"] == 0


def test_results_that_could_not_be_recorded_are_said_before_all_else(
    world: World, proxy: FaultyProxy
) -> None:
    """BigQuery is gone when the results are due: the fold that fails, too, is not what to say."""
    world.decide(*(upsert(str(n)) for n in range(20)))
    proxy.rules = [
        Rule("reverse_etl_push_log", times=10_000),
        Rule("fold_results", times=10_000, skip=1),
    ]
    done = world.run(BIGQUERY_EMULATOR_HOST=proxy.url, BQ_RETRY_SECONDS="0.2")

    assert done.returncode == 1
    assert "append_failed: 20 results could not be recorded" in done.stderr
    last = next(e for e in events(done.stdout) if e["event"] == "run_finished")
    assert last["unrecorded"] == 20


def test_a_defect_in_mid_run_ends_like_any_other_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent is recorded, the books are closed, nobody works on; and no value is shown."""

    def broken(*arguments: Any) -> Iterator[Batch]:
        yield from list(batches(*arguments))[:1]
        raise KeyError("Jane")

    before = set(threading.enumerate())
    monkeypatch.setattr("pusher.ship.batches", broken)
    world.decide(*(upsert(str(n)) for n in range(20)))
    done = world.run(BATCH_SIZE="10", WORKERS="2")

    assert done.returncode == 1
    assert "crashed_KeyError" in done.stderr
    assert "Jane" not in done.stdout + done.stderr
    assert len(world.push_log()) == len(world.hubspot.live("contacts"))
    statuses = {row["status"] for row in world.query("select * from etl.reverse_etl_run_ledger")}
    assert statuses == {"failed"}
    started = {thread.name for thread in set(threading.enumerate()) - before}
    assert not [name for name in started if name.startswith(("ship", "appender"))]


def test_no_value_reaches_logs_errors_or_the_push_log(world: World) -> None:
    """Planted in every property and in HubSpot's own messages, at DEBUG, on the failure paths."""
    planted = {"firstname": "Zanzibar", "city": "Zanzibar", "email": "zanzibar@zanzibar.con"}
    world.decide(*(upsert(f"k{n}", {"city": "Zanzibar"}, **planted) for n in range(3)))
    message = "Zanzibar is not valid"
    world.hubspot.faults(
        [
            {"kind": "status", "match": {"path_regex": "upsert"}, "status": 500, "html": True},
            {"kind": "status", "match": {"path_regex": "upsert"}, "status": 400,
             "message": message, "category": "VALIDATION_ERROR"},
        ]
    )  # fmt: skip
    done = world.run(LOG_LEVEL="DEBUG")

    kept = done.stdout + done.stderr + json.dumps(world.push_log(), default=str)
    assert len(world.push_log()) == 3
    assert "zanzibar" not in kept.lower()


def test_check_writes_what_it_finds_under_the_lease(world: World) -> None:
    """Else it would write into a run that is deciding on the portal."""
    world.query(
        "update etl.reverse_etl_lease set holder = 'other', acquired_at = current_timestamp(),"
        " expires_at = timestamp_add(current_timestamp(), interval 60 second) where true"
    )
    done = world.run("check")

    assert done.returncode == 3
    assert world.calls("replace_portal_properties") == 0


def test_check_says_what_is_wrong_and_what_to_do(world: World) -> None:
    """Exit 2 where an error is among the findings."""
    good = world.run("check")
    assert good.returncode == 0
    assert "All is as the catalogue needs it." in good.stdout
    world.hubspot.delete_property("contacts", "amd_patient_id")
    done = world.run("check")

    assert done.returncode == 2
    assert "amd_patient_id" in done.stdout
    assert "Do this." in done.stdout
    assert "must be mended" in done.stdout
    assert max(map(len, (good.stdout + done.stdout).splitlines())) <= 80
    world.decide(upsert("1"))
    assert "portal_missing: patients.amd_patient_id" in world.run().stderr
    assert not world.hubspot.writes()
    assert world.run("setup").returncode == 0
    assert world.run("check").returncode == 0


def test_check_reads_the_settings_and_not_the_last_build(world: World) -> None:
    """The catalogue's view was built with another object type than the one that was mistyped."""
    built = [{"name": "ROI_OBJECT_TYPE", "value": "p_roi", "default": "p_roi"}]
    stamp = {"entity": "rois", "status": "passed", "started_at": "2026-11-26T01:00:00Z"}
    world.insert("reverse_etl_builds", [stamp | {"settings": json.dumps(built)}])
    assert world.run("check").returncode == 0
    done = world.run("check", ROI_OBJECT_TYPE="p_rio")

    assert done.returncode == 2
    assert "settings_differ: ROI_OBJECT_TYPE is 'p_rio' here, 'p_roi' in the build" in done.stderr


def test_the_ledger_notes_which_settings_differ(world: World) -> None:
    """The gate on it, in SQL, names them."""
    built = [{"name": "MASS_CHANGE_ROWS", "value": "5", "default": "500"}]
    stamp = {"entity": "rois", "status": "passed", "started_at": "2026-11-26T01:00:00Z"}
    world.insert("reverse_etl_builds", [stamp | {"settings": json.dumps(built)}])
    world.run()

    rows = world.query("select settings_differ from etl.reverse_etl_run_ledger order by job_type")
    differ = "MASS_CHANGE_ROWS is '500' here, '5' in the build"
    assert [row["settings_differ"] for row in rows] == [None, differ]
