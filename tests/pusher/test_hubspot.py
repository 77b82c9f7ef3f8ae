"""The client by itself: what becomes of a request on its way."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pusher.errors import Failed, PusherError
from pusher.hubspot import HubSpot, classify
from sandbox.hubspot.client import TOKEN
from tests.pusher.conftest import World


@pytest.mark.parametrize("status", [401, 403, 500, 429])
def test_the_correlation_id_of_an_error_is_kept_and_logged(
    world: World, logged: Callable[[], str], status: int
) -> None:
    """HubSpot's support asks for it first. What is none is a value, perhaps, and dropped."""
    wanted = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
    body = {"correlationId": wanted, "message": "Jane", "policyName": "DAILY"}
    with pytest.raises(PusherError) as caught:
        HubSpot(world.settings(), TOKEN).policy.call(
            lambda: classify(status, {}, json.dumps(body).encode())
        )
    assert caught.value.correlation_id == wanted
    assert wanted in logged()
    assert "Jane" not in logged()

    for given, kept in ((wanted, wanted), ("Jane", None)):
        with pytest.raises(PusherError) as caught:
            classify(status, {"X-HubSpot-Correlation-Id": given}, b"")
        assert caught.value.correlation_id == kept


def test_a_refused_certificate_is_no_outage(world: World, untrusted: str) -> None:
    """Nobody is to wait for its end, and no token goes there."""
    with pytest.raises(Failed) as caught:
        HubSpot(world.settings(HUBSPOT_BASE=untrusted), TOKEN).portal_id()

    assert caught.value.code == "tls_failed"
