"""HubSpot's error answers. Like HubSpot, the messages repeat the value that was refused."""

from __future__ import annotations

import json
import uuid
from typing import Any

NOT_FOUND_PAGE = (
    '<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>\n'
    "<title>Error 404 Not Found</title>\n</head>\n<body><h2>HTTP ERROR 404</h2>\n"
    "<p>Resource not found</p>\n</body>\n</html>\n"
)


def correlation_id() -> str:
    return str(uuid.uuid4())


class ApiError(Exception):
    """An answer that ends the whole request."""

    def __init__(
        self,
        status: int,
        body: dict[str, Any] | str,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers or {}


class RowError(Exception):
    """One record is refused: an entry of a 207, or the whole batch where HubSpot has no 207."""

    def __init__(
        self,
        category: str,
        message: str,
        *,
        status: int = 400,
        errors: list[dict[str, Any]] | None = None,
        context: dict[str, list[str]] | None = None,
        is_clash: bool = False,
    ) -> None:
        super().__init__(category)
        self.category = category
        self.message = message
        self.status = status
        self.errors = errors
        self.context = context
        self.is_clash = is_clash

    def as_api_error(self) -> ApiError:
        return error(
            self.status, self.message, self.category, errors=self.errors, context=self.context
        )

    def as_row(self, trace_id: str | None) -> dict[str, Any]:
        context = dict(self.context or {})
        if trace_id is not None:
            context["objectWriteTraceId"] = [trace_id]
        row: dict[str, Any] = {
            "status": "error",
            "category": self.category,
            "message": self.message,
            "context": context,
        }
        if self.errors:
            row["errors"] = self.errors
        return row


def error(
    status: int,
    message: str,
    category: str | None = "VALIDATION_ERROR",
    *,
    errors: list[dict[str, Any]] | None = None,
    context: dict[str, list[str]] | None = None,
    **more: Any,
) -> ApiError:
    """The usual JSON error; `category=None` leaves the key out, as some real answers do."""
    body: dict[str, Any] = {
        "status": "error",
        "message": message,
        "correlationId": correlation_id(),
    }
    if context:
        body["context"] = context
    if errors:
        body["errors"] = errors
    if category is not None:
        body["category"] = category
    body.update(more)
    return ApiError(status, body)


def not_found_page() -> ApiError:
    return ApiError(404, NOT_FOUND_PAGE)


def not_found_record() -> ApiError:
    return error(404, "Object not found.  objectId are usually numeric.", "OBJECT_NOT_FOUND")


def unknown_type(name: str) -> ApiError:
    if name[:1].isdigit():
        return error(400, f"Invalid object or event type id: {name}", None)
    return error(400, f"Unable to infer object type from: {name}", None)


def invalid_json(reason: json.JSONDecodeError | None = None) -> ApiError:
    where = f" on line {reason.lineno}, column {reason.colno}" if reason else ""
    return error(400, f"Invalid input JSON{where}: the request body is not valid")


def unauthorized() -> ApiError:
    return error(
        401,
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and "
        "you can find more details at https://developers.hubspot.com/docs/methods/auth/"
        "oauth-overview",
        "INVALID_AUTHENTICATION",
    )


def missing_scopes(scopes: list[str], message: str | None = None) -> ApiError:
    return error(
        403,
        message
        or "This app hasn't been granted all required scopes to make this call. Read more about "
        "required scopes here: https://developers.hubspot.com/scopes.",
        "MISSING_SCOPES",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": scopes},
            }
        ],
        links={"scopes": "https://developers.hubspot.com/scopes"},
    )


RATE_LIMIT_MESSAGES = {
    "TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
    "SECONDLY": "You have reached your secondly limit.",
    "DAILY": "You have reached your daily limit.",
}


def rate_limited(policy: str, portal_id: int) -> ApiError:
    """A 429 has an errorType and a policy, and no category."""
    body: dict[str, Any] = {
        "status": "error",
        "message": RATE_LIMIT_MESSAGES[policy],
        "errorType": "RATE_LIMIT",
        "correlationId": correlation_id(),
        "policyName": policy,
        "groupName": f"publicapi:private-apps-api-calls:{portal_id}",
    }
    if policy == "DAILY":
        body["requestId"] = correlation_id()
    return ApiError(429, body)


def invalid_values(
    portal_id: int, problems: list[tuple[str, str, str]], *, is_structured: bool = True
) -> RowError:
    """One refusal for all bad values of a record; a problem is (property, code, message)."""
    details = [
        {
            "isValid": False,
            "message": message,
            "error": code,
            "name": name,
            "localizedErrorMessage": message,
            "portalId": portal_id,
        }
        for name, code, message in problems
    ]
    return RowError(
        "VALIDATION_ERROR",
        "Property values were not valid: " + json.dumps(details, separators=(",", ":")),
        errors=[
            {"message": message, "code": code, "context": {"propertyName": [name]}}
            for name, code, message in problems
        ]
        if is_structured
        else None,
    )


def value_taken(
    portal_id: int, type_name: str, prop: str, value: str, writer_id: int, holder_id: int
) -> RowError:
    """HubSpot names the record being written first (it may never come to be), the holder second."""
    return RowError(
        "VALIDATION_ERROR",
        f"Cannot set PropertyValueCoordinates{{portalId={portal_id}, "
        f"objectTypeId=ObjectTypeId{{legacyObjectType={type_name}}}, propertyName={prop}, "
        f"value={value}}} on {writer_id}. {holder_id} already has that value.",
        is_clash=True,
    )


def already_exists(label: str, holder_id: int) -> RowError:
    return RowError(
        "CONFLICT",
        f"{label} already exists. Existing ID: {holder_id}",
        status=409,
        is_clash=True,
    )
