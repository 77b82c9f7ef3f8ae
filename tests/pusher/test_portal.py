"""The portal against the catalogue."""

from __future__ import annotations

import pytest

from pusher import portal, session
from pusher.errors import SettingsError
from pusher.session import Session
from tests.pusher.conftest import World


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
    assert portal.record(at) is True
    portal.require(at)
    calls = world.calls("replace_portal_properties")

    assert portal.record(at) is False
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
    world.hubspot.set(base_names="accept")
    assert at.hubspot.resolve("roi", at.portal_id)["objectTypeId"].startswith("2-")
