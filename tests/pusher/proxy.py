"""A proxy in front of the emulator that spoils requests to order, and that can be stricter than
the emulator where BigQuery is."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests


@dataclass
class Rule:
    """Spoils the next `times` requests that contain `text` in path or body."""

    text: str
    times: int = 1
    status: int = 503
    reason: str = "backendError"
    message: str = "try again"
    lose_answer: bool = False  # done, but the connection breaks before the answer
    cut: bool = False  # or in the middle of it
    page: str = ""  # a gateway's, with 200, instead of the answer
    seconds: float = 0.0
    swallow: bool = False  # neither passed on nor answered, as on a half-open connection
    skip: int = 0
    fired: int = 0


class FaultyProxy:
    """Listens on a free port; `rules` may change at any time."""

    def __init__(self, target: str) -> None:
        self.rules: list[Rule] = []
        self.requests = 0
        self.location: str | None = None  # of the dataset; then jobs are found there, and ids kept
        self.jobs: list[dict[str, Any]] = []  # what was asked for by POST
        self._closed = threading.Event()
        self._lock = threading.Lock()
        proxy = self
        session = requests.Session()
        session.trust_env = False

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _handle(self) -> None:
                body = self._body()
                rule = proxy._pick(self.path + body.decode("utf-8", "replace"))
                if rule and rule.swallow:
                    proxy._closed.wait()
                    self.close_connection = True
                    return
                if refusal := proxy._refusal(self.command, self.path, body):
                    self._answer(refusal, proxy._error(Rule("", reason="duplicate")), {})
                    return
                if rule and rule.seconds:
                    time.sleep(rule.seconds)
                elif rule and rule.page:
                    self._answer(200, rule.page.encode(), {"Content-Type": "text/html"})
                    return
                elif rule and not (rule.lose_answer or rule.cut):
                    self._answer(rule.status, proxy._error(rule), {})
                    return
                headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
                answer = session.request(
                    self.command, target + self.path, data=body, headers=headers
                )
                if rule and rule.lose_answer:
                    self.close_connection = True
                    return
                kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP}
                if "Location" in kept:
                    kept["Location"] = kept["Location"].replace(target, proxy.url)
                content = answer.content
                if proxy.location and re.search(r"/datasets/[^/]+$", self.path):
                    content = json.dumps(answer.json() | {"location": proxy.location}).encode()
                self._answer(answer.status_code, content, kept, is_cut=bool(rule and rule.cut))

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") == "chunked":
                    chunks = []
                    while size := int(self.rfile.readline(), 16):
                        chunks.append(self.rfile.read(size))
                        self.rfile.readline()
                    self.rfile.readline()
                    return b"".join(chunks)
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))

            def _answer(
                self, status: int, content: bytes, headers: dict[str, str], is_cut: bool = False
            ) -> None:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if is_cut else content)
                self.close_connection |= is_cut

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()

    def _pick(self, text: str) -> Rule | None:
        with self._lock:
            self.requests += 1
            for rule in self.rules:
                if rule.text in text and rule.fired < rule.times:
                    if rule.skip:
                        rule.skip -= 1
                        continue
                    rule.fired += 1
                    return rule
        return None

    def _refusal(self, method: str, path: str, body: bytes) -> int | None:
        """BigQuery takes a job id once, and outside the US and the EU finds a job only by both
        its id and its location; the emulator does neither."""
        url, _, parameters = path.partition("?")
        if method == "POST" and url.endswith("/jobs"):
            with self._lock:
                ids = [job["jobReference"] for job in self.jobs]
                self.jobs.append(json.loads(body))
                return 409 if self.location and self.jobs[-1]["jobReference"] in ids else None
        is_lost = self.location and f"location={self.location}" not in parameters
        return 404 if method == "GET" and re.search(r"/jobs/[^/]+$", url) and is_lost else None

    @staticmethod
    def _error(rule: Rule) -> bytes:
        return (
            f'{{"error": {{"code": {rule.status}, "message": "{rule.message}", "errors": '
            f'[{{"reason": "{rule.reason}", "message": "{rule.message}"}}]}}}}'
        ).encode()


_HOP = {"host", "connection", "transfer-encoding", "content-length", "content-encoding",
        "accept-encoding", "keep-alive"}  # fmt: skip
