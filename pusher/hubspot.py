"""A thin HubSpot client: one request in, one classified answer out.

Call sites never see a status code: `classify` turns each answer into a document or an error
of `pusher.errors`, and keeps nothing of a body that could hold a value.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter

from pusher import logs
from pusher.breaker import Breaker
from pusher.errors import (
    EndedEarly,
    Failed,
    Forbidden,
    Halted,
    PusherError,
    Refusal,
    Refused,
    SettingsError,
    Throttled,
    Transient,
    is_untrusted,
)
from pusher.limiter import GENERAL, SEARCH, Limiter
from pusher.retry import Policy
from pusher.settings import Settings

SEARCH_LIMIT, LIST_LIMIT = 200, 100  # records a page, HubSpot's maximum
LONGEST_WAIT = 60.0  # seconds; beyond that the run ends, and the next one goes on
LARGEST_PIECE = 1 << 20  # bytes; a page of search results has a quarter of that
LOCK_SECONDS = 2.0  # a 423 says that a record is locked; locks last that long

RESULTS, ANSWERED = ("results",), ("results", "errors")

_UUID = re.compile(r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}", re.IGNORECASE)

Document = dict[str, Any]


class HubSpot:
    """One portal. Safe to share between threads: each keeps a connection of its own."""

    def __init__(self, settings: Settings, token: str = "") -> None:
        self.limiter = Limiter()
        self.policy = Policy(settings.max_retries + 1, settings.initial_backoff)
        # Who gives up on a reading has nothing to halve: patient until the breaker is not.
        self._patient = replace(self.policy, tries=2 * self.policy.tries)
        self._breakers = {is_write: Breaker() for is_write in (False, True)}
        self.before_write: Callable[[], None] = lambda: None
        self.halted = threading.Event()
        self.requests = 0
        self.timeout = settings.request_timeout
        self.clock = datetime.now(UTC)  # HubSpot's, as of its latest answer
        self._base = settings.hubspot_base
        self._is_local = settings.emulator is not None
        self._token = token
        self._types: dict[str, str] = {}
        self._local = threading.local()
        self._count = threading.Lock()
        version = settings.api_version
        crm = "/crm/v3/{}" if version == "v3" else f"/crm/{{}}/{version}"
        self._objects, self._properties = crm.format("objects"), crm.format("properties")
        self._rules = crm.format("property-validations")
        self._schemas = f"/crm-object-schemas/{version}/schemas"
        self._account = f"/account-info/{version}/details"

    def sign_in(self, token: str) -> None:
        """With this token from now on; without one no request can succeed."""
        self._token = token

    # One attempt each: the ship loop repeats a guard read and its write as one.

    def batch(
        self, object_type: str, operation: str, body: bytes, of: frozenset[str] = frozenset()
    ) -> Document:
        """`read`, `update` or `upsert` up to a hundred records, which `of` names."""
        path = f"{self._objects}/{self._type(object_type)}/batch/{operation}"
        return self._send("POST", path, body, is_write=operation != "read", holds=ANSWERED, of=of)

    def check_outage(self) -> None:
        """Raise where the latest requests have failed, and not for one record's sake."""
        for breaker in self._breakers.values():
            breaker.check(is_patient=False)

    # With retries.

    def read(self, object_type: str, body: bytes) -> Document:
        """Up to a hundred records."""
        return self._patient.call(lambda: self.batch(object_type, "read", body))

    def search(self, object_type: str, body: Document) -> Document:
        """One page of search results, and the total."""
        path = f"{self._objects}/{self._type(object_type)}/search"
        content = json.dumps(body).encode()
        return self._call("POST", path, content, is_search=True, holds=RESULTS)

    def page(
        self, object_type: str, properties: str, after: str | None, *, archived: bool = False
    ) -> Document:
        """One page of all live records, or of the recycling bin, from the primary store."""
        params = {
            "limit": str(LIST_LIMIT),
            "archived": str(archived).lower(),
            "properties": properties,
        }
        if after:
            params["after"] = after
        path = f"{self._objects}/{self._type(object_type)}"
        return self._call("GET", path, params=params, holds=RESULTS)

    def portal_id(self) -> str:
        """Which portal the token belongs to; the first request of every run, without any data."""
        try:
            details = self._call("GET", self._account, may_lack=True)
        except Refused:  # the dated paths are younger than this endpoint
            details = self._call("GET", "/account-info/v3/details")
        return str(details.get("portalId", ""))

    def resolve(self, object_type: str, portal_id: str) -> Document:
        """Learn the canonical id of an object type from its schema; nothing where the portal does
        not show it.

        A token without the schema scope, or a portal that shows no schema for a standard object,
        is no obstacle: then the name is used as given.
        """
        bare = object_type.removeprefix("p_")
        is_bare = not re.match(r"p\d*_|\d+-\d+$", object_type)
        names = [object_type]
        if is_bare or bare != object_type:  # `p_…` is short for this, where a portal takes it
            names.append(f"p{portal_id}_{bare}")
        for name in names:
            try:
                path = f"{self._schemas}/{quote(name, safe='')}"
                schema = self._call("GET", path, may_lack=True)
            except Forbidden:
                return {}
            except Refused:
                continue
            if is_bare and name != object_type:
                raise SettingsError(
                    "base_name", f"HubSpot takes no bare name of a custom object: write p_{bare}"
                )
            self._types[object_type] = str(schema.get("objectTypeId") or name)
            return schema
        return {}

    def canonical(self, object_type: str) -> str:
        """The id of an object type, where `resolve` has learned it."""
        return self._types.get(object_type, object_type)

    def properties(self, object_type: str, sensitivity: str | None = None) -> list[Document]:
        """The properties of an object; sensitive ones are listed only on demand."""
        params = {"dataSensitivity": sensitivity} if sensitivity else {}
        path = f"{self._properties}/{self._type(object_type)}"
        return entries(self._call("GET", path, params=params, holds=RESULTS), "results")

    def rules(self, object_type: str) -> list[Document]:
        """The validation rules that an admin has set, by property. Not asked for long: a run can
        do without."""
        path = f"{self._rules}/{self._type(object_type)}"
        found = self.policy.call(lambda: self._send("GET", path, may_lack=True))
        return entries(found, "results")

    def create_schema(self, schema: Document) -> None:
        """Create a custom object."""
        self._define("POST", self._schemas, schema)

    def patch_schema(self, object_type: str, changes: Document) -> None:
        """Change a custom object."""
        self._define("PATCH", f"{self._schemas}/{self._type(object_type)}", changes)

    def create_group(self, object_type: str, group: Document) -> None:
        """Create a property group."""
        self._define("POST", f"{self._properties}/{self._type(object_type)}/groups", group)

    def create_property(self, object_type: str, definition: Document) -> None:
        """Create a property."""
        self._define("POST", f"{self._properties}/{self._type(object_type)}", definition)

    def _define(self, method: str, path: str, body: Document) -> None:
        self._call(method, path, json.dumps(body).encode(), is_write=True)

    def _type(self, object_type: str) -> str:
        return quote(self.canonical(object_type), safe="")

    def _call(self, method: str, path: str, body: bytes | None = None, **options: Any) -> Document:
        return self._patient.call(lambda: self._send(method, path, body, **options))

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        params: Mapping[str, str] | None = None,
        is_search: bool = False,
        is_write: bool = False,
        may_lack: bool = False,
        holds: tuple[str, ...] = (),
        of: frozenset[str] = frozenset(),
    ) -> Document:
        """One request. `holds`: lists of which a readable answer has at least one; `of`: records
        on whose account HubSpot may be unable to answer."""
        breaker = self._breakers[is_write]
        self._check_halted()
        breaker.check()
        self.limiter.wait(search=is_search)
        self._check_halted()
        if is_write:
            self.before_write()
        with self._count:
            self.requests += 1
        started_at = time.monotonic()
        to_blame = frozenset[str]()  # no record for a silence
        try:
            try:
                response = self._session().request(
                    method,
                    self._base + path,
                    data=body,
                    params=params,
                    timeout=(min(5.0, self.timeout), self.timeout),
                    allow_redirects=False,
                    stream=True,
                )
                # In one piece: `content` would gather it in pieces of 10 kB.
                content = b"".join(response.iter_content(LARGEST_PIECE))
            except requests.RequestException as error:
                if is_untrusted(error):
                    hint = "HubSpot's certificate is refused: look at the proxy in between"
                    raise Failed("tls_failed", hint) from None
                raise Transient(type(error).__name__) from None
            to_blame = of
            document = classify(response.status_code, response.headers, content, is_search)
            if holds and not any(isinstance(document.get(name), list) for name in holds):
                raise Transient("unreadable_answer")
        except Throttled as error:
            if self.limiter.pause(error.lane, error.pause):
                breaker.failure(started_at)
            raise
        except Transient:
            breaker.failure(started_at, to_blame)
            raise
        except Refused as error:
            breaker.success()
            if not may_lack and error.refusal.http_status == 404 and not error.refusal.category:
                raise Transient("http_404") from None  # a gateway's page, not HubSpot's own words
            raise
        breaker.success()
        self.limiter.learn(response.headers)
        self.clock = _date(response.headers) or self.clock
        return document

    def _check_halted(self) -> None:
        if self.halted.is_set():
            raise Halted

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.mount(self._base, HTTPAdapter(pool_connections=1, pool_maxsize=1))
            # An auth callable, since requests would let a .netrc entry replace a plain header.
            session.auth = self._authorize
            session.headers["Content-Type"] = "application/json"
            session.headers["User-Agent"] = "reverse-etl-pusher"
            session.trust_env = not self._is_local  # a proxy cannot reach this machine's loopback
            self._local.session = session
        return session

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def classify(
    status: int, headers: Mapping[str, str], content: bytes, is_search: bool = False
) -> Document:
    """The document of a good answer; an error that says what to do about any other."""
    document = _document(content)
    try:
        return _classify(status, headers, document, content, is_search)
    except PusherError as error:
        error.correlation_id = _correlation_id(document or {}, headers)
        if not isinstance(error, Refused | Transient):  # which are recorded, or logged when retried
            logs.event("hubspot_error", code=error.code, correlation_id=error.correlation_id)
        raise


def _classify(
    status: int,
    headers: Mapping[str, str],
    document: Document | None,
    content: bytes,
    is_search: bool,
) -> Document:
    if 200 <= status < 300:
        if document is None and status != 204:
            raise Transient("unreadable_answer")
        return document or {}
    if 300 <= status < 400:
        raise SettingsError("redirected", "HUBSPOT_BASE answers with a redirect; name its target")
    if status == 401:
        raise Failed("unauthorized", "HubSpot does not take the token: has it been rotated?")
    if status == 403:
        details = entries(document or {}, "errors")
        scopes = [name for entry in details for name in named(entry, "requiredGranularScopes")]
        needed = " or ".join(
            name for name in scopes if re.fullmatch(r"[a-z_]+(\.[a-z0-9_]+)+", name)
        )
        raise Forbidden("forbidden", f"the token lacks a scope{f': {needed}' if needed else ''}")
    code = f"http_{status}"
    ordered = _retry_after(headers)
    if ordered > LONGEST_WAIT or (status == 477 and not ordered):
        raise EndedEarly("long_wait", "HubSpot asks for a long wait; the rest is due next run")
    if status == 429:
        raise _throttled(document or {}, ordered, is_search)
    if status in (408, 423, 425, 477) or status >= 500:
        if ordered:
            raise Throttled(code, pause=ordered, lane=GENERAL)
        raise Transient(code, wait=LOCK_SECONDS if status == 423 else 0.0)
    raise Refused(refusal_of(document or {}, status))


def refusal_of(error: Mapping[str, Any], status: int | None = None) -> Refusal:
    """What an error body says, in codes and property names: its texts repeat values."""
    message = str(error.get("message", ""))
    details = entries(error, "errors")
    codes = [str(entry.get("code", "")) for entry in details]
    codes += re.findall(r'"error":\s*"(\w+)"', message)
    codes += [str(error.get("subCategory", "")).rpartition(".")[2]]
    names = [name for entry in (error, *details) for name in named(entry, "propertyName")]
    names += re.findall(r'"name":\s*"(\w+)"', message)
    names += re.findall(r"propertyName=(\w+)", message)
    category = _word(str(error.get("category", "")))
    if "already has that value" in message or "already exists" in message.lower():
        category = "CONFLICT"  # validation error by name, but another record's state is the cause
    return Refusal(
        category=category,
        code=next(filter(None, map(_word, codes)), None),
        property_names=tuple(dict.fromkeys(names)),
        http_status=status,
        correlation_id=_correlation_id(error),
    )


def _correlation_id(
    error: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> str | None:
    given = error.get("correlationId") or (headers or {}).get("X-HubSpot-Correlation-Id")
    correlation = _UUID.fullmatch(str(given))
    return correlation.group() if correlation else None


def entries(document: Mapping[str, Any], name: str) -> list[Document]:
    """The objects of a list in an answer, whatever else it may hold."""
    return [entry for entry in document.get(name) or [] if isinstance(entry, dict)]


def gone_ids(document: Mapping[str, Any]) -> set[str]:
    """Which of the ids that were asked for HubSpot says it does not have."""
    return {
        key
        for error in entries(document, "errors")
        if error.get("category") == "OBJECT_NOT_FOUND"
        for key in named(error, "ids")
    }


def named(error: Mapping[str, Any], key: str) -> list[str]:
    """What the structured context of an error names: trace ids, record ids, properties."""
    context = error.get("context")
    values = context.get(key) if isinstance(context, dict) else None
    return [str(value) for value in values] if isinstance(values, list) else []


def _word(text: str) -> str | None:
    """A code as HubSpot writes them; anything else may be a value, and is dropped."""
    return text if re.fullmatch(r"[A-Z][A-Z0-9_]{2,60}", text) else None


def _document(content: bytes) -> Document | None:
    try:
        document = json.loads(content)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _throttled(document: Document, ordered: float, is_search: bool) -> Exception:
    policy = str(document.get("policyName", "")).upper()
    if policy == "DAILY" or "daily limit" in str(document.get("message", "")):
        return EndedEarly("daily_limit", "HubSpot's daily limit is used up: the rest is due later")
    if policy == "SECONDLY":
        lane = SEARCH if is_search else GENERAL
        return Throttled("http_429_secondly", pause=ordered or 1.0, lane=lane)
    return Throttled("http_429", pause=ordered or None, lane=GENERAL)


def _retry_after(headers: Mapping[str, str]) -> float:
    text = headers.get("Retry-After", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError, TypeError):
        return None
