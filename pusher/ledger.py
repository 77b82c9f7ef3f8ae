"""`reverse_etl_run_ledger`: one row per run and entity, from `running` to how it ended."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

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
    warnings: Mapping[str, frozenset[str]],
) -> None:
    """Write how the run ended. Its HubSpot requests stand on its first row; entities without
    `warnings` never got to their gates."""
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
        if entity in warnings:
            row["warnings"] = ",".join(sorted(warnings[entity]))
        at.warehouse.execute(
            f"""update `{at.settings.ledger_table}`
            set {", ".join(f"{column} = @{column}" for column in row)}
            where run_id = @run_id and job_type = @entity""",
            run_id=at.run_id,
            entity=entity,
            **row,
        )
        requests = 0


class Previous(NamedTuple):
    """What people have been told of these entities, as far as the ledger knows."""

    status: str | None  # of the last run that came to an end by itself
    warnings: dict[str, frozenset[str]]  # codes, by entity, of the last that asked the gates


def previous(at: Session) -> Previous:
    """How the runs before this one ended."""
    rows = at.warehouse.query(
        f"""with ended as (
            select job_type as entity, status, warnings, started_at,
                if(warnings is null, null, started_at) as asked_at
            from `{at.settings.ledger_table}`
            where run_id != @run_id and status not in ('running', 'interrupted')
                and job_type in unnest(@entities)
        )
        select latest.entity, latest.status, asked.warnings
        from (
            select * from ended
            qualify row_number() over (partition by entity order by started_at desc) = 1
        ) as latest
        left join (
            select * from ended
            qualify row_number() over (partition by entity order by asked_at desc) = 1
        ) as asked
            on latest.entity = asked.entity
        order by latest.started_at desc""",
        run_id=at.run_id,
        entities=at.entities,
    )
    return Previous(
        rows[0]["status"] if rows else None,
        {row["entity"]: frozenset((row["warnings"] or "").split(",")) - {""} for row in rows},
    )
