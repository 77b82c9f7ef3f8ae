"""Patients to contacts: the tiers, and what is settled across patients."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.e2e.oracle.contacts import Contacts, additional_emails
from tests.e2e.oracle.hubspot import IdMap
from tests.e2e.oracle.keys import PATIENT_FIELDS, Person, read_person
from tests.e2e.oracle.names import may_be_one_first_name, share_a_last_name
from tests.e2e.oracle.payloads import contact_payload, payload_hash
from tests.e2e.oracle.properties import settled
from tests.e2e.oracle.rows import KeyedRow, gather, patient_exclusion
from tests.e2e.oracle.suspects import Search, trace_patient
from tests.e2e.oracle.values import read_email, read_key
from tests.e2e.oracle.world import Decision, Record, World


@dataclass
class _Patient:
    """A patient on the way through the rules."""

    keyed: KeyedRow
    who: Person
    reason: str | None = None
    tier: int | None = None
    contact: Record | None = None
    email: str | None = None
    # An update that ships without its email says so; a create without one only remembers it.
    email_withheld: bool = False
    created_without_email: bool = False
    email_is_secondary: bool = False

    @property
    def key(self) -> str:
        return self.keyed.natural_key

    @property
    def is_create(self) -> bool:
        return self.reason is None and self.contact is None


class Matcher:
    def __init__(self, world: World) -> None:
        self.world = world
        self.options = world.options
        self.lists = world.lists
        rows, self.without_key = gather(
            world.patients, "ID", (), self.options.updated_at, patient_exclusion(world)
        )
        # An excluded row takes part in nothing.
        self.excluded = [row for row in rows if row.exclusion is not None]
        keyed = [row for row in rows if row.exclusion is None]
        gone = {row.natural_key for row in self.excluded}
        claims = [row for row in world.patient_map if read_key(row.natural_key) not in gone]
        self.source_keys = {row.natural_key for row in keyed}
        shared = self._shared_emails(keyed)
        self.contacts = Contacts(world, shared)
        self.people = self.contacts.people
        self.id_map = IdMap(claims, self.contacts.mirror)
        self.patients = [self._patient(row, shared) for row in keyed]

    def _shared_emails(self, keyed: Iterable[KeyedRow]) -> frozenset[str]:
        holders = Counter(read_email(row.row.get("Email")) for row in keyed)
        return frozenset(
            email
            for email, count in holders.items()
            if email is not None and count > self.options.shared_email_limit
        )

    def _patient(self, keyed: KeyedRow, shared: frozenset[str]) -> _Patient:
        who = read_person(keyed.row.get, PATIENT_FIELDS, self.world.today, self.lists, shared)
        return _Patient(keyed=keyed, who=who, reason=keyed.reason, email=who.email)

    # ---------- ownership

    def owners(self, contact: Record) -> set[str]:
        key = self.contacts.keys[contact.id]
        return self.id_map.owners.get(contact.id, set()) | ({key} if key is not None else set())

    def _holders(self, contact: Record) -> set[str]:
        """Whose contact it is: the key that it carries says more than the id map."""
        key = self.contacts.keys[contact.id]
        return {key} if key is not None else self.owners(contact)

    def is_free_for(self, patient: _Patient, contact: Record) -> bool:
        return not self.owners(contact) - {patient.key}

    def _is_left_by_its_owners(self, patient: _Patient, contact: Record) -> bool:
        """Another's, and no other is a patient any more."""
        others = self._holders(contact) - {patient.key}
        return bool(others) and not others & self.source_keys

    # ---------- tiers

    def resolve(self, patient: _Patient) -> None:
        for tier in (self._known, self._by_email, self._by_name_and_birth, self._by_address):
            tier(patient)
            if patient.reason is not None or patient.contact is not None:
                return
        self._none(patient)

    def _known(self, patient: _Patient) -> None:
        carrying = self.contacts.with_key(patient.key)
        if len(carrying) > 1:
            patient.reason = "ambiguous_patient_id"
        if carrying:
            patient.tier, patient.contact = 0, carrying[0]
            return
        mapped_contact = self.id_map.target(patient.key)
        if mapped_contact is None:
            return
        differs_on_birth = _differ(patient.who.birth, self.people[mapped_contact.id].birth)
        has_hash = self.id_map.rows[patient.key].payload_hash is not None
        if not self.is_free_for(patient, mapped_contact) or (not has_hash and differs_on_birth):
            patient.reason = "id_map_conflict"
        else:
            patient.tier, patient.contact = 0, mapped_contact

    def _by_email(self, patient: _Patient) -> None:
        if patient.who.email is None:
            return
        left = [
            contact
            for contact in self.contacts.with_email(patient.who.email)
            if self.is_free_for(patient, contact)
        ]
        if len(left) > 1:
            patient.reason = "ambiguous_email"
        elif left and not self._may_be_the_lead(patient.who, self.people[left[0].id]):
            # The lead is somebody else's; the patient's own may be there beside it.
            own = self._of_name_and_birth(patient)
            if len(own) == 1:
                patient.tier, patient.contact = 2, own[0]
            else:
                patient.reason = "identity_conflict"
        elif left:
            patient.tier, patient.contact = 1, left[0]

    def _may_be_the_lead(self, who: Person, lead: Person) -> bool:
        """Whether one who shares its email may be the person of the lead."""
        same_birth = _same(who.birth, lead.birth)
        if _differ(who.birth, lead.birth) or _differ(who.suffix, lead.suffix):
            return False
        if not same_birth and not who.is_of_age(18, self.world.today):
            return False
        if lead.first is None and lead.last is None and lead.birth is None:
            return True
        if who.first is None or lead.first is None:
            if not (same_birth and who.is_of_age(25, self.world.today)):
                return False
        elif not self._may_be_one(who, lead):
            return False
        if who.last is None or lead.last is None or same_birth:
            return True
        return share_a_last_name(who.name, lead.name)

    def _may_be_one(self, who: Person, other: Person) -> bool:
        """By their first names, which are both known."""
        same_birth = _same(who.birth, other.birth)
        twins = same_birth and not who.is_of_age(25, self.world.today)
        return may_be_one_first_name(
            who.name, other.name, self.lists, same_birth=same_birth, twins=twins
        )

    def _by_name_and_birth(self, patient: _Patient) -> None:
        self._take(patient, self._of_name_and_birth(patient), 2, "ambiguous_name_dob")

    def _by_address(self, patient: _Patient) -> None:
        left = [
            contact
            for contact in self.contacts.at(patient.who.address)
            if self._is_one_of_household(patient.who, self.people[contact.id])
            and self.is_free_for(patient, contact)
        ]
        self._take(patient, left, 3, "ambiguous_address")

    def _of_name_and_birth(self, patient: _Patient) -> list[Record]:
        return [
            contact
            for contact in self.contacts.named_and_born(patient.who)
            if self.is_free_for(patient, contact)
        ]

    def _is_one_of_household(self, who: Person, other: Person) -> bool:
        if _differ(who.suffix, other.suffix) or _differ(who.birth, other.birth):
            return False
        if who.first is None or other.first is None:
            return False
        if _same(who.birth, other.birth):
            return self._may_be_one(who, other)
        is_older_rule = self.options.match_address_without_birth_date
        return is_older_rule and who.first == other.first and not _differ(who.last, other.last)

    @staticmethod
    def _take(patient: _Patient, left: list[Record], tier: int, reason: str) -> None:
        if len(left) > 1:
            patient.reason = reason
        elif left:
            patient.tier, patient.contact = tier, left[0]

    def _none(self, patient: _Patient) -> None:
        if patient.key in self.id_map.rows and not self.options.recreate_deleted:
            patient.reason = "deleted_in_hubspot"
            return
        holders = {
            holder
            for contact in self.contacts.with_email(patient.email)
            for holder in self._holders(contact) - {patient.key}
        }
        if holders and not self.options.create_without_email:
            is_present = bool(holders & self.source_keys)
            holder = "other" if is_present else "vanished"
            patient.reason = f"email_held_by_{holder}_patient"
            return
        alike = self.contacts.named_and_born(patient.who) + [
            contact
            for contact in self.contacts.at(patient.who.address)
            if self._is_one_of_household(patient.who, self.people[contact.id])
        ]
        if any(self._is_left_by_its_owners(patient, contact) for contact in alike):
            patient.reason = "owner_vanished"
            return
        if holders:
            patient.email, patient.created_without_email = None, True
        if patient.email is None:
            if patient.who.first is None and patient.who.last is None:
                patient.reason = "missing_name"
            elif not self.options.create_without_email:
                patient.reason = "no_email_no_match"

    # ---------- across patients

    def settle_contested_contacts(self) -> None:
        rivals: dict[str, list[_Patient]] = defaultdict(list)
        for patient in self.patients:
            if patient.reason is None and patient.contact is not None and patient.tier != 0:
                rivals[patient.contact.id].append(patient)
        for contact_id, group in rivals.items():
            if len(group) == 1:
                continue
            other = self.people[contact_id]
            agreeing = [
                patient
                for patient in group
                if _same(patient.who.first, other.first)
                and _same(patient.who.last, other.last)
                and not _differ(patient.who.birth, other.birth)
            ]
            for patient in group:
                if len(agreeing) != 1 or patient is not agreeing[0]:
                    patient.reason, patient.contact, patient.tier = "contested_contact", None, None

    def settle_emails(self) -> None:
        open_patients = [patient for patient in self.patients if patient.reason is None]
        for patient in open_patients:
            contact = patient.contact
            if contact is None or patient.email is None:
                continue
            if any(other is not contact for other in self.contacts.with_email(patient.email)):
                patient.email, patient.email_withheld = None, True
            elif patient.email in map(read_email, additional_emails(contact)):
                patient.email, patient.email_is_secondary = None, True

        wanted: dict[str, list[_Patient]] = defaultdict(list)
        for patient in open_patients:
            if patient.email is not None:
                wanted[patient.email].append(patient)
        for group in wanted.values():
            if len(group) == 1:
                continue
            updates = [patient for patient in group if not patient.is_create]
            for patient in group:
                if patient.is_create:
                    patient.reason = "shared_email_in_source"
                elif len(updates) > 1:
                    patient.email, patient.email_withheld = None, True

    def settle_suspects(self) -> None:
        """Whose contact is likely there already is a question to people."""
        taken = {
            patient.contact.id
            for patient in self.patients
            if patient.reason is None and patient.contact is not None
        }
        search = Search(self.contacts, self.lists)
        free = [
            contact_id
            for contact_id, contact in self.contacts.mirror.live.items()
            if contact_id not in taken and not self.owners(contact)
        ]
        for patient in self.patients:
            is_open = patient.reason in (None, "no_email_no_match", "missing_name")
            if not is_open or patient.contact is not None:
                continue
            traced = trace_patient(patient.who, patient.keyed.row)
            if search.is_suspected(traced, free, self.world.today):
                patient.reason = "suspected_duplicate"

    # ---------- the outcome

    def decision(self, patient: _Patient) -> Decision:
        keyed = patient.keyed
        if patient.reason is not None:
            return Decision(
                patient.key, "quarantined", patient.reason, source_rows=keyed.source_rows
            )
        payload = contact_payload(
            patient.key, keyed.row, self.world.patient_columns, patient.who, self.world.today
        )
        payload.pop("email", None)
        if patient.email is not None:
            payload["email"] = patient.email
        # For whatever reason it stays behind: another reason alone is nothing to send.
        is_withheld = (
            patient.email_withheld or patient.email_is_secondary or patient.created_without_email
        )
        withheld = ["email"] if is_withheld else []
        hash_now = payload_hash(payload, withheld)
        decision = Decision(
            patient.key,
            "create",
            tier=patient.tier,
            hubspot_id=patient.contact.id if patient.contact is not None else None,
            properties=payload,
            payload_hash=hash_now,
            source_rows=keyed.source_rows,
            email_withheld=patient.email_withheld,
        )
        return settled(decision, patient.contact, self.id_map)

    def decide(self) -> dict[str, Decision]:
        for patient in self.patients:
            if patient.reason is None:
                self.resolve(patient)
        self.settle_contested_contacts()
        self.settle_emails()
        self.settle_suspects()
        excluded = {
            row.natural_key: Decision(
                row.natural_key, "excluded", row.exclusion, source_rows=row.source_rows
            )
            for row in self.excluded
        }
        return excluded | {patient.key: self.decision(patient) for patient in self.patients}


def _same(one: Any, other: Any) -> bool:
    return one is not None and one == other


def _differ(one: Any, other: Any) -> bool:
    return one is not None and other is not None and one != other
