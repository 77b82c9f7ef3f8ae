"""The objects endpoints: batches, single records, lists, search and merge."""

from __future__ import annotations

from types import NoneType
from typing import Any

from . import errors, staff
from .call import Answer, Call
from .records import NOT_FOUND_MESSAGE, Writer, batch_body, parse_inputs, partial_status
from .search import add_paging, readable_names, search
from .store import Record, record_json
from .values import record_id

MAX_PAGE = 100


def batch_create(call: Call) -> Answer:
    return _writer(call).create(parse_inputs(call.request.json, needs_id=False))


def batch_update(call: Call) -> Answer:
    return _writer(call).update(parse_inputs(call.request.json))


def batch_upsert(call: Call) -> Answer:
    return _writer(call).upsert(parse_inputs(call.request.json))


def batch_archive(call: Call) -> Answer:
    inputs = parse_inputs(call.request.json)
    staff.archive(call.portal, call.item, [record_id(item.id) or 0 for item in inputs])
    return 204, None


def batch_read(call: Call) -> Answer:
    """Missing ids make a 207 with one error that lists them all."""
    portal, item, body = call.portal, call.item, call.request.json
    started = portal.now_ms()
    inputs = parse_inputs(body)
    id_property = body.get("idProperty")
    if id_property is not None and not item.can_key(id_property):
        raise errors.error(
            400, f"Unable to read by non-unique {item.type_id} property {id_property}"
        )
    requested = body.get("properties") or item.default_names
    if isinstance(requested, str) or not isinstance(id_property, (str, NoneType)):
        raise errors.invalid_json()
    names = readable_names(portal, item, requested, call.scopes)
    archived = call.request.flag("archived")
    results: list[dict[str, Any]] = []
    missing: list[str] = []
    for key in dict.fromkeys(source.id for source in inputs):
        record = _read_target(call, key, id_property, archived=archived)
        if record is None:
            missing.append(key)
        else:
            results.append(record_json(item.store, record, names))
    if portal.settings.shuffle_results:
        portal.random.shuffle(results)
    if not missing:
        return 200, batch_body(started, portal.now_ms(), results)
    problem = errors.RowError(
        "OBJECT_NOT_FOUND",
        NOT_FOUND_MESSAGE.format(name=item.error_name),
        context={"ids": missing},
    )
    rows = [problem.as_row(None)]
    status = partial_status(portal.settings, 200, rows)
    return status, batch_body(started, portal.now_ms(), results, rows)


def _read_target(call: Call, key: str, id_property: str | None, *, archived: bool) -> Record | None:
    store, settings = call.item.store, call.portal.settings
    if id_property is not None:
        record = store.holder(id_property, key.strip() if id_property == "email" else key)
        if record is None or id_property != "email" or settings.batch_read_secondary_email:
            return record
        is_primary = store.get(record, "email") == key.strip().lower()
        return record if is_primary else None
    number = record_id(key)
    if number is None:
        return None
    if archived:
        return store.archived.get(number)
    if settings.merged_in_batch_read == "resolve":
        return store.resolve(number)
    return store.live.get(number)


def create(call: Call) -> Answer:
    body = call.request.json
    if not isinstance(body, dict) or not isinstance(body.get("properties", {}), dict):
        raise errors.invalid_json()
    return 201, _writer(call).create_one(body.get("properties", {}))


def get(call: Call) -> Answer:
    record = _single(call, archived=call.request.flag("archived"))
    requested = call.request.names("properties") or call.item.default_names
    names = readable_names(call.portal, call.item, requested, call.scopes)
    return 200, record_json(call.item.store, record, names)


def patch(call: Call) -> Answer:
    body = call.request.json
    if not isinstance(body, dict) or not isinstance(body.get("properties"), dict):
        raise errors.invalid_json()
    return 200, _writer(call).patch(_single(call, is_write=True), body["properties"])


def delete(call: Call) -> Answer:
    staff.archive(call.portal, call.item, [record_id(call.params["record"]) or 0])
    return 204, None


def _single(call: Call, *, archived: bool = False, is_write: bool = False) -> Record:
    """The record that the path names, by id (merged ids resolve) or by a unique property."""
    store, key = call.item.store, call.params["record"]
    number = record_id(key)
    id_property = call.request.argument("idProperty")
    if id_property:
        if not call.item.can_key(id_property):
            raise errors.error(
                400,
                f"Unable to perform read/update by non-unique {call.item.type_id} property "
                f"{id_property}",
            )
        record = store.holder(id_property, key)
    elif number is None:
        raise errors.not_found_record()
    elif archived:
        record = store.archived.get(number)
    elif is_write or call.portal.settings.merged_in_get == "resolve":
        record = store.resolve(number)
    else:
        record = store.live.get(number)
    if record is None:
        if is_write or id_property:
            raise errors.error(404, "resource not found", "OBJECT_NOT_FOUND")
        raise errors.not_found_page()
    return record


def list_page(call: Call) -> Answer:
    """One page by cursor."""
    request, item = call.request, call.item
    try:
        limit, after = int(request.argument("limit", "10")), int(request.argument("after") or 0)
    except ValueError:
        raise errors.error(400, "limit and after must be integers") from None
    if limit > MAX_PAGE and call.portal.settings.list_over_limit == "reject":
        raise errors.error(400, f"limit {limit} is over the maximum of {MAX_PAGE}")
    limit = max(1, min(limit, MAX_PAGE))
    requested = request.names("properties") or item.default_names
    names = readable_names(call.portal, item, requested, call.scopes)
    page, following = item.store.page(after, limit, archived=request.flag("archived"))
    body: dict[str, Any] = {"results": [record_json(item.store, record, names) for record in page]}
    link = f"https://api.hubapi.com{request.path}?limit={limit}&after="
    add_paging(body, following, link, call.portal.settings)
    return 200, body


def search_records(call: Call) -> Answer:
    return search(call.portal, call.item, call.request.json, call.scopes)


def merge(call: Call) -> Answer:
    body = call.request.json
    try:
        primary, secondary = int(body["primaryObjectId"]), int(body["objectIdToMerge"])
    except (KeyError, TypeError, ValueError):
        raise errors.invalid_json() from None
    survivor = staff.merge(call.portal, call.item, primary, secondary)
    return 200, record_json(call.item.store, survivor, call.item.default_names)


def gdpr_delete(call: Call) -> Answer:
    """Delete for good, by id or by address; an address that nobody has is remembered, too."""
    body = call.request.json
    if not isinstance(body, dict) or not isinstance(body.get("objectId"), str):
        raise errors.invalid_json()
    key, store = body["objectId"], call.item.store
    if body.get("idProperty") == "email":
        record = store.holder("email", key.strip())
        if record is None:
            store.gdpr_emails.add(key.strip().lower())
            return 204, None
        record_key = record.id
    else:
        record_key = record_id(key) or 0
    if not staff.gdpr_delete(call.portal, call.item, [record_key]):
        raise errors.error(404, "resource not found", "OBJECT_NOT_FOUND")
    return 204, None


def _writer(call: Call) -> Writer:
    return Writer(call.portal, call.item, scopes=call.scopes, version=call.version)
