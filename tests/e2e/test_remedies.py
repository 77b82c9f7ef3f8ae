"""Every remedy that the runbook names for a reason is carried out here, in AMD or in HubSpot: it
unblocks the row, and doubles nobody."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.stack import PROJECT_DIR, LocalStack

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
    mapped: dict[str, str] = field(default_factory=dict)

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

    def leave_map(self) -> None:
        """The id map of the older implementation."""
        rows = ", ".join(f"('{key}', '{record}')" for key, record in self.mapped.items())
        self.stack.query(
            f"""create table `{self.stack.etl}.hubspot_id_map` as
            select 'contacts' as hubspot_object_type, natural_key, hubspot_id,
                timestamp '2026-01-01 00:00:00+00' as updated_at
            from unnest(array<struct<natural_key string, hubspot_id string>>[{rows}])"""
        )

    def decide(self, name: str, verdict: str, minute: int = 0) -> None:
        """A person's word in BigQuery, which may be there before the first build."""
        table = f"`{self.stack.etl}.match_decisions`"
        self.stack.query(
            f"""create table if not exists {table} (natural_key string, hubspot_id string,
                verdict string, decided_by string, decided_at timestamp, source string,
                note string)"""
        )
        self.stack.query(
            f"""insert into {table} (natural_key, hubspot_id, verdict, decided_at, source)
            values ('{self.patients[name]["ID"]}', '{self.ids[name]}', '{verdict}',
                timestamp '2026-11-01 00:{minute:02}:00+00', 'bigquery')"""
        )

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
        self.stack.pusher("--allow-mass-change")

    def decided(self) -> list[dict[str, Any]]:
        return self.stack.query(
            f"""select entity, coalesce(natural_key, '') as natural_key, state, reason,
                candidates
            from `{self.stack.etl}.sync_status`"""
        )

    def states(self, rows: dict[str, Row], key: str) -> dict[str, tuple[str, str | None]]:
        found = {row["natural_key"]: (row["state"], row["reason"]) for row in self.decided()}
        return {
            name: found.get(str(row[key] or ""), ("lost", "lost")) for name, row in rows.items()
        }


@dataclass(frozen=True)
class Case:
    """What leads to a reason, and what the runbook says to do about it."""

    reason: str
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


def _moved(clinic: Clinic, name: str) -> None:
    clinic.contact(name, email=f"before@{name}.org", amd_patient_id="9998", **clinic.known_as(name))
    clinic.patient(name)


def _twice(clinic: Clinic, name: str) -> None:
    for suffix in ("", "_again"):
        clinic.contact(name + suffix, email=f"x{suffix}@{name}.org", **clinic.known_as(name))
    clinic.patient(name)


def _two_addresses(clinic: Clinic, name: str) -> None:
    clinic.contact(name, email=f"{name}@clinic.org", firstname="Ada")
    clinic.contact(f"{name}_again", hs_additional_emails=f"{name}@clinic.org", firstname="Ada")
    clinic.patient(name)


def _neighbours(clinic: Clinic, name: str) -> None:
    """Both are of this street, first name and birth, and of another last name than the patient."""
    home = {"city": "Troy", "state": "NY", "zip": "12180", "address": f"12 {name} Street"}
    for suffix in ("", "_again"):
        clinic.contact(
            name + suffix,
            **home
            | clinic.known_as(name)
            | {"lastname": f"Was{suffix}", "email": f"x{suffix}@{name}.org"},
        )
    place = {"City": "Troy", "State": "NY", "Zipcode": "12180", "Address1": home["address"]}
    clinic.patient(name, **place)


def _two_spellings(clinic: Clinic, name: str) -> None:
    clinic.patient(name)
    key = clinic.patients[name]["ID"]
    for suffix, spelling in (("", f"{key}"), ("_again", f"{key}.0")):
        clinic.contact(name + suffix, email=f"x{suffix}@{name}.org", amd_patient_id=spelling)


def _contested(clinic: Clinic, name: str) -> None:
    """A lead without a last name and a date of birth, and two patients of its email."""
    clinic.contact(name, email=f"{name}@clinic.org", firstname="Ada")
    clinic.patient(name)
    clinic.patient(f"{name}_other", DOB="1992-04-05", Email=f"{name}@clinic.org")


def _mapped(clinic: Clinic, name: str, **properties: str) -> None:
    """As the older implementation left it; the contact may say another thing."""
    clinic.contact(name, email=f"{name}@clinic.org", **clinic.known_as(name) | properties)
    clinic.patient(name)
    clinic.mapped[str(clinic.patients[name]["ID"])] = clinic.ids[name]


def _collapsed(clinic: Clinic, name: str) -> None:
    """Two of a family in one contact."""
    _mapped(clinic, name)
    clinic.patient(f"{name}_other", FirstName="Bea", LastName=name.title(), DOB="1992-04-05")
    clinic.mapped[str(clinic.patients[f"{name}_other"]["ID"])] = clinic.ids[name]


def _misspelt(clinic: Clinic, name: str) -> None:
    phone = f"51855501{len(clinic.patients):02}"
    known = clinic.known_as(name) | {"lastname": f"{name.title()}e", "phone": phone}
    clinic.contact(name, email=f"x@{name}.org", **known)
    clinic.patient(name, HomePhone=phone)


def _contradicted(clinic: Clinic, name: str) -> None:
    """The contact that is said to be the patient's is somebody else's."""
    clinic.contact(name, email=f"x@{name}.org", amd_patient_id="9996", firstname="Boris")
    clinic.patient(name)
    clinic.decide(name, "same")


def _refused(clinic: Clinic, name: str) -> None:
    clinic.contact(name, email=f"{name}@clinic.org", firstname="Ada")
    clinic.patient(name)
    clinic.decide(name, "different")


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


def _without_other(clinic: Clinic, name: str) -> None:
    del clinic.patients[f"{name}_other"]


def _told_apart(clinic: Clinic, name: str) -> None:
    clinic.stack.hubspot.edit("contacts", clinic.ids[name], ncf_date_of_birth=BORN)
    _own_email(clinic, f"{name}_other")


def _no_longer_theirs(clinic: Clinic, name: str) -> None:
    clinic.stack.hubspot.edit("contacts", clinic.ids[name], amd_patient_id="")


def _one_each(clinic: Clinic, name: str) -> None:
    _rekey(clinic, name)
    other = clinic.patients[f"{name}_other"]
    clinic.contact(
        f"{name}_other", amd_patient_id=str(other["ID"]), email=f"{name}_other@clinic.org"
    )


def _another_birth(clinic: Clinic, name: str) -> None:
    clinic.stack.hubspot.edit("contacts", clinic.ids[name], ncf_date_of_birth="1961-03-16")


CASES = {
    "parent": Case("identity_conflict", _somebody_else, _own_email),
    "themselves": Case("identity_conflict", _somebody_else, _rekey),
    "namesake": Case("ambiguous_name_dob", _twice, _merge),
    "household": Case("shared_email_in_source", _shared, _own_email),
    "tenant": Case("email_held_by_other_patient", _held, _own_email),
    "renumbered": Case("email_held_by_vanished_patient", _vanished, _rekey),
    "moved": Case("owner_vanished", _moved, _rekey),
    "respelt": Case("ambiguous_patient_id", _two_spellings, _merge),
    "doubly": Case("ambiguous_email", _two_addresses, _merge),
    "cornered": Case("ambiguous_address", _neighbours, _merge),
    "corrected": Case("ambiguous_address", _neighbours, _another_birth),
    "rival": Case("contested_contact", _contested, _told_apart),
    "twin_chart": Case("contested_contact", _contested, _without_other),
    "claimed": Case(
        "id_map_conflict",
        lambda clinic, name: _mapped(clinic, name, amd_patient_id="9997"),
        _no_longer_theirs,
    ),
    "older": Case(
        "id_map_conflict",
        lambda clinic, name: _mapped(clinic, name, ncf_date_of_birth="1961-03-18"),
        _rekey,
    ),
    "collapsed": Case("id_map_conflict", _collapsed, _one_each),
    "quiet": Case(
        "no_email_no_match", lambda clinic, name: clinic.patient(name, Email=None), _own_email
    ),
    "nameless": Case(
        "missing_name",
        lambda clinic, name: clinic.patient(name, Email=None, FirstName=None, LastName=None),
        _own_email,
    ),
    "misspelt": Case("suspected_duplicate", _misspelt, _rekey),
    "respected": Case(
        "suspected_duplicate", _misspelt, lambda clinic, name: clinic.decide(name, "same")
    ),
    "unrelated": Case(
        "suspected_duplicate", _misspelt, lambda clinic, name: clinic.decide(name, "different")
    ),
    "contradicted": Case(
        "decision_conflict",
        _contradicted,
        lambda clinic, name: clinic.decide(name, "withdrawn", minute=1),
    ),
    "stranger": Case("email_held_by_other_contact", _refused, _own_email),
    "doubled": Case("duplicate_natural_key", _double_row, _without_other),
    "unnumbered": Case(
        "missing_natural_key",
        lambda clinic, name: clinic.patient(name, ID=None),
        lambda clinic, name: clinic.patient(name, ID="2001"),
    ),
    # What can be no address counts as none.
    "garbled": Case(
        "no_email_no_match",
        lambda clinic, name: clinic.patient(name, Email="a..b@clinic.org"),
        _own_email,
    ),
    "mistyped": Case(
        "rejected_invalid_email",
        lambda clinic, name: clinic.patient(name, Email=f"{name}@clinic.con"),
        _own_email,
    ),
}
ROI_CASES = {
    "untyped": ("missing_required_property", {"roi_id": "501", "TemplateName": None}),
    "endless": ("required_property_too_long", {"roi_id": "502", "TemplateName": "x" * 65_537}),
    "two_spellings": ("ambiguous_roi_id", {"roi_id": "503", "TemplateName": "Records"}),
}
DELETED = "deleted_in_hubspot"


def test_every_reason_that_the_runbook_names_is_tried() -> None:
    runbook = (PROJECT_DIR / "docs" / "runbook.md").read_text(encoding="utf-8")
    section = runbook.partition("\n## Reasons\n")[2].partition("\n`state = ")[0]
    named = {
        "rejected_" if reason.startswith("rejected_") else reason
        for reason in re.findall(r"^\| `([a-z_]+)(?:…)?` \|", section, re.MULTILINE)
    }
    tried = {case.reason for case in CASES.values()} | {reason for reason, _ in ROI_CASES.values()}
    tried = {"rejected_" if reason.startswith("rejected_") else reason for reason in tried}

    assert tried | {DELETED} == named


def test_what_the_runbook_says_unblocks_the_row_and_doubles_nobody(stack: LocalStack) -> None:
    clinic = Clinic(stack)
    clinic.patient("marlowe")
    for name, case in CASES.items():
        case.make(clinic, name)
    for name, (_, row) in ROI_CASES.items():
        clinic.rois[name] = dict.fromkeys(ROI_COLUMNS) | {"PatientID": "1"} | row
    spellings = [
        stack.hubspot.add("p_roi", roi_id=roi_id, roi_type="Records") for roi_id in ("503", "503.0")
    ]
    clinic.leave_map()
    clinic.night()
    (deleted,) = (
        contact_id
        for contact_id, properties in stack.hubspot.live("contacts").items()
        if properties.get("lastname") == "Marlowe"
    )
    stack.hubspot.archive(deleted)
    stack.pusher("mirror")  # it reads what was archived as well

    before = clinic.states(clinic.patients, "ID")
    reasons = {name: case.reason for name, case in CASES.items()} | {"marlowe": DELETED}
    assert {name: before[name][1] for name in reasons} == reasons
    states = clinic.states(clinic.rois, "roi_id")
    assert {name: reason for name, (_, reason) in states.items()} == {
        name: reason for name, (reason, _) in ROI_CASES.items()
    }

    rivals = {row["natural_key"]: row["candidates"] or "" for row in clinic.decided()}
    for name, also in (("namesake", "namesake_again"), ("parent", ""), ("renumbered", "")):
        named = rivals[str(clinic.patients[name]["ID"])].split(",")
        assert sorted(named) == sorted(clinic.ids[who] for who in (name, also) if who)

    for name, case in CASES.items():
        case.mend(clinic, name)
    for row in clinic.rois.values():
        row["TemplateName"] = "Release of information"
    stack.hubspot.archive(spellings[1], object_type="p_roi")
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
