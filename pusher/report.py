"""What SQL says about the state of the sync, as plain tables or JSON. Asks BigQuery only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pusher.logs import printable
from pusher.settings import Settings
from pusher.warehouse import Row, Warehouse


def status(warehouse: Warehouse, settings: Settings) -> dict[str, list[Row]]:
    """Last runs, what is due, quarantine and dead letters, lease, mirror age, build stamps."""
    table = settings.table
    queries = {
        "runs": f"""
            select started_at, finished_at, job_type as entity, status, phase, exit_code,
                created_count, updated_count, error_count, quarantined_count, creates_left, run_id
            from `{settings.ledger_table}`
            order by started_at desc, entity
            limit 10""",
        "records": _records(settings),
        "dead_letters": f"select * from {table('dead_letter_counts')} order by entity, reason",
        "lease": f"""
            select coalesce(expires_at > current_timestamp(), false) as is_held, holder,
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
            select entity, status, started_at, finished_at, target, source_rows, source_fresh_at
            from {table("reverse_etl_builds")}
            qualify row_number() over (
                partition by entity order by started_at desc, invocation_id
            ) = 1
            order by entity""",
    }
    return {name: warehouse.query(sql) for name, sql in queries.items()}


def preview(
    warehouse: Warehouse, settings: Settings, entities: Sequence[str], limit: int
) -> dict[str, list[Row]]:
    """How many records are in which state, and which ones would be sent."""
    due = warehouse.query(
        f"""select entity, operation, match_tier, record_ref
        from {settings.table("push_queue")}
        order by entity, operation, match_tier, record_ref
        limit {int(limit)}"""
    )
    tables = {"records": warehouse.query(_records(settings)), "due": due}
    return {
        name: [row for row in rows if row["entity"] in (entities or [row["entity"]])]
        for name, rows in tables.items()
    }


def text(tables: Mapping[str, Sequence[Row]]) -> str:
    """Tables for people."""
    return "\n\n".join(f"{name}\n{_table(rows)}" for name, rows in tables.items())


def as_json(tables: Mapping[str, Sequence[Row]]) -> str:
    """The same for machines."""
    return json.dumps(tables, default=str, indent=2)


def _records(settings: Settings) -> str:
    return f"""
        select entity, state, reason, count(*) as records, sum(source_rows) as source_rows
        from {settings.table("sync_status")}
        group by entity, state, reason
        order by entity, state, reason"""


def _table(rows: Sequence[Row]) -> str:
    if not rows:
        return "  (none)"
    cells = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:%Y-%m-%d %H:%M:%S}" if hasattr(value, "strftime") else printable(str(value))
