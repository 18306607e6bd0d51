"""PostgreSQL: a pool whose every transaction belongs to one tenant, or explicitly to none.

Row-level security compares ``tenant_id`` with the setting ``ringway.tenant_id``, which exists only
inside the transactions opened here: it is local to a transaction and set by the message that
begins it. Forgetting it shows no rows instead of everybody's.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
from prometheus_client import Counter, Gauge

from ringway.runtime import held
from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres_connection import Reading, TenantConnection
from ringway.runtime.tasks import TaskSet

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy
    from asyncpg.transaction import Transaction

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Connection: TypeAlias = asyncpg.Connection

_log = logging.getLogger("ringway.postgres")
_connected = Gauge("ringway_postgres_connected", "1 while PostgreSQL answers.")
_losses = Counter("ringway_postgres_losses", "Times PostgreSQL stopped answering.")

T = TypeVar("T")

CONNECT_LIMIT_S = 5.0
_COMMAND_TIMEOUT_S = 30.0
_PROBE_UP_S = 5.0
_PROBE_DOWN_S = 0.25
_PROBE_TIMEOUT_S = 2.0

_NO_SETTINGS: Mapping[str, str] = {}
_SETTING = re.compile(r"[a-z_]+(\.[a-z_]+)?")

# The server is not there, is starting or stopping, or the connection broke.
_DOWN: tuple[type[Exception], ...] = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)


def is_down(error: BaseException) -> bool:
    """Whether an error of asyncpg or the socket means that PostgreSQL is not there."""
    if isinstance(error, asyncpg.InternalClientError):
        # "cannot switch to state N": the server was killed between two messages of one statement.
        return True
    if isinstance(error, asyncpg.InterfaceError):
        text = str(error)
        return "closed" in text or "released" in text
    # asyncpg.QueryCanceledError and the like are answers, so the server is there.
    return isinstance(error, _DOWN) and not isinstance(error, TimeoutError)


class Pool:
    """Connections of one service to PostgreSQL. Make it with :meth:`open`."""

    def __init__(
        self,
        dsn: str,
        pool: asyncpg.Pool[asyncpg.Record],
        application_name: str,
        tasks: TaskSet,
    ) -> None:
        self.dsn = dsn
        self.application_name = application_name
        self._pool = pool
        self._tasks = tasks
        self._healthy = False
        self._known_down = False
        self._has_been_up = False
        self._doubt = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, dsn: str, *, max_size: int = 10, application_name: str
    ) -> AsyncIterator[Pool]:
        """Open a pool, also while PostgreSQL is down; it connects when it is needed.

        Args:
            max_size: At most so many; further transactions wait their turn.
            application_name: Shown in ``pg_stat_activity``.
        """
        inner = asyncpg.create_pool(
            dsn,
            min_size=0,  # with more, asyncpg would not open while the server is down
            max_inactive_connection_lifetime=0,
            max_size=max_size,
            command_timeout=_COMMAND_TIMEOUT_S,
            timeout=CONNECT_LIMIT_S,
            server_settings={"application_name": application_name},
            connection_class=TenantConnection,
            # Settings are local to transactions, so a connection comes back as it went.
            reset=_nothing_to_reset,
        )
        async with inner as made, TaskSet("postgres") as tasks:
            pool = cls(dsn, made, application_name, tasks)
            with suppress(PostgresDown):
                await pool._probe()
            tasks.spawn(pool._watch(), name="postgres probe")
            try:
                yield pool
            finally:
                await tasks.cancel()
                made.terminate() if not pool.healthy else None

    @property
    def healthy(self) -> bool:
        """Whether PostgreSQL answered when last asked."""
        return self._healthy

    def tenant(
        self,
        tenant: str | UUID,
        *,
        limit_s: float = CONNECT_LIMIT_S,
        settings: Mapping[str, str] = _NO_SETTINGS,
    ) -> AbstractAsyncContextManager[Connection]:
        """Open a transaction that sees and writes one tenant's rows only.

        Commits at the end of the context, rolls back when it raises. In a piece of work that holds
        its last commit back (:mod:`ringway.runtime.held`) it commits later.

        Args:
            settings: Of PostgreSQL, for this transaction.

        Raises:
            PostgresDown: Not reachable within ``limit_s`` seconds, or lost meanwhile.
            ValueError: ``tenant`` is not a UUID, or a setting has no name.
        """
        # Nothing can be written into a transaction that only reads: it need not be held back.
        may_hold = settings.get("transaction_read_only") != "on"
        return self._transaction(limit_s, *_opening(tenant, settings), may_hold=may_hold)

    def reading(
        self,
        tenant: str | UUID,
        *,
        limit_s: float = CONNECT_LIMIT_S,
        settings: Mapping[str, str] = _NO_SETTINGS,
    ) -> AbstractAsyncContextManager[Connection]:
        """Open a transaction that sees one tenant's rows and can write none: one round trip less.

        PostgreSQL refuses what would write. Nobody waits for its end, which comes with the next
        transaction of the connection, or within 50 ms. asyncpg knows nothing of it, so savepoints
        and cursors are not for it. Arguments and errors as for :meth:`tenant`.
        """
        opening = _opening(tenant, settings)
        return self._transaction(limit_s, *opening, may_hold=False, reads=True)

    def platform(
        self, *, limit_s: float = CONNECT_LIMIT_S
    ) -> AbstractAsyncContextManager[Connection]:
        """Open a transaction of no tenant: rows of tenants do not exist in it. Raises as tenant."""
        return self._transaction(limit_s)

    @asynccontextmanager
    async def _transaction(
        self,
        limit_s: float,
        opening: str = "",
        tenant_id: UUID | None = None,
        *,
        may_hold: bool = True,
        reads: bool = False,
    ) -> AsyncIterator[Connection]:
        work = held.current.get()
        if work is not None:
            await work.settle()
        conn, transaction = await self._begin(limit_s, opening, reads=reads)
        is_held = False
        try:
            if work is not None:
                work.enter()
            try:
                yield conn
            except BaseException:
                await _roll_back(conn, transaction)
                raise
            finally:
                if work is not None:
                    work.leave()
            if work is not None and may_hold and work.may_hold:
                work.hold(_Open(self, conn, transaction, tenant_id))
                is_held = True
            else:
                await transaction.commit()
        except Exception as error:
            self.raise_if_down(error, conn)
            raise
        finally:
            if not is_held:
                await self._release(conn)

    def raise_if_down(self, error: Exception, conn: Any) -> None:
        """Raise PostgresDown when ``error`` says so of the connection on which it came."""
        # An OSError may also be the caller's own, of a file or another server.
        if is_down(error) and (not isinstance(error, OSError) or conn.is_closed()):
            self._lost(error)
            raise PostgresDown(str(error) or repr(error)) from error

    async def _begin(
        self, limit_s: float, opening: str, *, reads: bool = False
    ) -> tuple[Any, Transaction | Reading]:
        """Return a connection in a transaction that ``opening`` begins. Raises PostgresDown."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + limit_s
        reason: Exception | None = None
        while True:
            conn: Any = None
            try:
                async with asyncio.timeout_at(deadline):
                    conn = await self._pool.acquire()
                    if reads:
                        return conn, await conn.begin_reading(opening, self._tasks)
                    return conn, await conn.begin(opening)
            except BaseException as error:
                if conn is not None:
                    await self._release(conn)
                if isinstance(error, TimeoutError):
                    why = reason or "no free connection in time"
                    raise PostgresDown(f"PostgreSQL is not reachable: {why}") from error
                if not isinstance(error, Exception) or not is_down(error):
                    raise
                reason = error
            if conn is not None:
                continue  # a connection that broke while it was idle says nothing about the server
            self._lost(reason)
            if loop.time() + _PROBE_DOWN_S >= deadline:
                raise PostgresDown(f"PostgreSQL is not reachable: {reason}") from reason
            await asyncio.sleep(_PROBE_DOWN_S * random.uniform(0.5, 1.0))

    async def _release(self, conn: Any) -> None:
        try:
            await self._pool.release(conn, timeout=_PROBE_TIMEOUT_S)
        except Exception as error:
            if not is_down(error):
                raise

    # -- health ----------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Ask now and then whether the server is there; more often while it is not."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PROBE_UP_S if self._healthy else _PROBE_DOWN_S):
                    await self._doubt.wait()
            if self._doubt.is_set():
                self._doubt.clear()
                await asyncio.sleep(_PROBE_DOWN_S)
            with suppress(PostgresDown):
                await self._probe()

    async def _probe(self) -> None:
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT_S):
                conn: Any = await asyncpg.connect(
                    self.dsn, server_settings={"application_name": self.application_name}
                )
                try:
                    await conn.execute("SELECT 1")
                finally:
                    conn.terminate()
        except TimeoutError as error:
            self._lost(error)
            raise PostgresDown("no answer") from error
        except Exception as error:
            self._lost(error)
            raise PostgresDown(str(error) or repr(error)) from error
        self._found()

    def _found(self) -> None:
        if self._known_down or not self._has_been_up:
            _log.info("PostgreSQL is connected.", extra={"again": self._has_been_up})
        self._healthy = self._has_been_up = True
        self._known_down = False
        _connected.set(1)

    def _lost(self, reason: BaseException) -> None:
        if self._healthy:
            _losses.inc()
        self._healthy = False
        self._doubt.set()
        _connected.set(0)
        if not self._known_down:
            self._known_down = True
            _log.warning("PostgreSQL is lost.", extra={"reason": str(reason) or repr(reason)})


@dataclass(slots=True)
class _Open:
    """A transaction that is held back, on a connection of its own."""

    pool: Pool
    conn: Any
    transaction: Transaction | Reading
    tenant_id: UUID | None

    async def commit(self, write: held.Write) -> None:
        try:
            try:
                await write(self.conn, self.tenant_id)
            except BaseException:
                await _roll_back(self.conn, self.transaction)
                raise
            await self.transaction.commit()
        except Exception as error:
            self.pool.raise_if_down(error, self.conn)
            raise
        finally:
            await self.pool._release(self.conn)

    async def roll_back(self) -> None:
        try:
            await _roll_back(self.conn, self.transaction)
        finally:
            await self.pool._release(self.conn)


async def retry_while_down(fn: Callable[[], Awaitable[T]], *, limit_s: float) -> T:
    """Call ``fn`` until it does not raise PostgresDown, for at most ``limit_s`` seconds.

    ``fn`` must be idempotent: when the connection broke in a commit, it may have been done.

    Raises:
        PostgresDown: The last one, when the limit passed.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit_s
    pause_s = 0.1
    while True:
        try:
            return await fn()
        except PostgresDown:
            if loop.time() + pause_s >= deadline:
                raise
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, 2.0)


async def _roll_back(conn: Any, transaction: Transaction | Reading) -> None:
    """End a transaction without hiding why: what the server cannot be told, it finds out."""
    if conn.is_closed():
        return
    try:
        await transaction.rollback()
    except Exception:
        conn.terminate()


def _opening(tenant: str | UUID, settings: Mapping[str, str]) -> tuple[str, UUID]:
    """Return what begins a tenant's transaction, and the tenant. Raises ValueError."""
    tenant_id = tenant if isinstance(tenant, UUID) else UUID(tenant)
    opening = f"SET LOCAL ringway.tenant_id = '{tenant_id}';"
    if settings:
        opening += "".join(_set_local(name, value) for name, value in settings.items())
    return opening, tenant_id


def _set_local(name: str, value: str) -> str:
    if not _SETTING.fullmatch(name):
        raise ValueError(f"{name!r} is no setting")
    quoted = value.replace("'", "''")
    return f"SET LOCAL {name} = '{quoted}';"


async def _nothing_to_reset(conn: object) -> None:
    return None
