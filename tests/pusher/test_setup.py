"""setup: what the catalogue names is created, sensitive where it says so, or refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pusher import portal, session
from pusher.errors import Forbidden, SettingsError, Transient
from pusher.session import Session
from pusher.setup import setup
from sandbox.hubspot.client import SETUP_TOKEN
from tests.pusher.conftest import World, catalogue_property

Catalogue = Callable[..., None]


@pytest.fixture
def wants(world: World) -> Iterator[Catalogue]:
    """Adds properties of rois to the catalogue; taken back afterwards."""
    names: list[str] = []

    def add(*rows: dict[str, Any]) -> None:
        names.extend(row["property"] for row in rows)
        world.insert("catalogue_properties", list(rows))

    yield add
    world.query(f"delete from etl.catalogue_properties where property in unnest({names or ['']})")


@pytest.fixture
def form(world: World) -> Iterator[None]:
    """The catalogue's rois go into a custom object that the portal does not have yet."""
    change = "update etl.catalogue_objects set object_type = '{}', object_name = '{}'"
    world.query(change.format("p_form", "form") + " where entity = 'rois'")
    yield
    world.query(change.format("p_roi", "roi") + " where entity = 'rois'")


def connect(world: World, **settings: str) -> Session:
    return session.connect(world.settings(**settings), is_setup=True)


def schema(world: World, name: str = "p_form") -> dict[str, Any]:
    at = connect(world)
    return at.hubspot.resolve(name, at.portal_id)


def listed(world: World, level: str | None = None, name: str = "p_form") -> dict[str, Any]:
    at = connect(world)
    at.hubspot.resolve(name, at.portal_id)
    return {entry["name"]: entry for entry in at.hubspot.properties(name, level)}


def test_what_is_missing_is_created_and_told(world: World, wants: Catalogue) -> None:
    """Groups, options and sensitivity included; HubSpot's own names are left alone."""
    wants(
        catalogue_property("rois", "new_text", group_name="new_group"),
        catalogue_property("rois", "new_flag", property_type="bool",
                           field_type="booleancheckbox", options="Yes=true;No=false"),
        catalogue_property("rois", "new_secret", sensitivity="sensitive"),
        catalogue_property("rois", "hs_own"),
    )  # fmt: skip
    at = connect(world)
    done = setup(at)

    assert len([line for line in done if "created property new" in line]) == 3
    assert not any("hs_own" in line for line in done)
    assert setup(at)[0].startswith("nothing to create")
    portal.record(at)
    stored = {
        row["property"]: row
        for row in world.query("select * from etl.hubspot_portal_properties")
        if row["property"].startswith("new_")
    }
    assert stored["new_flag"]["option_values"] == "true;false"
    assert stored["new_secret"]["sensitivity"] == "sensitive"


@pytest.mark.parametrize("version", ["2026-09", "2026-03", "v3"])
def test_the_custom_object_is_created(
    world: World, form: None, wants: Catalogue, version: str
) -> None:
    """In every version: with what it cannot be made without, then the others, sensitive or not."""
    wants(
        catalogue_property("rois", "plain"),
        catalogue_property("rois", "secret", sensitivity="sensitive"),
        catalogue_property("rois", "secret_key", sensitivity="sensitive", is_unique=True),
    )
    at = connect(world, HUBSPOT_API_VERSION=version)
    done = setup(at)

    assert any("created the custom object (2-" in line for line in done)
    portal.record(at)
    portal.require(at)
    assert {"secret", "secret_key"} <= set(listed(world, "sensitive"))
    assert listed(world, "sensitive")["secret_key"]["hasUniqueValue"] is True
    assert {"roi_id", "roi_type", "plain"} <= set(listed(world))


def test_an_object_without_the_flag_gets_it(world: World, form: None, wants: Catalogue) -> None:
    """An object that was made before any of its properties was sensitive."""
    setup(connect(world))
    before = schema(world)["allowsSensitiveProperties"]
    wants(catalogue_property("rois", "secret", sensitivity="sensitive"))
    done = setup(connect(world))

    assert before is False
    assert schema(world)["allowsSensitiveProperties"] is True
    assert "secret" in listed(world, "sensitive")
    assert any("may hold sensitive properties now" in line for line in done)
    assert setup(connect(world))[0].startswith("nothing to create")


@pytest.mark.parametrize("change", ["is_required = true", "property = 'roi_id'"])
def test_what_would_become_non_sensitive_for_good_is_refused_first(
    world: World, form: None, wants: Catalogue, change: str
) -> None:
    """A required property, and the one that the object is shown by: nothing is created."""
    name = "roi_id" if "roi_id" in change else "secret"
    if name == "secret":
        wants(catalogue_property("rois", "secret", sensitivity="sensitive", is_required=True))
    else:
        world.query("update etl.catalogue_properties set sensitivity = 'sensitive'"
                    " where property = 'roi_id'")  # fmt: skip
    try:
        with pytest.raises(SettingsError) as caught:
            setup(connect(world))
    finally:
        world.query("update etl.catalogue_properties set sensitivity = 'non_sensitive'"
                    " where property = 'roi_id'")  # fmt: skip

    assert (caught.value.code, caught.value.exit_code) == ("cannot_be_sensitive", 2)
    assert f"rois.{name}" in str(caught.value)
    assert schema(world) == {}
    assert {row["method"] for row in world.hubspot.request_counts()} == {"GET"}


def test_a_bare_name_is_refused_before_an_object_is_made(world: World, form: None) -> None:
    world.query("update etl.catalogue_objects set object_type = 'form' where entity = 'rois'")

    with pytest.raises(SettingsError, match="p_form") as caught:
        setup(connect(world))
    assert caught.value.code == "object_missing"
    assert {row["method"] for row in world.hubspot.request_counts()} == {"GET"}


def test_a_refusal_names_the_property_and_hubspots_code(world: World, wants: Catalogue) -> None:
    wants(catalogue_property("rois", "Bad-Name"))

    with pytest.raises(SettingsError) as caught:
        setup(connect(world))
    assert str(caught.value) == "setup_refused: rois.Bad-Name: HubSpot says INVALID_NAME"


def test_a_missing_scope_is_named_with_the_property(world: World, wants: Catalogue) -> None:
    """403 with HubSpot's own list of scopes."""
    scopes = world.hubspot.settings()["tokens"]
    plain = [one for one in scopes[SETUP_TOKEN] if "sensitive" not in one]
    wants(catalogue_property("rois", "secret", sensitivity="sensitive"))
    world.hubspot.set(tokens={**scopes, SETUP_TOKEN: plain})
    try:
        with pytest.raises(Forbidden) as caught:
            setup(connect(world))
    finally:
        world.hubspot.set(tokens=scopes)

    assert "rois.secret" in str(caught.value)
    assert "crm.objects.custom.sensitive.write" in str(caught.value)


@pytest.mark.parametrize("path", ["/schemas$", "/groups$", "/properties/.*/2-[0-9]+$"])
def test_an_answer_that_is_lost_counts_as_done(
    world: World, form: None, wants: Catalogue, path: str
) -> None:
    """It was created, and asking again is a 409."""
    wants(catalogue_property("rois", "plain", group_name="new_group"))
    world.hubspot.fault("reset_after", match={"method": "POST", "path_regex": path})
    setup(connect(world))

    assert [entry["kind"] for entry in world.hubspot.fired()] == ["reset_after"]
    assert 409 in {row["status"] for row in world.hubspot.request_counts()}
    assert "plain" in listed(world)


@pytest.mark.parametrize(
    "answer", [{"status": 400, "category": None}, {"status": 404, "html": True}]
)
def test_a_fresh_object_is_waited_for(world: World, form: None, answer: dict[str, Any]) -> None:
    """HubSpot says that it is created before it can be asked for."""
    unknown = {"kind": "status", "message": "Unable to infer object type from: p_form", **answer}
    names = {"method": "GET", "path_regex": "(p[0-9]*_form|/2-[0-9]+)$"}
    world.hubspot.faults(
        [{**unknown, "times": 4, "match": {**names, "after_n_requests": 3}, "name": "fresh"}]
    )
    done = setup(connect(world))

    assert len(world.hubspot.fired()) == 4
    assert any("created the custom object" in line for line in done)
    assert {"roi_id", "roi_type"} <= set(listed(world))


def test_a_fresh_property_is_waited_for(world: World, wants: Catalogue) -> None:
    """So that the findings after setup do not name what it has just made."""
    wants(catalogue_property("rois", "plain"))
    listing = {"method": "GET", "path_regex": "/properties/2026-09/2-[0-9]+$"}
    world.hubspot.fault("empty_results", match={**listing, "after_n_requests": 2})
    setup(connect(world))

    assert len(world.hubspot.fired()) == 1
    listings = [
        row
        for row in world.hubspot.request_entries()
        if row["method"] == "GET" and row["path"].endswith("/{version}/{type}")
    ]
    assert len([row for row in listings if row["object_type"] == "roi"]) == 4


def test_an_outage_is_not_taken_for_a_portal_without_the_object(world: World) -> None:
    """Nothing is created while HubSpot does not say what there is."""
    match = {"method": "GET", "path_regex": "/properties/"}
    world.hubspot.fault("status", status=503, times=0, match=match)

    with pytest.raises(Transient):
        setup(connect(world, MAX_RETRIES="1"))
    assert {row["method"] for row in world.hubspot.request_counts()} == {"GET"}


@pytest.mark.parametrize("path", ["/schemas$", "/properties/.*/2-[0-9]+$"])
def test_a_conflict_of_another_kind_is_told_by_name_and_code(
    world: World,
    form: None,
    wants: Catalogue,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A label that something else bears, say: a 409 as well, and nothing is there afterwards."""
    monkeypatch.setattr("pusher.setup.FRESH_SECONDS", 0.0)
    wants(catalogue_property("rois", "plain"))
    world.hubspot.fault(
        "status", match={"method": "POST", "path_regex": path}, times=0, status=409,
        body={"category": "CONFLICT", "subCategory": "PropertyValidationError.LABEL_TAKEN"},
    )  # fmt: skip

    with pytest.raises(SettingsError) as caught:
        setup(connect(world))
    assert caught.value.code == "setup_refused"
    assert "HubSpot says LABEL_TAKEN" in str(caught.value)
    assert ("object form" if "schemas" in path else "rois.plain") in str(caught.value)
