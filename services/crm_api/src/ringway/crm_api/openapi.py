"""The OpenAPI document: what FastAPI derives, and what holds for every operation."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from ringway.crm_api.access import Permission
from ringway.crm_api.deprecation import REGISTER, Register
from ringway.crm_api.deps import Requires
from ringway.crm_api.errors import PROBLEM_JSON
from ringway.crm_api.features import features_of
from ringway.crm_api.openapi_parameters import (
    IDEMPOTENCY_KEY,
    close_maps,
    refuse_blanks,
    require_discriminators,
    tidy,
    tidy_forms,
)
from ringway.crm_api.schemas import Problem

VERSION = "1.0.0"
_DESCRIPTION = """\
Ringway's public API. Times are RFC 3339 in UTC, phone numbers E.164, durations seconds.
Spaces at the ends of a text are taken off: they count for the most that it may have, not for the
least. Errors are problem details (RFC 9457) with a stable `code`. Lists are paged by cursor.
POST takes an `Idempotency-Key`; updates take `If-Match`.

Live events come over a WebSocket at `/api/v1/events?access_token=…&last_event_id=…`; each message
is `{"id", "type", "tenant", "data"}`. Facts have an id from which a broken connection resumes,
live figures have none.
"""
# Their bodies name the version that the caller has seen.
_VERSION_IN_BODY = {"erase_customer", "merge_customer"}
_STATUS = {
    "400": "The request cannot be understood.",
    "401": "Nobody known calls.",
    "403": "The caller's role may not do this.",
    "404": "It does not exist, or belongs to another tenant.",
    "405": "The method is not known here.",
    "409": "The present state forbids it.",
    "412": "It was changed meanwhile.",
    "413": "The body is too large.",
    "415": "The file is none of those that are taken.",
    "422": "The payload is malformed.",
    "428": "If-Match is required.",
    "429": "Too many requests.",
    "503": "A part that is needed does not answer; Retry-After says when to try again.",
}
# Where a PUT without If-Match is refused.
_IF_MATCH_REQUIRED = (
    *("/api/v1/business-types/", "/api/v1/work-order-designs/"),
    *("/api/v1/products/", "/api/v1/product-categories/", "/api/v1/order-settings"),
    *("/api/v1/sales-orders/{order_id}", "/api/v1/questionnaires/", "/api/v1/member-cards/"),
    *("/api/v1/member-card-settings", "/api/v1/media-sources/"),
    *("/api/v1/queriers/", "/api/v1/querier-schedules/"),
    "/api/v1/acd-settings",
    "/api/v1/customers/",
    "/api/v1/knowledge/",
    "/api/v1/notices/",
    *("/api/v1/object-bindings/", "/api/v1/objects/"),
    "/api/v1/roles/",
    "/api/v1/scripts/",
    "/api/v1/teams/",
    "/api/v1/webhooks/",
)


def operation_id(route: APIRoute) -> str:
    """Return a stable id of an operation: generated clients name their methods by it."""
    return route.name


def permissions(nouns: Sequence[APIRouter]) -> dict[str, Permission | None]:
    """Return what each operation asks for, by its id; None for what anybody may do."""
    asked: dict[str, Permission | None] = {}
    for router in nouns:
        for route in router.routes:
            if isinstance(route, APIRoute):
                calls = [each.call for each in route.dependant.dependencies]
                asked[operation_id(route)] = next(
                    (call.permission for call in calls if isinstance(call, Requires)), None
                )
    return asked


def install(app: FastAPI, nouns: Sequence[APIRouter], register: Register = REGISTER) -> None:
    """Make ``app.openapi()`` return the whole document, made once; that takes seconds.

    ``app.state.asked`` is what :func:`permissions` returns.

    Args:
        register: What will go.
    """
    asked = app.state.asked = permissions(nouns)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, asked)
            register.mark(app.openapi_schema)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI, asked: dict[str, Permission | None]) -> dict[str, Any]:
    document = get_openapi(
        title="Ringway",
        version=VERSION,
        openapi_version="3.1.0",
        description=_DESCRIPTION,
        routes=app.routes,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for schema in schemas.values():
        close_maps(schema)
    refuse_blanks([document["paths"], schemas])
    require_discriminators(document, schemas)
    tidy_forms(document, schemas)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
            if features := features_of(operation["operationId"], operation.get("tags", [])):
                operation["x-features"] = [each.value for each in features]
            if (permission := asked[operation["operationId"]]) is not None:
                operation["x-permission"] = permission.value
    return document


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    is_public = "security" not in operation
    has_body = "requestBody" in operation
    takes_parameters = bool(operation.get("parameters")) or has_body
    wanted = ["503"]
    wanted += [] if is_public else ["401", "403"]
    wanted += ["404"] if "{" in path or has_body or _names_others(operation) else []
    wanted += ["409", "413", "400"] if method in ("post", "put", "patch", "delete") else []
    wanted += ["409"] if path.startswith("/api/v1/agents/me") else []  # who has no seat
    wanted += ["409"] if "409" in operation["responses"] else []  # where it is no change
    wanted += ["415"] if "multipart/form-data" in _body(operation) else []
    is_conditional = method in ("put", "patch", "delete")
    wanted += ["412"] if is_conditional or operation["operationId"] in _VERSION_IN_BODY else []
    wanted += ["428"] if _needs_if_match(path, method, operation) else []
    wanted += ["429"]
    wanted += ["400"] if takes_parameters else []
    wanted += ["422"] if takes_parameters or method == "post" else []
    responses = operation["responses"]
    responses.pop("422", None)
    for status in sorted(set(wanted)):
        responses[status] = {
            "description": _STATUS[status],
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    if method == "post" and not is_public:
        operation.setdefault("parameters", []).append(deepcopy(IDEMPOTENCY_KEY))
    tidy(operation, needs_if_match=_needs_if_match(path, method, operation))


def _body(operation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
    return found


def _names_others(operation: dict[str, Any]) -> bool:
    """Whether something that is not in the path is looked for: it may not be there."""
    named = [each["name"] for each in operation.get("parameters", [])]
    is_named = any(name.endswith("_id") or name == "tenant" for name in named)
    return is_named or operation["tags"][0] in ("me", "agents")


def _needs_if_match(path: str, method: str, operation: dict[str, Any]) -> bool:
    # One of the two conditions is required where a PUT may also create.
    named = {each["name"] for each in operation.get("parameters", [])}
    can_create = "if-none-match" in named
    is_required = path.startswith(_IF_MATCH_REQUIRED) and "if-match" in named
    says_so = "428" in operation["responses"]  # where it is more than a PUT
    return says_so or (method == "put" and (can_create or is_required))
