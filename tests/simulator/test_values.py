"""Values: what each property type takes, and the form in which it comes back."""

from __future__ import annotations

import pytest

from sandbox.hubspot.client import SimulatorControl

from .conftest import Api, patient


def write(api: Api, **properties: object) -> tuple[dict[str, str | None], dict[str, str]]:
    """The stored properties, or the refusal's code and message."""
    row = {"properties": {"firstname": "A", **properties}, "objectWriteTraceId": "t"}
    body = api.batch("create", [row]).json()
    if body.get("errors"):
        return {}, body["errors"][0]["errors"][0]
    return body["results"][0]["properties"], {}


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("first_initial_consult__treatment_", "1704164645000", "2024-01-02T03:04:05Z"),
        ("first_initial_consult__treatment_", "1704164645120", "2024-01-02T03:04:05.120Z"),
        ("first_initial_consult__treatment_", "2024-01-01T22:04:05-05:00", "2024-01-02T03:04:05Z"),
        ("first_initial_consult__treatment_", "-86400000", "1969-12-31T00:00:00Z"),
        ("ncf_date_of_birth", "1980-02-29", "1980-02-29"),
        ("ncf_date_of_birth", "0", "1970-01-01"),
        ("ncf_date_of_birth", "-315619200000", "1960-01-01"),
        ("treatmentstodate", "12", "12"),
        ("treatmentstodate", "1.5", "1.5"),
        ("treatmentstodate", 3, "3"),
        ("started", "true", "true"),
        ("started", False, "false"),
        ("email", " Ann.Lee+x@Mail.Example.COM ", "ann.lee+x@mail.example.com"),
        ("lifecyclestage", "lead", "lead"),
        ("city", "  Łódź ", "  Łódź "),
        ("city", "", None),
    ],
)
def test_values_are_stored_as_hubspot_stores_them(
    api: Api, name: str, value: object, stored: str | None
) -> None:
    """Dates come back as dates, instants as ISO texts, emails in lower case."""
    properties, _ = write(api, **{name: value})

    assert properties.get(name) == stored


@pytest.mark.parametrize(
    ("name", "value", "code", "message"),
    [
        (
            "ncf_date_of_birth",
            "1635535865",
            "INVALID_DATE",
            "1635535865 is at 22:18:55.865 UTC, not midnight!",
        ),
        ("ncf_date_of_birth", "1980-02-30", "INVALID_DATE", "1980-02-30"),
        ("ncf_date_of_birth", "02/29/1980", "INVALID_LONG", "02/29/1980 was not a valid long."),
        ("first_initial_consult__treatment_", "2024-01-02T03:04:05", "INVALID_DATE", "2024-01"),
        ("first_initial_consult__treatment_", "soon", "INVALID_LONG", "soon was not a valid long"),
        ("treatmentstodate", "1,000", "INVALID_INTEGER", "1,000"),
        ("treatmentstodate", "NaN", "INVALID_INTEGER", "NaN"),
        ("started", "Yes", "INVALID_OPTION", "Yes was not one of the allowed options"),
        ("lifecyclestage", "Lead", "INVALID_OPTION", "Lead was not one of the allowed options"),
        ("email", "a@b@c.com", "INVALID_EMAIL", "Email address a@b@c.com is invalid"),
        ("email", "ann@mail.con", "INVALID_EMAIL", "Email address ann@mail.con is invalid"),
        ("property_city", "x", "PROPERTY_DOESNT_EXIST", 'Property "property_city" does not exist'),
        ("hs_object_id", "1", "READ_ONLY_VALUE", "hs_object_id"),
        ("hs_additional_emails", "a@b.com", "READ_ONLY_VALUE", "hs_additional_emails"),
        ("address", "x" * 65_537, "PROPERTY_VALUE_TOO_LONG", "xxx"),
    ],
)
def test_bad_values_are_refused_with_code_and_value(
    api: Api, name: str, value: str, code: str, message: str
) -> None:
    """A refusal carries HubSpot's code and, as there, the offending value."""
    _, refusal = write(api, **{name: value})

    assert refusal["code"] == code
    assert message in refusal["message"]
    assert refusal["context"] == {"propertyName": [name]}


def test_the_message_holds_every_bad_value(api: Api, sim: SimulatorControl) -> None:
    """A whole-batch refusal lists all bad properties of the record in its message."""
    row = {"properties": {"email": "x@y.con", "started": "?"}}

    body = api.batch("create", [row]).json()

    portal_id = sim.health()["portal_id"]
    assert body["message"].startswith('Property values were not valid: [{"isValid":false,')
    assert f'"portalId":{portal_id}' in body["message"]
    assert len(body["errors"]) == 2
    assert body["correlationId"]


def test_blank_clears_and_absent_keeps(api: Api, sim: SimulatorControl) -> None:
    """An empty text clears a value; a property that is not named keeps it."""
    record_id = sim.add("contacts", email="a@ex.com", city="Rome", state="NY")

    api.batch("update", [{"id": record_id, "properties": {"city": ""}}])

    stored = sim.live("contacts")[record_id]
    assert "city" not in stored
    assert stored["state"] == "NY"


@pytest.mark.parametrize(
    ("rule", "status", "city"),
    [("reject", 400, "Rome"), ("clear", 200, None), ("ignore", 200, "Rome")],
)
def test_null_is_a_setting(
    api: Api, sim: SimulatorControl, rule: str, status: int, city: str | None
) -> None:
    """What a JSON null does is open."""
    sim.set(null_value=rule)
    record_id = sim.add("contacts", email="a@ex.com", city="Rome")

    response = api.batch("update", [{"id": record_id, "properties": {"city": None}}])

    assert response.status_code == status
    assert sim.live("contacts")[record_id].get("city") == city


def test_contacts_need_a_name_or_an_email(api: Api) -> None:
    """A contact without email, first and last name is not created."""
    assert api.batch("upsert", [patient("1", city="Rome")]).status_code == 400


def test_lifecycle_stage_only_moves_forward(api: Api, sim: SimulatorControl) -> None:
    """A step back in the lifecycle is dropped without a word."""
    record_id = sim.add("contacts", email="a@ex.com", lifecyclestage="customer")

    response = api.batch("update", [{"id": record_id, "properties": {"lifecyclestage": "lead"}}])

    assert response.status_code == 200
    assert sim.live("contacts")[record_id]["lifecyclestage"] == "customer"


def test_every_write_bumps_the_last_modified_time(api: Api, sim: SimulatorControl) -> None:
    """The last-modified time follows HubSpot's clock, to the millisecond."""
    sim.set(clock_fixed_ms=1_700_000_000_000)
    record_id = sim.add("contacts", email="a@ex.com")
    sim.set(clock_fixed_ms=1_700_000_000_123)

    api.batch("update", [{"id": record_id, "properties": {"city": ""}}])

    record = sim.record("contacts", record_id)
    assert record is not None
    assert record["createdAt"] == "2023-11-14T22:13:20Z"
    assert record["properties"]["lastmodifieddate"] == "2023-11-14T22:13:20.123Z"


def test_half_a_surrogate_pair_does_no_harm(api: Api) -> None:
    """Text that is no Unicode text is answered as a question mark, not with an error."""
    response = api.call(
        "POST",
        "/crm/v3/objects/contacts",
        data=rb'{"properties":{"firstname":"\ud800"}}',
        headers={"Content-Type": "application/json"},
    )

    assert response.status_code == 201
    assert response.json()["properties"]["firstname"] == "?"
