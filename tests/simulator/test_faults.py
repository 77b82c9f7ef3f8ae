"""Faults to order: what the client sees, and what became of the write."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from sandbox.hubspot.client import SimulatorControl

from .conftest import Api, patient

UPSERT = {"method": "POST", "path_regex": "/batch/upsert$"}


def upsert(api: Api, *keys: str, **more: Any) -> requests.Response:
    rows = [patient(key, f"t{key}", firstname="A") for key in keys or ("1",)]
    return api.batch("upsert", rows, **more)


@pytest.mark.parametrize("status", [401, 403, 423, 500, 502, 503, 504, 521, 523, 524])
def test_statuses(api: Api, sim: SimulatorControl, status: int) -> None:
    """A status fault answers once with HubSpot's body and writes nothing."""
    sim.fault("status", match=UPSERT, status=status)

    response = upsert(api)

    assert response.status_code == status
    assert response.json()["status"] == "error"
    assert sim.live("contacts") == {}
    assert upsert(api).status_code == 200
    assert [one["kind"] for one in sim.fired()] == ["status"]


def test_migration_says_when_to_come_back(api: Api, sim: SimulatorControl) -> None:
    """A 477 carries Retry-After."""
    sim.fault("status", status=477, retry_after=90)

    assert upsert(api).headers["Retry-After"] == "90"


@pytest.mark.parametrize("policy", ["TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY"])
def test_rate_limit_policies(api: Api, sim: SimulatorControl, policy: str) -> None:
    """A 429 of each policy can be ordered."""
    sim.fault("status", status=429, policy=policy)

    assert upsert(api).json()["policyName"] == policy


def test_html_bodies(api: Api, sim: SimulatorControl) -> None:
    """An error can be a page instead of JSON."""
    sim.fault("status", status=502, html=True)

    response = upsert(api)

    assert response.headers["Content-Type"].startswith("text/html")
    assert "<html>" in response.text


def test_a_gateway_timeout_after_the_write(api: Api, sim: SimulatorControl) -> None:
    """With `apply` the write is done before the error is answered."""
    sim.fault("status", status=504, apply=True)

    assert upsert(api).status_code == 504
    assert len(sim.live("contacts")) == 1


@pytest.mark.parametrize("mode", ["body", "connection"])
def test_truncated_json(api: Api, sim: SimulatorControl, mode: str) -> None:
    """The JSON ends in the middle, with a whole response around it or without."""
    sim.fault("truncated_json", mode=mode)

    if mode == "body":
        response = upsert(api)
        with pytest.raises(requests.exceptions.JSONDecodeError):
            response.json()
    else:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            upsert(api)
    assert len(sim.live("contacts")) == 1


@pytest.mark.parametrize(("kind", "written"), [("reset_before", 0), ("reset_after", 1)])
def test_resets(api: Api, sim: SimulatorControl, kind: str, written: int) -> None:
    """The connection breaks before the write was applied, or after."""
    sim.fault(kind)

    with pytest.raises(requests.exceptions.ConnectionError):
        upsert(api)

    assert len(sim.live("contacts")) == written


@pytest.mark.parametrize(("when", "written"), [("before", 0), ("after", 1)])
def test_stalls(api: Api, sim: SimulatorControl, when: str, written: int) -> None:
    """A stall outlasts the client's patience, before the write or after."""
    sim.fault("stall", name="slow", seconds=60, when=when)

    with pytest.raises(requests.exceptions.ReadTimeout):
        api.post(
            "/crm/objects/2026-09/contacts/batch/upsert",
            {"inputs": [patient("1", firstname="A")]},
            timeout=0.3,
        )

    assert len(sim.live("contacts")) == written
    sim.clear_faults()


def test_a_held_request_goes_on_when_released(api: Api, sim: SimulatorControl) -> None:
    """A hold lets a test act while a request is under way, without sleeping."""
    sim.fault("hold", name="gate", match=UPSERT)
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(upsert, api)
        assert sim.wait_fired("gate")
        before = sim.live("contacts")
        sim.release("gate")
        response = pending.result(20)

    assert before == {}
    assert response.status_code == 200


def test_empty_results(api: Api, sim: SimulatorControl) -> None:
    """A 2xx without results, though the write was done (or not)."""
    sim.faults([{"kind": "empty_results"}, {"kind": "empty_results", "apply": False}])

    first, second = upsert(api, "1"), upsert(api, "2")

    assert (first.status_code, first.json()["results"]) == (200, [])
    assert (second.status_code, second.json()["results"]) == (200, [])
    assert len(sim.live("contacts")) == 1


def test_left_out_results(api: Api, sim: SimulatorControl) -> None:
    """Single rows can be left out of the results, by id or value."""
    sim.fault("leave_out", ids=["2"])

    results = upsert(api, "1", "2", "3").json()["results"]

    assert {row["properties"]["amd_patient_id"] for row in results} == {"1", "3"}


def test_dropped_trace_ids(api: Api, sim: SimulatorControl) -> None:
    """Neither results nor errors name their trace ids."""
    sim.fault("drop_trace_ids")

    body = api.batch(
        "upsert", [patient("1", "t1", firstname="A"), patient("2", "t2", email="x")]
    ).json()

    assert "objectWriteTraceId" not in body["results"][0]
    assert body["errors"][0]["context"] == {}


@pytest.mark.parametrize(("status", "category"), [(400, "VALIDATION_ERROR"), (409, "CONFLICT")])
def test_one_record_poisons_its_batch(
    api: Api, sim: SimulatorControl, status: int, category: str
) -> None:
    """Every batch that holds the record is refused whole, trace ids or not."""
    sim.fault("whole_batch", match={"record": "2"}, status=status, times=0)

    assert upsert(api, "1", "2", "3").status_code == status
    assert upsert(api, "2").json()["category"] == category
    assert upsert(api, "1", "3").status_code == 200


def test_rules_wait_for_their_turn(api: Api, sim: SimulatorControl) -> None:
    """A rule can let requests pass first, and matches method, path, type and body."""
    sim.fault(
        "status",
        status=500,
        times=2,
        match={
            "method": "POST",
            "path_regex": "upsert",
            "object_type": "contacts",
            "body_contains": "amd_patient_id",
            "after_n_requests": 1,
        },
    )

    statuses = [upsert(api, str(number)).status_code for number in range(4)]

    assert api.get("/crm/v3/objects/contacts").status_code == 200
    assert statuses == [200, 500, 500, 200]


def test_actions_happen_just_before_the_request(api: Api, sim: SimulatorControl) -> None:
    """Staff merge, delete and edit while the worker's request is on its way."""
    one, two, three, four = sim.load(
        "contacts", [{"properties": {"email": f"{name}@ex.com"}} for name in "abcd"]
    )
    sim.faults(
        [
            {"kind": "merge", "primary": one, "secondary": two},
            {"kind": "archive", "ids": [three]},
            {"kind": "patch", "id": four, "properties": {"city": "Oslo"}},
            {"kind": "delete_property", "object_type": "contacts", "property": "care_type"},
        ]
    )

    body = api.batch(
        "update",
        [{"id": one_id, "properties": {"state": "NY"}} for one_id in (two, three, four)],
    ).json()

    assert [row["id"] for row in body["results"]] == [four]
    assert body["errors"][0]["context"]["ids"] == [three]
    assert sim.live("contacts")[four]["city"] == "Oslo"
    assert api.get("/crm/v3/properties/contacts/care_type").status_code == 404
    assert len(sim.fired()) == 4


def test_a_roi_is_processed_in_mid_run(api: Api, sim: SimulatorControl) -> None:
    """A custom object's record can be edited just before the guard reads it."""
    roi = sim.add("roi", roi_id="r1", roi_type="x")
    sim.fault(
        "patch",
        object_type="p_roi",
        id=roi,
        match={"path_regex": "/batch/read$"},
        properties={
            "processing_status": "Processed",
            "processing_datetime": "2026-11-24T10:00:00Z",
        },
    )

    found = api.batch("read", [{"id": roi}], "p_roi", properties=["processing_status"]).json()

    assert found["results"][0]["properties"]["processing_status"] == "Processed"


def test_unknown_orders_are_refused(sim: SimulatorControl) -> None:
    """A rule that is misspelt does not pass in silence."""
    with pytest.raises(RuntimeError, match="no fault kind"):
        sim.fault("explode")
    with pytest.raises(RuntimeError, match="no match key"):
        sim.fault("status", match={"path": "x"})


def test_clearing_releases_whoever_waits(api: Api, sim: SimulatorControl) -> None:
    """Cleared faults let held requests go on at once."""
    sim.fault("hold", name="gate")
    begun = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(upsert, api)
        sim.wait_fired("gate")
        sim.clear_faults()
        assert pending.result(20).status_code == 200

    assert time.monotonic() - begun < 10
    assert sim.fault_rules() == []


def test_an_empty_body(api: Api, sim: SimulatorControl) -> None:
    """A success without a body; the write is done, or not."""
    sim.faults([{"kind": "empty_body"}, {"kind": "empty_body", "apply": False}])
    answers = [upsert(api, "1"), upsert(api, "2")]

    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"")] * 2
    assert len(sim.live("contacts")) == 1


def test_short_pages(api: Api, sim: SimulatorControl) -> None:
    """A page of fewer rows than asked for says where to go on, and nothing is lost by it."""
    ids = sim.load("contacts", [{"properties": {"firstname": "A"}}] * 5)
    sim.fault("short_page", count=2, times=0)
    listed: list[str] = []
    after = "0"
    while after:
        page = api.get(f"/crm/v3/objects/contacts?limit=4&after={after}").json()
        listed += [row["id"] for row in page["results"]]
        after = page.get("paging", {}).get("next", {}).get("after", "")
    found: list[str] = []
    after = "0"
    while after:
        page = api.search(limit=4, after=after).json()
        assert (len(page["results"]), page["total"]) in ((2, 5), (1, 5))
        found += [row["id"] for row in page["results"]]
        after = page.get("paging", {}).get("next", {}).get("after", "")

    assert (listed, sorted(found)) == (ids, ids)


def test_a_poisoned_record(api: Api, sim: SimulatorControl) -> None:
    """Whatever batch holds it is answered 500, and nothing of it is written; others are."""
    sim.fault("status", status=500, times=0, match={**UPSERT, "record": "2"})
    statuses = [upsert(api, *keys).status_code for keys in (("1", "2"), ("2",), ("1", "3"))]

    assert statuses == [500, 500, 200]
    assert {one["amd_patient_id"] for one in sim.live("contacts").values()} == {"1", "3"}
