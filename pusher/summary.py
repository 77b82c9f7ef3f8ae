"""How things stand, on one screen of 80 columns: the verdict, the records, what needs a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from pusher.report import added_up, cell, table, wrapped
from pusher.settings import Settings
from pusher.warehouse import Row


def summary(tables: Mapping[str, Sequence[Row]], settings: Settings, zone: ZoneInfo) -> str:
    """The tables of `status`, told."""
    needs = list(_needs(tables))
    portal = next((row["portal_id"] for row in tables["lease"] if row["portal_id"]), "none yet")
    lines = [
        f"{'Something needs a person' if needs else 'All is well'}. "
        f"Data set {settings.project}.{settings.dataset}, HubSpot portal {portal}.",
        *(
            f"{row['entity']}: last good run {cell(row['last_good_at'], zone)}, "
            f"last run {row['last_status']}."
            for row in tables["standing"]
        ),
        *(
            f"Run {row['holder']} is under way since {cell(row['acquired_at'], zone)} "
            f"on {row['host'] or '-'}."
            for row in tables["lease"]
            if row["is_held"]
        ),
        "" if tables["standing"] else "No run has ended yet.",
        table(list(_records(tables["records"]))),
    ]
    if needs:
        lines += ["", "What needs a person (docs/runbook.md explains each word)"]
        lines += ["  " + need for need in needs]
        lines += ["", "Which records: python -m pusher preview"]
    lines += ["", f"Times are {zone.key}. All the tables: python -m pusher status --all"]
    return "\n".join(part for line in lines for part in wrapped(line))


def _records(rows: Sequence[Row]) -> Iterator[Row]:
    for entity in sorted({row["entity"] for row in rows}):
        states: Counter[str] = Counter()
        for row in rows:
            if row["entity"] == entity:
                states[row["state"]] += row["records"]
        yield {"entity": entity, **added_up(states)}


def _needs(tables: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    for row in tables["builds"]:
        if row["status"] != "passed":
            found = f" ({row['problems']})" if row["problems"] else ""
            yield f"{row['entity']}: the build is {row['status']}{found}"
            yield "  dbt build"
    for row in tables["standing"]:
        if row["last_status"] in ("failed", "stopped"):
            yield f"{row['entity']}: the last run {row['last_status']} at {row['last_phase']}"
            yield "  mend what its alert says; python -m pusher"
    for row in tables["warnings"]:
        yield f"{row['entity']}: {row['code']}"
    reasons: Counter[tuple[str, str, str]] = Counter()
    for row in tables["records"]:
        if row["state"] in ("quarantined", "failed"):
            reasons[row["entity"], row["state"], row["reason"]] += row["records"]
    for (entity, state, reason), records in sorted(reasons.items(), key=lambda item: -item[1]):
        yield f"{records} {entity}: {reason}"
        if state == "failed":
            yield f"  mend it, or: python -m pusher replay --reason {reason}"
