"""All data of an enterprise as a zip: JSON lines by table, written while it is read.

The tables are found in the catalogue: whatever the service may read of the tenant, in its own
schema and in the views that the others publish. Secrets are left out, and what is only of use to
the services themselves.
"""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from uuid import UUID

import orjson

from ringway.crm_api.access import PLATFORM_TENANT, Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict
from ringway.crm_api.tenants import store as tenants
from ringway.crm_api.tenants.service import tenant_not_found
from ringway.runtime.postgres import Connection
from ringway.runtime.tasks import TaskSet

_SCHEMAS = ("crm", "acd", "dialer", "recorder")
# Of use to the services only; sessions and secrets of people.
_INTERNAL = frozenset(
    {
        *("outbox", "idempotency_key", "refresh_token", "session", "sso_flow", "sign_in_failure"),
        *("password_history", "second_factor", "recovery_code", "interaction_pending"),
        *("tombstone", "lead_chunk", "audit_intent"),
    }
)
_SECRET = re.compile(r"(^|_)(password|secret|token|hash|ha1|pin|verifier)(_|$)")
_CHAIN = frozenset({"audit_log.prev_hash", "audit_log.hash"})  # so that it can be checked anywhere
_BATCH = 1_000
_AT_ONCE = 4  # exports of all enterprises; each has a connection for as long as it takes
_SLOW_S = 60.0  # a client who takes nothing for so long has given up
_BUSY = "Another export of this enterprise is running, or too many of others. Try again later."

_RELATIONS = """
    SELECT n.nspname::text AS schema, c.relname::text AS name,
           array_agg(a.attname::text ORDER BY a.attnum) AS columns,
           array_agg(t.typname::text ORDER BY a.attnum) AS types
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type t ON t.oid = a.atttypid
     WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
       AND has_column_privilege(c.oid, a.attnum, 'SELECT')
     GROUP BY n.nspname, c.relname
    HAVING 'tenant_id' = ANY (array_agg(a.attname::text))
     ORDER BY 1, 2
"""
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('crm.export'), hashtext($1))"
_SLOT = "SELECT pg_try_advisory_xact_lock(hashtext('crm.export.slot'), $1)"


@dataclass(frozen=True, slots=True)
class _Relation:
    schema: str
    name: str
    query: str

    @property
    def file_name(self) -> str:
        return f"{self.schema}/{self.name}.jsonl"


async def begin(deps: Deps, caller: Caller, tenant_id: UUID) -> str:
    """Check that an export may be made and note it; return the enterprise's slug.

    Raises:
        NotFound: There is no such enterprise, or it is another one.
        Conflict: It is open and the caller is not its own; or exports are running.
    """
    is_operator = caller.tenant_id == PLATFORM_TENANT
    if tenant_id == PLATFORM_TENANT or not (is_operator or tenant_id == caller.tenant_id):
        raise tenant_not_found(tenant_id)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tenant = await tenants.get(conn, tenant_id=tenant_id)
    if tenant is None:
        raise tenant_not_found(tenant_id)
    if is_operator and tenant.state != "closed":
        raise Conflict(
            "tenant_not_closed", "Operators export closed enterprises; others do it themselves."
        )
    async with deps.pool.tenant(tenant_id) as conn:
        if not await _take_place(conn, tenant_id):
            raise Conflict("export_running", _BUSY)
    whose = [caller]
    if is_operator:  # the enterprise sees it as well
        whose.append(replace(caller, tenant_id=tenant_id, username=f"operator:{caller.username}"))
    for each in whose:
        async with deps.pool.tenant(each.tenant_id) as conn:
            await audit.add(
                conn,
                caller=each,
                now=deps.now(),
                action="tenant.exported",
                object_type="tenant",
                object_id=tenant_id,
            )
    return tenant.slug


async def stream(deps: Deps, tenant_id: UUID) -> AsyncIterator[bytes]:
    """Yield the parts of the zip. It breaks off when it cannot be finished."""
    parts: asyncio.Queue[bytes | None] = asyncio.Queue(4)
    async with TaskSet("export") as tasks:
        reading = tasks.spawn(_read(deps, tenant_id, parts), name=f"export {tenant_id}")
        while True:
            if reading.done() and parts.empty():
                reading.result()
                raise RuntimeError("the export broke off")
            try:
                async with asyncio.timeout(1):
                    part = await parts.get()
            except TimeoutError:
                continue
            if part is None:
                return
            yield part


async def _read(deps: Deps, tenant_id: UUID, parts: asyncio.Queue[bytes | None]) -> None:
    """Read all tables in one transaction and hand out the zip. Raises what goes wrong."""
    out = _Parts()
    archive = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED)
    counts: dict[str, int] = {}

    async def hand_out() -> None:
        if part := out.take():
            async with asyncio.timeout(_SLOW_S):
                await parts.put(part)

    async with deps.pool.tenant(tenant_id) as conn:
        if not await _take_place(conn, tenant_id):
            raise RuntimeError(_BUSY)
        for relation in await _relations(conn):
            with archive.open(relation.file_name, "w", force_zip64=True) as file:
                count, lines = 0, []
                async for row in conn.cursor(relation.query, tenant_id, prefetch=_BATCH):
                    lines.append(row["line"])
                    count += 1
                    if len(lines) == _BATCH:
                        await asyncio.to_thread(file.write, _text(lines))
                        lines = []
                        await hand_out()
                await asyncio.to_thread(file.write, _text(lines))
            counts[relation.file_name] = count
            await hand_out()
    about = {"tenant_id": str(tenant_id), "made_at": deps.now(), "rows": counts}
    archive.writestr("manifest.json", orjson.dumps(about, option=orjson.OPT_INDENT_2))
    archive.close()
    await hand_out()
    await parts.put(None)


async def _take_place(conn: Connection, tenant_id: UUID) -> bool:
    """Take one of the places for exports, and the tenant's own, until the transaction ends."""
    if not await conn.fetchval(_LOCK, str(tenant_id)):
        return False
    for place in range(_AT_ONCE):
        if await conn.fetchval(_SLOT, place):
            return True
    return False


async def _relations(conn: Connection) -> list[_Relation]:
    found = await conn.fetch(_RELATIONS, list(_SCHEMAS))
    names = {(row["schema"], row["name"]) for row in found}
    relations = []
    for row in found:
        schema, name = row["schema"], row["name"]
        # What others publish is the view.
        if name in _INTERNAL or (schema != "crm" and (schema, f"{name}_v") in names):
            continue
        columns = [
            _column(name, column, kind)
            for column, kind in zip(row["columns"], row["types"], strict=True)
        ]
        wanted = ", ".join(each for each in columns if each is not None)
        query = (
            f"SELECT row_to_json(r)::text AS line FROM (SELECT {wanted} "  # noqa: S608 - names of
            f'FROM "{schema}"."{name}" WHERE tenant_id = $1) AS r'  # the catalogue, quoted
        )
        relations.append(_Relation(schema, name, query))
    return relations


def _column(table: str, column: str, kind: str) -> str | None:
    """Return how a column is read; None: it is not part of an export."""
    quoted = '"' + column.replace('"', '""') + '"'
    if f"{table}.{column}" in _CHAIN:
        return f"encode({quoted}, 'hex') AS {quoted}"
    if kind in ("bytea", "tsvector") or _SECRET.search(column):
        return None
    return quoted


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


class _Parts(io.RawIOBase):
    """What a zip is written into; it can only go on."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Keep a part until it is taken."""
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """Return what was written since it was taken last."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken
