"""Agents' talk scripts. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ringway.crm_api.core.scripts.definition import Binding, Script
from ringway.runtime.postgres import Connection

_COLUMNS = """script_id, name, language, state, definition, bindings, version, created_by,
              updated_by, created_at, updated_at"""


class ScriptNameTaken(Exception):
    """Another script has this name."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One row of ``crm.script``."""

    script_id: UUID
    name: str
    language: str
    state: str
    definition: Script
    bindings: tuple[Binding, ...]
    version: int
    created_by: str
    updated_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """One row of ``crm.script_version``."""

    number: int
    content: dict[str, Any]
    changed_by: str
    changed_at: datetime


async def get(
    conn: Connection, *, tenant_id: UUID, script_id: UUID, lock: bool = False
) -> Stored | None:
    """Return one script; with ``lock`` nobody else changes it until the transaction ends."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM crm.script "  # noqa: S608 - a constant
        f"WHERE tenant_id = $1 AND script_id = $2 {'FOR UPDATE' if lock else ''}",
        *(tenant_id, script_id),
    )
    return _stored(row) if row is not None else None


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    state: str | None,
    language: str | None,
    binding: dict[str, str] | None,
    before: UUID | None,
    limit: int,
) -> list[Stored]:
    """Return scripts, newest first; ``binding``: those that name this thing."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS} FROM crm.script
         WHERE tenant_id = $1 AND ($2::text IS NULL OR state = $2)
           AND ($3::text IS NULL OR language = $3)
           AND ($4::jsonb IS NULL OR bindings @> $4)
           AND ($5::uuid IS NULL OR script_id < $5)
         ORDER BY script_id DESC LIMIT $6
        """,  # noqa: S608 - a constant
        *(tenant_id, state, language),
        orjson.dumps([binding]).decode() if binding is not None else None,
        *(before, limit),
    )
    return [_stored(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Published:
    """A script that agents find, and what it is for."""

    script_id: UUID
    bindings: tuple[Binding, ...]


async def published(conn: Connection, *, tenant_id: UUID, language: str | None) -> list[Published]:
    """Return the published scripts, newest first."""
    rows = await conn.fetch(
        """
        SELECT script_id, bindings FROM crm.script
         WHERE tenant_id = $1 AND state = 'published' AND ($2::text IS NULL OR language = $2)
         ORDER BY script_id DESC
        """,
        *(tenant_id, language),
    )
    return [Published(row["script_id"], _bindings(row["bindings"])) for row in rows]


async def count(conn: Connection, *, tenant_id: UUID) -> int:
    """Return how many scripts there are."""
    number: int = await conn.fetchval(
        "SELECT count(*) FROM crm.script WHERE tenant_id = $1", tenant_id
    )
    return number


async def put(
    conn: Connection,
    *,
    tenant_id: UUID,
    script_id: UUID,
    name: str,
    language: str,
    state: str,
    definition: Script,
    bindings: Sequence[Binding],
    by: str,
    now: datetime,
) -> Stored:
    """Create or change a script, and keep the version. Raises ScriptNameTaken."""
    bound = [each.model_dump(mode="json") for each in bindings]
    try:
        row = await conn.fetchrow(
            f"""
            INSERT INTO crm.script AS s (tenant_id, script_id, name, language, state, definition,
                                         bindings, created_by, updated_by, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8, $8, $9, $9)
            ON CONFLICT (tenant_id, script_id) DO UPDATE SET
                name = excluded.name, language = excluded.language, state = excluded.state,
                definition = excluded.definition, bindings = excluded.bindings,
                version = s.version + 1, updated_by = excluded.updated_by,
                updated_at = excluded.updated_at
            RETURNING {_COLUMNS}
            """,  # noqa: S608 - a constant
            *(tenant_id, script_id, name, language, state),
            *(definition.model_dump_json(), orjson.dumps(bound).decode(), by, now),
        )
    except asyncpg.UniqueViolationError as error:
        raise ScriptNameTaken(name) from error
    assert row is not None
    content = {
        "name": name,
        "language": language,
        "state": state,
        "definition": definition.model_dump(mode="json"),
        "bindings": bound,
    }
    await conn.execute(
        """
        INSERT INTO crm.script_version (tenant_id, script_id, number, content, changed_by,
                                        changed_at)
        VALUES ($1, $2, $3, $4::jsonb, $5, $6)
        """,
        *(tenant_id, script_id, row["version"], orjson.dumps(content).decode(), by, now),
    )
    return _stored(row)


async def remove(conn: Connection, *, tenant_id: UUID, script_id: UUID) -> None:
    """Remove a script with its versions."""
    await conn.execute(
        "DELETE FROM crm.script WHERE tenant_id = $1 AND script_id = $2", tenant_id, script_id
    )


async def versions(
    conn: Connection, *, tenant_id: UUID, script_id: UUID, before: int | None, limit: int
) -> list[Version]:
    """Return a script's versions without what they said, newest first."""
    rows = await conn.fetch(
        """
        SELECT number, '{}' AS content, changed_by, changed_at FROM crm.script_version
         WHERE tenant_id = $1 AND script_id = $2 AND ($3::integer IS NULL OR number < $3)
         ORDER BY number DESC LIMIT $4
        """,
        *(tenant_id, script_id, before, limit),
    )
    return [_version(row) for row in rows]


async def version(
    conn: Connection, *, tenant_id: UUID, script_id: UUID, number: int
) -> Version | None:
    """Return one version."""
    row = await conn.fetchrow(
        "SELECT number, content, changed_by, changed_at FROM crm.script_version "
        "WHERE tenant_id = $1 AND script_id = $2 AND number = $3",
        *(tenant_id, script_id, number),
    )
    return _version(row) if row is not None else None


def _stored(row: asyncpg.Record) -> Stored:
    return Stored(
        **{
            **row,
            "definition": Script.model_validate_json(row["definition"]),
            "bindings": tuple(
                Binding.model_validate(each) for each in orjson.loads(row["bindings"])
            ),
        }
    )


def _bindings(stored: str) -> tuple[Binding, ...]:
    return tuple(Binding.model_validate(each) for each in orjson.loads(stored))


def _version(row: asyncpg.Record) -> Version:
    return Version(**{**row, "content": orjson.loads(row["content"])})
