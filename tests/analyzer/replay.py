"""A history of statements judged by Google's analyser, one after the other.

What a statement creates is known to those after it, with the types that Google gives it, as the
warehouse would know it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from zetasql import types

from tests.analyzer.googlesql import Column, GoogleSql, SqlError, output_columns
from tests.analyzer.recorder import Sent, statements
from tests.analyzer.resolved import walk

# The analyser has no INFORMATION_SCHEMA; those queries are dbt-bigquery's own.
NOT_ANALYSED = re.compile(r"information_schema\.", re.IGNORECASE)
PROCEDURE = re.compile(
    r"create\s+or\s+replace\s+procedure\s+(?P<path>[\w`.-]+)\s*\((?P<arguments>[^)]*)\)"
    r"\s*begin(?P<body>.*)end\s*;?\s*$",
    re.IGNORECASE | re.DOTALL,
)


@dataclass
class Replayed:
    """The warehouse as Google sees it after a history, and what of that it would have refused."""

    google: GoogleSql
    refused: list[str] = field(default_factory=list)
    # How each table was made, by its name without project and data set.
    tables: dict[str, types.ResolvedStatement] = field(default_factory=dict)
    # Tables that a statement would replace by one that is partitioned or clustered otherwise.
    laid_out_anew: list[str] = field(default_factory=list)


def replay(google: GoogleSql, history: Iterable[Sent]) -> Replayed:
    replayed = Replayed(google)
    for sent in history:
        if NOT_ANALYSED.search(sent.sql):
            continue
        try:
            for statement in judge(google, sent):
                if isinstance(statement, types.ResolvedDropStmt):
                    replayed.tables.pop(_name(statement), None)
                elif isinstance(statement, types.ResolvedCreateTableStmtBase):
                    known = replayed.tables.setdefault(_name(statement), statement)
                    if layout(known) != layout(statement) and not _is_if_not_exists(statement):
                        replayed.laid_out_anew.append(f"{sent.source}: {_name(statement)}")
        except SqlError as error:
            complaint = f"{sent.source}: {error}"
            if complaint not in replayed.refused:
                replayed.refused.append(complaint)
    return replayed


def judge(google: GoogleSql, sent: Sent) -> list[types.ResolvedStatement]:
    procedure = PROCEDURE.search(sent.sql)
    if procedure:
        return judge_procedure(google, procedure["path"], procedure["arguments"], procedure["body"])
    return judge_script(google, sent.sql, sent.parameters)


def judge_script(
    google: GoogleSql, sql: str, parameters: Mapping[str, str] | None = None
) -> list[types.ResolvedStatement]:
    resolved = []
    for text in statements(sql):
        statement = google.analyze(text, parameters)
        learn(google, statement)
        resolved.append(statement)
    return resolved


def judge_procedure(
    google: GoogleSql, path: str, arguments: str, body: str
) -> list[types.ResolvedStatement]:
    """Judges a procedure's statements; `arguments` as they stand in its declaration."""
    pairs = [argument.split() for argument in arguments.split(",") if argument.strip()]
    names = dict(pairs)
    # The body is judged now, against the tables of now, as BigQuery does when it is called.
    scope = google.copy()
    scope.add_variables(names)
    resolved = judge_script(scope, body)
    google.add_procedure(path, list(names.values()))
    return resolved


def learn(google: GoogleSql, statement: types.ResolvedStatement) -> None:
    """What the statement creates or changes, put into the catalogue."""
    if isinstance(statement, types.ResolvedCreateTableAsSelectStmt | types.ResolvedCreateViewBase):
        google.add_table(_path(statement.name_path), output_columns(statement))
    elif isinstance(statement, types.ResolvedCreateTableStmt):
        path = _path(statement.name_path)
        if not (google.has_table(path) and _is_if_not_exists(statement)):
            google.add_table(path, _defined(statement.column_definition_list))
    elif isinstance(statement, types.ResolvedDropStmt):
        google.drop_table(_path(statement.name_path))
    elif isinstance(statement, types.ResolvedAlterTableStmt):
        path = _path(statement.name_path)
        known = google.table(path) if google.has_table(path) else []
        names = {column.name.lower() for column in known}
        added = [
            action.column_definition
            for action in statement.alter_action_list
            if isinstance(action, types.ResolvedAddColumnAction)
        ]
        new = [column for column in _defined(added) if column.name.lower() not in names]
        if new:
            google.add_table(path, [*known, *new])


def layout(statement: types.ResolvedCreateTableStmtBase) -> tuple[list[str], list[str]]:
    """The columns that a new table is partitioned by, and those that it is clustered by."""
    return columns_in(statement.partition_by_list), columns_in(statement.cluster_by_list)


def columns_in(expressions: Sequence[types.ResolvedExpr]) -> list[str]:
    return [
        node.column.name
        for expression in expressions
        for node in walk(expression)
        if isinstance(node, types.ResolvedColumnRef)
    ]


def _name(statement: types.ResolvedStatement) -> str:
    return str(statement.name_path[-1].rpartition(".")[2])


def _is_if_not_exists(statement: types.ResolvedCreateTableStmtBase) -> bool:
    mode = types.ResolvedCreateStatementEnums.CreateMode.CREATE_IF_NOT_EXISTS
    return bool(statement.create_mode == mode)


def _defined(definitions: Sequence[types.ResolvedColumnDefinition]) -> list[Column]:
    return [Column(definition.name, definition.type) for definition in definitions]


def _path(name_path: Sequence[str]) -> str:
    return ".".join(name_path)
