"""Everything about the portal that can be switched while it runs.

The second half holds the facts that HubSpot leaves open: the worker must be right either way. What
they are by default is in `answers.json`, which `python -m sandbox.probe --save` brings up to date.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

ANSWERS = Path(__file__).with_name("answers.json")
_OPEN: dict[str, Any] = {
    name: known["answer"] for name, known in json.loads(ANSWERS.read_text(encoding="utf-8")).items()
}

SENSITIVE_SCOPES = tuple(
    f"crm.objects.{family}.sensitive.{verb}"
    for family in ("contacts", "custom")
    for verb in ("read", "write")
)
HIGHLY_SENSITIVE_SCOPES = tuple(
    scope.replace("sensitive", "highly_sensitive") for scope in SENSITIVE_SCOPES
)
WORKER_SCOPES = (
    *(
        f"crm.objects.{family}.{verb}"
        for family in ("contacts", "custom")
        for verb in ("read", "write")
    ),
    "crm.schemas.contacts.read",
    "crm.schemas.custom.read",
    *SENSITIVE_SCOPES,
)
SETUP_SCOPES = (
    *WORKER_SCOPES,
    "crm.schemas.contacts.write",
    "crm.schemas.custom.write",
    *HIGHLY_SENSITIVE_SCOPES,
)


class SettingError(ValueError):
    """An unknown setting, or a value that it does not take."""


@dataclass(slots=True)
class Settings:
    """The portal's switches; `update` checks names, types and choices."""

    # The account.
    portal_id: int = 48121773
    time_zone: str = "America/New_York"
    account_type: str = "STANDARD"
    tokens: dict[str, list[str]] = field(
        default_factory=lambda: {
            "pat-local-test": list(WORKER_SCOPES),
            "pat-local-setup": list(SETUP_SCOPES),
        }
    )
    disabled_versions: list[str] = field(default_factory=list)

    # Limits; 0 switches a limit off.
    burst_limit: int = 100
    burst_window_ms: int = 10_000
    daily_limit: int = 250_000
    search_limit: int = 5
    search_window_ms: int = 1_000
    search_counts_in_burst: bool = True
    rejected_requests_count: bool = False
    max_uri_bytes: int = 16_384

    # Time.
    latency_ms: float = 0.0
    per_record_ms: float = 0.0
    index_lag_ms: float = 0.0
    clock_offset_ms: int = 0
    clock_fixed_ms: int | None = None

    # Answers.
    shuffle_results: bool = True
    echo_trace_id: bool = _OPEN["echo_trace_id"]
    missing_id_errors: str = _OPEN["missing_id_errors"]
    list_over_limit: str = _OPEN["list_over_limit"]
    partial_errors: str = _OPEN["partial_errors"]
    empty_properties: str = _OPEN["empty_properties"]
    last_page_paging: str = _OPEN["last_page_paging"]
    value_errors: str = _OPEN["value_errors"]

    # Values.
    invalid_tlds: list[str] = field(
        default_factory=lambda: ["con", "cmo", "vom", "comm", "bad", "invalid"]
    )
    null_value: str = _OPEN["null_value"]
    read_only_write: str = _OPEN["read_only_write"]
    clear_required: str = _OPEN["clear_required"]
    missing_required: str = _OPEN["missing_required"]
    unique_case_insensitive: bool = _OPEN["unique_case_insensitive"]
    contact_needs_identity: bool = _OPEN["contact_needs_identity"]
    validation_rules: dict[str, list[str]] = field(default_factory=dict)
    identical_write: str = _OPEN["identical_write"]
    phone_rule: str = _OPEN["phone_rule"]

    # Clashes of unique values, and partial success.
    update_clash: str = _OPEN["update_clash"]
    clash_with_trace_ids: str = _OPEN["clash_with_trace_ids"]
    update_errors_with_trace_ids: str = _OPEN["update_errors_with_trace_ids"]
    email_upsert_errors: str = _OPEN["email_upsert_errors"]
    upsert_needs_key_in_properties: bool = _OPEN["upsert_needs_key_in_properties"]
    upsert_archived_key: str = _OPEN["upsert_archived_key"]

    # Merges and secondary emails.
    primary_id_preservation: bool = _OPEN["primary_id_preservation"]
    merged_in_batch_update: str = _OPEN["merged_in_batch_update"]
    merged_in_batch_read: str = _OPEN["merged_in_batch_read"]
    merged_in_get: str = _OPEN["merged_in_get"]
    batch_read_secondary_email: bool = _OPEN["batch_read_secondary_email"]

    # Definitions.
    base_names: str = _OPEN["base_names"]
    schema_lists: str = _OPEN["schema_lists"]
    option_display_order: str = _OPEN["option_display_order"]
    recreated_property: str = _OPEN["recreated_property"]

    # Deleted for good.
    gdpr_deleted_email: str = _OPEN["gdpr_deleted_email"]

    # Scopes.
    sensitive_read_without_scope: str = "omit"
    sensitive_definitions_without_scope: str = "show"

    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "missing_id_errors": ("one_per_batch", "one_per_input"),
        "list_over_limit": ("clamp", "reject"),
        "partial_errors": ("207", "200"),
        "empty_properties": ("null", "absent"),
        "last_page_paging": ("absent", "null", "empty"),
        "value_errors": ("structured", "message_only"),
        "null_value": ("reject", "clear", "ignore"),
        "read_only_write": ("reject", "ignore"),
        "clear_required": ("accept", "reject"),
        "missing_required": ("message", "property_values"),
        "update_clash": ("400", "409"),
        "clash_with_trace_ids": ("row", "whole_batch"),
        "update_errors_with_trace_ids": ("whole_batch", "row"),
        "email_upsert_errors": ("whole_batch", "row"),
        "upsert_archived_key": ("create", "restore"),
        "merged_in_batch_update": ("leave_out", "not_found"),
        "merged_in_batch_read": ("resolve", "not_found"),
        "merged_in_get": ("resolve", "not_found"),
        "identical_write": ("touch", "keep"),
        "phone_rule": ("strict", "strip"),
        "base_names": ("reject", "accept"),
        "schema_lists": ("required", "optional"),
        "option_display_order": ("required", "optional"),
        "recreated_property": ("emptied", "restored", "new"),
        "gdpr_deleted_email": ("accept", "reject"),
        "sensitive_read_without_scope": ("omit", "reject"),
        "sensitive_definitions_without_scope": ("show", "reject"),
    }

    def update(self, changes: dict[str, Any]) -> None:
        """Apply all changes, or none of them when one is wrong."""
        known = {item.name for item in fields(self)}
        cleaned: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in known:
                raise SettingError(f"no setting {name}")
            cleaned[name] = self._checked(name, value)
        for name, value in cleaned.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def _checked(self, name: str, value: Any) -> Any:
        choices = self.CHOICES.get(name)
        if choices is not None:
            if value not in choices:
                raise SettingError(f"{name} takes one of {', '.join(choices)}")
            return value
        if name == "clock_fixed_ms":
            if value is not None and not isinstance(value, int):
                raise SettingError(f"{name} takes an integer or null")
            return value
        current = getattr(self, name)
        if isinstance(current, bool):
            if not isinstance(value, bool):
                raise SettingError(f"{name} takes true or false")
            return value
        if isinstance(current, float) and isinstance(value, (int, float)):
            return float(value)
        if isinstance(value, bool) or not isinstance(value, type(current)):
            raise SettingError(f"{name} takes a {type(current).__name__}")
        return value


def write_answers(found: dict[str, Any], path: Path = ANSWERS) -> None:
    """Put what an account has answered in the place of what was known before."""
    answers = json.loads(path.read_text(encoding="utf-8"))
    for name, value in found.items():
        if answers[name]["answer"] != value:
            answers[name] = {"answer": value, "known_from": "a test account's own answer"}
    path.write_text(json.dumps(answers, indent=2) + "\n", encoding="utf-8")
