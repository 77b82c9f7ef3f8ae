"""The portal against the catalogue: check and setup."""

from __future__ import annotations

import pytest

from pusher import portal, session
from pusher.errors import SettingsError
from pusher.session import Session
from tests.pusher.conftest import World, catalogue_property


@pytest.fixture
def at(world: World) -> Session:
    made = session.connect(world.settings(), is_setup=True)
    for row in made.objects:
        made.hubspot.resolve(row["object_type"], made.portal_id)
    return made


@pytest.fixture
def more_properties(world: World) -> list[str]:
    """The catalogue asks for one more of each kind; taken back afterwards."""
    rows = [
        catalogue_property("rois", "new_text", group_name="new_group"),
        catalogue_property("rois", "new_flag", property_type="bool",
                           field_type="booleancheckbox", options="Yes=true;No=false"),
        catalogue_property("rois", "new_secret", sensitivity="sensitive"),
        catalogue_property("rois", "hs_own"),
    ]  # fmt: skip
    world.insert("catalogue_properties", rows)
    names = [row["property"] for row in rows]
    yield names
    world.query(f"delete from etl.catalogue_properties where property in unnest({names})")


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


def test_setup_creates_what_is_missing_and_tells(
    world: World, at: Session, more_properties: list[str]
) -> None:
    """Groups, options and sensitivity included; HubSpot's own names are left alone."""
    done = portal.setup(at)

    created = [line for line in done if "created property new" in line]
    assert len(created) == 3
    assert not any("hs_own" in line for line in done)
    assert portal.setup(at)[0].startswith("nothing to create")
    portal.record(at)
    stored = {
        row["property"]: row
        for row in world.query("select * from etl.hubspot_portal_properties")
        if row["property"] in more_properties
    }
    assert stored["new_flag"]["option_values"] == "true;false"
    assert stored["new_secret"]["sensitivity"] == "sensitive"


def test_setup_creates_the_custom_object(world: World, at: Session) -> None:
    """With the properties that it cannot be made without, then the others."""
    world.query("update etl.catalogue_objects set object_type = 'p_form', object_name = 'form'"
                " where entity = 'rois'")  # fmt: skip
    try:
        fresh = session.connect(world.settings(), is_setup=True)
        done = portal.setup(fresh)
        portal.record(fresh)
        portal.require(fresh)
    finally:
        world.query("update etl.catalogue_objects set object_type = 'p_roi', object_name = 'roi'"
                    " where entity = 'rois'")  # fmt: skip

    assert any("created the custom object" in line for line in done)


def test_a_missing_object_is_named(world: World) -> None:
    world.query("update etl.catalogue_objects set object_type = 'p_nothing' where entity = 'rois'")
    try:
        with pytest.raises(SettingsError) as caught:
            portal.record(session.connect(world.settings()))
    finally:
        world.query("update etl.catalogue_objects set object_type = 'p_roi' where entity = 'rois'")

    assert caught.value.code == "object_missing"
