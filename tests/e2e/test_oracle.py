"""The oracle on hand-made worlds: one per tier, per reason, and for what wins over what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.e2e import oracle
from tests.e2e.oracle import Lists, MapRow, Options, Record, World

LISTS = Lists(
    address_words={"street": "st", "apartment": "apt", "north": "n"},
    states={"new york": "ny", "maryland": "md"},
    nicknames=frozenset({("robert", "bob")}),
    placeholder_emails=frozenset({"none@none.com"}),
    placeholder_births=frozenset({date(1900, 1, 1)}),
    placeholder_streets=frozenset({"1 clinic st"}),
)
COLUMNS = (
    "ID", "FirstName", "LastName", "DOB", "Email", "Address1", "Address2", "City", "State",
    "Zipcode", "TreatmentsToDate", "Active",
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
        lists=LISTS,
        options=Options(**options),
    )
    return dict(oracle.decide(world).patients)


def outcome(decision: oracle.Decision) -> str:
    """`update 2 → c1`, `create`, or the reason."""
    if decision.reason is not None:
        assert decision.state == "quarantined"
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
    "tier 1: another first name, the same date of birth": (
        ADA | {"Email": E},
        (contact("c1", email=E, firstname="Bea", ncf_date_of_birth="1980-02-29"),),
        (),
        "update 1 → c1",
    ),
    "tier 1: a nickname": (
        ADA | {"FirstName": "Robert", "Email": E},
        (contact("c1", email=E, firstname="Bob"),),
        (),
        "update 1 → c1",
    ),
    "tier 1: a prefix": (
        ADA | {"FirstName": "Christopher", "Email": E},
        (contact("c1", email=E, firstname="Chris"),),
        (),
        "update 1 → c1",
    ),
    "tier 2: name and date of birth, accents and case aside": (
        ADA | {"FirstName": "ÁDA", "Email": F}, (person("c1", email=E),), (), "update 2 → c1",
    ),
    "tier 2: two contacts": (ADA, (person("c1"), person("c2")), (), "ambiguous_name_dob"),
    "tier 2: the contact belongs to another": (
        ADA, (person("c1", amd_patient_id="9"),), (), "no_email_no_match",
    ),
    "tier 2: a placeholder date of birth is unknown": (
        ADA | {"DOB": "1/1/1900"},
        (person("c1", ncf_date_of_birth="1900-01-01"),),
        (),
        "no_email_no_match",
    ),
    "tier 3: address and first name": (
        ADA | ADDRESS, (contact("c1", firstname="Ada", **HOME),), (), "update 3 → c1",
    ),
    "tier 3: address and date of birth, another last name": (
        ADA | ADDRESS,
        (contact("c1", lastname="Lovelace", ncf_date_of_birth="1980-02-29", **HOME),),
        (),
        "update 3 → c1",
    ),
    "tier 3: a prefix where the dates of birth are equal": (
        ADA | ADDRESS | {"FirstName": "Adaline"},
        (contact("c1", firstname="Ada", ncf_date_of_birth="1980-02-29", **HOME),),
        (),
        "update 3 → c1",
    ),
    "tier 3: a prefix of one letter": (
        ADA | ADDRESS,
        (contact("c1", firstname="A", ncf_date_of_birth="1980-02-29", **HOME),),
        (),
        "no_email_no_match",
    ),
    "tier 3: a household is not a match": (
        ADA | ADDRESS, (contact("c1", lastname="Byron", **HOME),), (), "no_email_no_match",
    ),
    "tier 3: another last name": (
        ADA | ADDRESS,
        (contact("c1", firstname="Ada", lastname="Lovelace", **HOME),),
        (),
        "no_email_no_match",
    ),
    "tier 3: an incomplete address": (
        ADA | ADDRESS | {"Zipcode": "1218"},
        (contact("c1", firstname="Ada", **HOME),),
        (),
        "no_email_no_match",
    ),
    "tier 3: the clinic's own address is unknown": (
        ADA | ADDRESS | {"Address1": "1 Clinic Street"},
        (contact("c1", firstname="Ada", **HOME | {"address": "1 Clinic st"}),),
        (),
        "no_email_no_match",
    ),
    "tier 3: two contacts": (
        ADA | ADDRESS,
        (contact("c1", firstname="Ada", **HOME), contact("c2", firstname="Ada", **HOME)),
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
        [ROW_1, ROW_1 | {"ID": "2", "LastName": "Lovelace"}],
        (person("c1", email=E, ncf_date_of_birth=""),),
        (),
        {"1": "update 1 → c1", "2": "contested_contact"},
    ),
    "a contested contact that nobody agrees with": (
        [ROW_1, ROW_1 | {"ID": "2", "DOB": None}],
        (person("c1", email=E, lastname=""),),
        (),
        {"1": "contested_contact", "2": "contested_contact"},
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
        patients=[ROW_1, ADA | {"ID": "2", "DOB": None, "Email": F}],
        patient_columns=COLUMNS,
        rois=[{"roi_id": "7", "TemplateName": "Request"}],
        roi_columns=ROI_COLUMNS,
        contacts=[contact("c1", email=F)],
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


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (date(1980, 2, 29), "birth_date", "1980-02-29"),
        ("02/29/1980", "birth_date", "1980-02-29"),
        ("2/30/1980", "birth_date", None),
        (datetime(1980, 2, 29, 23, 30), "birth_date", "1980-02-29"),
        (datetime(1980, 2, 29, 3, 0, tzinfo=UTC), "birth_date", "1980-02-29"),
        (datetime(2026, 7, 2, 3, 0, tzinfo=UTC), "new_york_date", "2026-07-01"),
        ("2026-07-02T03:00:00Z", "new_york_date", "2026-07-01"),
        (date(2026, 7, 2), "new_york_date_ms", "1782950400000"),
        (datetime(2024, 3, 10, 2, 30), "instant", "1710055800000"),
        (datetime(2024, 11, 3, 1, 30), "instant", "1730611800000"),
        (date(2024, 1, 1), "instant", "1704085200000"),
        (3.0, "number", "3"),
        ("2.50", "number", "2.5"),
        ("many", "number", None),
        (1, "bool", "true"),
        ("N", "bool", "false"),
        ("123.0", "key", "123"),
        (" José 😀 ", "text", "José 😀"),
    ],
)
def test_rendering(value: object, kind: str, expected: str | None) -> None:
    """Values of every source type come out in HubSpot's form."""
    assert oracle.render(value, kind) == expected


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


def test_protected_properties_are_in_no_payload() -> None:
    """The setting takes them out of the payload and of its hash."""
    world = World(rois=[ROI | {"Fax": "1"}], roi_columns=ROI_COLUMNS)
    guarded = replace(world, options=Options(protected_properties=frozenset({"raw_provider_fax"})))

    assert "raw_provider_fax" in oracle.decide(world).rois["7"].properties
    assert "raw_provider_fax" not in oracle.decide(guarded).rois["7"].properties
