"""Dead letters that are made due again, and no others."""

from __future__ import annotations

import subprocess

import pytest

from tests.pusher.conftest import World

PHASES = [
    "settings", "portal", "lease", "fold", "check", "mirror", "snapshot", "gates", "ship",
    "append", "fold", "ledger", "notify",
]  # fmt: skip


def letters(world: World, **reasons: str) -> None:
    """Dead letters of patients: record_ref's digit → reason."""
    letter = {"job_type": "patients", "last_seen_at": "2026-01-01T00:00:00Z"}
    refs = {name[1:] * 32: reason for name, reason in reasons.items()}
    world.insert(
        "reverse_etl_dlq", [{**letter, "record_ref": k, "reason": v} for k, v in refs.items()]
    )
    for reason in set(reasons.values()):
        counted = {"entity": "patients", "reason": reason, "open_entries": 1}
        counted["replayable"] = int(reason.startswith("rejected"))
        world.insert("dead_letter_counts", [counted])


def test_replay_makes_dead_letters_due_and_counts_those_of_this_call(world: World) -> None:
    letters(world, _a="rejected_x", _b="rejected_x", _c="rejected_y")
    done = world.run("replay", "--reason", "rejected_x")
    assert (done.returncode, done.stdout) == (0, "patients: 2 dead letters are due again\n")

    done = world.run("replay", "--record-ref", "c" * 32)
    assert (done.returncode, done.stdout) == (0, "patients: 1 dead letters are due again\n")
    done = world.run("replay", "--all")
    assert (done.returncode, done.stdout) == (0, "patients: 3 dead letters are due again\n")
    done = world.run("replay", "--record-ref", "d" * 32)
    assert (done.returncode, done.stdout) == (0, "no refused record matches\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--all"),
        (["--record-ref", "-"], "standard input"),
        (["--record-ref", "Jane Doe"], "hex digits"),
        (["--reason", "rejectd_x"], "did you mean rejected_x?"),
        (["--reason", "missing_name"], "missing_name needs no replay"),
        (["--all", "--entity", "patient"], "did you mean patients?"),
    ],
)
def test_what_cannot_be_replayed_is_refused_and_nothing_is_asked_for(
    world: World, arguments: list[str], said: str
) -> None:
    """Standard input is at its end here: that must not stand for everything."""
    letters(world, _a="rejected_x", _b="missing_name")
    done = world.run("replay", *arguments)

    assert done.returncode == 2, done
    assert said in done.stderr
    asked = "select 1 as one from etl.reverse_etl_dlq where replay_requested_at is not null"
    assert world.query(asked) == []


def test_record_refs_are_read_where_a_dash_asks_for_them(world: World) -> None:
    letters(world, _a="rejected_x", _b="rejected_x", _c="rejected_x")
    process = world.start("replay", "--record-ref", "-", stdin=subprocess.PIPE)
    said, complaint = process.communicate(f"{'a' * 32}\n{'b' * 32}\n", timeout=60)

    assert process.returncode == 0, complaint
    assert said == "patients: 2 dead letters are due again\n"
