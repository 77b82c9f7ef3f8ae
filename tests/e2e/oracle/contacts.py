"""HubSpot's contacts as the tiers look them up: by key, email, name and birth date, address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tests.e2e.oracle.hubspot import Mirror
from tests.e2e.oracle.keys import CONTACT_FIELDS, Person, read_person
from tests.e2e.oracle.values import read_email, read_key
from tests.e2e.oracle.world import Record, World, split_list


class Contacts:
    """Live ones. Emails that too many patients have say nothing of whose they are."""

    def __init__(self, world: World, shared_emails: frozenset[str]) -> None:
        self.mirror = Mirror(world.contacts)
        unknown = shared_emails | world.lists.placeholder_emails
        self.people: dict[str, Person] = {}
        self.emails: dict[str, set[str]] = {}
        self.keys: dict[str, str | None] = {}
        self._index: dict[Any, list[Record]] = defaultdict(list)
        for contact in self.mirror.live.values():
            who = read_person(
                contact.value, CONTACT_FIELDS, world.today, world.lists, shared_emails
            )
            emails = map(read_email, [contact.value("email"), *additional_emails(contact)])
            self.people[contact.id] = who
            self.emails[contact.id] = {email for email in emails if email} - unknown
            self.keys[contact.id] = read_key(contact.value("amd_patient_id"))
            found: dict[Any, str] = {self.keys[contact.id]: "key", who.address: "address"}
            found |= dict.fromkeys(self.emails[contact.id], "email")
            found[who.first, who.last, who.birth] = "name and birth"
            for value, kind in found.items():
                self._index[kind, value].append(contact)

    def with_key(self, key: str) -> list[Record]:
        return self._index["key", key]

    def with_email(self, email: str | None) -> list[Record]:
        return self._index["email", email]

    def at(self, address: tuple[str, ...] | None) -> list[Record]:
        return self._index["address", address] if address is not None else []

    def named_and_born(self, who: Person) -> list[Record]:
        """Those of a suffix that speaks against it apart."""
        if who.first is None or who.last is None or who.birth is None:
            return []
        return [
            contact
            for contact in self._index["name and birth", (who.first, who.last, who.birth)]
            if None in (suffixes := {who.suffix, self.people[contact.id].suffix})
            or len(suffixes) == 1
        ]


def additional_emails(contact: Record) -> Iterable[str]:
    return split_list(contact.properties.get("hs_additional_emails"))
