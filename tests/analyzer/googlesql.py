"""Google's own SQL analyser and reference evaluator, with a catalogue of BigQuery tables.

The emulator forgives type errors that BigQuery does not; this does not. It knows no scripts:
the caller gives it one statement at a time.
"""

from __future__ import annotations

import copy
import ctypes
import functools
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from wasmtime import Config, Engine, Linker, Module, Store, WasiConfig
from zetasql import types
from zetasql.api import CatalogBuilder, PreparedQuery, TableBuilder, create_table_content
from zetasql.core.exceptions import ServerError
from zetasql.core.local_service import ZetaSqlLocalService
from zetasql.core.wasm_client import WasmClient, get_tzinfo_dir
from zetasql.types import TypeKind
from zetasql.wasi import get_wasm_path
from zetasql.wasi._pb2.zetasql.local_service.local_service_pb2 import AnalyzeResponse

from sandbox.bigquery import PROJECT

# Compiling the analyser's 28 MB of WebAssembly takes 20 s; wasmtime's own cache makes it 0.3 s.
# It lives in the virtual environment because it is of use to that wasmtime and that zetasql only.
CACHE_DIR = Path(sys.prefix) / "cache" / "wasmtime"

DEFAULT_PROJECT = PROJECT


class SqlError(AssertionError):
    """Google's analyser refused a statement."""


@dataclass(frozen=True)
class Column:
    name: str
    type: types.Type


class _CachedClient(WasmClient):
    """The package's client, with wasmtime's module cache on and block copies for bytes."""

    def __init__(self, wasm_path: str, cache_dir: Path) -> None:
        cache_dir.mkdir(parents=True, exist_ok=True)
        cache_config = cache_dir / "cache.toml"
        cache_config.write_text(f'[cache]\ndirectory = "{cache_dir / "modules"}"\n')
        config = Config()
        config.shared_memory = True
        config.cache = str(cache_config)
        engine = Engine(config)

        wasi = WasiConfig()
        wasi.inherit_stderr()
        wasi.preopen_dir(get_tzinfo_dir(), "/usr/share/zoneinfo")
        self.store = Store(engine)
        self.store.set_wasi(wasi)

        self.module = Module.from_file(engine, wasm_path)
        linker = Linker(engine)
        linker.define_wasi()
        self.instance = linker.instantiate(self.store, self.module)
        self.exports = self.instance.exports(self.store)
        self.exports["_initialize"](self.store)
        self.memory = self.exports["memory"]
        # Shared WebAssembly memory never moves, so its address can be kept.
        self._base = ctypes.addressof(self.memory.data_ptr().contents)

    def write_bytes(self, ptr: int, data: bytes) -> None:
        ctypes.memmove(self._base + ptr, data, len(data))

    def read_bytes(self, ptr: int, size: int) -> bytes:
        return ctypes.string_at(self._base + ptr, size)


class _Service(ZetaSqlLocalService):
    def __init__(self) -> None:
        self.wasm_client = _CachedClient(get_wasm_path(), CACHE_DIR)

    def analyze_in(
        self, catalog: Message, sql: str, options: types.AnalyzerOptions
    ) -> types.ResolvedStatement:
        """The package's `analyze`, with a catalogue that is encoded already."""
        request = types.AnalyzeRequest(sql_statement=sql, options=options).to_proto()
        request.simple_catalog.CopyFrom(catalog)
        response = self.wasm_client.call_grpc_func(
            "ZetaSqlLocalService_Analyze", request, AnalyzeResponse
        )
        return types.parse_proto(response).as_type(types.AnalyzeResponse).resolved_statement


Path3 = tuple[str, str, str]


class GoogleSql:
    """A catalogue that grows, and statements judged against it."""

    def __init__(self, service: _Service, language: types.LanguageOptions) -> None:
        self._service = service
        self._language = language
        self._tables: dict[Path3, list[Column]] = {}
        self._variables: dict[str, types.Type] = {}
        # Encoded once: in Python that is slow, and there is one statement after the other.
        self._builtins = self._catalog_builder().build().to_proto()
        self._encoded: dict[tuple[Path3, str], Message] = {}
        self._catalog: Message | None = None
        self._types: dict[str, types.Type] = {}

    def copy(self) -> GoogleSql:
        """Another catalogue that starts with what this one knows."""
        twin = copy.copy(self)
        twin._tables = dict(self._tables)
        twin._variables = dict(self._variables)
        twin._encoded = dict(self._encoded)
        return twin

    # ---------- catalogue

    def type_of(self, sql_type: str) -> types.Type:
        """The analyser's type for BigQuery's name of it, such as `array<string>`."""
        if sql_type not in self._types:
            sql = f"select cast(null as {sql_type}) as only_column"
            statement = self._service.analyze_in(self._builtins, sql, self._options(None))
            self._types[sql_type] = output_columns(statement)[0].type
        return self._types[sql_type]

    def add_table(self, path: str, columns: Iterable[Column | tuple[str, str]]) -> None:
        """Makes a table or view known; a column is a Column or a (name, SQL type) pair."""
        known = [
            column if isinstance(column, Column) else Column(column[0], self.type_of(column[1]))
            for column in columns
        ]
        builder = TableBuilder(split_path(path)[2])
        for column in known:
            builder.add_column(column.name, column.type)
        self._tables[split_path(path)] = known
        self._encode(split_path(path), "table", builder.build())

    def has_table(self, path: str) -> bool:
        return split_path(path) in self._tables

    def drop_table(self, path: str) -> None:
        self._tables.pop(split_path(path), None)
        self._encoded.pop((split_path(path), "table"), None)
        self._catalog = None

    def table(self, path: str) -> list[Column]:
        return self._tables[split_path(path)]

    def add_procedure(self, path: str, argument_types: Sequence[str]) -> None:
        kinds = [self.type_of(name) for name in argument_types]
        self._encode(split_path(path), "procedure", _procedure(split_path(path)[2], kinds))

    def add_variables(self, variables: Mapping[str, str]) -> None:
        """Names that stand for a value, such as a procedure's arguments; columns hide them."""
        self._variables |= {name: self.type_of(kind) for name, kind in variables.items()}
        self._catalog = None

    # ---------- judging and running

    def analyze(
        self, sql: str, parameters: Mapping[str, str | types.Type] | None = None
    ) -> types.ResolvedStatement:
        """The resolved statement; SqlError with Google's own words where there is none."""
        options = self._options(parameters)
        try:
            return self._service.analyze_in(self._built(), sql, options)
        except ServerError as error:
            raise SqlError(_with_line(error.message, sql)) from None

    def evaluate(self, sql: str, table: Sequence[Sequence[Any]] = ()) -> list[list[Any]]:
        """Rows of a query. `table` gives the text columns c0, c1, … of a table named `input`.

        Only types that come back as plain values may be selected (text, numbers, booleans, and
        arrays of these): format dates and instants in the query.
        """
        catalog = self._catalog_builder()
        content = {}
        if table:
            builder = TableBuilder("input")
            for position in range(len(table[0])):
                builder.add_column(f"c{position}", TypeKind.TYPE_STRING)
            catalog.add_table(builder.build())
            content["input"] = create_table_content([list(row) for row in table])
        query = (
            PreparedQuery.builder()
            .set_service(self._service)
            .set_sql(sql)
            .set_analyzer_options(self._options(None))
            .set_catalog(catalog.build())
            .set_table_content(content)
        )
        try:
            with query.prepare() as prepared:
                rows = prepared.execute().content.table_data.row
        except ServerError as error:
            raise SqlError(_with_line(error.message, sql)) from None
        return [[_plain(cell) for cell in row.cell] for row in rows]

    def _options(self, parameters: Mapping[str, str | types.Type] | None) -> types.AnalyzerOptions:
        options = types.AnalyzerOptions(language_options=self._language, default_timezone="UTC")
        for name, kind in (parameters or {}).items():
            options.query_parameters.append(
                types.AnalyzerOptions.QueryParameter(
                    name=name, type=self.type_of(kind) if isinstance(kind, str) else kind
                )
            )
        return options

    def _catalog_builder(self) -> CatalogBuilder:
        return CatalogBuilder("bigquery").with_builtin_functions(
            types.ZetaSQLBuiltinFunctionOptions(language_options=self._language)
        )

    def _encode(self, path: Path3, kind: str, entry: Any) -> None:
        self._encoded[path, kind] = entry.to_proto()
        self._catalog = None

    def _built(self) -> Message:
        """Each entry where `p`.`d`.`t`, `p.d.t` (one quoted name) and d.t will find it."""
        if self._catalog is None:
            root = type(self._builtins)()
            root.CopyFrom(self._builtins)
            for ((project, dataset, name), kind), entry in self._encoded.items():
                homes = [
                    (_child(_child(root, project), dataset), name),
                    (root, f"{project}.{dataset}.{name}"),
                ]
                if project == DEFAULT_PROJECT:
                    homes += [(_child(root, dataset), name), (root, f"{dataset}.{name}")]
                for catalog, known_as in homes:
                    added = getattr(catalog, kind).add()
                    added.CopyFrom(entry)
                    if kind == "table":
                        added.name = known_as
                    else:
                        added.name_path[:] = [known_as]
            for name, kind_of in self._variables.items():
                constant = types.SimpleConstant(
                    name_path=[name], type=kind_of, value=types.Value()
                ).to_proto()
                root.constant.add().CopyFrom(constant)
            self._catalog = root
        return self._catalog


def split_path(path: str) -> tuple[str, str, str]:
    """project, dataset and name of `p.d.t` or `d.t`, quoted in any of BigQuery's ways."""
    parts = path.replace("`", "").split(".")
    if len(parts) == 2:
        parts.insert(0, DEFAULT_PROJECT)
    project, dataset, name = parts
    return project, dataset, name


def output_columns(statement: types.ResolvedStatement) -> list[Column]:
    return [Column(output.name, output.column.type) for output in statement.output_column_list]


@functools.cache
def google_sql() -> GoogleSql:
    """One analyser a process: an empty catalogue to `copy()`."""
    service = _Service()
    language = service.get_language_options(maximum_features=True)
    language.product_mode = types.ProductMode.PRODUCT_EXTERNAL
    language.reserved_keywords = ["QUALIFY"]
    # An empty list stands for "all": DDL and DML, not queries alone.
    language.supported_statement_kinds = []
    return GoogleSql(service, language)


def _child(catalog: Any, name: str) -> Any:
    for existing in catalog.catalog:
        if existing.name == name:
            return existing
    return catalog.catalog.add(name=name)


def _procedure(name: str, argument_types: list[types.Type]) -> types.Procedure:
    def fixed(kind: types.Type) -> types.FunctionArgumentType:
        return types.FunctionArgumentType(
            kind=types.SignatureArgumentKind.ARG_TYPE_FIXED,
            type=kind,
            num_occurrences=1,
            options=types.FunctionArgumentTypeOptions(
                cardinality=types.FunctionEnums.ArgumentCardinality.REQUIRED
            ),
        )

    return types.Procedure(
        name_path=[name],
        signature=types.FunctionSignature(
            argument=[fixed(kind) for kind in argument_types],
            return_type=fixed(types.Type(type_kind=TypeKind.TYPE_INT64)),
        ),
    )


def _plain(cell: types.Value) -> Any:
    if cell.array_value is not None:
        return [_plain(element) for element in cell.array_value.element]
    for name in ("string_value", "int64_value", "bool_value", "double_value"):
        value = getattr(cell, name)
        if value is not None:
            return value
    return None


def _with_line(message: str, sql: str) -> str:
    """Google's message names a line and column: show the line."""
    place = re.search(r"\[at (\d+):(\d+)\]", message)
    if place is None:
        return message
    lines = sql.splitlines()
    number = int(place[1])
    line = lines[number - 1].strip() if number <= len(lines) else ""
    return f"{message}\n    {line[:200]}"
