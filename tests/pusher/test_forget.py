"""The command that forgets a patient: what it asks, refuses, says, and never says."""

from __future__ import annotations

import subprocess

import pytest

from tests.pusher.conftest import Done, World, upsert

KEY, REF = "778812", "ab" * 16
LOGGED = {
    "entity": "patients", "natural_key": KEY, "record_ref": REF, "outcome": "created",
    "code": "sent to ME@X.ORG",
}  # fmt: skip


def forget(world: World, *arguments: str) -> Done:
    """Run it; whatever comes of it, nothing says who, and nothing of who stays staged."""
    done = world.run("forget", *arguments)

    assert KEY not in done.stdout + done.stderr
    assert world.query("select * from etl.reverse_etl_forget_stage") == []
    return done


@pytest.mark.parametrize("whom", [[KEY], ["--record-ref", REF]], ids=["key", "record_ref"])
def test_a_dry_run_names_tables_and_columns_and_changes_nothing(
    world: World, whom: list[str]
) -> None:
    """A value is found in whatever column it lies, and however it is written."""
    world.insert("reverse_etl_push_log", [LOGGED])
    done = forget(world, *whom)

    assert done.returncode == 0, done
    assert [line.split() for line in done.stdout.splitlines()[1:4]] == [
        ["table", "column", "cells"],
        ["reverse_etl_push_log", "code", "1"],
        ["reverse_etl_push_log", "natural_key", "1"],
    ]
    assert "a dry run" in done.stdout
    assert len(world.push_log()) == 1


def test_it_says_of_every_table_that_nothing_is_left(world: World) -> None:
    world.insert("reverse_etl_push_log", [LOGGED, LOGGED | {"natural_key": "7", "code": None}])
    done = forget(world, KEY, "--yes")

    assert done.returncode == 0, done
    assert [row["natural_key"] for row in world.push_log()] == ["7"]
    left = done.stdout.partition("what is left")[2]
    tables = {row["table_name"] for row in world.query(
        "select table_name from etl.INFORMATION_SCHEMA.TABLES where table_type = 'BASE TABLE'"
    )} - {"reverse_etl_forget_stage"}  # fmt: skip
    assert {line.split()[0] for line in left.splitlines() if line.startswith("  ")} - {
        "table"
    } == tables
    assert f"0 cells left in {len(tables)} tables" in left


def test_it_claims_nothing_where_a_cell_is_left(world: World) -> None:
    """In a table that the deletion does not know."""
    world.insert("reverse_etl_push_log", [LOGGED])
    world.insert("catalogue_properties", [{"entity": "x", "label": "me@x.org"}])
    done = forget(world, KEY, "--yes")
    world.query("delete from etl.catalogue_properties where entity = 'x'")

    assert done.returncode == 1
    assert "cells_left" in done.stderr
    assert "Forgotten" not in done.stdout


def test_amd_and_hubspot_come_first(world: World) -> None:
    world.insert("reverse_etl_push_log", [LOGGED])
    world.decide(upsert(KEY))
    world.hubspot.add("contacts", amd_patient_id=KEY, firstname="N")
    both = forget(world, KEY, "--yes")
    hubspot = forget(world, KEY, "--yes", "--suppress")
    world.hubspot.archive(*world.hubspot.live("contacts"))
    amd = forget(world, KEY, "--yes")
    assert len(world.push_log()) == 1
    done = forget(world, KEY, "--yes", "--suppress")

    assert {both.returncode, hubspot.returncode, amd.returncode} == {4}
    assert "HubSpot has 1 patients" in both.stderr
    assert "AMD has 1 patients" in both.stderr
    assert "AMD has" not in hubspot.stderr
    assert "still_in_amd: AMD has 1 patients" in amd.stderr
    assert done.returncode == 0, done
    assert world.push_log() == []


@pytest.mark.parametrize(
    "arguments",
    [[], [KEY, "7"], [KEY, "--record-ref", REF], ["--record-ref", KEY], [f"{KEY}'"], ["-"]],
    ids=["nobody", "two", "both", "no_ref", "a_quote", "nothing_on_standard_input"],
)
def test_who_is_not_clear_is_refused(world: World, arguments: list[str]) -> None:
    done = forget(world, *arguments, "--yes")

    assert done.returncode == 2, done
    assert "bad_argument" in done.stderr


def test_a_key_that_nobody_knows_is_refused(world: World) -> None:
    """A slip of the pen must not suppress somebody who comes next year."""
    done = forget(world, KEY, "--yes", "--suppress")

    assert done.returncode == 2
    assert "unknown_record" in done.stderr


def test_a_dash_reads_the_key(world: World) -> None:
    """So that it stands in no history of a shell."""
    world.insert("reverse_etl_push_log", [LOGGED])
    process = world.start("forget", "-", "--yes", stdin=subprocess.PIPE)
    said, complaint = process.communicate(f"{KEY}\n", timeout=120)

    assert process.returncode == 0, complaint
    assert "0 cells left" in said
    assert world.push_log() == []
