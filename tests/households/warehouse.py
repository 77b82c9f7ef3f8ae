"""Counties as AdvancedMD's table and HubSpot's mirror, for the project's own views to decide on."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sandbox.bigquery import append_rows
from tests.analyzer.local_dbt import LocalDbt
from tests.households.county import County

PATIENT_COLUMNS = (
    "ID", "Chart", "FirstName", "LastName", "MiddleName", "PreferredFirstName", "DOB", "Email",
    "HomePhone", "Address1", "Address2", "City", "State", "Zipcode",
)  # fmt: skip
UPDATED_AT = {"updated_at": "2026-11-01T00:00:00Z"}


def load(dbt: LocalDbt, counties: Iterable[County]) -> None:
    counties = list(counties)
    charts = [row | UPDATED_AT for county in counties for row in county.charts.values()]
    text = [(name, "STRING") for name in PATIENT_COLUMNS]
    dbt.load("amd.PatientsWithStatistics", [*text, ("updated_at", "TIMESTAMP")], charts)
    dbt.load(
        "amd.ROIs",
        [("roi_id", "STRING"), ("TemplateName", "STRING"), ("updated_at", "TIMESTAMP")],
        [{"roi_id": "1", "TemplateName": "Request"} | UPDATED_AT],
    )
    dbt("build", "--select", "+sync_status", "--exclude-resource-type", "test", "unit_test")
    append_rows(
        dbt.client,
        f"{dbt.emulator.project}.etl.hubspot_mirror",
        [("entity", "STRING"), ("hubspot_id", "STRING"), ("properties", "STRING"),
         ("is_dead", "BOOL")],
        (
            {"entity": "patients", "hubspot_id": lead.id, "is_dead": False,
             "properties": json.dumps(lead.properties)}
            for county in counties
            for lead in county.leads.values()
        ),
    )  # fmt: skip
