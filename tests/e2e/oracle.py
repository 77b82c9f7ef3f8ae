"""The matching and payload rules a second time, in plain Python, as a check on the SQL.

Written from the design's text and not from the models: where this and `sync_status` differ,
one of them has misread the rules. It thinks in records, one at a time, with no regard for
speed. `decide(world)` says what becomes of every source row, `apply(world, decisions)` what
HubSpot and the id map then hold.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")

PATIENTS = "patients"
ROIS = "rois"

SourceRow = Mapping[str, Any]


# ---------------------------------------------------------------- what goes in and comes out


@dataclass(frozen=True)
class Record:
    """A HubSpot record. Merged-away and archived ones are dead."""

    id: str
    properties: Mapping[str, str | None]
    is_live: bool = True

    def value(self, name: str) -> str | None:
        return clean(self.properties.get(name))

    @property
    def merged_ids(self) -> list[str]:
        return _split_list(self.properties.get("hs_merged_object_ids"))


@dataclass(frozen=True)
class MapRow:
    """One row of the id map; rows of the older schema have no payload hash."""

    natural_key: str
    hubspot_id: str
    payload_hash: str | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True)
class Lists:
    """The seeds: what an analyst may change without touching a rule."""

    address_words: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    nicknames: frozenset[tuple[str, str]] = frozenset()
    placeholder_emails: frozenset[str] = frozenset()
    placeholder_births: frozenset[date] = frozenset()
    placeholder_streets: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Options:
    """The settings that change a decision."""

    shared_email_limit: int = 5
    recreate_deleted: bool = False
    create_without_email: bool = False
    protected_properties: frozenset[str] = frozenset()
    updated_at: str = "updated_at"


@dataclass(frozen=True)
class World:
    """Both sides before a run. The column lists matter: an absent column is not a blank one."""

    patients: Sequence[SourceRow] = ()
    rois: Sequence[SourceRow] = ()
    patient_columns: Sequence[str] = ()
    roi_columns: Sequence[str] = ()
    contacts: Sequence[Record] = ()
    roi_records: Sequence[Record] = ()
    patient_map: Sequence[MapRow] = ()
    roi_map: Sequence[MapRow] = ()
    lists: Lists = field(default_factory=Lists)
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class Decision:
    """What becomes of one natural key (or of one distinct row without a key)."""

    natural_key: str | None
    state: str
    reason: str | None = None
    tier: int | None = None
    hubspot_id: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    payload_hash: str | None = None
    source_rows: int = 1
    email_withheld: bool = False


@dataclass(frozen=True)
class Decisions:
    patients: Mapping[str, Decision]
    rois: Mapping[str, Decision]
    patients_without_key: Sequence[Decision]
    rois_without_key: Sequence[Decision]

    def all(self, entity: str) -> list[Decision]:
        if entity == PATIENTS:
            return [*self.patients.values(), *self.patients_without_key]
        return [*self.rois.values(), *self.rois_without_key]

    @property
    def writes(self) -> int:
        return sum(
            decision.state in ("create", "update")
            for decision in [*self.all(PATIENTS), *self.all(ROIS)]
        )


# ---------------------------------------------------------------- reading values


def clean(value: Any) -> str | None:
    """A source value of any type as trimmed text; blank is None."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        return _plain_number(Decimal(str(value)))
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip() or None


def _plain_number(number: Decimal) -> str:
    if number == number.to_integral_value():
        return str(int(number))
    return format(number.normalize(), "f")


def read_key(value: Any) -> str | None:
    text = clean(value)
    return text.removesuffix(".0") if text is not None else None


def read_number(value: Any) -> str | None:
    text = clean(value)
    if text is None or not re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        return None
    try:
        return _plain_number(Decimal(text))
    except InvalidOperation:
        return None


def read_bool(value: Any) -> str | None:
    text = (read_key(value) or "").lower()
    if text in ("true", "t", "yes", "y", "1"):
        return "true"
    if text in ("false", "f", "no", "n", "0"):
        return "false"
    return None


def read_moment(value: Any) -> date | datetime | None:
    """A date, a naive (New York wall) datetime, or an aware one, as the text or type says."""
    if isinstance(value, datetime | date) or value is None:
        return value
    text = clean(value)
    if text is None:
        return None
    us = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text)
    try:
        if us:
            month, day, year = map(int, us.groups())
            return date(year, month, day)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
        if re.match(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}", text):
            return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return None


def read_calendar_date(value: Any, zone: ZoneInfo | None = None) -> date | None:
    """The calendar day. Only a true instant has a zone to cross: UTC where none is given."""
    moment = read_moment(value)
    if isinstance(moment, datetime):
        return moment.astimezone(zone or UTC).date() if moment.tzinfo else moment.date()
    return moment


def read_instant(value: Any) -> datetime | None:
    moment = read_moment(value)
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    # fold=0: the earlier of an ambiguous hour; in a gap, the offset before it (02:30 is 07:30Z).
    return moment if moment.tzinfo else moment.replace(tzinfo=NEW_YORK, fold=0)


def epoch_ms(moment: datetime) -> str:
    return str(int(moment.astimezone(UTC).timestamp() * 1000))


# ---------------------------------------------------------------- match keys


def strip_accents(text: str) -> str:
    return "".join(
        letter
        for letter in unicodedata.normalize("NFD", text)
        if not unicodedata.category(letter).startswith("M")
    )


def _is_letter_or_digit(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LN"


def name_key(value: Any) -> str | None:
    text = strip_accents(clean(value) or "").casefold()
    return "".join(filter(_is_letter_or_digit, strip_accents(text))) or None


def email_key(value: Any) -> str | None:
    text = (clean(value) or "").lower()
    local, at, domain = text.partition("@")
    is_address = (
        bool(local and at)
        and "@" not in domain
        and "." in domain
        and not re.search(r"[\s,;]", text)
    )
    return text if is_address else None


def street_key(line_1: Any, line_2: Any, lists: Lists) -> str | None:
    if clean(line_1) is None:
        return None
    text = " ".join(filter(None, (clean(line_1), clean(line_2))))
    text = strip_accents(text).casefold().replace("#", " apt ")
    words = "".join(letter if _is_letter_or_digit(letter) else " " for letter in text).split()
    return " ".join(lists.address_words.get(word, word) for word in words) or None


def state_key(value: Any, lists: Lists) -> str | None:
    text = (clean(value) or "").casefold()
    if re.fullmatch(r"[a-z]{2}", text):
        return text if text in lists.states.values() else None
    return lists.states.get(text)


def zip_key(value: Any) -> str | None:
    digits = re.sub(r"\D", "", clean(value) or "")
    return digits[:5] if len(digits) >= 5 else None


@dataclass(frozen=True)
class Person:
    """The match keys of a patient or of a contact; None is unknown."""

    email: str | None
    first: str | None
    last: str | None
    birth: date | None
    street: str | None
    city: str | None
    state: str | None
    zip: str | None

    @property
    def address(self) -> tuple[str, str, str, str] | None:
        if self.street and self.city and self.state and self.zip:
            return (self.street, self.city, self.state, self.zip)
        return None


def person(
    email: Any, first: Any, last: Any, birth: Any, line_1: Any, line_2: Any, city: Any,
    state: Any, zipcode: Any, *, lists: Lists, shared_emails: frozenset[str],
) -> Person:  # fmt: skip
    """Normalises, and forgets what counts as unknown."""
    email = email_key(email)
    if email in lists.placeholder_emails or email in shared_emails:
        email = None
    birth = read_calendar_date(birth)
    street = street_key(line_1, line_2, lists)
    return Person(
        email=email,
        first=name_key(first),
        last=name_key(last),
        birth=None if birth in lists.placeholder_births else birth,
        street=None if street in lists.placeholder_streets else street,
        city=name_key(city),
        state=state_key(state, lists),
        zip=zip_key(zipcode),
    )


# ---------------------------------------------------------------- source rows


@dataclass(frozen=True)
class KeyedRow:
    """One natural key with the row that stands for it."""

    natural_key: str
    row: SourceRow
    source_rows: int
    reason: str | None


def gather(
    rows: Iterable[SourceRow], key_column: str, required: Sequence[str], updated_at: str
) -> tuple[list[KeyedRow], list[Decision]]:
    """Rows by natural key, and the decisions on rows that have none."""
    by_key: dict[str, list[SourceRow]] = defaultdict(list)
    keyless: Counter[tuple[tuple[str, str | None], ...]] = Counter()
    for row in rows:
        key = read_key(row.get(key_column))
        if key is None:
            keyless[_fingerprint(row, key_column, updated_at)] += 1
        else:
            by_key[key].append(row)

    gathered = []
    for key, group in by_key.items():
        row, is_clear = _choose(group, key_column, updated_at)
        reason = None
        if not is_clear:
            reason = "duplicate_natural_key"
        elif any(clean(row.get(column)) is None for column in required):
            reason = "missing_required_property"
        gathered.append(KeyedRow(key, row, len(group), reason))
    without_key = [
        Decision(None, "quarantined", "missing_natural_key", source_rows=count)
        for count in keyless.values()
    ]
    return gathered, without_key


def _choose(group: list[SourceRow], key_column: str, updated_at: str) -> tuple[SourceRow, bool]:
    """The row that counts, and whether it is clear that it does."""
    distinct = {_fingerprint(row, key_column, updated_at) for row in group}
    if len(distinct) == 1:
        return group[0], True
    stamps = [read_instant(row.get(updated_at)) for row in group]
    known = [stamp for stamp in stamps if stamp is not None]
    if not known:
        return group[0], False
    latest = [row for row, stamp in zip(group, stamps, strict=True) if stamp == max(known)]
    distinct = {_fingerprint(row, key_column, updated_at) for row in latest}
    return latest[0], len(distinct) == 1


def _fingerprint(
    row: SourceRow, key_column: str, updated_at: str
) -> tuple[tuple[str, str | None], ...]:
    return tuple(
        (name, read_key(value) if name == key_column else clean(value))
        for name, value in sorted(row.items())
        if name != updated_at
    )


# ---------------------------------------------------------------- payloads

# property, source column, kind, what a blank does
CONTACT_PROPERTIES = (
    ("patient_id", "ID", "key", "keep"),
    ("patient_chart", "Chart", "key", "keep"),
    ("firstname", "FirstName", "text", "keep"),
    ("lastname", "LastName", "text", "keep"),
    ("gender", "Gender", "text", "keep"),
    ("phone", "HomePhone", "text", "keep"),
    ("city", "City", "text", "keep"),
    ("state", "State", "text", "keep"),
    ("zip", "Zipcode", "text", "keep"),
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
    ("otherphone", "OtherPhone", "text", "keep"),
    ("care_type", "CareType", "text", "keep"),
    ("next_treatment_date", "NextTreatment", "new_york_date", "clear"),
    ("next_follow_up_date", "NextFollowUp", "new_york_date", "clear"),
)

ROI_PROPERTIES = (
    ("roi_type", "TemplateName", "text", "keep"),
    ("amd_template_id", "TemplateID", "key", "clear"),
    ("patient_id", "PatientID", "key", "clear"),
    ("patient_chart", "PatientChart", "key", "clear"),
    ("patient_signed_name", "Patient Name", "text", "clear"),
    ("accepted_datetime", "AcceptedDatetime", "instant", "clear"),
    ("completed_date", "CompletedDate", "new_york_date_ms", "clear"),
    ("patient_signed_dob", "DOB", "birth_date_ms", "clear"),
    ("raw_provider_name", "ProviderName", "text", "clear"),
    ("raw_provider_specialty", "Specialty", "text", "clear"),
    ("raw_provider_email", "Email", "text", "clear"),
    ("raw_provider_phone", "Phone", "text", "clear"),
    ("raw_provider_fax", "Fax", "text", "clear"),
)


def render(value: Any, kind: str) -> str | None:
    """The text that HubSpot gets, None where the value is blank or cannot be read."""
    if kind == "text":
        return clean(value)
    if kind == "key":
        return read_key(value)
    if kind == "number":
        return read_number(value)
    if kind == "bool":
        return read_bool(value)
    if kind == "instant":
        moment = read_instant(value)
        return epoch_ms(moment) if moment is not None else None
    day = read_calendar_date(value, NEW_YORK if kind.startswith("new_york") else None)
    if day is None:
        return None
    if kind.endswith("_ms"):
        return epoch_ms(datetime.combine(day, time(), UTC))
    return day.isoformat()


def mapped(
    row: SourceRow, columns: Sequence[str], catalogue: Iterable[tuple[str, str, str, str]]
) -> dict[str, str]:
    present = set(columns)
    payload = {}
    for name, column, kind, on_blank in catalogue:
        if column == "Patient Name" and column not in present:
            column = "Patient_Name"
        if column not in present:
            continue
        value = row.get(column)
        text = render(value, kind)
        if text is not None:
            payload[name] = text
        elif on_blank == "clear" and clean(value) is None:
            payload[name] = ""
    return payload


def contact_payload(
    key: str, row: SourceRow, columns: Sequence[str], who: Person
) -> dict[str, str]:
    payload = {"amd_patient_id": key, "amd_synced": "true"}
    payload |= mapped(row, columns, CONTACT_PROPERTIES)
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
    key: str, row: SourceRow, columns: Sequence[str], options: Options
) -> dict[str, str]:
    payload = {"roi_id": key} | mapped(row, columns, ROI_PROPERTIES)
    return {
        name: value for name, value in payload.items() if name not in options.protected_properties
    }


def payload_hash(payload: Mapping[str, str], withheld: Iterable[str]) -> str:
    text = json.dumps([sorted(payload.items()), sorted(withheld)], ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


# ---------------------------------------------------------------- HubSpot's side


class Mirror:
    """Live records, and where a merged-away id leads."""

    def __init__(self, records: Iterable[Record]) -> None:
        records = list(records)
        self.live = {record.id: record for record in records if record.is_live}
        self._survivors = {
            merged_id: record.id for record in records for merged_id in record.merged_ids
        }

    def resolve(self, hubspot_id: str) -> Record | None:
        """The live record that this id stands for now; None where it was deleted."""
        seen = set()
        while hubspot_id not in self.live:
            if hubspot_id in seen or hubspot_id not in self._survivors:
                return None
            seen.add(hubspot_id)
            hubspot_id = self._survivors[hubspot_id]
        return self.live[hubspot_id]


class IdMap:
    """The id map through merges: who is led where, and whose a live record is by it."""

    def __init__(self, rows: Iterable[MapRow], mirror: Mirror) -> None:
        self.rows: dict[str, MapRow] = {}
        for row in rows:
            key = read_key(row.natural_key)
            if key is None:
                continue
            known = self.rows.get(key)
            if known is None or _stamp(row) >= _stamp(known):
                self.rows[key] = row
        self._targets = {key: mirror.resolve(row.hubspot_id) for key, row in self.rows.items()}
        self.owners: dict[str, set[str]] = defaultdict(set)
        for key, record in self._targets.items():
            if record is not None:
                self.owners[record.id].add(key)

    def target(self, key: str) -> Record | None:
        return self._targets.get(key)


def _stamp(row: MapRow) -> datetime:
    return row.updated_at or datetime.min.replace(tzinfo=UTC)


def _split_list(value: str | None) -> list[str]:
    return [part.strip() for part in (value or "").split(";") if part.strip()]


# ---------------------------------------------------------------- patients


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


class _Matcher:
    def __init__(self, world: World) -> None:
        self.world = world
        self.options = world.options
        self.lists = world.lists
        self.mirror = Mirror(world.contacts)
        self.id_map = IdMap(world.patient_map, self.mirror)
        keyed, self.without_key = gather(world.patients, "ID", (), self.options.updated_at)
        self.source_keys = {row.natural_key for row in keyed}
        shared = self._shared_emails(keyed)
        self.people = {
            contact.id: person(
                contact.value("email"), contact.value("firstname"), contact.value("lastname"),
                contact.value("ncf_date_of_birth"), contact.value("address"),
                contact.value("street_address_line_2"), contact.value("city"),
                contact.value("state"), contact.value("zip"),
                lists=self.lists, shared_emails=shared,
            )
            for contact in self.mirror.live.values()
        }  # fmt: skip
        self.emails = {
            contact.id: {
                email
                for email in map(
                    email_key,
                    [contact.value("email"), *self._additional_emails(contact)],
                )
                if email and email not in shared and email not in self.lists.placeholder_emails
            }
            for contact in self.mirror.live.values()
        }
        self.patients = [self._patient(row, shared) for row in keyed]

    def _shared_emails(self, keyed: Iterable[KeyedRow]) -> frozenset[str]:
        holders = Counter(email_key(row.row.get("Email")) for row in keyed)
        return frozenset(
            email
            for email, count in holders.items()
            if email is not None and count > self.options.shared_email_limit
        )

    def _patient(self, keyed: KeyedRow, shared: frozenset[str]) -> _Patient:
        row = keyed.row
        who = person(
            row.get("Email"), row.get("FirstName"), row.get("LastName"), row.get("DOB"),
            row.get("Address1"), row.get("Address2"), row.get("City"), row.get("State"),
            row.get("Zipcode"), lists=self.lists, shared_emails=shared,
        )  # fmt: skip
        return _Patient(keyed=keyed, who=who, reason=keyed.reason, email=who.email)

    @staticmethod
    def _additional_emails(contact: Record) -> list[str]:
        return _split_list(contact.properties.get("hs_additional_emails"))

    # ---------- ownership

    def owners(self, contact: Record) -> set[str]:
        key = read_key(contact.value("amd_patient_id"))
        return self.id_map.owners.get(contact.id, set()) | ({key} if key is not None else set())

    def _holders(self, contact: Record) -> set[str]:
        """Whose contact it is: the key that it carries says more than the id map."""
        key = read_key(contact.value("amd_patient_id"))
        return {key} if key is not None else self.owners(contact)

    def is_free_for(self, patient: _Patient, contact: Record) -> bool:
        return not self.owners(contact) - {patient.key}

    # ---------- tiers

    def resolve(self, patient: _Patient) -> None:
        for tier in (self._known, self._by_email, self._by_name_and_birth, self._by_address):
            tier(patient)
            if patient.reason is not None or patient.contact is not None:
                return
        self._none(patient)

    def _known(self, patient: _Patient) -> None:
        for contact in self.mirror.live.values():
            if read_key(contact.value("amd_patient_id")) == patient.key:
                patient.tier, patient.contact = 0, contact
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
            for contact in self.mirror.live.values()
            if patient.who.email in self.emails[contact.id] and self.is_free_for(patient, contact)
        ]
        if len(left) > 1:
            patient.reason = "ambiguous_email"
        elif left:
            other = self.people[left[0].id]
            if self._is_someone_else(patient.who, other):
                patient.reason = "identity_conflict"
            else:
                patient.tier, patient.contact = 1, left[0]

    def _is_someone_else(self, who: Person, other: Person) -> bool:
        if _differ(who.birth, other.birth):
            return True
        if _same(who.birth, other.birth):
            return False
        # The lead names somebody, and it cannot be told that this is the patient.
        return other.first is not None and not self._may_be_one_name(who.first, other.first)

    def _may_be_one_name(self, one: str | None, other: str) -> bool:
        if one is None:
            return False
        return (
            one.startswith(other)
            or other.startswith(one)
            or (one, other) in self.lists.nicknames
            or (other, one) in self.lists.nicknames
        )

    def _by_name_and_birth(self, patient: _Patient) -> None:
        who = patient.who
        left = [
            contact
            for contact in self.mirror.live.values()
            if _same(who.first, self.people[contact.id].first)
            and _same(who.last, self.people[contact.id].last)
            and _same(who.birth, self.people[contact.id].birth)
            and self.is_free_for(patient, contact)
        ]
        self._take(patient, left, 2, "ambiguous_name_dob")

    def _by_address(self, patient: _Patient) -> None:
        left = [
            contact
            for contact in self.mirror.live.values()
            if _same(patient.who.address, self.people[contact.id].address)
            and self._is_same_person_of_household(patient.who, self.people[contact.id])
            and self.is_free_for(patient, contact)
        ]
        self._take(patient, left, 3, "ambiguous_address")

    @staticmethod
    def _is_same_person_of_household(who: Person, other: Person) -> bool:
        same_birth = _same(who.birth, other.birth)
        if not (same_birth or _same(who.first, other.first)):
            return False
        if _differ(who.birth, other.birth):
            return False
        if _differ(who.first, other.first) and not (
            same_birth and _is_prefix(who.first, other.first)
        ):
            return False
        return same_birth or not _differ(who.last, other.last)

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
            for contact in self.mirror.live.values()
            if patient.email in self.emails[contact.id]
            for holder in self._holders(contact) - {patient.key}
        }
        if holders and not self.options.create_without_email:
            is_present = bool(holders & self.source_keys)
            holder = "other" if is_present else "vanished"
            patient.reason = f"email_held_by_{holder}_patient"
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
            if any(
                patient.email in emails
                for contact_id, emails in self.emails.items()
                if contact_id != contact.id
            ):
                patient.email, patient.email_withheld = None, True
            elif patient.email in map(email_key, self._additional_emails(contact)):
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

    # ---------- the outcome

    def decision(self, patient: _Patient) -> Decision:
        keyed = patient.keyed
        if patient.reason is not None:
            return Decision(
                patient.key, "quarantined", patient.reason, source_rows=keyed.source_rows
            )
        payload = contact_payload(patient.key, keyed.row, self.world.patient_columns, patient.who)
        payload.pop("email", None)
        if patient.email is not None:
            payload["email"] = patient.email
        # For whatever reason it stays behind: another reason alone is nothing to send.
        is_withheld = (
            patient.email_withheld or patient.email_is_secondary or patient.created_without_email
        )
        withheld = ["email"] if is_withheld else []
        hash_now = payload_hash(payload, withheld)
        state = "create"
        if patient.contact is not None:
            map_row = self.id_map.rows.get(patient.key)
            target = self.id_map.target(patient.key)
            carries_key = read_key(patient.contact.value("amd_patient_id")) == patient.key
            is_sent = (
                map_row is not None
                and map_row.payload_hash == hash_now
                and target is not None
                and target.id == patient.contact.id
            )
            state = "unchanged" if is_sent and carries_key else "update"
        return Decision(
            patient.key,
            state,
            tier=patient.tier,
            hubspot_id=patient.contact.id if patient.contact is not None else None,
            properties=payload,
            payload_hash=hash_now,
            source_rows=keyed.source_rows,
            email_withheld=patient.email_withheld,
        )

    def decide(self) -> dict[str, Decision]:
        for patient in self.patients:
            if patient.reason is None:
                self.resolve(patient)
        self.settle_contested_contacts()
        self.settle_emails()
        return {patient.key: self.decision(patient) for patient in self.patients}


def _same(one: Any, other: Any) -> bool:
    return one is not None and one == other


def _differ(one: Any, other: Any) -> bool:
    return one is not None and other is not None and one != other


def _is_prefix(one: str | None, other: str | None) -> bool:
    if one is None or other is None or min(len(one), len(other)) < 2:
        return False
    return one.startswith(other) or other.startswith(one)


# ---------------------------------------------------------------- ROIs


def decide_rois(world: World) -> tuple[dict[str, Decision], list[Decision]]:
    mirror = Mirror(world.roi_records)
    id_map = IdMap(world.roi_map, mirror)
    by_key: dict[str, list[Record]] = defaultdict(list)
    for carrying in mirror.live.values():
        key = read_key(carrying.value("roi_id"))
        if key is not None:
            by_key[key].append(carrying)
    keyed, without_key = gather(world.rois, "roi_id", ("TemplateName",), world.options.updated_at)
    decisions = {}
    for row in keyed:
        reason = row.reason
        record: Record | None = None
        if reason is None:
            record, reason = _resolve_roi(row.natural_key, by_key, id_map, world.options)
        decisions[row.natural_key] = _decide_roi(row, record, reason, id_map, world)
    return decisions, without_key


def _resolve_roi(
    key: str, by_key: Mapping[str, list[Record]], id_map: IdMap, options: Options
) -> tuple[Record | None, str | None]:
    carrying = by_key.get(key, [])
    if len(carrying) > 1:
        return None, "ambiguous_roi_id"
    if carrying:
        return carrying[0], None
    record = id_map.target(key)
    if record is not None:
        carried = read_key(record.value("roi_id"))
        if carried is not None or id_map.owners[record.id] != {key}:
            return None, "id_map_conflict"
        return record, None
    if key in id_map.rows and not options.recreate_deleted:
        return None, "deleted_in_hubspot"
    return None, None


def _decide_roi(
    row: KeyedRow, record: Record | None, reason: str | None, id_map: IdMap, world: World
) -> Decision:
    if reason is not None:
        return Decision(row.natural_key, "quarantined", reason, source_rows=row.source_rows)
    payload = roi_payload(row.natural_key, row.row, world.roi_columns, world.options)
    hash_now = payload_hash(payload, ())
    decision = Decision(
        row.natural_key,
        "create",
        properties=payload,
        payload_hash=hash_now,
        source_rows=row.source_rows,
    )
    if record is None:
        return decision
    decision = replace(decision, state="update", tier=0, hubspot_id=record.id)
    if _is_processed_in_hubspot(record) or _is_processed_in_source(row.row):
        return replace(decision, state="protected")
    map_row, target = id_map.rows.get(row.natural_key), id_map.target(row.natural_key)
    is_sent = (
        map_row is not None
        and map_row.payload_hash == hash_now
        and target is not None
        and target.id == record.id
    )
    carries_key = read_key(record.value("roi_id")) == row.natural_key
    return replace(decision, state="unchanged") if is_sent and carries_key else decision


def _is_processed_in_hubspot(record: Record) -> bool:
    is_processed = record.value("processing_status") == "Processed"
    return (is_processed and record.value("processing_datetime") is not None) or read_bool(
        record.value("roi_manual_override")
    ) == "true"


def _is_processed_in_source(row: SourceRow) -> bool:
    status = clean(row.get("processing_status", row.get("ProcessingStatus")))
    moment = clean(row.get("processing_datetime", row.get("ProcessingDatetime")))
    return status == "Processed" and moment is not None


# ---------------------------------------------------------------- the whole


def decide(world: World) -> Decisions:
    """What becomes of every source row."""
    matcher = _Matcher(world)
    patients = matcher.decide()
    rois, rois_without_key = decide_rois(world)
    return Decisions(patients, rois, matcher.without_key, rois_without_key)


def apply(world: World, decisions: Decisions) -> World:
    """The world after a run in which HubSpot took every write; new records get ids "new:…"."""
    contacts, patient_map = _apply(
        world.contacts, world.patient_map, decisions.patients.values(), "patient"
    )
    roi_records, roi_map = _apply(world.roi_records, world.roi_map, decisions.rois.values(), "roi")
    return replace(
        world,
        contacts=contacts,
        roi_records=roi_records,
        patient_map=patient_map,
        roi_map=roi_map,
    )


def _apply(
    records: Iterable[Record], id_map: Iterable[MapRow], decisions: Iterable[Decision], kind: str
) -> tuple[list[Record], list[MapRow]]:
    after = {record.id: record for record in records}
    mapped_rows = {read_key(row.natural_key): row for row in id_map}
    for decision in decisions:
        if decision.state not in ("create", "update"):
            continue
        assert decision.natural_key is not None
        hubspot_id = decision.hubspot_id or f"new:{kind}:{decision.natural_key}"
        before = after[hubspot_id].properties if hubspot_id in after else {}
        written = {name: value or None for name, value in decision.properties.items()}
        after[hubspot_id] = Record(hubspot_id, {**before, **written})
        mapped_rows[decision.natural_key] = MapRow(
            decision.natural_key, hubspot_id, decision.payload_hash
        )
    return list(after.values()), list(mapped_rows.values())


# ---------------------------------------------------------------- seeds


def read_lists(seeds: Path) -> Lists:
    """The seeds as an analyst left them."""

    def rows(name: str) -> list[dict[str, str]]:
        with (seeds / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))

    lists = Lists(
        address_words={
            row["word"].lower(): row["standard"].lower() for row in rows("address_words")
        },
        states={row["name"].casefold(): row["code"].casefold() for row in rows("states")},
        nicknames=frozenset(
            (name_key(row["name_key"]) or "", name_key(row["nickname_key"]) or "")
            for row in rows("nicknames")
        ),
    )
    placeholders: dict[str, list[str]] = defaultdict(list)
    for row in rows("placeholders"):
        placeholders[row["kind"]].append(row["value"])
    births = map(read_calendar_date, placeholders["date_of_birth"])
    return replace(
        lists,
        placeholder_emails=frozenset(value.lower() for value in placeholders["email"]),
        placeholder_births=frozenset(birth for birth in births if birth is not None),
        placeholder_streets=frozenset(
            street
            for street in (street_key(value, None, lists) for value in placeholders["street"])
            if street is not None
        ),
    )
