"""A history of statements judged by Google's analyser, one after the other.

What a statement creates is known to those after it, with the types that Google gives it, as the
warehouse would know it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from zetasql import types

from tests.analyzer.googlesql import Column, GoogleSql, SqlError, output_columns
from tests.analyzer.recorder import Sent, statements

# The analyser has no INFORMATION_SCHEMA; those queries are dbt-bigquery's own.
NOT_ANALYSED = re.compile(r"information_schema\.", re.IGNORECASE)
PROCEDURE = re.compile(
    r"create\s+or\s+replace\s+procedure\s+(?P<path>[\w`.-]+)\s*\((?P<arguments>[^)]*)\)"
    r"\s*begin(?P<body>.*)end\s*;?\s*$",
    re.IGNORECASE | re.DOTALL,
)


def replay(google: GoogleSql, history: Iterable[Sent]) -> list[str]:
    """What Google would have refused, each with where it came from; `google` learns the rest."""
    refused: list[str] = []
    for sent in history:
        if NOT_ANALYSED.search(sent.sql):
            continue
        try:
            judge(google, sent)
        except SqlError as error:
            complaint = f"{sent.source}: {error}"
            if complaint not in refused:
                refused.append(complaint)
    return refused


def judge(google: GoogleSql, sent: Sent) -> None:
    procedure = PROCEDURE.search(sent.sql)
    if procedure:
        judge_procedure(google, procedure["path"], procedure["arguments"], procedure["body"])
        return
    for statement in statements(sent.sql):
        learn(google, google.analyze(statement, sent.parameters))


def judge_procedure(google: GoogleSql, path: str, arguments: str, body: str) -> None:
    """Judges a procedure's statements; `arguments` as they stand in its declaration."""
    pairs = [argument.split() for argument in arguments.split(",") if argument.strip()]
    names = dict(pairs)
    # The body is judged now, against the tables of now, as BigQuery does when it is called.
    scope = google.copy()
    scope.add_variables(names)
    for statement in statements(body):
        learn(scope, scope.analyze(statement))
    google.add_procedure(path, list(names.values()))


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


def _is_if_not_exists(statement: types.ResolvedCreateTableStmt) -> bool:
    mode = types.ResolvedCreateStatementEnums.CreateMode.CREATE_IF_NOT_EXISTS
    return bool(statement.create_mode == mode)


def _defined(definitions: Sequence[types.ResolvedColumnDefinition]) -> list[Column]:
    return [Column(definition.name, definition.type) for definition in definitions]


def _path(name_path: Sequence[str]) -> str:
    return ".".join(name_path)
