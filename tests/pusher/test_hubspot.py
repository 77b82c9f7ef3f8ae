"""The client by itself: what becomes of a request on its way, and what an answer means."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.utils import formatdate
from time import time
from typing import Any

import pytest

from pusher.errors import (
    EndedEarly,
    Failed,
    Forbidden,
    PusherError,
    Refused,
    SettingsError,
    Throttled,
    Transient,
)
from pusher.hubspot import HubSpot, classify, refusal_of
from pusher.limiter import GENERAL, SEARCH
from sandbox.hubspot.client import TOKEN
from tests.pusher.conftest import World

HTML = b"<html>We'll be right back</html>"


def body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    ("status", "headers", "content", "error", "wait"),
    [
        (200, {}, b'{"results": [', Transient, 0),
        (200, {}, HTML, Transient, 0),
        (200, {}, b"[]", Transient, 0),
        (301, {}, b"", SettingsError, None),
        (307, {"Location": "http://evil"}, b"", SettingsError, None),
        (400, {}, body(category="VALIDATION_ERROR"), Refused, None),
        (400, {}, HTML, Refused, None),
        (401, {}, body(category="INVALID_AUTHENTICATION"), Failed, None),
        (403, {}, body(category="MISSING_SCOPES"), Forbidden, None),
        (404, {}, HTML, Refused, None),
        (404, {}, body(category="OBJECT_NOT_FOUND"), Refused, None),
        (408, {}, b"", Transient, 0),
        (409, {}, body(category="CONFLICT"), Refused, None),
        (414, {}, b"", Refused, None),
        (423, {}, b"", Transient, 2),
        (429, {}, body(policyName="TEN_SECONDLY_ROLLING"), Throttled, None),
        (429, {}, body(policyName="SECONDLY"), Throttled, 1),
        (429, {}, body(policyName="DAILY"), EndedEarly, None),
        (429, {}, body(message="You have reached your daily limit."), EndedEarly, None),
        (429, {}, HTML, Throttled, None),
        (429, {"Retry-After": "7"}, body(policyName="SECONDLY"), Throttled, 7),
        (429, {"Retry-After": "61"}, body(), EndedEarly, None),
        (477, {"Retry-After": "30"}, b"", Throttled, 30),
        (477, {"Retry-After": "86400"}, b"", EndedEarly, None),
        (477, {}, b"", EndedEarly, None),
        (500, {}, HTML, Transient, 0),
        (502, {}, b"", Transient, 0),
        (503, {"Retry-After": "5"}, b"", Throttled, 5),
        (503, {"Retry-After": "soon"}, b"", Transient, 0),
        (503, {"Retry-After": formatdate(time() + 3600, usegmt=True)}, b"", EndedEarly, None),
        (504, {}, b"", Transient, 0),
        (521, {}, b"", Transient, 0),
        (524, {}, b"", Transient, 0),
    ],
)
def test_every_answer_has_one_meaning(
    status: int, headers: dict[str, str], content: bytes, error: type[Exception], wait: float | None
) -> None:
    """Status, headers and body give an error that says what to do."""
    with pytest.raises(error) as caught:
        classify(status, headers, content)

    assert type(caught.value) is error
    if wait is not None:
        assert isinstance(caught.value, Transient)
        pause = caught.value.pause if isinstance(caught.value, Throttled) else caught.value.wait
        assert pause == wait


def test_good_answers_are_documents() -> None:
    """204 has none."""
    assert classify(200, {}, b'{"results": []}') == {"results": []}
    assert classify(207, {}, b'{"errors": []}') == {"errors": []}
    assert classify(204, {}, b"") == {}


def test_a_search_limit_pauses_searches_only() -> None:
    """The same policy means another lane for another kind of request."""
    for is_search, lane in ((True, SEARCH), (False, GENERAL)):
        with pytest.raises(Throttled) as caught:
            classify(429, {}, body(policyName="SECONDLY"), is_search)
        assert caught.value.lane == lane


@pytest.mark.parametrize("space", ["", " "], ids=["close", "spaced"])
def test_refusals_keep_codes_and_names_and_no_texts(space: str) -> None:
    """Message texts repeat values; the structure around them does not."""
    refusal = refusal_of(
        {
            "category": "VALIDATION_ERROR",
            "correlationId": "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "message": 'Property values were not valid: [{"isValid":false,"message":"Jane Doe",'
            '"error":"INVALID_EMAIL","name":"mail"}]'.replace('":', f'":{space}'),
        },
        400,
    )

    assert (refusal.category, refusal.code) == ("VALIDATION_ERROR", "INVALID_EMAIL")
    assert refusal.property_names == ("mail",)
    assert "Jane" not in repr(refusal)


@pytest.mark.parametrize(
    "message",
    [
        "Cannot set PropertyValueCoordinates{portalId=1, propertyName=mail, value=x} on 1. "
        "2 already has that value.",
        "Contact already exists. Existing ID: 6001",
    ],
)
def test_a_clash_of_unique_values_is_a_conflict_whatever_its_category(message: str) -> None:
    """It is another record's state that stands against it, and that may change."""
    assert refusal_of({"category": "VALIDATION_ERROR", "message": message}).category == "CONFLICT"


@pytest.mark.parametrize("planted", ["Jane Doe", "jane@example.org", "1980-02-29", "x" * 100])
def test_what_is_no_code_is_dropped(planted: str) -> None:
    """A value where a code should be never gets further."""
    error = {"category": planted, "correlationId": planted, "errors": [{"code": planted}]}

    assert planted not in repr(refusal_of(error))


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
