"""The oracle on hand-made worlds: one per tier, per reason, and for what wins over what."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.e2e import oracle
from tests.e2e.oracle import Lists, MapRow, Options, Record, World

LISTS = Lists(
    address_words={"street": "st", "apartment": "apt", "north": "n"},
    states={"new york": "ny", "maryland": "md", "massachusetts": "ma"},
    nicknames=frozenset({("robert", "bob")}),
    two_people=frozenset({("daniel", "danielle"), ("mark", "mary")}),
    placeholder_emails=frozenset({"none@none.com"}),
    placeholder_births=frozenset({date(1900, 1, 1)}),
    placeholder_streets=frozenset({"1 clinic st"}),
    test_markers=(("zztest*", False), ("do not use", False), ("void", True)),
)
TODAY = date(2026, 11, 26)
COLUMNS = (
    "ID", "FirstName", "LastName", "DOB", "Email", "Address1", "Address2", "City", "State",
    "Zipcode", "TreatmentsToDate", "Active", "PreferredFirstName", "MiddleName", "HomePhone",
)  # fmt: skip
ROI_COLUMNS = ("roi_id", "TemplateName", "DOB", "Fax")

ADA = {"ID": "1", "FirstName": "Ada", "LastName": "Byron", "DOB": date(1980, 2, 29)}
ADDRESS = {"Address1": "12 North Street", "City": "Troy", "State": "New York", "Zipcode": "12180"}
HOME = {"address": "12 N. st", "city": "TROY", "state": "ny", "zip": "12180-1234"}


def contact(hubspot_id: str, **properties: str) -> Record:
    return Record(hubspot_id, properties)


def person(hubspot_id: str, **properties: str) -> Record:
    """A lead that is Ada by name and date of birth."""
    who = {"firstname": "ada", "lastname": "Byron", "ncf_date_of_birth": "1980-02-29"}
    return Record(hubspot_id, who | properties)


def dead(hubspot_id: str) -> Record:
    return Record(hubspot_id, {}, is_live=False)


def decide(
    *patients: dict[str, Any],
    contacts: tuple[Record, ...] = (),
    id_map: tuple[MapRow, ...] = (),
    **options: Any,
) -> dict[str, oracle.Decision]:
    world = World(
        patients=patients,
        patient_columns=COLUMNS,
        contacts=contacts,
        patient_map=id_map,
        excluded_patients=frozenset({"77"}),
        today=TODAY,
        lists=LISTS,
        options=Options(**options),
    )
    return dict(oracle.decide(world).patients)


def outcome(decision: oracle.Decision) -> str:
    """`update 2 → c1`, `create`, or the reason."""
    if decision.reason is not None:
        assert decision.state in ("quarantined", "excluded")
        return decision.reason
    if decision.hubspot_id is None:
        return decision.state
    return f"{decision.state} {decision.tier} → {decision.hubspot_id}"


E = "ada@home.org"
F = "other@home.org"
ONE_PATIENT: dict[str, tuple[dict[str, Any], tuple[Record, ...], tuple[MapRow, ...], str]] = {
    "tier 0: the contact that carries the key, whatever else it says": (
        ADA | {"ID": Decimal("1.0")},
        (contact("c1", amd_patient_id="1", ncf_date_of_birth="1999-09-09"),),
        (),
        "update 0 → c1",
    ),
    "tier 0: the id map's contact": (
        ADA, (contact("c1"),), (MapRow("1.0", "c1"),), "update 0 → c1",
    ),
    "tier 0: the carried key beats the id map": (
        ADA,
        (contact("c1", amd_patient_id="1"), contact("c2")),
        (MapRow("1", "c2"),),
        "update 0 → c1",
    ),
    "tier 0: through a chain of merges": (
        ADA,
        (
            contact("c3", hs_merged_object_ids="c2"),
            Record("c2", {"hs_merged_object_ids": "c1;c0"}, is_live=False),
        ),
        (MapRow("1", "c0"),),
        "update 0 → c3",
    ),
    "the id map's contact carries another patient's key": (
        ADA, (contact("c1", amd_patient_id="9"),), (MapRow("1", "c1"),), "id_map_conflict",
    ),
    "an old map row and another date of birth": (
        ADA,
        (contact("c1", ncf_date_of_birth="1980-03-01"),),
        (MapRow("1", "c1"),),
        "id_map_conflict",
    ),
    "a map row with a hash stands by itself": (
        ADA,
        (contact("c1", ncf_date_of_birth="1980-03-01"),),
        (MapRow("1", "c1", "hash"),),
        "update 0 → c1",
    ),
    "tier 1: email": (ADA | {"Email": " ADA@home.org "}, (contact("c1", email=E),), (),
        "update 1 → c1"),
    "tier 1: a secondary email": (
        ADA | {"Email": E},
        (contact("c1", email=F, hs_additional_emails=f"x@y.org;{E}"),),
        (),
        "update 1 → c1",
    ),
    "tier 1: two contacts": (
        ADA | {"Email": E},
        (contact("c1", email=E), contact("c2", email=F, hs_additional_emails=E)),
        (),
        "ambiguous_email",
    ),
    "tier 1: of two contacts one belongs to another": (
        ADA | {"Email": E},
        (
            contact("c1", email=E, amd_patient_id="9"),
            contact("c2", email=F, hs_additional_emails=E),
        ),
        (),
        "update 1 → c2",
    ),
    "tier 1: another date of birth": (
        ADA | {"Email": E},
        (contact("c1", email=E, firstname="Ada", ncf_date_of_birth="1950-01-01"),),
        (),
        "identity_conflict",
    ),
    "tier 1: another first name": (
        ADA | {"Email": E}, (contact("c1", email=E, firstname="Bea"),), (), "identity_conflict",
    ),
    "tier 1: a patient without a first name": (
        ADA | {"FirstName": None, "Email": E},
        (contact("c1", email=E, firstname="Ada"),),
        (),
        "identity_conflict",
    ),
    "tier 1: another first name, the same date of birth: twins, or the parent's lead": (
        ADA | {"Email": E},
        (contact("c1", email=E, firstname="Bea", ncf_date_of_birth="1980-02-29"),),
        (),
        "identity_conflict",
    ),
    "tier 1: a nickname": (
        ADA | {"FirstName": "Robert", "Email": E},
        (contact("c1", email=E, firstname="Bob"),),
        (),
        "update 1 → c1",
    ),
    "tier 1: a beginning": (
        ADA | {"FirstName": "Christopher", "Email": E},
        (contact("c1", email=E, firstname="Chr"),),
        (),
        "update 1 → c1",
    ),
    "tier 1: a beginning of two letters": (
        ADA | {"Email": E}, (contact("c1", email=E, firstname="Ad"),), (), "identity_conflict",
    ),
    "tier 1: a slip of the pen": (
        ADA | {"FirstName": "Greta", "Email": E},
        (contact("c1", email=E, firstname="Grtta"),),
        (),
        "update 1 → c1",
    ),
    "tier 1: a slip in three letters is another name": (
        ADA | {"Email": E}, (contact("c1", email=E, firstname="Ida"),), (), "identity_conflict",
    ),
    "tier 1: two slips in seven letters": (
        ADA | {"FirstName": "Matilda", "Email": E},
        (contact("c1", email=E, firstname="Mathilde"),),
        (),
        "update 1 → c1",
    ),
    "tier 1: two slips in six letters": (
        ADA | {"FirstName": "Tobias", "Email": E},
        (contact("c1", email=E, firstname="Dobian"),),
        (),
        "identity_conflict",
    ),
    "tier 1: a beginning that is another's name": (
        ADA | {"FirstName": "Danielle", "Email": E},
        (contact("c1", email=E, firstname="Daniel"),),
        (),
        "identity_conflict",
    ),
    "tier 1: one letter apart, and another's name": (
        ADA | {"FirstName": "Mary", "Email": E},
        (contact("c1", email=E, firstname="Mark"),),
        (),
        "identity_conflict",
    ),
    "tier 1: the preferred name": (
        ADA | {"PreferredFirstName": "Sky", "Email": E},
        (contact("c1", email=E, firstname="Sky"),),
        (),
        "update 1 → c1",
    ),
    "tier 1: the middle name": (
        ADA | {"MiddleName": "Joy", "Email": E},
        (person("c1", email=E, firstname="Joy"),),
        (),
        "update 1 → c1",
    ),
    "tier 1: the middle name alone, which may be the mother's first": (
        ADA | {"MiddleName": "Joy", "Email": E},
        (contact("c1", email=E, firstname="Joy", lastname="Byron"),),
        (),
        "identity_conflict",
    ),
    "tier 1: another last name": (
        ADA | {"Email": E},
        (contact("c1", email=E, firstname="Ada", lastname="King"),),
        (),
        "identity_conflict",
    ),
    "tier 1: another last name, the same date of birth": (
        ADA | {"Email": E}, (person("c1", email=E, lastname="King"),), (), "update 1 → c1",
    ),
    "tier 1: a part of a double last name": (
        ADA | {"LastName": "Byron-King", "Email": E},
        (contact("c1", email=E, firstname="Ada", lastname="King"),),
        (),
        "update 1 → c1",
    ),
    "tier 1: a slip in the last name": (
        ADA | {"Email": E},
        (contact("c1", email=E, firstname="Ada", lastname="Biron"),),
        (),
        "update 1 → c1",
    ),
    "tier 1: no first name": (
        ADA | {"Email": E},
        (contact("c1", email=E, lastname="Byron"),),
        (),
        "identity_conflict",
    ),
    "tier 1: no first name, but the date of birth": (
        ADA | {"Email": E},
        (contact("c1", email=E, lastname="Byron", ncf_date_of_birth="1980-02-29"),),
        (),
        "update 1 → c1",
    ),
    "tier 1: no first name, but the date of birth of somebody under 25": (
        ADA | {"Email": E, "DOB": "2002-02-28"},
        (contact("c1", email=E, lastname="Byron", ncf_date_of_birth="2002-02-28"),),
        (),
        "identity_conflict",
    ),
    "tier 1: a lead that is an email and a phone": (
        ADA | {"Email": E}, (contact("c1", email=E, phone="2025550101"),), (), "update 1 → c1",
    ),
    "tier 1: a child, and a lead that is an email": (
        ADA | {"Email": E, "DOB": "2008-11-27"},
        (contact("c1", email=E),),
        (),
        "identity_conflict",
    ),
    "tier 1: of age today, and a lead that is an email": (
        ADA | {"Email": E, "DOB": "2008-11-26"}, (contact("c1", email=E),), (), "update 1 → c1",
    ),
    "tier 1: an unknown age is a child's": (
        ADA | {"Email": E, "DOB": None}, (contact("c1", email=E),), (), "identity_conflict",
    ),
    "tier 1: a child with the parent's name": (
        ADA | {"Email": E, "DOB": "2014-05-05"},
        (contact("c1", email=E, firstname="Ada", lastname="Byron"),),
        (),
        "identity_conflict",
    ),
    "tier 1: a child whose date of birth the lead has": (
        ADA | {"Email": E, "DOB": "2014-05-05"},
        (person("c1", email=E, ncf_date_of_birth="2014-05-05"),),
        (),
        "update 1 → c1",
    ),
    "tier 1: twins of likely names": (
        ADA | {"FirstName": "Jayden", "Email": E, "DOB": "2014-05-05"},
        (person("c1", firstname="Jaden", email=E, ncf_date_of_birth="2014-05-05"),),
        (),
        "identity_conflict",
    ),
    "tier 1: another suffix": (
        ADA | {"LastName": "Byron Jr.", "Email": E},
        (person("c1", lastname="Byron, Sr", email=E),),
        (),
        "identity_conflict",
    ),
    "tier 1: a suffix on one side, or in the first name": (
        ADA | {"FirstName": "Ada III", "Email": E}, (person("c1", email=E),), (), "update 1 → c1",
    ),
    "tier 1: in conflict, and the patient's own lead is there": (
        ADA | {"Email": E},
        (contact("c1", email=E, firstname="Bea"), person("c2", email=F)),
        (),
        "update 2 → c2",
    ),
    "tier 1: in conflict, and there are two of the patient's name": (
        ADA | {"Email": E},
        (contact("c1", email=E, firstname="Bea"), person("c2"), person("c3")),
        (),
        "identity_conflict",
    ),
    "tier 2: name and date of birth, accents and case aside": (
        ADA | {"FirstName": "ÁDA", "Email": F}, (person("c1", email=E),), (), "update 2 → c1",
    ),
    "tier 2: two contacts": (ADA, (person("c1"), person("c2")), (), "ambiguous_name_dob"),
    "tier 2: a suffix aside, but not another one": (
        ADA | {"LastName": "Byron Jr"},
        (person("c1", lastname="Byron Sr"), person("c2", lastname="Byron")),
        (),
        "update 2 → c2",
    ),
    "tier 2: the contact of a vanished patient": (
        ADA, (person("c1", amd_patient_id="9"),), (), "owner_vanished",
    ),
    "tier 2: the contact that the id map gives to a vanished patient": (
        ADA | {"Email": F}, (person("c1"),), (MapRow("9", "c1"),), "owner_vanished",
    ),
    "tier 2: a placeholder date of birth is unknown": (
        ADA | {"DOB": "1/1/1900"},
        (person("c1", ncf_date_of_birth="1900-01-01"),),
        (),
        "no_email_no_match",
    ),
    "tier 3: address and first name, but no date of birth": (
        ADA | ADDRESS, (contact("c1", firstname="Ada", **HOME),), (), "no_email_no_match",
    ),
    "tier 3: address, date of birth and first name": (
        ADA | ADDRESS,
        (contact("c1", firstname="Ada", ncf_date_of_birth="1980-02-29", **HOME),),
        (),
        "update 3 → c1",
    ),
    "tier 3: no first name": (
        ADA | ADDRESS,
        (contact("c1", lastname="Lovelace", ncf_date_of_birth="1980-02-29", **HOME),),
        (),
        "no_email_no_match",
    ),
    "tier 3: another last name": (
        ADA | ADDRESS, (person("c1", lastname="Lovelace", **HOME),), (), "update 3 → c1",
    ),
    "tier 3: a beginning": (
        ADA | ADDRESS | {"FirstName": "Adaline"}, (person("c1", **HOME),), (), "update 3 → c1",
    ),
    "tier 3: a beginning, under 25": (
        ADA | ADDRESS | {"FirstName": "Adaline", "DOB": "2010-01-02"},
        (person("c1", ncf_date_of_birth="2010-01-02", **HOME),),
        (),
        "no_email_no_match",
    ),
    "tier 3: another suffix": (
        ADA | ADDRESS | {"LastName": "King II"},
        (person("c1", lastname="Byron III", **HOME),),
        (),
        "no_email_no_match",
    ),
    "tier 3: the contact of a vanished patient": (
        ADA | ADDRESS,
        (person("c1", lastname="Lovelace", amd_patient_id="9", **HOME),),
        (),
        "owner_vanished",
    ),
    "tier 3: a household is not a match": (
        ADA | ADDRESS, (contact("c1", lastname="Byron", **HOME),), (), "no_email_no_match",
    ),
    "tier 3: a zip that lost its zero, a place that is shortened": (
        ADA | {"Address1": "12 N.W. Elm", "City": "Mount Ida", "State": "MA", "Zipcode": "2117"},
        (
            person(
                "c1", lastname="Lovelace", address="12 nw elm", city="Mt. Ida", state="ma",
                zip="02117",
            ),
        ),
        (),
        "update 3 → c1",
    ),
    "tier 3: an incomplete address": (
        ADA | ADDRESS | {"Zipcode": "1218"},
        (contact("c1", firstname="Ada", **HOME),),
        (),
        "no_email_no_match",
    ),
    "tier 3: the clinic's own address is unknown": (
        ADA | ADDRESS | {"Address1": "1 Clinic Street"},
        (person("c1", lastname="King", **HOME | {"address": "1 Clinic st"}),),
        (),
        "no_email_no_match",
    ),
    "tier 3: two contacts": (
        ADA | ADDRESS,
        (person("c1", lastname="King", **HOME), person("c2", lastname="Tern", **HOME)),
        (),
        "ambiguous_address",
    ),
    "no match: create": (ADA | {"Email": E}, (), (), "create"),
    "no match: the mapped contact was deleted": (
        ADA | {"Email": E}, (dead("c1"),), (MapRow("1", "c1"),), "deleted_in_hubspot",
    ),
    "a deleted contact, but the person is there as another": (
        ADA, (dead("c1"), person("c2")), (MapRow("1", "c1"),), "update 2 → c2",
    ),
    "no match: email of a vanished patient's contact": (
        ADA | {"Email": E},
        (contact("c1", email=E, amd_patient_id="9"),),
        (),
        "email_held_by_vanished_patient",
    ),
    "no match: no email": (ADA, (), (), "no_email_no_match"),
    "no match: a placeholder is no email": (
        ADA | {"Email": "None@none.com"},
        (contact("c1", email="none@none.com"),),
        (),
        "no_email_no_match",
    ),
    "no match: neither email nor name": ({"ID": "1"}, (), (), "missing_name"),
    "a word for none is no name": (
        {"ID": "1", "FirstName": "null", "LastName": "N/A"}, (), (), "missing_name",
    ),
    "an email that was made up is none": (
        ADA | {"Email": "declined@x.org"}, (contact("c1", email="declined@x.org"),), (),
        "no_email_no_match",
    ),
    "a database's zero is no date of birth": (
        ADA | {"DOB": "1899-12-30"}, (person("c1", ncf_date_of_birth="1899-12-30"),), (),
        "no_email_no_match",
    ),
    "letters that are not to be seen, or to be split": (
        ADA | {"FirstName": "\u0141uka\u200bsz"}, (person("c1", firstname="Lukasz"),), (),
        "update 2 → c1",
    ),
    "excluded: the row is marked as deleted": (
        ADA | {"Email": E, "_fivetran_deleted": True}, (contact("c1", email=E),), (),
        "deleted_in_source",
    ),
    "excluded: a test chart": (
        ADA | {"LastName": "Byron - do  NOT use", "Email": E}, (), (), "test_chart",
    ),
    "excluded: a marker within a word is none": (
        ADA | {"LastName": "Avoid", "Email": E}, (), (), "create",
    ),
    "excluded: a marker that is a surname": (
        ADA | {"LastName": "Void", "Email": E}, (), (), "create",
    ),
    "excluded: a marker that is no surname here": (
        ADA | {"LastName": "Byron (void)", "Email": E}, (), (), "test_chart",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("patient", "contacts", "id_map", "expected"), ONE_PATIENT.values(), ids=ONE_PATIENT.keys()
)
def test_one_patient(
    patient: dict[str, Any],
    contacts: tuple[Record, ...],
    id_map: tuple[MapRow, ...],
    expected: str,
) -> None:
    """Each tier and each of its reasons decides as the design says."""
    decisions = decide(patient, contacts=contacts, id_map=id_map)

    assert outcome(decisions["1"]) == expected


BEA = {"ID": "2", "FirstName": "Bea", "LastName": "Byron", "DOB": date(1990, 1, 2)}
ROW_1 = ADA | {"Email": E}
SEVERAL_PATIENTS: dict[
    str, tuple[list[dict[str, Any]], tuple[Record, ...], tuple[MapRow, ...], dict[str, str]]
] = {
    "the map leads two to one record: the carried key decides": (
        [ADA, BEA],
        (contact("c1", amd_patient_id="1"),),
        (MapRow("1", "c1"), MapRow("2", "c1")),
        {"1": "update 0 → c1", "2": "id_map_conflict"},
    ),
    "the map leads two to one record that carries no key": (
        [ADA, BEA],
        (contact("c1"),),
        (MapRow("1", "c1"), MapRow("2", "c1")),
        {"1": "id_map_conflict", "2": "id_map_conflict"},
    ),
    "a contact that the map gives to another is not a candidate": (
        [ROW_1, BEA],
        (contact("c1", email=E),),
        (MapRow("2", "c1"),),
        {"1": "email_held_by_other_patient", "2": "update 0 → c1"},
    ),
    "a contested contact goes to the only one that agrees": (
        [ROW_1, ROW_1 | {"ID": "2", "LastName": "Byron-King"}],
        (person("c1", email=E, ncf_date_of_birth=""),),
        (),
        {"1": "update 1 → c1", "2": "contested_contact"},
    ),
    "a contested contact that nobody agrees with": (
        [ROW_1, ROW_1 | {"ID": "2", "DOB": "1981-01-01"}],
        (person("c1", email=E, lastname="", ncf_date_of_birth=""),),
        (),
        {"1": "contested_contact", "2": "contested_contact"},
    ),
    "the owner of a contact is there": (
        [ADA | {"Email": F}, BEA | {"ID": "9"}],
        (person("c1", amd_patient_id="9"),),
        (),
        {"1": "create", "9": "update 0 → c1"},
    ),
    "an excluded patient's contact stays theirs": (
        [ADA | {"Email": F}, ADA | {"ID": "77"}],
        (person("c1", amd_patient_id="77"),),
        (),
        {"1": "owner_vanished", "77": "excluded_by_rule"},
    ),
    "an excluded patient holds nothing by the id map": (
        [ROW_1, ADA | {"ID": "77", "Email": E}],
        (person("c1", email=E),),
        (MapRow("77", "c1"),),
        {"1": "update 1 → c1", "77": "excluded_by_rule"},
    ),
    "an excluded patient's email is counted nowhere": (
        [ADA | {"ID": str(number), "Email": E} for number in (1, 77)],
        (),
        (),
        {"1": "create", "77": "excluded_by_rule"},
    ),
    "a deleted version of a row that lives": (
        [
            ROW_1 | {"is_deleted": True, "updated_at": datetime(2026, 1, 1)},
            ROW_1 | {"is_deleted": False, "updated_at": datetime(2026, 1, 2)},
        ],
        (),
        (),
        {"1": "create"},
    ),
    "a row whose last version is deleted": (
        [
            ROW_1 | {"_sdc_deleted_at": None, "updated_at": datetime(2026, 1, 1)},
            ROW_1 | {"_sdc_deleted_at": "2026-01-02", "updated_at": datetime(2026, 1, 2)},
        ],
        (),
        (),
        {"1": "deleted_in_source"},
    ),
    "two creates with one email": (
        [ROW_1, BEA | {"Email": E}],
        (),
        (),
        {"1": "shared_email_in_source", "2": "shared_email_in_source"},
    ),
    "a create with an email that an update writes": (
        [ROW_1, BEA | {"Email": E}],
        (person("c1"),),
        (),
        {"1": "update 2 → c1", "2": "shared_email_in_source"},
    ),
    "equal rows collapse": (
        [ROW_1, ROW_1 | {"ID": "1.0", "Email": " ada@home.org"}],
        (),
        (),
        {"1": "create"},
    ),
    "different rows with one key": ([ROW_1, ROW_1 | {"City": "Troy"}], (), (),
        {"1": "duplicate_natural_key"}),
    "of different rows the latest counts": (
        [
            ROW_1 | {"updated_at": datetime(2026, 1, 1)},
            ADA | {"updated_at": datetime(2026, 1, 2)},
        ],
        (),
        (),
        {"1": "no_email_no_match"},
    ),
    "a duplicate key wins over the tier": (
        [ADA, ROW_1], (contact("c1", amd_patient_id="1"),), (), {"1": "duplicate_natural_key"},
    ),
    "an email of six patients is unknown": (
        [ADA | {"ID": str(number), "Email": E} for number in range(1, 7)],
        (contact("c1", email=E),),
        (),
        {str(number): "no_email_no_match" for number in range(1, 7)},
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("patients", "contacts", "id_map", "expected"),
    SEVERAL_PATIENTS.values(),
    ids=SEVERAL_PATIENTS.keys(),
)
def test_several_patients(
    patients: list[dict[str, Any]],
    contacts: tuple[Record, ...],
    id_map: tuple[MapRow, ...],
    expected: dict[str, str],
) -> None:
    """Rivals for a contact, an email or a key are settled as the design says."""
    decisions = decide(*patients, contacts=contacts, id_map=id_map)

    assert {key: outcome(decision) for key, decision in decisions.items()} == expected


def test_a_row_without_a_key_is_counted() -> None:
    """Equal rows without a key are one entry that stands for both."""
    world = World(patients=[{"ID": None, "City": "Troy"}, {"ID": " ", "City": "Troy "}])

    (decision,) = oracle.decide(world).patients_without_key

    assert (decision.reason, decision.source_rows) == ("missing_natural_key", 2)


def test_an_email_held_elsewhere_is_withheld() -> None:
    """The update ships without it, and says so."""
    contacts = (contact("c1", amd_patient_id="1"), contact("c2", email=E, amd_patient_id="9"))
    decision = decide(ROW_1, contacts=contacts)["1"]

    assert outcome(decision) == "update 0 → c1"
    assert decision.email_withheld
    assert "email" not in decision.properties


def test_an_email_that_two_updates_would_write_is_withheld_from_both() -> None:
    """Neither is preferred."""
    decisions = decide(
        ROW_1,
        BEA | {"Email": E},
        contacts=(contact("c1", amd_patient_id="1"), contact("c2", amd_patient_id="2")),
    )

    assert [decision.email_withheld for decision in decisions.values()] == [True, True]


def test_a_secondary_email_is_left_out() -> None:
    """HubSpot has it already, and would refuse to hold it twice."""
    held = contact("c1", email=F, hs_additional_emails=E, amd_patient_id="1")
    decision = decide(ROW_1, contacts=(held,))["1"]

    assert "email" not in decision.properties
    assert not decision.email_withheld


def test_blank_clears_where_the_catalogue_says_so() -> None:
    """A blank in a present column clears; a missing column and a `keep` do not."""
    row = ADA | {"Email": E, "Address1": "5 Elm", "Address2": " ", "Active": "Y"}
    properties = decide(row)["1"].properties

    assert properties["treatmentstodate"] == ""
    assert properties["street_address_line_2"] == ""
    assert properties["active_treatment"] == "true"
    assert "ketaminestodate" not in properties
    assert "city" not in properties


def test_the_run_after_a_run_writes_nothing() -> None:
    """What was sent is unchanged until its payload changes."""
    world = World(
        patients=[ROW_1, ADA | {"ID": "2", "DOB": "1990-09-09", "Email": F}],
        patient_columns=COLUMNS,
        rois=[{"roi_id": "7", "TemplateName": "Request"}],
        roi_columns=ROI_COLUMNS,
        contacts=[contact("c1", email=F, firstname="Ada")],
    )
    first = oracle.decide(world)
    after = oracle.apply(world, first)

    assert first.writes == 3
    assert oracle.decide(after).writes == 0


ROI = {"roi_id": "7", "TemplateName": "Request"}
ROI_CASES: dict[str, tuple[dict[str, Any], tuple[Record, ...], tuple[MapRow, ...], str]] = {
    "new": (ROI, (), (), "create"),
    "by roi_id": (ROI, (Record("r1", {"roi_id": "7.0"}),), (), "update 0 → r1"),
    "by the id map": (ROI, (Record("r1", {}),), (MapRow("7", "r1"),), "update 0 → r1"),
    "two records with its roi_id": (
        ROI,
        (Record("r1", {"roi_id": "7"}), Record("r2", {"roi_id": "7.0"})),
        (),
        "ambiguous_roi_id",
    ),
    "deleted in the source": (ROI | {"__deleted": "true"}, (), (), "deleted_in_source"),
    "deleted in HubSpot": (ROI, (dead("r1"),), (MapRow("7", "r1"),), "deleted_in_hubspot"),
    "no template": (ROI | {"TemplateName": " "}, (), (), "missing_required_property"),
    "processed in HubSpot": (
        ROI,
        (
            Record(
                "r1",
                {"roi_id": "7", "processing_status": "Processed", "processing_datetime": "2026"},
            ),
        ),
        (),
        "protected 0 → r1",
    ),
    "processed without a time": (
        ROI,
        (Record("r1", {"roi_id": "7", "processing_status": "Processed"}),),
        (),
        "update 0 → r1",
    ),
    "overridden by staff": (
        ROI,
        (Record("r1", {"roi_id": "7", "roi_manual_override": "true"}),),
        (),
        "protected 0 → r1",
    ),
    "processed in the source": (
        ROI | {"ProcessingStatus": "Processed", "ProcessingDatetime": datetime(2026, 1, 1)},
        (Record("r1", {"roi_id": "7"}),),
        (),
        "protected 0 → r1",
    ),
    "processed in the source, unknown to HubSpot": (
        ROI | {"processing_status": "Processed", "processing_datetime": "2026-01-01"},
        (),
        (),
        "create",
    ),
}


@pytest.mark.parametrize(
    ("roi", "records", "id_map", "expected"), ROI_CASES.values(), ids=ROI_CASES.keys()
)
def test_one_roi(
    roi: dict[str, Any], records: tuple[Record, ...], id_map: tuple[MapRow, ...], expected: str
) -> None:
    """ROIs resolve by key, then by the map, and processed ones are left alone."""
    world = World(rois=[roi], roi_columns=ROI_COLUMNS, roi_records=records, roi_map=id_map)

    assert outcome(oracle.decide(world).rois["7"]) == expected


def test_settings_turn_reasons_off() -> None:
    """Two settings create what is otherwise quarantined."""
    gone = (dead("c1"),)
    id_map = (MapRow("1", "c1"),)

    recreated = decide(ROW_1, contacts=gone, id_map=id_map, recreate_deleted=True)
    without_email = decide(ADA, BEA | {"FirstName": None, "LastName": None, "ID": "3"},
                           create_without_email=True)  # fmt: skip

    assert outcome(recreated["1"]) == "create"
    assert outcome(without_email["1"]) == "create"
    assert outcome(without_email["3"]) == "missing_name"


def test_a_setting_gives_the_older_rule_for_addresses_back() -> None:
    """Address and first name do, where no date of birth and no last name speaks against it."""
    at_home = (contact("c1", firstname="Ada", **HOME),)
    option = {"match_address_without_birth_date": True}

    known = decide(ADA | ADDRESS, contacts=at_home, **option)["1"]
    other = decide(ADA | ADDRESS | {"FirstName": "Bea"}, contacts=at_home, **option)["1"]

    assert outcome(known) == "update 3 → c1"
    assert outcome(other) == "no_email_no_match"


def test_protected_properties_are_in_no_payload() -> None:
    """The setting takes them out of the payload and of its hash."""
    world = World(rois=[ROI | {"Fax": "4105550100"}], roi_columns=ROI_COLUMNS)
    guarded = replace(world, options=Options(protected_properties=frozenset({"raw_provider_fax"})))

    assert "raw_provider_fax" in oracle.decide(world).rois["7"].properties
    assert "raw_provider_fax" not in oracle.decide(guarded).rois["7"].properties
