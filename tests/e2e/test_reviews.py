"""Evenings on which staff answer, and nights that take over what they said: no answer is forgotten,
none undone, no pair comes back, and nothing of a patient stands on a contact that is not theirs.

The check knows nothing of scores. It remembers who is whose and what was answered on which contact,
and reads HubSpot and `match_decisions`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.stack import LocalStack
from tests.chaos.process import Running
from tests.e2e.test_remedies import PATIENT_COLUMNS, ROI_COLUMNS

pytestmark = pytest.mark.slow

EACH = 100 if os.environ.get("CHAOS") == "full" else 2
# Told apart by every letter, so that nobody is taken for somebody of another case.
HEADS = ("Abel", "Brun", "Cosi", "Dimi", "Egon", "Fjor", "Gwyn", "Hugo", "Ilse", "Jolk")
TAILS = ("anth", "bert", "crux", "dorn", "esku", "frid", "gild", "hult", "ingr", "jurk")


@dataclass(frozen=True)
class Case:
    """A patient who is held back, and the leads that could be theirs."""

    kind: str
    key: str
    leads: tuple[str, ...]

    @property
    def mark(self) -> str:
        """Stands in values of this patient, and in no lead."""
        return f"Planted{self.key}"


@dataclass
class Clinic:
    stack: LocalStack
    cases: list[Case] = field(default_factory=list)
    patients: list[dict[str, str | None]] = field(default_factory=list)
    # (patient, contact) → what staff said last
    answers: dict[tuple[str, str], str] = field(default_factory=dict)
    said: int = 0
    # Contact that was merged away → the one that is left.
    merged: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, leads: int = 1) -> None:
        number = len(self.cases) + 1  # no telephone of zeros
        key = str(1000 + number)
        person = {
            "firstname": HEADS[number % 10] + TAILS[number // 10 % 10] + "x" * (number // 100),
            "ncf_date_of_birth": f"19{40 + number % 50}-{1 + number % 12:02}-{1 + number % 28:02}",
            "phone": f"6{number % 10}7{number:03}{(number * 7919) % 10000:04}",
        }
        ids = tuple(
            self.stack.hubspot.add(
                "contacts", **person, lastname=f"{TAILS[number % 10]}{letter}{HEADS[number % 7]}"
            )
            for letter in "qzv"[:leads]
        )
        case = Case(kind, key, ids)
        self.cases.append(case)
        self.patients.append(
            dict.fromkeys(PATIENT_COLUMNS)
            | {
                "ID": key,
                "Chart": f"C{case.mark}",
                "FirstName": person["firstname"],
                "LastName": f"{case.mark}son",
                "DOB": person["ncf_date_of_birth"],
                "HomePhone": person["phone"],
                "Email": f"{case.mark.lower()}@x.org",
                "Address1": f"{number} {case.mark} Way",
            }
        )

    def of(self, kind: str) -> list[Case]:
        return [case for case in self.cases if case.kind == kind]

    def build(self) -> None:
        rois = [dict.fromkeys(ROI_COLUMNS) | {"roi_id": "1", "TemplateName": "Release"}]
        for table, columns, rows in (
            ("PatientsWithStatistics", PATIENT_COLUMNS, self.patients),
            ("ROIs", ROI_COLUMNS, rois),
        ):
            self.stack.create_source(table, [(column, "STRING") for column in columns], rows)
        self.stack.dbt("build")
        self.stack.pusher("setup")

    def night(self) -> None:
        self.stack.hubspot.clear_requests()
        self.stack.pusher("--allow-mass-change")

    def answer(self, case: Case, lead: str, verdict: str) -> None:
        """As staff do it, on a contact that names the patient."""
        shown = self.contacts()[lead]
        assert shown.get("amd_review_patient_id") == case.key
        self.stack.hubspot.edit("contacts", lead, amd_review_decision=verdict)
        self.answers[case.key, lead] = verdict
        self.said += 1

    def contacts(self) -> dict[str, dict[str, Any]]:
        return self.stack.hubspot.live("contacts")

    def asked(self) -> dict[str, str]:
        """Contact → patient of each open question."""
        return {
            hubspot_id: record["amd_review_patient_id"]
            for hubspot_id, record in self.contacts().items()
            if record.get("amd_review") == "open"
        }

    def owner(self, lead: str) -> str | None:
        return self.contacts()[self.merged.get(lead, lead)].get("amd_patient_id") or None

    def states(self) -> dict[str, tuple[str, str | None]]:
        rows = self.stack.query(
            f"""select natural_key, state, reason from `{self.stack.etl}.sync_status`
            where entity = 'patients'"""
        )
        return {row["natural_key"]: (row["state"], row["reason"]) for row in rows}

    def kept(self) -> list[tuple[str, str, str]]:
        rows = self.stack.query(
            f"""select natural_key, hubspot_id, verdict, run_id
            from `{self.stack.etl}.match_decisions` where source = 'hubspot'"""
        )
        assert all(row["run_id"] for row in rows)
        return [(row["natural_key"], row["hubspot_id"], row["verdict"]) for row in rows]

    def assert_nothing_strays(self) -> None:
        """No value of a patient is on a contact that does not carry that patient's ID, whatever
        has become of the contact."""
        for record in self.stack.hubspot.records("contacts"):
            text = json.dumps(record).lower()
            owner = (record.get("properties") or record).get("amd_patient_id")
            strays = [
                case.key for case in self.cases if case.mark.lower() in text and owner != case.key
            ]
            assert strays == []


def kill_at(stack: LocalStack, path: str, when: str) -> None:
    """Start a run, and kill it while such a request of its waits."""
    stack.hubspot.fault(
        "hold", name="held", when=when, seconds=120, match={"path_regex": path, "method": "POST"}
    )
    running = Running(["--allow-mass-change"], stack.env)
    try:
        assert stack.hubspot.wait_fired("held", timeout=120)
    finally:
        running.kill()
        stack.hubspot.clear_faults()
    stack.query(
        f"""update `{stack.etl}.reverse_etl_lease`
        set expires_at = timestamp_sub(current_timestamp(), interval 1 second)
        where holder is not null"""
    )


def test_what_staff_answer_is_believed(stack: LocalStack) -> None:
    clinic = Clinic(stack)
    for _ in range(EACH):
        clinic.add("same")
        clinic.add("different")
        clinic.add("again", leads=2)
        clinic.add("contradiction", leads=2)
        clinic.add("merged")
        clinic.add("open")
    # Known to HubSpot, and held back by a row that AMD has twice.
    known = stack.hubspot.add("contacts", email="known@y.org", amd_patient_id="9000")
    for name in ("Quentin", "Quintus"):
        clinic.patients.append(
            dict.fromkeys(PATIENT_COLUMNS)
            | {"ID": "9000", "FirstName": name, "LastName": "Yarrow", "Email": "known@y.org"}
        )
    clinic.build()

    # Night 1: everybody is asked about, with names of fields and no value.
    clinic.night()
    everything = {lead: case.key for case in clinic.cases for lead in case.leads}
    assert clinic.asked() == everything
    states = clinic.states()
    assert states.pop("9000") == ("quarantined", "duplicate_natural_key")
    assert set(states.values()) == {("quarantined", "suspected_duplicate")}
    shown = clinic.contacts()[clinic.cases[0].leads[0]]
    assert shown["amd_review_reason"] == "suspected_duplicate"
    assert shown["amd_review_evidence"].startswith("Score ")
    assert "Agree: birth date, first name, phone" in shown["amd_review_evidence"]
    assert not shown.get("amd_review_decision")
    mark = clinic.contacts()[known]
    assert mark["amd_sync_status"] == "held_back"
    assert mark["amd_sync_note"] == "AMD has two rows with this ID that differ. Correct it in AMD."
    clinic.assert_nothing_strays()

    # Nothing has changed: no batch, neither read nor written.
    clinic.night()
    assert [row for row in stack.hubspot.request_counts() if "/batch/" in row["path"]] == []

    # Evening 1: answers of all kinds; a contact is merged away after it was decided on.
    for case in clinic.of("same") + clinic.of("merged"):
        clinic.answer(case, case.leads[0], "same")
    for case in clinic.of("different"):
        clinic.answer(case, case.leads[0], "different")
    for case in clinic.of("again"):
        clinic.answer(case, case.leads[0], "different")
    for case in clinic.of("contradiction"):
        for lead in case.leads:
            clinic.answer(case, lead, "same")
    for case in clinic.of("merged"):
        other = stack.hubspot.add("contacts", email=f"other{case.key}@y.org")
        clinic.merged[case.leads[0]] = stack.hubspot.merge(case.leads[0], other)

    # Night 2 is killed twice: before anything is written, and after a batch whose answer is lost.
    kill_at(stack, "/batch/update$", "before")
    assert len(clinic.kept()) == clinic.said
    kill_at(stack, "/batch/update$", "after")
    clinic.night()

    assert len(clinic.kept()) == len(set(clinic.kept())) == clinic.said
    for case in clinic.of("same") + clinic.of("merged"):
        assert clinic.owner(case.leads[0]) == case.key
    created = {record.get("amd_patient_id") for record in clinic.contacts().values()}
    for case in clinic.of("different"):
        assert clinic.owner(case.leads[0]) is None
        assert case.key in created
    states = clinic.states()
    for case in clinic.of("contradiction"):
        assert states[case.key] == ("quarantined", "decision_conflict")
    still = clinic.of("open") + clinic.of("contradiction")
    expected = {lead: case.key for case in still for lead in case.leads}
    expected |= {case.leads[1]: case.key for case in clinic.of("again")}
    assert clinic.asked() == expected
    assert not any(record.get("amd_review_decision") for record in clinic.contacts().values())
    clinic.assert_nothing_strays()

    # Evening 2: one contradiction is settled, and something is asked again.
    for case in clinic.of("contradiction"):
        clinic.answer(case, case.leads[1], "different")
    for case in clinic.of("again"):
        clinic.answer(case, case.leads[0], "ask_again")
    clinic.night()

    assert sorted(clinic.kept()) == sorted(set(clinic.kept()))
    assert len(clinic.kept()) == clinic.said
    for case in clinic.of("contradiction"):
        assert clinic.owner(case.leads[0]) == case.key
        assert clinic.owner(case.leads[1]) is None
    still = clinic.of("open") + clinic.of("again")
    assert clinic.asked() == {lead: case.key for case in still for lead in case.leads}

    # Evening 3: what was asked again is answered; the rest closes when AMD says who it is.
    for case in clinic.of("again"):
        clinic.answer(case, case.leads[0], "same")
    for case in clinic.of("open"):
        stack.hubspot.edit("contacts", case.leads[0], amd_patient_id=case.key)
    clinic.patients.pop()
    clinic.build()
    clinic.night()
    assert clinic.contacts()[known]["amd_sync_status"] == "in_step"
    assert not clinic.contacts()[known].get("amd_sync_note")
    clinic.night()

    assert [row for row in stack.hubspot.request_counts() if "/batch/" in row["path"]] == []
    assert clinic.asked() == {}
    assert {state for state, _ in clinic.states().values()} == {"unchanged"}
    for (key, lead), verdict in clinic.answers.items():
        if verdict in ("same", "different"):
            assert (clinic.owner(lead) == key) is (verdict == "same")
    clinic.assert_nothing_strays()
    keys = [record.get("amd_patient_id") for record in clinic.contacts().values()]
    assert sorted(filter(None, keys)) == [*sorted(case.key for case in clinic.cases), "9000"]
