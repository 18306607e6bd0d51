"""Facts that are announced if and only if their transaction commits.

The caller writes the fact into ``<schema>.outbox`` in its own transaction; the relay publishes it
afterwards and deletes the row when JetStream has acknowledged. A crash in between publishes twice,
and the message id makes it one.

A service's migration contains the text of :func:`outbox_ddl` for its schema and role.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg
from prometheus_client import Counter, Gauge

from ringway.proto.base import Fact
from ringway.runtime.bus.bus import Bus
from ringway.runtime.bus.codec import MESSAGE_ID, Outgoing, encode
from ringway.runtime.bus.writer import Impossible, publish_window
from ringway.runtime.errors import DependencyDown
from ringway.runtime.postgres import Connection, Pool
from ringway.runtime.tasks import TaskSet

_log = logging.getLogger("ringway.outbox")
_relayed = Counter("ringway_outbox_relayed", "Facts published from the outbox.", ["schema"])
_refused = Counter("ringway_outbox_refused", "Facts JetStream will never take.", ["schema"])
_behind = Gauge("ringway_outbox_batch", "Rows in the last batch of the relay.", ["schema"])

_SCHEMA = re.compile(r"^[a-z][a-z0-9_]{0,40}$")
_BATCH = 128
_POLL_S = 1.0  # the truth; NOTIFY only shortens the wait
_TRACE = "traceparent"

_DDL = """
CREATE TABLE {schema}.outbox (
    tenant_id   uuid        NOT NULL,
    id          bigint      GENERATED ALWAYS AS IDENTITY,
    message_id  text        NOT NULL,
    type        text        NOT NULL,
    subject     text        NOT NULL,
    payload     bytea       NOT NULL,
    traceparent text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX outbox_in_order ON {schema}.outbox (id);
ALTER TABLE {schema}.outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE {schema}.outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON {schema}.outbox TO {role}
    USING (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('ringway.tenant_id', true), '')::uuid);
CREATE POLICY owner_all ON {schema}.outbox TO ringway_owner USING (true) WITH CHECK (true);
-- The relay serves all tenants, and says so in its own transactions only.
CREATE POLICY relay ON {schema}.outbox TO {role}
    USING (current_setting('ringway.relay', true) = 'on') WITH CHECK (false);
GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.outbox TO {role};
"""


def outbox_ddl(schema: str, role: str) -> str:
    """Return the SQL that makes a schema's outbox, for its migration."""
    return _DDL.format(schema=_checked(schema), role=_checked(role)).strip() + "\n"


async def add(conn: Connection, schema: str, fact: Fact) -> None:
    """Announce ``fact`` when the caller's transaction commits.

    ``conn`` must be in a transaction of the fact's tenant, which must be a UUID.
    """
    message = encode(fact)
    await conn.execute(
        f"""
        WITH added AS (
            INSERT INTO {_checked(schema)}.outbox
                   (tenant_id, message_id, type, subject, payload, traceparent)
            VALUES ($1, $2, $3, $4, $5, $6)
        )
        SELECT pg_notify($7, '')
        """,  # noqa: S608 - the schema is checked
        UUID(fact.tenant),
        fact.message_id,
        type(fact).type_name(),
        message.subject,
        message.payload,
        message.headers.get(_TRACE, ""),
        _channel(schema),
    )


async def add_many(conn: Connection, schema: str, facts: Sequence[Fact]) -> None:
    """Announce facts of one tenant in this order when the caller's transaction commits."""
    if not facts:
        return
    messages = [encode(fact) for fact in facts]
    await conn.execute(
        f"""
        WITH added AS (
            INSERT INTO {_checked(schema)}.outbox
                   (tenant_id, message_id, type, subject, payload, traceparent)
            SELECT $1, m.message_id, m.type, m.subject, m.payload, m.traceparent
              FROM unnest($2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[])
                   WITH ORDINALITY AS m (message_id, type, subject, payload, traceparent, n)
             ORDER BY m.n
        )
        SELECT pg_notify($7, '')
        """,  # noqa: S608 - the schema is checked
        UUID(facts[0].tenant),
        [fact.message_id for fact in facts],
        [type(fact).type_name() for fact in facts],
        [message.subject for message in messages],
        [message.payload for message in messages],
        [message.headers.get(_TRACE, "") for message in messages],
        _channel(schema),
    )


class OutboxRelay:
    """Publishes one schema's outbox. ``run`` is a worker; several replicas may run it at once."""

    def __init__(self, pool: Pool, bus: Bus, schema: str) -> None:
        self._pool = pool
        self._bus = bus
        self._schema = _checked(schema)
        self._wake = asyncio.Event()
        self._take = f"""
            SELECT tenant_id, id, message_id, subject, payload, traceparent
              FROM {self._schema}.outbox ORDER BY id LIMIT {_BATCH} FOR UPDATE SKIP LOCKED
        """  # noqa: S608 - the schema is checked
        self._delete = f"""
            DELETE FROM {self._schema}.outbox
             USING unnest($1::uuid[], $2::bigint[]) AS done (tenant_id, id)
             WHERE outbox.tenant_id = done.tenant_id AND outbox.id = done.id
        """  # noqa: S608 - the schema is checked

    async def run(self) -> None:
        """Publish what is committed, until cancelled, through losses of NATS and PostgreSQL."""
        async with TaskSet("outbox") as tasks:
            tasks.spawn(self._listen(), name=f"outbox {self._schema} listen")
            while True:
                self._wake.clear()
                try:
                    more = await self._relay_batch()
                except DependencyDown as error:
                    _log.debug("The outbox waits.", extra={"reason": str(error)})
                    await asyncio.sleep(0.5)
                    continue
                if not more:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_POLL_S):
                            await self._wake.wait()

    async def _relay_batch(self) -> bool:
        """Publish one batch; whether there is more that nobody will wake us for.

        Raises:
            DependencyDown: NATS or PostgreSQL is away.
        """
        if not self._bus.healthy:
            await self._bus.connection.wait_up()
        async with self._pool.platform() as conn:
            await conn.execute("SELECT set_config('ringway.relay', 'on', true)")
            rows = await conn.fetch(self._take)
            _behind.labels(self._schema).set(len(rows))
            if not rows:
                return False
            window = [_outgoing(row) for row in rows]
            try:
                done = await publish_window(self._bus.connection, window)
            except Impossible as error:
                _refused.labels(self._schema).inc()
                _log.error(
                    "A fact cannot be stored and is dropped.",
                    extra={"subject": window[0].subject, "reason": str(error)},
                )
                done = 1
            finished = rows[:done]
            await conn.execute(
                self._delete, [r["tenant_id"] for r in finished], [r["id"] for r in finished]
            )
        _relayed.labels(self._schema).inc(done)
        return len(rows) == _BATCH or done < len(rows)

    async def _listen(self) -> None:
        """Wake the relay on NOTIFY. While the connection is away, polling does."""
        while True:
            conn: Any = None
            closed = asyncio.Event()
            try:
                conn = await asyncpg.connect(
                    self._pool.dsn,
                    timeout=5,
                    server_settings={"application_name": f"{self._pool.application_name}-outbox"},
                )
                conn.add_termination_listener(lambda _, closed=closed: closed.set())
                await conn.add_listener(_channel(self._schema), lambda *_: self._wake.set())
                self._wake.set()
                await closed.wait()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.debug("The outbox does not hear NOTIFY.", extra={"reason": str(error)})
            finally:
                if conn is not None:
                    conn.terminate()
            await asyncio.sleep(_POLL_S)


def _outgoing(row: asyncpg.Record) -> Outgoing:
    headers = {MESSAGE_ID: row["message_id"]}
    if row["traceparent"]:
        headers[_TRACE] = row["traceparent"]
    return Outgoing(row["subject"], row["payload"], headers)


def _channel(schema: str) -> str:
    return f"ringway_outbox_{schema}"


def _checked(name: str) -> str:
    if not _SCHEMA.match(name):
        raise ValueError(f"{name!r} is not a plain name")
    return name
