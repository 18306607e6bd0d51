"""Own fields of orders: checked and shown by the object that their business type names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from ringway.crm_api.core.objects import values
from ringway.crm_api.core.objects.definition import Definition
from ringway.crm_api.core.work_orders.history import Changes
from ringway.crm_api.errors import Forbidden, Invalid
from ringway.crm_api.objects import catalogue
from ringway.runtime.postgres import Connection

_PREFIX = "data."


async def definition_of(
    conn: Connection, *, tenant_id: UUID, object_id: UUID | None
) -> Definition | None:
    """Return the object that says which own fields there are; None: any, as plain values."""
    if object_id is None:
        return None
    found = await catalogue.get(conn, tenant_id=tenant_id, object_id=object_id)
    return found.definition if found is not None else None


def checked(
    definition: Definition | None,
    wanted: Mapping[str, Any],
    *,
    role: str,
    old: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return own fields as they are to be stored; those that ``wanted`` leaves out stay.

    Raises:
        Forbidden: The object's rights name others.
        Invalid: A field does not exist, or its value is wrong; ``errors`` says which.
    """
    act = "create" if old is None else "change"
    if definition is not None and wanted and not definition.rights.allows(act, role):
        raise Forbidden("fields_not_yours", "The object's rights do not let the caller fill it.")
    if definition is None:
        merged = {**(old or {}), **wanted}
        return {key: value for key, value in merged.items() if value is not None}
    result = values.check(definition, wanted, role=role, old=old, partial=True)
    if result.errors:
        first = result.errors[0]
        raise Invalid(
            "fields_invalid",
            f"data.{first.field}: {first.reason}",
            extra={
                "errors": [
                    {"field": each.field, "code": each.code, "reason": each.reason}
                    for each in result.errors
                ]
            },
        )
    return result.values


def shown(definition: Definition | None, data: dict[str, Any], role: str) -> dict[str, Any]:
    """Return the own fields that a role sees."""
    if definition is None:
        return data
    return definition.shown(data, role) if definition.rights.allows("read", role) else {}


def shown_changes(definition: Definition | None, changed: Changes, role: str) -> Changes:
    """Return of a step of history what a role sees."""
    if definition is None:
        return changed
    may_read = definition.rights.allows("read", role)
    fields = definition.readable(role) if may_read else []
    seen = {f"{_PREFIX}{each.key}" for each in fields}
    return {
        key: pair for key, pair in changed.items() if not key.startswith(_PREFIX) or key in seen
    }
