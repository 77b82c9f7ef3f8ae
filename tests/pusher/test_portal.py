"""The portal against the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pusher import portal, session
from pusher.errors import SettingsError
from pusher.session import Session
from tests.pusher.conftest import World, catalogue_property, events


@pytest.fixture
def at(world: World) -> Session:
    made = session.connect(world.settings(), is_setup=True)
    for row in made.objects:
        made.hubspot.resolve(row["object_type"], made.portal_id)
    return made


def test_what_the_portal_has_is_stored_and_only_a_change_is_stored_again(
    world: World, at: Session
) -> None:
    """So that a nightly run costs one request an object, and no load."""
    portal.record(at)
    portal.require(at)
    calls = world.calls("replace_portal_properties")

    portal.record(at)
    assert world.calls("replace_portal_properties") == calls == 2
    stored = world.query("select * from etl.hubspot_portal_properties where property = 'roi_id'")
    assert (stored[0]["has_unique_value"], stored[0]["property_type"]) == (True, "string")


def test_a_difference_that_matters_ends_the_run_with_what_to_do(world: World, at: Session) -> None:
    world.hubspot.delete_property("contacts", "amd_patient_id")
    portal.record(at)

    with pytest.raises(SettingsError) as caught:
        portal.require(at)
    assert caught.value.code == "portal_missing"
    assert "Do this." in str(caught.value)


def test_a_missing_object_is_named(world: World) -> None:
    world.query("update etl.catalogue_objects set object_type = 'p_nothing' where entity = 'rois'")
    try:
        with pytest.raises(SettingsError) as caught:
            portal.record(session.connect(world.settings()))
    finally:
        world.query("update etl.catalogue_objects set object_type = 'p_roi' where entity = 'rois'")

    assert caught.value.code == "object_missing"


def test_the_bare_name_of_a_custom_object_is_explained(world: World) -> None:
    """HubSpot has refused it since 2025-06; an unknown name is still another thing."""
    at = session.connect(world.settings())

    with pytest.raises(SettingsError, match="write p_roi") as caught:
        at.hubspot.resolve("roi", at.portal_id)
    assert caught.value.code == "base_name"
    assert at.hubspot.resolve("nothing", at.portal_id) == {}
    assert at.hubspot.resolve("p1_roi", at.portal_id) == {}  # another portal's
    assert at.hubspot.resolve(f"p{at.portal_id}_roi", "")["name"] == "roi"
    world.hubspot.set(base_names="accept")
    assert at.hubspot.resolve("roi", at.portal_id)["objectTypeId"].startswith("2-")


def test_hubspots_rules_are_stored_and_named(
    world: World, at: Session, logged: Callable[[], str]
) -> None:
    """What an admin asks of the values, and what a new record must have; once read, no load."""
    world.hubspot.put_property(
        "contacts", name="city", rules={"REGEX": ["a\tb", "No"], "MAX_LENGTH": ["5"]}
    )
    world.query(f"insert into etl.reverse_etl_run_ledger (run_id) values ('{at.run_id}')")
    portal.record(at)
    calls = world.calls("replace_portal_properties")
    portal.record(at)
    assert world.calls("replace_portal_properties") == calls
    portal.require(at)

    stored = {
        (row["entity"], row["property"]): row
        for row in world.query("select * from etl.hubspot_portal_properties")
    }
    assert stored["patients", "city"]["validation_rules"] == "MAX_LENGTH\t5\nREGEX\ta b\tNo"
    assert stored["patients", "email"]["validation_rules"] is None
    assert stored["rois", "roi_type"]["is_required"] is True
    assert stored["rois", "patient_id"]["is_required"] is False
    told = [one for one in events(logged()) if one["event"] == "portal_finding"]
    assert [(one["severity"], one["property"], one["code"]) for one in told] == [
        ("WARNING", "city", "rule_some")
    ]
    assert "MAX_LENGTH" in told[0]["finding"]


@pytest.mark.parametrize(
    "answer", [{"status": 403}, {"status": 404}, {"status": 404, "html": True}, {"status": 500}]
)
def test_rules_that_cannot_be_read_are_a_note(
    world: World, at: Session, logged: Callable[[], str], answer: dict[str, Any]
) -> None:
    """A token without the scope, a portal without the endpoint, one that fails: the rest is known,
    and rules only serve to name what HubSpot would refuse by itself."""
    match = {"path_regex": "/property-validations/"}
    world.hubspot.fault("status", times=0, match=match, **answer)
    portal.record(at)
    portal.require(at)

    assert "rules_not_read" in logged()
    assert world.hubspot.fired()[-1]["kind"] == "status"
    assert world.query("select 1 as x from etl.hubspot_portal_properties limit 1")


@pytest.mark.parametrize("way", ["omit", "reject"])
def test_a_missing_sensitive_scope_is_found(world: World, at: Session, way: str) -> None:
    """The definition can be read without it; values are left out, or refused."""
    secret = catalogue_property("rois", "secret", sensitivity="sensitive")
    world.insert("catalogue_properties", [secret])
    world.hubspot.put_property(
        "p_roi", name="secret", label="s", type="string", fieldType="text",
        dataSensitivity="sensitive",
    )  # fmt: skip
    world.hubspot.add("p_roi", roi_id="1", roi_type="x", secret="y")
    tokens = world.hubspot.settings()["tokens"]
    plain = {name: [one for one in of if "sensitive" not in one] for name, of in tokens.items()}
    try:
        before = portal.unreadable(at)
        world.hubspot.set(tokens=plain, sensitive_read_without_scope=way)
        found = portal.unreadable(at)
    finally:
        world.hubspot.set(tokens=tokens, sensitive_read_without_scope="omit")
        world.query("delete from etl.catalogue_properties where property = 'secret'")

    assert before == []
    assert [(row["property"], row["severity"], row["code"]) for row in found] == [
        ("secret", "error", "scope_missing")
    ]
