"""What a daily run reads on BigQuery, where the cost is bytes: `python -m bench.scans`.

From the SQL as dbt compiled it for the sample project: every statement that a day's build and
push runs is written out with all its views in place, and then each base table in it is counted,
with the columns that are left of it. BigQuery may read a table that stands in a statement twice
only once; it never reads more columns than these.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from bench.world import UNLIMITED, World
from sandbox.sample_data import Clinic

# What the pusher asks for in every run, next to the procedures.
PUSHER_VIEWS = (
    "catalogue_objects", "mirror_plan", "mirror_plan", "mirror_plan", "push_gates",
    "snapshot_counts",
)  # fmt: skip
PUSHER_PROCEDURES = ("fold_results", "fold_results", "apply_mirror_refresh", "apply_mirror_refresh")
# As wide and long as the clinic or the portal; all others are small.
BIG = (
    "PatientsWithStatistics", "ROIs", "base_amd__patients", "base_amd__rois", "outbox_contacts",
    "outbox_rois", "hubspot_mirror", "hubspot_id_map", "reverse_etl_push_log",
    "reverse_etl_snapshot",
)  # fmt: skip


@dataclass
class Reads:
    """How often each base table stands in a statement, and which of its columns are needed."""

    scans: Counter[str] = field(default_factory=Counter)
    columns: dict[str, set[str]] = field(default_factory=dict)


class Project:
    """dbt's compiled models, and the columns of all that is in the two datasets."""

    def __init__(self, manifest: dict[str, Any], columns: dict[str, list[str]]) -> None:
        self.columns = columns
        self.nodes = {
            node["name"]: node
            for node in manifest["nodes"].values()
            if node["resource_type"] in ("model", "seed")
        }
        self.views: dict[str, exp.Expression] = {
            name: _parse(node["compiled_code"])
            for name, node in self.nodes.items()
            if node["config"]["materialized"] == "view"
        }
        self._counted: dict[str, Counter[str]] = {}

    def scans_of(self, name: str) -> Counter[str]:
        """Base tables in a view with all views below it written out."""
        if name not in self.views:
            return Counter({name: 1})
        if name not in self._counted:
            self._counted[name] = self._count(self.views[name], {})
        return self._counted[name]

    def reads(self, sql: str) -> Reads:
        statement = _parse(sql)
        return Reads(self._count(statement, {}), self._columns(statement))

    def _count(self, node: Any, known: dict[str, Counter[str]]) -> Counter[str]:
        total: Counter[str] = Counter()
        if isinstance(node, exp.Table):
            name = node.name
            is_cte = not node.db and name in known
            if isinstance(node.this, exp.Identifier):
                total += known[name] if is_cte else self.scans_of(name)
        if not isinstance(node, exp.Expression):
            return total
        known = dict(known)
        ctes = [node.args[key] for key in ("with", "with_") if node.args.get(key)]
        for clause in ctes:
            for cte in clause.expressions:
                known[cte.alias] = Counter()  # a recursive one reads itself
                known[cte.alias] = self._count(cte.this, known)
        for child in node.iter_expressions():
            if not isinstance(child, exp.With):
                total += self._count(child, known)
        return total

    def _columns(self, statement: exp.Expression) -> dict[str, set[str]]:
        """Columns by base table, in lower case; none where a table could not be looked into."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        try:
            whole = self._expanded(statement.copy())
            # Bare names are taken for those of CTEs, which are written in any case.
            schema = {
                name.lower(): dict.fromkeys(columns, "STRING")
                for name, columns in self.columns.items()
            }
            whole = qualify(
                whole,
                schema=schema,
                dialect="bigquery",
                validate_qualify_columns=False,
                quote_identifiers=False,
            )
            whole = pushdown_projections(whole, schema=schema, dialect="bigquery")
            for scope in traverse_scope(whole):
                for alias, (_, source) in scope.selected_sources.items():
                    if isinstance(source, exp.Table):
                        used = {column.name for column in scope.columns if column.table == alias}
                        found[source.name.lower()] |= used
        except SqlglotError as error:
            print(f"  not looked into: {str(error).splitlines()[0]}", file=sys.stderr)
        return dict(found)

    def _expanded(self, statement: exp.Expression) -> exp.Expression:
        """Views in the places of their names, tables by their bare names."""
        while True:
            views = [
                table
                for table in statement.find_all(exp.Table)
                if table.db and table.name in self.views
            ]
            if not views:
                break
            for table in views:
                alias = table.alias or table.name
                body = self.views[table.name].copy()
                table.replace(exp.Subquery(this=body, alias=exp.TableAlias(
                    this=exp.to_identifier(alias))))  # fmt: skip
        for table in statement.find_all(exp.Table):
            table.set("db", None)
            table.set("catalog", None)
        return statement


def daily(world: World) -> tuple[dict[str, Reads], Project]:
    """The statements of a build with nothing new and of a run, by name, and what they read."""
    target = world.folder / "target"
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    compiled = {result["unique_id"]: result.get("compiled_code") for result in results}
    for unique_id, node in manifest["nodes"].items():
        node["compiled_code"] = compiled.get(unique_id) or node.get("compiled_code") or ""
    project = Project(manifest, _all_columns(world))
    reads: dict[str, Reads] = {}
    for unique_id, sql in compiled.items():
        node = manifest["nodes"].get(unique_id)
        kind = node["config"]["materialized"] if node else ""
        if sql and kind in ("table", "incremental", "test"):
            reads[f"{'test' if kind == 'test' else 'dbt'} {node['name'][:60]}"] = project.reads(sql)
    for view in PUSHER_VIEWS:
        reads[f"pusher {view}"] = project.reads(f"select * from etl.{view}")
    reads["pusher take_snapshot"] = project.reads(
        _after_as(project.nodes["take_snapshot"]["compiled_code"])
    )
    for place, procedure in enumerate(PUSHER_PROCEDURES, 1):
        # Scripts are beyond the parser: their tables are found by their names.
        total: Counter[str] = Counter()
        for name in _tables(project.nodes[procedure]["compiled_code"], project.columns):
            total += project.scans_of(name)
        reads[f"pusher {procedure} ({place})"] = Reads(total)
    return reads, project


def report(reads: dict[str, Reads], project: Project) -> str:
    lines = ["push_queue with all its views written out reads:"]
    queue = project.scans_of("push_queue")
    lines += [f"  {queue[table]:3} × {table}" for table in sorted(queue, key=queue.get)[::-1]]
    lines += ["", "A day's build and push, scans of the big tables (build, tests, pusher):"]
    for table in BIG:
        by = Counter[str]()
        for name, one in reads.items():
            by[name.partition(" ")[0]] += one.scans[table]
        if sum(by.values()):
            lines.append(
                f"  {table:24} {sum(by.values()):3}   "
                f"({by['dbt']} build, {by['test']} tests, {by['pusher']} pusher)"
            )
    lines += ["", "Columns of big tables, by statement:"]
    for name, one in reads.items():
        for table in BIG:
            if not one.scans[table]:
                continue
            columns = one.columns.get(table.lower())
            has = len(project.columns.get(table, ()))
            what = "columns unknown" if columns is None else f"{len(columns)} of {has}: "
            if columns is not None:
                what += "all" if len(columns) == has else ", ".join(sorted(columns)) or "none"
            lines.append(f"  {name}: {one.scans[table]} × {table}, {what}")
    return "\n".join(lines)


def _parse(sql: str) -> exp.Expression:
    return sqlglot.parse_one(sql.strip().rstrip(";"), dialect="bigquery")


def _after_as(script: str) -> str:
    """The query of a procedure that only fills one table."""
    return re.split(r"^as$", script, maxsplit=1, flags=re.MULTILINE)[1]


def _tables(script: str, columns: Iterable[str]) -> list[str]:
    known = set(columns)
    names = re.findall(r"\b(?:from|join|using)\s+`[^`]+`\.`[^`]+`\.`([^`]+)`", script, re.I)
    return [name for name in names if name in known]


def _all_columns(world: World) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for dataset in (world.stack.etl, world.stack.amd):
        rows = world.stack.query(
            f"select table_name, column_name from `{dataset}`.INFORMATION_SCHEMA.COLUMNS"
        )
        for row in rows:
            found[row["table_name"]].append(row["column_name"])
    return dict(found)


def main() -> int:
    with (
        tempfile.TemporaryDirectory(prefix="scans-") as folder,
        World(Path(folder), Clinic(200, 100, 150), UNLIMITED) as world,
    ):
        world.build()
        world.build()  # a day's build is one with tables to add to
        print(report(*daily(world)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
