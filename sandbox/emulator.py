"""bqemulator's own command line, made quick on nested views: `python -m sandbox.emulator start`.

The emulator rewrites a statement in some forty passes, each of which parses the text again,
and it first writes every view that the statement reads into it, view by view, so that row
access policies can be applied. On the nested views of this project that is nearly all of its
time. Here a view stays a view, which DuckDB resolves by itself (there are no row access
policies), and a pass that finds its text already parsed gets that tree, or a copy of it. The plain
`bqemulator` gives the same answers, later.

And three things are made as in BigQuery. A table is replaced only by one that is partitioned and
clustered alike: the emulator forgets how a table is laid out, so it is remembered here. And a
value that is cast to NUMERIC has 38 digits, nine of them decimals: DuckDB gives a DECIMAL of no
stated size 18, and three. And whoever asks for a view is told its text, as it was written.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import sqlglot
import sqlglot.expressions.core as core

from sandbox.translations import Translations

TREES_KEPT = 64
TEXTS_KEPT = 1024
STOP_WITH_PARENT = "STOP_WITH_PARENT"
# Functions of the emulator that look at a tree and leave it as it is.
LOOKERS = {
    "_capture_dml_snapshots", "_detect_catalog_drop", "_detect_create_schema",
    "_detect_plain_create_table", "_detect_plain_create_view", "_is_row_producing",
    "_parse_for_classification", "_parse_statement", "_reject_dml_on_immutable",
    "build_catalog_schema", "check", "detect_drop_routine",
}  # fmt: skip

_parse_one = sqlglot.parse_one
_transpile = sqlglot.transpile
_deepcopy = core.deepcopy


@lru_cache(maxsize=TREES_KEPT)
def _parsed(sql: str, dialect: str | None) -> sqlglot.exp.Expression:
    return _parse_one(sql, dialect=dialect)


def parse_one(sql: Any, read: Any = None, dialect: Any = None, **options: Any) -> Any:
    """`sqlglot.parse_one`, from memory where it has seen the text."""
    chosen = read or dialect
    options = {name: value for name, value in options.items() if value is not None}
    if options or not isinstance(sql, str) or not isinstance(chosen, str | None):
        return _parse_one(sql, read=read, dialect=dialect, **options)
    tree = _parsed(sql, chosen)
    return tree if sys._getframe(1).f_code.co_name in LOOKERS else tree.copy()


@lru_cache(maxsize=TEXTS_KEPT)
def _transpiled(sql: str, options: tuple[tuple[str, Any], ...]) -> tuple[str, ...]:
    return tuple(_transpile(sql, **dict(options)))


def transpile(sql: str, **options: Any) -> list[str]:
    """`sqlglot.transpile`, from memory where it has seen the text."""
    return list(_transpiled(sql, tuple(sorted(options.items()))))


def copied(value: Any, memo: Any = None) -> Any:
    """`copy.deepcopy` for the dictionaries of plain values that hang on every node of a tree."""
    if type(value) is dict and all(type(item) in (int, str, bool) for item in value.values()):
        return dict(value)
    return _deepcopy(value, memo)


def left_alone(*_: Any, **__: Any) -> bool:
    """In the place of the view expansion: says that the reference was not rewritten."""
    return False


def tables_of(sql: str, project: str) -> list[tuple[str, str, str]]:
    """Project, dataset and name of each table that a text reads or makes."""
    try:
        tree = _parsed(sql, "bigquery")
    except sqlglot.errors.SqlglotError:
        return []
    tables = {
        (table.catalog or project, table.db, table.name)
        for table in tree.find_all(sqlglot.exp.Table)
        if table.db and table.name
    }
    return sorted(tables)


def columns_of(catalog: Any, *table: str) -> Any:
    """What the translation can know of a table's columns: what kind it is of, and their types."""
    known = catalog.get_table(*table)
    return known and (known.table_type, known.schema_)


class Verbatim:
    """The text of a view, for who asks for it as SQL."""

    START = re.compile(
        r"\bview\s+\S+\s+(options\s*\((?:[^()]|\([^()]*\))*\)\s*)?as\b", re.IGNORECASE
    )

    def __init__(self, text: str) -> None:
        self._text = text

    def sql(self, **_: Any) -> str:
        return self._text

    @classmethod
    def of(cls, statement: str, body: Any) -> Any:
        """As it was written, which is how BigQuery keeps it; as it was understood if need be."""
        start = cls.START.search(statement)
        return cls(statement[start.end() :].strip().rstrip(";").rstrip()) if start else body


def not_null_columns(target_ref: str, ctx: Any) -> dict[str, bool]:
    """Columns that take no null. `PRAGMA table_info`, which the emulator asks, resolves a view with
    all that it reads once more for every view that is made; a view has no such column."""
    schema, table = target_ref.strip('"').split('"."')
    rows = ctx.engine.execute(
        """select unnest(constraint_column_names) from duckdb_constraints()
        where constraint_type = 'NOT NULL' and schema_name = ? and table_name = ?""",
        [schema, table],
    ).fetchall()
    return {name: True for (name,) in rows}


def arrow_schema(engine: Any, target_ref: str) -> Any:
    """Names and types of what was made. The emulator selects no rows of it, and for that DuckDB
    plans a view with all that it reads; the catalogue knows them since it was made."""
    schema, table = target_ref.strip('"').split('"."')
    columns = engine.execute(
        """select column_name, data_type from duckdb_columns()
        where schema_name = ? and table_name = ? order by column_index""",
        [schema, table],
    ).fetchall()
    nulls = ", ".join(
        f'cast(null as {kind}) as "{name.replace(chr(34), chr(34) * 2)}"' for name, kind in columns
    )
    return engine.execute(f"select {nulls} limit 0").to_arrow_table().schema


def with_filters_in_place(apply_pragmas: Callable[[Any], None]) -> Callable[[Any], None]:
    """DuckDB moves a filter down through every select below it, written out anew in terms of each:
    on this project's chains of views that is half of the time of a query on a small clinic."""

    def apply(engine: Any) -> None:
        apply_pragmas(engine)
        engine._connection.execute("set disabled_optimizers = 'filter_pushdown'")

    return apply


def changed_without_copy(snapshots: Any, project_id: str, dataset_id: str, table_id: str) -> None:
    """In the place of the copy for time travel: only says that the table has changed."""
    from bqemulator.domain.events import TableDataChanged

    snapshots._events.publish(TableDataChanged(project_id, dataset_id, table_id))


# As sqlglot writes a cast to NUMERIC for DuckDB, or as it reads that again.
_BARE_DECIMAL = re.compile(r"\bAS DECIMAL(\(18, 3\))?\)")


class Layouts:
    """How each table was laid out when it was made, by its full name."""

    CHANGES = re.compile(r"\b(create(\s+or\s+replace)?|drop)\s+table\b", re.IGNORECASE)

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str]] = {}

    def check(self, sql: str, project: str) -> None:
        """Refuses, in BigQuery's words, to replace a table by one that is laid out otherwise."""
        if not self.CHANGES.search(sql):
            return
        tree = parse_one(sql, dialect="bigquery")
        if not isinstance(tree, sqlglot.exp.Create | sqlglot.exp.Drop) or tree.kind != "TABLE":
            return
        table = tree.this.find(sqlglot.exp.Table)
        name = f"{table.catalog or project}.{table.db}.{table.name}"
        if isinstance(tree, sqlglot.exp.Drop):
            self._known.pop(name, None)
            return
        layout = self._layout(tree)
        if tree.args.get("replace") and self._known.get(name, layout) != layout:
            from bqemulator.domain.errors import InvalidQueryError

            raise InvalidQueryError(
                "Cannot replace a table with a different partitioning spec. Instead, DROP the "
                f"table, and then recreate it. New partitioning spec is {' '.join(layout)} and "
                f"existing spec is {' '.join(self._known[name])}"
            )
        self._known.setdefault(name, layout)

    def forget(self, dataset: str) -> None:
        """A dataset is gone, and its tables with it."""
        self._known = {
            name: layout
            for name, layout in self._known.items()
            if name.rpartition(".")[0] != dataset
        }

    @staticmethod
    def _layout(tree: sqlglot.exp.Create) -> tuple[str, str]:
        properties = tree.args.get("properties") or sqlglot.exp.Properties()
        partitions = properties.find(sqlglot.exp.PartitionedByProperty)
        clusters = properties.find(sqlglot.exp.ClusterProperty)
        return tuple(  # type: ignore[return-value]
            part.sql("bigquery").lower().replace("`", "") if part else "none"
            for part in (partitions, clusters)
        )


def stop_with_parent() -> None:
    """Ends this process once its parent is gone, however that went: then stdin is at its end."""

    def watch() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def install() -> None:
    """Puts all of this in its place, once in a process, before the emulator is imported."""
    sqlglot.parse_one = parse_one
    sqlglot.transpile = transpile
    core.deepcopy = copied

    # Imported only now, as they are to find the parser replaced.
    from bqemulator.sql import table_rewriter

    remembered = lru_cache(maxsize=TEXTS_KEPT)
    table_rewriter.rewrite_table_refs = remembered(table_rewriter.rewrite_table_refs)

    from bqemulator.sql import inner_query

    layouts = Layouts()
    rewrite = inner_query.rewrite_and_translate_statement

    translations = Translations(tables_of, columns_of)

    async def checked_rewrite(sql: str, *, project_id: str, ctx: Any, **more: Any) -> str:
        layouts.check(sql, project_id)
        place = translations.place(sql, project_id, ctx.catalog)
        translated = translations.read(place)
        if translated is None:
            translated = await rewrite(sql, project_id=project_id, ctx=ctx, **more)
            translations.write(place, translated)
        return _BARE_DECIMAL.sub("AS DECIMAL(38, 9))", translated)

    inner_query.rewrite_and_translate_statement = checked_rewrite

    from bqemulator.catalog import ddl_sync
    from bqemulator.catalog.duckdb_repository import DuckDBCatalogRepository

    delete_dataset = DuckDBCatalogRepository.delete_dataset

    def forgotten(self: Any, project_id: str, dataset_id: str, **more: Any) -> None:
        layouts.forget(f"{project_id}.{dataset_id}")
        delete_dataset(self, project_id, dataset_id, **more)

    DuckDBCatalogRepository.delete_dataset = forgotten

    from bqemulator.api.routes import tables
    from bqemulator.sql.rewriter import row_access_filter
    from bqemulator.storage import arrow_bridge
    from bqemulator.storage.engine import DuckDBEngine
    from bqemulator.versioning.snapshots import SnapshotManager

    understood = ddl_sync._detect_plain_create_view

    def as_written(sql: str) -> tuple[Any, Any]:
        target, body = understood(sql)
        return target, body and Verbatim.of(sql, body)

    ddl_sync._detect_plain_create_view = as_written
    described = tables._table_to_rest

    def with_its_text(table: Any) -> dict[str, Any]:
        text = {"view": {"query": table.view_query, "useLegacySql": False}}
        return described(table) | (text if table.view_query else {})

    tables._table_to_rest = with_its_text
    ddl_sync._column_notnull_map = not_null_columns
    arrow_bridge.introspect_arrow_schema = arrow_schema
    DuckDBEngine._apply_session_pragmas = with_filters_in_place(DuckDBEngine._apply_session_pragmas)
    row_access_filter._Rewriter._expand_view = left_alone
    SnapshotManager.record_change = changed_without_copy


def main() -> None:
    if os.environ.get(STOP_WITH_PARENT):
        stop_with_parent()
    install()
    # Trees of a hundred thousand nodes come and go; the collector need not look at each.
    gc.set_threshold(100_000, 50, 50)
    from bqemulator.cli import main as bqemulator_main

    bqemulator_main()


if __name__ == "__main__":
    main()
