"""The control API: bulk load, dumps, staff edits, settings and the log without values."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from sandbox.hubspot.client import SimulatorControl

from .conftest import Api, patient


def test_bulk_load_formats(sim: SimulatorControl) -> None:
    """Records, columns with rows, and JSON lines load alike."""
    url = f"{sim.base_url}/_sim/records/contacts"
    rows = [["7", "a@ex.com", 3], ["8", "b@ex.com", None]]
    bodies: list[Any] = [
        {"columns": ["id", "email", "treatmentstodate"], "rows": rows},
        {"records": [{"id": "9", "properties": {"email": "C@ex.com"}}]},
    ]

    answers = [requests.post(url, json=body, timeout=20).json() for body in bodies]

    assert [one["ids"] for one in answers] == [["7", "8"], ["9"]]
    live = sim.live("contacts")
    assert live["7"]["treatmentstodate"] == "3"
    assert "treatmentstodate" not in live["8"]
    assert live["9"]["email"] == "c@ex.com"


def test_bulk_load_takes_times_merges_and_the_archive(sim: SimulatorControl, api: Api) -> None:
    """A loaded record can have a past: its times, merged ids, or its place in the archive."""
    sim.load(
        "contacts",
        [
            {
                "id": "50",
                "createdAt": "2020-01-01T00:00:00Z",
                "updatedAt": 1_600_000_000_000,
                "mergedIds": ["40", "41"],
                "properties": {"email": "a@ex.com"},
            },
            {"id": "51", "archived": True, "properties": {"email": "b@ex.com"}},
        ],
    )

    record = sim.record("contacts", "50")
    assert record is not None
    assert (record["createdAt"], record["updatedAt"]) == (
        "2020-01-01T00:00:00Z",
        "2020-09-13T12:26:40Z",
    )
    assert api.get("/crm/v3/objects/contacts/41").json()["id"] == "50"
    assert api.get("/crm/v3/objects/contacts/51").status_code == 404


def test_bulk_load_checks_values(sim: SimulatorControl) -> None:
    """What HubSpot could not hold is not loaded by mistake."""
    with pytest.raises(RuntimeError, match="no property nosuch"):
        sim.add("contacts", nosuch="x")
    with pytest.raises(RuntimeError, match="INVALID_OPTION"):
        sim.add("contacts", started="maybe")


def test_bulk_load_is_fast(sim: SimulatorControl) -> None:
    """Twenty thousand records load in seconds."""
    begun = time.monotonic()
    rows = (
        {"properties": {"email": f"{n}@ex.com", "amd_patient_id": str(n)}} for n in range(20_000)
    )
    sim.load("contacts", rows, ids=False)

    assert sim.health()["types"]["contacts"]["live"] == 20_000
    assert time.monotonic() - begun < 10


def test_the_dump_holds_the_living_and_the_dead(sim: SimulatorControl) -> None:
    """A dump streams live and archived records, and where merged ids went."""
    one, two, three = (sim.add("contacts", email=f"{name}@ex.com") for name in "abc")
    survivor = sim.merge(one, two)
    sim.archive(three)

    rows = list(sim.records("contacts"))

    assert [row["id"] for row in rows if row.get("archived") is False] == [survivor]
    assert [row["id"] for row in rows if row.get("archived") is True] == [three]
    assert {row["id"]: row["mergedInto"] for row in rows if "mergedInto" in row} == {
        one: survivor,
        two: survivor,
    }


def test_staff_edits(sim: SimulatorControl) -> None:
    """Staff can change and clear what they like, and edits count as modifications."""
    record_id = sim.add("contacts", email="a@ex.com", city="Rome")
    before = sim.record("contacts", record_id)
    sim.set(clock_offset_ms=60_000)

    sim.edit("contacts", record_id, city=None, hs_additional_emails="b@ex.com;c@ex.com")

    after = sim.record("contacts", record_id)
    assert before is not None
    assert after is not None
    assert "city" not in after["properties"]
    assert after["properties"]["hs_additional_emails"] == "b@ex.com;c@ex.com"
    assert after["updatedAt"] > before["updatedAt"]


def test_settings_change_all_or_nothing(sim: SimulatorControl) -> None:
    """A wrong setting leaves the others as they were."""
    with pytest.raises(RuntimeError, match="no setting nosuch"):
        sim.set(latency_ms=5, nosuch=1)
    with pytest.raises(RuntimeError, match="takes one of"):
        sim.set(latency_ms=5, null_value="perhaps")
    with pytest.raises(RuntimeError, match="takes true or false"):
        sim.set(shuffle_results=1)

    assert sim.settings()["latency_ms"] == 0


def test_the_request_log_counts_by_template(api: Api, sim: SimulatorControl) -> None:
    """Requests are counted by method, path template, version, type and status."""
    api.batch("upsert", [patient("1", firstname="A")])
    api.batch("upsert", [patient("1", firstname="A"), patient("1", firstname="A")])
    api.get("/crm/v3/objects/p_roi/123")

    counts = {
        (row["method"], row["path"], row["version"], row["object_type"], row["status"]): row[
            "count"
        ]
        for row in sim.request_counts()
    }

    assert counts == {
        ("POST", "/crm/objects/{version}/{type}/batch/upsert", "2026-09", "contacts", 200): 1,
        ("POST", "/crm/objects/{version}/{type}/batch/upsert", "2026-09", "contacts", 400): 1,
        ("GET", "/crm/objects/{version}/{type}/{record}", "v3", "roi", 404): 1,
    }
    sim.clear_requests()
    assert sim.request_total() == 0


def test_write_requests_have_times(api: Api, sim: SimulatorControl) -> None:
    """Each write request is logged with its records and both clocks."""
    api.get("/crm/v3/objects/contacts")
    before = time.monotonic()
    api.batch("upsert", [patient("1", firstname="A"), patient("2", firstname="B")])

    (entry,) = sim.request_entries(writes=True)

    assert entry["records"] == 2
    assert before <= entry["received_monotonic"] <= entry["answered_monotonic"]
    assert abs(entry["received"] - time.time()) < 60
    assert len(sim.request_entries()) == 2
    assert sim.request_entries(since=entry["seq"]) == []


def test_record_writes_are_logged_by_name(api: Api, sim: SimulatorControl) -> None:
    """Each record write is logged with its id and property names."""
    api.batch("upsert", [patient("1", firstname="A")])
    (record_id,) = sim.live("contacts")
    api.batch("update", [{"id": record_id, "properties": {"city": "Rome", "state": ""}}])
    sim.archive(record_id)

    writes = sim.writes()

    assert [(row["operation"], row["properties"]) for row in writes] == [
        ("create", ["amd_patient_id", "firstname"]),
        ("update", ["city", "state"]),
        ("archive", []),
    ]
    assert {row["id"] for row in writes} == {int(record_id)}
    assert sim.writes(since=writes[-1]["seq"]) == []


def test_the_log_holds_no_values(api: Api, sim: SimulatorControl) -> None:
    """Neither values nor query strings get into the log, not even those of refusals."""
    secret = "Planted-Value"
    sim.fault("none", match={"record": secret})
    api.batch("upsert", [patient(secret, secret, firstname=secret, started=secret)])
    api.batch("upsert", [patient(secret, firstname=secret)])
    api.search(("firstname", "EQ", secret))
    api.get(f"/crm/v3/objects/contacts/{secret}?idProperty=email&properties={secret}")
    api.get(f"/{secret}")
    api.post(f"/crm/v3/objects/{secret}", {"properties": {secret: secret}})

    urls = ["requests", "requests/entries", "writes", "faults", "health"]
    texts = [requests.get(f"{sim.base_url}/_sim/{url}", timeout=20).text for url in urls]

    assert len(sim.live("contacts")) == 1
    assert not any(secret in text for text in texts)


def test_reset_keeps_what_it_is_told_to(api: Api, sim: SimulatorControl) -> None:
    """A reset empties the portal, save what it is told to keep."""
    sim.add("contacts", email="a@ex.com")
    api.get("/crm/v3/objects/contacts")

    sim.reset(keep=["records"])

    assert sim.request_total() == 0
    assert len(sim.live("contacts")) == 1
    sim.reset()
    assert sim.live("contacts") == {}
    assert sim.add("contacts", email="a@ex.com")


def test_snapshots(api: Api, sim: SimulatorControl) -> None:
    """A snapshot brings records, unique values and the next id back, as often as wanted."""
    api.batch("upsert", [patient("1", email="a@ex.com")])
    sim.snapshot("before")
    states = []
    for _ in range(2):
        api.batch("upsert", [patient("1", email="b@ex.com"), patient("2", email="c@ex.com")])
        sim.merge(*sim.live("contacts"))
        states.append(sorted(sim.live("contacts")))
        sim.restore_snapshot("before")

    assert states[0] == states[1]
    assert [row["email"] for row in sim.live("contacts").values()] == ["a@ex.com"]
    assert api.batch("upsert", [patient("3", email="a@ex.com")]).status_code == 400


def test_unknown_controls_are_404(sim: SimulatorControl) -> None:
    """A misspelt control says so."""
    with pytest.raises(RuntimeError, match="no such control"):
        sim._call("GET", "nosuch")
