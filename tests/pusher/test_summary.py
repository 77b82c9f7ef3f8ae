"""`status` on one screen: the verdict first, then what needs a person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pusher.settings import Settings
from pusher.summary import summary
from tests.pusher.conftest import World, upsert

SETTINGS = Settings.from_environ({"GCP_PROJECT_ID": "a-project-of-some-length"})
NIGHT = datetime(2026, 11, 26, 10, 12, tzinfo=UTC)


def tables(**changes: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    def record(state: str, reason: str | None, records: int) -> dict[str, Any]:
        return {"entity": "patients", "state": state, "reason": reason, "records": records}

    return {
        "standing": [
            {"entity": "patients", "last_good_at": NIGHT, "last_status": "success",
             "last_phase": "fold"},
        ],
        "records": [
            record("unchanged", None, 1600), record("update", None, 7),
            record("protected", None, 3), record("excluded", "test_chart", 2),
        ],
        "lease": [{"is_held": False, "portal_id": "4711", "host": None, "acquired_at": None}],
        "builds": [{"entity": "patients", "status": "passed", "problems": None}],
        "warnings": [],
        **changes,
    }  # fmt: skip


def told(**changes: list[dict[str, Any]]) -> str:
    text = summary(tables(**changes), SETTINGS, SETTINGS.time_zone)
    assert max(map(len, text.splitlines())) <= 80, text
    return text


def test_a_good_night_says_so_first_and_names_place_and_time() -> None:
    text = told()

    assert text.startswith(
        "All is well. Data set a-project-of-some-length.etl, HubSpot portal 4711."
    )
    assert "last good run 2026-11-26 05:12 EST" in text
    assert "Times are America/New_York." in text
    assert text.splitlines()[3].split() == [
        "entity", "in", "step", "due", "held", "refused", "with", "staff", "excluded"
    ]  # fmt: skip
    assert text.splitlines()[4].split() == ["patients", "1600", "7", "0", "0", "3", "2"]
    assert "needs a person" not in text


def test_what_needs_a_person_comes_with_its_command() -> None:
    reasons = [("failed", "rejected_invalid_email", 2), ("quarantined", "no_email_no_match", 144)]
    records = [
        {"entity": "patients", "state": state, "reason": reason, "records": n}
        for state, reason, n in reasons
    ]
    broken = {"entity": "patients", "status": "failed", "problems": "column HomePhone is gone"}
    standing = [
        {"entity": "patients", "last_good_at": NIGHT, "last_status": "stopped",
         "last_phase": "gates"},
    ]  # fmt: skip
    stale = {"entity": "patients", "code": "source_stale"}
    text = told(records=records, builds=[broken], standing=standing, warnings=[stale])

    assert text.startswith("Something needs a person.")
    needs = text[text.index("What needs a person") :].splitlines()[1:]
    assert needs[:8] == [
        "  patients: the build is failed (column HomePhone is gone)",
        "    dbt build",
        "  patients: the last run stopped at gates",
        "    mend what its alert says; python -m pusher",
        "  patients: source_stale",
        "  144 patients: no_email_no_match",
        "  2 patients: rejected_invalid_email",
        "    mend it, or: python -m pusher replay --reason rejected_invalid_email",
    ]


def test_status_prints_the_screen_and_all_the_tables_behind_it(world: World) -> None:
    world.decide(upsert("1"))
    screen, everything = world.run("status"), world.run("status", "--all")

    assert (screen.returncode, everything.returncode) == (0, 0), screen.stderr
    assert "Data set local-clinic.etl" in screen.stdout
    assert max(map(len, screen.stdout.splitlines())) <= 80
    for table in ("runs", "records", "dead_letters", "lease", "mirror", "builds"):
        assert f"\n{table}\n" in f"\n{everything.stdout}"


def test_a_run_that_is_under_way_is_named_with_its_host() -> None:
    """The two words that lead to it: to its lines, and to where it can be stopped."""
    row = {"is_held": True, "holder": "run-7", "host": "job-3", "portal_id": "4711"}
    text = told(lease=[{**row, "acquired_at": NIGHT}])

    assert "Run run-7 is under way since" in text
    assert "on job-3." in text


def test_what_comes_from_outside_cannot_steer_a_terminal() -> None:
    """Another machine's name, what a build's test found, a reason."""
    planted = "a\x1b[2J\x9b31m"
    text = told(
        lease=[
            {
                "is_held": True,
                "holder": planted,
                "portal_id": planted,
                "host": planted,
                "acquired_at": NIGHT,
            }
        ],
        builds=[{"entity": "patients", "status": "failed", "problems": planted}],
        records=[{"entity": "patients", "state": "failed", "reason": planted, "records": 1}],
    )

    assert "\x1b" not in text
    assert "\x9b" not in text
