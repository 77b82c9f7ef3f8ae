"""Reads HubSpot back into `hubspot_mirror`: all of it once, then what changed.

What to read comes from the view `mirror_plan`; what becomes of it is decided by the procedure
that takes the staged pages over. Rows are staged in chunks and never all in memory. A record is
dead where HubSpot says so, never because a page lacks it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from itertools import chain, islice
from typing import Any, NamedTuple

from pusher import logs
from pusher.errors import Failed, PusherError
from pusher.hubspot import LIST_LIMIT, SEARCH_LIMIT, Document, HubSpot, entries, gone_ids
from pusher.settings import Settings
from pusher.warehouse import Row, Warehouse, as_json, json_line

CHUNK_ROWS = 10_000  # at HubSpot's ceiling one load in five seconds
RESULTS_CAP = 10_000  # no search shows a result beyond that place
SPANS = 8  # searches in flight: enough for five a second where one takes a second and a half
WORTH_SPLITTING = SPANS * SEARCH_LIMIT
LOOKUP_IDS = 100
STANDSTILLS = 5  # pages in a row that lead back to themselves
ARCHIVED_PAGES = 20  # of the recycling bin, which has no filter; the count notices what is beyond


@dataclass(frozen=True)
class Refreshed:
    """What a refresh of one entity came to."""

    entity: str
    watermark: datetime
    mode: str
    rows: int


class _Span(NamedTuple):
    """Record ids above one, up to and with another; without a second one, all above."""

    above: str
    upto: str | None
    after: str | None = None  # a place within it, where a page had no record to go on from


class _Incomplete(PusherError):
    """A delta that does not add up: only reading everything can tell what it lacks."""


def refresh(
    warehouse: Warehouse, hubspot: HubSpot, settings: Settings, plan: Row, *, full: bool = False
) -> Refreshed:
    """Bring the mirror of one entity up to date."""
    if not (full or plan["needs_full"] or plan["watermark"] is None):
        try:
            return _refresh(warehouse, hubspot, settings, plan, "delta")
        except _Incomplete as error:
            logs.event(
                "mirror_incomplete", severity="WARNING", entity=plan["entity"], code=error.code
            )
    return _refresh(warehouse, hubspot, settings, plan, "full")


def _refresh(
    warehouse: Warehouse, hubspot: HubSpot, settings: Settings, plan: Row, mode: str
) -> Refreshed:
    watermark = hubspot.clock  # what changes from here on is for the next refresh
    refresh_id = uuid.uuid4().hex
    if mode == "full":
        rows = _stage(warehouse, refresh_id, plan, _listed(hubspot, plan))
        counted = _total(hubspot, plan)
        _check_completeness(warehouse, settings, refresh_id, plan, rows, counted)
        unlisted = _rows(warehouse, settings, "mirror_unlisted", plan, refresh_id=refresh_id)
        rows += _stage(warehouse, refresh_id, plan, _looked_up(hubspot, plan, unlisted))
    else:
        archived = islice(_listed(hubspot, plan, archived=True), ARCHIVED_PAGES)
        rows = _stage(warehouse, refresh_id, plan, chain(_changed(hubspot, plan), archived))
    warehouse.call("apply_mirror_refresh", refresh_id, plan["entity"], watermark, mode)
    logs.event("mirror_refreshed", entity=plan["entity"], mode=mode, rows=rows)
    if mode == "delta":
        # Who is deleted for good is in no list, nor need a restored record be in one.
        counted = _total(hubspot, plan)
        if counted != _rows(warehouse, settings, "mirror_plan", plan)[0]["live_rows"]:
            raise _Incomplete("other_count")
    return Refreshed(plan["entity"], watermark, mode, rows)


def _total(hubspot: HubSpot, plan: Row) -> int:
    """How many live records HubSpot counts, as its index has them."""
    found = hubspot.search(plan["object_type"], {"filterGroups": [], "limit": 1})
    return int(found.get("total") or 0)


def bury(warehouse: Warehouse, entity: str, hubspot_ids: list[str], watermark: datetime) -> None:
    """Note records that HubSpot has just said are gone; the next refresh starts where it would."""
    refresh_id = uuid.uuid4().hex
    lines = [_line(refresh_id, entity, hubspot_id, None, None) for hubspot_id in hubspot_ids]
    warehouse.append("hubspot_mirror_stage", BytesIO(b"".join(lines)))
    warehouse.call("apply_mirror_refresh", refresh_id, entity, watermark, "delta")


def _listed(hubspot: HubSpot, plan: Row, *, archived: bool = False) -> Iterator[list[Document]]:
    after: str | None = None
    standstills = 0
    while True:
        document = hubspot.page(plan["object_type"], plan["properties"], after, archived=archived)
        yield entries(document, "results")
        before, after = after, _next(document)
        if not after:
            return
        standstills = standstills + 1 if after == before else 0
        if standstills == STANDSTILLS:
            raise Failed("mirror_stuck", f"{plan['entity']}: HubSpot's list leads back to its page")


def _next(document: Document) -> str | None:
    """Where an answer goes on; only its absence ends a listing, never a short page."""
    return ((document.get("paging") or {}).get("next") or {}).get("after")


def _looked_up(hubspot: HubSpot, plan: Row, unlisted: list[Row]) -> Iterator[list[Document]]:
    """What HubSpot says, by id, of records that a listing lacks: there after all, or gone. One of
    which it says nothing stays as the mirror has it."""
    ids = [row["hubspot_id"] for row in unlisted]
    for start in range(0, len(ids), LOOKUP_IDS):
        inputs = [{"id": hubspot_id} for hubspot_id in ids[start : start + LOOKUP_IDS]]
        body = json.dumps({"inputs": inputs, "properties": plan["properties"].split(",")}).encode()
        document = hubspot.read(plan["object_type"], body)
        yield entries(document, "results") + [
            {"id": hubspot_id, "archived": True} for hubspot_id in gone_ids(document)
        ]


def _changed(hubspot: HubSpot, plan: Row) -> Iterator[list[Document]]:
    """Pages by record id, so that neither the cap on results nor equal timestamps can hide one;
    by several ranges of ids at once where there is much to read."""
    since = {
        "propertyName": plan["last_modified_property"],
        "operator": "GTE",
        "value": str(int(plan["delta_from"].timestamp() * 1000)),
    }

    def search(span: _Span, **more: Any) -> Document:
        above = {"propertyName": "hs_object_id", "operator": "GT", "value": span.above}
        upto = {"propertyName": "hs_object_id", "operator": "LTE", "value": span.upto}
        body = {
            "filterGroups": [{"filters": [since, above, upto] if span.upto else [since, above]}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": plan["properties"].split(","),
            "limit": SEARCH_LIMIT,
            **({"after": span.after} if span.after else {}),
        }
        return hubspot.search(plan["object_type"], body | more)

    def split(span: _Span, records: int) -> list[_Span]:
        size = records // WORTH_SPLITTING * SEARCH_LIMIT
        places = [str(size * number - 1) for number in range(1, SPANS)]
        ends = readers.map(lambda place: search(span, after=place, limit=1), places)
        # Places in the results shift while records change; the records that stand there do not.
        bounds = [str(record["id"]) for end in ends for record in entries(end, "results")]
        starts = [span.above, *bounds]
        return [_Span(*ends) for ends in zip(starts, [*bounds, span.upto], strict=True)]

    with ThreadPoolExecutor(SPANS, thread_name_prefix="delta") as readers:
        everything = _Span("0", None)
        pending = {readers.submit(search, everything): everything}
        while pending:
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                span, page = pending.pop(future), future.result()
                yield entries(page, "results")
                rest, records = _rest(span, page)
                if rest is None:
                    continue
                is_worth_it = not pending and not rest.after and records >= WORTH_SPLITTING
                spans = split(rest, min(records, RESULTS_CAP)) if is_worth_it else [rest]
                pending |= {readers.submit(search, span): span for span in spans}


def _rest(span: _Span, page: Document) -> tuple[_Span | None, int]:
    """What a page has left of its span, and about how many records that is: it is the last where
    it names no next one and holds as many records as HubSpot counts."""
    results, after = entries(page, "results"), _next(page)
    records = int(page.get("total") or 0) - len(results)
    if results and (after or records > 0):
        return _Span(str(results[-1]["id"]), span.upto), records
    if after and after != span.after:
        return _Span(span.above, span.upto, after), records
    if after or (records > 0 and not span.after):
        raise _Incomplete("short_search")
    return None, 0


def _rows(warehouse: Warehouse, settings: Settings, view: str, plan: Row, **more: str) -> list[Row]:
    """What a view says of this entity."""
    where = " and ".join(f"{name} = @{name}" for name in ("entity", *more))
    return warehouse.query(
        f"select * from {settings.table(view)} where {where}", entity=plan["entity"], **more
    )


def _stage(
    warehouse: Warehouse, refresh_id: str, plan: Row, pages: Iterator[list[Document]]
) -> int:
    """Load the pages while the next ones are read; at most one load is under way."""
    rows = 0
    lines = BytesIO()
    # HubSpot may leave out what is empty: null here, as what was not asked for is what is absent.
    asked = dict.fromkeys(plan["properties"].split(","))
    with ThreadPoolExecutor(1, thread_name_prefix="stage") as loader:
        loading: Future[None] | None = None
        for page in pages:
            for record in page:
                properties = (
                    None if record.get("archived") else asked | (record.get("properties") or {})
                )
                modified = (properties or {}).get(plan["last_modified_property"])
                modified = modified or record.get("updatedAt")
                lines.write(
                    _line(refresh_id, plan["entity"], str(record["id"]), properties, modified)
                )
            rows += len(page)
            if rows % CHUNK_ROWS < len(page):
                if loading:
                    loading.result()
                loading = loader.submit(warehouse.append, "hubspot_mirror_stage", lines)
                lines = BytesIO()
        if loading:
            loading.result()
    if lines.tell():
        warehouse.append("hubspot_mirror_stage", lines)
    return rows


def _line(
    refresh_id: str,
    entity: str,
    hubspot_id: str,
    properties: dict[str, Any] | None,
    modified: str | None,
) -> bytes:
    row: Row = {
        "refresh_id": refresh_id,
        "entity": entity,
        "hubspot_id": hubspot_id,
        "properties": None if properties is None else as_json(properties),
        "last_modified_at": modified,
        "is_dead": properties is None,
        "loaded_at": datetime.now(UTC).isoformat(),
    }
    return json_line(row) + b"\n"


def _check_completeness(
    warehouse: Warehouse, settings: Settings, refresh_id: str, plan: Row, staged: int, counted: int
) -> None:
    checks = _rows(warehouse, settings, "mirror_refresh_check", plan, refresh_id=refresh_id)
    # Without a staged row the view has nothing to say; from something to nothing is too much.
    blocks = checks[0]["blocks"] if checks else plan["live_rows"] > 0
    logs.event("mirror_staged", entity=plan["entity"], staged=staged, rows=plan["live_rows"])
    if blocks:
        raise Failed(
            "mirror_shrank",
            f"{plan['entity']}: HubSpot lists {staged} records, the mirror holds "
            f"{plan['live_rows']}; if that is right, raise MIRROR_SHRINK_PERCENT for one run",
        )
    # Whom the first listing of all lacks, no mirror knows of. A page more or less is the index.
    most = checks[0]["limit_percent"] if checks else 0
    if counted - staged > max(LIST_LIMIT, counted * most // 100):
        raise Failed(
            "mirror_short",
            f"{plan['entity']}: HubSpot lists {staged} records and counts {counted}: run it again",
        )
