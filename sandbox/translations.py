"""Translations of long statements into DuckDB's SQL, kept on disk from one start to the next.

The emulator takes a statement apart in some forty passes. What comes of them depends on the text,
on the columns of the tables it names, and on the versions of emulator and parser, and all of them
are part of the name that a translation is kept under. The folder may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

SHORTEST = 1000  # characters; less is translated as fast as it is found
# Here more than text and columns decide.
DEPENDS = re.compile(r"information_schema|system_time|\*`|\bsession_user\b", re.IGNORECASE)

Tables = list[tuple[str, str, str]]


class Translations:
    """Looks up what has been translated before, here or by an earlier emulator."""

    def __init__(self, tables_of: Callable[[str, str], Tables], columns_of: Callable[..., Any]):
        """`tables_of` gives project, dataset and name of the tables that a text of a project
        reads; `columns_of` what is known of the columns of one."""
        self._tables_of = tables_of
        self._columns_of = columns_of
        self._versions = [version(name) for name in ("bqemulator", "sqlglot", "duckdb")]
        folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        self._folder = Path(folder) / "local-bigquery"

    def place(self, sql: str, project: str, catalog: Any) -> Path | None:
        """The file of this translation; none where it cannot be told."""
        if len(sql) < SHORTEST or DEPENDS.search(sql):
            return None
        tables = self._tables(sql, project)
        columns = [repr(self._columns_of(catalog, *table)) for table in tables]
        return self._file("translated", sql, project, *columns)

    @staticmethod
    def read(place: Path | None) -> str | None:
        if place is not None:
            with suppress(OSError):
                return place.read_text(encoding="utf-8")
        return None

    @staticmethod
    def write(place: Path | None, text: str) -> None:
        """At once or not at all, since several emulators may write the same."""
        if place is None:
            return
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", dir=place.parent, delete=False
            ) as file:
                file.write(text)
            os.replace(file.name, place)

    def _tables(self, sql: str, project: str) -> Tables:
        place = self._file("tables", sql, project)
        known = self.read(place)
        if known is None:
            known = json.dumps(self._tables_of(sql, project))
            self.write(place, known)
        return _triples(known)

    def _file(self, kind: str, *parts: str) -> Path:
        digest = hashlib.sha256(json.dumps([*self._versions, *parts]).encode()).hexdigest()
        return self._folder / kind / digest


@lru_cache(maxsize=1024)
def _triples(text: str) -> Tables:
    return [(project, dataset, name) for project, dataset, name in json.loads(text)]
