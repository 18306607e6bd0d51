"""Caller ids of the tenants whose campaigns run here: chosen at the claim, judged at the end.

All campaigns of a tenant run in one process, so the counts of the day are kept here and read from
the attempts only when the tenant's pools are first needed or have been changed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from ringway.dialer import caller_store as store
from ringway.dialer.books import SCHEMA
from ringway.dialer.core.caller_ids import Number, Rest, Rotation
from ringway.dialer.model import Attempt
from ringway.proto.base import Fact
from ringway.proto.dialer import AttemptDisposition as D
from ringway.proto.dialer_pool import (
    CallerNumberRestedV1,
    CallerNumberReturnedV1,
    CallerNumberState,
)
from ringway.runtime import outbox
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres import Connection, Pool

_log = logging.getLogger("ringway.dialer.callers")

_LOOK_EVERY_S = 2.0
_FORGET_AFTER_S = 600.0
# Ends that say something about how people see the number; the rest is about lines and lists.
_RANG = frozenset({D.NO_ANSWER, D.BUSY, D.REJECTED})


@dataclass(slots=True)
class _Change:
    """A number's new state, to be written down with the fact that tells it."""

    number: Number
    was: CallerNumberState
    fact: Fact | None
    counted_from: datetime | None = None


@dataclass(slots=True)
class _Tenant:
    """One tenant's pools."""

    version: str = ""
    rotations: dict[str, Rotation] = field(default_factory=dict)
    of_agents: dict[str, str] = field(default_factory=dict)
    days: dict[str, date] = field(default_factory=dict)
    used_at: float = 0.0  # event loop's clock
    changes: deque[_Change] = field(default_factory=deque)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Callers:
    """Chooses caller ids for the runners of this process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._tenants: dict[str, _Tenant] = {}

    def turn(self, tenant: str) -> AbstractAsyncContextManager[None]:
        """Claims of one tenant that show a pool's numbers, and looks at its rows, take turns."""
        return self._tenants.setdefault(tenant, _Tenant()).turn

    async def room(self, tenant: str, pool_id: str) -> int | None:
        """Return how many calls the pool's numbers may still carry today; None: any number.

        Within :meth:`turn`.

        Raises:
            PostgresDown: The pools cannot be read.
        """
        rotation = (await self._of(tenant)).rotations.get(pool_id)
        return 0 if rotation is None else rotation.room()

    async def know(self, tenant: str) -> None:
        """Have the tenant's numbers at hand.

        Raises:
            PostgresDown: They cannot be read.
        """
        async with self.turn(tenant):
            await self._of(tenant)

    async def show(
        self, conn: Connection, pool_id: str, attempts: Sequence[Attempt]
    ) -> list[Attempt]:
        """Give each attempt its caller id, within the transaction of its claim and :meth:`turn`.

        When that is rolled back, :meth:`given_back` must be called for what this returned.
        """
        if not attempts:
            return []
        tenant = attempts[0].tenant
        rotation = self._tenants[tenant].rotations[pool_id]
        at = utcnow().timestamp()
        shown = [
            replace(attempt, caller_id=rotation.choose(attempt.phone_e164, at))
            for attempt in attempts
        ]
        await store.show(
            conn,
            tenant_id=UUID(tenant),
            chosen=[(a.attempt_id, a.caller_id) for a in shown if a.caller_id is not None],
        )
        return shown

    def agents_number(self, tenant: str, agent_id: str | None) -> str | None:
        """Return the number that was given to this agent."""
        known = self._tenants.get(tenant)
        return None if known is None or agent_id is None else known.of_agents.get(agent_id)

    def given_back(self, pool_id: str | None, attempt: Attempt) -> None:
        """The attempt never left us: its dial does not count."""
        rotation = self._rotation(pool_id, attempt)
        if rotation is not None and attempt.caller_id is not None:
            rotation.undone(attempt.caller_id)

    def ended(
        self, pool_id: str | None, attempt: Attempt, disposition: D, *, is_answered: bool
    ) -> None:
        """Learn how a call ended; a number that is answered too seldom is rested."""
        rotation = self._rotation(pool_id, attempt)
        if rotation is None or attempt.caller_id is None or pool_id is None:
            return
        if not is_answered and disposition not in _RANG:
            return
        now = utcnow()
        rest = rotation.ended(attempt.caller_id, is_answered=is_answered, at=now.timestamp())
        if rest is None:
            return
        changes = self._tenants[attempt.tenant].changes
        fact = _rested(attempt.tenant, pool_id, rest, now)
        changes.append(_Change(rest.number, CallerNumberState.ACTIVE, fact))
        if rest.replaced_by is not None:
            changes.append(_Change(rest.replaced_by, CallerNumberState.SPARE, None))
        _log.warning(
            "A caller id is answered too seldom.",
            extra={
                "tenant": attempt.tenant,
                "caller_pool": pool_id,
                "caller_id": attempt.caller_id,
                "answer_rate": rest.answer_rate,
                "pool_rate": rest.pool_rate,
                "state": rest.number.state.value,
            },
        )

    async def run(self) -> None:
        """Worker: look at the pools in use; those that no claim asked for are forgotten."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            for tenant, known in list(self._tenants.items()):
                try:
                    async with known.turn:
                        await self.look(tenant)
                        idle_s = asyncio.get_running_loop().time() - known.used_at
                        if idle_s > _FORGET_AFTER_S and not known.changes:
                            del self._tenants[tenant]
                except PostgresDown:
                    _log.debug("Pools are not looked at now.", extra={"tenant": tenant})

    async def look(self, tenant: str) -> None:
        """Write down what was decided, follow changes of the rows, begin a new day.

        Within :meth:`turn`.

        Raises:
            PostgresDown: It waits for the next look.
        """
        known = self._tenants.setdefault(tenant, _Tenant())
        now = utcnow()
        tenant_id = UUID(tenant)
        # Calls end meanwhile: what their ends change waits for the next look.
        changes = tuple(known.changes)
        async with self._pool.tenant(tenant_id) as conn:
            for change in changes:
                is_ours = await store.note_state(
                    conn,
                    tenant_id=tenant_id,
                    number=change.number,
                    was=change.was,
                    counted_from=change.counted_from,
                )
                if is_ours and change.fact is not None:
                    await outbox.add(conn, SCHEMA, change.fact)
            version = await store.version(conn, tenant_id=tenant_id)
            fresh = None
            if version != known.version:
                fresh = await store.load(conn, tenant_id=tenant_id, now=now)
        for _ in changes:
            known.changes.popleft()
        known.version = version
        if fresh is not None:
            pools, numbers, known.of_agents = fresh
            known.rotations = {
                pool_id: Rotation(pool, numbers[pool_id]) for pool_id, pool in pools.items()
            }
        self._turn_the_day(tenant, known, now)

    async def _of(self, tenant: str) -> _Tenant:
        known = self._tenants.get(tenant)
        if known is None or not known.version:
            await self.look(tenant)
        known = self._tenants[tenant]
        known.used_at = asyncio.get_running_loop().time()
        return known

    def _rotation(self, pool_id: str | None, attempt: Attempt) -> Rotation | None:
        known = self._tenants.get(attempt.tenant)
        return None if known is None or pool_id is None else known.rotations.get(pool_id)

    @staticmethod
    def _turn_the_day(tenant: str, known: _Tenant, now: datetime) -> None:
        for pool_id, rotation in known.rotations.items():
            today = now.astimezone(ZoneInfo(rotation.pool.zone)).date()
            if known.days.setdefault(pool_id, today) != today:
                known.days[pool_id] = today
                rotation.new_day()
            for number in rotation.wake(now.timestamp()):
                fact = CallerNumberReturnedV1(
                    occurred_at=now,
                    tenant=tenant,
                    pool_id=pool_id,
                    phone_e164=number.phone_e164,
                )
                known.changes.append(_Change(number, CallerNumberState.RESTING, fact, now))


def _rested(tenant: str, pool_id: str, rest: Rest, now: datetime) -> CallerNumberRestedV1:
    until = rest.rest_until
    return CallerNumberRestedV1(
        occurred_at=now,
        tenant=tenant,
        pool_id=pool_id,
        phone_e164=rest.number.phone_e164,
        state=rest.number.state,
        answer_rate=rest.answer_rate,
        pool_rate=rest.pool_rate,
        rest_until=None if until is None else datetime.fromtimestamp(until, UTC),
        replaced_by=None if rest.replaced_by is None else rest.replaced_by.phone_e164,
    )
