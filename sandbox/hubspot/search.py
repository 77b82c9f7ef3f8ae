"""The search endpoint: HubSpot's operators, its caps, and an index that may lag behind."""

from __future__ import annotations

import operator
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from . import errors
from .objects import ObjectType
from .portal import Portal
from .records import scope_names
from .settings import Settings
from .store import Record, RecordStore, record_json
from .values import instant_ms, record_id

MAX_GROUPS, MAX_PER_GROUP, MAX_FILTERS = 5, 6, 18
MAX_LIMIT, MAX_WINDOW, MAX_QUERY = 200, 10_000, 3_000
Predicate = Callable[[Record], bool]

# Default searched properties of `query`.
QUERY_PROPERTIES = ("firstname", "lastname", "email", "phone", "mobilephone", "company")
_SYSTEM_INTEGERS: dict[str, Callable[[Record], int]] = {
    "hs_object_id": attrgetter("id"),
    "createdate": attrgetter("created_ms"),
    "hs_createdate": attrgetter("created_ms"),
    "lastmodifieddate": attrgetter("modified_ms"),
    "hs_lastmodifieddate": attrgetter("modified_ms"),
}


def fold(text: str) -> str:
    """Search ignores case and accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).lower()


def search(
    portal: Portal, item: ObjectType, body: Any, scopes: frozenset[str]
) -> tuple[int, dict[str, Any]]:
    """Answer one search request."""
    query = _Query(portal, item, body, scopes)
    ids = query.matching()
    start, limit = query.after, query.limit
    store = item.store
    page = [query.seen[record_id] for record_id in ids[start : start + limit]]
    names = query.names
    answer: dict[str, Any] = {
        "total": len(ids),
        "results": [record_json(store, record, names) for record in page],
    }
    following = start + limit if start + limit < len(ids) else None
    add_paging(answer, following, "?after=", portal.settings)
    return 200, answer


def add_paging(body: dict[str, Any], following: int | None, link: str, settings: Settings) -> None:
    """Where the next page begins; the last page has no `paging`, or one that says nothing."""
    if following is not None:
        body["paging"] = {"next": {"after": str(following), "link": f"{link}{following}"}}
    elif settings.last_page_paging != "absent":
        body["paging"] = None if settings.last_page_paging == "null" else {"next": None}


class _Query:
    """A checked search request."""

    def __init__(self, portal: Portal, item: ObjectType, body: Any, scopes: frozenset[str]) -> None:
        if not isinstance(body, dict):
            raise errors.invalid_json()
        self.portal, self.item, self.scopes = portal, item, scopes
        self.store: RecordStore = item.store
        self.seen: dict[int, Record] = {}
        self.limit = self._integer(body.get("limit", 10), "limit")
        self.after = self._integer(body.get("after") or 0, "after")
        if not 0 < self.limit <= MAX_LIMIT:
            raise errors.error(400, f"limit must be between 1 and {MAX_LIMIT}: {self.limit}")
        if self.after + self.limit > MAX_WINDOW:
            raise errors.error(
                400, f"Paging past {MAX_WINDOW} results is not supported: after={self.after}"
            )
        self.query = body.get("query")
        if self.query is not None and len(str(self.query)) > MAX_QUERY:
            raise errors.error(400, f"query has at most {MAX_QUERY} characters")
        requested = body.get("properties") or item.default_names
        self.names = readable_names(portal, item, requested, scopes)
        self.groups = self._groups(body)
        self.sort_name, self.descending = self._sort(body.get("sorts") or [])

    def _groups(self, body: dict[str, Any]) -> list[list[dict[str, Any]]]:
        raw = body.get("filterGroups")
        if raw is None and body.get("filters"):
            raw = [{"filters": body["filters"]}]
        if not isinstance(raw or [], list) or not all(isinstance(one, dict) for one in raw or []):
            raise errors.invalid_json()
        groups = [group.get("filters") or [] for group in raw or []]
        if not all(isinstance(rule, dict) for group in groups for rule in group):
            raise errors.invalid_json()
        counts = [len(group) for group in groups]
        if (
            len(groups) > MAX_GROUPS
            or sum(counts) > MAX_FILTERS
            or any(count > MAX_PER_GROUP for count in counts)
        ):
            raise errors.error(
                400,
                f"A search has at most {MAX_GROUPS} filter groups of {MAX_PER_GROUP} filters, "
                f"{MAX_FILTERS} in total",
            )
        for group in groups:
            for rule in group:
                self._check_property(str(rule.get("propertyName")))
        return groups

    def _check_property(self, name: str) -> None:
        prop = self.item.live_property(name)
        if prop is None:
            raise errors.error(
                400,
                f"There was a problem with the request. Property {name} does not exist",
                errors=[
                    {
                        "message": f'Property "{name}" does not exist',
                        "code": "PROPERTY_DOESNT_EXIST",
                        "context": {"propertyName": [name]},
                    }
                ],
            )
        if prop.sensitivity == "highly_sensitive":
            raise errors.error(400, f"Property {name} is highly sensitive and not searchable")
        wanted = scope_names(self.item, prop.sensitivity, "read")
        if prop.sensitivity == "sensitive" and not self.scopes.intersection(wanted):
            raise errors.missing_scopes(wanted)

    def _sort(self, sorts: list[Any]) -> tuple[str, bool]:
        if len(sorts) > 1:
            raise errors.error(400, "Only one sort rule is supported")
        if not sorts:
            return "hs_object_id", False
        rule = sorts[0]
        if isinstance(rule, str):
            name, descending = rule.removeprefix("-"), rule.startswith("-")
        else:
            name = str(rule.get("propertyName"))
            descending = rule.get("direction", "ASCENDING") == "DESCENDING"
        self._check_property(name)
        return name, descending

    @staticmethod
    def _integer(value: Any, name: str) -> int:
        try:
            return int(value)
        except (TypeError, ValueError):
            raise errors.error(400, f"{name} is not an integer: {value}") from None

    # Matching ------------------------------------------------------------------------------------

    def matching(self) -> list[int]:
        """Ids of all matches in order. Pages of one search share the work while nothing changes."""
        store = self.store
        is_current = store.is_search_current(self.portal.now_ms())
        groups, floor = self._without_keyset()
        key = (repr(groups), str(self.query), self.sort_name, self.descending)
        cache = store.search_cache
        if is_current and cache.get("version") == store.version and key in cache["found"]:
            ids: list[int] = cache["found"][key]
            self.seen = store.live
        else:
            records = self._scan(groups, is_current)
            ids = [record.id for record in records]
            if is_current:
                self.seen = store.live
                if cache.get("version") != store.version or len(cache["found"]) > 8:
                    cache["version"], cache["found"] = store.version, {}
                cache["found"][key] = ids
            else:
                self.seen = {record.id: record for record in records}
        return ids[bisect_right(ids, floor) :] if floor is not None else ids

    def _without_keyset(self) -> tuple[list[list[dict[str, Any]]], int | None]:
        """Paging by `hs_object_id GT last`, sorted by it: the rest of the filter stays the same."""
        if len(self.groups) == 1 and self.sort_name == "hs_object_id" and not self.descending:
            rules = self.groups[0]
            keyset = [
                rule
                for rule in rules
                if rule.get("propertyName") == "hs_object_id" and rule.get("operator") == "GT"
            ]
            if len(keyset) == 1 and record_id(str(keyset[0].get("value"))) is not None:
                rest = [rule for rule in rules if rule is not keyset[0]]
                return [rest], int(keyset[0]["value"])
        return self.groups, None

    def _scan(self, groups: list[list[dict[str, Any]]], is_current: bool) -> list[Record]:
        predicates = [[self._predicate(rule) for rule in group] for group in groups]
        candidates: Iterable[Record] = self.store.search_view()
        if is_current and len(groups) == 1:
            narrowed = self._candidates(groups[0])
            candidates = candidates if narrowed is None else narrowed
        found = list(candidates)
        if len(predicates) == 1:
            # One filter after the other over the whole list: fast on a million records.
            for test in predicates[0]:
                found = [record for record in found if test(record)]
        elif predicates:
            found = [
                record
                for record in found
                if any(all(test(record) for test in group) for group in predicates)
            ]
        if self.query:
            found = [record for record in found if self._matches_query(record)]
        self._order(found)
        return found

    def _candidates(self, group: list[dict[str, Any]]) -> list[Record] | None:
        """A filter on a unique value needs no scan."""
        for rule in group:
            name, value = rule.get("propertyName"), str(rule.get("value") or "")
            if rule.get("operator") != "EQ" or not value:
                continue
            if name == "hs_object_id":
                record = self.store.live.get(record_id(value) or 0)
                return [record] if record else []
            # Other unique values may differ in case only, which a search does not see.
            if name == "email" or (name in self.store.unique and record_id(value) is not None):
                record = self.store.holder(name, value.lower())
                return [record] if record else []
        return None

    def _matches_query(self, record: Record) -> bool:
        words = fold(str(self.query)).split()
        searched = self.item.searchable or QUERY_PROPERTIES
        text = " ".join(fold(self.store.get(record, name) or "") for name in searched)
        return all(word in text for word in words)

    def _order(self, found: list[Record]) -> None:
        if self.sort_name == "hs_object_id":
            found.sort(key=attrgetter("id"), reverse=self.descending)
            return
        integers = _SYSTEM_INTEGERS.get(self.sort_name)
        if integers is not None:
            found.sort(key=lambda record: (integers(record), record.id), reverse=self.descending)
            return
        read = self.store.getter(self.sort_name)
        to_number = _numeric_reader(self._type(self.sort_name))

        def key(record: Record) -> tuple[Any, ...]:
            value = read(record)
            return (to_number(value) if to_number else fold(value or ""), record.id)

        having = [record for record in found if read(record) is not None]
        lacking = [record for record in found if read(record) is None]
        having.sort(key=key, reverse=self.descending)
        found[:] = having + lacking

    def _type(self, name: str) -> str:
        return self.item.properties[name].type

    def _predicate(self, rule: dict[str, Any]) -> Predicate:
        name, verb = str(rule.get("propertyName")), str(rule.get("operator"))
        read = self.store.getter(name)
        if verb == "HAS_PROPERTY":
            return lambda record: read(record) is not None
        if verb == "NOT_HAS_PROPERTY":
            return lambda record: read(record) is None
        if verb in ("IN", "NOT_IN"):
            return self._membership(name, read, rule, negate=verb == "NOT_IN")
        if verb == "BETWEEN":
            low = self._comparison(name, read, "GTE", rule.get("value"))
            high = self._comparison(name, read, "LTE", rule.get("highValue"))
            return lambda record: low(record) and high(record)
        if verb in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
            contains = _token_matcher(self._value(rule))
            if verb == "CONTAINS_TOKEN":
                return lambda record: contains(read(record))
            return lambda record: not contains(read(record))
        if verb in ("EQ", "NEQ", "LT", "LTE", "GT", "GTE"):
            return self._comparison(name, read, verb, rule.get("value"))
        raise errors.error(400, f"Invalid input JSON: unknown operator {verb}")

    @staticmethod
    def _value(rule: dict[str, Any]) -> str:
        value = rule.get("value")
        if value is None or value == "":
            raise errors.error(400, f"operator {rule.get('operator')} requires values")
        return str(value)

    def _membership(
        self,
        name: str,
        read: Callable[[Record], str | None],
        rule: dict[str, Any],
        *,
        negate: bool,
    ) -> Predicate:
        values = rule.get("values")
        if not isinstance(values, list) or not values:
            raise errors.error(400, f"operator {rule.get('operator')} requires values")
        wanted = {str(value) for value in values}
        is_list = self.item.properties[name].field_type == "checkbox"
        exact = self._type(name) in ("enumeration", "bool") or name in _SYSTEM_INTEGERS

        def test(record: Record) -> bool:
            value = read(record)
            if value is None:
                return negate
            # The record's text is folded and the wanted ones are not: they must be lower case.
            inside = (value if exact else fold(value)) in wanted or (
                is_list and not wanted.isdisjoint(value.split(";"))
            )
            return inside is not negate

        return test

    def _comparison(
        self, name: str, read: Callable[[Record], str | None], verb: str, raw: Any
    ) -> Predicate:
        if raw is None or raw == "":
            raise errors.error(400, f"operator {verb} requires values")
        kind = self._type(name)
        to_number = _numeric_reader(kind)
        if to_number is not None:
            try:
                target: Any = to_number(str(raw))
            except (ValueError, OverflowError):
                raise errors.error(400, f"{raw} is not a valid value of property {name}") from None
        elif kind in ("enumeration", "bool"):
            target = str(raw)
        else:
            target = fold(str(raw))
        compare = _COMPARISONS[verb]
        integers = _SYSTEM_INTEGERS.get(name)
        if integers is not None:
            return lambda record: compare(integers(record), target)
        if self.item.properties[name].field_type == "checkbox" and verb in ("EQ", "NEQ"):
            return self._membership(name, read, {"values": [str(raw)]}, negate=verb == "NEQ")
        convert = to_number or (
            fold if isinstance(target, str) and kind not in ("enumeration", "bool") else str
        )

        def test(record: Record) -> bool:
            value = read(record)
            if value is None:
                return verb == "NEQ"
            return compare(convert(value), target)

        return test


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": operator.eq,
    "NEQ": operator.ne,
    "LT": operator.lt,
    "LTE": operator.le,
    "GT": operator.gt,
    "GTE": operator.ge,
}


def _numeric_reader(kind: str) -> Callable[[Any], float] | None:
    if kind == "number":
        return lambda value: int(value) if str(value).isdigit() else float(value)
    if kind in ("date", "datetime"):
        return lambda value: instant_ms(str(value))
    return None


def _token_matcher(wanted: str) -> Callable[[str | None], bool]:
    folded = fold(wanted)
    if "*" in folded:
        pattern = re.compile(".*".join(map(re.escape, folded.split("*"))))

        def matches(value: str | None) -> bool:
            if value is None:
                return False
            text = fold(value)
            parts = re.split(r"[\s;,]+", text)
            return any(pattern.fullmatch(part) for part in (text, *parts))

        return matches
    tokens = re.findall(r"\w+", folded)

    def contains(value: str | None) -> bool:
        if value is None or not tokens:
            return False
        present = re.findall(r"\w+", fold(value))
        width = len(tokens)
        return any(
            present[start : start + width] == tokens for start in range(len(present) - width + 1)
        )

    return contains


def readable_names(
    portal: Portal, item: ObjectType, requested: Iterable[Any], scopes: frozenset[str]
) -> dict[str, None]:
    """Of the requested properties, those that exist and that the caller may read."""
    names: dict[str, None] = {}
    for name in requested:
        prop = item.live_property(str(name))
        if prop is None:
            continue
        if prop.sensitivity != "non_sensitive":
            wanted = scope_names(item, prop.sensitivity, "read")
            if not scopes.intersection(wanted):
                if portal.settings.sensitive_read_without_scope == "reject":
                    raise errors.missing_scopes(wanted)
                continue
        names[prop.name] = None
    for name in item.always_names:
        names[name] = None
    return names
