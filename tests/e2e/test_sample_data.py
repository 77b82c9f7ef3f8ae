"""The made-up clinic: exact sizes, one clinic a seed, and nothing that HubSpot would refuse."""

from __future__ import annotations

from collections import Counter

import pytest

from sandbox.sample_data import (
    PATIENT_SCHEMA,
    ROI_SCHEMA,
    Clinic,
    Lead,
    as_text,
)

CLINIC = Clinic(patients=3000, rois=2500, contacts=2000, seed=5)


def test_sizes_are_exact() -> None:
    """Whatever the mixture of duplicates and merged records."""
    assert sum(1 for _ in CLINIC.patient_rows()) == 3000
    assert sum(1 for _ in CLINIC.roi_rows()) == 2500
    assert sum(1 for _ in CLINIC.contact_records()) == 2000


def test_more_rois_than_patients() -> None:
    """Patients sign several; the ids stay distinct."""
    ids = [row["roi_id"] for row in Clinic(patients=100, rois=350).roi_rows()]

    assert len(ids) == len(set(ids)) == 350


def test_a_seed_is_a_clinic() -> None:
    """The same seed says the same, another one does not."""
    again = Clinic(patients=3000, rois=2500, contacts=2000, seed=5)
    other = Clinic(patients=3000, rois=2500, contacts=2000, seed=6)

    assert list(CLINIC.patient_rows()) == list(again.patient_rows())
    assert list(CLINIC.patient_rows()) != list(other.patient_rows())


def test_unique_values_are_unique() -> None:
    """HubSpot holds an email once, secondary ones included, and a patient id once."""
    live = [lead for lead in CLINIC.contact_records() if not lead.is_deleted]
    emails = Counter(email for lead in live for email in _emails(lead))
    keys = Counter(
        lead.properties["amd_patient_id"] for lead in live if "amd_patient_id" in lead.properties
    )

    assert max(emails.values()) == 1
    assert max(keys.values()) == 1


def _emails(lead: Lead) -> list[str]:
    own = [lead.properties["email"]] if "email" in lead.properties else []
    return [*own, *lead.additional_emails]


def test_an_all_text_source_says_the_same_in_text() -> None:
    """`123.0`, `Y` and `02/29/1980`, as a replica without types has them."""
    typed = next(CLINIC.patient_rows())
    text = next(as_text(CLINIC.patient_rows(), PATIENT_SCHEMA))
    roi = next(as_text(CLINIC.roi_rows(), ROI_SCHEMA))

    assert text["ID"] == f"{typed['ID']}.0"
    assert text["Started"] in ("Y", "N")
    assert text["DOB"] == "/".join(typed["DOB"][place] for place in (slice(5, 7), slice(8, 10))) + (
        "/" + typed["DOB"][:4]
    )
    assert all(value is None or isinstance(value, str) for value in (*text.values(), *roi.values()))


@pytest.mark.parametrize("dirt", ["email", "amd_patient_id", "merged", "deleted", "mapped"])
def test_leads_come_in_every_kind(dirt: str) -> None:
    """A kind that is missing would go untested for good."""
    kinds = {
        "email": lambda lead: "email" not in lead.properties,
        "amd_patient_id": lambda lead: "amd_patient_id" in lead.properties,
        "merged": lambda lead: bool(lead.merged_ids),
        "deleted": lambda lead: lead.is_deleted,
        "mapped": lambda lead: lead.mapped_key is not None,
    }

    assert any(map(kinds[dirt], CLINIC.contact_records()))
