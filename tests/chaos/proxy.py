"""A proxy in front of the embedded BigQuery that spoils, loses or holds chosen requests.

A held request is how a test waits for a moment of a run: the rule says when it has fired, and
the request goes on when the test releases it (or when its sender has been killed, to nobody).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import requests

HOP = {"host", "connection", "transfer-encoding", "content-length", "content-encoding",
       "accept-encoding", "keep-alive"}  # fmt: skip
PATIENCE = 120.0  # for what a test waits for; nothing is timed by it

# fail: not done, an error is answered · fail_after: done, an error is answered · lose: done, and
# the connection breaks · reset: not done, and the connection breaks · hold_before, hold_after:
# the request waits before, or its answer after, BigQuery has done it · watch: nothing, but it is
# said that it has come. The embedded BigQuery does not keep a load's job id, so a load that is
# lost and sent again lands twice.
Kind = Literal["fail", "fail_after", "lose", "reset", "hold_before", "hold_after", "watch"]


@dataclass
class Rule:
    """Spoils the requests whose `METHOD path body` matches; the first rule that does decides."""

    kind: Kind
    text: str
    times: int = 1  # 0: always
    skip: int = 0  # requests that pass first
    every: int = 1  # then only each so-many-th
    status: int = 503
    reason: str = "backendError"
    message: str = "try again"
    seen: int = 0
    fired: int = 0
    reached: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    released: threading.Event = field(default_factory=threading.Event)
    is_dropped: bool = False  # what waits before BigQuery is, once released, never sent

    def takes(self, request: str) -> bool:
        if (self.times and self.fired >= self.times) or not re.search(self.text, request, re.S):
            return False
        self.seen += 1
        if self.seen <= self.skip or (self.seen - self.skip) % self.every:
            return False
        self.fired += 1
        return True

    def wait(self, seconds: float = PATIENCE) -> bool:
        """Until it has fired (once more)."""
        return self.reached.acquire(timeout=seconds)

    @property
    def answer(self) -> bytes:
        error = {"reason": self.reason, "message": self.message}
        return json.dumps(
            {"error": {"code": self.status, "message": self.message, "errors": [error]}}
        ).encode()


class BigQueryProxy:
    """Listens on a free loopback port."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.requests = 0
        self._rules: list[Rule] = []
        self._changed = threading.Condition()
        self._in_flight = 0
        session = requests.Session()
        session.trust_env = False
        adapter = requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=64)
        session.mount("http://", adapter)
        self._session = session
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.clear()
        self._server.shutdown()
        self._server.server_close()

    def order(self, kind: Kind, text: str, **more: int | str) -> Rule:
        rule = Rule(kind, text, **more)  # type: ignore[arg-type]
        with self._changed:
            self._rules.append(rule)
        return rule

    def clear(self, *, drop: bool = False) -> None:
        """Forget the rules and let everything go on, save what a dead sender had not sent."""
        with self._changed:
            for rule in self._rules:
                rule.is_dropped = drop
                rule.released.set()
            self._rules = []

    def settle(self) -> None:
        """After a kill: wait until BigQuery has done all that it was asked for."""
        self.clear(drop=True)
        with self._changed:
            if not self._changed.wait_for(lambda: self._in_flight == 0, PATIENCE):
                raise TimeoutError("BigQuery has not come to rest")

    # What the handler does

    def pick(self, request: str) -> Rule | None:
        with self._changed:
            self.requests += 1
            return next((rule for rule in self._rules if rule.takes(request)), None)

    @contextmanager
    def counting(self) -> Iterator[None]:
        with self._changed:
            self._in_flight += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    def forward(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> requests.Response:
        return self._session.request(method, self.target + path, data=body, headers=headers)


def _handler(proxy: BigQueryProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _handle(self) -> None:
            body = self._body()
            headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP}
            rule = proxy.pick(f"{self.command} {self.path} {body.decode('utf-8', 'replace')}")
            try:
                with proxy.counting():
                    self._obey(rule, body, headers)
            except OSError:  # whoever asked has been killed
                self.close_connection = True

        def _obey(self, rule: Rule | None, body: bytes, headers: dict[str, str]) -> None:
            if rule and rule.kind in ("fail", "reset", "hold_before"):
                rule.reached.release()
                if rule.kind == "fail":
                    self._answer(rule.status, rule.answer, {})
                    return
                if rule.kind == "reset":
                    self.close_connection = True
                    return
                rule.released.wait()
                if rule.is_dropped:
                    self.close_connection = True
                    return
            if rule and rule.kind == "watch":
                rule.reached.release()
            answer = proxy.forward(self.command, self.path, body, headers)
            if rule and rule.kind in ("lose", "fail_after", "hold_after"):
                rule.reached.release()
                if rule.kind == "lose":
                    self.close_connection = True
                    return
                if rule.kind == "fail_after":
                    self._answer(rule.status, rule.answer, {})
                    return
                rule.released.wait()
            # The address of an upload too: its body is to come this way.
            kept = {
                name: value.replace(proxy.target, proxy.url)
                for name, value in answer.headers.items()
                if name.lower() not in HOP
            }
            self._answer(answer.status_code, answer.content, kept)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            chunks = []
            while size := int(self.rfile.readline() or b"0", 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)

        def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    return Handler
