"""Forgets one patient and their ROIs, and proves it by a search of every cell of the data set.

SQL says what belongs to them (`find_traces`, staged under the run's id) and deletes it
(`forget_record`). Here the tables are asked, before and after, by the names that BigQuery's own
catalogue has for them, so that a table nobody thought of is searched as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

from pusher import logs
from pusher.errors import Failed, GateStop, SettingsError
from pusher.session import Session
from pusher.warehouse import Row

STAGE = "reverse_etl_forget_stage"
OWNER_COLUMNS = ("entity", "job_type")  # of a table that holds more than one entity


class Forgetting:
    """One person; the stage holds who, and is emptied at the end of the `with`."""

    def __init__(self, at: Session) -> None:
        self._at = at
        self._stage = at.settings.table(STAGE)

    def __enter__(self) -> Forgetting:
        return self

    def __exit__(self, *_: object) -> None:
        self._at.warehouse.execute(
            f"delete from {self._stage} where run_id = @run_id", run_id=self._at.run_id
        )

    def find(self, key: str, ref: str, also: Sequence[str]) -> list[Row]:
        """What there is of them: table, column, cells."""
        logs.phase("traces")  # each may take minutes, and whoever waits is told
        self._at.warehouse.call("find_traces", self._at.run_id, key, ref, ",".join(also))
        self._staged: defaultdict[str, list[Row]] = defaultdict(list)
        for row in self._at.warehouse.query(
            f"""select kind, entity, value from {self._stage}
            where run_id = @run_id and kind != 'text'
            order by kind, entity, value""",
            run_id=self._at.run_id,
        ):
            self._staged[row["kind"]].append(row)
        cells = [row for row in self.search() if row["cells"]]
        if not (cells or self._staged["in_amd"] or self._staged["forgotten"]):
            raise SettingsError("unknown_record", "no table, and no row of AMD's, knows of it")
        return cells

    @property
    def in_hubspot(self) -> list[Row]:
        """Their records that HubSpot has."""
        return self._staged["in_hubspot"]

    def count(self, kind: str) -> str:
        """How many of them, entity by entity."""
        entities = [row["entity"] for row in self._staged[kind]]
        counts = (f"{entities.count(entity)} {entity}" for entity in sorted(set(entities)))
        return ", ".join(counts) or "none"

    def carry_out(self, *, is_suppressed: bool) -> list[Row]:
        """Delete it, and say what is left, of every table. What others still have comes first."""
        why = {}
        if self.in_hubspot:
            why["still_in_hubspot"] = (
                f"HubSpot has {self.count('in_hubspot')}: delete them there for good, then repeat"
            )
        if self._staged["in_amd"] and not is_suppressed:
            why["still_in_amd"] = (
                f"AMD has {self.count('in_amd')}, and the next build would read them again: "
                "delete them there, or --suppress"
            )
        if why:
            raise GateStop(next(iter(why)), "; ".join(why.values()))
        logs.phase("erase")
        self._at.warehouse.call("forget_record", self._at.run_id, "yes" if is_suppressed else "no")
        left = self.search()
        cells = sum(row["cells"] for row in left)
        logs.event("forgotten", rows=len(self._staged["natural_key"]), count_value=cells)
        return left

    def search(self) -> list[Row]:
        """Cells that hold a trace, by table and column; a table without one is one row."""
        logs.phase("search")
        return [
            row for table, columns in self._tables.items() for row in self._searched(table, columns)
        ]

    @cached_property
    def _tables(self) -> dict[str, list[Row]]:
        """The columns of all tables of our data set, and of ours that settings put elsewhere."""
        settings = self._at.settings
        own = f"{settings.project}.{settings.dataset}"
        elsewhere = {settings.ledger_table, settings.dlq_table, settings.id_map_table}
        left_out = {row["value"] for row in self._staged["no_record"]} | {f"{own}.{STAGE}"}
        tables: defaultdict[str, list[Row]] = defaultdict(list)
        for dataset in sorted({own} | {table.rpartition(".")[0] for table in elsewhere}):
            for row in self._at.warehouse.query(
                f"""select columns.table_name, columns.column_name, columns.data_type
                from `{dataset}`.INFORMATION_SCHEMA.COLUMNS as columns
                inner join `{dataset}`.INFORMATION_SCHEMA.TABLES as tables
                    on columns.table_name = tables.table_name
                where tables.table_type = 'BASE TABLE'
                order by columns.table_name, columns.column_name"""
            ):
                table = f"{dataset}.{row['table_name']}"
                if table not in left_out and (dataset == own or table in elsewhere):
                    tables[table].append(row)
        return tables

    def _searched(self, table: str, columns: Sequence[Row]) -> list[Row]:
        present = {row["column_name"] for row in columns}
        owners = [f"t.{column}" for column in OWNER_COLUMNS if column in present]
        owners += [f"'{row['entity']}'" for row in self._staged["table"] if row["value"] == table]
        cells = ", ".join(
            f"struct<name string, text string>('{row['column_name']}', {_text(row)})"
            for row in columns
        )
        found = self._at.warehouse.query(
            f"""with traces as (
                select distinct kind, entity, value from {self._stage} where run_id = @run_id
            ),
            pattern as (
                select concat('(?i)', string_agg(value, '|')) as text
                from traces
                where kind = 'text'
            )
            select cell.name as column_name, count(*) as cells
            from `{table}` as t
            cross join unnest([{cells}]) as cell
            cross join pattern
            left join traces
                on cell.name = traces.kind and cell.text = traces.value
                and {owners[0] if owners else "''"} = traces.entity
            where traces.kind is not null or regexp_contains(cell.text, pattern.text)
            group by cell.name
            order by cell.name""",
            run_id=self._at.run_id,
        )
        nothing = {"column_name": None, "cells": 0}
        return [
            {"table": table.rpartition(".")[2], "column": row["column_name"], "cells": row["cells"]}
            for row in found or [nothing]
        ]


def require_none(left: Sequence[Row]) -> None:
    """No claim that does not hold."""
    if any(row["cells"] for row in left):
        raise Failed(
            "cells_left",
            "some of it is still there, or is another record's: look at the columns above, repeat",
        )


def _text(column: Row) -> str:
    """A cell as text, with the quotes and line ends of a payload as they are."""
    name = f"t.`{column['column_name']}`"
    if column["data_type"] == "STRING":
        return name
    if column["data_type"] == "ARRAY<STRING>":
        return f"array_to_string({name}, '\\n')"
    return f"to_json_string({name})"
