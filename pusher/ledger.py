"""`reverse_etl_run_ledger`: one row per run and entity, from `running` to how it ended."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

from pusher.results import CONFIRMED, CREATED, UPDATED
from pusher.session import Session
from pusher.warehouse import Row


def open_run(at: Session, started_at: datetime) -> None:
    """Write the `running` rows, with the settings of the newest build as we would have them."""
    builds = newest_builds(at)
    for entity in at.entities:
        build = builds.get(entity, {})
        stamp = build.get("settings")
        row = {
            "run_id": at.run_id,
            "started_at": started_at,
            "job_type": entity,
            "high_watermark": build.get("high_watermark"),
            "source_fresh_at": build.get("source_fresh_at"),
            "status": "running",
            "settings": at.settings.stamp(stamp) if stamp else None,
            "settings_differ": at.settings.differences(stamp) if stamp else None,
            "build_id": build.get("invocation_id"),
            "portal_id": at.portal_id,
            "host": socket.gethostname(),
        }
        known = {column: value for column, value in row.items() if value is not None}
        at.warehouse.execute(
            f"""insert into `{at.settings.ledger_table}` ({", ".join(known)})
            values ({", ".join(f"@{column}" for column in known)})""",
            **known,
        )


def newest_builds(at: Session) -> dict[str, Row]:
    """The stamps that dbt wrote last, by entity."""
    rows = at.warehouse.query(
        f"""select * from {at.settings.table("reverse_etl_builds")}
        where entity in unnest(@entities)
        qualify row_number() over (
            partition by entity order by started_at desc, invocation_id
        ) = 1""",
        entities=at.entities,
    )
    return {row["entity"]: row for row in rows}


def close_run(
    at: Session,
    *,
    status: str,
    step: str,
    exit_code: int,
    counts: Mapping[str, Mapping[str, int]],
    creates_left: Mapping[str, int],
) -> None:
    """Write how the run ended. Its HubSpot requests stand on its first row."""
    requests = at.hubspot.requests
    for entity in at.entities:
        of = Counter(counts.get(entity, {}))
        row = {
            "finished_at": datetime.now(UTC),
            "read_count": of["source_rows"],
            "updated_count": of[UPDATED],
            "created_count": of[CREATED],
            "skipped_count": of["records"] - of["queued"],
            "error_count": of["answered"] - sum(of[outcome] for outcome in CONFIRMED),
            "status": status,
            "phase": step,
            "exit_code": exit_code,
            **{
                f"{state}_count": of[state]
                for state in ("quarantined", "protected", "unchanged", "failed", "excluded")
            },
            "hubspot_requests": requests,
        }
        if entity in creates_left:
            row["creates_left"] = creates_left[entity]
        at.warehouse.execute(
            f"""update `{at.settings.ledger_table}`
            set {", ".join(f"{column} = @{column}" for column in row)}
            where run_id = @run_id and job_type = @entity""",
            run_id=at.run_id,
            entity=entity,
            **row,
        )
        requests = 0


def previous_status(at: Session) -> str | None:
    """How the last run that came to an end by itself ended, for these entities."""
    rows = at.warehouse.query(
        f"""select status from `{at.settings.ledger_table}`
        where run_id != @run_id and status not in ('running', 'interrupted')
            and job_type in unnest(@entities)
        order by started_at desc
        limit 1""",
        run_id=at.run_id,
        entities=at.entities,
    )
    return rows[0]["status"] if rows else None
