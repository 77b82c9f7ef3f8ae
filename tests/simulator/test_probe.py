"""The probe against the simulator: it sees what the simulator is set to, and leaves nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from sandbox.hubspot.client import SETUP_TOKEN, SimulatorControl
from sandbox.hubspot.settings import ANSWERS, SettingError, Settings, write_answers
from sandbox.probe.portal import NotATestAccount, Portal

from .conftest import Api

OPEN: dict[str, Any] = {
    name: row["answer"] for name, row in json.loads(ANSWERS.read_text()).items()
}
# The other answer to each question; of three the second.
OTHERWISE = {
    name: next(one for one in Settings.CHOICES.get(name, (True, False)) if one != answer)
    for name, answer in OPEN.items()
}


def probe(sim: SimulatorControl, *options: str) -> subprocess.CompletedProcess[str]:
    portal_id = str(sim.health()["portal_id"])
    if "--portal-id" not in options:
        options = ("--portal-id", portal_id, *options)
    return subprocess.run(
        [sys.executable, "-m", "sandbox.probe", "--base", sim.base_url, *options],
        env={**os.environ, "HUBSPOT_TOKEN": SETUP_TOKEN},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def assert_nothing_is_left(sim: SimulatorControl) -> None:
    assert sim.live("contacts") == {}
    assert "zz_probe_object" not in sim.health()["types"]
    listed = Api(sim.base_url).get("/crm/properties/2026-09/contacts").json()["results"]
    assert not [row for row in listed if row["name"].startswith("zz_probe")]


@pytest.mark.parametrize("answers", [OPEN, OTHERWISE], ids=["as_known", "otherwise"])
def test_the_probe_sees_what_the_simulator_is_set_to(
    sim: SimulatorControl, answers: dict[str, Any]
) -> None:
    """Every open question is asked, and answered rightly either way: the simulator's contract."""
    sim.set(account_type="DEVELOPER_TEST", **answers)
    done = probe(sim, "--json", "--gdpr")
    found = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert {row["setting"]: row["value"] for row in found["answers"] if row["setting"]} == answers
    assert found["calls"] < 100
    assert found["left"] == []
    assert_nothing_is_left(sim)


def test_nothing_is_told_but_codes_and_counts(sim: SimulatorControl) -> None:
    """No record id, no address, no message of HubSpot's."""
    sim.set(account_type="SANDBOX")
    done = probe(sim)
    ids = [record["id"] for record in sim.records("contacts")]

    assert done.returncode == 0, done.stderr
    assert len(ids) > 10
    assert not [one for one in ids if one in done.stdout]
    assert "example.com" not in done.stdout + done.stderr
    assert "as here" in done.stdout
    assert "DIFFERS" not in done.stdout


def test_an_answer_of_another_shape_ends_no_other_question(sim: SimulatorControl) -> None:
    """The documents may be wrong about it; nothing of it is told."""
    sim.set(account_type="DEVELOPER_TEST")
    sim.fault("status", status=200, body={"results": [{"secret": "Jane"}]},
              match={"path_regex": "/property-validations/"})  # fmt: skip
    done = probe(sim, "--json")
    found = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert "Jane" not in done.stdout + done.stderr
    asked = {row["question"]: row["said"] for row in found["answers"]}
    assert asked["rules: the rest of these questions?"] == "unclear, KeyError"
    assert "Can the sensitive flag be set later?" in asked
    assert_nothing_is_left(sim)


@pytest.mark.parametrize(
    ("kind", "portal"), [("STANDARD", None), ("APP_DEVELOPER", None), ("DEVELOPER_TEST", "1234")]
)
def test_another_account_is_refused_before_any_write(
    sim: SimulatorControl, kind: str, portal: str | None
) -> None:
    """It has to be the one that is named, and a test account."""
    sim.set(account_type=kind)
    for more in ([], ["--clean"]):
        done = probe(sim, *(["--portal-id", portal] if portal else []), *more)

        assert done.returncode == 2
        assert "nothing was written" in done.stderr
    assert {row["path"] for row in sim.request_counts()} == {"/account-info/{version}/details"}


@pytest.mark.parametrize("base", ["https://example.com", "http://api.hubapi.com"])
def test_the_token_goes_to_hubspot_or_to_this_machine(base: str) -> None:
    with pytest.raises(NotATestAccount):
        Portal(base, "token")


def test_what_a_broken_run_leaves_is_cleaned_later(sim: SimulatorControl) -> None:
    """The account stops answering in the middle, the cleaning included; --clean finds it all."""
    sim.set(account_type="DEVELOPER_TEST")
    sim.fault("reset_before", times=0, match={"after_n_requests": 72})
    broken = probe(sim)
    left = len(sim.live("contacts"))
    sim.clear_faults()
    cleaned = probe(sim, "--clean")

    assert broken.returncode == 1
    assert "still there" in broken.stderr
    assert left > 10
    assert cleaned.returncode == 0, cleaned.stderr
    assert_nothing_is_left(sim)


def test_answers_are_settings(tmp_path: Path) -> None:
    """Each has a default from the file that its setting takes; saved answers say where from."""
    known = {one.name for one in fields(Settings)}
    assert set(OPEN) <= known
    Settings().update(OPEN)
    with pytest.raises(SettingError):
        Settings().update({"partial_errors": "204"})

    path = tmp_path / "answers.json"
    path.write_text(ANSWERS.read_text())
    write_answers({"partial_errors": "200", "echo_trace_id": True}, path)
    saved = json.loads(path.read_text())
    assert saved["partial_errors"] == {"answer": "200", "known_from": "a test account's own answer"}
    assert saved["echo_trace_id"] == json.loads(ANSWERS.read_text())["echo_trace_id"]
