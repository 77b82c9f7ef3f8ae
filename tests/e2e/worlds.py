"""Small worlds from a seed, made to collide: few people, whose traces are mixed up on purpose.

Real data makes each reason code rare. Here a few dozen personas leave several patients and
several leads each, with emails, names, births and addresses swapped between them, so that a few
hundred rows run into every rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

FIRST_NAMES = (
    ("Robert", "Bob", "Rob", "robert"),
    ("Elizabeth", "Liz", "Beth", "ELIZABETH"),
    ("Christopher", "Chris", "Christoph", "Chr"),
    # The second is spelt with a combining accent.
    ("José", "Jose\u0301", "JOSE", "Pepe"),
    ("Zoë", "Zoe", "zoë", "Z"),
    ("Mary Ann", "Maryann", "Mary", "mary-ann"),
    ("王小明", "王", "王小明", "Xiao"),
    ("Ольга", "ольга", "Оля", "Olga"),
    ("Ann", "Anne", "Anna", "An"),
    ("D'Angelo", "DAngelo", "Dan", "d’angelo"),
    # Two people's names, a slip of the pen, and letters that Unicode does not split.
    ("Daniel", "Danielle", "Dan", "Daneil"),
    ("Matilda", "Mathilde", "Mtailda", "Tilda"),
    ("Łukasz", "Lukasz", "Luka\u200bsz", "Lucas"),
)
LAST_NAMES = (
    ("Smith", "SMITH", "Smyth"),
    ("Weiß", "Weiss", "WEISS"),
    ("O'Neil", "ONeil", "O’Neil"),
    ("Müller", "Muller", "Mueller"),
    ("de la Cruz", "De La Cruz", "Cruz"),
    ("Иванова", "ИВАНОВА", "Ivanova"),
    ("Garcia-Lopez", "García", "Lopez"),
    ("Quill Jr.", "Quill, Sr", "Quill"),
    ("Bjørnstad", "Bjornstad", "Bjonstad"),
)
# As written, and as the same place may be written elsewhere.
ADDRESSES = (
    (("12 North Main Street", None), ("12 N. Main St", None), "Troy", "NY", "New York", "12180"),
    (("5 Elm Avenue", "Apt 4B"), ("5 Elm Ave. #4b", None), "St. Louis", "MO", "missouri", "63101"),
    (("77 Río Road", None), ("77 Rio Rd.", None), "San José", "CA", "California", "95112"),
    (("9 Lake Drive", "Suite 3"), ("9 lake dr", "Ste 3"), "Annapolis", "MD", "md", "21401"),
    (("400 West 7th Court", None), ("400 W 7th Ct", None), "Miami", "FL", "Florida", "33101"),
    (("1 Hill Lane", "Unit 2"), ("1 Hill Ln, Unit 2", None), "Boston", "MA", "ma", "02108"),
    (("3 N.W. Elm St", None), ("3 NW Elm Street", None), "Saint Paul", "MN", "Minnesota", "55101"),
)
PLACEHOLDER_EMAIL = "none@none.com"
FRONT_DESK = "frontdesk@clinic.example.org"
NOT_ADDRESSES = (
    "ask husband", "a@b", "two@x.org;three@x.org", "no@where@x.org", "declined@x.org", "N/A",
)  # fmt: skip
# What stands for none, where no cell is left empty.
NO_WORDS = ("null", "None", "N/A", "#N/A")
NO_PHONES = ("0000000000", "999-999-9999", "(   )   -", "555-01")
NO_BIRTHS = (date(1900, 1, 1), date(1899, 12, 30), date(1970, 1, 1), date(2032, 1, 1))
TEST_CHARTS = ("ZZTEST", "Do Not Use", "Quill - DO NOT USE")

# What a patient and the lead with that email say, one pair for each shade of each rule; both are
# Ada Byron, 1980, but for what stands here, and the lead has no date of birth unless it says one.
BIRTH, YOUNG, CHILD = date(1980, 2, 29), date(2004, 5, 6), date(2014, 5, 6)
PAIRS: tuple[tuple[dict[str, Any], dict[str, str]], ...] = (
    ({}, {}),
    ({"FirstName": "Robert"}, {"firstname": "Bob"}),
    ({"FirstName": "Daniel"}, {"firstname": "Danielle"}),
    ({"FirstName": "Paula"}, {"firstname": "Paul"}),
    ({"FirstName": "Mark"}, {"firstname": "Mary"}),
    ({"FirstName": "Christopher"}, {"firstname": "Chr"}),
    ({"FirstName": "Christopher"}, {"firstname": "Ch"}),
    ({"FirstName": "Gwendolyn"}, {"firstname": "Gwendlin"}),
    ({"FirstName": "Gwendolyn"}, {"firstname": "Wendolin"}),
    ({"FirstName": "Bertha"}, {"firstname": "Bretha"}),
    ({"FirstName": "Greta"}, {"firstname": "Grxta"}),
    ({"FirstName": "Una"}, {"firstname": "Uma"}),
    ({"FirstName": "Łukasz"}, {"firstname": "Lukasz"}),
    ({"FirstName": "Søren J."}, {"firstname": "Soren"}),
    ({"PreferredFirstName": "Sky"}, {"firstname": "Sky"}),
    (
        {"PreferredFirstName": "Sky", "DOB": YOUNG},
        {"firstname": "Sky", "ncf_date_of_birth": "2004-05-06"},
    ),
    ({"MiddleName": "Joy"}, {"firstname": "Joy"}),
    ({"MiddleName": "Joy"}, {"firstname": "Joy", "ncf_date_of_birth": "1980-02-29"}),
    ({"MiddleName": "Joy", "DOB": YOUNG}, {"firstname": "Joy", "ncf_date_of_birth": "2004-05-06"}),
    (
        {"FirstName": "Greta", "DOB": YOUNG},
        {"firstname": "Grxta", "ncf_date_of_birth": "2004-05-06"},
    ),
    ({"FirstName": "Nadia"}, {"firstname": "Tyrone", "ncf_date_of_birth": "1980-02-29"}),
    ({"DOB": CHILD}, {}),
    ({"DOB": CHILD}, {"ncf_date_of_birth": "2014-05-06"}),
    ({"DOB": None}, {}),
    ({"DOB": None}, {"firstname": "", "lastname": ""}),
    ({"DOB": CHILD}, {"firstname": "", "lastname": "", "phone": "+12025550101"}),
    ({}, {"firstname": "", "lastname": "", "phone": "+12025550101"}),
    ({"FirstName": None}, {"firstname": "", "lastname": ""}),
    ({}, {"firstname": ""}),
    ({}, {"firstname": "", "ncf_date_of_birth": "1980-02-29"}),
    ({"DOB": YOUNG}, {"firstname": "", "ncf_date_of_birth": "2004-05-06"}),
    ({"FirstName": None}, {}),
    ({"FirstName": None}, {"ncf_date_of_birth": "1980-02-29"}),
    ({}, {"lastname": "King"}),
    ({}, {"lastname": "King", "ncf_date_of_birth": "1980-02-29"}),
    ({}, {"lastname": ""}),
    ({"LastName": "Byron-King"}, {"lastname": "King"}),
    ({"LastName": "Byron King"}, {"lastname": "King-Tern"}),
    ({"LastName": "Li-Ng"}, {"lastname": "Ng"}),
    ({"LastName": "Nowak"}, {"lastname": "Novak"}),
    ({"LastName": "Lee"}, {"lastname": "Leo"}),
    ({"LastName": "Byron Jr."}, {"lastname": "Byron, Sr"}),
    ({"LastName": "Byron III"}, {"lastname": "Byron"}),
    ({"FirstName": "Ada II"}, {"lastname": "Byron iv"}),
    ({"LastName": "Byron Jr"}, {"firstname": "Ada", "lastname": "Byron JR."}),
    ({"DOB": date(1899, 12, 30)}, {"ncf_date_of_birth": "1899-12-30"}),
    ({"DOB": date(1905, 1, 1)}, {"ncf_date_of_birth": "1905-01-01"}),
)

# Two ways in which a replica may type the same columns; the third is all text.
PATIENT_TYPES: dict[str, tuple[str, str]] = {
    "ID": ("NUMERIC", "FLOAT64"),
    "Chart": ("FLOAT64", "INT64"),
    "FirstName": ("STRING", "STRING"),
    "LastName": ("STRING", "STRING"),
    "DOB": ("DATE", "DATETIME"),
    "Gender": ("STRING", "STRING"),
    "Email": ("STRING", "STRING"),
    "Address1": ("STRING", "STRING"),
    "Address2": ("STRING", "STRING"),
    "City": ("STRING", "STRING"),
    "State": ("STRING", "STRING"),
    "Zipcode": ("STRING", "INT64"),
    "HomePhone": ("STRING", "STRING"),
    "SpravatosToDate": ("INT64", "NUMERIC"),
    "KetaminesToDate": ("INT64", "FLOAT64"),
    "TreatmentsToDate": ("FLOAT64", "INT64"),
    "FutureTreatmentCount": ("NUMERIC", "INT64"),
    "FutureFollowUpCount": ("INT64", "INT64"),
    "PrimaryFacility": ("STRING", "STRING"),
    "PrimaryFacilityCode": ("STRING", "STRING"),
    "FirstInitialConsult": ("DATETIME", "TIMESTAMP"),
    "Started": ("BOOL", "INT64"),
    "Active": ("STRING", "BOOL"),
}
OPTIONAL_PATIENT_TYPES = {
    "PreferredFirstName": ("STRING", "STRING"),
    "MiddleName": ("STRING", "STRING"),
    "OtherPhone": ("STRING", "STRING"),
    "CareType": ("STRING", "STRING"),
    "NextTreatment": ("DATETIME", "TIMESTAMP"),
    "NextFollowUp": ("DATE", "DATE"),
    "_fivetran_deleted": ("BOOL", "BOOL"),
}
ROI_TYPES = {
    "roi_id": ("NUMERIC", "INT64"),
    "TemplateID": ("INT64", "FLOAT64"),
    "TemplateName": ("STRING", "STRING"),
    "PatientID": ("FLOAT64", "NUMERIC"),
    "PatientChart": ("FLOAT64", "INT64"),
    "AcceptedDatetime": ("DATETIME", "TIMESTAMP"),
    "CompletedDate": ("DATE", "DATETIME"),
    "Patient Name": ("STRING", "STRING"),
    "DOB": ("DATE", "TIMESTAMP"),
    "ProviderName": ("STRING", "STRING"),
    "Specialty": ("STRING", "STRING"),
    "Email": ("STRING", "STRING"),
    "Phone": ("STRING", "STRING"),
    "Fax": ("STRING", "STRING"),
}
OPTIONAL_ROI_TYPES = {
    "ProcessingStatus": ("STRING", "STRING"),
    "ProcessingDatetime": ("DATETIME", "TIMESTAMP"),
    "_ab_cdc_deleted_at": ("TIMESTAMP", "TIMESTAMP"),
}


@dataclass(frozen=True)
class Shape:
    """How the replica looks: column types, and which columns there are."""

    name: str
    seed: int
    variant: int = 0
    is_text: bool = False
    has_updated_at: bool = True
    has_optional: bool = False
    size: int = 1

    def schema(
        self, types: dict[str, tuple[str, str]], optional: dict[str, tuple[str, str]]
    ) -> list[tuple[str, str]]:
        columns = types | (optional if self.has_optional else {})
        schema = [(name, pair[self.variant]) for name, pair in columns.items()]
        if self.has_updated_at:
            schema.append(("updated_at", "TIMESTAMP"))
        return [(name, "STRING") for name, _ in schema] if self.is_text else schema


@dataclass
class HubSpotRecord:
    id: str
    properties: dict[str, str]
    is_archived: bool = False
    merged_into: str | None = None


@dataclass
class SmallWorld:
    """Rows as the replica has them, and what to put into HubSpot and the old id map."""

    patient_schema: list[tuple[str, str]]
    roi_schema: list[tuple[str, str]]
    patients: list[dict[str, Any]]
    rois: list[dict[str, Any]]
    contacts: list[HubSpotRecord]
    roi_records: list[HubSpotRecord]
    # object type, natural key, HubSpot id: the older schema has no more.
    id_map: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass
class NextDay:
    """What happens after a run: new tables in AdvancedMD, and what staff do in HubSpot."""

    patients: list[dict[str, Any]]
    rois: list[dict[str, Any]]
    # object type, HubSpot id, properties
    edits: list[tuple[str, str, dict[str, str]]]
    leads: list[dict[str, str]]
    # survivor's, other's
    merges: list[tuple[str, str]]
    deleted: list[str]


@dataclass(frozen=True)
class _Persona:
    first: tuple[str, ...]
    last: tuple[str, ...]
    birth: date
    email: str
    address: tuple[Any, ...]


def make_world(shape: Shape) -> SmallWorld:
    return WorldMaker(shape).make()


class WorldMaker:
    """One stream of chance: `make` first, then `next_day` as often as there are days."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.random = Random(shape.seed)
        # patients, contacts, ROIs
        self.sizes = (320 * shape.size, 220 * shape.size, 130 * shape.size)
        self.births = [
            date(1980, 2, 29),
            *(date(1950, 1, 1) + timedelta(days=911 * step) for step in range(12)),
            # Under 25, and under age.
            *(date(2004, 1, 1) + timedelta(days=911 * step) for step in range(5)),
        ]
        self.personas = [self._persona(number) for number in range(160 * shape.size)]

    def make(self) -> SmallWorld:
        patient_count, contact_count, roi_count = self.sizes
        patient_schema = self.shape.schema(PATIENT_TYPES, OPTIONAL_PATIENT_TYPES)
        roi_schema = self.shape.schema(ROI_TYPES, OPTIONAL_ROI_TYPES)
        persona_of = {
            number: self.random.choice(self.personas) for number in range(1, patient_count + 1)
        }
        patients = self._repeat(
            [self._patient(number, persona) for number, persona in persona_of.items()], "ID"
        )
        pairs = self._pairs(patient_count + 1)
        patients += [row for row, _ in pairs]
        rois = self._repeat([self._roi(number) for number in range(1, roi_count + 1)], "roi_id")
        contacts = self._contacts(contact_count, persona_of)
        roi_records = self._roi_records(roi_count)
        return SmallWorld(
            patient_schema,
            roi_schema,
            self._spelt_twice(self._typed(patients, patient_schema), "ID"),
            self._spelt_twice(self._typed(rois, roi_schema), "roi_id"),
            contacts + [record for _, record in pairs],
            roi_records,
            self._id_map(persona_of, contacts, roi_records, roi_count),
        )

    def _pairs(self, first: int) -> list[tuple[dict[str, Any], HubSpotRecord]]:
        """One patient and one lead for each of PAIRS, each pair with an email of its own."""
        ada = _Persona(("Ada", "Ada"), ("Byron",), BIRTH, "", ADDRESSES[0])
        made = []
        for number, (chart, lead) in enumerate(PAIRS, first):
            # Their days of birth apart, no pair is another pair's.
            days = timedelta(days=number - first)
            email = {"Email": f"pair{number}@home.org"}
            blank = {"Address1": None, "PreferredFirstName": None, "MiddleName": None}
            blank["_fivetran_deleted"] = False
            row = self._undisturbed(number, ada) | blank | email | chart
            if row["DOB"] is not None and row["DOB"] not in NO_BIRTHS:
                row["DOB"] += days
            properties = {"firstname": "Ada", "lastname": "Byron", "email": email["Email"]} | lead
            born = properties.get("ncf_date_of_birth")
            if born is not None and date.fromisoformat(born) not in NO_BIRTHS:
                properties["ncf_date_of_birth"] = (date.fromisoformat(born) + days).isoformat()
            properties = {name: value for name, value in properties.items() if value}
            made.append((row, HubSpotRecord(str(700_000 + number), properties)))
        return made

    def _spelt_twice(self, rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
        """In text, some rows once more, with `7` as `7.0` or the other way round."""
        if not self.shape.is_text:
            return rows
        keyed = [row for row in rows if str(row[key] or "").strip()]
        spellings = [(row, row[key].strip()) for row in keyed[:5]]
        return rows + [
            {**row, key: text.removesuffix(".0") if text.endswith(".0") else f"{text}.0"}
            for row, text in spellings
        ]

    def next_day(
        self,
        small: SmallWorld,
        contacts: dict[str, dict[str, Any]],
        roi_records: dict[str, dict[str, Any]],
    ) -> NextDay:
        """`contacts` and `roi_records` are the properties of the live records by id."""
        ids, roi_ids = sorted(contacts), sorted(roi_records)
        self.random.shuffle(ids)
        self.random.shuffle(roi_ids)
        edits = [
            ("contacts", ids.pop(), self._staff_edit(number))
            for number in range(len(contacts) // 12)
        ]
        # A key that is lost comes back.
        edits += [
            ("contacts", hubspot_id, {"amd_patient_id": ""})
            for hubspot_id in ids[-40:]
            if contacts[hubspot_id].get("amd_patient_id")
        ][:3]
        ids = ids[:-40]
        for number, hubspot_id in enumerate(roi_ids[: len(roi_ids) // 8]):
            flags = (
                {"processing_status": "Processed", "processing_datetime": "2026-11-20T10:00:00Z"},
                {"processing_status": "Reopened"},
                {"roi_manual_override": "true"},
                {"raw_provider_name": "As staff wrote it"},
            )[number % 4]
            edits.append(("p_roi", hubspot_id, flags))
        taken = {
            email
            for properties in contacts.values()
            for name in ("email", "hs_additional_emails")
            for email in (properties.get(name) or "").split(";")
        }
        return NextDay(
            self._changed(small.patients, small.patient_schema, "ID", self._patient_of_next_day),
            self._changed(small.rois, small.roi_schema, "roi_id", self._roi),
            edits,
            [
                self._lead(self.random.choice(self.personas), number, taken)
                for number in range(50_000, 50_000 + len(contacts) // 20)
            ],
            [(ids.pop(), ids.pop()) for _ in range(6)],
            [ids.pop() for _ in range(5)],
        )

    def _staff_edit(self, number: int) -> dict[str, str]:
        persona = self.random.choice(self.personas)
        return self.random.choice(
            (
                {"email": f"moved{number}@x.org"},
                {"email": "", "firstname": "Formerly", "lastname": "Mailed"},
                {"ncf_date_of_birth": persona.birth.isoformat()},
                {"firstname": persona.first[1], "lastname": persona.last[0]},
                {"address": persona.address[1][0], "zip": persona.address[5], "phone": "111"},
            )
        )

    def _patient_of_next_day(self, number: int) -> dict[str, Any]:
        return self._patient(number, self.random.choice(self.personas))

    def _changed(
        self,
        rows: list[dict[str, Any]],
        schema: list[tuple[str, str]],
        key: str,
        make: Callable[[int], dict[str, Any]],
    ) -> list[dict[str, Any]]:
        """Some rows made anew (newer than all others), some gone, some added."""
        keys = [int(float(row[key])) for row in rows if str(row[key] or "").strip()]
        highest = max(keys)
        first = 1 if key == "ID" else 7001
        made: list[dict[str, Any]] = []
        kept = []
        for row in rows:
            chance = self.random.random() * 100
            if chance < 3:
                continue
            if chance < 10 and str(row[key] or "").strip():
                made.append(make(int(float(row[key])) - first + 1))
            else:
                kept.append(row)
        made += [make(highest - first + 2 + number) for number in range(len(rows) // 30)]
        for row in made:
            row["updated_at"] = datetime(2026, 11, 1, tzinfo=UTC)
        return [*kept, *self._typed(made, schema)]

    # ---------- chance

    def _hit(self, percent: float) -> bool:
        return self.random.random() * 100 < percent

    def _persona(self, number: int) -> _Persona:
        # Neighbours share an address, some of them an email: families.
        family = number - number % 3
        own = f"person{number}@home.org"
        return _Persona(
            self.random.choice(FIRST_NAMES),
            LAST_NAMES[family // 3 % len(LAST_NAMES)],
            self.random.choice(self.births),
            f"person{family}@home.org" if self._hit(20) else own,
            ADDRESSES[family // 3 % len(ADDRESSES)],
        )

    # ---------- AdvancedMD

    def _patient(self, number: int, persona: _Persona) -> dict[str, Any]:
        row = self._undisturbed(number, persona)
        self._disturb(row)
        return row

    def _undisturbed(self, number: int, persona: _Persona) -> dict[str, Any]:
        address = persona.address
        row: dict[str, Any] = {
            "ID": number,
            "Chart": 5000 + number,
            "FirstName": self.random.choice(persona.first) if self._hit(15) else persona.first[0],
            "LastName": self.random.choice(persona.last) if self._hit(15) else persona.last[0],
            "DOB": persona.birth,
            "Gender": self.random.choice(("Female", "Male", None)),
            "Email": persona.email,
            "Address1": address[0][0],
            "Address2": address[0][1],
            "City": address[2],
            "State": address[3],
            "Zipcode": address[5],
            "HomePhone": self.random.choice(("(202) 555-0101", "202 555 0102", None, *NO_PHONES)),
            "SpravatosToDate": self.random.choice((0, 3, 12, None)),
            "KetaminesToDate": self.random.choice((1, 2, None)),
            "TreatmentsToDate": self.random.choice((4, 14, 2.5, None)),
            "FutureTreatmentCount": self.random.choice((0, 1, None)),
            "FutureFollowUpCount": self.random.choice((2, None)),
            "PrimaryFacility": self.random.choice(
                ("Downtown 🌿", 'The "Annex"', "Two\nlines,\ta \\ and <b>&amp;", None)
            ),
            "PrimaryFacilityCode": self.random.choice(("DT", None)),
            "FirstInitialConsult": self.random.choice(WALL_TIMES),
            "Started": self.random.choice((True, False, None)),
            "Active": self.random.choice((True, False, None)),
            "PreferredFirstName": self.random.choice((persona.first[1], None)),
            "MiddleName": self.random.choice(("Lee", None)),
            "OtherPhone": self.random.choice(("(202) 555-0199", None)),
            "CareType": self.random.choice(("Spravato", None)),
            "NextTreatment": self.random.choice(WALL_TIMES),
            "NextFollowUp": self.random.choice((date(2026, 12, 1), date(1899, 12, 30), None)),
            "_fivetran_deleted": self._hit(4),
            "updated_at": self._updated_at(),
        }
        return row

    def _disturb(self, row: dict[str, Any]) -> None:
        other = self.random.choice(self.personas)
        chance = self.random.random() * 100
        if chance < 20:
            row["Email"] = None
        elif chance < 24:
            row["Email"] = PLACEHOLDER_EMAIL
        elif chance < 27:
            row["Email"] = self.random.choice(NOT_ADDRESSES)
        elif chance < 30:
            row["Email"] = FRONT_DESK
        elif chance < 42:
            row["Email"] = other.email
        elif chance < 50:
            row["Email"] = f"new{row['ID']}@home.org"
        elif chance < 55:
            row["Email"] = f"  {row['Email'].upper()} "
        if self._hit(5):
            row["FirstName"] = None
        elif self._hit(5):
            row["FirstName"] = other.first[0]
        if self._hit(5):
            row["LastName"] = self.random.choice((None, " ", other.last[0]))
        if self._hit(12):
            row["DOB"] = self.random.choice((None, *NO_BIRTHS, other.birth, other.birth))
        if self._hit(3):
            row[self.random.choice(("FirstName", "LastName"))] = self.random.choice(TEST_CHARTS)
        if self._hit(4):
            row[self.random.choice(("FirstName", "City", "Email"))] = self.random.choice(NO_WORDS)
        if self._hit(15):
            row[self.random.choice(("Address1", "City", "State", "Zipcode"))] = None
        elif self._hit(10):
            address = other.address
            row |= {
                "Address1": address[1][0], "Address2": address[1][1], "City": address[2],
                "State": address[4], "Zipcode": f"{address[5]}-1234",
            }  # fmt: skip
        if self._hit(4):
            row["Email"] = row["FirstName"] = row["LastName"] = None

    def _roi(self, number: int) -> dict[str, Any]:
        is_processed = self._hit(10)
        return {
            "roi_id": 7000 + number,
            "TemplateID": 30 + number % 4,
            "TemplateName": "Release – therapist 📝" if self._hit(94) else None,
            "PatientID": self.random.choice((number, None)),
            "PatientChart": 5000 + number,
            "AcceptedDatetime": self.random.choice(WALL_TIMES),
            "CompletedDate": self.random.choice((date(2026, 3, 8), date(2026, 11, 1), None)),
            "Patient Name": self.random.choice(("Ann Smith", "Zoë Müller", None)),
            "DOB": self.random.choice((date(1980, 2, 29), date(1950, 12, 31), None)),
            "ProviderName": self.random.choice(("Dr. Ana Núñez", None)),
            "Specialty": self.random.choice(("Psychiatry", None)),
            "Email": self.random.choice(("office@provider.org", None)),
            "Phone": self.random.choice(("(410) 555-0100", "000-000-0000", None)),
            "Fax": None,
            "ProcessingStatus": "Processed" if is_processed else None,
            "ProcessingDatetime": datetime(2026, 9, 9, 9) if is_processed else None,
            "_ab_cdc_deleted_at": datetime(2026, 9, 9, tzinfo=UTC) if self._hit(5) else None,
            "updated_at": self._updated_at(),
        }

    def _updated_at(self) -> datetime:
        return datetime(2026, 10, 1, tzinfo=UTC) + timedelta(hours=self.random.randrange(500))

    def _repeat(self, rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
        """Rows that come twice, in every manner, and rows without a key."""
        extra: list[dict[str, Any]] = []
        changed = "HomePhone" if key == "ID" else "Phone"
        manners: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = (
            lambda row: dict(row),
            lambda row: row | {changed: f" {row[changed]} " if row[changed] else "  "},
            lambda row: row | {"updated_at": row["updated_at"] + timedelta(hours=1)},
            lambda row: (
                row | {changed: "4105550199", "updated_at": row["updated_at"] + timedelta(hours=1)}
            ),
            lambda row: (
                row | {changed: "4105550199", "updated_at": row["updated_at"] - timedelta(hours=1)}
            ),
            lambda row: row | {changed: "4105550199"},
            lambda row: row | {key: None},
        )
        for step, manner in enumerate(manners * 3):
            extra.append(manner(rows[(step * 7 + 3) % len(rows)]))
        extra += [extra[6], extra[6]]
        mixed = [*rows, *extra]
        self.random.shuffle(mixed)
        return mixed

    # ---------- types

    def _typed(
        self, rows: Sequence[dict[str, Any]], schema: list[tuple[str, str]]
    ) -> list[dict[str, Any]]:
        if self.shape.is_text:
            return [{name: self._text(name, row[name]) for name, _ in schema} for row in rows]
        return [
            {name: _typed(row[name], column_type) for name, column_type in schema} for row in rows
        ]

    def _text(self, name: str, value: Any) -> str | None:
        if value is None:
            return self.random.choice((None, "", "  "))
        if not isinstance(value, str) and name not in ("ID", "roi_id") and self._hit(3):
            return self.random.choice(UNREADABLE)
        if isinstance(value, bool):
            return self.random.choice(("Y", "1", "true")) if value else "N"
        if isinstance(value, float):
            return self.random.choice((str(value), f"{value:.2f}"))
        if isinstance(value, int):
            return f"{value}.0" if self._hit(50) else str(value)
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%d %H:%M:%S" + ("Z" if value.tzinfo else ""))
        if isinstance(value, date):
            if self._hit(50):
                return f"{value.month}/{value.day}/{value.year}"
            return value.isoformat() + self.random.choice(("", " 00:00:00", "T00:00:00"))
        return str(value)

    # ---------- HubSpot

    def _contacts(self, size: int, persona_of: dict[int, _Persona]) -> list[HubSpotRecord]:
        taken_emails: set[str] = set()
        free_keys = list(persona_of)
        self.random.shuffle(free_keys)
        vanished = count(90_001)
        records = []
        for number in range(size):
            key = free_keys.pop() if self._hit(12) else None
            persona = (
                persona_of[key] if key and self._hit(90) else self.random.choice(self.personas)
            )
            properties = self._lead(persona, number, taken_emails)
            if key is not None:
                properties["amd_patient_id"] = f"{key}.0" if self._hit(10) else str(key)
            elif self._hit(5):
                properties["amd_patient_id"] = str(next(vanished))
            records.append(HubSpotRecord(str(800_001 + number), properties))
        # One key on two live records: HubSpot tells `7` from `7.0`, the key rule does not.
        twice = free_keys.pop()
        for number, key_text in enumerate((f"{twice}", f"{twice}.0")):
            properties = self._lead(self.random.choice(self.personas), size + number, taken_emails)
            properties["amd_patient_id"] = key_text
            records.append(HubSpotRecord(str(800_001 + size + number), properties))
        self._retire(records, merges=8, archived=8)
        return records

    def _lead(self, persona: _Persona, number: int, taken: set[str]) -> dict[str, str]:
        other = self.random.choice(self.personas)
        address = self.random.choice((persona.address, persona.address, other.address))
        email = self.random.choice(
            (persona.email, persona.email, persona.email, other.email, f"lead{number}@x.org", None)
        )
        if number == 0:
            email = PLACEHOLDER_EMAIL
        elif number == 1:
            email = FRONT_DESK
        properties: dict[str, str | None] = {
            "firstname": self.random.choice((*persona.first, "Lee")) if self._hit(85) else None,
            "lastname": self.random.choice((*persona.last, persona.last[0], None)),
            "ncf_date_of_birth": persona.birth.isoformat() if self._hit(60) else None,
            "phone": "000",
        }
        if self._hit(4):
            properties["ncf_date_of_birth"] = self.random.choice(NO_BIRTHS).isoformat()
        if self._hit(5) and email is not None and email not in taken:
            # A form that asked for no more.
            properties = {"phone": "+12025550101"}
        if self._hit(12):
            # Known to the household, not to the mail: an earlier name, and no address of one's own.
            address, email = persona.address, None
            properties["firstname"] = self.random.choice(persona.first)
            properties["lastname"] = other.last[0]
            properties["ncf_date_of_birth"] = persona.birth.isoformat()
        elif self._hit(8):
            properties["firstname"] = other.first[0]
        if self._hit(60) and "lastname" in properties:
            properties |= {
                "address": address[1][0], "street_address_line_2": address[1][1],
                "city": address[2].upper(), "state": address[4], "zip": address[5],
            }  # fmt: skip
        if email is not None and email not in taken:
            properties["email"] = email
            taken.add(email)
        if self._hit(15) and "email" in properties:
            # HubSpot would not let two records hold one email, but a mirror read while staff
            # move an email from one to the other may say so.
            additional = [
                wanted
                for wanted in (self.random.choice(self.personas).email, persona.email)
                if wanted not in taken or (wanted != properties["email"] and self._hit(25))
            ]
            taken.update(additional)
            properties["hs_additional_emails"] = ";".join(dict.fromkeys(additional))
        if not any(properties.get(name) for name in ("email", "firstname", "lastname")):
            properties["firstname"] = persona.first[0]
        return {name: value for name, value in properties.items() if value}

    def _retire(self, records: list[HubSpotRecord], *, merges: int, archived: int) -> None:
        """Merges some records into others, chains included, and deletes some."""
        without_key = [
            record
            for record in records
            if not {"amd_patient_id", "roi_id"} & set(record.properties)
        ]
        lost = self.random.sample(without_key, k=min(len(without_key), merges + archived))
        lost_ids = {record.id for record in lost}
        survivors = [record for record in records if record.id not in lost_ids]
        into: HubSpotRecord | None = None
        for number, record in enumerate(lost):
            if number >= merges:
                record.is_archived = True
                continue
            if number % 3 != 1 or into is None:
                into = self.random.choice(survivors)
            record.merged_into = into.id

    def _roi_records(self, rois: int) -> list[HubSpotRecord]:
        records = []
        for number in range(1, rois // 2):
            properties = {"roi_type": "Older"}
            if self._hit(75):
                properties["roi_id"] = str(7000 + number)
            if self._hit(25):
                properties |= {
                    "processing_status": "Processed",
                    "processing_datetime": "2026-10-01T10:00:00Z",
                }
            elif self._hit(10):
                properties["processing_status"] = "Processed"
            elif self._hit(10):
                properties["roi_manual_override"] = "true"
            records.append(HubSpotRecord(str(950_000 + number), properties))
        # One key on two live records: HubSpot tells `7003` from `7003.0`, the key rule does not.
        records.append(HubSpotRecord("959001", {"roi_type": "Twin", "roi_id": "7003"}))
        records.append(HubSpotRecord("959002", {"roi_type": "Twin", "roi_id": "7003.0"}))
        records = [
            record
            for record in records
            if record.properties.get("roi_id") != "7003" or record.id == "959001"
        ]
        self._retire(records, merges=3, archived=4)
        return records

    def _id_map(
        self,
        persona_of: dict[int, _Persona],
        contacts: list[HubSpotRecord],
        roi_records: list[HubSpotRecord],
        rois: int,
    ) -> list[tuple[str, str, str]]:
        """Rows of an older implementation, right and wrong ones."""
        rows = []
        retired = [record.id for record in contacts if record.is_archived or record.merged_into]
        keys = self.random.sample(sorted(persona_of), k=len(persona_of) // 6)
        for key in keys:
            hubspot_id = self.random.choice(contacts).id
            if self._hit(40):
                hubspot_id = self.random.choice(retired)
            elif self._hit(50):
                births = persona_of[key].birth.isoformat()
                alike = [
                    record.id
                    for record in contacts
                    if record.properties.get("ncf_date_of_birth") == births
                ]
                hubspot_id = self.random.choice(alike or [hubspot_id])
            object_type = self.random.choice(("contacts", "0-1"))
            rows.append((object_type, f"{key}.0" if self._hit(30) else str(key), hubspot_id))
        rows.append(("contacts", "91001", contacts[-1].id))
        rows.append(("contacts", "91002", "123456"))
        # Two patients that the map leads to one record.
        pair = self.random.sample(sorted(set(persona_of) - set(keys)), k=2)
        rows += [("contacts", str(key), contacts[-2].id) for key in pair]

        in_map = self.random.sample(range(1, rois + 1), k=rois // 4)
        for number in in_map:
            record = self.random.choice(roi_records)
            own = [
                record.id
                for record in roi_records
                if record.id == str(950_000 + number) and "roi_id" not in record.properties
            ]
            hubspot_id = own[0] if own else record.id
            rows.append(
                (self.random.choice(("p_roi", "2-51944773")), str(7000 + number), hubspot_id)
            )
        return rows


# What a count, a flag or a date of a text column may say instead.
UNREADABLE = ("n/a", "unknown", "see chart", "2/30/2020")

# Ordinary days, both daylight-saving edges, midnight, and before 1970.
WALL_TIMES = (
    None,
    datetime(2026, 7, 1, 9, 30),
    datetime(2024, 3, 10, 2, 30),
    datetime(2024, 11, 3, 1, 30),
    datetime(2025, 1, 1),
    datetime(1968, 5, 5, 23, 59, 59),
)


def _typed(value: Any, column_type: str) -> Any:
    """The value as the client would hand it out for a column of this type."""
    if value is None:
        return None
    if isinstance(value, bool):
        if column_type == "STRING":
            return "Y" if value else "N"
        return int(value) if column_type == "INT64" else value
    if isinstance(value, float):
        whole = int(value)
        return {"NUMERIC": Decimal(str(value)), "FLOAT64": value, "INT64": whole}[column_type]
    if isinstance(value, str) and column_type == "INT64":
        return int("".join(filter(str.isdigit, value)))
    if isinstance(value, int):
        return {"NUMERIC": Decimal, "FLOAT64": float, "INT64": int}[column_type](value)
    if isinstance(value, datetime):
        if column_type == "TIMESTAMP":
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        return value
    if isinstance(value, date):
        if column_type == "DATETIME":
            return datetime(value.year, value.month, value.day)
        if column_type == "TIMESTAMP":
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value
