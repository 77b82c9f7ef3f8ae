"""The control API under `/_sim/`: load, look, spoil, and play the staff. Loopback, no token."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from . import provision, staff
from .app import perform
from .errors import ApiError
from .faults import FaultError
from .http import Request, Response, bug_response, encoded, error_response, json_response
from .objects import ObjectType
from .portal import Portal
from .properties import parse_definition
from .settings import SettingError
from .store import Record, record_json
from .values import InvalidValue, clean_string, instant_ms

Answer = Response | Iterator[bytes]
_CHUNK = 1_000
_SYSTEM_NAMES = (
    "hs_object_id",
    "createdate",
    "hs_createdate",
    "lastmodifieddate",
    "hs_lastmodifieddate",
    "hs_additional_emails",
)


class Control:
    """Handles control requests; answers are JSON, dumps are streams of JSON lines."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        table: list[tuple[str, str, Callable[..., Any]]] = [
            ("GET", "health", self._health),
            ("GET", "settings", self._settings),
            ("POST", "settings", self._change_settings),
            ("POST", "reset", self._reset),
            ("POST", "provision", self._provision),
            ("POST", "snapshot", self._snapshot),
            ("POST", "snapshot/restore", self._restore_snapshot),
            ("GET", r"state/(?P<object_type>[^/]+)", self._state),
            ("POST", r"records/(?P<object_type>[^/]+)", self._load),
            ("GET", r"records/(?P<object_type>[^/]+)/(?P<record>\d+)", self._record),
            ("PATCH", r"records/(?P<object_type>[^/]+)/(?P<record>\d+)", self._edit),
            ("POST", r"(?P<action>merge|archive|restore|gdpr_delete)", self._act),
            ("POST", r"properties/(?P<object_type>[^/]+)", self._put_property),
            ("DELETE", r"properties/(?P<object_type>[^/]+)/(?P<name>[^/]+)", self._drop_property),
            ("GET", "requests", self._requests),
            ("DELETE", "requests", self._clear_requests),
            ("GET", "requests/entries", self._request_entries),
            ("GET", "writes", self._writes),
            ("GET", "faults", self._faults),
            ("POST", "faults", self._order_faults),
            ("DELETE", "faults", self._clear_faults),
            ("POST", "faults/release", self._release),
            ("GET", "faults/wait", self._wait_fault),
        ]
        self._routes = [
            (method, re.compile(f"/_sim/{pattern}$"), endpoint)
            for method, pattern, endpoint in table
        ]

    def handle(self, request: Request) -> Answer:
        for method, pattern, endpoint in self._routes:
            found = pattern.match(request.path)
            if found is None or method != request.method:
                continue
            try:
                answer = endpoint(request, **found.groupdict())
            except ApiError as problem:
                return error_response(problem)
            except (SettingError, FaultError, InvalidValue, KeyError, ValueError, re.error) as bad:
                return json_response(400, {"error": f"{type(bad).__name__}: {bad}"})
            except Exception as bug:
                return bug_response(bug)
            return json_response(200, answer) if isinstance(answer, (dict, list)) else answer
        return json_response(404, {"error": "no such control"})

    # The portal ----------------------------------------------------------------------------------

    def _health(self, request: Request) -> dict[str, Any]:
        with self.portal.lock:
            return {
                "status": "ok",
                "portal_id": self.portal.settings.portal_id,
                "now_ms": self.portal.now_ms(),
                "daily_used": self.portal.limits.daily_used,
                "types": {
                    item.name: {
                        "type_id": item.type_id,
                        "live": len(item.store.live),
                        "archived": len(item.store.archived),
                        "merged_ids": len(item.store.forwards),
                    }
                    for item in self.portal.types.by_id.values()
                },
            }

    def _settings(self, request: Request) -> dict[str, Any]:
        return self.portal.settings.as_dict()

    def _change_settings(self, request: Request) -> dict[str, Any]:
        """Change settings; `daily_used` sets the day's count of requests."""
        changes = dict(request.json)
        with self.portal.lock:
            used = changes.pop("daily_used", None)
            self.portal.configure(changes)
            if used is not None:
                self.portal.limits.set_daily_used(int(used), self.portal.now_ms())
            return self.portal.settings.as_dict()

    def _reset(self, request: Request) -> dict[str, Any]:
        """Forget records, log, faults and used limits; `keep` names what stays.

        `definitions: true` also brings back the object types and properties of the start.
        """
        body = request.json if request.body else {}
        keep = set(body.get("keep", ()))
        with self.portal.lock:
            if body.get("definitions"):
                self.portal.forget_definitions()
            if "records" not in keep:
                for item in self.portal.types.by_id.values():
                    item.store.clear()
            if "requests" not in keep:
                self.portal.log.clear()
            if "faults" not in keep:
                self.portal.faults.clear()
            if "limits" not in keep:
                self.portal.limits.forget()
        return self._health(request)

    def _snapshot(self, request: Request) -> dict[str, Any]:
        with self.portal.lock:
            self.portal.take_snapshot(str(request.json.get("name", "")))
        return self._health(request)

    def _restore_snapshot(self, request: Request) -> dict[str, Any]:
        with self.portal.lock:
            self.portal.restore_snapshot(str(request.json.get("name", "")))
        return self._health(request)

    def _provision(self, request: Request) -> dict[str, Any]:
        """Catalogue rows as in the seeds, or the built-in properties when there are none."""
        body = request.json if request.body else {}
        with self.portal.lock:
            if body.get("objects"):
                provision.provision_rows(self.portal, body["objects"], body["properties"])
            else:
                provision.provision_builtin(self.portal)
            self.portal.apply_store_rules()
        return self._health(request)

    def _put_property(self, request: Request, object_type: str) -> dict[str, Any]:
        """Set a definition (uniqueness included), whatever is there."""
        with self.portal.lock:
            item = self.portal.types.get(object_type)
            body = dict(request.json)
            existing = item.properties.get(str(body.get("name")))
            if existing is not None:
                body = existing.as_json() | body
            prop = parse_definition(
                body, now_ms=self.portal.now_ms(), default_group=item.default_group
            )
            prop.is_read_only = bool(body.get("readOnlyValue", existing and existing.is_read_only))
            prop.is_hubspot_defined = existing is not None and existing.is_hubspot_defined
            prop.rules = dict(body.get("rules", existing.rules if existing else {}))
            item.put_property(prop)
            return prop.as_json()

    def _drop_property(self, request: Request, object_type: str, name: str) -> dict[str, Any]:
        with self.portal.lock:
            return {"deleted": self.portal.types.get(object_type).delete_property(name)}

    # Records -------------------------------------------------------------------------------------

    def _load(self, request: Request, object_type: str) -> dict[str, Any]:
        """Bulk load: `records`, or `columns` and `rows`, or JSON lines.

        A record is `{"id"?, "properties", "createdAt"?, "updatedAt"?, "archived"?, "mergedIds"?}`;
        columns may be `id` and property names. Values are stored as HubSpot would store them; what
        a property does not accept is refused, unless `validate=false` is asked for.
        """
        is_checked = request.argument("validate", "true") != "false"
        wants_ids = request.flag("ids")
        orders = _orders(request)
        orders.sort(key=lambda order: int(order.get("id") or 0) or 1 << 62)
        with self.portal.lock:
            item = self.portal.types.get(object_type)
            loader = _Loader(self.portal, item, is_checked)
            ids = [loader.load(order) for order in orders]
            # Millions of long-lived records need not be looked at by the garbage collector.
            gc.collect()
            gc.freeze()
        answer: dict[str, Any] = {"loaded": len(ids)}
        if wants_ids or len(ids) <= 1_000:
            answer["ids"] = [str(record_id) for record_id in ids]
        return answer

    def _record(self, request: Request, object_type: str, record: str) -> dict[str, Any]:
        with self.portal.lock:
            item = self.portal.types.get(object_type)
            found = item.store.resolve(int(record)) or item.store.archived.get(int(record))
            if found is None:
                return {"found": False}
            return {"found": True, **_full(item, found)}

    def _edit(self, request: Request, object_type: str, record: str) -> dict[str, Any]:
        body = request.json
        with self.portal.lock:
            item = self.portal.types.get(object_type)
            edited = staff.edit(self.portal, item, int(record), body.get("properties", body))
            return _full(item, edited)

    def _act(self, request: Request, action: str) -> dict[str, Any]:
        with self.portal.lock:
            done = perform(self.portal, action, request.json)
            if isinstance(done, Record):
                item = self.portal.types.get(str(request.json.get("object_type", "contacts")))
                return _full(item, done)
            return {"done": done}

    def _state(self, request: Request, object_type: str) -> Iterator[bytes]:
        """Every record as a JSON line: live, then archived, then one line per merged-away id."""
        item = self.portal.types.get(object_type)
        with self.portal.lock:
            records = [*item.store.live.values(), *item.store.archived.values()]
            forwards = list(item.store.forwards)

        def lines() -> Iterator[bytes]:
            for start in range(0, len(records), _CHUNK):
                with self.portal.lock:
                    rows = [_full(item, record) for record in records[start : start + _CHUNK]]
                yield _json_lines(rows)
            with self.portal.lock:
                gone = [
                    {
                        "id": str(old_id),
                        "mergedInto": str(survivor.id) if survivor is not None else None,
                    }
                    for old_id in forwards
                    for survivor in [item.store.resolve(old_id)]
                ]
            yield _json_lines(gone)

        return lines()

    # The log -------------------------------------------------------------------------------------

    def _requests(self, request: Request) -> dict[str, Any]:
        with self.portal.lock:
            log = self.portal.log
            return {
                "counts": log.counts_json(),
                "total": sum(log.counts.values()),
                "last_seq": log.request_seq,
            }

    def _clear_requests(self, request: Request) -> dict[str, Any]:
        with self.portal.lock:
            self.portal.log.clear()
        return {}

    def _request_entries(self, request: Request) -> Iterator[bytes]:
        """One JSON line per request since `since`; `writes=true` for record writes alone."""
        since, only_writes = int(request.argument("since", "0")), request.flag("writes")
        with self.portal.lock:
            entries = [
                entry
                for entry in self.portal.log.requests
                if entry["seq"] > since and (entry["is_write"] or not only_writes)
            ]
        return _chunks(entries)

    def _writes(self, request: Request) -> Iterator[bytes]:
        """One JSON line per record write since `since`: id, operation, property names."""
        since = int(request.argument("since", "0"))
        with self.portal.lock:
            writes = [entry for entry in self.portal.log.writes if entry[0] > since]
        keys = ("seq", "at_ms", "object_type", "id", "operation", "properties")
        return _chunks([dict(zip(keys, entry, strict=True)) for entry in writes])

    # Faults --------------------------------------------------------------------------------------

    def _faults(self, request: Request) -> dict[str, Any]:
        return self.portal.faults.as_json()

    def _order_faults(self, request: Request) -> dict[str, Any]:
        body = request.json
        orders = body["rules"] if isinstance(body, dict) and "rules" in body else body
        orders = orders if isinstance(orders, list) else [orders]
        return {"rules": [rule.as_json() for rule in self.portal.faults.order(orders)]}

    def _clear_faults(self, request: Request) -> dict[str, Any]:
        self.portal.faults.clear()
        return {}

    def _release(self, request: Request) -> dict[str, Any]:
        return {"released": self.portal.faults.release(str(request.json["name"]))}

    def _wait_fault(self, request: Request) -> dict[str, Any]:
        """Answer once the rules named `name` have fired `count` times (or the timeout passed)."""
        has_fired = self.portal.faults.wait_fired(
            request.argument("name"),
            int(request.argument("count", "1")),
            float(request.argument("timeout", "30")),
        )
        return {"fired": has_fired}


class _Loader:
    """Puts records in place without the API's rules for writers."""

    def __init__(self, portal: Portal, item: ObjectType, is_checked: bool) -> None:
        self.portal, self.item, self.is_checked = portal, item, is_checked
        self.now = portal.now_ms()
        self._cleaners: dict[str, Callable[[str], str]] = {}

    def load(self, order: dict[str, Any]) -> int:
        store = self.item.store
        given = order.get("id")
        record = Record(int(given) if given else store.new_id(), self.now)
        properties = order.get("properties") or {}
        values: dict[str, str | None] = {}
        system: dict[str, Any] = {}
        cleaners = self._cleaners
        for name, value in properties.items():
            if value is None or value == "":
                continue
            if name in _SYSTEM_NAMES:
                system[name] = value
                continue
            clean = cleaners.get(name) or self._cleaner(name)
            values[name] = clean(value if isinstance(value, str) else _text(value))
        if order.get("createdAt"):
            record.created_ms = record.modified_ms = instant_ms(str(order["createdAt"]))
        if order.get("updatedAt"):
            record.modified_ms = instant_ms(str(order["updatedAt"]))
        if order.get("mergedIds"):
            record.merged_ids = tuple(int(old) for old in order["mergedIds"])
        for name, value in system.items():
            if name == "hs_additional_emails":
                record.extra_emails = tuple(
                    part.strip().lower() for part in str(value).split(";") if part.strip()
                )
            elif name in ("createdate", "hs_createdate"):
                record.created_ms = instant_ms(str(value))
            elif name != "hs_object_id":
                record.modified_ms = instant_ms(str(value))
        store.load(record, values)
        for old_id in record.merged_ids:
            store.forwards[old_id] = record.id
        if order.get("archived"):
            modified = record.modified_ms
            store.archive(record, self.now)
            record.modified_ms = modified
        return record.id

    def _cleaner(self, name: str) -> Callable[[str], str]:
        """How values of this property are stored."""
        prop, settings = self.item.live_property(name), self.portal.settings
        if prop is None:
            raise SettingError(f"{self.item.name} has no property {name}")
        if not self.is_checked:
            found: Callable[[str], str] = str.lower if name == "email" else str
        elif prop.type == "string" and name != "email":
            found = clean_string
        else:
            found = partial(prop.clean, settings=settings)
        self._cleaners[name] = found
        return found


def _orders(request: Request) -> list[dict[str, Any]]:
    if "ndjson" in (request.headers.get("Content-Type") or ""):
        return [json.loads(line) for line in request.body.splitlines() if line.strip()]
    body = request.json
    if isinstance(body, list):
        return body
    if "records" in body:
        return list(body["records"])
    columns = body["columns"]
    orders = []
    for row in body["rows"]:
        properties = dict(zip(columns, row, strict=True))
        orders.append({"id": properties.pop("id", None), "properties": properties})
    return orders


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _full(item: ObjectType, record: Record) -> dict[str, Any]:
    body = record_json(item.store, record, item.always_names)
    body["properties"].update(item.store.properties(record))
    body["mergedIds"] = [str(old_id) for old_id in record.merged_ids]
    return body


def _json_lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(
        encoded(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n") for row in rows
    )


def _chunks(rows: list[dict[str, Any]]) -> Iterator[bytes]:
    for start in range(0, len(rows), _CHUNK):
        yield _json_lines(rows[start : start + _CHUNK])
