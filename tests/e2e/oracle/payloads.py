"""What HubSpot is sent of a row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from tests.e2e.oracle.keys import Person, read_zip
from tests.e2e.oracle.values import (
    clean,
    epoch_ms,
    is_plausible,
    read_birth,
    read_bool,
    read_day,
    read_email,
    read_instant,
    read_key,
    read_number,
    read_phone,
)
from tests.e2e.oracle.world import Options, SourceRow

# property, source column, kind, what a blank does
CONTACT_PROPERTIES = (
    ("patient_id", "ID", "key", "keep"),
    ("patient_chart", "Chart", "key", "keep"),
    ("firstname", "FirstName", "text", "keep"),
    ("lastname", "LastName", "text", "keep"),
    ("gender", "Gender", "text", "keep"),
    ("phone", "HomePhone", "phone", "keep"),
    ("city", "City", "text", "keep"),
    ("state", "State", "text", "keep"),
    ("zip", "Zipcode", "zip", "keep"),
    ("spravatostodate", "SpravatosToDate", "number", "clear"),
    ("ketaminestodate", "KetaminesToDate", "number", "clear"),
    ("treatmentstodate", "TreatmentsToDate", "number", "clear"),
    ("future_treatment_count", "FutureTreatmentCount", "number", "clear"),
    ("future_follow_up_count", "FutureFollowUpCount", "number", "clear"),
    ("primary_facility", "PrimaryFacility", "text", "clear"),
    ("primary_facility_code", "PrimaryFacilityCode", "text", "clear"),
    ("first_initial_consult__treatment_", "FirstInitialConsult", "instant", "clear"),
    ("started", "Started", "bool", "clear"),
    ("active_treatment", "Active", "bool", "clear"),
    ("preferred_first_name", "PreferredFirstName", "text", "keep"),
    ("middlename", "MiddleName", "text", "keep"),
    ("otherphone", "OtherPhone", "phone", "keep"),
    ("care_type", "CareType", "text", "keep"),
    ("next_treatment_date", "NextTreatment", "day", "clear"),
    ("next_follow_up_date", "NextFollowUp", "day", "clear"),
)

ROI_PROPERTIES = (
    ("roi_type", "TemplateName", "text", "keep"),
    ("amd_template_id", "TemplateID", "key", "clear"),
    ("patient_id", "PatientID", "key", "clear"),
    ("patient_chart", "PatientChart", "key", "clear"),
    ("patient_signed_name", "Patient Name", "text", "clear"),
    ("accepted_datetime", "AcceptedDatetime", "instant", "clear"),
    ("completed_date", "CompletedDate", "day_ms", "clear"),
    ("patient_signed_dob", "DOB", "birth_date_ms", "clear"),
    ("raw_provider_name", "ProviderName", "text", "clear"),
    ("raw_provider_specialty", "Specialty", "text", "clear"),
    ("raw_provider_email", "Email", "email", "clear"),
    ("raw_provider_phone", "Phone", "phone", "clear"),
    ("raw_provider_fax", "Fax", "phone", "clear"),
)


def render(value: Any, kind: str, today: date) -> str | None:
    """The text that HubSpot gets, None where the value is blank, unreadable or means none."""
    readers = {
        "text": clean,
        "key": read_key,
        "zip": read_zip,
        "phone": read_phone,
        "email": read_email,
        "number": read_number,
        "bool": read_bool,
    }
    if kind in readers:
        return readers[kind](value)
    if kind == "instant":
        moment = read_instant(value)
        return epoch_ms(moment) if moment is not None and is_plausible(moment, today) else None
    day = read_birth(value, today) if kind.startswith("birth") else read_day(value)
    if day is None or not (kind.startswith("birth") or is_plausible(day, today)):
        return None
    if kind.endswith("_ms"):
        return epoch_ms(datetime.combine(day, time(), UTC))
    return day.isoformat()


def mapped(
    row: SourceRow,
    columns: Sequence[str],
    catalogue: Iterable[tuple[str, str, str, str]],
    today: date,
) -> dict[str, str]:
    present = set(columns)
    payload = {}
    for name, column, kind, on_blank in catalogue:
        if column == "Patient Name" and column not in present:
            column = "Patient_Name"
        if column not in present:
            continue
        value = row.get(column)
        text = render(value, kind, today)
        if text is not None:
            payload[name] = text
        elif on_blank == "clear" and clean(value) is None:
            payload[name] = ""
    return payload


def contact_payload(
    key: str, row: SourceRow, columns: Sequence[str], who: Person, today: date
) -> dict[str, str]:
    payload = {"amd_patient_id": key, "amd_synced": "true"}
    payload |= mapped(row, columns, CONTACT_PROPERTIES, today)
    if who.email is not None:
        payload["email"] = who.email
    if who.birth is not None:
        payload["ncf_date_of_birth"] = who.birth.isoformat()
    line_1, line_2 = clean(row.get("Address1")), clean(row.get("Address2"))
    if who.street is not None and line_1 is not None:
        payload["address"] = line_1
    if "Address2" in columns:
        if line_2 is not None:
            payload["street_address_line_2"] = line_2
        elif who.street is not None:
            payload["street_address_line_2"] = ""
    return payload


def roi_payload(
    key: str, row: SourceRow, columns: Sequence[str], options: Options, today: date
) -> dict[str, str]:
    payload = {"roi_id": key} | mapped(row, columns, ROI_PROPERTIES, today)
    return {
        name: value for name, value in payload.items() if name not in options.protected_properties
    }


def payload_hash(payload: Mapping[str, str], withheld: Iterable[str]) -> str:
    text = json.dumps([sorted(payload.items()), sorted(withheld)], ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
