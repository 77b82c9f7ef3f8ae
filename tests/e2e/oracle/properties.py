"""Which properties of an update are sent: what staff corrected stays, and nothing is sent twice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from tests.e2e.oracle.hubspot import IdMap
from tests.e2e.oracle.payloads import CONTACT_PROPERTIES, ROI_PROPERTIES
from tests.e2e.oracle.world import Decision, Memory, Record

# AMD is the master of all others.
STAFF_MAY_CORRECT = frozenset(
    {
        "email", "firstname", "lastname", "gender", "phone", "address", "street_address_line_2",
        "city", "state", "zip", "preferred_first_name", "middlename", "otherphone", "care_type",
        "raw_provider_name", "raw_provider_specialty", "raw_provider_email", "raw_provider_phone",
        "raw_provider_fax",
    }
)  # fmt: skip
WHOLES = {"street_address_line_2": "address"}
KINDS = {name: kind for name, _, kind, _ in (*CONTACT_PROPERTIES, *ROI_PROPERTIES)} | {
    "ncf_date_of_birth": "day",
    "amd_synced": "bool",
    "email": "email",
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Settled:
    """What is sent of a payload, what is known afterwards, and whose values stand."""

    sent: Mapping[str, str]
    confirmed: Mapping[str, object]
    kept_edits: frozenset[str]


def settle(payload: Mapping[str, str], record: Record, memory: Memory | None) -> Settled:
    confirmed = dict(memory.confirmed) if memory is not None else {}
    before = dict(confirmed)
    sent, kept, differing = {}, set(), set()
    for name, text in payload.items():
        ours, theirs = meaning(name, text), meaning(name, record.properties.get(name) or "")
        confirmed[name] = ours
        if ours == theirs:
            continue
        differing.add(name)
        is_staffs = name in STAFF_MAY_CORRECT
        if name in before and before[name] == ours and is_staffs:
            kept.add(name)
        elif name in before or ours != "" or not is_staffs:
            sent[name] = text
    for part, whole in WHOLES.items():
        if whole in sent and part in differing:
            sent[part] = payload[part]
            kept.discard(part)
    return Settled(sent, confirmed, frozenset(kept))


def settled(decision: Decision, record: Record | None, id_map: IdMap) -> Decision:
    """A create or update of this payload, as what comes of it; nothing sent is unchanged."""
    assert decision.natural_key is not None
    map_row, target = id_map.rows.get(decision.natural_key), id_map.target(decision.natural_key)
    if record is None:
        confirmed = {name: meaning(name, text) for name, text in decision.properties.items()}
        return replace(decision, memory=Memory(confirmed), is_news=True)
    is_mapped_here = target is not None and target.id == record.id
    before = map_row.memory if map_row is not None and is_mapped_here else None
    found = settle(decision.properties, record, before)
    memory = Memory(found.confirmed, found.kept_edits)
    is_known = (
        before == memory and map_row is not None and map_row.payload_hash == decision.payload_hash
    )
    return replace(
        decision,
        state="update" if found.sent else "unchanged",
        properties=found.sent,
        memory=memory,
        is_news=bool(found.sent) or not is_known,
    )


def meaning(name: str, text: str) -> object:
    """What a value says, however it is spelt; blank for nothing."""
    text, kind = text.strip(), KINDS.get(name, "text")
    if text == "":
        return ""
    if kind == "number":
        return _number(text)
    if kind in ("bool", "email"):
        return text.lower()
    if kind == "phone":
        return _phone(text)
    if kind.startswith(("day", "birth", "instant")):
        return _milliseconds(text)
    return text


def _number(text: str) -> object:
    try:
        return Decimal(text).normalize()
    except InvalidOperation:
        return text


def _phone(text: str) -> object:
    main, *extension = re.split(r"(?i)x|ext", text, maxsplit=1)
    digits = re.sub(r"[^0-9]", "", main)
    if len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    return (digits, re.sub(r"[^0-9]", "", "".join(extension))) if digits else text


def _milliseconds(text: str) -> object:
    if re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(milliseconds=1)
