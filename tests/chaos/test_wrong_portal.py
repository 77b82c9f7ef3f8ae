"""A wrong portal, a wrong host, mixed environments: exit 2, and nothing that carries data."""

from __future__ import annotations

import pytest

from tests.chaos.process import Done
from tests.chaos.world import EndState, World


def requests(world: World) -> set[tuple[str, str]]:
    """Which requests HubSpot has seen."""
    return {(entry["method"], entry["path"]) for entry in world.hubspot.request_entries()}


def test_a_staging_token_never_meets_productions_id_map(
    world: World, undisturbed: EndState
) -> None:
    """The data set belongs to the portal of its first run. One request, without data."""
    before = world.hubspot.settings()["portal_id"]
    world.hubspot.set(portal_id=777_001)
    try:
        results = [
            world.run(),
            world.run("mirror"),
            world.run("replay", "--all"),
            world.run("check"),
        ]
    finally:
        world.hubspot.set(portal_id=before)

    for done in results:
        assert done.exit_code == 2, done
        assert str(before) in done.stderr
    assert {method for method, _ in requests(world)} == {"GET"}
    assert all("account-info" in path for _, path in requests(world))


def test_an_id_map_knows_its_portal_wherever_it_is_copied(
    world: World, undisturbed: EndState
) -> None:
    """Also in rows that the older implementation left; and no copy of it serves another portal."""
    world.restore("done")
    id_map = f"`{world.stack.etl}.hubspot_id_map`"
    portal = str(world.hubspot.settings()["portal_id"])
    owners = world.stack.query(f"select distinct portal_id, dataset from {id_map}")
    assert owners == [{"portal_id": portal, "dataset": world.stack.etl}]

    world.stack.query(f"update {id_map} set portal_id = '777001' where true")
    done = world.run()
    world.restore("ready")

    assert done.exit_code == 2, done
    assert "wrong_portal" in done.stderr
    assert "777001" in done.stderr


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"HUBSPOT_BASE": "https://api.hubapi.com"}, "mixed_environments"),
        ({"BIGQUERY_EMULATOR_HOST": ""}, "mixed_environments"),
        ({"HUBSPOT_BASE": "http://api.hubapi.com"}, "bad_host"),
        ({"HUBSPOT_BASE": "https://api.hubapi.com.example.org"}, "bad_host"),
        ({"HUBSPOT_BASE": "https://127.0.0.1.example.org"}, "bad_host"),
        ({"HUBSPOT_BASE": "https://user@api.hubapi.com"}, "bad_host"),
        ({"HUBSPOT_BASE": "ftp://127.0.0.1"}, "bad_host"),
        ({"HUBSPOT_BASE": "api.hubapi.com"}, "bad_host"),
    ],
    ids=str,
)
def test_a_wrong_host_is_not_even_asked(
    built: World, first_stop: Done, changes: dict[str, str], word: str
) -> None:
    built.hubspot.clear_requests()
    asked = built.proxy.requests
    done = built.run(**changes)

    assert done.exit_code == 2, done
    assert word in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert requests(built) == set()
    assert built.proxy.requests == asked


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(built: World, first_stop: Done, status: int) -> None:
    """The first request of a run carries no data, and is its last."""
    built.hubspot.clear_requests()
    target = {"Location": "https://api.hubapi.com/elsewhere"}
    built.hubspot.faults([{"kind": "status", "status": status, "headers": target, "times": 0}])
    done = built.run()
    built.calm()

    assert done.exit_code == 2, done
    assert "redirected" in done.stderr
    assert len(requests(built)) == 1


@pytest.mark.full
def test_a_redirect_of_a_write_ends_the_run(world: World, undisturbed: EndState) -> None:
    target = {"Location": f"{world.stack.simulator.base_url}/elsewhere"}
    world.hubspot.faults(
        [{"kind": "status", "status": 307, "headers": target, "times": 0,
          "match": {"path_regex": "/batch/upsert$"}}]
    )  # fmt: skip
    done = world.push()
    assert done.exit_code == 2, done
    assert not any("elsewhere" in path for _, path in requests(world))
    world.calm()
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)


def test_a_natural_id_that_is_not_unique_is_exit_2_and_names_the_way_out(
    world: World, undisturbed: EndState
) -> None:
    """It cannot be upserted into. No write; `check` says the same."""
    world.hubspot.put_property("p_roi", name="roi_id", hasUniqueValue=False)
    try:
        done, check = world.push(), world.run("check")
    finally:
        world.hubspot.put_property("p_roi", name="roi_id", hasUniqueValue=True)

    assert (done.exit_code, check.exit_code) == (2, 2), (done, check)
    assert "rois.roi_id" in done.stderr
    for way_out in ("natural-id setting", "python -m pusher setup"):
        assert way_out in done.stderr
        assert way_out in check.stdout
    assert world.written() == 0
