"""Designs with their versions, and business types. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import orjson

from ringway.crm_api.core.work_orders import shipped
from ringway.crm_api.core.work_orders.design import Design
from ringway.crm_api.work_orders.type_schemas import TypeRules
from ringway.runtime.postgres import Connection

_DESIGN = """
    SELECT d.design_id, d.name_en, d.name_zh, d.design_version, d.version, d.created_at,
           d.updated_at, v.body,
           (SELECT count(*) FROM crm.work_order o
             WHERE o.tenant_id = d.tenant_id AND o.design_id = d.design_id
               AND o.step_kind IN ('open', 'waiting') AND o.deleted_at IS NULL) AS open_orders
      FROM crm.work_order_design d
      JOIN crm.work_order_design_version v USING (tenant_id, design_id, design_version)
"""
_TYPE_COLUMNS = """business_type_id, kind, name_en, name_zh, design_id, object_id, body, is_active,
                   version, created_at, updated_at"""


class NameTaken(Exception):
    """Another one has this name."""


class InUse(Exception):
    """Something else needs it."""


@dataclass(frozen=True, slots=True)
class StoredDesign:
    """A design as it is now."""

    design_id: UUID
    name_en: str
    name_zh: str
    design_version: int
    design: Design
    open_orders: int
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class DesignVersion:
    """A design as it was."""

    design_version: int
    design: Design
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BusinessType:
    """One row of ``crm.business_type``."""

    business_type_id: UUID
    kind: str
    name_en: str
    name_zh: str
    design_id: UUID
    object_id: UUID | None
    rules: TypeRules
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime


async def ensure_shipped(
    conn: Connection, *, tenant_id: UUID, now: datetime, new_id: Callable[[], UUID]
) -> None:
    """Give a tenant what every enterprise begins with, once: what it deletes stays deleted."""
    made = await conn.fetchval(
        "INSERT INTO crm.work_order_setup (tenant_id, created_at) VALUES ($1, $2) "
        "ON CONFLICT DO NOTHING RETURNING true",
        tenant_id,
        now,
    )
    if not made:
        return
    ids: dict[str, UUID] = {}
    for each in shipped.DESIGNS:
        ids[each.key] = uuid5(tenant_id, f"design {each.key}")
        await put_design(
            conn, tenant_id=tenant_id, design_id=ids[each.key], name_en=each.name_en,
            name_zh=each.name_zh, design=each.design, by="", now=now,
        )  # fmt: skip
    for kind in shipped.TYPES:
        await put_type(
            conn, tenant_id=tenant_id, business_type_id=new_id(), kind=kind.kind,
            name_en=kind.name_en, name_zh=kind.name_zh, design_id=ids[kind.design],
            object_id=None, rules=TypeRules(sla=kind.sla, priority=kind.priority),
            is_active=True, now=now,
        )  # fmt: skip


async def put_design(
    conn: Connection,
    *,
    tenant_id: UUID,
    design_id: UUID,
    name_en: str,
    name_zh: str,
    design: Design,
    by: str,
    now: datetime,
) -> None:
    """Create a design, or change it: with other steps it gets a new version.

    Raises:
        NameTaken: Another design has this name.
    """
    body = orjson.dumps(design.model_dump(mode="json", exclude_defaults=True)).decode()
    try:
        number = await conn.fetchval(
            """
            INSERT INTO crm.work_order_design AS d
                (tenant_id, design_id, name_en, name_zh, design_version, created_at, updated_at)
            VALUES ($1, $2, $3, $4, 1, $6, $6)
            ON CONFLICT (tenant_id, design_id) DO UPDATE SET
                name_en = excluded.name_en, name_zh = excluded.name_zh,
                version = d.version + 1, updated_at = excluded.updated_at,
                design_version = d.design_version + (
                    SELECT (v.body <> $5::jsonb)::integer FROM crm.work_order_design_version v
                     WHERE v.tenant_id = d.tenant_id AND v.design_id = d.design_id
                       AND v.design_version = d.design_version)
            RETURNING design_version
            """,
            *(tenant_id, design_id, name_en, name_zh, body, now),
        )
    except asyncpg.UniqueViolationError as error:
        raise NameTaken(name_en) from error
    await conn.execute(
        """
        INSERT INTO crm.work_order_design_version
            (tenant_id, design_id, design_version, body, created_by, created_at)
        VALUES ($1, $2, $3, $4::jsonb, $5, $6) ON CONFLICT DO NOTHING
        """,
        *(tenant_id, design_id, number, body, by, now),
    )


async def design(
    conn: Connection, *, tenant_id: UUID, design_id: UUID, lock: bool = False
) -> StoredDesign | None:
    """Return one design as it is now."""
    locked = " FOR UPDATE OF d" if lock else ""
    row = await conn.fetchrow(
        f"{_DESIGN} WHERE d.tenant_id = $1 AND d.design_id = $2{locked}",
        tenant_id,
        design_id,
    )
    return _design(row) if row is not None else None


async def designs(
    conn: Connection, *, tenant_id: UUID, after: UUID | None, limit: int
) -> list[StoredDesign]:
    """Return designs by their ids."""
    rows = await conn.fetch(
        f"{_DESIGN} WHERE d.tenant_id = $1 AND ($2::uuid IS NULL OR d.design_id > $2) "
        "ORDER BY d.design_id LIMIT $3",
        *(tenant_id, after, limit),
    )
    return [_design(row) for row in rows]


async def design_version(
    conn: Connection, *, tenant_id: UUID, design_id: UUID, number: int
) -> Design | None:
    """Return a design as it is at a version."""
    body = await conn.fetchval(
        "SELECT body FROM crm.work_order_design_version "
        "WHERE tenant_id = $1 AND design_id = $2 AND design_version = $3",
        *(tenant_id, design_id, number),
    )
    return _parsed(body) if body is not None else None


async def design_versions(
    conn: Connection, *, tenant_id: UUID, design_id: UUID, before: int | None, limit: int
) -> list[DesignVersion]:
    """Return all that a design was, newest first."""
    rows = await conn.fetch(
        """
        SELECT design_version, body, created_by, created_at FROM crm.work_order_design_version
         WHERE tenant_id = $1 AND design_id = $2 AND ($3::integer IS NULL OR design_version < $3)
         ORDER BY design_version DESC LIMIT $4
        """,
        *(tenant_id, design_id, before, limit),
    )
    return [
        DesignVersion(
            row["design_version"], _parsed(row["body"]), row["created_by"], row["created_at"]
        )
        for row in rows
    ]


async def remove_design(conn: Connection, *, tenant_id: UUID, design_id: UUID) -> None:
    """Remove a design. Raises InUse: a business type or an order needs it."""
    try:
        await conn.execute(
            "DELETE FROM crm.work_order_design WHERE tenant_id = $1 AND design_id = $2",
            tenant_id,
            design_id,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise InUse(str(design_id)) from error


async def put_type(
    conn: Connection,
    *,
    tenant_id: UUID,
    business_type_id: UUID,
    kind: str,
    name_en: str,
    name_zh: str,
    design_id: UUID,
    object_id: UUID | None,
    rules: TypeRules,
    is_active: bool,
    now: datetime,
) -> BusinessType:
    """Create or change a business type. Raises NameTaken."""
    try:
        row = await conn.fetchrow(
            f"""
            INSERT INTO crm.business_type AS t
                (tenant_id, business_type_id, kind, name_en, name_zh, design_id, object_id, body,
                 is_active, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, $10)
            ON CONFLICT (tenant_id, business_type_id) DO UPDATE SET
                kind = excluded.kind, name_en = excluded.name_en, name_zh = excluded.name_zh,
                design_id = excluded.design_id, object_id = excluded.object_id,
                body = excluded.body, is_active = excluded.is_active,
                version = t.version + 1, updated_at = excluded.updated_at
            RETURNING {_TYPE_COLUMNS}
            """,  # noqa: S608 - a constant
            *(tenant_id, business_type_id, kind, name_en, name_zh, design_id, object_id),
            *(orjson.dumps(rules.model_dump(mode="json")).decode(), is_active, now),
        )
    except asyncpg.UniqueViolationError as error:
        raise NameTaken(name_en) from error
    assert row is not None
    return _type(row)


async def business_type(
    conn: Connection, *, tenant_id: UUID, business_type_id: UUID, lock: bool = False
) -> BusinessType | None:
    """Return one business type."""
    row = await conn.fetchrow(
        f"SELECT {_TYPE_COLUMNS} FROM crm.business_type "  # noqa: S608 - a constant
        f"WHERE tenant_id = $1 AND business_type_id = $2{' FOR UPDATE' if lock else ''}",
        tenant_id,
        business_type_id,
    )
    return _type(row) if row is not None else None


async def business_types(
    conn: Connection, *, tenant_id: UUID, after: UUID | None, limit: int
) -> list[BusinessType]:
    """Return business types in the order in which they were made."""
    rows = await conn.fetch(
        f"SELECT {_TYPE_COLUMNS} FROM crm.business_type WHERE tenant_id = $1 "  # noqa: S608 - a constant
        "AND ($2::uuid IS NULL OR business_type_id > $2) ORDER BY business_type_id LIMIT $3",
        *(tenant_id, after, limit),
    )
    return [_type(row) for row in rows]


async def remove_type(conn: Connection, *, tenant_id: UUID, business_type_id: UUID) -> None:
    """Remove a business type. Raises InUse: there are orders of it."""
    try:
        await conn.execute(
            "DELETE FROM crm.business_type WHERE tenant_id = $1 AND business_type_id = $2",
            tenant_id,
            business_type_id,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise InUse(str(business_type_id)) from error


@lru_cache(maxsize=500)
def _parsed(body: str) -> Design:
    return Design.model_validate(orjson.loads(body))


def _design(row: asyncpg.Record) -> StoredDesign:
    values: dict[str, Any] = dict(row)
    parsed = _parsed(values.pop("body"))
    return StoredDesign(**values, design=parsed)


def _type(row: asyncpg.Record) -> BusinessType:
    values: dict[str, Any] = dict(row)
    rules = TypeRules.model_validate(orjson.loads(values.pop("body")))
    return BusinessType(**values, rules=rules)
