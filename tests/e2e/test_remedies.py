"""Every remedy that the runbook names for a reason is carried out here, in AMD or in HubSpot: it
unblocks the row, and doubles nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.stack import LocalStack

pytestmark = pytest.mark.slow

PATIENT_COLUMNS = [
    "ID", "Chart", "FirstName", "LastName", "DOB", "Gender", "Email", "Address1", "Address2",
    "City", "State", "Zipcode", "HomePhone", "SpravatosToDate", "KetaminesToDate",
    "TreatmentsToDate",
    "FutureTreatmentCount", "FutureFollowUpCount", "PrimaryFacility", "PrimaryFacilityCode",
    "FirstInitialConsult", "Started", "Active",
]  # fmt: skip
ROI_COLUMNS = [
    "roi_id", "TemplateID", "TemplateName", "PatientID", "PatientChart", "AcceptedDatetime",
    "CompletedDate", "Patient Name", "DOB", "ProviderName", "Specialty", "Email", "Phone", "Fax",
]  # fmt: skip
BORN = "1961-03-17"
Row = dict[str, str | None]


@dataclass
class Clinic:
    """AMD's rows, by a name of their own, and the ids of HubSpot's records."""

    stack: LocalStack
    patients: dict[str, Row] = field(default_factory=dict)
    rois: dict[str, Row] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def patient(self, name: str, **changes: str | None) -> None:
        first = {"ID": str(1000 + len(self.patients)), "FirstName": "Ada", "LastName": name.title()}
        email = f"{name}@clinic.org"
        known = self.patients.get(name, {**first, "DOB": BORN, "Email": email})
        self.patients[name] = known | changes

    def contact(self, name: str, **properties: str) -> None:
        self.ids[name] = self.stack.hubspot.add("contacts", **properties)

    def known_as(self, name: str) -> dict[str, str]:
        """What HubSpot would hold of a patient of that name."""
        return {"firstname": "Ada", "lastname": name.title(), "ncf_date_of_birth": BORN}

    def replicate(self) -> None:
        for table, columns, rows in (
            ("PatientsWithStatistics", PATIENT_COLUMNS, self.patients),
            ("ROIs", ROI_COLUMNS, self.rois),
        ):
            schema = [(column, "STRING") for column in columns]
            self.stack.create_source(table, schema, list(rows.values()))

    def night(self) -> None:
        self.replicate()
        self.stack.dbt("build")
        self.stack.pusher("--allow-mass-change", check=False)

    def decided(self) -> list[dict[str, Any]]:
        return self.stack.query(
            f"""select entity, coalesce(natural_key, '') as natural_key, state, reason,
                candidates
            from `{self.stack.etl}.sync_status`"""
        )

    def states(self, rows: dict[str, Row], key: str) -> dict[str, tuple[str, str | None]]:
        found = {row["natural_key"]: (row["state"], row["reason"]) for row in self.decided()}
        return {name: found[str(row[key] or "")] for name, row in rows.items()}


@dataclass(frozen=True)
class Case:
    """What leads to a reason, and what the runbook says to do about it."""

    reasons: tuple[str, ...]
    make: Callable[[Clinic, str], None]
    mend: Callable[[Clinic, str], object]


def _shared(clinic: Clinic, name: str) -> None:
    clinic.patient(name, Email="shared@clinic.org")
    clinic.patient(f"{name}_other", Email="shared@clinic.org")


def _somebody_else(clinic: Clinic, name: str) -> None:
    clinic.contact(name, email=f"{name}@clinic.org", firstname="Boris")
    clinic.patient(name)


def _held(clinic: Clinic, name: str) -> None:
    clinic.contact(name, email=f"{name}@clinic.org", amd_patient_id="1", firstname="Zoe")
    clinic.patient("owner", ID="1", FirstName="Zoe", Email=f"{name}@clinic.org")
    clinic.patient(name)


def _vanished(clinic: Clinic, name: str) -> None:
    clinic.contact(name, email=f"{name}@clinic.org", amd_patient_id="9999", **clinic.known_as(name))
    clinic.patient(name)


def _twice(clinic: Clinic, name: str) -> None:
    for suffix in ("", "_again"):
        clinic.contact(name + suffix, email=f"x{suffix}@{name}.org", **clinic.known_as(name))
    clinic.patient(name)


def _double_row(clinic: Clinic, name: str) -> None:
    clinic.patient(name)
    clinic.patients[f"{name}_other"] = clinic.patients[name] | {"HomePhone": "5550100"}


def _merge(clinic: Clinic, name: str) -> None:
    clinic.stack.hubspot.merge(clinic.ids[name], clinic.ids[f"{name}_again"])


def _rekey(clinic: Clinic, name: str) -> None:
    key = str(clinic.patients[name]["ID"])
    clinic.stack.hubspot.edit("contacts", clinic.ids[name], amd_patient_id=key)


def _own_email(clinic: Clinic, name: str) -> None:
    clinic.patient(name, Email=f"own.{name}@clinic.org", LastName=name.title())


CASES = {
    "parent": Case(("identity_conflict",), _somebody_else, _own_email),
    "namesake": Case(("ambiguous_name_dob",), _twice, _merge),
    "household": Case(("shared_email_in_source",), _shared, _own_email),
    "tenant": Case(("email_held_by_other_patient", "identity_conflict"), _held, _own_email),
    "renumbered": Case(("email_held_by_vanished_patient", "owner_vanished"), _vanished, _rekey),
    "quiet": Case(
        ("no_email_no_match",), lambda clinic, name: clinic.patient(name, Email=None), _own_email
    ),
    "nameless": Case(
        ("missing_name",),
        lambda clinic, name: clinic.patient(name, Email=None, FirstName=None, LastName=None),
        _own_email,
    ),
    "doubled": Case(
        ("duplicate_natural_key",),
        _double_row,
        lambda clinic, name: clinic.patients.pop(f"{name}_other"),
    ),
    # What can be no address counts as none.
    "garbled": Case(
        ("no_email_no_match",),
        lambda clinic, name: clinic.patient(name, Email="a..b@clinic.org"),
        _own_email,
    ),
}


def test_what_the_runbook_says_unblocks_the_row_and_doubles_nobody(stack: LocalStack) -> None:
    clinic = Clinic(stack)
    clinic.patient("marlowe")
    for name, case in CASES.items():
        case.make(clinic, name)
    roi = dict.fromkeys(ROI_COLUMNS) | {"roi_id": "501", "PatientID": "1"}
    clinic.rois["untyped"] = roi
    clinic.night()
    (deleted,) = (
        contact_id
        for contact_id, properties in stack.hubspot.live("contacts").items()
        if properties.get("lastname") == "Marlowe"
    )
    stack.hubspot.archive(deleted)
    stack.pusher("mirror")  # it reads what was archived as well

    before = clinic.states(clinic.patients, "ID")
    wrong = {
        name: before[name] for name, case in CASES.items() if before[name][1] not in case.reasons
    }
    assert wrong == {}
    assert before["marlowe"] == ("quarantined", "deleted_in_hubspot")
    assert clinic.states(clinic.rois, "roi_id") == {
        "untyped": ("quarantined", "missing_required_property")
    }

    rivals = {row["natural_key"]: row["candidates"] or "" for row in clinic.decided()}
    for name, also in (("namesake", "namesake_again"), ("parent", ""), ("renumbered", "")):
        named = rivals[str(clinic.patients[name]["ID"])].split(",")
        assert sorted(named) == sorted(clinic.ids[who] for who in (name, also) if who)

    for name, case in CASES.items():
        case.mend(clinic, name)
    clinic.rois["untyped"] = roi | {"TemplateName": "Release of information"}
    stack.hubspot.restore(deleted)
    clinic.night()
    clinic.night()  # a rival's contact may have been the first to be written

    after = clinic.states(clinic.patients, "ID") | clinic.states(clinic.rois, "roi_id")
    assert {name: state for name, state in after.items() if state != ("unchanged", None)} == {}
    keys = Counter(
        properties.get("amd_patient_id") for properties in stack.hubspot.live("contacts").values()
    )
    assert {row["ID"]: keys[row["ID"]] for row in clinic.patients.values()} == {
        row["ID"]: 1 for row in clinic.patients.values()
    }
    people = Counter(
        (properties.get("firstname"), properties.get("lastname"))
        for properties in stack.hubspot.live("contacts").values()
        if properties.get("lastname")
    )
    assert [person for person, times in people.items() if times > 1] == []
