"""What a resolved statement does: its joins, its subqueries, the tables it reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from zetasql import types

# Types, signatures and places in the text say nothing about what is done.
ASIDE = {"function", "parse_location_range", "signature", "type", "type_annotation_map"}

Scan = types.ResolvedScan
Named = Mapping[str, Scan]


def children(node: Any) -> Iterator[Any]:
    if isinstance(node, list | tuple):
        yield from node
    elif is_dataclass(node) and not isinstance(node, type):
        for field in fields(node):
            if field.name not in ASIDE:
                child = getattr(node, field.name)
                if child is not None:
                    yield child


def walk(node: Any) -> Iterator[Any]:
    """Every node of a resolved statement."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if is_dataclass(node):
            yield node
        waiting.extend(children(node))


def reads(statement: types.ResolvedStatement) -> Counter[str]:
    """How often each table or view is read, by name: a step that is used twice is read twice."""
    return _reads(statement, {})


def _reads(node: Any, named: Named) -> Counter[str]:
    found: Counter[str] = Counter()
    if isinstance(node, types.ResolvedTableScan):
        found[node.table.name.rpartition(".")[2]] += 1
    elif isinstance(node, types.ResolvedWithRefScan):
        found += _reads(named[node.with_query_name], named)
    elif isinstance(node, types.ResolvedWithScan):
        inner = dict(named)
        for entry in node.with_entry_list:
            inner[entry.with_query_name] = entry.with_subquery
        found += _reads(node.query, inner)
    else:
        for child in children(node):
            found += _reads(child, named)
    return found


def unequal_joins(statement: types.ResolvedStatement) -> Iterator[str]:
    """Joins of many rows with many that compare otherwise than by equality."""
    named = {
        entry.with_query_name: entry.with_subquery
        for scan in walk(statement)
        if isinstance(scan, types.ResolvedWithScan)
        for entry in scan.with_entry_list
    }
    for join in walk(statement):
        if not isinstance(join, types.ResolvedJoinScan):
            continue
        if _is_one_row(join.left_scan, named) or _is_one_row(join.right_scan, named):
            continue
        if join.join_expr is None:
            yield f"cross join of {_names(join.left_scan)} with {_names(join.right_scan)}"
            continue
        sides = (_columns(join.left_scan), _columns(join.right_scan))
        across = [part for part in _conjuncts(join.join_expr) if _sides(part, sides) == {0, 1}]
        others = [part for part in across if not _is_equality(part, sides)]
        if others or not across:
            yield f"join of {_names(join.left_scan)} with {_names(join.right_scan)}"


def correlated_table_subqueries(statement: types.ResolvedStatement) -> Iterator[str]:
    """Subqueries that read a table anew for each outer row; those over arrays are no such thing."""
    for node in walk(statement):
        if isinstance(node, types.ResolvedSubqueryExpr) and node.parameter_list:
            tables = [
                scan
                for scan in walk(node.subquery)
                if isinstance(scan, types.ResolvedTableScan | types.ResolvedWithRefScan)
            ]
            if tables:
                yield f"subquery over {_names(node.subquery)}"


def _is_one_row(scan: Scan, named: Named) -> bool:
    if isinstance(scan, types.ResolvedAggregateScan):
        return not scan.group_by_list
    if isinstance(scan, types.ResolvedSingleRowScan):
        return True
    if isinstance(scan, types.ResolvedLimitOffsetScan):
        return str(getattr(scan.limit, "value", "")).find("int64_value=1") >= 0
    if isinstance(scan, types.ResolvedWithRefScan):
        return _is_one_row(named[scan.with_query_name], named)
    if isinstance(scan, types.ResolvedWithScan):
        return _is_one_row(scan.query, named)
    if isinstance(scan, types.ResolvedJoinScan):
        return _is_one_row(scan.left_scan, named) and _is_one_row(scan.right_scan, named)
    if isinstance(
        scan,
        types.ResolvedProjectScan
        | types.ResolvedFilterScan
        | types.ResolvedOrderByScan
        | types.ResolvedAnalyticScan,
    ):
        return _is_one_row(scan.input_scan, named)
    return False


def _columns(scan: Scan) -> set[int]:
    return {column.column_id for column in scan.column_list}


def _sides(expression: Any, sides: tuple[set[int], set[int]]) -> set[int]:
    used = {
        node.column.column_id
        for node in walk(expression)
        if isinstance(node, types.ResolvedColumnRef)
    }
    return {number for number, side in enumerate(sides) if used & side}


def _is_equality(expression: Any, sides: tuple[set[int], set[int]]) -> bool:
    if _function(expression) != "$equal":
        return False
    used = [_sides(argument, sides) for argument in expression.argument_list]
    return sorted(map(sorted, used)) == [[0], [1]]


def _conjuncts(expression: Any) -> Iterator[Any]:
    if _function(expression) == "$and":
        for argument in expression.argument_list:
            yield from _conjuncts(argument)
    else:
        yield expression


def _function(expression: Any) -> str:
    if not isinstance(expression, types.ResolvedFunctionCall):
        return ""
    return str(expression.function.name).rpartition(":")[2]


def _names(scan: Any) -> str:
    names = {
        node.table.name.rpartition(".")[2]
        if isinstance(node, types.ResolvedTableScan)
        else node.with_query_name
        for node in walk(scan)
        if isinstance(node, types.ResolvedTableScan | types.ResolvedWithRefScan)
    }
    return " and ".join(sorted(names)) or "rows"
