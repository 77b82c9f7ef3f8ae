"""HubSpot's own Python client, pointed at the simulator."""

from __future__ import annotations

import hubspot
import pytest
from hubspot.crm import contacts
from hubspot.crm.contacts.exceptions import ApiException

from sandbox.hubspot.client import TOKEN, SimulatorControl


@pytest.fixture
def client(sim: SimulatorControl) -> hubspot.Client:
    return hubspot.Client.create(access_token=TOKEN, host=sim.base_url)


def test_single_records(client: hubspot.Client) -> None:
    """Create, read, update and archive through the official client."""
    basic = client.crm.contacts.basic_api
    made = basic.create(
        contacts.SimplePublicObjectInputForCreate(
            properties={"email": "Ann@Ex.com"}, associations=[]
        )
    )
    basic.update(made.id, contacts.SimplePublicObjectInput(properties={"city": "Rome"}))
    read = basic.get_by_id(made.id, properties=["email", "city"])

    assert read.properties["email"] == "ann@ex.com"
    assert read.properties["city"] == "Rome"
    assert read.created_at.tzinfo is not None
    basic.archive(made.id)
    with pytest.raises(ApiException) as refusal:
        basic.get_by_id(made.id)
    assert refusal.value.status == 404


def test_conflicts(client: hubspot.Client) -> None:
    """The client raises the simulator's 409 with its message."""
    order = contacts.SimplePublicObjectInputForCreate(
        properties={"email": "a@ex.com"}, associations=[]
    )
    made = client.crm.contacts.basic_api.create(order)

    with pytest.raises(ApiException) as refusal:
        client.crm.contacts.basic_api.create(order)

    assert refusal.value.status == 409
    assert f"Existing ID: {made.id}" in refusal.value.body


def test_batches(client: hubspot.Client) -> None:
    """Upsert and read batches, with a partial failure."""
    batch = client.crm.contacts.batch_api
    inputs = [
        contacts.SimplePublicObjectBatchInputUpsert(
            id=key,
            id_property="amd_patient_id",
            object_write_trace_id=key,
            properties={"amd_patient_id": key, "email": email},
        )
        for key, email in (("1", "a@ex.com"), ("2", "b@ex.con"))
    ]

    answer = batch.upsert(contacts.BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs))
    read = batch.read(
        contacts.BatchReadInputSimplePublicObjectId(
            inputs=[contacts.SimplePublicObjectId(id="1")],
            id_property="amd_patient_id",
            properties=["email"],
            properties_with_history=[],
        )
    )

    assert answer.num_errors == 1
    assert answer.errors[0].context == {"objectWriteTraceId": ["2"]}
    assert [row.new for row in answer.results] == [True]
    assert read.results[0].properties["email"] == "a@ex.com"


def test_search_and_lists(client: hubspot.Client, sim: SimulatorControl) -> None:
    """Search, and page through everything."""
    sim.load("contacts", [{"properties": {"email": f"{n}@ex.com"}} for n in range(12)])

    found = client.crm.contacts.search_api.do_search(
        contacts.PublicObjectSearchRequest(
            filter_groups=[
                {"filters": [{"propertyName": "email", "operator": "EQ", "value": "3@ex.com"}]}
            ],
            limit=10,
        )
    )
    everyone = client.crm.contacts.get_all(properties=["email"])

    assert (found.total, found.results[0].properties["email"]) == (1, "3@ex.com")
    assert len(everyone) == 12


def test_property_definitions(client: hubspot.Client) -> None:
    """The properties API deserialises."""
    found = client.crm.properties.core_api.get_all("contacts").results

    by_name = {row.name: row for row in found}
    assert by_name["amd_patient_id"].has_unique_value is True
    assert by_name["hs_object_id"].modification_metadata.read_only_value is True
