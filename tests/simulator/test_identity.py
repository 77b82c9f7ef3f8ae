"""Unique values, secondary emails, merges and archived records."""

from __future__ import annotations

import re

import pytest

from sandbox.hubspot.client import SimulatorControl

from .conftest import Api, patient


def test_creating_a_known_email_is_a_409(api: Api, sim: SimulatorControl) -> None:
    """A create names the contact that has the email already."""
    holder = sim.add("contacts", email="ann@ex.com")

    response = api.post("/crm/v3/objects/contacts", {"properties": {"email": "ANN@ex.com"}})

    assert response.status_code == 409
    assert response.json()["category"] == "CONFLICT"
    assert response.json()["message"] == f"Contact already exists. Existing ID: {holder}"


def test_batch_create_names_only_the_first_clash(api: Api, sim: SimulatorControl) -> None:
    """Of several clashes in a batch create the first alone is named."""
    first = sim.add("contacts", email="a@ex.com")
    sim.add("contacts", email="b@ex.com")

    response = api.batch("create", [{"properties": {"email": f"{name}@ex.com"}} for name in "ab"])

    assert response.status_code == 409
    assert response.json()["message"].endswith(first)


def test_secondary_emails_are_unique_too(api: Api, sim: SimulatorControl) -> None:
    """An email that is another contact's additional one cannot be created."""
    holder = sim.add("contacts", email="a@ex.com", hs_additional_emails="b@ex.com;c@ex.com")

    response = api.post("/crm/v3/objects/contacts", {"properties": {"email": "c@ex.com"}})

    assert response.status_code == 409
    assert response.json()["message"].endswith(holder)


@pytest.mark.parametrize(("style", "status"), [("400", 400), ("409", 409)])
def test_a_clash_on_update_has_two_bodies(
    api: Api, sim: SimulatorControl, style: str, status: int
) -> None:
    """Writing an email that is taken is a 400 with coordinates, or a 409, by setting."""
    sim.set(update_clash=style)
    holder = sim.add("contacts", email="a@ex.com")
    writer = sim.add("contacts", email="b@ex.com")

    response = api.batch("update", [{"id": writer, "properties": {"email": "a@ex.com"}}])

    assert response.status_code == status
    message = response.json()["message"]
    if style == "400":
        assert "propertyName=email, value=a@ex.com" in message
        assert message.endswith(f"on {writer}. {holder} already has that value.")
    else:
        assert message == f"Contact already exists. Existing ID: {holder}"


@pytest.mark.parametrize(("rule", "status"), [("row", 207), ("whole_batch", 400)])
def test_a_clash_with_trace_ids_is_a_setting(
    api: Api, sim: SimulatorControl, rule: str, status: int
) -> None:
    """A clash refuses its row or the whole batch, even with trace ids."""
    sim.set(clash_with_trace_ids=rule)
    sim.add("contacts", email="a@ex.com", amd_patient_id="9")

    response = api.batch(
        "upsert", [patient("1", "t1", email="a@ex.com"), patient("2", "t2", firstname="B")]
    )

    assert response.status_code == status
    assert len(sim.live("contacts")) == (2 if rule == "row" else 1)


def test_clashes_within_a_batch(api: Api) -> None:
    """Two rows of one batch cannot take one email."""
    rows = [patient(str(n), f"t{n}", email="a@ex.com") for n in range(2)]

    response = api.batch("upsert", rows)

    assert response.status_code == 207
    assert [row["context"]["objectWriteTraceId"] for row in response.json()["errors"]] == [["t1"]]


def test_the_clash_message_names_a_ghost_first(api: Api, sim: SimulatorControl) -> None:
    """The first id of a unique clash is the record being written, which may not exist."""
    holder = sim.add("roi", roi_id="r1", roi_type="x")

    response = api.batch("create", [{"properties": {"roi_id": "r1", "roi_type": "y"}}], "p_roi")

    ids = re.findall(r"(?:on |\. )(\d+)", response.json()["message"])
    assert ids[1] == holder
    assert ids[0] not in sim.live("roi")


@pytest.mark.parametrize("insensitive", [False, True])
def test_case_of_unique_values_is_a_setting(
    api: Api, sim: SimulatorControl, insensitive: bool
) -> None:
    """Whether unique values differ by case is open."""
    sim.set(unique_case_insensitive=insensitive)
    sim.add("contacts", amd_patient_id="ab", firstname="A")

    result = api.batch("upsert", [patient("AB", firstname="B")]).json()["results"][0]

    assert result["new"] is not insensitive


def test_a_new_primary_email_changes_places_with_it(api: Api, sim: SimulatorControl) -> None:
    """An additional email that becomes the primary one leaves the old one as additional."""
    record_id = sim.add("contacts", email="a@ex.com", hs_additional_emails="b@ex.com")

    api.batch("update", [{"id": record_id, "properties": {"email": "b@ex.com"}}])

    stored = sim.live("contacts")[record_id]
    assert (stored["email"], stored["hs_additional_emails"]) == ("b@ex.com", "a@ex.com")


def test_a_freed_value_can_be_taken(api: Api, sim: SimulatorControl) -> None:
    """A value that was changed, cleared or archived away is free again."""
    changed, archived = sim.load(
        "contacts", [{"properties": {"email": f"{name}@ex.com"}} for name in "ab"]
    )
    sim.edit("contacts", changed, email="c@ex.com")
    sim.archive(archived)

    response = api.batch("create", [{"properties": {"email": f"{name}@ex.com"}} for name in "ab"])

    assert response.status_code == 201


def test_a_merge_gives_the_survivor_a_new_id(api: Api, sim: SimulatorControl) -> None:
    """By default a merged contact has a new id, all emails, and both old ids."""
    first = sim.add("contacts", email="a@ex.com", firstname="Ann", amd_patient_id="1")
    second = sim.add("contacts", email="b@ex.com", city="Rome")

    survivor = sim.merge(first, second)

    assert survivor not in (first, second)
    stored = sim.live("contacts")
    assert list(stored) == [survivor]
    assert stored[survivor]["hs_additional_emails"] == "b@ex.com"
    assert stored[survivor]["hs_merged_object_ids"] == f"{first};{second}"
    assert (stored[survivor]["city"], stored[survivor]["amd_patient_id"]) == ("Rome", "1")


def test_a_merge_can_preserve_the_primary_id(sim: SimulatorControl) -> None:
    """With Primary ID Preservation the primary keeps its id."""
    sim.set(primary_id_preservation=True)
    first, second = sim.add("contacts", email="a@ex.com"), sim.add("contacts", email="b@ex.com")

    assert sim.merge(first, second) == first
    assert sim.live("contacts")[first]["hs_merged_object_ids"] == second


def test_merge_chains_resolve_on_single_records(api: Api, sim: SimulatorControl) -> None:
    """A single GET or PATCH of an old id reaches the last survivor."""
    one, two, three = (sim.add("contacts", email=f"{name}@ex.com") for name in "abc")
    last = sim.merge(sim.merge(one, two), three)

    patched = api.call("PATCH", f"/crm/v3/objects/contacts/{two}", {"properties": {"city": "Rome"}})

    assert patched.json()["id"] == last
    assert api.get(f"/crm/v3/objects/contacts/{one}").json()["id"] == last
    assert sim.live("contacts")[last]["city"] == "Rome"


@pytest.mark.parametrize(("rule", "status"), [("leave_out", 200), ("not_found", 207)])
def test_batch_updates_do_not_know_merged_ids(
    api: Api, sim: SimulatorControl, rule: str, status: int
) -> None:
    """A merged-away id is left out of the results, or not found; nothing is written."""
    sim.set(merged_in_batch_update=rule)
    first, second = sim.add("contacts", email="a@ex.com"), sim.add("contacts", email="b@ex.com")
    survivor = sim.merge(first, second)

    response = api.batch("update", [{"id": second, "properties": {"city": "Rome"}}])

    assert response.status_code == status
    assert response.json()["results"] == []
    assert "city" not in sim.live("contacts")[survivor]


@pytest.mark.parametrize(("rule", "status"), [("resolve", 200), ("not_found", 207)])
def test_batch_reads_of_merged_ids_are_a_setting(
    api: Api, sim: SimulatorControl, rule: str, status: int
) -> None:
    """Whether a batch read resolves merged ids is open."""
    sim.set(merged_in_batch_read=rule)
    first, second = sim.add("contacts", email="a@ex.com"), sim.add("contacts", email="b@ex.com")
    sim.merge(first, second)

    assert api.batch("read", [{"id": first}]).status_code == status


@pytest.mark.parametrize(("rule", "is_new"), [("create", True), ("restore", False)])
def test_upserting_an_archived_key_is_a_setting(
    api: Api, sim: SimulatorControl, rule: str, is_new: bool
) -> None:
    """The key of an archived record makes a new record, or brings the old one back."""
    sim.set(upsert_archived_key=rule)
    record_id = sim.add("contacts", amd_patient_id="1", firstname="A")
    sim.archive(record_id)

    result = api.batch("upsert", [patient("1", firstname="B")]).json()["results"][0]

    assert result["new"] is is_new
    assert (result["id"] != record_id) is is_new


def test_archived_records_can_be_listed_read_and_restored(api: Api, sim: SimulatorControl) -> None:
    """An archived record is seen only where archived ones are asked for."""
    record_id = sim.add("contacts", email="a@ex.com")
    assert api.call("DELETE", f"/crm/v3/objects/contacts/{record_id}").status_code == 204

    listed = api.get("/crm/v3/objects/contacts?archived=true").json()["results"]
    read = api.post(
        "/crm/v3/objects/contacts/batch/read?archived=true", {"inputs": [{"id": record_id}]}
    )
    sim.restore(record_id)

    assert [row["id"] for row in listed] == [record_id]
    assert listed[0]["archived"] is True
    assert listed[0]["archivedAt"]
    assert read.status_code == 200
    assert list(sim.live("contacts")) == [record_id]


def test_merging_through_the_api(api: Api, sim: SimulatorControl) -> None:
    """The merge endpoint does what staff can do."""
    first, second = sim.add("contacts", email="a@ex.com"), sim.add("contacts", email="b@ex.com")

    response = api.post(
        "/crm/v3/objects/contacts/merge",
        {"primaryObjectId": first, "objectIdToMerge": second},
    )

    assert list(sim.live("contacts")) == [response.json()["id"]]


def test_a_contact_deleted_for_good_can_be_made_again(api: Api, sim: SimulatorControl) -> None:
    """It is neither live nor archived; the API takes its address again, save by a setting."""
    record_id = sim.add("contacts", email="ann@ex.com", firstname="A")
    answer = api.post("/crm/v3/objects/contacts/gdpr-delete", {"objectId": record_id})
    read = api.batch("read", [{"id": record_id}])
    listed = api.get("/crm/v3/objects/contacts?archived=true").json()["results"]
    order = {"properties": {"email": "ann@ex.com"}}
    sim.set(gdpr_deleted_email="reject")
    refused = api.post("/crm/v3/objects/contacts", order)
    sim.set(gdpr_deleted_email="accept")

    assert answer.status_code == 204
    assert read.json()["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert listed == []
    assert refused.status_code == 400
    assert api.post("/crm/v3/objects/contacts", order).status_code == 201


def test_deleting_for_good_by_address(api: Api, sim: SimulatorControl) -> None:
    """An address that nobody has is remembered all the same; an unknown id is not found."""
    sim.add("contacts", email="ann@ex.com")
    path = "/crm/objects/2026-09/contacts/gdpr-delete"
    for address in ("Ann@ex.com", "bo@ex.com"):
        body = {"objectId": address, "idProperty": "email"}
        assert api.post(path, body).status_code == 204
    sim.set(gdpr_deleted_email="reject")

    assert sim.live("contacts") == {}
    assert api.post("/crm/v3/objects/contacts", {"properties": {"email": "bo@ex.com"}}).ok is False
    assert api.post(path, {"objectId": "123"}).status_code == 404


def test_staff_delete_for_good(sim: SimulatorControl) -> None:
    """From the archive, too."""
    ids = [sim.add("contacts", firstname=name) for name in "AB"]
    sim.archive(ids[0])

    assert sim.gdpr_delete(*ids) == 2
    assert list(sim.records("contacts")) == []
