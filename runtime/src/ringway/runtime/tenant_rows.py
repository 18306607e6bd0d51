"""All rows of a tenant in one schema, for the day on which it is deleted.

A function in the schema finds the tables by their ``tenant_id``, so that a table which a later
migration adds is not forgotten, and removes them a part at a time, what refers to others first. A
service's migration contains the text of :func:`deletion_ddl` for its schema and role.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from uuid import UUID

from ringway.proto.base import Request
from ringway.proto.tenant_deletion import TenantPartDeletedV1
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Connection, Pool

_NAME = re.compile(r"^[a-z][a-z0-9_]{0,40}$")
_AT_ONCE = 20_000  # rows of one answer: it comes long before anybody stops waiting

_DDL = """
-- Remove up to about a_at_most rows of a tenant, and return how many of which table; nothing when
-- none is left. Tables that refer to others come first; triggers that keep rows for ever see
-- that it is the whole tenant that goes.
CREATE FUNCTION {schema}.delete_tenant_rows(a_tenant_id uuid, a_at_most integer, a_kept text[])
RETURNS TABLE (table_name text, removed bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    each record;
    total bigint := 0;
    is_left boolean := false;
    is_any boolean;
    blocked text := '';
BEGIN
    PERFORM set_config('ringway.deleting_tenant', a_tenant_id::text, true);
    FOR each IN
        WITH RECURSIVE owned AS (
            SELECT c.oid, c.relname::text AS name FROM pg_class c
              JOIN pg_namespace n ON n.oid = c.relnamespace
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
             WHERE n.nspname = '{schema}' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
               AND NOT c.relname = ANY (a_kept)
        ), refers AS (
            SELECT DISTINCT k.conrelid AS child, k.confrelid AS parent FROM pg_constraint k
             WHERE k.contype = 'f' AND k.conrelid <> k.confrelid
        ), depth AS (
            SELECT oid, name, 0 AS level FROM owned
            UNION
            SELECT o.oid, o.name, d.level + 1 FROM depth d
              JOIN refers r ON r.child = d.oid JOIN owned o ON o.oid = r.parent
             WHERE d.level < 20
        )
        SELECT d.name, max(d.level) AS level,
               EXISTS (SELECT 1 FROM pg_constraint k WHERE k.contype = 'f'
                          AND k.conrelid = d.oid AND k.confrelid = d.oid) AS is_tree
          FROM depth d GROUP BY d.oid, d.name ORDER BY 2, 1
    LOOP
        EXIT WHEN total >= a_at_most;
        BEGIN
            EXECUTE format(
                'DELETE FROM {schema}.%I WHERE tenant_id = $1 AND ctid = ANY (ARRAY('
                'SELECT ctid FROM {schema}.%I WHERE tenant_id = $1 LIMIT $2))',
                each.name, each.name)
            USING a_tenant_id, CASE WHEN each.is_tree THEN NULL ELSE a_at_most END;
            GET DIAGNOSTICS removed = ROW_COUNT;
        EXCEPTION WHEN foreign_key_violation THEN
            removed := 0;
        END;
        IF removed > 0 THEN
            total := total + removed;
            table_name := each.name;
            RETURN NEXT;
        ELSE
            EXECUTE format(
                'SELECT EXISTS (SELECT 1 FROM {schema}.%I WHERE tenant_id = $1)', each.name)
               INTO is_any USING a_tenant_id;
            IF is_any THEN
                is_left := true;
                blocked := each.name;
            END IF;
        END IF;
    END LOOP;
    IF total = 0 AND is_left THEN
        RAISE EXCEPTION 'rows of % cannot be removed', blocked;
    END IF;
END
$$;
ALTER FUNCTION {schema}.delete_tenant_rows(uuid, integer, text[]) OWNER TO ringway_owner;
REVOKE ALL ON FUNCTION {schema}.delete_tenant_rows(uuid, integer, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.delete_tenant_rows(uuid, integer, text[]) TO {role};
"""


def deletion_ddl(schema: str, role: str) -> str:
    """Return the SQL that makes a schema's function, for its migration."""
    return _DDL.format(schema=_checked(schema), role=_checked(role)).strip() + "\n"


async def delete_rows(
    conn: Connection, schema: str, tenant_id: UUID, *, at_most: int, kept: tuple[str, ...] = ()
) -> dict[str, int]:
    """Remove about ``at_most`` rows of a tenant; return how many by table, empty when none is left.

    ``conn`` is in a transaction. ``kept`` are tables that are left alone.

    Raises:
        asyncpg.PostgresError: Something that nobody removes refers to them.
    """
    rows = await conn.fetch(
        f"SELECT * FROM {_checked(schema)}.delete_tenant_rows($1, $2, $3)",  # noqa: S608 - checked
        tenant_id,
        at_most,
        list(kept),
    )
    return {row["table_name"]: row["removed"] for row in rows}


class TenantRows:
    """Answers the request to delete what one service has of a tenant.

    Args:
        before: Removes what is not in rows (files, live state), before them, and returns how
            much; a repeat finds nothing.
        after: Forgets the tenant when no row is left.
    """

    def __init__(
        self,
        pool: Pool,
        schema: str,
        *,
        before: Callable[[str], Awaitable[dict[str, int]]] | None = None,
        after: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._pool = pool
        self._schema = schema
        self._before = before
        self._after = after

    async def delete(self, request: Request) -> TenantPartDeletedV1:
        """Remove a part, and say whether nothing is left.

        Raises:
            Refused: The tenant is no UUID.
            DependencyDown: Something that is needed does not answer; a repeat goes on.
        """
        try:
            tenant_id = UUID(request.tenant)
        except ValueError as error:
            raise Refused("invalid", "tenant is not a UUID") from error
        removed = await self._before(str(tenant_id)) if self._before is not None else {}
        async with self._pool.tenant(tenant_id) as conn:
            rows = await delete_rows(conn, self._schema, tenant_id, at_most=_AT_ONCE)
        if not rows and self._after is not None:
            await self._after(str(tenant_id))
        return TenantPartDeletedV1(removed={**removed, **rows}, is_done=not rows)


def _checked(name: str) -> str:
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is not a plain name")
    return name
