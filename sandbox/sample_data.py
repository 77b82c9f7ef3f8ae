"""A made-up clinic of any size: AdvancedMD's two tables, and the HubSpot that goes with them.

Everything follows from the seed. People are drawn one after the other by one generator, and
every table is a pass over the same people, so that a million of them never are in memory.
Nobody here exists; what is true to life is the dirt: families behind one email, nicknames,
placeholders, blanks, ids such as `123.0`, leads that were merged, deleted or belong to a parent.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain, islice
from random import Random
from typing import Any

from google.cloud.bigquery import Client

from sandbox.bigquery import PROJECT, load_rows, local_client
from sandbox.hubspot.client import SimulatorControl

# ---------------------------------------------------------------- schemas

PATIENT_SCHEMA = (
    ("ID", "NUMERIC"),
    ("Chart", "FLOAT64"),
    ("FirstName", "STRING"),
    ("LastName", "STRING"),
    ("DOB", "DATE"),
    ("Gender", "STRING"),
    ("Email", "STRING"),
    ("Address1", "STRING"),
    ("Address2", "STRING"),
    ("City", "STRING"),
    ("State", "STRING"),
    ("Zipcode", "STRING"),
    ("HomePhone", "STRING"),
    ("SpravatosToDate", "INT64"),
    ("KetaminesToDate", "INT64"),
    ("TreatmentsToDate", "FLOAT64"),
    ("FutureTreatmentCount", "INT64"),
    ("FutureFollowUpCount", "INT64"),
    ("PrimaryFacility", "STRING"),
    ("PrimaryFacilityCode", "STRING"),
    ("FirstInitialConsult", "DATETIME"),
    ("Started", "BOOL"),
    ("Active", "STRING"),
    ("PreferredFirstName", "STRING"),
    ("MiddleName", "STRING"),
    ("OtherPhone", "STRING"),
    ("NextTreatment", "DATETIME"),
    ("NextFollowUp", "DATE"),
    ("CareType", "STRING"),
    ("updated_at", "TIMESTAMP"),
)

ROI_SCHEMA = (
    ("roi_id", "NUMERIC"),
    ("TemplateID", "INT64"),
    ("TemplateName", "STRING"),
    ("PatientID", "NUMERIC"),
    ("PatientChart", "FLOAT64"),
    ("AcceptedDatetime", "DATETIME"),
    ("CompletedDate", "DATE"),
    ("Patient Name", "STRING"),
    ("DOB", "DATETIME"),
    ("ProviderName", "STRING"),
    ("Specialty", "STRING"),
    ("Email", "STRING"),
    ("Phone", "STRING"),
    ("Fax", "STRING"),
    ("updated_at", "TIMESTAMP"),
)

# The id map as an older implementation kept it: without an entity and without a payload hash.
OLD_ID_MAP_SCHEMA = (
    ("hubspot_object_type", "STRING"),
    ("natural_key", "STRING"),
    ("hubspot_id", "STRING"),
    ("updated_at", "TIMESTAMP"),
)

FLOAT_IDS = frozenset({"ID", "Chart", "roi_id", "PatientID", "PatientChart"})
US_DATES = frozenset({"DOB"})

# ---------------------------------------------------------------- what people are made of

FIRST_NAMES = (
    "James", "Robert", "William", "Michael", "Richard", "Joseph", "Thomas", "Christopher",
    "Daniel", "Matthew", "Anthony", "Edward", "Kenneth", "Steven", "Andrew", "Benjamin",
    "Samuel", "Gregory", "Alexander", "Patrick", "Jack", "Timothy", "Nathaniel", "Theodore",
    "Elizabeth", "Katherine", "Margaret", "Jennifer", "Patricia", "Susan", "Deborah", "Barbara",
    "Rebecca", "Victoria", "Samantha", "Christine", "Jessica", "Kimberly", "Cynthia", "Amanda",
    "Abigail", "Josephine", "Eleanor", "Dorothy", "Frances", "Teresa", "Pamela", "Judith",
    "José", "Zoë", "Renée", "André", "Chloë", "Noël", "Søren", "Łukasz", "Žofia", "Íñigo",
    "Anaïs", "Jürgen", "Mary Ann", "Jean-Luc", "D'Angelo", "Ольга", "Иван", "王", "محمد", "דוד",
    "さくら", "Đặng", "Aarav", "Priya", "Mei", "Fatima", "Kofi", "Ngozi", "Mateo", "Lucía",
)  # fmt: skip
NICKNAMES = {
    "James": "Jim", "Robert": "Bob", "William": "Bill", "Michael": "Mike", "Richard": "Rick",
    "Joseph": "Joe", "Thomas": "Tom", "Christopher": "Chris", "Daniel": "Dan", "Matthew": "Matt",
    "Anthony": "Tony", "Edward": "Ed", "Kenneth": "Ken", "Steven": "Steve", "Andrew": "Andy",
    "Benjamin": "Ben", "Samuel": "Sam", "Gregory": "Greg", "Alexander": "Alex", "Patrick": "Pat",
    "Timothy": "Tim", "Theodore": "Ted", "Elizabeth": "Liz", "Katherine": "Kate",
    "Margaret": "Peggy", "Jennifer": "Jen", "Patricia": "Patty", "Susan": "Sue",
    "Deborah": "Debbie", "Barbara": "Barb", "Rebecca": "Becky", "Victoria": "Vicky",
    "Samantha": "Sam", "Christine": "Chris", "Jessica": "Jess", "Kimberly": "Kim",
    "Cynthia": "Cindy", "Amanda": "Mandy", "Abigail": "Abby", "Josephine": "Jo",
    "Eleanor": "Ellie", "Dorothy": "Dot", "Frances": "Fran", "Teresa": "Terry", "Pamela": "Pam",
    "Judith": "Judy", "Mary Ann": "Mary",
}  # fmt: skip
LAST_NAMES = (
    "Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Rodriguez",
    "Martinez", "Hernandez", "Lopez", "Gonzalez", "Wilson", "Anderson", "Thomas", "Taylor",
    "Moore", "Jackson", "Martin", "Lee", "Perez", "Thompson", "White", "Harris", "Sanchez",
    "Clark", "Ramirez", "Lewis", "Robinson", "Walker", "Young", "Allen", "King", "Wright",
    "Scott", "Torres", "Nguyen", "Hill", "Flores", "Green", "Adams", "Nelson", "Baker", "Hall",
    "Rivera", "Campbell", "Mitchell", "Carter", "Roberts", "Gómez", "Phillips", "Evans",
    "Turner", "Díaz", "Parker", "Cruz", "Edwards", "Collins", "Reyes", "Stewart", "Morris",
    "Morales", "Murphy", "Cook", "Rogers", "Gutiérrez", "Ortiz", "Morgan", "Cooper", "Peterson",
    "Bailey", "Reed", "Kelly", "Howard", "Ramos", "Kim", "Cox", "Ward", "Richardson", "Watson",
    "Brooks", "Chavez", "Wood", "James", "Bennett", "Gray", "Mendoza", "Ruiz", "Hughes",
    "O'Neil", "O'Brien", "Smith-Jones", "de la Cruz", "van der Berg", "Müller", "Weiß", "Núñez",
    "Łuczak", "Đorđević", "Åkesson", "Иванова", "Петров", "李", "صالح", "כהן", "山田",
)  # fmt: skip
STREETS = (
    "Main", "Oak", "Maple", "Cedar", "Elm", "Washington", "Lake", "Hill", "Park", "Walnut",
    "Spring", "Church", "Highland", "Prospect", "River", "Sunset", "Franklin", "Jefferson",
    "Lincoln", "Madison", "Peachtree", "Magnolia", "Chestnut", "Willow", "Juniper",
)  # fmt: skip
# As a patient's row says it, and as a lead might have typed it.
SUFFIXES = (
    ("Street", "St"), ("St", "Street"), ("Avenue", "Ave."), ("Ave", "Avenue"), ("Road", "Rd"),
    ("Dr", "Drive"), ("Lane", "Ln"), ("Blvd", "Boulevard"), ("Court", "Ct"),
)  # fmt: skip
DIRECTIONS = (("", ""), ("", ""), ("", ""), ("N ", "North "), ("West ", "W. "))
UNITS = (
    ("Apt {}", "#{}"), ("Unit {}", "unit {}"), ("Suite {}", "Ste {}"), ("#{}", "Apt {}"),
)  # fmt: skip
PLACES = (
    ("New York", "NY", "New York", "100"), ("Brooklyn", "NY", "New York", "112"),
    ("Baltimore", "MD", "Maryland", "212"), ("Annapolis", "MD", "Maryland", "214"),
    ("Philadelphia", "PA", "Pennsylvania", "191"), ("Newark", "NJ", "New Jersey", "071"),
    ("Boston", "MA", "Massachusetts", "021"), ("Providence", "RI", "Rhode Island", "029"),
    ("Richmond", "VA", "Virginia", "232"), ("Charlotte", "NC", "North Carolina", "282"),
    ("Atlanta", "GA", "Georgia", "303"), ("Miami", "FL", "Florida", "331"),
    ("St. Louis", "MO", "Missouri", "631"), ("Chicago", "IL", "Illinois", "606"),
    ("Cañon City", "CO", "Colorado", "812"), ("Austin", "TX", "Texas", "787"),
    ("San José", "CA", "California", "951"), ("Portland", "OR", "Oregon", "972"),
    ("Seattle", "WA", "Washington", "981"), ("Washington", "DC", "District of Columbia", "200"),
)  # fmt: skip
MAIL_HOSTS = ("gmail.com", "yahoo.com", "outlook.com", "icloud.com", "aol.com", "example.org")
FACILITIES = (
    ("Downtown Clinic", "DT"), ("Northside Clinic", "NS"), ("Harbor Clinic 🌊", "HB"),
    ("Telehealth", "TH"),
)  # fmt: skip
CARE_TYPES = ("Spravato", "Ketamine", "Medication management", None)
TEMPLATES = (
    (31, "Release of Information"), (32, "ROI – Primary Care"), (33, "ROI – Therapist 📝"),
    (34, "Autorización de información"),
)  # fmt: skip
SPECIALTIES = ("Psychiatry", "Primary care", "Therapy", "Neurology", None)
PROVIDERS = (
    "Dr. Ana Núñez", "Lee & Partners", 'Dr. "Sandy" Hill', "Dr. O'Malley 🙂", "Клиника Север",
    "North Shore Therapy, LLC",
)  # fmt: skip
PLACEHOLDER_EMAIL = "none@none.com"
PLACEHOLDER_BIRTH = date(1900, 1, 1)
# More patients than one family: the front desk typed one address for everybody.
FRONT_DESK_EMAIL = "frontdesk@clinic.example.org"

FIRST_PATIENT_ID = 10_001
VANISHED_PATIENT_ID = 9_000_001
FIRST_ROI_ID = 500_001
FIRST_CONTACT = 700_000_001
FIRST_ROI_RECORD = 900_000_001
OLDEST_BIRTH = date(1935, 1, 1)
BIRTH_DAYS = (date(2012, 12, 31) - OLDEST_BIRTH).days
BIRTHS = tuple((OLDEST_BIRTH + timedelta(days=day)).isoformat() for day in range(BIRTH_DAYS))
LAST_DAY = date(2026, 10, 31)
DAYS_AGO = tuple((LAST_DAY - timedelta(days=day)).isoformat() for day in range(1_100))
ACCENTS = str.maketrans("áéíóúñüöëïßøåÉÍŁłŽžĐđćặ", "aeiounuoeisoaEILlZzDdca")


def _slug(name: str) -> str:
    text = name.translate(ACCENTS).lower()
    return "".join(letter for letter in text if "a" <= letter <= "z") or "patient"


FIRST_SLUGS = tuple(map(_slug, FIRST_NAMES))
LAST_SLUGS = tuple(map(_slug, LAST_NAMES))


@dataclass(slots=True)
class Person:
    """Who somebody is; what AdvancedMD and HubSpot know of them is another matter."""

    number: int
    first: str
    last: str
    birth: str
    email: str
    phone: str
    street: str
    street_as_typed: str
    unit: str
    unit_as_typed: str
    place: tuple[str, str, str, str]
    zip: str
    # The first of a family; a child may use that person's email.
    is_head: bool
    head_email: str

    @property
    def patient_id(self) -> int:
        return FIRST_PATIENT_ID + self.number

    @property
    def chart(self) -> int:
        return 90_000 + self.number * 3


def _people(seed: int, count: int) -> Iterator[Person]:
    """The same people in the same order, however often they are asked for."""
    chance = Random(seed).random
    firsts, lasts, streets, places = (
        len(FIRST_NAMES), len(LAST_NAMES), len(STREETS), len(PLACES),
    )  # fmt: skip
    head: Person | None = None
    for number in range(count):
        first = int(chance() * firsts)
        birth = BIRTHS[int(chance() * BIRTH_DAYS)]
        phone = f"({200 + int(chance() * 700)}) 555-{int(chance() * 10_000):04d}"
        if head is not None and chance() < 0.15:
            email = head.email if chance() < 0.4 else _email(first, head.last, number)
            yield Person(
                number, FIRST_NAMES[first], head.last, birth, email, phone, head.street,
                head.street_as_typed, head.unit, head.unit_as_typed, head.place, head.zip,
                False, head.email,
            )  # fmt: skip
            continue
        last = int(chance() * lasts)
        suffix = SUFFIXES[int(chance() * len(SUFFIXES))]
        direction = DIRECTIONS[int(chance() * len(DIRECTIONS))]
        name = STREETS[int(chance() * streets)]
        house = 1 + int(chance() * 9_999)
        unit, unit_as_typed = "", ""
        if chance() < 0.3:
            shape = UNITS[int(chance() * len(UNITS))]
            door = str(1 + int(chance() * 99))
            unit, unit_as_typed = shape[0].format(door), shape[1].format(door)
        place = PLACES[int(chance() * places)]
        host = MAIL_HOSTS[int(chance() * len(MAIL_HOSTS))]
        email = f"{FIRST_SLUGS[first]}.{LAST_SLUGS[last]}{number}@{host}"
        head = Person(
            number, FIRST_NAMES[first], LAST_NAMES[last], birth, email, phone,
            f"{house} {direction[0]}{name} {suffix[0]}",
            f"{house} {direction[1]}{name} {suffix[1]}",
            unit, unit_as_typed, place, f"{place[3]}{int(chance() * 100):02d}", True, email,
        )  # fmt: skip
        yield head


def _email(first: int, last: str, number: int) -> str:
    return f"{FIRST_SLUGS[first]}{number}.{_slug(last)}@{MAIL_HOSTS[number % len(MAIL_HOSTS)]}"


# ---------------------------------------------------------------- the clinic

Rows = Iterator[dict[str, Any]]


@dataclass(frozen=True)
class Clinic:
    """Row streams for both sides; sizes are exact."""

    patients: int = 2000
    rois: int = 1500
    contacts: int = 1200
    seed: int = 1

    # ---------- AdvancedMD

    @property
    def duplicate_rows(self) -> int:
        return self.patients // 250

    @property
    def keyless_rows(self) -> int:
        return self.patients // 500

    @property
    def people(self) -> int:
        """Distinct patients: some rows are a second row of somebody, or have no key."""
        return self.patients - self.duplicate_rows - self.keyless_rows

    def patient_rows(self) -> Rows:
        chance = Random(self.seed + 1).random
        duplicate = _spread(self.duplicate_rows, self.people)
        keyless = _spread(self.keyless_rows, self.people)
        for who in _people(self.seed, self.people):
            row = _patient_row(who, chance)
            yield row
            if duplicate(who.number):
                yield _second_row(row, chance)
            if keyless(who.number):
                yield row | {"ID": None}

    def roi_rows(self) -> Rows:
        chance = Random(self.seed + 2).random
        for number, who in enumerate(self._patient_of_each_roi()):
            yield _roi_row(number, who, chance)

    def _patient_of_each_roi(self) -> Iterator[Person]:
        """The patients in turn, as often as it takes."""
        left = self.rois
        while left > 0 and self.people > 0:
            every = _spread(min(left, self.people), self.people)
            for who in _people(self.seed, self.people):
                if every(who.number):
                    yield who
            left -= self.people

    # ---------- HubSpot

    def contact_records(self) -> Iterator[Lead]:
        """Exactly `contacts` records, deleted ones included: leads of patients, then strangers."""
        chance = Random(self.seed + 3).random
        has_lead = _spread(min(self.contacts * 4 // 5, self.people), self.people)
        known = (
            lead
            for who in _people(self.seed, self.people)
            if has_lead(who.number)
            for lead in _leads_of(who, chance)
        )
        strangers = (_stranger(who, chance) for who in _people(self.seed + 4, self.contacts))
        next_id = FIRST_CONTACT
        for lead in islice(chain(known, strangers), self.contacts):
            # A merge leaves a new record behind, which knows the ids of those it was made of.
            lead.merged_ids = [next_id + place for place in range(lead.merged_records)]
            lead.id = next_id + lead.merged_records
            next_id = lead.id + 1
            yield lead

    def roi_records(self) -> Iterator[Lead]:
        """A third of the ROIs is in HubSpot already; staff have worked on some of them."""
        chance = Random(self.seed + 5).random
        for number, who in enumerate(self._patient_of_each_roi()):
            if chance() < 0.3:
                yield _roi_record(number, who, chance)


def _spread(count: int, over: int) -> Callable[[int], bool]:
    """Exactly `count` of the numbers below `over`, evenly."""
    return lambda number: (number + 1) * count // over > number * count // over


# ---------------------------------------------------------------- AdvancedMD rows


def _patient_row(who: Person, chance: Callable[[], float]) -> dict[str, Any]:
    dirt = chance()
    facility = FACILITIES[int(chance() * len(FACILITIES))]
    treatments = int(chance() * 40)
    is_started = chance() < 0.7
    consult = _moment(int(chance() * 1_500_000))
    row: dict[str, Any] = {
        "ID": who.patient_id,
        "Chart": who.chart,
        "FirstName": who.first,
        "LastName": who.last,
        "DOB": who.birth,
        "Gender": ("Female", "Male", "Nonbinary", None)[int(chance() * 3.1)],
        "Email": who.email,
        "Address1": who.street,
        "Address2": who.unit or None,
        "City": who.place[0],
        "State": who.place[1],
        "Zipcode": who.zip,
        "HomePhone": who.phone,
        "SpravatosToDate": treatments // 2,
        "KetaminesToDate": treatments - treatments // 2,
        "TreatmentsToDate": float(treatments),
        "FutureTreatmentCount": int(chance() * 4) or None,
        "FutureFollowUpCount": int(chance() * 3),
        "PrimaryFacility": facility[0],
        "PrimaryFacilityCode": facility[1],
        "FirstInitialConsult": consult if is_started else None,
        "Started": is_started,
        "Active": "Y" if is_started and chance() < 0.8 else "N",
        "PreferredFirstName": NICKNAMES.get(who.first) if chance() < 0.1 else None,
        "MiddleName": "Lee" if chance() < 0.2 else None,
        "OtherPhone": None,
        "NextTreatment": "2026-12-04T09:30:00" if chance() < 0.3 else None,
        "NextFollowUp": "2026-12-11" if chance() < 0.2 else None,
        "CareType": CARE_TYPES[treatments % 4],
        "updated_at": _stamp(who.number),
    }
    if dirt < 0.30:
        _soil(row, who, int(dirt * 1000))
    return row


def _soil(row: dict[str, Any], who: Person, kind: int) -> None:
    """One kind of dirt a row; `kind` is 0 to 299, the width of a range its share in ‰."""
    if kind < 60:
        row["Email"] = None
    elif kind < 75:
        row["Email"] = PLACEHOLDER_EMAIL
    elif kind < 79:
        row["Email"] = FRONT_DESK_EMAIL
    elif kind < 80:
        # HubSpot refuses a top-level domain that does not exist.
        row["Email"] = f"{_slug(who.last)}{who.number}@gmail.con"
    elif kind < 90:
        row["Email"] = f"{who.email};second.{who.email}"
    elif kind < 120:
        row["Email"] = f" {who.email.upper()} "
    elif kind < 135:
        row["DOB"] = PLACEHOLDER_BIRTH.isoformat()
    elif kind < 150:
        row["DOB"] = None
    elif kind < 190:
        row["Address1"] = row["Address2"] = row["City"] = None
    elif kind < 220:
        row["FirstName"] = f" {who.first.upper()}"
    elif kind < 228:
        row["Email"], row["FirstName"] = None, None
    elif kind < 230:
        row["Email"] = row["FirstName"] = row["LastName"] = None
    elif kind < 245:
        row["LastName"] = f"{who.last}x"
    elif kind < 270:
        row["SpravatosToDate"] = row["PrimaryFacility"] = row["PrimaryFacilityCode"] = None
    else:
        row["HomePhone"] = row["Zipcode"] = None


def _second_row(row: dict[str, Any], chance: Callable[[], float]) -> dict[str, Any]:
    """The same again, a newer version, or a contradiction."""
    kind = chance()
    if kind < 0.4:
        return dict(row)
    if kind < 0.8:
        later = "2026-11-02T08:00:00Z"
        return row | {"TreatmentsToDate": 41.0, "updated_at": later}
    return row | {"HomePhone": "(202) 555-0100"}


def _roi_row(number: int, who: Person, chance: Callable[[], float]) -> dict[str, Any]:
    template_id, template = TEMPLATES[int(chance() * len(TEMPLATES))]
    accepted = _moment(int(chance() * 400_000))
    dirt = chance()
    return {
        "roi_id": FIRST_ROI_ID + number,
        "TemplateID": template_id,
        "TemplateName": template if dirt > 0.004 else " ",
        "PatientID": who.patient_id if dirt < 0.97 else None,
        "PatientChart": who.chart,
        "AcceptedDatetime": accepted,
        "CompletedDate": accepted[:10] if chance() < 0.8 else None,
        "Patient Name": f"{who.first} {who.last}",
        "DOB": f"{who.birth}T00:00:00",
        "ProviderName": PROVIDERS[int(chance() * len(PROVIDERS))],
        "Specialty": SPECIALTIES[int(chance() * len(SPECIALTIES))],
        "Email": f"office{number % 300}@provider.example.org" if chance() < 0.6 else None,
        "Phone": f"(410) 555-{number % 10_000:04d}",
        "Fax": f"(410) 556-{number % 10_000:04d}" if chance() < 0.5 else None,
        "updated_at": _stamp(number),
    }


def _moment(minutes: int) -> str:
    """So many minutes before the last midnight that anything happened at."""
    days, minute = divmod(minutes, 1440)
    return f"{DAYS_AGO[days]}T{23 - minute // 60:02d}:{59 - minute % 60:02d}:00"


def _stamp(number: int) -> str:
    """An updated-at within the last year or so, never the same minute for long."""
    return f"{_moment(number % 500_000)}Z"


def text_schema(schema: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, "STRING") for name, _ in schema]


def as_text(rows: Rows, schema: Iterable[tuple[str, str]]) -> Rows:
    """The same rows as an all-text replica has them: `123.0`, `Y`, `02/29/1980`."""
    spellings = [(name, _spelling(name, column_type)) for name, column_type in schema]
    changed = [(name, spelling) for name, spelling in spellings if spelling is not None]
    for row in rows:
        text = dict(row)
        for name, spelling in changed:
            value = row[name]
            if value is not None:
                text[name] = spelling(value)
        yield text


def _spelling(name: str, column_type: str) -> Callable[[Any], str] | None:
    if name in FLOAT_IDS:
        return "{}.0".format
    if column_type == "BOOL":
        return lambda value: "Y" if value else "N"
    if name in US_DATES:
        return lambda value: f"{value[5:7]}/{value[8:10]}/{value[:4]}"
    if column_type == "DATETIME":
        return lambda value: value.replace("T", " ")
    return None if column_type in ("STRING", "DATE", "TIMESTAMP") else str


# ---------------------------------------------------------------- HubSpot records


@dataclass(slots=True)
class Lead:
    """A HubSpot record, and what staff did with it afterwards."""

    properties: dict[str, str]
    id: int = 0
    additional_emails: list[str] = field(default_factory=list)
    # How many records it was merged from.
    merged_records: int = 0
    merged_ids: list[int] = field(default_factory=list)
    is_deleted: bool = False
    # The natural key that an older implementation's id map has for it.
    mapped_key: str | None = None

    def as_record(self) -> dict[str, Any]:
        properties: dict[str, Any] = dict(self.properties)
        if self.additional_emails:
            properties["hs_additional_emails"] = ";".join(self.additional_emails)
        return {
            "id": str(self.id),
            "properties": properties,
            "createdAt": _stamp(self.id),
            "mergedIds": self.merged_ids,
            "archived": self.is_deleted,
        }

    def as_map_row(self, object_type: str) -> dict[str, Any]:
        """The id map knows the record that was there before a merge."""
        return {
            "hubspot_object_type": object_type,
            "natural_key": self.mapped_key,
            "hubspot_id": str(self.merged_ids[0] if self.merged_ids else self.id),
            "updated_at": "2026-06-01T04:00:00Z",
        }


def _leads_of(who: Person, chance: Callable[[], float]) -> Iterator[Lead]:
    """What a patient left in HubSpot; `kind` is 0 to 99, a range's width its share in %."""
    kind = int(chance() * 100)
    own_email = {"email": who.email} if who.is_head or who.email != who.head_email else {}
    name = {"firstname": who.first, "lastname": who.last}
    birth = {"ncf_date_of_birth": who.birth}
    other_email = {"email": f"lead{who.number}@example.net"}
    if kind < 40:
        first = who.first
        if kind < 8:
            first = NICKNAMES.get(first, first)
        elif kind < 12:
            first = first[:4].lower()
        yield Lead({**own_email, "firstname": first, "lastname": who.last, "phone": who.phone})
    elif kind < 42:
        # No first name: whose of a family that shares the email?
        yield Lead({**own_email, "lastname": who.last})
    elif kind < 50:
        lead = Lead({**name, **other_email})
        lead.additional_emails = list(own_email.values())
        yield lead
    elif kind < 64:
        yield Lead({**name, **birth, **(other_email if kind < 58 else {})})
    elif kind < 73:
        yield Lead({**name, **other_email, **_address(who)})
    elif kind < 75:
        yield Lead({**name, **_address(who)})
        yield Lead({**name, **other_email, **_address(who)})
    elif kind < 79:
        yield Lead({**_address(who), **birth, "firstname": who.first, "lastname": "Married-Name"})
    elif kind < 87:
        yield Lead({**own_email, **name, "amd_patient_id": str(who.patient_id)})
    elif kind < 90:
        # A parent asked for the child, under the child's email.
        yield Lead({**own_email, "firstname": "Guardian", "lastname": who.last})
    elif kind < 92:
        yield Lead({**name, **birth})
        yield Lead({**name, **birth, **other_email})
    elif kind < 95:
        lead = Lead({**name, **own_email}, mapped_key=f"{who.patient_id}.0")
        lead.merged_records = 2 + kind % 2
        lead.additional_emails = [f"old.{who.number}@example.net"]
        yield lead
    elif kind < 97:
        yield Lead({**name, **own_email}, is_deleted=True, mapped_key=str(who.patient_id))
    elif kind < 98:
        # Of a patient whose chart has been merged away in AdvancedMD.
        yield Lead({**name, **own_email, "amd_patient_id": str(VANISHED_PATIENT_ID + who.number)})
    elif kind < 99:
        # The id map has it for somebody born on another day.
        yield Lead({**name, "ncf_date_of_birth": "1931-07-07"}, mapped_key=str(who.patient_id))
    else:
        yield Lead({**name, **own_email}, mapped_key=str(who.patient_id))


def _address(who: Person) -> dict[str, str]:
    address = {
        "address": who.street_as_typed,
        "city": who.place[0].upper(),
        "state": who.place[2],
        "zip": f"{who.zip}-0001",
    }
    return address | ({"street_address_line_2": who.unit_as_typed} if who.unit_as_typed else {})


def _stranger(who: Person, chance: Callable[[], float]) -> Lead:
    """A lead who is nobody's patient yet."""
    properties = {
        "email": f"visitor{who.number}@example.net",
        "firstname": who.first,
        "lastname": who.last,
        "phone": who.phone,
    }
    if chance() < 0.1:
        del properties["email"]
    if chance() < 0.3:
        properties |= _address(who)
    return Lead(properties)


def _roi_record(number: int, who: Person, chance: Callable[[], float]) -> Lead:
    properties = {
        "roi_id": str(FIRST_ROI_ID + number),
        "roi_type": TEMPLATES[0][1],
        "patient_id": str(who.patient_id),
    }
    kind = chance()
    if kind < 0.35:
        properties["processing_status"] = "Processed"
        properties["processing_datetime"] = "2026-10-20T15:00:00Z"
    elif kind < 0.45:
        properties["roi_manual_override"] = "true"
    elif kind < 0.5:
        properties["processing_status"] = "Processed"
    lead = Lead(properties, id=FIRST_ROI_RECORD + number)
    if 0.5 <= kind < 0.55:
        lead.is_deleted, lead.mapped_key = True, str(FIRST_ROI_ID + number)
    return lead


# ---------------------------------------------------------------- loading


@dataclass(frozen=True)
class Loaded:
    """How many rows and records there are now."""

    patients: int
    rois: int
    contacts: int
    roi_records: int
    mapped: int


def fill(
    bigquery: Client, hubspot: SimulatorControl, project: str, clinic: Clinic, *, text: bool = False
) -> Loaded:
    """Loads a clinic into both sides; its tables and its old id map are made anew."""
    tables = {}
    for table, schema, rows in (
        ("PatientsWithStatistics", PATIENT_SCHEMA, clinic.patient_rows()),
        ("ROIs", ROI_SCHEMA, clinic.roi_rows()),
    ):
        columns = text_schema(schema) if text else schema
        tables[table] = load_rows(
            bigquery,
            f"{project}.amd.{table}",
            columns,
            as_text(rows, schema) if text else rows,
        )
    id_map: list[dict[str, Any]] = []
    loaded: Counter[str] = Counter()

    def remembered(leads: Iterator[Lead], object_type: str) -> Rows:
        for lead in leads:
            loaded[object_type] += 1
            if lead.mapped_key is not None:
                id_map.append(lead.as_map_row(object_type))
            yield lead.as_record()

    for object_type, leads in (
        ("contacts", clinic.contact_records()),
        ("p_roi", clinic.roi_records()),
    ):
        hubspot.load(object_type, remembered(leads, object_type), ids=False)
    mapped = load_rows(bigquery, f"{project}.etl.hubspot_id_map", OLD_ID_MAP_SCHEMA, id_map)
    return Loaded(
        patients=tables["PatientsWithStatistics"],
        rois=tables["ROIs"],
        contacts=loaded["contacts"],
        roi_records=loaded["p_roi"],
        mapped=mapped,
    )


def add_size_arguments(parser: argparse.ArgumentParser) -> None:
    size = Clinic()
    parser.add_argument("--patients", type=int, default=size.patients)
    parser.add_argument("--rois", type=int, default=size.rois)
    parser.add_argument("--contacts", type=int, default=size.contacts)
    parser.add_argument("--seed", type=int, default=size.seed)
    parser.add_argument("--text", action="store_true", help="a source whose columns are all text")


def clinic_of(arguments: argparse.Namespace) -> Clinic:
    return Clinic(arguments.patients, arguments.rois, arguments.contacts, arguments.seed)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.sample_data",
        description="Fills a running local stack (python -m sandbox.stack) with a made-up clinic.",
    )
    add_size_arguments(parser)
    arguments = parser.parse_args()
    emulator, hubspot = os.environ.get("BIGQUERY_EMULATOR_HOST"), os.environ.get("HUBSPOT_BASE")
    if not emulator or not hubspot:
        print("Set BIGQUERY_EMULATOR_HOST and HUBSPOT_BASE as the stack prints them.")
        return 2
    project = os.environ.get("GCP_PROJECT_ID", PROJECT)
    client = local_client(emulator, project)
    for dataset in ("amd", "etl"):
        client.create_dataset(f"{project}.{dataset}", exists_ok=True)
    print(
        fill(client, SimulatorControl(hubspot), project, clinic_of(arguments), text=arguments.text)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
