"""The account that is asked: only a test account, and nothing of the probe's is left in it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

PREFIX = "zz_probe"  # of every definition that the probe makes
MARK = "ZzProbe"  # last name of every contact that it makes
CUSTOM = f"{PREFIX}_object"
TEST_ACCOUNTS = ("DEVELOPER_TEST", "SANDBOX")
_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,60}")


class NotATestAccount(Exception):
    """The token leads elsewhere than it was said to, or to an account that somebody works in."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `said` tells of it in codes and counts only."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def results(self) -> list[dict[str, Any]]:
        return self.body.get("results") or []

    @property
    def errors(self) -> list[dict[str, Any]]:
        return self.body.get("errors") or []

    def said(self) -> str:
        words = [str(self.status)]
        if self.is_good and "results" in self.body:
            words.append(f"{len(self.results)} results")
        if self.is_good and self.errors:
            words.append(f"{len(self.errors)} errors")
        rows = [self.body, *self.errors, *(one for row in self.errors for one in _inner(row))]
        codes = [str(row.get(key, "")) for row in rows for key in ("category", "code")]
        codes += re.findall(r'"error":\s*"(\w+)"', str(self.body.get("message", "")))
        words += dict.fromkeys(code for code in codes if _CODE.fullmatch(code))
        return ", ".join(words)


class Portal:
    """A client that remembers what it made, and takes it away again."""

    def __init__(self, base: str, token: str, version: str = "2026-09") -> None:
        parts = urlsplit(base)
        is_local = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if not is_local and (parts.scheme, parts.hostname) != ("https", "api.hubapi.com"):
            raise NotATestAccount("only https://api.hubapi.com, or this machine, is asked")
        self.base, self.version = base.rstrip("/"), version
        self.calls = 0
        self.made: dict[str, set[str]] = {"contacts": set(), f"p_{CUSTOM}": set()}
        self._session = requests.Session()
        self._session.trust_env = not is_local
        self._session.headers["Authorization"] = f"Bearer {token}"

    def admit(self, portal_id: str) -> None:
        """Go on only where the token leads to this account, and the account is a test."""
        details = self.ask("GET", "/account-info/v3/details")
        kind = str(details.body.get("accountType", "unknown"))
        if not details.is_good:
            raise NotATestAccount(f"the account does not say who it is ({details.said()})")
        if str(details.body.get("portalId")) != portal_id:
            raise NotATestAccount("the token belongs to another account than --portal-id says")
        if kind not in TEST_ACCOUNTS:
            raise NotATestAccount(f"{kind} is no test account: {' or '.join(TEST_ACCOUNTS)} is")

    # Asking --------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: Any = None) -> Reply:
        """One request; a rate limit is waited for once."""
        for is_last in (False, True):
            self.calls += 1
            answer = self._session.request(
                method, self.base + path, json=body, timeout=30, allow_redirects=False
            )
            if answer.status_code != 429 or is_last:
                break
            time.sleep(float(answer.headers.get("Retry-After") or 10))
        try:
            found = answer.json()
        except ValueError:
            found = {}
        reply = Reply(
            answer.status_code, found if isinstance(found, dict) else {}, dict(answer.headers)
        )
        self._remember(path, reply)
        return reply

    def objects(self, method: str, path: str, body: Any = None, kind: str = "contacts") -> Reply:
        return self.ask(method, f"/crm/objects/{self.version}/{kind}{path}", body)

    def properties(self, method: str, path: str = "", body: Any = None) -> Reply:
        return self.ask(method, f"/crm/properties/{self.version}/contacts{path}", body)

    def schemas(self, method: str, path: str = "", body: Any = None) -> Reply:
        return self.ask(method, f"/crm-object-schemas/{self.version}/schemas{path}", body)

    def batch(self, operation: str, *inputs: dict[str, Any], **more: Any) -> Reply:
        return self.objects("POST", f"/batch/{operation}", {"inputs": list(inputs), **more})

    def contact(self, **properties: str) -> str:
        """A new contact with the probe's mark; its id."""
        order = {"properties": {"lastname": MARK, **properties}}
        return str(self.objects("POST", "", order).body.get("id", ""))

    def value(self, record_id: str, name: str) -> str | None:
        """What a contact holds now."""
        found = self.batch("read", {"id": record_id}, properties=[name]).results
        return found[0]["properties"].get(name) if found else None

    def wait(self, ask: Callable[[], bool], seconds: float = 60) -> float:
        """Ask until it is so; how long it took, or a negative number."""
        started = time.monotonic()
        while not ask():
            if time.monotonic() - started > seconds:
                return -1.0
            time.sleep(0.5)
        return time.monotonic() - started

    def _remember(self, path: str, reply: Reply) -> None:
        """Whatever was made or changed is the probe's own."""
        for kind, ids in self.made.items():
            is_read = path.endswith(("/batch/read", "/search")) or "?" in path
            if f"/{kind}" in path and "/crm/objects/" in path and reply.is_good and not is_read:
                rows = [reply.body, *reply.results]
                ids.update(str(row["id"]) for row in rows if "id" in row)

    # Leaving nothing -----------------------------------------------------------------------------

    def clean(self) -> list[str]:
        """Take away what this run made; what could not be."""
        left = [
            f"{kind}: {n} records"
            for kind, ids in self.made.items()
            if (n := self._drop(kind, ids))
        ]
        if self.schemas("GET", f"/p_{CUSTOM}").is_good:
            if not self.schemas("DELETE", f"/p_{CUSTOM}").is_good:
                left.append(f"custom object {CUSTOM}")
            self.schemas("DELETE", f"/p_{CUSTOM}?archived=true")
        for name in self._definitions():
            if not self.properties("DELETE", f"/{name}").is_good:
                left.append(f"contact property {name}")
        return left

    def find_leftovers(self) -> None:
        """Take as made whatever bears the probe's mark."""
        names = self._definitions()
        filters = [{"propertyName": "lastname", "operator": "EQ", "value": MARK}]
        keyed = {"propertyName": f"{PREFIX}_key", "operator": "HAS_PROPERTY"}
        groups = [[one] for one in (*filters, *([keyed] if f"{PREFIX}_key" in names else []))]
        for kind, body in (
            ("contacts", {"filterGroups": [{"filters": group} for group in groups]}),
            (f"p_{CUSTOM}", {"filterGroups": []}),
        ):
            found = self.objects("POST", "/search", {**body, "limit": 200}, kind)
            self.made[kind].update(str(row["id"]) for row in found.results)

    def _drop(self, kind: str, ids: set[str]) -> int:
        """Archive records; how many are left."""
        live = sorted(ids)
        for start in range(0, len(live), 100):
            inputs = [{"id": one} for one in live[start : start + 100]]
            if not self.objects("POST", "/batch/archive", {"inputs": inputs}, kind).is_good:
                return len(live) - start
        return 0

    def _definitions(self) -> list[str]:
        found = [*self.properties("GET").results]
        found += self.properties("GET", "?dataSensitivity=sensitive").results
        return [row["name"] for row in found if str(row.get("name", "")).startswith(PREFIX)]


def _inner(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in row.get("errors") or []:
        if isinstance(one, dict):
            yield one
