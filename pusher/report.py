"""What SQL says about the state of the sync, as plain tables or JSON. Asks BigQuery only."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from textwrap import wrap
from typing import Any
from zoneinfo import ZoneInfo

from pusher import session
from pusher.logs import printable, printable_lines
from pusher.outcome import RunOutcome
from pusher.settings import Settings
from pusher.warehouse import Row, Warehouse

UTC = ZoneInfo("UTC")
WIDTH = 80
HEADS = {"match_tier": "tier", "source_rows": "rows"}  # on a screen; in JSON as in SQL
COLUMNS = {  # a column of a screen → the states that it adds up
    "in step": ("unchanged",),
    "due": ("create", "update"),
    "held": ("quarantined",),
    "refused": ("failed",),
    "with staff": ("protected",),
    "excluded": ("excluded",),
}
FATE = ("entity", "state", "reason", "match_tier")
LISTED = ("match_tier", "record_ref", "candidates", "changed_properties")


def status(warehouse: Warehouse, settings: Settings) -> dict[str, list[Row]]:
    """Last runs, what is due, quarantine and dead letters, lease, mirror age, build stamps."""
    table = settings.table
    queries = {
        "standing": f"""
            select job_type as entity,
                max(if(status = 'success', finished_at, null)) as last_good_at,
                array_agg(status order by started_at desc limit 1)[safe_offset(0)] as last_status,
                array_agg(phase order by started_at desc limit 1)[safe_offset(0)] as last_phase
            from `{settings.ledger_table}`
            where status != 'running'
            group by job_type
            order by entity""",
        "warnings": f"""
            select entity, code
            from (
                select job_type as entity, warnings
                from `{settings.ledger_table}`
                where warnings is not null
                qualify row_number() over (partition by job_type order by started_at desc) = 1
            ) as asked
            cross join unnest(split(asked.warnings, ',')) as code
            where code != ''
            order by entity, code""",
        "runs": f"""
            select started_at, finished_at, job_type as entity, status, phase, exit_code,
                created_count, updated_count, error_count, quarantined_count, creates_left, run_id
            from `{settings.ledger_table}`
            order by started_at desc, entity
            limit 10""",
        "records": f"""
            select
                entity, state, reason, match_tier, count(*) as records,
                sum(source_rows) as source_rows
            from {table("sync_status")}
            group by entity, state, reason, match_tier
            order by entity, state, reason, match_tier""",
        "dead_letters": f"select * from {table('dead_letter_counts')} order by entity, reason",
        "lease": f"""
            select coalesce(expires_at > current_timestamp(), false) as is_held, holder, host,
                acquired_at, expires_at, portal_id
            from {table("reverse_etl_lease")}
            where lease_name = 'pusher'""",
        "mirror": f"""
            select plan.entity, plan.live_rows, plan.watermark, state.refreshed_at,
                state.full_refreshed_at, plan.needs_full
            from {table("mirror_plan")} as plan
            left join {table("hubspot_mirror_state")} as state
                on plan.entity = state.entity
            order by entity""",
        "builds": f"""
            select entity, status, problems, started_at, finished_at, target, source_rows,
                source_fresh_at
            from {table("reverse_etl_builds")}
            qualify row_number() over (
                partition by entity order by started_at desc, invocation_id
            ) = 1
            order by entity""",
    }
    return {name: warehouse.query(sql) for name, sql in queries.items()}


def preview(
    warehouse: Warehouse, settings: Settings, entities: tuple[str, ...], limit: int
) -> dict[str, list[Row]]:
    """How many records are in which state, and which ones would be sent."""
    names = [row["entity"] for row in session.chosen(warehouse, settings, entities)]
    # Asked once: the view decides every record anew each time.
    rows = warehouse.query(
        f"""select *
        from (
            select entity, state, reason, match_tier, record_ref, candidates, changed_properties,
                count(*) over (fate) as records,
                sum(source_rows) over (fate) as source_rows,
                row_number() over (fate order by record_ref) as nth
            from {settings.table("sync_status")}
            where entity in unnest(@entities)
            window fate as (partition by entity, state, reason, match_tier)
        ) as ranked
        where nth <= {int(limit)} or nth = 1
        order by entity, state, reason, match_tier, nth""",
        entities=names,
    )
    due = [row for row in rows if row["state"] in ("create", "update")]
    held = [row for row in rows if row["state"] == "quarantined"]
    return {
        "records": [
            {name: row[name] for name in (*FATE, "records", "source_rows")}
            for row in rows
            if row["nth"] == 1
        ],
        "due": _named(due, limit, "state", "match_tier", "record_ref", "changed_properties"),
        "held": _named(held, limit, "reason", "match_tier", "record_ref", "candidates"),
    }


def _named(rows: Sequence[Row], limit: int, *columns: str) -> list[Row]:
    return [{name: row[name] for name in ("entity", *columns)} for row in rows[:limit]]


def previewed(tables: Mapping[str, Sequence[Row]]) -> str:
    """A preview for people: the records of each fate below its name, which beside them would leave
    no room for what they could be in HubSpot, or what of them is sent."""
    parts: dict[str, Sequence[Row]] = {"records": tables["records"]}
    unnamed = []
    for name, states in (("due", ("create", "update")), ("held", ("quarantined",))):
        lists: dict[str, list[Row]] = {}
        for row in tables[name]:
            fate = f"{name}: {row['entity']}, {row.get('reason') or row['state']}"
            shown = {column: row[column] for column in LISTED if column in row}
            lists.setdefault(fate, []).append(shown)
        parts |= lists or {name: []}
        there = sum(row["records"] for row in tables["records"] if row["state"] in states)
        if there > len(tables[name]):
            unnamed.append(f"{len(tables[name])} of {there} {name} are named; --limit names more.")
    return "\n\n".join(part for part in (text(parts), "\n".join(unnamed)) if part)


def ending(outcome: RunOutcome) -> str:
    """What a run came to, for whoever watched it, or gets a mail. What was due and is in no column
    is due again."""
    total = Counter[str]()
    for of in outcome.counts.values():
        total.update(of)
    seconds = (outcome.finished_at - outcome.started_at).total_seconds()
    sentence = (
        f"The run ended as {outcome.status}: HubSpot confirmed "
        f"{total['created'] + total['updated']} of {total['queued']} records, {seconds:.0f} s."
    )
    rows = [
        {
            "entity": entity,
            "created": of.get("created", 0),
            "updated": of.get("updated", 0),
            **added_up(of, without="due"),
        }
        for entity, of in outcome.counts.items()
    ]
    return f"{sentence}\n{table(rows)}" if rows else sentence


def added_up(states: Mapping[str, int], without: str = "") -> dict[str, int]:
    """Records by state in the words of a screen."""
    return {
        name: sum(states.get(state, 0) for state in of)
        for name, of in COLUMNS.items()
        if name != without
    }


def text(tables: Mapping[str, Sequence[Row]], zone: ZoneInfo = UTC) -> str:
    """Tables for people, with times in their zone."""
    return "\n\n".join(f"{name}\n{table(rows, zone)}" for name, rows in tables.items())


def as_json(tables: Mapping[str, Sequence[Row]]) -> str:
    """The same for machines."""
    return json.dumps(tables, default=str, indent=2)


def findings(rows: Sequence[Row]) -> str:
    """What there is to say of the portal: the verdict, then what must be mended, then the rest."""
    errors = sum(row["severity"] == "error" for row in rows)
    lines = ["All is as the catalogue needs it."]
    if rows:
        lines = [f"{errors or 'Nothing'} must be mended; notes are for reading."]
    for row in sorted(rows, key=lambda row: str(row["severity"] != "error")):
        lines.append(f"  {row['severity']}: {row['entity']} {cell(row['property'])} {row['code']}")
        lines.append(f"    {row['finding']} {row['what_to_do']}")
    return "\n".join(part for line in lines for part in wrapped(line))


def wrapped(text: str) -> list[str]:
    """Lines that fit a narrow terminal, and do it no harm; further ones indented as the first."""
    indent = " " * (len(text) - len(text.lstrip()))
    return [
        part
        for line in printable_lines(text).split("\n")
        for part in ([line] if len(line) <= WIDTH else wrap(line, WIDTH, subsequent_indent=indent))
    ]


def table(rows: Sequence[Row], zone: ZoneInfo = UTC) -> str:
    """Columns side by side; the last one is wrapped where the screen would do it otherwise."""
    if not rows:
        return "  (none)"
    heads = [HEADS.get(name, name) for name in rows[0]]
    cells = [heads, *([cell(value, zone) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(heads))]
    start = sum(2 + width for width in widths[:-1]) + 2
    room = WIDTH - start if start <= WIDTH // 4 * 3 else widths[-1]
    lines = []
    for line in cells:
        before = "".join(
            f"  {text:<{width}}" for text, width in zip(line, widths[:-1], strict=False)
        )
        first, *further = (
            wrap(line[-1].replace(",", ", "), room) if len(line[-1]) > room else line[-1:]
        )
        lines += [f"{before}  {first}".rstrip(), *(" " * start + part for part in further)]
    return "\n".join(lines)


def cell(value: Any, zone: ZoneInfo = UTC) -> str:
    """One value; a time says of which zone it is."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M %Z}"
    return printable(str(value))
