"""Charts that were merged in AMD: one contact before, one after, and the new key on it."""

from __future__ import annotations

import pytest

from sandbox.stack import LocalStack

pytestmark = pytest.mark.slow

COLUMNS = [
    (name, "STRING")
    for name in ("ID", "FirstName", "LastName", "DOB", "Email", "HomePhone", "Address1", "City")
] + [("State", "STRING"), ("Zipcode", "STRING"), ("updated_at", "TIMESTAMP")]
UDO = {
    "ID": "404", "FirstName": "Udo", "LastName": "Floyd", "DOB": "1980-01-04",
    "Email": "udo@example.org", "HomePhone": "617-555-0144", "updated_at": "2026-11-20T10:00:00Z",
}  # fmt: skip
PIA = UDO | {"ID": "405", "FirstName": "Pia", "LastName": "Kern", "Email": "pia@example.org",
             "HomePhone": "617-555-0145", "DOB": "1970-01-04"}  # fmt: skip
LATER = "2026-11-21T10:00:00Z"


def test_a_merged_chart_keeps_its_contact() -> None:
    """Held back; the dry run moves nothing; what is certain moves, the rest by name."""
    settings = {"SOURCE_SHRINK_PERCENT": "100", "MASS_CHANGE_PERCENT": "100"}
    with LocalStack(settings=settings) as stack:
        stack.hubspot.provision()
        stack.create_source("ROIs", [("roi_id", "STRING"), ("TemplateName", "STRING")],
                            [{"roi_id": "1", "TemplateName": "x"}])  # fmt: skip
        stack.create_source("PatientsWithStatistics", COLUMNS, [UDO, PIA])
        stack.dbt("build")
        stack.pusher("--allow-mass-change")
        before = {p["amd_patient_id"]: i for i, p in stack.hubspot.live("contacts").items()}

        merged = [
            UDO | {"ID": "904", "Email": "udo.new@example.org", "updated_at": LATER},
            PIA | {"ID": "905", "Email": "p@example.org", "HomePhone": "1", "updated_at": LATER},
        ]
        stack.create_source("PatientsWithStatistics", COLUMNS, merged)
        stack.dbt("build")
        stack.pusher("--allow-mass-change")
        reasons = _reasons(stack)
        dry_run = stack.pusher("rekey").stdout
        stack.pusher("--allow-mass-change")
        after_dry_run = set(_keys(stack))
        stack.pusher("rekey", "--yes")
        stack.pusher("rekey", "--yes")
        stack.pusher("--allow-mass-change")
        after_certain = _keys(stack)
        stack.pusher("rekey", "--yes", "--old", "405", "--new", "905")
        stack.pusher("--allow-mass-change")

        assert reasons == {"904": "owner_vanished", "905": "owner_vanished"}
        assert "1 certain, 1 for people to judge" in dry_run
        assert not {"904", "404", "Floyd"} & set(dry_run.split())
        assert after_dry_run == {"404", "405"}
        assert after_certain == {"904": before["404"], "405": before["405"]}
        assert _keys(stack) == {"904": before["404"], "905": before["405"]}
        stack.pusher("--allow-mass-change")
        states = stack.query(
            f"select state from `{stack.etl}.sync_status` where entity = 'patients'"
        )
        assert [row["state"] for row in states] == ["unchanged", "unchanged"]


def _keys(stack: LocalStack) -> dict[str, str]:
    return {p["amd_patient_id"]: i for i, p in stack.hubspot.live("contacts").items()}


def _reasons(stack: LocalStack) -> dict[str, str]:
    rows = stack.query(
        f"select natural_key, reason from `{stack.etl}.sync_status` where entity = 'patients'"
    )
    return {row["natural_key"]: row["reason"] for row in rows}
