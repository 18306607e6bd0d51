"""Short words for the fields of sources."""

from __future__ import annotations

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.queriers.catalogue import Field, FieldKind, Fragment


def field(
    name: str,
    kind: FieldKind,
    label_en: str,
    label_zh: str,
    *,
    sql: str | None = None,
    options: tuple[str, ...] = (),
) -> Field:
    """Return a field that is a column of its name, or the expression ``sql``."""
    return Field(name, kind, label_en, sql or f"{{t}}.{name}", label_zh, options)


def own(caller: Caller, permission: Permission, column: str, cast: str = "uuid") -> Fragment | None:
    """Return the scope of somebody's own rows; None for whoever has ``permission``: all rows."""
    if caller.may(permission):
        return None
    value = caller.user_id if cast == "uuid" else str(caller.user_id)
    return Fragment(f"{{t}}.{column} = {{0}}::{cast}", (value,))
