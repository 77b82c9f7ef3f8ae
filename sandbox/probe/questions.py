"""The questions, in an order in which each finds what it needs. An answer is a code or a count."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .portal import CUSTOM, MARK, PREFIX, Portal, Reply

KEY, TEXT, NUMBER, PHONE = (f"{PREFIX}_{name}" for name in ("key", "text", "number", "phone"))
PHONE_RULE = "PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE"
NOT_A_NUMBER = "none"
NOBODY = ("9007199254740001", "9007199254740002")  # ids far beyond those that HubSpot gives out


@dataclass(frozen=True, slots=True)
class Answer:
    """`value` is what the simulator's setting should be; None where there is none, or no clear
    answer."""

    question: str
    said: str
    setting: str = ""
    value: Any = None


class Scene:
    """What the questions share: an account, and names that no other run uses."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.run = secrets.token_hex(4)

    def name(self, what: str) -> str:
        return f"{PREFIX}-{self.run}-{what}"

    def email(self, what: str) -> str:
        return f"{self.name(what)}@example.com"

    def row(self, what: str, trace: str = "", **properties: Any) -> dict[str, Any]:
        """An upsert by the probe's unique property."""
        found = {
            "id": self.name(what),
            "idProperty": KEY,
            "properties": {KEY: self.name(what), "lastname": MARK, **properties},
        }
        return found | ({"objectWriteTraceId": trace} if trace else {})


def partial(reply: Reply) -> str | None:
    """Whether the good rows were written although a bad one was among them."""
    if reply.is_good and reply.errors:
        return "row"
    return "whole_batch" if reply.status in (400, 409) else None


def definitions(scene: Scene) -> Iterator[Answer]:
    """The properties that the others need."""
    base = {"groupName": "contactinformation", "type": "string", "fieldType": "text"}
    orders = [
        {**base, "name": KEY, "label": KEY, "hasUniqueValue": True},
        {**base, "name": TEXT, "label": TEXT},
        {**base, "name": NUMBER, "label": NUMBER, "type": "number", "fieldType": "number"},
        {**base, "name": PHONE, "label": PHONE, "fieldType": "phonenumber"},
    ]
    made = scene.portal.properties("POST", "/batch/create", {"inputs": orders})
    took = scene.portal.wait(lambda: scene.portal.properties("GET", f"/{PHONE}").is_good)
    yield Answer("How soon can a new property be read?", f"{made.said()}, after {took:.1f} s")
    choice = f"{PREFIX}_choice"
    order = {**base, "name": choice, "label": choice, "type": "enumeration", "fieldType": "select"}
    bare = {**order, "options": [{"label": "A", "value": "a"}]}
    reply = scene.portal.properties("POST", "", bare)
    yield Answer(
        "Does an option need its displayOrder?",
        reply.said(),
        "option_display_order",
        {201: "optional", 400: "required"}.get(reply.status),
    )


def refused_in_part(scene: Scene) -> Iterator[Answer]:
    bad = {NUMBER: NOT_A_NUMBER}
    reply = scene.portal.batch("upsert", scene.row("a", "t1"), scene.row("b", "t2", **bad))
    yield Answer(
        "A batch with trace ids holds a bad value: which status?",
        reply.said(),
        "partial_errors",
        ("207" if reply.status == 207 else "200") if partial(reply) == "row" else None,
    )
    row = (reply.errors or [{}])[0]
    yield Answer(
        "Does its error name the property in errors[]?",
        "yes" if row.get("errors") else "no",
        "value_errors",
        ("structured" if row.get("errors") else "message_only") if row else None,
    )
    echoed = [one.get("objectWriteTraceId") for one in reply.results]
    yield Answer(
        "Do good results echo the trace id?",
        f"{sum(one is not None for one in echoed)} of {len(echoed)}",
        "echo_trace_id",
        None not in echoed if echoed else None,
    )
    whole = scene.portal.batch("upsert", scene.row("c"), scene.row("d", **bad))
    yield Answer("The same without trace ids?", whole.said())


def upserts(scene: Scene) -> Iterator[Answer]:
    without = scene.row("e")
    del without["properties"][KEY]
    reply = scene.portal.batch("upsert", without)
    yield Answer(
        "Must an upsert repeat its key among the properties?",
        reply.said(),
        "upsert_needs_key_in_properties",
        not (reply.is_good and reply.results),
    )
    alone = {"id": scene.name("f"), "idProperty": KEY, "properties": {KEY: scene.name("f")}}
    reply = scene.portal.batch("upsert", alone)
    yield Answer(
        "Must a contact have an email or a name?",
        reply.said(),
        "contact_needs_identity",
        not (reply.is_good and reply.results),
    )
    reply = scene.portal.batch("upsert", scene.row("g", "t1"), scene.row("g", "t2"))
    yield Answer("One key twice in a batch?", reply.said())
    scene.portal.batch("upsert", scene.row("case"))
    upper = scene.row("case")
    upper["id"] = upper["properties"][KEY] = upper["id"].upper()
    reply = scene.portal.batch("upsert", upper)
    is_new = reply.results[0].get("new") if reply.results else None
    yield Answer(
        "Are unique values that differ in case one value?",
        f"{reply.said()}, new: {is_new}",
        "unique_case_insensitive",
        None if is_new is None else not is_new,
    )
    rows = [
        {
            "id": scene.email(what),
            "idProperty": "email",
            "objectWriteTraceId": what,
            "properties": {"lastname": MARK, **more},
        }
        for what, more in (("m1", {}), ("m2", {NUMBER: NOT_A_NUMBER}))
    ]
    reply = scene.portal.batch("upsert", *rows)
    yield Answer(
        "An upsert by email with trace ids holds a bad value?",
        reply.said(),
        "email_upsert_errors",
        partial(reply),
    )


def clashes(scene: Scene) -> Iterator[Answer]:
    taken = scene.email("taken")
    scene.portal.contact(email=taken)
    reply = scene.portal.batch("upsert", scene.row("h", "t1"), scene.row("i", "t2", email=taken))
    yield Answer(
        "An upsert with trace ids brings an email that another contact holds?",
        reply.said(),
        "clash_with_trace_ids",
        partial(reply),
    )
    other = scene.portal.contact(email=scene.email("free"))
    reply = scene.portal.objects("PATCH", f"/{other}", {"properties": {"email": taken}})
    yield Answer(
        "And an update?",
        reply.said(),
        "update_clash",
        str(reply.status) if reply.status in (400, 409) else None,
    )


def updates(scene: Scene) -> Iterator[Answer]:
    portal = scene.portal
    one, two = portal.contact(**{TEXT: "x"}), portal.contact()
    reply = portal.batch(
        "update",
        {"id": one, "objectWriteTraceId": "t1", "properties": {TEXT: "x"}},
        {"id": two, "objectWriteTraceId": "t2", "properties": {NUMBER: NOT_A_NUMBER}},
    )
    yield Answer(
        "An update with trace ids holds a bad value?",
        reply.said(),
        "update_errors_with_trace_ids",
        partial(reply),
    )
    reply = portal.batch("update", *({"id": name, "properties": {TEXT: "x"}} for name in NOBODY))
    yield Answer(
        "Two ids that do not exist, without trace ids?",
        reply.said(),
        "missing_id_errors",
        {1: "one_per_batch", 2: "one_per_input"}.get(len(reply.errors)),
    )
    reply = portal.objects("PATCH", f"/{one}", {"properties": {TEXT: None}})
    cleared = portal.value(one, TEXT) is None
    yield Answer(
        "What does a null value do?",
        reply.said(),
        "null_value",
        ("clear" if cleared else "ignore") if reply.is_good else "reject",
    )
    reply = portal.objects("PATCH", f"/{one}", {"properties": {"createdate": "2020-01-01"}})
    yield Answer(
        "A read-only property?",
        reply.said(),
        "read_only_write",
        "ignore" if reply.is_good else "reject",
    )
    same = {"properties": {TEXT: "same"}}
    before = portal.objects("PATCH", f"/{one}", same).body.get("updatedAt")
    portal.value(one, TEXT)
    after = portal.objects("PATCH", f"/{one}", same).body.get("updatedAt")
    yield Answer(
        "Does an identical write move the last-modified time?",
        "yes" if after != before else "no",
        "identical_write",
        ("touch" if after != before else "keep") if before and after else None,
    )
    keyed = portal.batch("upsert", scene.row("cleared"))
    cleared_id = keyed.results[0]["id"] if keyed.results else "0"
    reply = portal.objects("PATCH", f"/{cleared_id}", {"properties": {KEY: ""}})
    yield Answer("Can the unique key be cleared?", reply.said())


def reading(scene: Scene) -> Iterator[Answer]:
    portal = scene.portal
    one = portal.contact(email=scene.email("index"))
    ask = {"filters": [{"propertyName": "email", "operator": "EQ", "value": scene.email("index")}]}
    search = {"filterGroups": [ask], "limit": 1}
    took = portal.wait(lambda: bool(portal.objects("POST", "/search", search).results))
    yield Answer("How soon does search find a new contact?", f"after {took:.1f} s")
    found = portal.batch("read", {"id": one}, properties=[TEXT, "email"]).results
    looks = ("null" if TEXT in found[0]["properties"] else "absent") if found else None
    yield Answer("How does an empty property look?", looks or "unclear", "empty_properties", looks)
    nobody = {**search, "filterGroups": [{"filters": [{**ask["filters"][0], "value": "x@y.zz"}]}]}
    last = portal.objects("POST", "/search", nobody).body
    paging = "absent" if "paging" not in last else "empty" if last["paging"] else "null"
    yield Answer("What paging has a last page?", paging, "last_page_paging", paging)
    for limit in (101, 200):
        reply = portal.objects("GET", f"?limit={limit}")
        yield Answer(
            f"A list of {limit} records a page?",
            reply.said(),
            "list_over_limit",
            "clamp" if reply.is_good else "reject",
        )
    reply = portal.objects("POST", "/search", {**search, "limit": 201})
    yield Answer("A search of 201 records a page?", reply.said())
    reply = portal.objects("POST", "/search", {**search, "after": "10000"})
    yield Answer("A search beyond the 10,000th record?", reply.said())
    limits = {
        what: any(name.lower().startswith("x-hubspot-ratelimit") for name in headers)
        for what, headers in (
            ("search", reply.headers),
            ("list", portal.objects("GET", "?limit=1").headers),
        )
    }
    yield Answer("Which answers carry the rate limit's headers?", str(limits))


def rules(scene: Scene) -> Iterator[Answer]:
    portal = scene.portal
    path = f"/crm/property-validations/{portal.version}/0-1"
    reply = portal.ask("GET", path)
    kinds = {one["ruleType"] for row in reply.results for one in row["propertyValidationRules"]}
    yield Answer("Which validation rules stand on contacts?", f"{reply.said()}: {sorted(kinds)}")
    formatted, plain = "+1 (404) 555-0123", "(404) 555-0123"
    one = portal.contact(**{PHONE: formatted})
    kept = portal.value(one, PHONE) == formatted
    yield Answer("Is a phone kept as it was sent?", "yes" if kept else "no")
    put = portal.ask("PUT", f"{path}/{PHONE}/rule-type/{PHONE_RULE}", {"ruleArguments": []})
    refused = portal.objects("PATCH", f"/{one}", {"properties": {PHONE: plain}})
    yield Answer("A phone without country code, under the rule?", f"{put.status}; {refused.said()}")
    reply = portal.objects("PATCH", f"/{one}", {"properties": {PHONE: formatted}})
    yield Answer(
        "A formatted one with its country code?",
        reply.said(),
        "phone_rule",
        ("strip" if reply.is_good else "strict") if put.is_good and not refused.is_good else None,
    )


def merges(scene: Scene) -> Iterator[Answer]:
    portal = scene.portal
    emails = [scene.email(what) for what in ("first", "second")]
    first, second = (portal.contact(email=email) for email in emails)
    body = {"primaryObjectId": first, "objectIdToMerge": second}
    merged = portal.objects("POST", "/merge", body)
    survivor = str(merged.body.get("id", ""))
    yield Answer(
        "Does the survivor of a merge keep the first one's id?",
        merged.said(),
        "primary_id_preservation",
        survivor == first if survivor else None,
    )
    read = portal.batch("read", {"id": second}, properties=["email"])
    yield Answer(
        "A batch read of a merged id?",
        read.said(),
        "merged_in_batch_read",
        "resolve" if read.results else "not_found",
    )
    reply = portal.batch("update", {"id": second, "properties": {TEXT: "x"}})
    gone = {0: "leave_out"}.get(len(reply.results)) if not reply.errors else "not_found"
    yield Answer(
        "A batch update of a merged id?",
        reply.said(),
        "merged_in_batch_update",
        gone if reply.is_good else None,
    )
    reply = portal.objects("GET", f"/{second}")
    yield Answer(
        "A single read of a merged id?",
        reply.said(),
        "merged_in_get",
        {200: "resolve", 404: "not_found"}.get(reply.status),
    )
    reply = portal.batch("read", {"id": emails[1]}, properties=["email"], idProperty="email")
    yield Answer(
        "Does a batch read by email find a secondary one?",
        reply.said(),
        "batch_read_secondary_email",
        bool(reply.results),
    )


def deleted(scene: Scene) -> Iterator[Answer]:
    portal = scene.portal
    first = portal.batch("upsert", scene.row("archived")).results
    portal.objects("DELETE", f"/{first[0]['id'] if first else 0}")
    reply = portal.batch("upsert", scene.row("archived"))
    same = reply.results and first and reply.results[0]["id"] == first[0]["id"]
    yield Answer(
        "An upsert by an archived record's key?",
        reply.said(),
        "upsert_archived_key",
        ("restore" if same else "create") if reply.results else None,
    )
    name = f"{PREFIX}_again"
    order = {"name": name, "label": name, "type": "string", "fieldType": "text"}
    order["groupName"] = "contactinformation"
    born = portal.properties("POST", "", order).body.get("createdAt")
    one = portal.contact()
    portal.wait(lambda: portal.objects("PATCH", f"/{one}", {"properties": {name: "x"}}).is_good, 20)
    portal.properties("DELETE", f"/{name}")
    reply = portal.properties("POST", "", order)
    portal.wait(lambda: portal.properties("GET", f"/{name}").is_good, 20)
    is_back = portal.value(one, name) == "x"
    again = "new" if reply.body.get("createdAt") != born else "emptied"
    yield Answer(
        "A property deleted and made again?",
        f"{reply.said()}, value back: {is_back}",
        "recreated_property",
        ("restored" if is_back else again) if reply.is_good else None,
    )


def custom_objects(scene: Scene) -> Iterator[Answer]:
    portal, kind = scene.portal, f"p_{CUSTOM}"
    names = [f"{PREFIX}_id", f"{PREFIX}_kind"]
    bare = {
        "name": CUSTOM,
        "labels": {"singular": CUSTOM, "plural": f"{CUSTOM}s"},
        "primaryDisplayProperty": names[0],
        "requiredProperties": names,
        "associatedObjects": ["CONTACT"],
        "properties": [
            {"name": name, "label": name, "type": "string", "fieldType": "text"} for name in names
        ],
    }
    lists = {
        "allowsSensitiveProperties": False,
        "searchableProperties": [],
        "secondaryDisplayProperties": [],
    }
    if portal.version == "2026-03":
        lists["shouldCreateSameObjectAssociation"] = False
    reply = portal.schemas("POST", "", bare)
    yield Answer(
        "A schema without the lists of the 2026-09 document?",
        reply.said(),
        "schema_lists",
        {201: "optional", 400: "required"}.get(reply.status),
    )
    if not reply.is_good:
        made = portal.schemas("POST", "", bare | lists)
        yield Answer("And with them?", made.said())
    took = portal.wait(lambda: portal.objects("GET", "?limit=1", kind=kind).is_good)
    yield Answer("How soon does p_<name> answer?", f"after {took:.1f} s")
    reply = portal.objects("GET", "?limit=1", kind=CUSTOM)
    yield Answer(
        "Is the base name of a custom object an address?",
        reply.said(),
        "base_names",
        {200: "accept", 400: "reject"}.get(reply.status),
    )
    reply = portal.objects("POST", "", {"properties": {names[0]: "1"}}, kind)
    is_listed = bool(reply.errors) or "Property values" in str(reply.body.get("message"))
    yield Answer(
        "How is a missing required property refused?",
        reply.said(),
        "missing_required",
        ("property_values" if is_listed else "message") if reply.status == 400 else None,
    )
    whole = portal.objects("POST", "", {"properties": dict.fromkeys(names, "1")}, kind)
    path = f"/{whole.body.get('id', 0)}"
    reply = portal.objects("PATCH", path, {"properties": {names[1]: ""}}, kind)
    yield Answer(
        "Can a required property be cleared?",
        reply.said(),
        "clear_required",
        "accept" if reply.is_good else "reject",
    )
    flag = {"allowsSensitiveProperties": True, "clearDescription": False}
    reply = portal.schemas("PATCH", f"/{kind}", flag)
    is_set = reply.body.get("allowsSensitiveProperties")
    yield Answer("Can the sensitive flag be set later?", f"{reply.said()}, set: {is_set}")


def sensitive(scene: Scene) -> Iterator[Answer]:
    name = f"{PREFIX}_secret"
    order = {"name": name, "label": name, "type": "string", "fieldType": "text"}
    order |= {"groupName": "contactinformation", "dataSensitivity": "sensitive"}
    reply = scene.portal.properties("POST", "", order)
    yield Answer("Does this token make a sensitive property?", reply.said())
    if reply.is_good:
        scene.portal.wait(lambda: scene.portal.properties("GET", f"/{name}").is_good)
        one = scene.portal.contact()
        path = f"/{one}"
        reply = scene.portal.objects("PATCH", path, {"properties": {name: "x"}})
        back = scene.portal.value(one, name) == "x"
        yield Answer("Does it write and read one?", f"{reply.said()}, read back: {back}")


def for_good(scene: Scene) -> Iterator[Answer]:
    """Cannot be taken back: the address stays on the account's list."""
    email = scene.email("gdpr")
    one = scene.portal.contact(email=email)
    reply = scene.portal.objects("POST", "/gdpr-delete", {"objectId": one})
    again = scene.portal.contact(email=email)
    yield Answer(
        "Can a contact deleted for good be made again?",
        reply.said(),
        "gdpr_deleted_email",
        ("accept" if again else "reject") if reply.is_good else None,
    )


QUESTIONS: list[Callable[[Scene], Iterator[Answer]]] = [
    definitions,
    refused_in_part,
    upserts,
    clashes,
    updates,
    reading,
    rules,
    merges,
    deleted,
    custom_objects,
    sensitive,
]


def ask_all(portal: Portal, *, gdpr: bool = False) -> Iterator[Answer]:
    scene = Scene(portal)
    for ask in (*QUESTIONS, *([for_good] if gdpr else [])):
        try:
            yield from ask(scene)
        except (AttributeError, IndexError, KeyError, TypeError) as problem:  # of another shape
            said = f"unclear, {type(problem).__name__}"
            yield Answer(f"{ask.__name__}: the rest of these questions?", said)
