"""Batch endpoints: whole-batch refusals, partial success, and what the results look like."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.hubspot.client import SimulatorControl

from .conftest import Api, patient


def errors_by_trace(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["context"]["objectWriteTraceId"][0]: row for row in body["errors"]}


def test_upsert_creates_then_updates(api: Api) -> None:
    """An upsert says of each record whether it is new."""
    first = api.batch("upsert", [patient("1", firstname="Ann")]).json()["results"][0]
    second = api.batch("upsert", [patient("1", lastname="Lee")]).json()["results"][0]

    assert (first["new"], second["new"]) == (True, False)
    assert first["id"] == second["id"]
    assert second["properties"]["firstname"] == "Ann"


def test_create_answers_201_with_default_and_written_properties(api: Api) -> None:
    """A write shows the default properties and those written, the email in lower case."""
    response = api.batch("create", [{"properties": {"email": "Ann@Ex.COM", "city": "Ithaca"}}])

    assert response.status_code == 201
    result = response.json()["results"][0]
    assert result["properties"]["email"] == "ann@ex.com"
    assert result["properties"]["city"] == "Ithaca"
    assert result["properties"]["lastname"] is None
    assert set(result) >= {"id", "createdAt", "updatedAt", "archived"}


@pytest.mark.parametrize("operation", ["create", "upsert"])
def test_one_bad_row_refuses_the_batch_without_trace_ids(
    api: Api, sim: SimulatorControl, operation: str
) -> None:
    """Without trace ids nothing is written when one row is bad."""
    rows = [patient("1", firstname="Ann"), patient("2", firstname="Bo", email="bo@mail.con")]

    response = api.batch(operation, rows)

    assert response.status_code == 400
    assert response.json()["category"] == "VALIDATION_ERROR"
    assert "bo@mail.con" in response.json()["message"]
    assert sim.live("contacts") == {}


@pytest.mark.parametrize("operation", ["create", "upsert"])
def test_trace_ids_make_it_a_207(api: Api, sim: SimulatorControl, operation: str) -> None:
    """With a unique trace id on every input the good rows are written."""
    rows = [
        patient("1", "t1", firstname="Ann"),
        patient("2", "t2", firstname="Bo", email="bo@mail.con"),
        patient("3", "t3", firstname="Cy", nosuch="x"),
    ]

    response = api.batch(operation, rows)

    body = response.json()
    assert response.status_code == 207
    assert body["status"] == "COMPLETE"
    assert body["numErrors"] == 2
    found = errors_by_trace(body)
    assert found["t2"]["errors"][0]["code"] == "INVALID_EMAIL"
    assert found["t3"]["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    assert len(sim.live("contacts")) == 1


def test_repeated_trace_ids_are_none(api: Api) -> None:
    """Trace ids that are not unique do not switch partial success on."""
    rows = [patient("1", "t", firstname="Ann"), patient("2", "t", email="x@y.con")]

    assert api.batch("upsert", rows).status_code == 400


def test_trace_ids_in_results_are_a_setting(api: Api, sim: SimulatorControl) -> None:
    """Whether results echo the trace id can be switched."""
    echoed = api.batch("upsert", [patient("1", "t1", firstname="A")]).json()["results"][0]
    sim.set(echo_trace_id=False)
    silent = api.batch("upsert", [patient("1", "t1", firstname="A")]).json()["results"][0]

    assert echoed["objectWriteTraceId"] == "t1"
    assert "objectWriteTraceId" not in silent


def test_results_are_shuffled(api: Api) -> None:
    """Results do not come back in the order of the inputs."""
    rows = [patient(str(number), firstname="A") for number in range(50)]

    results = api.batch("upsert", rows).json()["results"]

    keys = [row["properties"]["amd_patient_id"] for row in results]
    assert sorted(keys, key=int) == [row["id"] for row in rows]
    assert keys != [row["id"] for row in rows]


@pytest.mark.parametrize("operation", ["read", "create", "update", "upsert", "archive"])
def test_more_than_a_hundred_inputs_are_refused(api: Api, operation: str) -> None:
    """A batch has at most 100 inputs."""
    rows = [patient(str(number), f"t{number}", firstname="A") for number in range(101)]

    assert api.batch(operation, rows).status_code == 400


def test_duplicate_ids_refuse_the_batch(api: Api, sim: SimulatorControl) -> None:
    """One id twice refuses the whole batch, trace ids or not."""
    rows = [patient("7", "t1", firstname="A"), patient("7", "t2", firstname="B")]

    response = api.batch("upsert", rows)

    assert response.status_code == 400
    assert response.json()["message"] == (
        "Duplicate IDs found in batch input: [7]. IDs must be unique"
    )
    assert response.json()["context"] == {"ids": ["7"]}
    assert sim.live("contacts") == {}


@pytest.mark.parametrize(
    ("operation", "id_property"),
    [("update", "email"), ("update", "hs_object_id"), ("upsert", "firstname"), ("upsert", None)],
)
def test_non_unique_keys_are_refused(api: Api, operation: str, id_property: str | None) -> None:
    """Only unique properties address records, and a batch update does not take the email."""
    row = {"id": "1", "idProperty": id_property, "properties": {"city": "x"}}

    response = api.batch(operation, [row])

    assert response.status_code == 400
    assert "Unable to perform update/upsert by non-unique 0-1 property" in response.text


def test_update_by_unique_property(api: Api, sim: SimulatorControl) -> None:
    """A batch update may name a record by a unique property."""
    record_id = sim.add("contacts", amd_patient_id="1", firstname="A")
    row = {"id": "1", "idProperty": "amd_patient_id", "properties": {"city": "Rome"}}

    assert api.batch("update", [row]).status_code == 200
    assert sim.live("contacts")[record_id]["city"] == "Rome"


def test_update_of_missing_ids_is_a_207(api: Api, sim: SimulatorControl) -> None:
    """Missing and archived ids are OBJECT_NOT_FOUND; the others are written."""
    here, gone = sim.load("contacts", [{"properties": {"email": f"{n}@ex.com"}} for n in "ab"])
    sim.archive(gone)
    rows = [
        {"id": one, "properties": {"city": "Rome"}, "objectWriteTraceId": f"t{one}"}
        for one in (here, gone, "99")
    ]

    response = api.batch("update", rows)

    body = response.json()
    assert response.status_code == 207
    assert [row["id"] for row in body["results"]] == [here]
    found = errors_by_trace(body)
    assert found["t99"]["category"] == "OBJECT_NOT_FOUND"
    assert found["t99"]["context"]["ids"] == ["99"]
    assert set(found) == {f"t{gone}", "t99"}


def test_update_without_trace_ids_lists_all_missing_ids(api: Api) -> None:
    """Without trace ids one error names all missing ids."""
    rows = [{"id": one, "properties": {"city": "Rome"}} for one in ("98", "99")]

    body = api.batch("update", rows).json()

    assert [row["context"] for row in body["errors"]] == [{"ids": ["98", "99"]}]


@pytest.mark.parametrize(("rule", "status"), [("whole_batch", 400), ("row", 207)])
def test_bad_values_in_an_update(api: Api, sim: SimulatorControl, rule: str, status: int) -> None:
    """Whether trace ids help against a bad value in a batch update is a setting."""
    sim.set(update_errors_with_trace_ids=rule)
    record_id = sim.add("contacts", email="a@ex.com")
    row = {"id": record_id, "properties": {"started": "maybe"}, "objectWriteTraceId": "t"}

    assert api.batch("update", [row]).status_code == status


def test_read_by_id_and_by_property(api: Api, sim: SimulatorControl) -> None:
    """A batch read finds records by id or unique property and lists what is missing."""
    record_id = sim.add("contacts", amd_patient_id="1", email="a@ex.com")

    by_id = api.batch("read", [{"id": record_id}], properties=["city", "nosuch"])
    by_key = api.batch("read", [{"id": "1"}, {"id": "2"}], idProperty="amd_patient_id")

    assert by_id.status_code == 200
    assert by_id.json()["results"][0]["properties"].keys() == {
        "city",
        "createdate",
        "hs_object_id",
        "lastmodifieddate",
    }
    assert by_key.status_code == 207
    assert by_key.json()["errors"] == [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": "Could not get some CONTACT objects, they may be deleted or not exist. "
            "Check that ids are valid.",
            "context": {"ids": ["2"]},
        }
    ]


@pytest.mark.parametrize("found", [False, True])
def test_read_by_secondary_email_is_a_setting(api: Api, sim: SimulatorControl, found: bool) -> None:
    """Whether a batch read by email sees secondary addresses is open."""
    sim.set(batch_read_secondary_email=found)
    sim.add("contacts", email="a@ex.com", hs_additional_emails="b@ex.com")

    response = api.batch("read", [{"id": "B@ex.com"}], idProperty="email")

    assert bool(response.json()["results"]) is found


def test_archive_ignores_unknown_ids(api: Api, sim: SimulatorControl) -> None:
    """Archiving answers 204 without a body, unknown ids included."""
    record_id = sim.add("contacts", email="a@ex.com")

    response = api.batch("archive", [{"id": record_id}, {"id": "99"}])

    assert (response.status_code, response.content) == (204, b"")
    assert sim.live("contacts") == {}


def test_email_upserts_are_all_or_nothing(api: Api, sim: SimulatorControl) -> None:
    """By default an upsert by email has no partial success; a setting gives it one."""
    rows = [
        {"id": "a@ex.com", "idProperty": "email", "properties": {}, "objectWriteTraceId": "1"},
        {
            "id": "b@ex.com",
            "idProperty": "email",
            "properties": {"started": "?"},
            "objectWriteTraceId": "2",
        },
    ]

    assert api.batch("upsert", rows).status_code == 400
    sim.set(email_upsert_errors="row")
    assert api.batch("upsert", rows).status_code == 207


def test_key_inside_properties_is_a_setting(api: Api, sim: SimulatorControl) -> None:
    """Whether an upsert must repeat its key among the properties is open."""
    row = {"id": "5", "idProperty": "amd_patient_id", "properties": {"firstname": "A"}}

    assert api.batch("upsert", [row]).status_code == 200
    sim.set(upsert_needs_key_in_properties=True)
    assert api.batch("upsert", [row]).status_code == 400
    assert [one["amd_patient_id"] for one in sim.live("contacts").values()] == ["5"]


@pytest.mark.parametrize(
    "body", ["{", "[]", '{"inputs":1}', '{"inputs":[1]}', '{"inputs":[{"properties":[]}]}']
)
def test_malformed_bodies_are_400(api: Api, body: str) -> None:
    """Whatever is no batch is refused as invalid JSON."""
    response = api.call(
        "POST",
        "/crm/v3/objects/contacts/batch/upsert",
        data=body,
        headers={"Content-Type": "application/json"},
    )

    assert response.status_code == 400
    assert response.json()["category"] == "VALIDATION_ERROR"


def test_custom_objects_need_their_required_properties(api: Api, sim: SimulatorControl) -> None:
    """A new custom record without a required property is refused, in either form."""
    row = {"id": "r1", "idProperty": "roi_id", "properties": {}, "objectWriteTraceId": "t"}

    plain = api.batch("upsert", [row], "p_roi").json()["errors"][0]
    sim.set(missing_required="property_values")
    listed = api.batch("upsert", [row], "2-51944773").json()["errors"][0]

    assert plain["context"] == {"properties": ["roi_type"], "objectWriteTraceId": ["t"]}
    assert listed["errors"][0]["context"] == {"propertyName": ["roi_type"]}


def test_validation_rules_hold_from_2026_09(api: Api, sim: SimulatorControl) -> None:
    """The account's own required properties are enforced on the newest version alone."""
    sim.set(validation_rules={"contacts": ["city"]})
    row = {"inputs": [{"properties": {"email": "a@ex.com"}}]}

    assert api.post("/crm/objects/2026-09/contacts/batch/create", row).status_code == 400
    assert api.post("/crm/objects/2026-03/contacts/batch/create", row).status_code == 201


def test_roi_id_can_lack_uniqueness(api: Api, sim: SimulatorControl) -> None:
    """A portal whose roi_id is not unique cannot be upserted into."""
    sim.put_property("roi", name="roi_id", hasUniqueValue=False)
    row = {"id": "r1", "idProperty": "roi_id", "properties": {"roi_type": "x"}}

    response = api.batch("upsert", [row], "p_roi")

    assert response.status_code == 400
    assert "non-unique 2-51944773 property roi_id" in response.json()["message"]


@pytest.mark.parametrize(("choice", "statuses"), [("207", [207] * 3), ("200", [201, 200, 200])])
def test_partial_errors_may_come_with_a_success(
    api: Api, sim: SimulatorControl, choice: str, statuses: list[int]
) -> None:
    """HubSpot's guide shows a 207, its 2026-09 document knows none: `errors` is there with both."""
    sim.set(partial_errors=choice)
    made = {"objectWriteTraceId": "c1", "properties": {"firstname": "A"}}
    spoiled = {"objectWriteTraceId": "c2", "properties": {"firstname": "A", "email": "x@y.con"}}
    answers = [
        api.batch("create", [made, spoiled]),
        api.batch(
            "upsert", [patient("1", "t1", firstname="A"), patient("2", "t2", email="x@y.con")]
        ),
        api.batch("read", [{"id": "1"}]),
    ]

    assert [answer.status_code for answer in answers] == statuses
    assert [answer.json()["numErrors"] for answer in answers] == [1, 1, 1]


@pytest.mark.parametrize(("choice", "is_moved"), [("touch", True), ("keep", False)])
def test_an_identical_write_may_move_the_last_modified_time(
    api: Api, sim: SimulatorControl, choice: str, is_moved: bool
) -> None:
    """A write of what is there already counts as a change, or does not; a real one always does."""
    sim.set(identical_write=choice, clock_fixed_ms=1_700_000_000_000)
    rows = [patient("1", firstname="A")]
    first = api.batch("upsert", rows).json()["results"][0]["updatedAt"]
    sim.set(clock_fixed_ms=1_700_000_060_000)
    again = api.batch("upsert", rows).json()["results"][0]["updatedAt"]
    changed = api.batch("upsert", [patient("1", firstname="B")]).json()["results"][0]["updatedAt"]

    assert (again > first) is is_moved
    assert changed > first


def test_refused_values_may_be_named_in_the_message_alone(api: Api, sim: SimulatorControl) -> None:
    """HubSpot's own examples of a refusal lack the structured errors at times."""
    sim.set(value_errors="message_only")
    answer = api.batch("upsert", [patient("1", email="x@y.con")]).json()

    assert "errors" not in answer
    assert '"name":"email"' in answer["message"]
