"""Asks PostgreSQL: read-only, with limits of time and rows, with the rights of whoever asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from ringway.crm_api.access import Caller
from ringway.crm_api.core.queriers.catalogue import Catalogue
from ringway.crm_api.core.queriers.compiler import (
    Compiled,
    OutColumn,
    compile_count,
    compile_query,
)
from ringway.crm_api.core.queriers.query import MAX_ROWS, Asked, Filter, Query
from ringway.crm_api.core.queriers.refusals import QueryRefused
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid
from ringway.crm_api.queriers import settings_store
from ringway.crm_api.queriers.sources.registry import catalogue
from ringway.runtime.postgres import Connection

LIMIT_S = 10
_BLOCK = 1_000


@dataclass(frozen=True, slots=True)
class Answer:
    """Some rows of an answer, as JSON has them. ``row_ids`` None: they are groups."""

    columns: tuple[OutColumn, ...]
    rows: list[list[Any]]
    row_ids: list[str] | None
    has_more: bool


@dataclass(frozen=True, slots=True)
class Session:
    """One caller's moment with the database: what he may ask, and what relative values mean."""

    conn: Connection
    catalogue: Catalogue
    asked: Asked

    async def rows(self, query: Query, *, limit: int, offset: int = 0) -> Answer:
        """Return rows from the ``offset``-th on.

        Raises:
            Invalid: The query asks for what is not there.
            Conflict: It takes too long.
        """
        limit = min(limit, max(0, (query.limit or MAX_ROWS) - offset))
        with told():
            made = self._compile(query, limit + 1, offset)
            found = await self.conn.fetch(made.sql, *made.values)
        return _answer(made, found[:limit], has_more=len(found) > limit and limit > 0)

    async def count(self, query: Query, *, most: int = MAX_ROWS) -> int:
        """Return how many rows there are, up to ``most``. Raises as :meth:`rows`."""
        with told():
            most = min(most, query.limit or most)
            made = compile_count(query, self.catalogue, self.asked, limit=most)
            found: int = await self.conn.fetchval(made.sql, *made.values)
        return found

    async def stream(self, query: Query) -> AsyncIterator[list[list[Any]]]:
        """Yield all rows in blocks. Raises as :meth:`rows`, perhaps on the way."""
        with told():
            made = self._compile(query, query.limit or MAX_ROWS, 0)
            cursor = await self.conn.cursor(made.sql, *made.values)
            while block := await cursor.fetch(_BLOCK):
                yield _answer(made, block, has_more=False).rows

    def columns(self, query: Query) -> tuple[OutColumn, ...]:
        """Return the columns of a query that makes sense to this caller. Raises Invalid."""
        with told():
            return self._compile(query, 1, 0).columns

    def _compile(self, query: Query, limit: int, offset: int) -> Compiled:
        return compile_query(query, self.catalogue, self.asked, limit=limit, offset=offset)


@asynccontextmanager
async def session(deps: Deps, caller: Caller) -> AsyncIterator[Session]:
    """Open a read-only transaction in which ``caller`` asks; statements end after LIMIT_S."""
    limits = {
        "transaction_read_only": "on",
        "statement_timeout": str(LIMIT_S * 1000),
        # What a value of a key column is like is known only with the value.
        "plan_cache_mode": "force_custom_plan",
    }
    async with deps.pool.tenant(caller.tenant_id, settings=limits) as conn:
        yield await joined(deps, caller, conn)


async def joined(deps: Deps, caller: Caller, conn: Connection) -> Session:
    """Ask in a transaction that is open already."""
    settings = await settings_store.get(conn, tenant_id=caller.tenant_id)
    asked = Asked(
        tenant_id=caller.tenant_id, user_id=caller.user_id, now=deps.now(), zone=settings.zone
    )
    return Session(conn, await catalogue(conn, caller), asked)


@contextmanager
def told() -> Iterator[None]:
    """Turn what a query may end with into errors of the API."""
    try:
        yield
    except QueryRefused as refused:
        raise Invalid(refused.code, refused.detail) from refused
    except asyncpg.QueryCanceledError as error:
        raise Conflict(
            "querier_timeout",
            f"The query took longer than {LIMIT_S} s. Ask for a shorter period or fewer rows.",
        ) from error
    except asyncpg.DataError as error:
        # Not what PostgreSQL says: it may cite somebody's data.
        raise Invalid(
            "querier_value_unreadable", "A value is too large, or not of the kind of its field."
        ) from error


def narrowed(query: Query, where: Filter | None) -> Query:
    """Return ``query`` for rows for which ``where`` holds besides. Raises Invalid: too much."""
    try:
        return query.narrowed(where)
    except ValueError as error:
        raise Invalid("querier_too_complex", f"Together with the query: {error}.") from error


def _answer(made: Compiled, rows: list[asyncpg.Record], *, has_more: bool) -> Answer:
    width = len(made.columns)
    plain = [[_plain(each) for each in tuple(row)[:width]] for row in rows]
    ids = [str(row[width]) for row in rows] if made.has_key else None
    return Answer(made.columns, plain, ids, has_more)


def _plain(value: Any) -> Any:
    maker = _PLAIN.get(type(value))
    return maker(value) if maker is not None else value


def _number(value: Decimal) -> int | float | None:
    if not value.is_finite():
        return None
    return int(value) if value == value.to_integral_value() else float(value)


_PLAIN: dict[type, Callable[[Any], Any]] = {
    Decimal: _number,
    UUID: str,
    # asyncpg's own UUIDs are a class of theirs.
    asyncpg.pgproto.pgproto.UUID: str,
    datetime: datetime.isoformat,
    date: date.isoformat,
}
