"""Validation rules: set by an admin, shown by the API, and obeyed by every write."""

from __future__ import annotations

import pytest

from sandbox.hubspot.client import SimulatorControl
from sandbox.hubspot.rules import CHECKS, RULE_TYPES, checked
from sandbox.hubspot.values import InvalidValue

from .conftest import Api, patient

PATH = "/crm/property-validations/2026-09/contacts"
PHONE = "PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE"


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_the_phone_rule_is_shown_and_obeyed(
    api: Api, setup_api: Api, sim: SimulatorControl, version: str
) -> None:
    """In every version; a row that breaks it is refused with the property's name."""
    assert api.get(PATH).json() == {"results": []}
    setup_api.call("PUT", f"{PATH}/phone/rule-type/{PHONE}", {"ruleArguments": []})
    path = f"/crm/objects/{version}/contacts" if version != "v3" else "/crm/v3/objects/contacts"
    rows = [
        patient("1", "t1", firstname="A", phone="(404) 555-0100"),
        patient("2", "t2", firstname="B", phone="+14045550100"),
        patient("3", "t3", firstname="C", phone=""),
    ]
    body = api.post(f"{path}/batch/upsert", {"inputs": rows}).json()

    (found,) = api.get(PATH).json()["results"]
    assert found["propertyName"] == "phone"
    assert found["propertyValidationRules"][0]["ruleType"] == PHONE
    assert api.get(f"{PATH}/phone").json()["results"] == found["propertyValidationRules"]
    assert [row["context"] for row in body["errors"]] == [{"objectWriteTraceId": ["t1"]}]
    assert body["errors"][0]["errors"][0]["context"] == {"propertyName": ["phone"]}
    assert len(sim.live("contacts")) == 2


def test_reading_rules_takes_the_scope_to_read_records(api: Api, sim: SimulatorControl) -> None:
    """Setting one takes the scope to write definitions."""
    put = api.call("PUT", f"{PATH}/phone/rule-type/{PHONE}", {"ruleArguments": []})
    sim.set(tokens={"pat-local-test": ["crm.schemas.contacts.read"]})

    assert (put.status_code, api.get(PATH).status_code) == (403, 403)


def test_a_phone_may_be_stripped_before_the_rule(api: Api, sim: SimulatorControl) -> None:
    """Whether HubSpot takes formatting away, or refuses it, is a setting."""
    sim.put_property("contacts", name="phone", rules={PHONE: []})
    sim.set(phone_rule="strip")
    answer = api.batch("upsert", [patient("1", firstname="A", phone="+1 (404) 555-0100")])

    assert answer.json()["results"][0]["properties"]["phone"] == "+14045550100"


@pytest.mark.parametrize(
    ("rule", "arguments", "good", "bad"),
    [
        ("ALPHANUMERIC", ["ALPHANUMERIC"], "a1", "a-1"),
        ("ALPHANUMERIC", ["ALPHA_ONLY"], "José", "a1"),
        ("ALPHANUMERIC", ["NUMERIC_ONLY"], "12", "a1"),
        ("DAYS_OF_WEEK", ["MONDAY"], "2026-11-23", "2026-11-24"),
        ("DECIMAL", ["2"], "1.25", "1.255"),
        ("DOMAIN", [], "example.com", "example"),
        ("EMAIL", [], "a@example.com", "a.example.com"),
        ("EMAIL_ALLOWED_DOMAINS", ["a.com"], "x@a.com", "x@b.com"),
        ("EMAIL_BLOCKED_DOMAINS", ["b.com"], "x@a.com", "x@b.com"),
        ("END_DATE", ["1640995200000"], "2022-01-01", "2022-01-02"),
        ("END_DATETIME", ["1640995200000"], "2022-01-01T00:00:00Z", "2022-01-01T00:00:01Z"),
        ("FORMAT", ["UPPER"], "ROME", "Rome"),
        ("FORMAT", ["LOWER"], "rome", "Rome"),
        ("FORMAT", ["CAPITALIZATION"], "Rome", "rome"),
        ("MAX_LENGTH", ["3"], "abc", "abcd"),
        ("MAX_NUMBER", ["99.5"], "99.5", "100"),
        ("MIN_LENGTH", ["2"], "ab", "a"),
        ("MIN_NUMBER", ["-1"], "0", "-2"),
        (PHONE, [], "+442079460958", "020 7946 0958"),
        (PHONE, [], "+14045550100", "+11234567890"),
        (PHONE, ["us"], "+14045550100", "+442079460958"),
        ("REGEX", ["^[A-Z]+$", "Must be uppercase"], "AB", "Ab"),
        ("SPECIAL_CHARACTERS", ["NOT_ALLOWED"], "a b", "a&b"),
        ("START_DATE", ["1640995200000"], "2022-01-01", "2021-12-31"),
        ("START_DATETIME", ["1640995200000"], "2022-01-01T00:00:00Z", "2021-12-31T23:59:59Z"),
        ("URL", [], "https://example.com/a", "example"),
        ("URL_ALLOWED_DOMAINS", ["a.com"], "https://a.com/x", "https://b.com"),
        ("URL_BLOCKED_DOMAINS", ["b.com"], "https://a.com/x", "https://b.com"),
        ("WHITESPACE", [], "ab", "a b"),
        ("WHITESPACE", ["TRIM"], "a b", " ab"),
    ],
)
def test_what_a_rule_refuses(rule: str, arguments: list[str], good: str, bad: str) -> None:
    """Each rule takes one value and refuses another."""
    assert checked(good, {rule: arguments}) == good
    with pytest.raises(InvalidValue):
        checked(bad, {rule: arguments})


def test_all_documented_rules_are_known() -> None:
    """Twenty-seven types, of which four on durations are only shown."""
    assert len(RULE_TYPES) == 27
    assert len(CHECKS) == 23
