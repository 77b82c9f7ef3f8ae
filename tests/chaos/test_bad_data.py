"""Rows with every kind of garbage: each is sent, cleaned by a stated rule, or set aside with a
reason, and the run ends well."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.chaos.clinic import (
    GARBAGE_KEYS,
    GARBAGE_VALUES,
    INJECTIONS,
    LEAP_DAY_PATIENT,
    patient_rows,
    roi_rows,
)
from tests.chaos.process import Done
from tests.chaos.world import EndState, World

LONGEST = 65_536  # characters, HubSpot's limit


@pytest.fixture(scope="module")
def after(built: World, undisturbed: EndState) -> World:
    """The clinic after its first run."""
    built.restore("done")
    return built


@pytest.fixture(scope="module")
def decided(after: World) -> dict[str, dict[str, Any]]:
    """What was decided of each patient, by key."""
    rows = after.rows("reverse_etl_snapshot", "entity = 'patients' and natural_key is not null")
    return {row["natural_key"]: row for row in rows}


@pytest.fixture(scope="module")
def contacts(after: World) -> dict[str, dict[str, Any]]:
    """Live contacts by patient id."""
    live = after.hubspot.live("contacts").values()
    return {p["amd_patient_id"]: p for p in live if p.get("amd_patient_id")}


def test_every_row_is_accounted_for(after: World, first_run: Done) -> None:
    """The states add up to the rows of the source; whatever is set aside has a reason."""
    assert first_run.exit_code == 0
    counted = after.query(
        f"""select entity, sum(source_rows) as n,
            countif(state = 'quarantined' and reason is null) as mute
        from `{after.stack.etl}.reverse_etl_snapshot` group by entity order by entity"""
    )
    assert counted == [
        {"entity": "patients", "n": len(patient_rows()), "mute": 0},
        {"entity": "rois", "n": len(roi_rows()), "mute": 0},
    ]


def test_each_garbage_row_is_sent_cleaned_or_set_aside(
    decided: dict[str, dict[str, Any]], contacts: dict[str, dict[str, Any]], undisturbed: EndState
) -> None:
    """In HubSpot, or quarantined, or refused by HubSpot: no fourth thing, and most are sent."""
    sent = 0
    keys = [str(930_001 + number) for number in range(len(GARBAGE_VALUES))]
    for key, (what, column, _) in zip(keys, GARBAGE_VALUES, strict=True):
        state = decided[key]["state"]
        if key in contacts:
            sent += 1
        elif state == "quarantined":
            assert decided[key]["reason"], (what, column)
        else:
            assert ("patients", key) in undisturbed.refused, (what, column, state)
    assert sent > len(keys) * 3 // 4


@pytest.mark.parametrize("what", ["infinite", "huge", "other digits"])
def test_what_is_no_number_is_left_out_with_a_warning(
    decided: dict[str, dict[str, Any]], contacts: dict[str, dict[str, Any]], what: str
) -> None:
    key, column = _row_of(what)
    assert f"unreadable:{column}" in decided[key]["warnings"]
    assert not contacts[key].get(column.lower())


@pytest.mark.parametrize("what", ["30 February", "year 0"])
def test_a_date_that_is_none_is_left_out_with_a_warning(
    decided: dict[str, dict[str, Any]], contacts: dict[str, dict[str, Any]], what: str
) -> None:
    key, column = _row_of(what)
    assert f"unreadable:{column}" in decided[key]["warnings"]
    assert not contacts[key].get("ncf_date_of_birth")


def test_a_leap_day_is_a_day(contacts: dict[str, dict[str, Any]]) -> None:
    assert contacts[LEAP_DAY_PATIENT]["ncf_date_of_birth"] == "1980-02-29"


def test_negative_numbers_are_sent_as_they_are(contacts: dict[str, dict[str, Any]]) -> None:
    """They are AMD's; to change them would be to invent a number."""
    key, _ = _row_of("negative")
    assert contacts[key]["treatmentstodate"] == "-5"


def test_injections_arrive_as_text(contacts: dict[str, dict[str, Any]], after: World) -> None:
    """Neither SQL nor JSON, nor the shell, nor a template takes them for its own. Control
    characters are taken out, save tabs and line breaks; nothing but punctuation is no name."""
    rows = [
        (str(930_001 + number), value)
        for number, (what, column, value) in enumerate(GARBAGE_VALUES)
        if what == "injection" and column == "FirstName"
    ]
    assert [value for _, value in rows] == list(INJECTIONS)
    for key, value in rows:
        name = str(value).replace("\v", "").replace("\\u0022", '"').strip()
        is_name = any(letter.isalnum() for letter in name)
        assert contacts[key].get("firstname") == (name if is_name else None), value
        assert contacts[key]["amd_patient_id"] == key
    assert after.rows("reverse_etl_salt")
    assert after.rows("hubspot_id_map")


def test_no_text_is_longer_than_hubspot_takes(
    contacts: dict[str, dict[str, Any]], decided: dict[str, dict[str, Any]]
) -> None:
    """What is too long is left out with a warning; the rest of the record is sent."""
    for key, record in contacts.items():
        assert all(len(str(value)) <= LONGEST for value in record.values()), key
    key, _ = _row_of("long")
    assert decided[key]["warnings"] == "too_long:firstname"
    assert contacts[key]["lastname"]


def test_keys_of_any_spelling_find_their_record(
    decided: dict[str, dict[str, Any]], undisturbed: EndState, after: World
) -> None:
    """Blanks, quotes, commas, line breaks: sent under that key, or held back with a reason."""
    no_keys = ("null", "NaN", "{}")  # words and signs that stand for none
    assert not decided.keys() & set(no_keys)
    for spelt in (spelt for spelt in GARBAGE_KEYS if spelt not in no_keys):
        # What nobody sees tells no keys apart.
        key = "930999" if spelt == "930999.00" else spelt.replace("\u200d", "")
        assert key in decided, key
        assert ("patients", key) in undisturbed.confirmed or decided[key]["reason"], key
    # The same key spelt in two ways, with two contents and one time: nobody can say which counts.
    assert decided["940002"]["reason"] == "duplicate_natural_key"
    assert decided["940002"]["source_rows"] == 2


def test_payloads_are_json_with_strings_alone(after: World) -> None:
    queued = after.rows("reverse_etl_snapshot", "is_queued")
    assert len(queued) > 100
    for row in queued:
        payload = json.loads(row["properties"])
        assert all(isinstance(value, str) for value in payload.values())


def _row_of(what: str) -> tuple[str, str]:
    """Key and column of the first such garbage."""
    number = next(n for n, (name, _, _) in enumerate(GARBAGE_VALUES) if name == what)
    return str(930_001 + number), GARBAGE_VALUES[number][1]
