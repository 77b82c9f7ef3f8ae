"""Writing records: validation, unique values, whole-batch refusals and partial success."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from . import errors
from .errors import ApiError, RowError
from .objects import ObjectType
from .portal import Portal
from .settings import Settings
from .store import Record, record_json
from .values import InvalidValue, iso_instant, record_id

MAX_BATCH = 100
NOT_FOUND_MESSAGE = (
    "Could not get some {name} objects, they may be deleted or not exist. Check that ids are valid."
)


@dataclass(slots=True)
class Input:
    """One entry of a batch."""

    id: str
    id_property: str | None
    properties: dict[str, Any]
    trace_id: str | None


@dataclass(slots=True)
class Plan:
    """A checked write that only needs to be applied; `record` is None for a create."""

    source: Input
    record: Record | None
    record_id: int
    changes: dict[str, str | None]
    is_restored: bool = False


def scope_names(item: ObjectType, sensitivity: str, verb: str) -> list[str]:
    """Either spelling of a sensitive scope will do."""
    plain = f"crm.objects.{item.scope_family}.{sensitivity}.{verb}"
    return [plain, f"{plain}.v2"]


def parse_inputs(body: Any, *, needs_id: bool = True) -> list[Input]:
    """The inputs of a batch request, or a 400 for the whole of it."""
    if not isinstance(body, dict) or not isinstance(body.get("inputs"), list):
        raise errors.invalid_json()
    found: list[Input] = []
    for item in body["inputs"]:
        if not isinstance(item, dict):
            raise errors.invalid_json()
        raw_id = item.get("id")
        if needs_id and (raw_id is None or isinstance(raw_id, (bool, dict, list))):
            raise errors.error(400, "Invalid input JSON: Some required fields were not set: [id]")
        properties = item.get("properties", {})
        if not isinstance(properties, dict):
            raise errors.invalid_json()
        trace_id, id_property = item.get("objectWriteTraceId"), item.get("idProperty")
        if id_property is not None and not isinstance(id_property, str):
            raise errors.invalid_json()
        found.append(
            Input(
                "" if raw_id is None else str(raw_id),
                id_property,
                properties,
                None if trace_id is None else str(trace_id),
            )
        )
    if len(found) > MAX_BATCH:
        raise errors.error(
            400, f"The number of inputs {len(found)} is over the maximum of {MAX_BATCH}"
        )
    return found


class Writer:
    """Creates and changes records of one type for one caller."""

    def __init__(
        self,
        portal: Portal,
        item: ObjectType,
        *,
        scopes: frozenset[str] | None = None,
        version: str = "v3",
    ) -> None:
        self.portal = portal
        self.settings = portal.settings
        self.item = item
        self.store = item.store
        # None is staff, in HubSpot's own screens: no scopes apply.
        self.scopes = scopes
        self.version = version

    # Single records ------------------------------------------------------------------------------

    def create_one(self, properties: dict[str, Any]) -> dict[str, Any]:
        source = Input("", None, properties, None)
        try:
            plan = self._plan_create(source, {}, style="create")
        except RowError as refusal:
            raise refusal.as_api_error() from None
        return self._apply([plan], "create")[0]

    def patch(self, record: Record, properties: dict[str, Any]) -> dict[str, Any]:
        source = Input(str(record.id), None, properties, None)
        try:
            plan = self._plan_change(source, record, {})
        except RowError as refusal:
            raise refusal.as_api_error() from None
        return self._apply([plan], "update")[0]

    # Batches -------------------------------------------------------------------------------------

    def create(self, inputs: list[Input]) -> tuple[int, dict[str, Any]]:
        started = self.portal.now_ms()
        plans: list[Plan] = []
        refusals: list[tuple[Input, RowError]] = []
        claims: dict[tuple[str, str], int] = {}
        for source in inputs:
            try:
                plans.append(self._plan_create(source, claims, style="create"))
            except RowError as refusal:
                refusals.append((source, refusal))
        self._refuse_whole(refusals, is_partial=self._has_trace_ids(inputs))
        return self._answer(201, started, self._apply(plans, "create"), self._rows(refusals))

    def update(self, inputs: list[Input]) -> tuple[int, dict[str, Any]]:
        started = self.portal.now_ms()
        for source in inputs:
            if source.id_property is not None and (
                source.id_property == "email" or not self.item.can_key(source.id_property)
            ):
                raise self._not_unique(source.id_property)
        self._refuse_duplicates(inputs)
        plans: list[Plan] = []
        refusals: list[tuple[Input, RowError]] = []
        missing: list[Input] = []
        claims: dict[tuple[str, str], int] = {}
        for source in inputs:
            record = self._find(source)
            if record is None:
                is_merged = record_id(source.id) in self.store.forwards
                if not is_merged or self.settings.merged_in_batch_update == "not_found":
                    missing.append(source)
                continue
            try:
                plans.append(self._plan_change(source, record, claims))
            except RowError as refusal:
                refusals.append((source, refusal))
        is_partial = (
            self._has_trace_ids(inputs) and self.settings.update_errors_with_trace_ids == "row"
        )
        self._refuse_whole(refusals, is_partial=is_partial)
        rows = self._rows(refusals) + self._missing_rows(missing)
        return self._answer(200, started, self._apply(plans, "update"), rows)

    def upsert(self, inputs: list[Input]) -> tuple[int, dict[str, Any]]:
        started = self.portal.now_ms()
        for source in inputs:
            if source.id_property is None or not self.item.can_key(source.id_property):
                raise self._not_unique(source.id_property or "hs_object_id")
        self._refuse_duplicates(inputs)
        plans: list[Plan] = []
        refusals: list[tuple[Input, RowError]] = []
        claims: dict[tuple[str, str], int] = {}
        for source in inputs:
            try:
                plans.append(self._plan_upsert(source, claims))
            except RowError as refusal:
                refusals.append((source, refusal))
        is_partial = self._has_trace_ids(inputs)
        if any(source.id_property == "email" for source in inputs):
            is_partial = is_partial and self.settings.email_upsert_errors == "row"
        self._refuse_whole(refusals, is_partial=is_partial)
        return self._answer(200, started, self._apply(plans, "upsert"), self._rows(refusals))

    # Planning ------------------------------------------------------------------------------------

    def _plan_create(
        self, source: Input, claims: dict[tuple[str, str], int], *, style: str
    ) -> Plan:
        changes = self._clean(source.properties, None)
        changes = {name: value for name, value in changes.items() if value is not None}
        self._require(changes)
        if self.settings.gdpr_deleted_email == "reject":
            self._refuse_forgotten(changes)
        new_id = self.store.new_id()
        self._claim(changes, new_id, claims, style=style)
        return Plan(source, None, new_id, changes)

    def _plan_change(
        self, source: Input, record: Record, claims: dict[tuple[str, str], int]
    ) -> Plan:
        changes = self._clean(source.properties, record)
        self._claim(changes, record.id, claims, style="update")
        return Plan(source, record, record.id, changes)

    def _plan_upsert(self, source: Input, claims: dict[tuple[str, str], int]) -> Plan:
        name = source.id_property or ""
        prop = self.item.properties[name]
        try:
            key = prop.clean(source.id, self.settings)
        except InvalidValue as bad:
            raise self._invalid([(name, bad.code, bad.message)]) from None
        if not key.strip():
            raise RowError("VALIDATION_ERROR", f"The value of {name} must not be empty")
        if self.settings.upsert_needs_key_in_properties and name not in source.properties:
            raise RowError(
                "VALIDATION_ERROR", f"Property {name} must be among the properties of the input"
            )
        record = self.store.holder(name, key)
        if record is not None:
            return self._plan_change(source, record, claims)
        if self.settings.upsert_archived_key == "restore":
            record = self._archived_holder(name, key)
            if record is not None:
                plan = self._plan_change(source, record, claims)
                plan.is_restored = True
                return plan
        keyed = Input(source.id, name, {name: source.id, **source.properties}, source.trace_id)
        return self._plan_create(keyed, claims, style="update")

    def _archived_holder(self, name: str, key: str) -> Record | None:
        wanted = self.store.key(name, key)
        for record in self.store.archived.values():
            value = self.store.get(record, name)
            if value is not None and self.store.key(name, value) == wanted:
                return record
        return None

    def _find(self, source: Input) -> Record | None:
        if source.id_property is not None:
            return self.store.holder(source.id_property, source.id)
        return self.store.live.get(record_id(source.id) or 0)

    def _clean(self, properties: dict[str, Any], record: Record | None) -> dict[str, str | None]:
        """Checked and stored forms; None clears."""
        item, settings = self.item, self.settings
        problems: list[tuple[str, str, str]] = []
        cleaned: dict[str, str | None] = {}
        for name, raw in properties.items():
            prop = item.properties.get(name)
            if prop is None or prop.is_archived:
                problems.append(
                    (name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
                )
                continue
            if prop.is_read_only:
                if settings.read_only_write == "reject":
                    problems.append(
                        (
                            name,
                            "READ_ONLY_VALUE",
                            f'"{name}" is a read only property; its value cannot be set: {raw}',
                        )
                    )
                continue
            if prop.sensitivity != "non_sensitive":
                self._need_sensitive_scope(prop.sensitivity)
            value = self._scalar(raw)
            if value is _IGNORED:
                continue
            if value == "":
                if settings.clear_required == "reject" and name in item.required:
                    problems.append((name, "REQUIRED", f'Property "{name}" is required'))
                cleaned[name] = None
                continue
            try:
                cleaned[name] = prop.clean(value, settings)
            except InvalidValue as bad:
                problems.append((name, bad.code, bad.message))
        if problems:
            raise self._invalid(problems)
        self._keep_stage_moving(cleaned, record)
        return cleaned

    def _scalar(self, raw: Any) -> str:
        """The text of a JSON value; HubSpot's parser reads numbers and booleans as text."""
        if isinstance(raw, str):
            return raw
        if raw is None:
            if self.settings.null_value == "reject":
                raise errors.error(400, "Invalid input JSON: a property value must not be null")
            return "" if self.settings.null_value == "clear" else _IGNORED
        if isinstance(raw, bool):
            return "true" if raw else "false"
        if isinstance(raw, (int, float)):
            return str(raw)
        raise errors.invalid_json()

    def _keep_stage_moving(self, cleaned: dict[str, str | None], record: Record | None) -> None:
        """The lifecycle stage only moves forward; a step back is dropped without a word."""
        wanted = cleaned.get("lifecyclestage")
        if record is None or wanted is None or self.item.is_custom:
            return
        options = [option["value"] for option in self.item.properties["lifecyclestage"].options]
        current = self.store.get(record, "lifecyclestage")
        if current in options and options.index(wanted) < options.index(current):
            del cleaned["lifecyclestage"]

    def _require(self, changes: dict[str, str | None]) -> None:
        item = self.item
        required = list(item.required)
        if self.version >= "2026-09" and self.version != "v3":
            required += self.settings.validation_rules.get(item.name, [])
        lacking = [name for name in required if not changes.get(name)]
        if lacking and self.settings.missing_required == "message":
            raise RowError(
                "VALIDATION_ERROR",
                f"Error creating {item.error_name}. Some required properties were not set.",
                context={"properties": lacking},
            )
        if lacking:
            raise self._invalid(
                [(name, "REQUIRED", f'Property "{name}" is required') for name in lacking]
            )
        if (
            not item.is_custom
            and self.settings.contact_needs_identity
            and not any(changes.get(name) for name in ("email", "firstname", "lastname"))
        ):
            raise RowError(
                "VALIDATION_ERROR",
                "Error creating CONTACT. At least one of email, firstname or lastname is needed.",
            )

    def _refuse_forgotten(self, changes: dict[str, str | None]) -> None:
        if changes.get("email") in self.store.gdpr_emails:
            raise RowError("VALIDATION_ERROR", "The contact was deleted for good")

    def _claim(
        self,
        changes: dict[str, str | None],
        writer_id: int,
        claims: dict[tuple[str, str], int],
        *,
        style: str,
    ) -> None:
        """Unique values must be free, in the portal and among the inputs before this one."""
        taken: list[tuple[str, str]] = []
        for name in self.store.unique:
            value = changes.get(name)
            if value is None:
                continue
            claim = (name, self.store.key(name, value))
            holder = self.store.holder(name, value)
            holder_id = holder.id if holder is not None else claims.get(claim)
            if holder_id is not None and holder_id != writer_id:
                is_email = name == "email" and not self.item.is_custom
                if is_email and (style == "create" or self.settings.update_clash == "409"):
                    raise errors.already_exists(self.item.labels["singular"], holder_id)
                raise errors.value_taken(
                    self.settings.portal_id,
                    self.item.error_name,
                    name,
                    value,
                    writer_id,
                    holder_id,
                )
            taken.append(claim)
        for claim in taken:
            claims[claim] = writer_id

    def _need_sensitive_scope(self, sensitivity: str) -> None:
        if self.scopes is None:
            return
        wanted = scope_names(self.item, sensitivity, "write")
        if not self.scopes.intersection(wanted):
            raise errors.missing_scopes(wanted)

    # Refusing ------------------------------------------------------------------------------------

    def _invalid(self, problems: list[tuple[str, str, str]]) -> RowError:
        is_structured = self.settings.value_errors == "structured"
        return errors.invalid_values(self.settings.portal_id, problems, is_structured=is_structured)

    def _not_unique(self, name: str) -> ApiError:
        return errors.error(
            400,
            f"Unable to perform update/upsert by non-unique {self.item.type_id} property {name}",
        )

    def _refuse_duplicates(self, inputs: list[Input]) -> None:
        seen: set[tuple[str, str]] = set()
        doubled: dict[str, None] = {}
        for source in inputs:
            name = source.id_property or ""
            text = source.id.strip().lower() if name == "email" else source.id
            if (name, text) in seen:
                doubled[source.id] = None
            seen.add((name, text))
        if doubled:
            raise errors.error(
                400,
                f"Duplicate IDs found in batch input: [{', '.join(doubled)}]. IDs must be unique",
                context={"ids": list(doubled)},
            )

    def _has_trace_ids(self, inputs: list[Input]) -> bool:
        """Only a unique trace id on every input switches partial success on."""
        trace_ids = {source.trace_id for source in inputs}
        return None not in trace_ids and len(trace_ids) == len(inputs)

    def _refuse_whole(self, refusals: list[tuple[Input, RowError]], *, is_partial: bool) -> None:
        if not refusals:
            return
        if not is_partial:
            raise refusals[0][1].as_api_error()
        if self.settings.clash_with_trace_ids == "whole_batch":
            for _, refusal in refusals:
                if refusal.is_clash:
                    raise refusal.as_api_error()

    def _rows(self, refusals: list[tuple[Input, RowError]]) -> list[dict[str, Any]]:
        return [refusal.as_row(source.trace_id) for source, refusal in refusals]

    def _missing_rows(self, missing: list[Input]) -> list[dict[str, Any]]:
        if not missing:
            return []
        message = NOT_FOUND_MESSAGE.format(name=self.item.error_name)
        if self.settings.missing_id_errors == "one_per_input" or any(
            source.trace_id is not None for source in missing
        ):
            return [
                RowError("OBJECT_NOT_FOUND", message, context={"ids": [source.id]}).as_row(
                    source.trace_id
                )
                for source in missing
            ]
        ids = [source.id for source in missing]
        return [RowError("OBJECT_NOT_FOUND", message, context={"ids": ids}).as_row(None)]

    # Applying ------------------------------------------------------------------------------------

    def _apply(self, plans: list[Plan], operation: str) -> list[dict[str, Any]]:
        """Write the plans and show the records as they are now."""
        now, lag = self.portal.now_ms(), self.settings.index_lag_ms
        log, item, store = self.portal.log, self.item, self.store
        results: list[dict[str, Any]] = []
        for plan in plans:
            record = plan.record
            is_new = record is None
            if record is None:
                record = store.create(plan.changes, now, lag, plan.record_id)
            else:
                if plan.is_restored:
                    store.restore(record, now)
                if not self._is_idle(plan, record):
                    store.update(record, plan.changes, now, lag)
            log.add_write(now, item.name, record.id, "create" if is_new else "update", plan.changes)
            more: dict[str, Any] = {}
            if operation == "upsert":
                more["new"] = is_new
            if plan.source.trace_id is not None and self.settings.echo_trace_id:
                more["objectWriteTraceId"] = plan.source.trace_id
            names = dict.fromkeys((*item.default_names, *plan.changes))
            results.append(record_json(store, record, names, **more))
        if self.settings.shuffle_results:
            self.portal.random.shuffle(results)
        return results

    def _is_idle(self, plan: Plan, record: Record) -> bool:
        """Whether a write that changes nothing leaves no trace."""
        return self.settings.identical_write == "keep" and all(
            self.store.get(record, name) == value for name, value in plan.changes.items()
        )

    def _answer(
        self,
        status: int,
        started: int,
        results: list[dict[str, Any]],
        rows: list[dict[str, Any]],
    ) -> tuple[int, dict[str, Any]]:
        body = batch_body(started, self.portal.now_ms(), results, rows)
        return partial_status(self.settings, status, rows), body


def partial_status(settings: Settings, status: int, rows: list[dict[str, Any]]) -> int:
    """207 where some of a batch was refused, or the status of a success: HubSpot's documents
    say either."""
    return 207 if rows and settings.partial_errors == "207" else status


def batch_body(
    started: int,
    completed: int,
    results: list[dict[str, Any]],
    rows: Iterable[dict[str, Any]] = (),
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": iso_instant(started),
        "completedAt": iso_instant(completed),
    }
    found = list(rows)
    if found:
        body["numErrors"] = len(found)
        body["errors"] = found
    return body


# What `_scalar` gives for a null that a setting says to pass over.
_IGNORED = "\0ignored"
