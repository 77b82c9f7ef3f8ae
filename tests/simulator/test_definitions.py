"""Properties, groups, schemas, scopes and the account."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.hubspot.client import SETUP_TOKEN, SimulatorControl

from .conftest import Api

PROPERTIES = "/crm/properties/2026-09/contacts"
SCHEMAS = "/crm-object-schemas/2026-09/schemas"


def definition(name: str = "pet", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": "Pet",
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
        **more,
    }


def test_a_property_can_be_created_and_written(api: Api, setup_api: Api) -> None:
    """A property is made by the setup token and written by the worker's."""
    created = setup_api.post(PROPERTIES, definition(hasUniqueValue=True))
    api.post("/crm/v3/objects/contacts", {"properties": {"firstname": "A", "pet": "Rex"}})

    assert created.status_code == 201
    assert created.json()["hasUniqueValue"] is True
    found = api.batch("read", [{"id": "Rex"}], idProperty="pet").json()["results"]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "text"}, "INVALID_TYPE"),
        ({"type": "date", "fieldType": "text"}, "INVALID_FIELD_TYPE"),
        ({"type": "bool", "fieldType": "booleancheckbox"}, "INVALID_BOOLEAN_OPTION"),
        ({"type": "enumeration", "fieldType": "select"}, "OPTIONS_REQUIRED"),
        ({"name": "Pet Name"}, "INVALID_NAME"),
        ({"label": ""}, None),
        ({"groupName": "nosuch"}, None),
        ({"dataSensitivity": "secret"}, None),
    ],
)
def test_bad_definitions_are_refused(
    setup_api: Api, change: dict[str, Any], code: str | None
) -> None:
    """Types, pairs of type and field type, options and groups are checked."""
    response = setup_api.post(PROPERTIES, definition() | change)

    assert response.status_code == 400
    if code is not None:
        assert response.json()["errors"][0]["code"] == code


def test_batch_create_is_partial(setup_api: Api) -> None:
    """A batch of properties creates the new ones and reports the others."""
    rows = [definition("pet"), definition("email"), definition("toy")]

    response = setup_api.post(f"{PROPERTIES}/batch/create", {"inputs": rows})

    body = response.json()
    assert response.status_code == 207
    assert [row["name"] for row in body["results"]] == ["pet", "toy"]
    assert body["errors"][0]["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"


def test_an_existing_name_is_a_409(setup_api: Api) -> None:
    """A name that exists is a conflict."""
    response = setup_api.post(PROPERTIES, definition("city"))

    assert response.status_code == 409
    assert response.json()["category"] == "OBJECT_ALREADY_EXISTS"


def test_deleting_and_creating_again_restores(api: Api, setup_api: Api) -> None:
    """A deleted property is gone for writers; creating its name restores it as it was."""
    setup_api.post(PROPERTIES, definition(hasUniqueValue=True))
    assert setup_api.call("DELETE", f"{PROPERTIES}/pet").status_code == 204
    refused = api.post("/crm/v3/objects/contacts", {"properties": {"firstname": "A", "pet": "x"}})
    restored = setup_api.post(PROPERTIES, definition(hasUniqueValue=False))

    assert refused.json()["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    assert restored.json()["hasUniqueValue"] is True


def test_patch_replaces_options_and_ignores_uniqueness(setup_api: Api) -> None:
    """PATCH replaces the list of options; uniqueness stays, with a 200."""
    option = {"label": "Dog", "value": "dog", "displayOrder": 0}
    setup_api.post(PROPERTIES, definition(type="enumeration", fieldType="select", options=[option]))

    response = setup_api.call(
        "PATCH",
        f"{PROPERTIES}/pet",
        {
            "options": [{"label": "Cat", "value": "cat", "displayOrder": 0}],
            "hasUniqueValue": True,
            "label": "Beast",
        },
    )

    body = response.json()
    assert response.status_code == 200
    assert [one["value"] for one in body["options"]] == ["cat"]
    assert (body["label"], body["hasUniqueValue"]) == ("Beast", False)


def test_system_properties_say_that_they_are_read_only(api: Api) -> None:
    """Read-only properties carry it in their metadata."""
    found = api.get(f"{PROPERTIES}/hs_object_id").json()

    assert found["modificationMetadata"]["readOnlyValue"] is True
    assert found["hubspotDefined"] is True
    assert api.get(f"{PROPERTIES}/nosuch").status_code == 404


def test_groups(setup_api: Api) -> None:
    """Groups can be created once and listed."""
    body = {"name": "pets", "label": "Pets", "displayOrder": -1}

    assert setup_api.post(f"{PROPERTIES}/groups", body).status_code == 201
    assert setup_api.post(f"{PROPERTIES}/groups", body).status_code == 409
    assert setup_api.get(f"{PROPERTIES}/groups/pets").json()["label"] == "Pets"
    names = [row["name"] for row in setup_api.get(f"{PROPERTIES}/groups").json()["results"]]
    assert "pets" in names


def test_sensitive_properties_are_listed_apart(api: Api, setup_api: Api) -> None:
    """The plain list holds non-sensitive properties only."""
    setup_api.post(PROPERTIES, definition(dataSensitivity="sensitive"))

    plain = [row["name"] for row in api.get(PROPERTIES).json()["results"]]
    sensitive = api.get(f"{PROPERTIES}?dataSensitivity=sensitive").json()["results"]

    assert "pet" not in plain
    assert [row["name"] for row in sensitive] == ["pet"]
    assert sensitive[0]["sensitiveDataCategories"] == ["HIPAA"]


def test_highly_sensitive_properties_cannot_be_searched(setup_api: Api) -> None:
    """Sensitive properties can be searched, highly sensitive ones cannot."""
    setup_api.post(PROPERTIES, definition("pet", dataSensitivity="sensitive"))
    setup_api.post(PROPERTIES, definition("toy", dataSensitivity="highly_sensitive"))

    assert setup_api.search(("pet", "EQ", "x")).status_code == 200
    assert setup_api.search(("toy", "EQ", "x")).status_code == 400


def test_sensitive_values_need_their_scopes(
    api: Api, setup_api: Api, sim: SimulatorControl
) -> None:
    """Without its scope a token neither writes, reads, searches nor makes sensitive values."""
    setup_api.post(PROPERTIES, definition(dataSensitivity="highly_sensitive"))
    record_id = setup_api.post(
        "/crm/v3/objects/contacts", {"properties": {"firstname": "A", "pet": "Rex"}}
    ).json()["id"]
    url = f"/crm/v3/objects/contacts/{record_id}"

    assert api.call("PATCH", url, {"properties": {"pet": "x"}}).status_code == 403
    assert "pet" not in api.get(f"{url}?properties=pet").json()["properties"]
    assert setup_api.get(f"{url}?properties=pet").json()["properties"]["pet"] == "Rex"
    sim.set(sensitive_read_without_scope="reject")
    assert api.get(f"{url}?properties=pet").status_code == 403


def test_sensitive_definitions_are_readable_without_their_scope(
    api: Api, sim: SimulatorControl
) -> None:
    """HubSpot's documents name no scope for them; whether they need one is a setting."""
    path = f"{PROPERTIES}?dataSensitivity=highly_sensitive"
    shown = api.get(path).status_code
    sim.set(sensitive_definitions_without_scope="reject")

    assert (shown, api.get(path).status_code) == (200, 403)


def test_making_a_sensitive_property_needs_its_scope(setup_api: Api, sim: SimulatorControl) -> None:
    """The 403 for a sensitive definition has a message of its own."""
    scopes = sim.settings()["tokens"][SETUP_TOKEN]
    sim.set(tokens={SETUP_TOKEN: [one for one in scopes if "sensitive" not in one]})

    response = setup_api.post(PROPERTIES, definition(dataSensitivity="sensitive"))

    assert response.status_code == 403
    assert response.json()["message"] == (
        "Missing required scope for: sensitive-data-property-create"
    )


def test_definitions_need_the_setup_token(api: Api) -> None:
    """The worker's token has no scope to write definitions."""
    response = api.post(PROPERTIES, definition())

    body = response.json()
    assert response.status_code == 403
    assert body["category"] == "MISSING_SCOPES"
    assert body["errors"][0]["context"] == {
        "requiredGranularScopes": ["crm.schemas.contacts.write"]
    }
    assert api.post(SCHEMAS, {}).status_code == 403


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bearer pat-local-test",
        "Bearer  pat-local-test",
        "Bearer pat-other",
        "Basic pat-local-test",
    ],
)
def test_the_bearer_token_is_checked_to_the_letter(api: Api, header: str) -> None:
    """An unknown token, another scheme or spelling is a 401."""
    api.session.headers["Authorization"] = header

    response = api.get(PROPERTIES)

    assert response.status_code == 401
    assert response.json()["category"] == "INVALID_AUTHENTICATION"


def visit(**more: Any) -> dict[str, Any]:
    """A schema as the document of 2026-09 requires it."""
    return {
        "name": "visit",
        "labels": {"singular": "Visit", "plural": "Visits"},
        "primaryDisplayProperty": "visit_id",
        "requiredProperties": ["visit_id"],
        "searchableProperties": ["visit_id"],
        "secondaryDisplayProperties": [],
        "associatedObjects": ["0-1"],
        "allowsSensitiveProperties": True,
        "properties": [
            {
                "name": "visit_id",
                "label": "ID",
                "type": "string",
                "fieldType": "text",
                "hasUniqueValue": True,
            }
        ],
        **more,
    }


def test_a_schema_makes_a_new_object(api: Api, setup_api: Api, sim: SimulatorControl) -> None:
    """A new custom object gets a type id and can be addressed by each of its full names."""
    body = visit()

    created = setup_api.post(SCHEMAS, body)
    type_id = created.json()["objectTypeId"]

    assert created.status_code == 201
    assert created.json()["fullyQualifiedName"] == f"p{sim.health()['portal_id']}_visit"
    assert setup_api.post(SCHEMAS, body).status_code == 409
    row = {"id": "v1", "idProperty": "visit_id", "properties": {}}
    for name in (type_id, "p_visit", created.json()["fullyQualifiedName"]):
        assert api.batch("upsert", [row], name).status_code == 200
        assert api.get(f"{SCHEMAS}/{name}").json()["objectTypeId"] == type_id
    assert len(api.get(SCHEMAS).json()["results"]) == 2
    assert setup_api.call("DELETE", f"{SCHEMAS}/p_visit").status_code == 400
    sim.archive(*sim.live("visit"), object_type="visit")
    assert setup_api.call("DELETE", f"{SCHEMAS}/p_visit").status_code == 204
    assert api.get(f"{SCHEMAS}/{type_id}").status_code == 400


def test_the_base_name_of_a_custom_object_is_no_address(api: Api, sim: SimulatorControl) -> None:
    """`roi` is refused where `p_roi` is taken; an older portal takes it."""
    refused = [
        api.get(f"/crm/objects/2026-09/{name}").status_code for name in ("roi", "p_roi", "contacts")
    ]
    sim.set(base_names="accept")

    assert refused == [400, 200, 200]
    assert api.get("/crm/objects/2026-09/roi").status_code == 200


@pytest.mark.parametrize(
    ("version", "lacks", "status"),
    [
        ("2026-09", "allowsSensitiveProperties", 400),
        ("2026-09", "searchableProperties", 400),
        ("2026-09", "secondaryDisplayProperties", 400),
        ("2026-03", "shouldCreateSameObjectAssociation", 400),
        ("2026-09", "shouldCreateSameObjectAssociation", 201),
        ("v3", "secondaryDisplayProperties", 201),
    ],
)
def test_a_schema_insists_on_its_lists(
    setup_api: Api, sim: SimulatorControl, version: str, lacks: str, status: int
) -> None:
    """What the document of a version requires; or only the guide's keys, by a setting."""
    body = visit(shouldCreateSameObjectAssociation=False)
    del body[lacks]
    answer = setup_api.post(f"/crm-object-schemas/{version}/schemas", body)

    assert answer.status_code == status
    if status == 400:
        assert lacks in answer.json()["message"]
        sim.set(schema_lists="optional")
        assert setup_api.post(f"/crm-object-schemas/{version}/schemas", body).status_code == 201


def test_an_object_can_come_to_allow_sensitive_properties(setup_api: Api) -> None:
    """By a PATCH that names `clearDescription`; it is never taken back."""
    path = f"{SCHEMAS}/p_visit"
    secret = definition(groupName="visit_information", dataSensitivity="sensitive")
    properties = "/crm/properties/2026-09/p_visit"
    setup_api.post(SCHEMAS, visit(allowsSensitiveProperties=False))
    before = setup_api.post(properties, secret).status_code
    flag = {"allowsSensitiveProperties": True}
    refused = setup_api.call("PATCH", path, flag).status_code
    patched = setup_api.call("PATCH", path, {**flag, "clearDescription": False})
    setup_api.call("PATCH", path, {"allowsSensitiveProperties": False, "clearDescription": False})

    assert (before, refused, patched.status_code) == (400, 400, 200)
    assert patched.json()["allowsSensitiveProperties"] is True
    assert setup_api.get(path).json()["allowsSensitiveProperties"] is True
    assert setup_api.post(properties, secret).status_code == 201


def test_options_need_their_order(setup_api: Api, sim: SimulatorControl) -> None:
    """`displayOrder` is required of an option, by the documents."""
    kind = {"type": "enumeration", "fieldType": "select"}
    body = definition(**kind, options=[{"label": "Dog", "value": "dog"}])
    refused = setup_api.post(PROPERTIES, body).status_code
    sim.set(option_display_order="optional")

    assert (refused, setup_api.post(PROPERTIES, body).status_code) == (400, 201)


@pytest.mark.parametrize(
    ("how", "value", "is_unique", "keeps_its_birthday"),
    [("emptied", None, True, True), ("restored", "Rex", True, True), ("new", None, False, False)],
)
def test_a_property_that_is_made_again(
    setup_api: Api,
    sim: SimulatorControl,
    how: str,
    value: str | None,
    is_unique: bool,
    keeps_its_birthday: bool,
) -> None:
    """With its values or without, or another one of that name: HubSpot leaves it open."""
    sim.set(recreated_property=how, clock_fixed_ms=1_700_000_000_000)
    first = setup_api.post(PROPERTIES, definition(hasUniqueValue=True)).json()
    record_id = sim.add("contacts", firstname="A", pet="Rex")
    setup_api.call("DELETE", f"{PROPERTIES}/pet")
    gone = sim.live("contacts")[record_id]
    sim.set(clock_fixed_ms=1_700_000_060_000)
    again = setup_api.post(PROPERTIES, definition()).json()

    assert "pet" not in gone
    assert sim.live("contacts")[record_id].get("pet") == value
    assert again["hasUniqueValue"] is is_unique
    assert (again["createdAt"] == first["createdAt"]) is keeps_its_birthday
    assert again["updatedAt"] > first["updatedAt"]


def test_incomplete_schemas_are_refused(setup_api: Api) -> None:
    """A schema names its required fields, and only properties that it has."""
    body = {
        "name": "visit",
        "labels": {},
        "properties": [],
        "requiredProperties": ["nosuch"],
        "associatedObjects": [],
    }

    assert setup_api.post(SCHEMAS, {"name": "visit"}).status_code == 400
    assert setup_api.post(SCHEMAS, body).status_code == 400


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nosuch", "Unable to infer object type from: nosuch"),
        ("2-999", "Invalid object or event type id: 2-999"),
    ],
)
def test_unknown_object_types(api: Api, name: str, message: str) -> None:
    """An unknown type is a 400 without a category."""
    response = api.get(f"/crm/v3/objects/{name}")

    assert response.status_code == 400
    assert response.json()["message"] == message
    assert "category" not in response.json()


@pytest.mark.parametrize(
    "paths",
    [
        ["/account-info/v3/details", "/account-info/2026-09/details"],
        ["/crm/v3/objects/0-1", "/crm/objects/2026-03/contacts", "/crm/objects/2026-09/contacts"],
        ["/crm/v3/properties/contacts", "/crm/properties/2026-09/contacts"],
        [
            "/crm/v3/schemas/p_roi",
            "/crm-object-schemas/v3/schemas/p_roi",
            "/crm-object-schemas/2026-09/schemas/2-51944773",
        ],
        ["/crm/v3/limits/custom-properties", "/crm/limits/2026-09/custom-properties"],
    ],
)
def test_both_families_of_paths_answer_alike(
    api: Api, sim: SimulatorControl, paths: list[str]
) -> None:
    """The v3 and the date-based paths lead to one store."""
    sim.add("contacts", email="a@ex.com")
    bodies = [api.get(path).json() for path in paths]

    assert all(body == bodies[0] for body in bodies)


def test_versions_can_be_switched_off(api: Api, sim: SimulatorControl) -> None:
    """A version that is gone, or never was, is a 404 page."""
    sim.set(disabled_versions=["v3"])

    assert api.get("/crm/v3/objects/contacts").status_code == 404
    assert api.get("/crm/objects/2031-03/contacts").status_code == 404
    assert "<html>" in api.get("/nosuch").text


def test_account_details(api: Api, sim: SimulatorControl) -> None:
    """The account's details name the portal and its time zone."""
    body = api.get("/account-info/v3/details").json()

    assert body["portalId"] == sim.health()["portal_id"]
    assert body["timeZone"] == "America/New_York"


def test_requests_without_json_are_refused(api: Api) -> None:
    """A body that does not say it is JSON is a 415."""
    response = api.call("POST", "/crm/v3/objects/contacts", data="{}")

    assert response.status_code == 415


def test_overlong_addresses_are_refused(api: Api) -> None:
    """A long list of properties breaks the limit of addresses."""
    assert api.get(f"/crm/v3/objects/contacts?properties={'x,' * 10_000}").status_code == 414
