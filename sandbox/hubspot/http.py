"""Requests and responses, between the socket and the routes."""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote

from . import errors
from .errors import ApiError


class Request:
    """One request as it came in."""

    def __init__(self, method: str, target: str, headers: Any, body: bytes) -> None:
        self.method = method
        self.target = target
        raw_path, _, self._query = target.partition("?")
        self.path = unquote(raw_path)
        self.headers = headers
        self.body = body

    @cached_property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(self._query, keep_blank_values=True)

    def argument(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[-1]

    def flag(self, name: str) -> bool:
        return self.argument(name).lower() == "true"

    def names(self, name: str) -> list[str]:
        """A list argument: repeated, or separated by commas."""
        return [part for value in self.query.get(name, []) for part in value.split(",") if part]

    @cached_property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except json.JSONDecodeError as bad:
            raise errors.invalid_json(bad) from None
        except (UnicodeDecodeError, RecursionError):
            raise errors.invalid_json() from None

    @cached_property
    def inputs(self) -> list[dict[str, Any]]:
        """The inputs of a batch, or nothing where the body holds none."""
        if b'"inputs"' not in self.body[:4096] and b'"inputs"' not in self.body:
            return []
        try:
            body = self.json
        except ApiError:
            return []
        found = body.get("inputs") if isinstance(body, dict) else None
        return (
            [item for item in found if isinstance(item, dict)] if (isinstance(found, list)) else []
        )


@dataclass(slots=True)
class Response:
    """An answer; `delivery` says what becomes of it on the wire."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    # send | reset (close without an answer) | cut (close in the middle of the body)
    delivery: str = "send"


def json_response(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    if body is None:
        return Response(status, b"", dict(headers or {}))
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    found = {"Content-Type": "application/json;charset=utf-8", **(headers or {})}
    return Response(status, encoded(text), found)


def encoded(text: str) -> bytes:
    """UTF-8; half a surrogate pair is valid in JSON text and becomes `?`, as in Java."""
    return text.encode("utf-8", "replace")


def bug_response(bug: Exception) -> Response:
    """A fault of the simulator itself: say where, but not with which values."""
    lines = "".join(traceback.format_tb(bug.__traceback__))
    print(f"simulator bug: {type(bug).__name__}\n{lines}", file=sys.stderr, flush=True)
    return json_response(
        500, {"status": "error", "message": "the simulator failed", "category": "SIMULATOR_BUG"}
    )


def error_response(problem: ApiError) -> Response:
    if isinstance(problem.body, str):
        headers = {"Content-Type": "text/html;charset=utf-8", **problem.headers}
        return Response(problem.status, problem.body.encode(), headers)
    return json_response(problem.status, problem.body, problem.headers)
