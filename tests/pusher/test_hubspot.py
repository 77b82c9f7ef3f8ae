"""The client by itself: what becomes of a request on its way."""

from __future__ import annotations

import pytest

from pusher.errors import Failed
from pusher.hubspot import HubSpot
from sandbox.hubspot.client import TOKEN
from tests.pusher.conftest import World


def test_a_refused_certificate_is_no_outage(world: World, untrusted: str) -> None:
    """Nobody is to wait for its end, and no token goes there."""
    with pytest.raises(Failed) as caught:
        HubSpot(world.settings(HUBSPOT_BASE=untrusted), TOKEN).portal_id()

    assert caught.value.code == "tls_failed"
