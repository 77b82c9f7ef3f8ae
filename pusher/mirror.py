"""Reads HubSpot back into `hubspot_mirror`: all of it once, then what changed.

What to read comes from the view `mirror_plan`; what becomes of it is decided by the procedures
that take the staged pages over. Rows are staged in chunks and never all in memory.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, NamedTuple

from pusher import logs
from pusher.errors import Failed
from pusher.hubspot import SEARCH_LIMIT, Document, HubSpot
from pusher.settings import Settings
from pusher.warehouse import Row, Warehouse, as_json, json_line

CHUNK_ROWS = 10_000  # at HubSpot's ceiling one load in five seconds
RESULTS_CAP = 10_000  # no search shows a result beyond that place
SPANS = 8  # searches in flight: enough for five a second where one takes a second and a half
WORTH_SPLITTING = SPANS * SEARCH_LIMIT


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


def refresh(
    warehouse: Warehouse, hubspot: HubSpot, settings: Settings, plan: Row, *, full: bool = False
) -> Refreshed:
    """Bring the mirror of one entity up to date."""
    entity = plan["entity"]
    full = full or plan["needs_full"] or plan["watermark"] is None
    watermark = hubspot.clock  # what changes from here on is for the next refresh
    refresh_id = uuid.uuid4().hex
    pages = _all(hubspot, plan) if full else _changed(hubspot, plan)
    rows = _stage(warehouse, refresh_id, plan, pages)
    if full:
        _check_shrinkage(warehouse, settings, refresh_id, plan, rows)
        warehouse.call("replace_mirror", refresh_id, entity, watermark)
    else:
        warehouse.call("apply_mirror_delta", refresh_id, entity, watermark)
    mode = "full" if full else "delta"
    logs.event("mirror_refreshed", entity=entity, mode=mode, rows=rows)
    return Refreshed(entity, watermark, mode, rows)


def bury(warehouse: Warehouse, entity: str, hubspot_ids: list[str], watermark: datetime) -> None:
    """Note records that HubSpot has just said are gone; the next refresh starts where it would."""
    refresh_id = uuid.uuid4().hex
    lines = [_line(refresh_id, entity, hubspot_id, None, None) for hubspot_id in hubspot_ids]
    warehouse.append("hubspot_mirror_stage", BytesIO(b"".join(lines)))
    warehouse.call("apply_mirror_delta", refresh_id, entity, watermark)


def _all(hubspot: HubSpot, plan: Row) -> Iterator[list[Document]]:
    after: str | None = None
    while True:
        document = hubspot.page(plan["object_type"], plan["properties"], after)
        yield document.get("results", [])
        after = document.get("paging", {}).get("next", {}).get("after")
        if not after:
            return


def _changed(hubspot: HubSpot, plan: Row) -> Iterator[list[Document]]:
    """Pages by record id, so that neither the cap on results nor equal timestamps can hide one;
    by several ranges of ids at once where there is much to read."""
    since = _filter(plan["last_modified_property"], "GTE", _start(hubspot, plan))

    def search(span: _Span, **more: Any) -> Document:
        above = {"propertyName": "hs_object_id", "operator": "GT", "value": span.above}
        upto = {"propertyName": "hs_object_id", "operator": "LTE", "value": span.upto}
        body = {
            "filterGroups": [{"filters": [since, above, upto] if span.upto else [since, above]}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": plan["properties"].split(","),
            "limit": SEARCH_LIMIT,
        }
        return hubspot.search(plan["object_type"], body | more)

    def split(span: _Span, records: int) -> list[_Span]:
        # One record short of full pages: so a span's last page tells that it is the last.
        size = records // WORTH_SPLITTING * SEARCH_LIMIT - 1
        places = [str(size * number - 1) for number in range(1, SPANS)]
        ends = readers.map(lambda place: search(span, after=place, limit=1), places)
        # Places in the results shift while records change; the records that stand there do not.
        bounds = [str(record["id"]) for end in ends for record in end.get("results", [])]
        starts = [span.above, *bounds]
        return [_Span(*ends) for ends in zip(starts, [*bounds, span.upto], strict=True)]

    with ThreadPoolExecutor(SPANS, thread_name_prefix="delta") as readers:
        everything = _Span("0", None)
        pending = {readers.submit(search, everything): everything}
        while pending:
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                span, page = pending.pop(future), future.result()
                yield page.get("results", [])
                rest, records = _rest(span, page)
                if rest is None:
                    continue
                is_worth_it = not pending and records >= WORTH_SPLITTING
                spans = split(rest, min(records, RESULTS_CAP)) if is_worth_it else [rest]
                pending |= {readers.submit(search, span): span for span in spans}


def _rest(span: _Span, page: Document) -> tuple[_Span | None, int]:
    """What a page has left of its span, and about how many records that is."""
    results = page.get("results", [])
    if len(results) < SEARCH_LIMIT:
        return None, 0
    return _Span(str(results[-1]["id"]), span.upto), int(page.get("total", 0)) - len(results)


def _start(hubspot: HubSpot, plan: Row) -> datetime:
    """Where the delta starts: in the overlap, unless HubSpot's index shows no more of it than we
    hold. Asking costs one request, reading the overlap again one in two hundred records."""
    delta_from: datetime = plan["delta_from"]
    watermark: datetime = plan["watermark"]
    if plan["rows_in_overlap"] <= SEARCH_LIMIT:
        return delta_from
    name = plan["last_modified_property"]
    filters = [_filter(name, "GTE", delta_from), _filter(name, "LTE", watermark)]
    body = {"filterGroups": [{"filters": filters}], "limit": 1}
    total = hubspot.search(plan["object_type"], body).get("total")
    return watermark if total == plan["rows_in_overlap"] else delta_from


def _filter(name: str, operator: str, moment: datetime) -> Document:
    return {
        "propertyName": name,
        "operator": operator,
        "value": str(int(moment.timestamp() * 1000)),
    }


def _stage(
    warehouse: Warehouse, refresh_id: str, plan: Row, pages: Iterator[list[Document]]
) -> int:
    """Load the pages while the next ones are read; at most one load is under way."""
    rows = 0
    lines = BytesIO()
    with ThreadPoolExecutor(1, thread_name_prefix="stage") as loader:
        loading: Future[None] | None = None
        for page in pages:
            for record in page:
                properties = record.get("properties", {})
                modified = properties.get(plan["last_modified_property"]) or record.get("updatedAt")
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


def _check_shrinkage(
    warehouse: Warehouse, settings: Settings, refresh_id: str, plan: Row, staged: int
) -> None:
    checks = warehouse.query(
        f"""select * from {settings.table("mirror_refresh_check")}
        where refresh_id = @refresh_id and entity = @entity""",
        refresh_id=refresh_id,
        entity=plan["entity"],
    )
    # Without a staged row the view has nothing to say; from something to nothing is too much.
    blocks = checks[0]["blocks"] if checks else plan["live_rows"] > 0
    logs.event("mirror_staged", entity=plan["entity"], staged=staged, rows=plan["live_rows"])
    if blocks:
        raise Failed(
            "mirror_shrank",
            f"{plan['entity']}: HubSpot lists {staged} records, the mirror holds "
            f"{plan['live_rows']}; if that is right, raise MIRROR_SHRINK_PERCENT for one run",
        )
