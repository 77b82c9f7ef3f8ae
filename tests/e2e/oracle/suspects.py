"""The search for suspects: who of the free contacts is likely the patient's own?

Pair by pair, as the design's tables say it. The points are the seed's.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.e2e.oracle.contacts import Contacts
from tests.e2e.oracle.keys import Person
from tests.e2e.oracle.lists import Lists
from tests.e2e.oracle.names import edit_distance
from tests.e2e.oracle.values import read_email, read_phone
from tests.e2e.oracle.world import Record, SourceRow

NEEDED = 3
NAMES = ("first_name", "last_name", "suffix")
SOUNDS = {letter: digit for digit, letters in enumerate(
    ("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), 1) for letter in letters}  # fmt: skip


@dataclass(frozen=True)
class Traced:
    """One side of a pair: a person, and what the tiers do not look at."""

    who: Person
    phones: tuple[str, ...]
    email: str | None
    other_emails: frozenset[str] = frozenset()

    @property
    def first(self) -> str | None:
        return self.who.first

    @property
    def last(self) -> str | None:
        return self.who.last

    @property
    def last_names(self) -> set[str]:
        return ({self.last} if self.last else set()) | self.who.name.last_parts

    @property
    def house(self) -> str | None:
        found = re.match(r"\d+[a-z]?\b", self.who.street or "")
        return found[0] if found else None

    @property
    def street(self) -> str | None:
        units = r" (apt|bldg|dept|fl|lot|rm|spc|ste|trlr|unit)\b.*"
        name = re.sub(units, "", self.who.street or "")
        return re.sub(r"^\d+[a-z]? ", "", name) or None

    @property
    def local(self) -> str | None:
        return re.sub("[^a-z0-9]", "", re.split("[@+]", self.email)[0]) if self.email else None

    @property
    def letters(self) -> str | None:
        return re.sub("[0-9]", "", self.local or "") or None


def trace_patient(who: Person, row: SourceRow) -> Traced:
    return Traced(who, _phones(row.get("HomePhone"), row.get("OtherPhone")), who.email)


def trace_contact(contact: Record, contacts: Contacts, lists: Lists) -> Traced:
    email = read_email(contact.value("email"))
    return Traced(
        contacts.people[contact.id],
        _phones(contact.value("phone"), contact.value("mobilephone")),
        None if email in lists.placeholder_emails else email,
        frozenset(contacts.emails[contact.id]),
    )


def _phones(*values: Any) -> tuple[str, ...]:
    digits = (re.sub(r"\D", "", re.split("x", read_phone(value) or "", flags=re.I)[0])
              for value in values)  # fmt: skip
    return tuple(number[-10:] for number in digits if len(number) >= 10)


class Search:
    """Over the live contacts, of whom some are free."""

    def __init__(self, contacts: Contacts, lists: Lists) -> None:
        self.lists = lists
        self.traces = {
            contact.id: trace_contact(contact, contacts, lists)
            for contact in contacts.mirror.live.values()
        }
        self.bits = math.log2(len(self.traces)) if self.traces else 0.0
        self.alike = {
            "first_name": Counter(one.first for one in self.traces.values()),
            "last_name": Counter(one.last for one in self.traces.values()),
            "birth_date": Counter(one.who.birth for one in self.traces.values()),
            "address": Counter(one.who.street for one in self.traces.values()),
            "phone": Counter(one.phones[0] for one in self.traces.values() if one.phones),
        }

    def is_suspected(self, patient: Traced, free: Iterable[str], today: date) -> bool:
        keys = set(_keys(patient, is_patient=True))
        return any(
            keys & set(_keys(self.traces[lead], is_patient=False))
            and self._is_suspect(patient, self.traces[lead], today)
            for lead in free
        )

    def _is_suspect(self, one: Traced, other: Traced, today: date) -> bool:
        levels = {
            "first_name": self._first_name(one, other),
            "birth_date": _birth_date(one.who.birth, other.who.birth),
            "suffix": _suffix(one.who.suffix, other.who.suffix),
            "last_name": _last_name(one, other),
            "address": _address(one, other),
            "zip": _zip(one.who.zip, other.who.zip),
            "city": _equal(one.who.city, other.who.city),
            "phone": _phone(one.phones, other.phones),
            "email": _email(one, other),
        }
        is_twin = (
            levels["first_name"] in ("different", "middle_initial")
            and levels["birth_date"] == "same"
            and levels["last_name"] != "different"
            and not one.who.is_of_age(25, today)
        )
        return not is_twin and self._score(levels, other) >= NEEDED

    def _score(self, levels: dict[str, str | None], other: Traced) -> float:
        value = {
            "first_name": other.first, "last_name": other.last, "birth_date": other.who.birth,
            "address": other.who.street, "phone": other.phones[0] if other.phones else None,
        }  # fmt: skip
        sums = {"person": 0.0, "household": 0.0}
        is_name_only = True
        for field, level in levels.items():
            if level is None or (field, level) not in self.lists.weights:
                continue
            points, evidence, least = self.lists.weights[field, level]
            if least is not None and value.get(field) is not None:
                rarity = self.bits - math.log2(self.alike[field][value[field]])
                points = max(least, min(points, rarity))
            sums[evidence] += points
            is_name_only &= field in NAMES or points <= 0
        household = min(sums["household"], self.bits - 1)
        score = sums["person"] + household - self.bits - 2 * is_name_only
        return math.floor(score * 10 + 0.5) / 10

    def _first_name(self, one: Traced, other: Traced) -> str | None:
        mine, theirs, name = one.first, other.first, one.who.name
        if theirs is not None and theirs in (mine, name.preferred):
            return "same"
        if mine is None or theirs is None:
            return None
        pair = {(mine, theirs), (theirs, mine)}
        if pair & self.lists.nicknames:
            return "nickname"
        two_people = bool(pair & self.lists.two_people)
        short, long = sorted((mine, theirs), key=len)
        if not two_people and len(short) >= 3 and long.startswith(short):
            return "begins_with"
        if not two_people and _is_slip(mine, theirs):
            return "close"
        swapped = _swapped(one, other)
        if swapped is not None:
            return swapped
        if len(theirs) > 1 and theirs == name.middle:
            return "middle_name"
        if len(short) == 1 and mine[0] == theirs[0]:
            return "initial"
        if two_people:
            return "different"
        if _is_alike(mine, theirs):
            return "alike"
        return "middle_initial" if name.middle and theirs == name.middle[0] else "different"


def _keys(one: Traced, *, is_patient: bool) -> Iterator[tuple[Any, ...]]:
    """What brings a pair together; a key with an unknown part brings nobody."""
    for key in _all_keys(one, is_patient):
        if None not in key:
            yield key


def _all_keys(one: Traced, is_patient: bool) -> Iterator[tuple[Any, ...]]:
    first, last, who = one.first, one.last, one.who
    for part, value in (
        ("first", first and first[0]), ("last", last and last[0]), ("zip", who.zip),
        ("house", one.house),
    ):  # fmt: skip
        yield "birth", who.birth, part, value
    nameless = who.birth if first is None or last is None else None
    yield "birth of a lead", (who.birth if is_patient else nameless)
    yield "birth of a patient", (nameless if is_patient else who.birth)
    yield "last and zip", last, who.zip
    firsts = {first} | ({who.name.preferred} if is_patient else set())
    for name in firsts:
        yield "first and zip", name, who.zip
        for last_name in one.last_names:
            yield "first and last", name, last_name
    yield "sound", _sound(last), first and first[:2]
    yield "house and zip", one.house, who.zip
    yield "house and city", one.house, who.city
    yield "street and zip", one.street, who.zip
    for number in one.phones:
        yield "phone", number
    yield "local", one.local if len(one.local or "") >= 6 else None
    if is_patient:
        yield "first and last", last, first
        yield "first and zip", last, who.zip
        yield "email", one.email
        if first and last:
            for name in (first + last, last + first, first[0] + last):
                yield "letters", name if len(name) >= 6 else None
    else:
        for email in one.other_emails:
            yield "email", email
        yield "letters", one.letters if len(one.letters or "") >= 6 else None


# ---------------------------------------------------------------- levels


def _birth_date(one: date | None, other: date | None) -> str | None:
    if one is None or other is None:
        return None
    if one == other:
        return "same"
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return "swapped"
    mine, theirs = one.strftime("%Y%m%d"), other.strftime("%Y%m%d")
    if edit_distance(mine, theirs) == 1:
        return "one_digit"
    if one.year == other.year and _is_reordered(mine[4:], theirs[4:]):
        return "one_digit"
    if mine[4:] == theirs[4:]:
        return "other_year"
    if edit_distance(mine, theirs) == 2:
        return "two_digits"
    return "other_generation" if abs((one - other).days) > 15 * 365 else "different"


def _suffix(one: str | None, other: str | None) -> str | None:
    if one == other:
        return "same" if one else None
    return "one_has_none" if None in (one, other) else "different"


def _last_name(one: Traced, other: Traced) -> str | None:
    mine, theirs = one.last, other.last
    if mine is None or theirs is None:
        return None
    if mine == theirs:
        return "same"
    if _is_slip(mine, theirs):
        return "close"
    # One letter apart counts as the same name wherever the tiers look at it.
    is_near = min(len(mine), len(theirs)) >= 4 and edit_distance(mine, theirs) <= 1
    if one.last_names & other.last_names or is_near:
        return "part"
    return _swapped(one, other) or ("alike" if _is_alike(mine, theirs) else "different")


def _swapped(one: Traced, other: Traced) -> str | None:
    pairs = ((one.first, other.last), (one.last, other.first))
    if any(None in pair for pair in pairs):
        return None
    if all(mine == theirs for mine, theirs in pairs):
        return "swapped"
    return "swapped_close" if all(_is_slip(*map(str, pair)) for pair in pairs) else None


def _address(one: Traced, other: Traced) -> str | None:
    if one.who.street is None or other.who.street is None:
        return None
    if one.who.street == other.who.street:
        return "same"
    same_house = one.house is not None and one.house == other.house
    same_street = one.street is not None and one.street == other.street
    if same_house and same_street:
        return "other_unit"
    if same_house and _is_slip(one.street or "", other.street or ""):
        return "close"
    if same_street and _is_slip(one.house or "", other.house or ""):
        return "close"
    same_zip = one.who.zip is not None and one.who.zip == other.who.zip
    return "same_street" if same_street and same_zip else "different"


def _zip(one: str | None, other: str | None) -> str | None:
    if one is None or other is None or one == other:
        return _equal(one, other)
    near = edit_distance(one, other) == 1 or _is_reordered(one, other)
    return "one_digit" if near else "different"


def _equal(one: str | None, other: str | None) -> str | None:
    if one is None or other is None:
        return None
    return "same" if one == other else "different"


def _phone(ones: tuple[str, ...], others: tuple[str, ...]) -> str | None:
    distances = [edit_distance(one, other) for one in ones for other in others]
    if not distances:
        return None
    return {0: "same", 1: "one_digit"}.get(min(distances), "different")


def _email(one: Traced, other: Traced) -> str | None:
    if one.email is not None and one.email in other.other_emails:
        return "same"
    if one.local and one.local == other.local and len(one.local) >= 6:
        return "same_local"
    if one.email and other.email and edit_distance(one.email, other.email) == 1:
        return "one_letter"
    if other.letters and other.letters not in {*_whole(other), *_short(other)}:
        if other.letters in _whole(one):
            return "name"
        if other.letters in _short(one):
            return "initial_and_last_name"
    return "different" if one.email and other.email and one.email != other.email else None


def _whole(one: Traced) -> set[str]:
    first, last = one.first, one.last
    return {first + last, last + first} if first and last else set()


def _short(one: Traced) -> set[str]:
    first, last = one.first, one.last
    return {first[0] + last, last + first[0]} if first and last else set()


# ---------------------------------------------------------------- two texts


def _is_slip(one: str, other: str) -> bool:
    if min(len(one), len(other)) < 3:
        return False
    near = edit_distance(one, other) <= max(1, 0.3 * max(len(one), len(other)))
    return near or _is_reordered(one, other)


def _is_reordered(one: str, other: str) -> bool:
    is_near = len(one) == len(other) and edit_distance(one, other) == 2
    return is_near and set(one) == set(other)


def _is_alike(one: str, other: str) -> bool:
    if edit_distance(one, other) <= 0.5 * max(len(one), len(other)):
        return True
    return _sound(one) is not None and _sound(one) == _sound(other)


def _sound(name: str | None) -> str | None:
    """American Soundex: h and w part no letters, vowels do."""
    letters = [letter for letter in (name or "").upper() if "A" <= letter <= "Z"]
    if not letters:
        return None
    code, before = letters[0], SOUNDS.get(letters[0])
    for letter in letters[1:]:
        digit = SOUNDS.get(letter)
        if digit is not None and digit != before:
            code += str(digit)
        if letter not in "HW":
            before = digit
    return f"{code}000"[:4]
