"""One API request from arrival to answer: token, limits, faults, endpoint, latency, log."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from . import errors, faults, routes, staff
from .call import Call
from .errors import ApiError
from .faults import Rule
from .http import Request, Response, bug_response, error_response, json_response
from .objects import ObjectType
from .portal import Portal
from .routes import Match
from .settings import SettingError


@dataclass(slots=True)
class Trip:
    """What is known of a request on its way."""

    request: Request
    arrived: float
    arrived_wall: float
    match: Match | None = None
    item: ObjectType | None = None
    token: str = ""
    fault: str = ""
    records: int = 0


class Application:
    """Answers the HubSpot API for one portal."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    def handle(self, request: Request) -> Response:
        settings = self.portal.settings
        trip = Trip(request, time.monotonic(), time.time())
        trip.match = routes.find(request.method, request.path, settings.disabled_versions)
        trip.records = len(request.inputs) if request.method == "POST" else 0
        try:
            headers = self._admit(trip)
        except ApiError as refusal:
            # HubSpot's front door refuses at once.
            response = error_response(refusal)
        else:
            # Half of the latency is the way there, the rest is the way back.
            time.sleep(settings.latency_ms / 2000)
            response = self._answer(trip)
            response.headers = headers | response.headers
            due = settings.latency_ms + settings.per_record_ms * trip.records
            left = trip.arrived + due / 1000 - time.monotonic()
            if left > 0:
                time.sleep(left)
        self._log(trip, response)
        return response

    # Steps ---------------------------------------------------------------------------------------

    def _admit(self, trip: Trip) -> dict[str, str]:
        """Check the token and the limits; the rate limit headers of the answer."""
        portal, request = self.portal, trip.request
        if len(request.target) > portal.settings.max_uri_bytes:
            raise ApiError(414, "<html><body><h1>414 Request-URI Too Large</h1></body></html>")
        with portal.lock:
            if trip.match is not None and "type" in trip.match.params:
                trip.item = portal.types.find(trip.match.params["type"])
            trip.token = self._token(request)
            if not trip.token:
                raise errors.unauthorized()
            is_search = trip.match is not None and trip.match.route.is_search
            policy = portal.limits.take(
                trip.token,
                is_search=is_search,
                monotonic_ms=trip.arrived * 1000,
                now_ms=portal.now_ms(),
            )
            headers = {} if is_search else portal.limits.headers(trip.token)
            if policy is not None:
                refusal = errors.rate_limited(policy, portal.settings.portal_id)
                refusal.headers.update(headers)
                raise refusal
            return headers

    def _answer(self, trip: Trip) -> Response:
        try:
            with self.portal.lock:
                template, object_type = self._names(trip)
                rules = self.portal.faults.pick(trip.request, template, object_type)
            return self._with_faults(trip, rules)
        except ApiError as problem:
            return error_response(problem)
        except Exception as bug:
            return bug_response(bug)

    def _token(self, request: Request) -> str:
        """The scheme is case-sensitive and followed by one space."""
        header = request.headers.get("Authorization") or ""
        token = header.removeprefix("Bearer ") if header.startswith("Bearer ") else ""
        return token if token in self.portal.settings.tokens else ""

    def _with_faults(self, trip: Trip, rules: list[Rule]) -> Response:
        portal = self.portal
        fault = rules[-1] if rules and rules[-1].kind not in faults.ACTIONS else None
        trip.fault = ",".join(rule.kind for rule in rules)
        arguments = fault.arguments if fault is not None else {}
        kind = fault.kind if fault is not None else "none"
        is_after = arguments.get("when") == "after"
        if fault is not None:
            if kind == "status" and not arguments.get("apply"):
                raise faults.status_error(fault, portal.settings.portal_id)
            if kind == "whole_batch":
                raise faults.whole_batch_error(fault, portal.settings.portal_id)
            if kind == "reset_before":
                return Response(0, delivery="reset")
            if not is_after:
                _wait(fault)
        with portal.lock:
            for rule in rules:
                if rule.kind in faults.ACTIONS:
                    perform(portal, rule.kind, rule.arguments)
            spared = ("empty_results", "empty_body", "truncated_json")
            if kind in spared and arguments.get("apply") is False:
                response = Response(200, b'{"status":"COMPLETE","results":[]}')
            else:
                try:
                    response = self._routed(trip)
                except ApiError as problem:
                    response = error_response(problem)
        if fault is not None:
            if is_after:
                _wait(fault)
            response = _spoiled(fault, trip.request, response, portal.settings.portal_id)
        return response

    def _routed(self, trip: Trip) -> Response:
        portal, match, request = self.portal, trip.match, trip.request
        if match is None:
            raise errors.not_found_page()
        if request.method in ("POST", "PATCH", "PUT") and "json" not in (
            request.headers.get("Content-Type") or ""
        ):
            raise ApiError(415, "<html><body><h1>415 Unsupported Media Type</h1></body></html>")
        scopes = frozenset(portal.settings.tokens[trip.token])
        call = Call(portal, request, match.version, scopes, match.params)
        item = call.item if "type" in match.params else None
        trip.item = item
        wanted = match.route.scopes(item)
        if wanted and not scopes.intersection(wanted):
            raise errors.missing_scopes(wanted)
        status, body = match.route.endpoint(call)
        if match.route.verb == "read" and isinstance(body, dict):
            trip.records = len(body.get("results", ()))
        return json_response(status, body)

    # Logging -------------------------------------------------------------------------------------

    def _names(self, trip: Trip) -> tuple[str, str]:
        """The path template and the object type's name: never an id or a value."""
        if trip.match is None:
            return "(no such path)", ""
        return trip.match.route.template, trip.item.name if trip.item is not None else ""

    def _log(self, trip: Trip, response: Response) -> None:
        template, object_type = self._names(trip)
        now = time.monotonic()
        with self.portal.lock:
            self.portal.log.add_request(
                method=trip.request.method,
                template=template,
                version=trip.match.version if trip.match is not None else "",
                object_type=object_type,
                status=response.status,
                is_write=trip.match is not None and trip.match.route.is_record_write,
                records=trip.records,
                fault=trip.fault,
                delivery=response.delivery,
                received=trip.arrived_wall,
                received_monotonic=trip.arrived,
                answered=trip.arrived_wall + (now - trip.arrived),
                answered_monotonic=now,
            )


def perform(portal: Portal, action: str, arguments: dict[str, Any]) -> Any:
    """One change behind the worker's back."""
    item = portal.types.get(str(arguments.get("object_type", "contacts")))
    if action == "delete_property":
        return item.delete_property(str(arguments["property"]))
    if action == "merge":
        return staff.merge(portal, item, int(arguments["primary"]), int(arguments["secondary"]))
    if action == "archive":
        return staff.archive(portal, item, [int(one) for one in arguments["ids"]])
    if action == "gdpr_delete":
        return staff.gdpr_delete(portal, item, [int(one) for one in arguments["ids"]])
    if action == "restore":
        return staff.restore(portal, item, [int(one) for one in arguments["ids"]])
    if action == "patch":
        return staff.edit(portal, item, int(arguments["id"]), arguments["properties"])
    raise SettingError(f"no action {action}")


def _wait(fault: Rule) -> None:
    """A stall lasts its seconds; a hold lasts until it is released."""
    if fault.kind == "stall":
        fault.released.wait(float(fault.arguments.get("seconds", 30)))
    elif fault.kind == "hold":
        fault.released.wait(float(fault.arguments.get("seconds", 600)))


def _spoiled(fault: Rule, request: Request, response: Response, portal_id: int) -> Response:
    """The answer after the fault."""
    kind = fault.kind
    if kind == "status":
        return error_response(faults.status_error(fault, portal_id))
    if kind == "reset_after":
        return Response(response.status, delivery="reset")
    if kind == "truncated_json":
        cut = response.body[: max(1, len(response.body) // 2)]
        if fault.arguments.get("mode") == "connection":
            return Response(response.status, response.body, response.headers, delivery="cut")
        return Response(response.status, cut, response.headers)
    if kind == "empty_body":
        return Response(response.status, b"", response.headers)
    if kind == "short_page" and response.status < 300:
        body = _shortened(fault, request, json.loads(response.body))
        return json_response(response.status, body, response.headers)
    if kind in ("empty_results", "leave_out", "drop_trace_ids") and response.status < 300:
        body = json.loads(response.body) if response.body else {}
        return json_response(response.status, _rewritten(fault, body), response.headers)
    return response


def _shortened(fault: Rule, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """A page of fewer rows than asked for, which says where the next one begins."""
    rows, count = body.get("results", []), int(fault.arguments.get("count", 1))
    if len(rows) <= count:
        return body
    if request.method == "POST":
        after = str(int(request.json.get("after") or 0) + count)
    else:
        after = rows[count]["id"]
    return {**body, "results": rows[:count], "paging": {"next": {"after": after}}}


def _rewritten(fault: Rule, body: dict[str, Any]) -> dict[str, Any]:
    if fault.kind == "empty_results":
        return {**body, "results": []}
    if fault.kind == "leave_out":
        left_out = {str(one) for one in fault.arguments.get("ids", ())}
        count = int(fault.arguments.get("count", 0))
        results = [
            row
            for row in body.get("results", [])
            if row["id"] not in left_out
            and not left_out.intersection(str(value) for value in row["properties"].values())
        ]
        return {**body, "results": results[count:]}
    for row in body.get("results", []):
        row.pop("objectWriteTraceId", None)
    for row in body.get("errors", []):
        row.get("context", {}).pop("objectWriteTraceId", None)
    return body
