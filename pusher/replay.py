"""Makes dead letters due again, those that were asked for and no others."""

from __future__ import annotations

from difflib import get_close_matches

from pusher.errors import SettingsError
from pusher.session import Session


def request(at: Session, reason: str, refs: list[str]) -> list[str]:
    """Ask for them, and tell how many that made due. SQL decides which can be."""
    dead_letters = f"`{at.settings.dlq_table}`"
    if reason:
        _require_replayable(at, reason)
    began = at.warehouse.query("select current_timestamp() as now")[0]["now"]
    at.warehouse.call("request_replay", ",".join(at.entities), reason, ",".join(refs))
    counts = at.warehouse.query(
        f"""select job_type as entity, count(*) as entries from {dead_letters}
        where replay_requested_at >= @began
        group by job_type order by job_type""",
        began=began,
    )
    lines = [f"{row['entity']}: {row['entries']} dead letters are due again" for row in counts]
    return lines or ["no refused record matches"]


def _require_replayable(at: Session, reason: str) -> None:
    """A reason that no open dead letter has would be a silent nothing."""
    rows = at.warehouse.query(
        f"select reason, replayable from {at.settings.table('dead_letter_counts')}"
    )
    can = {str(row["reason"]) for row in rows if row["replayable"]}
    if reason in can:
        return
    if reason in {row["reason"] for row in rows}:
        raise SettingsError(
            "bad_argument",
            f"{reason} needs no replay: it is decided afresh in every run, and ends once AMD or "
            "HubSpot is put right (docs/runbook.md, Reasons)",
        )
    near = get_close_matches(reason, sorted(can), n=1, cutoff=0.5) or sorted(can)
    known = f"did you mean {near[0]}?" if len(near) == 1 else f"there are {', '.join(near)}"
    raise SettingsError(
        "bad_argument", f"no open dead letter has the reason {reason}; {known if near else 'none'}"
    )
