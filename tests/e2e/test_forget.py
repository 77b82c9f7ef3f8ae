"""A patient who is erased: nothing of them is left in any cell, and nothing brings them back."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sandbox.stack import PROJECT_DIR, LocalStack

pytestmark = pytest.mark.slow

PATIENT_COLUMNS = [
    "ID", "Chart", "FirstName", "LastName", "DOB", "Email", "Address1", "City", "State", "Zipcode",
    "HomePhone",
]  # fmt: skip
ROI_COLUMNS = [
    "roi_id", "TemplateName", "PatientID", "Patient Name", "ProviderName", "Phone", "Email",
]  # fmt: skip
Row = dict[str, str | None]

GONE: Row = {
    "ID": "778812", "Chart": "CH-55871", "FirstName": "Wilhelmina", "LastName": "Quackenbush",
    "DOB": "1957-09-23", "Email": "home@quackenbush.org", "Address1": "77 Vanished Lane",
    "City": "Troy", "State": "NY", "Zipcode": "12180", "HomePhone": "(202) 555-0177",
}  # fmt: skip
# Of one household: the same home, phone and email; and an ID that is the number of one of the ROIs.
STAYS = GONE | {"ID": "90210", "Chart": "CH-1", "FirstName": "Ottilie", "DOB": "1960-01-02"}
OTHERS: list[Row] = [
    GONE
    | {
        "ID": str(100_000 + number), "Chart": f"CH-{number}", "FirstName": "Ada",
        "LastName": f"Byron{number}x", "DOB": "1980-02-29", "Email": f"a{number}@clinic.org",
        "Address1": f"{number} Elm St", "HomePhone": f"(202) 555-02{number:02}",
    }
    for number in range(10, 30)
]  # fmt: skip
LEAD = {
    "firstname": "Wilhelmina", "lastname": "Quackenbush", "ncf_date_of_birth": "1957-09-23",
}  # fmt: skip
ROI: Row = {
    "roi_id": "990001", "TemplateName": "Release", "PatientID": "778812.0",
    "Patient Name": "Wilhelmina Quackenbush", "ProviderName": "Dr. Onlyhers", "Phone": "2025550188",
    "Email": "office@onlyhers.org",
}  # fmt: skip
ROIS: list[Row] = [
    ROI,
    ROI | {"roi_id": None, "PatientID": "778812"},
    *(
        dict.fromkeys(ROI_COLUMNS)
        | {"roi_id": str(90210 + number), "TemplateName": "Release", "PatientID": "90210"}
        for number in range(20)
    ),
]
# Of the shared values none is here.
PLANTED = (
    "778812", "ch-55871", "wilhelmina", "1957-09-23", "990001", "onlyhers", "2025550188",
)  # fmt: skip
SETTINGS = {"MASS_CHANGE_PERCENT": "100", "SOURCE_SHRINK_PERCENT": "100"}


def test_nothing_is_left_of_who_is_forgotten_and_nothing_brings_them_back() -> None:
    with LocalStack(settings=SETTINGS) as stack:
        stack.hubspot.provision()
        lead = stack.hubspot.add("contacts", email="before@quackenbush.org", **LEAD)
        merged = stack.hubspot.add("contacts", email="w@quackenbush.org")
        _replicate(stack, [GONE, STAYS, *OTHERS], ROIS)
        _night(stack)
        contact = stack.hubspot.merge(lead, merged)
        _night(stack)
        _leave_traces(stack, contact)
        dry_run = stack.pusher("forget", "778812").stdout
        refused = [
            stack.pusher("forget", "778812", *options, check=False)
            for options in (["--yes"], ["--yes", "--suppress"])
        ]
        (roi,) = (
            roi_id
            for roi_id, properties in stack.hubspot.live("p_roi").items()
            if properties["roi_id"] == "990001"
        )
        stack.hubspot.gdpr_delete(contact)
        stack.hubspot.archive(roi, object_type="p_roi")
        in_amd = stack.pusher("forget", "778812", "--yes", check=False)
        before = _found(stack)
        done = stack.pusher("forget", "778812", "--suppress", "--yes")
        after = _found(stack, contact, lead, merged, roi)

        assert _tables_of_records(stack) == _tables_that_are_emptied()
        assert [table for table in before if table not in dry_run] == []
        assert "a dry run" in dry_run
        assert {(one.exit_code, "still_in_hubspot" in one.stdout) for one in refused} == {(4, True)}
        assert in_amd.exit_code == 4
        assert "still_in_amd: AMD has 1 patients, 2 rois" in in_amd.stdout
        assert {
            "base_amd__patients", "base_amd__rois", "outbox_contacts", "outbox_rois",
            "hubspot_id_map", "reverse_etl_push_log", "reverse_etl_dlq", "reverse_etl_snapshot",
            "hubspot_mirror_stage", "match_decisions",
        } <= before.keys()  # fmt: skip
        assert "0 cells left" in done.stdout
        assert after == {}
        for command in (*refused, in_amd, done):
            assert [word for word in PLANTED if word in command.stdout.lower()] == []

        # The one of that household is held back no longer; after that all is quiet.
        for written_keys in ({STAYS["ID"]}, set[str]()):
            written = len(stack.hubspot.writes())
            _night(stack)
            people = stack.hubspot.live("contacts")
            writes = [str(write["id"]) for write in stack.hubspot.writes()[written:]]
            assert {people[one]["amd_patient_id"] for one in writes} == written_keys
            assert _found(stack, contact, lead, merged, roi) == {}
        assert _states(stack)["suppressed"] == 3  # the patient's row and two ROIs'
        assert _states(stack)[None] == len(OTHERS) + 1 + 20
        again = stack.pusher("forget", "778812", "--yes").stdout
        assert "0 cells left" in again

        # By mistake? What the runbook says lifts it.
        stack.query(
            f"""update `{stack.etl}.reverse_etl_forgotten` set is_suppressed = false
            where key_hash = to_hex(sha256(concat(salt, '|forgotten|', entity, '|', '778812')))"""
        )
        _night(stack)
        assert _states(stack).get("suppressed", 0) == 1
        back = f"select reason from `{stack.etl}.sync_status` where natural_key = '778812'"
        assert stack.query(back) == [{"reason": "email_held_by_other_patient"}]


def _leave_traces(stack: LocalStack, contact: str) -> None:
    """What no quiet night leaves: a dead letter, a refresh that was killed, what people decided."""
    etl = stack.etl
    stack.query(
        f"""insert into `{etl}.match_decisions`
            (natural_key, hubspot_id, verdict, decided_at, source, note)
        values
            (' 778812.0', '{contact}', 'different', current_timestamp(), 'bigquery', 'Wilhelmina'),
            ('90210', ' {contact} ', 'different', current_timestamp(), 'bigquery', 'her sister')"""
    )
    stack.query(
        f"""insert into `{etl}.reverse_etl_dlq`
            (ts, job_type, natural_key, record_ref, reason, payload_hash, hubspot_id, last_seen_at)
        select current_timestamp(), entity, natural_key, record_ref, 'rejected_x', payload_hash,
            hubspot_id, current_timestamp()
        from `{etl}.hubspot_id_map` where natural_key in ('778812', '990001')"""
    )
    stack.query(
        f"""insert into `{etl}.hubspot_mirror_stage`
            (refresh_id, entity, hubspot_id, properties, loaded_at)
        select 'killed', entity, hubspot_id, properties, current_timestamp()
        from `{etl}.hubspot_mirror` where hubspot_id = '{contact}'"""
    )


def _replicate(stack: LocalStack, patients: list[Row], rois: list[Row]) -> None:
    for table, columns, rows in (
        ("PatientsWithStatistics", PATIENT_COLUMNS, patients), ("ROIs", ROI_COLUMNS, rois),
    ):  # fmt: skip
        stack.create_source(table, [(column, "STRING") for column in columns], rows)


def _night(stack: LocalStack) -> None:
    stack.dbt("build")
    stack.pusher("--allow-mass-change")


def _states(stack: LocalStack) -> dict[Any, int]:
    rows = stack.query(
        f"select reason, sum(source_rows) as n from `{stack.etl}.sync_status` group by reason"
    )
    return {row["reason"]: row["n"] for row in rows}


def _found(stack: LocalStack, *ids: str) -> dict[str, list[str]]:
    """Tables, read whole, and their columns in which stands a planted value, or an id as a cell."""
    seeds = {path.stem for path in (PROJECT_DIR / "seeds").glob("*.csv")}
    found: dict[str, list[str]] = {}
    for table in stack.bigquery.list_tables(stack.etl):
        if table.table_type != "TABLE" or table.table_id in seeds:
            continue
        for row in stack.query(f"select * from `{stack.etl}.{table.table_id}`"):
            for name, value in row.items():
                cells = [str(cell) for cell in (value if isinstance(value, list) else [value])]
                if any(word in cell.lower() for word in PLANTED for cell in cells) or (
                    name in ("hubspot_id", "merged_id", "survivor_id") and value in ids
                ):
                    found.setdefault(table.table_id, []).append(name)
    return found


def _tables_of_records(stack: LocalStack) -> set[str]:
    """By the names of their columns: whoever adds a table of records has it emptied as well."""
    rows = stack.query(
        f"""select distinct columns.table_name
        from `{stack.etl}`.INFORMATION_SCHEMA.COLUMNS as columns
        inner join `{stack.etl}`.INFORMATION_SCHEMA.TABLES as tables
            on columns.table_name = tables.table_name
        where tables.table_type = 'BASE TABLE'
            and regexp_contains(column_name, 'natural_key|record_ref|hubspot_id|merged_id')"""
    )
    return {row["table_name"] for row in rows}


def _tables_that_are_emptied() -> set[str]:
    sql = (PROJECT_DIR / "models" / "operations" / "forget_record.sql").read_text(encoding="utf-8")
    listed = sql.rpartition("{% for table")[2].partition("%}")[0]
    names = re.findall(r"(?:source\('\w+', |ref\()'(\w+)'\)|\((id_map),", listed)
    return {"hubspot_id_map" if alias else name for name, alias in names}
