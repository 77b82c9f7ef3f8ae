"""Faults to order: rules that match coming requests and spoil them, a given number of times."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

from . import errors
from .errors import ApiError
from .http import Request

# These only change the portal just before the request is handled; further rules may follow.
ACTIONS = ("delete_property", "merge", "archive", "restore", "gdpr_delete", "patch")
KINDS = (
    *ACTIONS,
    "status",
    "truncated_json",
    "reset_before",
    "reset_after",
    "stall",
    "hold",
    "empty_results",
    "empty_body",
    "short_page",
    "leave_out",
    "drop_trace_ids",
    "whole_batch",
    "none",
)
HTML_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>{status} | HubSpot</title></head>\n"
    "<body><h1>We'll be right back</h1><p>Error {status}</p></body></html>\n"
)
_MATCH_KEYS = {"method", "path_regex", "body_contains", "record", "after_n_requests", "object_type"}
_STATUS_MESSAGES = {
    423: ("Locked", "Requests to this resource are locked for a moment"),
    477: ("Migration in Progress", "This account is being migrated between data centers"),
    500: ("Internal Server Error", "internal error"),
    502: ("Bad Gateway", "Bad Gateway"),
    503: ("Service Unavailable", "Service temporarily unavailable"),
    504: ("Gateway Timeout", "The request timed out"),
    521: ("Web Server Is Down", "Web server is down"),
    523: ("Origin Is Unreachable", "Origin is unreachable"),
    524: ("A Timeout Occurred", "A timeout occurred"),
}


class FaultError(ValueError):
    """A rule that cannot be understood."""


class Rule:
    """One ordered fault. `times` 0 means always."""

    def __init__(self, rule_id: int, order: dict[str, Any]) -> None:
        arguments = dict(order)
        match = arguments.pop("match", {})
        self.kind = str(arguments.pop("kind", ""))
        self.times = int(arguments.pop("times", 1) or 0)
        self.name = str(arguments.pop("name", rule_id))
        self.id = rule_id
        self.arguments = arguments
        if self.kind not in KINDS:
            raise FaultError(f"no fault kind {self.kind}")
        unknown = set(match) - _MATCH_KEYS
        if unknown:
            raise FaultError(f"no match key {', '.join(sorted(unknown))}")
        self.method = match.get("method")
        self.path = re.compile(match.get("path_regex", ""))
        self.object_type = match.get("object_type")
        self.body_contains = str(match.get("body_contains", "")).encode()
        self.record = match.get("record")
        self.skip = int(match.get("after_n_requests", 0))
        self.seen = 0
        self.fired = 0
        self.released = threading.Event()

    def applies(self, request: Request, object_type: str) -> bool:
        """Whether this request is spoiled; counts the ones that are let pass first."""
        if self.times and self.fired >= self.times:
            return False
        if self.method and request.method != self.method:
            return False
        if not self.path.search(request.path):
            return False
        if self.object_type and self.object_type != object_type:
            return False
        if self.body_contains and self.body_contains not in request.body:
            return False
        if self.record is not None and not _holds(request, str(self.record)):
            return False
        self.seen += 1
        if self.seen <= self.skip:
            return False
        self.fired += 1
        return True

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "times": self.times,
            "matched": self.seen,
            "fired": self.fired,
        }


class Faults:
    """The rules in order, and the log of what fired (no values)."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.fired: list[dict[str, Any]] = []
        self._next_id = 1
        self._changed = threading.Condition()

    def order(self, orders: list[dict[str, Any]]) -> list[Rule]:
        rules = []
        for order in orders:
            rules.append(Rule(self._next_id, order))
            self._next_id += 1
        with self._changed:
            self.rules.extend(rules)
        return rules

    def clear(self) -> None:
        """Forget all rules; whoever is held goes on."""
        with self._changed:
            for rule in self.rules:
                rule.released.set()
            self.rules, self.fired = [], []

    def release(self, name: str) -> int:
        with self._changed:
            held = [rule for rule in self.rules if rule.name == name]
            for rule in held:
                rule.released.set()
        return len(held)

    def pick(self, request: Request, template: str, object_type: str) -> list[Rule]:
        """The rules for a request: any number of actions, then at most one fault."""
        if not self.rules:
            return []
        picked: list[Rule] = []
        with self._changed:
            for rule in self.rules:
                if not rule.applies(request, object_type):
                    continue
                picked.append(rule)
                self.fired.append(
                    {
                        "rule": rule.id,
                        "name": rule.name,
                        "kind": rule.kind,
                        "method": request.method,
                        "path": template,
                        "object_type": object_type,
                        "at": time.time(),
                        "at_monotonic": time.monotonic(),
                    }
                )
                if rule.kind not in ACTIONS:
                    break
            if picked:
                self._changed.notify_all()
        return picked

    def wait_fired(self, name: str, count: int, timeout: float) -> bool:
        """Block until the rules of this name have fired so often."""

        def enough() -> bool:
            return sum(rule.fired for rule in self.rules if rule.name == name) >= count

        with self._changed:
            return self._changed.wait_for(enough, timeout)

    def as_json(self) -> dict[str, Any]:
        with self._changed:
            return {
                "rules": [rule.as_json() for rule in self.rules],
                "fired": list(self.fired),
            }


def status_error(rule: Rule, portal_id: int) -> ApiError:
    """The answer of a `status` fault, in the form that HubSpot gives it."""
    arguments = rule.arguments
    status = int(arguments.get("status", 500))
    headers = {str(k): str(v) for k, v in arguments.get("headers", {}).items()}
    retry_after = arguments.get("retry_after", 3600 if status == 477 else None)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    body: Any = arguments.get("body")
    if body is None:
        if arguments.get("html"):
            body = HTML_PAGE.format(status=status)
        elif status == 401:
            body = errors.unauthorized().body
        elif status == 403:
            body = errors.missing_scopes(["crm.objects.contacts.write"]).body
        elif status == 429:
            policy = str(arguments.get("policy", "TEN_SECONDLY_ROLLING"))
            body = errors.rate_limited(policy, portal_id).body
        else:
            title, message = _STATUS_MESSAGES.get(status, ("Error", "error"))
            category = arguments.get("category", title.upper().replace(" ", "_"))
            body = errors.error(status, arguments.get("message", message), category).body
    return ApiError(status, body, headers)


def whole_batch_error(rule: Rule, portal_id: int) -> ApiError:
    """A refusal of the whole batch on account of one record, whose value it repeats."""
    status = int(rule.arguments.get("status", 400))
    holder = rule.arguments.get("existing_id", 6001)
    message = rule.arguments.get("message")
    if message is None:
        if status == 409:
            message = f"Contact already exists. Existing ID: {holder}"
        else:
            message = (
                f"Cannot set PropertyValueCoordinates{{portalId={portal_id}, "
                "objectTypeId=ObjectTypeId{legacyObjectType=CONTACT}, propertyName=email, "
                f"value={rule.record}}} on 552148386511. {holder} already has that value."
            )
    category = "CONFLICT" if status == 409 else "VALIDATION_ERROR"
    return errors.error(status, str(message), rule.arguments.get("category", category))


def _holds(request: Request, record: str) -> bool:
    for item in request.inputs:
        if record in (str(item.get("id")), item.get("objectWriteTraceId")):
            return True
        properties = item.get("properties")
        if isinstance(properties, dict) and record in properties.values():
            return True
    return False
