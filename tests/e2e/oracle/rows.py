"""Source rows: which one stands for a key, and which do not count."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.e2e.oracle.names import fold
from tests.e2e.oracle.values import clean, read_bool, read_instant, read_key
from tests.e2e.oracle.world import Decision, SourceRow, World

# Columns in which replication says that a row is gone: a flag, or the time of it.
DELETED_FLAGS = ("_fivetran_deleted", "is_deleted", "__deleted")
DELETED_TIMES = ("_ab_cdc_deleted_at", "deleted_at", "_sdc_deleted_at")
KEY_COLUMNS = frozenset({"ID", "Chart", "PatientID", "PatientChart", "TemplateID", "roi_id"})

Exclusion = Callable[[SourceRow], str | None]
Fingerprint = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class KeyedRow:
    """One natural key with the row that stands for it."""

    natural_key: str
    row: SourceRow
    source_rows: int
    reason: str | None
    exclusion: str | None = None


def patient_exclusion(world: World) -> Exclusion:
    """Why a row of a patient does not count, if it does not."""

    def reason(row: SourceRow) -> str | None:
        if is_deleted(row):
            return "deleted_in_source"
        if _is_test_chart(row, world.lists.test_markers):
            return "test_chart"
        is_left_out = read_key(row.get("ID")) in world.excluded_patients
        return "excluded_by_rule" if is_left_out else None

    return reason


def roi_exclusion(row: SourceRow) -> str | None:
    return "deleted_in_source" if is_deleted(row) else None


def is_deleted(row: SourceRow) -> bool:
    return any(read_bool(row.get(name)) == "true" for name in DELETED_FLAGS) or any(
        clean(row.get(name)) is not None for name in DELETED_TIMES
    )


def _is_test_chart(row: SourceRow, markers: Sequence[tuple[str, bool]]) -> bool:
    """Whether a marker stands in the name; one that may be a surname says nothing as one."""
    first, last = (
        " ".join(re.findall(r"[a-z]+", fold(clean(row.get(name)) or "")))
        for name in ("FirstName", "LastName")
    )
    for marker, may_be_surname in markers:
        name = first if may_be_surname and last == marker else f"{first} {last}"
        pattern = marker.replace("*", "[a-z]*")
        if re.search(rf"(^| ){pattern}( |$)", name):
            return True
    return False


def gather(
    rows: Iterable[SourceRow],
    key_column: str,
    required: Sequence[str],
    updated_at: str,
    exclusion: Exclusion,
) -> tuple[list[KeyedRow], list[Decision]]:
    """Rows by natural key, and the decisions on rows that have none."""
    by_key: dict[str, list[SourceRow]] = defaultdict(list)
    keyless: Counter[tuple[Fingerprint, str | None]] = Counter()
    for row in rows:
        key = read_key(row.get(key_column))
        if key is None:
            keyless[_fingerprint(row, updated_at), exclusion(row)] += 1
        else:
            by_key[key].append(row)

    gathered = []
    for key, group in by_key.items():
        row, is_clear = _choose(_that_live(group, updated_at), updated_at)
        reason = None
        if not is_clear:
            reason = "duplicate_natural_key"
        elif any(clean(row.get(column)) is None for column in required):
            reason = "missing_required_property"
        gathered.append(KeyedRow(key, row, len(group), reason, exclusion(row)))
    without_key = [
        Decision(None, "excluded", reason, source_rows=count)
        if reason is not None
        else Decision(None, "quarantined", "missing_natural_key", source_rows=count)
        for (_, reason), count in keyless.items()
    ]
    return gathered, without_key


def _that_live(group: list[SourceRow], updated_at: str) -> list[SourceRow]:
    """Deleted versions are set aside, unless the deletion is the latest of all."""
    live = [row for row in group if not is_deleted(row)]
    stamps = [read_instant(row.get(updated_at)) for row in group]
    known = [stamp for stamp in stamps if stamp is not None]
    latest = [
        row for row, stamp in zip(group, stamps, strict=True) if known and stamp == max(known)
    ]
    if latest and all(map(is_deleted, latest)):
        return latest
    return live or group


def _choose(group: list[SourceRow], updated_at: str) -> tuple[SourceRow, bool]:
    """The row that counts, and whether it is clear that it does."""
    distinct = {_fingerprint(row, updated_at) for row in group}
    if len(distinct) == 1:
        return group[0], True
    stamps = [read_instant(row.get(updated_at)) for row in group]
    known = [stamp for stamp in stamps if stamp is not None]
    if not known:
        return group[0], False
    latest = [row for row, stamp in zip(group, stamps, strict=True) if stamp == max(known)]
    distinct = {_fingerprint(row, updated_at) for row in latest}
    return latest[0], len(distinct) == 1


def _fingerprint(row: SourceRow, updated_at: str) -> Fingerprint:
    return tuple(
        (name, read_key(value) if name in KEY_COLUMNS else clean(value))
        for name, value in sorted(row.items())
        if name != updated_at
    )
