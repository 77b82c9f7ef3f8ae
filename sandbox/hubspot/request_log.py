"""What was asked of the simulator, without any value: records are PHI, and so are messages."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from typing import Any

# Enough for the largest benchmark, and still bounded.
MAX_REQUESTS = 200_000
MAX_WRITES = 2_000_000


class RequestLog:
    """Counts by method, path template and status; times of requests; every record write."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, str, str, int]] = Counter()
        self.requests: deque[dict[str, Any]] = deque(maxlen=MAX_REQUESTS)
        self.writes: deque[tuple[int, int, str, int, str, tuple[str, ...]]] = deque(
            maxlen=MAX_WRITES
        )
        self.request_seq = 0
        self.write_seq = 0
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}

    def add_request(
        self,
        *,
        method: str,
        template: str,
        version: str,
        object_type: str,
        status: int,
        **more: Any,
    ) -> None:
        self.counts[(method, template, version, object_type, status)] += 1
        self.request_seq += 1
        self.requests.append(
            {
                "seq": self.request_seq,
                "method": method,
                "path": template,
                "version": version,
                "object_type": object_type,
                "status": status,
                **more,
            }
        )

    def add_write(
        self, now_ms: int, object_type: str, record_id: int, operation: str, names: Iterable[str]
    ) -> None:
        self.write_seq += 1
        key = tuple(names)
        self.writes.append(
            (
                self.write_seq,
                now_ms,
                object_type,
                record_id,
                operation,
                self._names.setdefault(key, key),
            )
        )

    def counts_json(self) -> list[dict[str, Any]]:
        return [
            {
                "method": method,
                "path": template,
                "version": version,
                "object_type": object_type,
                "status": status,
                "count": count,
            }
            for (method, template, version, object_type, status), count in sorted(
                self.counts.items()
            )
        ]

    def clear(self) -> None:
        self.counts.clear()
        self.requests.clear()
        self.writes.clear()
