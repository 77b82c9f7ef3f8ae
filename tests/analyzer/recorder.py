"""Every SQL statement that dbt and the pusher send while it looks on, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from google.cloud import bigquery
from sqlglot import tokenize
from sqlglot.tokens import TokenType


@dataclass(frozen=True)
class Sent:
    """One query job, with the types of its parameters; `source` names its node or command."""

    sql: str
    parameters: dict[str, str] = field(default_factory=dict)
    source: str = ""


@contextmanager
def recording(source: str, into: list[Sent]) -> Iterator[None]:
    """Notes what the BigQuery client of this process sends, once BigQuery has taken it."""
    send = bigquery.Client.query

    def query(client: bigquery.Client, *arguments: Any, **options: Any) -> Any:
        sql = options.get("query") or arguments[0]
        job = send(client, *arguments, **options)
        into.append(Sent(sql, _types(options.get("job_config")), _node(sql) or source))
        return job

    with mock.patch.object(bigquery.Client, "query", query):
        yield


def statements(sql: str) -> list[str]:
    """The statements of a script, split at its semicolons."""
    parts, start = [], 0
    for token in tokenize(sql, read="bigquery"):
        if token.token_type == TokenType.SEMICOLON:
            parts.append(sql[start : token.start])
            start = token.end + 1
    parts.append(sql[start:])
    return [part for part in parts if tokenize(part, read="bigquery")]


def _types(config: bigquery.QueryJobConfig | None) -> dict[str, str]:
    parameters = config.query_parameters if config else []
    return {parameter.name: _type(parameter) for parameter in parameters}


def _type(parameter: Any) -> str:
    if isinstance(parameter, bigquery.ScalarQueryParameter):
        return str(parameter.type_)
    if isinstance(parameter, bigquery.StructQueryParameter):
        fields = {**parameter.struct_types}
        members = {
            name: _type(parameter.struct_values[name])
            if hasattr(parameter.struct_values[name], "to_api_repr")
            else str(kind)
            for name, kind in fields.items()
        }
        return f"struct<{', '.join(f'{name} {kind}' for name, kind in members.items())}>"
    if parameter.array_type in ("STRUCT", "RECORD"):
        return f"array<{_type(parameter.values[0])}>"
    return f"array<{parameter.array_type}>"


def _node(sql: str) -> str | None:
    node = re.search(r'"node_id": "([^"]+)"', sql)
    return node[1] if node else None
