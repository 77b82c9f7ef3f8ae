"""The main job on a made-up clinic, four times over: `python -m sandbox.demo`.

First everything, then the same again (nothing to do), then a day's changes, after which staff are
asked who is who, and then what they answered. Runs the real
`dbt build` and `python -m pusher` against the local stack, prints what became of every row and
why, and checks its own numbers: it exits non-zero if they do not add up.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sandbox.sample_data import Clinic, fill
from sandbox.stack import PATIENT, LocalStack, StackError

ENTITIES = {
    "patients": ("PatientsWithStatistics", "contacts", "amd_patient_id"),
    "rois": ("ROIs", "p_roi", "roi_id"),
}
INTERRUPTED = 130  # what a shell says of Ctrl-C
CHANGED_PATIENTS = 6
CHANGED_ROIS = 4


@dataclass
class Checks:
    """What has to be true; every claim that the demo prints is one of these."""

    failed: list[str] = field(default_factory=list)

    def equal(self, what: str, expected: object, actual: object) -> None:
        if expected == actual:
            shown = f"all {len(actual)}" if isinstance(actual, list) else actual
            print(f"  ok     {what}: {shown}")
        else:
            print(f"  WRONG  {what}: {actual}, expected {expected}")
            self.failed.append(what)


@dataclass(frozen=True)
class Run:
    """One build and push, as HubSpot and the warehouse saw it."""

    seconds: float
    requests: Counter[str]
    writes: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    outcomes: Counter[tuple[str, str, str]]

    @property
    def source_rows(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for row in self.decisions:
            total[row["entity"]] += row["source_rows"]
        return total

    @property
    def queued(self) -> int:
        return sum(row["queued"] for row in self.decisions)


def build_and_push(stack: LocalStack, *push: str) -> Run:
    print("\n$ dbt build", flush=True)
    started = time.monotonic()
    with ticking():
        stack.dbt("build")
    return push_only(stack, *push, started=started)


def push_only(stack: LocalStack, *push: str, started: float | None = None) -> Run:
    stack.hubspot.clear_requests()
    started = started or time.monotonic()
    print(f"$ python -m pusher {' '.join(push)}".rstrip(), flush=True)
    with ticking():
        stack.pusher(*push)
    seconds = time.monotonic() - started
    requests: Counter[str] = Counter()
    for count in stack.hubspot.request_counts():
        requests[_kind(count)] += count["count"]
    return Run(
        seconds,
        requests,
        stack.hubspot.writes(),
        decisions_of_last_run(stack),
        outcomes_of_last_run(stack),
    )


@contextmanager
def ticking() -> Iterator[None]:
    """The seconds that a step has taken so far, for whoever watches a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    started, done = time.monotonic(), threading.Event()

    def tick() -> None:
        while not done.wait(1.0):
            print(f"\r  {time.monotonic() - started:.0f} s", end="", file=sys.stderr, flush=True)
        print("\r          \r", end="", file=sys.stderr, flush=True)

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _kind(count: dict[str, Any]) -> str:
    """`POST …/batch/upsert` as its last word, anything else as `other`."""
    path = str(count["path"])
    for kind in ("batch/update", "batch/upsert", "batch/read", "search"):
        if path.endswith(f"/{kind}"):
            return kind
    return "list" if path.endswith("/{type}") and "objects" in path else "other"


def decisions_of_last_run(stack: LocalStack) -> list[dict[str, Any]]:
    return stack.query(
        f"""
        select
            entity,
            state,
            reason,
            match_tier,
            count(*) as records,
            sum(source_rows) as source_rows,
            countif(is_queued) as queued
        from `{stack.etl}.reverse_etl_snapshot`
        group by entity, state, reason, match_tier
        order by entity, state, reason, match_tier
        """
    )


def outcomes_of_last_run(stack: LocalStack) -> Counter[tuple[str, str, str]]:
    rows = stack.query(
        f"""
        with last_run as (
            select run_id from `{stack.etl}.reverse_etl_run_ledger`
            order by started_at desc limit 1
        )

        select
            push_log.entity,
            push_log.outcome,
            coalesce(push_log.code, '') as code,
            count(*) as records
        from `{stack.etl}.reverse_etl_push_log` as push_log
        inner join last_run on push_log.run_id = last_run.run_id
        group by push_log.entity, push_log.outcome, code
        """
    )
    return Counter({(row["entity"], row["outcome"], row["code"]): row["records"] for row in rows})


# ---------------------------------------------------------------- a day at the clinic


@dataclass(frozen=True)
class Day:
    """What changed, and which natural keys have to be written for it."""

    patients: list[str]
    rois: list[str]
    matched_patient: str
    lead_id: str
    processed_roi_id: str
    staff_text: str


def live_a_day(stack: LocalStack) -> Day:
    """Ten changes in AdvancedMD; in HubSpot a staff edit and a new lead."""
    patients = _unchanged_keys(stack, "patients", CHANGED_PATIENTS)
    rois = _unchanged_keys(stack, "rois", CHANGED_ROIS)
    stack.query(
        f"""
        update `{stack.amd}.PatientsWithStatistics`
        set HomePhone = '(303) 555-0142', updated_at = current_timestamp()
        where cast(cast(ID as int64) as string) in ({_list(patients)})
        """
    )
    stack.query(
        f"""
        update `{stack.amd}.ROIs`
        set Fax = '(303) 555-0143', updated_at = current_timestamp()
        where cast(cast(roi_id as int64) as string) in ({_list(rois)})
        """
    )
    processed = stack.query(
        f"""
        select hubspot_id from `{stack.etl}.sync_status`
        where entity = 'rois' and state = 'protected'
        order by natural_key limit 1
        """
    )[0]["hubspot_id"]
    staff_text = "Faxed twice, answered by phone"
    stack.hubspot.edit("p_roi", processed, raw_provider_name=staff_text)
    matched, lead = _patient_without_email(stack)
    return Day(
        patients, rois, matched, stack.hubspot.add("contacts", **lead), processed, staff_text
    )


def _unchanged_keys(stack: LocalStack, entity: str, count: int) -> list[str]:
    rows = stack.query(
        f"""
        select natural_key from `{stack.etl}.sync_status`
        where entity = '{entity}' and state = 'unchanged' and source_rows = 1
        order by natural_key limit {count}
        """
    )
    return [row["natural_key"] for row in rows]


def _patient_without_email(stack: LocalStack) -> tuple[str, dict[str, str]]:
    """A patient quarantined as no_email_no_match, and a lead that is the same person."""
    row = stack.query(
        f"""
        select
            sync_status.natural_key,
            trim(patients.FirstName) as first_name,
            trim(patients.LastName) as last_name,
            cast(patients.DOB as string) as birth
        from `{stack.etl}.sync_status` as sync_status
        inner join `{stack.amd}.PatientsWithStatistics` as patients
            on sync_status.natural_key = cast(cast(patients.ID as int64) as string)
        where
            sync_status.entity = 'patients'
            and sync_status.reason = 'no_email_no_match'
            and sync_status.source_rows = 1
            and patients.FirstName is not null
            and patients.LastName is not null
            and patients.DOB > date '1935-01-01'
        order by sync_status.natural_key limit 1
        """
    )[0]
    return row["natural_key"], {
        "firstname": row["first_name"].lower(),
        "lastname": row["last_name"],
        "ncf_date_of_birth": row["birth"],
        "phone": "(303) 555-0144",
    }


def _list(keys: Iterable[str]) -> str:
    return ", ".join(f"'{key}'" for key in keys)


@dataclass(frozen=True)
class Evening:
    """Two questions that staff answer: a patient and a contact each."""

    same: tuple[str, str]
    different: tuple[str, str]


def answer_two(stack: LocalStack) -> Evening:
    """Of patients who have one suspect, and who would be created without it."""
    rows = stack.query(
        f"""
        select sync_status.natural_key, sync_status.candidates
        from `{stack.etl}.sync_status` as sync_status
        inner join `{stack.etl}.match_contacts` as matches
            on sync_status.record_ref = matches.record_ref
        where
            sync_status.reason = 'suspected_duplicate'
            and matches.reason is null
            and strpos(sync_status.candidates, ',') = 0
        order by sync_status.natural_key
        """
    )
    asked = {
        (record["amd_review_patient_id"], hubspot_id)
        for hubspot_id, record in stack.hubspot.live("contacts").items()
        if record.get("amd_review") == "open"
    }
    pairs = [(row["natural_key"], row["candidates"]) for row in rows]
    same, different = [pair for pair in pairs if pair in asked][:2]
    stack.hubspot.edit("contacts", same[1], amd_review_decision="same")
    stack.hubspot.edit("contacts", different[1], amd_review_decision="different")
    return Evening(same, different)


# ---------------------------------------------------------------- checks and print


def check_sums(stack: LocalStack, run: Run, checks: Checks) -> None:
    for entity, (table, object_type, natural_id) in ENTITIES.items():
        rows = stack.query(f"select count(*) as total from `{stack.amd}.{table}`")[0]["total"]
        checks.equal(f"{entity}: states add up to the source's rows", rows, run.source_rows[entity])
        keys = Counter(
            properties[natural_id]
            for properties in stack.hubspot.live(object_type).values()
            if properties.get(natural_id)
        )
        doubles = sum(count > 1 for count in keys.values())
        checks.equal(f"{entity}: doubled in HubSpot by {natural_id}", 0, doubles)
    answered = sum(run.outcomes.values())
    checks.equal("every queued record has a result", run.queued, answered)
    confirmed = sum(
        count
        for (_, outcome, _), count in run.outcomes.items()
        if outcome in ("created", "updated")
    )
    checks.equal("records that HubSpot wrote = confirmed results", len(run.writes), confirmed)


def print_run(title: str, run: Run) -> None:
    print(f"\n{title} ({run.seconds:.0f} s)\n")
    columns = ("entity", "state", "reason", "match_tier", "records", "source_rows", "queued")
    print_table(columns, ([row[name] for name in columns] for row in run.decisions))
    if run.outcomes:
        print()
        print_table(
            ("entity", "HubSpot's answer", "code", "records"),
            ([*names, count] for names, count in sorted(run.outcomes.items())),
        )
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(run.requests.items()))
    print(f"\n  HubSpot requests: {sum(run.requests.values())} ({told})")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    lines = [list(columns), *(["" if cell is None else str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    lines.insert(1, ["-" * width for width in widths])
    for line in lines:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(f"  {text.rstrip()}")


def run_demo(stack: LocalStack, clinic: Clinic) -> list[str]:
    """The whole story; returns what was wrong."""
    checks = Checks()
    loaded = fill(stack.bigquery, stack.hubspot, stack.gcp_project, clinic)
    print(
        f"AdvancedMD: {loaded.patients} patient rows, {loaded.rois} ROI rows. HubSpot: "
        f"{loaded.contacts} contacts, {loaded.roi_records} ROIs, {loaded.mapped} of them in the id "
        "map of an older implementation.",
        flush=True,
    )

    first = build_and_push(stack, "initial-load", "--yes")
    print_run("1. The first run", first)
    check_sums(stack, first, checks)

    second = build_and_push(stack)
    print_run("2. The same again", second)
    check_sums(stack, second, checks)
    checks.equal("writes", 0, len(second.writes))
    # What it asks of the portal each night, and reads of what the first run wrote.
    limit = 14 + len(first.writes) // 200
    checks.equal(f"at most {limit} requests", True, sum(second.requests.values()) <= limit)

    print("\n$ python -m pusher setup", flush=True)
    stack.pusher("setup")
    day = live_a_day(stack)
    third = build_and_push(stack)
    print_run(
        "3. After ten changes in AdvancedMD, a staff edit on a processed ROI, and a lead whose "
        "name and date of birth are those of a patient without email",
        third,
    )
    check_sums(stack, third, checks)
    check_day(stack, day, third, checks)

    evening = answer_two(stack)
    print()
    fourth = push_only(stack)
    print_run(
        "4. After staff have said in HubSpot of one contact that it is the patient, and of another "
        "that it is not",
        fourth,
    )
    check_evening(stack, evening, checks)

    print("\nThe numbers add up." if not checks.failed else "\nThe numbers do not add up.")
    return checks.failed


def check_day(stack: LocalStack, day: Day, run: Run, checks: Checks) -> None:
    log = stack.query(
        f"""
        with last_run as (
            select run_id from `{stack.etl}.reverse_etl_run_ledger`
            order by started_at desc limit 1
        )

        select push_log.entity, push_log.natural_key, push_log.outcome, push_log.hubspot_id
        from `{stack.etl}.reverse_etl_push_log` as push_log
        inner join last_run on push_log.run_id = last_run.run_id
        """
    )
    log = [row for row in log if row["entity"] in ENTITIES]
    written = sorted((row["entity"], row["natural_key"]) for row in log)
    expected = sorted(
        [("patients", key) for key in [*day.patients, day.matched_patient]]
        + [("rois", key) for key in day.rois]
    )
    checks.equal("written: the ten changed rows and the matched patient", expected, written)
    checks.equal("of them updates", len(expected), sum(row["outcome"] == "updated" for row in log))
    lead = stack.hubspot.live("contacts")[day.lead_id]
    checks.equal(
        "the new lead is that patient now", day.matched_patient, lead.get("amd_patient_id")
    )
    roi = stack.hubspot.live("p_roi")[day.processed_roi_id]
    checks.equal("the staff edit stands", day.staff_text, roi.get("raw_provider_name"))


def check_evening(stack: LocalStack, evening: Evening, checks: Checks) -> None:
    contacts = stack.hubspot.live("contacts")
    owners = {record.get("amd_patient_id"): hubspot_id for hubspot_id, record in contacts.items()}
    patient, contact = evening.same
    checks.equal("said to be the same: the contact is that patient", contact, owners.get(patient))
    patient, contact = evening.different
    is_another = owners.get(patient) not in (None, contact)
    checks.equal("said to be different: the patient has another contact", True, is_another)
    shown = [
        contacts[contact].get(name) or "-"
        for _, contact in (evening.same, evening.different)
        for name in ("amd_review", "amd_review_decision")
    ]
    checks.equal("both questions", "closed - closed -", " ".join(shown))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.demo", description=__doc__)
    size = Clinic()
    parser.add_argument("--patients", type=int, default=size.patients)
    parser.add_argument("--rois", type=int, default=size.rois)
    parser.add_argument("--contacts", type=int, default=size.contacts)
    parser.add_argument("--seed", type=int, default=size.seed)
    given = parser.parse_args()

    started = time.monotonic()
    clinic = Clinic(given.patients, given.rois, given.contacts, given.seed)
    # SIGTERM ends it as Ctrl-C does: the processes of the stack go with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print("Starting the local BigQuery and HubSpot…", file=sys.stderr, flush=True)
    try:
        with LocalStack(settings=PATIENT) as stack:
            failed = run_demo(stack, clinic)
    except KeyboardInterrupt:
        print("\nStopped; nothing is left running.", file=sys.stderr)
        return INTERRUPTED
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{time.monotonic() - started:.0f} s in all.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
