"""`reverse_etl_run_ledger`: one row per run and entity, from `running` to how it ended."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

from pusher.results import CONFIRMED, CREATED, UPDATED
from pusher.session import Session
from pusher.warehouse import Row

# Column → type, so that a column which is null in every row still has one.
OPENED = {
    "run_id": "string",
    "started_at": "timestamp",
    "job_type": "string",
    "high_watermark": "timestamp",
    "status": "string",
    "settings": "string",
    "build_id": "string",
    "portal_id": "string",
    "host": "string",
}
CLOSED = {
    "finished_at": "timestamp",
    "read_count": "int64",
    "updated_count": "int64",
    "created_count": "int64",
    "skipped_count": "int64",
    "error_count": "int64",
    "status": "string",
    "phase": "string",
    "exit_code": "int64",
    "quarantined_count": "int64",
    "protected_count": "int64",
    "unchanged_count": "int64",
    "failed_count": "int64",
    "creates_left": "int64",
    "hubspot_requests": "int64",
}


def open_run(session: Session, started_at: datetime) -> None:
    """Write the `running` rows, with the settings of the newest build as we would have them."""
    settings = session.settings
    newest = session.warehouse.query(
        f"""select entity, invocation_id, settings, high_watermark
        from {settings.table("reverse_etl_builds")}
        qualify row_number() over (
            partition by entity order by started_at desc, invocation_id
        ) = 1"""
    )
    builds: Mapping[str, Row] = {row["entity"]: row for row in newest}
    rows = []
    for entity in session.entities:
        build = builds.get(entity, {})
        stamp = build.get("settings")
        rows.append(
            {
                "run_id": session.run_id,
                "started_at": started_at,
                "job_type": entity,
                "high_watermark": build.get("high_watermark"),
                "status": "running",
                "settings": settings.stamp(stamp) if stamp else None,
                "build_id": build.get("invocation_id"),
                "portal_id": session.portal_id,
                "host": socket.gethostname(),
            }
        )
    session.warehouse.execute(
        f"""insert into `{settings.ledger_table}` ({", ".join(OPENED)})
        select {_casts(OPENED)} from unnest(@rows) as opened""",
        rows=rows,
    )


def close_run(
    session: Session,
    *,
    status: str,
    step: str,
    exit_code: int,
    counts: Mapping[str, Mapping[str, int]],
    creates_left: Mapping[str, int],
) -> None:
    """Write how the run ended. Its HubSpot requests stand on its first row."""
    requests = session.hubspot.requests
    rows = []
    for entity in session.entities:
        of = Counter(counts.get(entity, {}))
        confirmed = sum(of[outcome] for outcome in CONFIRMED)
        rows.append(
            {
                "run_id": session.run_id,
                "job_type": entity,
                "finished_at": datetime.now(UTC),
                "read_count": of["source_rows"],
                "updated_count": of[UPDATED],
                "created_count": of[CREATED],
                "skipped_count": of["records"] - of["queued"],
                "error_count": of["answered"] - confirmed,
                "status": status,
                "phase": step,
                "exit_code": exit_code,
                "quarantined_count": of["quarantined"],
                "protected_count": of["protected"],
                "unchanged_count": of["unchanged"],
                "failed_count": of["failed"],
                "creates_left": creates_left.get(entity),
                "hubspot_requests": requests,
            }
        )
        requests = 0
    keys = {"run_id": "string", "job_type": "string"}
    session.warehouse.execute(
        f"""merge into `{session.settings.ledger_table}` as ledger
        using (select {_casts(keys | CLOSED)} from unnest(@rows) as opened) as closed
            on ledger.run_id = closed.run_id and ledger.job_type = closed.job_type
        when matched then update set
            {", ".join(f"{column} = closed.{column}" for column in CLOSED)}""",
        rows=rows,
    )


def previous_status(session: Session) -> str | None:
    """How the run before this one ended, for these entities."""
    rows = session.warehouse.query(
        f"""select status from `{session.settings.ledger_table}`
        where run_id != @run_id and status != 'running' and job_type in unnest(@entities)
        order by started_at desc
        limit 1""",
        run_id=session.run_id,
        entities=session.entities,
    )
    return rows[0]["status"] if rows else None


def _casts(columns: Mapping[str, str]) -> str:
    return ", ".join(f"cast(opened.{name} as {kind}) as {name}" for name, kind in columns.items())
