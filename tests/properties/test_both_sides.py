"""One text in AMD and in HubSpot is one match key: the same macros make the keys of both sides."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from sandbox.bigquery import append_rows
from sandbox.stack import PROJECT_DIR
from tests.properties.engines import Engines
from tests.properties.test_macros import HARD_TEXTS

# Source column → HubSpot property.
MIRRORED = {
    "FirstName": "firstname", "LastName": "lastname", "DOB": "ncf_date_of_birth", "Email": "email",
    "HomePhone": "phone", "OtherPhone": "mobilephone", "Chart": "patient_chart",
    "Address1": "address", "Address2": "street_address_line_2", "City": "city",
    "State": "state", "Zipcode": "zip",
}  # fmt: skip
KEYS = (
    "first_name_key", "last_name_key", "last_name_first_part", "last_name_last_part", "name_suffix",
    "birth_date", "phone_key", "other_phone_key", "chart_key", "street_key",
    "city_key", "state_key", "zip_key",
)  # fmt: skip
# What says whose a contact is, and not who it is.
NO_KEYS = {"id", "patient_key", "owners", "additional_emails"}
MORE_TEXTS = [
    "John Quill Jr.", "Mar\u00eda Garc\u00eda-L\u00f3pez", "de la Cruz III", "O'Neil, Sr", "Dr. No",
    "Ann (Annie) Lee", "UNKNOWN", "refused", "TBD", "1970-01-01", "1899-12-30", "1/1/1900",
    "02/29/1980", "2/9/1980", "Feb 29 1980", "1980-02-29T05:00:00Z", "1980-02-29T00:00:00Z",
    "1980-02-29 00:00:00", "1880-01-01", "320630400000", "02117", "2117", "02117-1234", "00000",
    "MA", "Massachusetts", "mass", "Ste. Genevi\u00e8ve", "Mt Vernon", "000123", "123.0", "0",
    "1 Main St Apt 2", "1 Main Street #2", "5 N W Elm", "5 NW Elm St.", "P O Box 9",
    "617-555-0142 x9", "1 617 555 0142", "5550142",
]  # fmt: skip


@pytest.fixture(scope="module")
def sides(engines: Engines) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The keys of a patient and of a contact who have one text in all their columns."""
    dbt = engines.dbt
    texts = [text for text in HARD_TEXTS + MORE_TEXTS if text]
    more = [(text, state) for text in MORE_TEXTS for state in ("MA", "N.Y.")]
    rows = [dict.fromkeys(MIRRORED, text) for text in texts] + [
        dict.fromkeys(MIRRORED, text) | {"State": state, "Address2": "#4"} for text, state in more
    ]
    keyed = [row | {"ID": f"p{number}"} for number, row in enumerate(rows)]
    dbt.load("amd.PatientsWithStatistics", [(name, "STRING") for name in ("ID", *MIRRORED)], keyed)
    dbt("run", "--select", "+outbox_contacts", "+stg_hubspot__contacts")
    append_rows(
        dbt.client,
        f"{dbt.emulator.project}.etl.hubspot_mirror",
        [(name, "STRING") for name in ("entity", "hubspot_id", "properties")]
        + [("is_dead", "BOOL")],
        [
            {
                "entity": "patients",
                "hubspot_id": f"p{number}",
                "properties": json.dumps({MIRRORED[name]: text for name, text in row.items()}),
            }
            for number, row in enumerate(rows)
        ],
    )
    listed = ", ".join(KEYS)
    patients = dbt.query(f"select natural_key as id, {listed}, email_key from etl.outbox_contacts")
    contacts = dbt.query(
        f"select hubspot_id as id, {listed}, all_emails from etl.stg_hubspot__contacts"
    )
    by_id = {contact["id"]: contact for contact in contacts}
    assert len(patients) == len(contacts) == len(rows)
    return [(patient, by_id[patient["id"]]) for patient in patients]


@pytest.mark.parametrize("key", KEYS)
def test_a_text_is_one_key(sides: list[tuple[dict[str, Any], dict[str, Any]]], key: str) -> None:
    """Unknown on one side and known on the other only where the source's value is not sent."""
    apart = [
        (patient["id"], patient[key], contact[key])
        for patient, contact in sides
        if patient[key] != contact[key] and not (key == "street_key" and patient[key] is None)
    ]

    assert apart == []
    assert len({patient[key] for patient, _ in sides}) > 3


def test_an_email_is_one_key(sides: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    known = [pair for pair in sides if pair[0]["email_key"]]

    assert [p["id"] for p, c in known if c["all_emails"] != f"{p['email_key']};"] == []
    assert len({patient["email_key"] for patient, _ in known}) > 3


def test_no_key_is_left_out() -> None:
    """What contacts are found and told apart by is compared above."""
    sql = (PROJECT_DIR / "models/matching/match_contact_keys.sql").read_text(encoding="utf-8")
    columns = set(re.findall(r"\bcontact_(\w+)", sql)) - NO_KEYS

    assert columns <= set(KEYS)
    assert len(columns) > 10
