"""Raises and clears alarms by what the system tells of itself.

Most is looked at: a look compares everything that goes wrong now with the open alarms, so whatever
ended while nobody looked is cleared. One replica looks at a time; one that dies loses nothing, for
the next look is a whole one. Trunks are told of by facts (a durable consumer, so none is missed);
a look also asks how those are whose alarm is open, for an ACD that begins anew says nothing of
trunks that work.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from ringway.crm_api.access import PLATFORM_TENANT
from ringway.crm_api.alarms import service, sources, store
from ringway.crm_api.alarms.sources import Found
from ringway.crm_api.alarms.store import Memory
from ringway.crm_api.core.alarms.kinds import AlarmKind
from ringway.crm_api.core.alarms.rules import Alarm, Condition, differences, given_up, settle
from ringway.crm_api.deps import Deps
from ringway.crm_api.working import work
from ringway.proto.acd import TrunkStateChangedV1
from ringway.runtime.bus import Bus
from ringway.runtime.errors import DependencyDown, PostgresDown

_log = logging.getLogger("ringway.crm_api.alarms")

DURABLE = "crm-alarms"
_EVERY = timedelta(seconds=15)
_POLL_S = 5.0
_WORKS = "works"


class AlarmWatch:
    """Looks at the system now and then; several replicas run it, one of them looks."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def run(self) -> None:
        """Look until cancelled; a worker."""
        await work(self.step, poll_s=_POLL_S)

    async def step(self) -> bool:
        """Look once, when it is time. A fault in it is logged: the API goes on without alarms.

        Returns:
            False: there is no more to do now.

        Raises:
            PostgresDown: A later look does the whole again.
        """
        try:
            await self.look()
        except PostgresDown:
            raise
        except Exception:
            _log.exception("A look for alarms failed.")
        return False

    async def look(self) -> None:
        """Look once, when the last look is old enough.

        Raises:
            PostgresDown: A later look does the whole again.
        """
        deps, now = self._deps, self._deps.now()
        async with deps.pool.tenant(PLATFORM_TENANT) as conn:
            memory = await store.begin_look(conn, now=now, every=_EVERY)
            if memory is None:
                return
            # Before it is looked: what is raised meanwhile is not cleared by an older look.
            known = await store.open_now(conn)
            of_tables = await store.conditions(conn, now=now)
        services = memory.services - given_up(known, now)
        found = await sources.look(deps, services, known)
        found.conditions += of_tables
        found.unknown.add(AlarmKind.TRUNK_DOWN)
        working = await self._working_trunks(known) if deps.bus.healthy else {}
        present = [_name(each) for each in found.suspected]
        suspects, believed = settle(memory.suspects, [*present, *working], now)
        open_keys = {each.key for each in known}
        found.conditions += [
            each
            for each in found.suspected
            if _name(each) in believed or each.key in open_keys  # it is known already
        ]
        await self._carry_out(known, found, now)
        for name, alarm in working.items():
            if name in believed:
                await service.clear_alarm(deps.pool, alarm, now)
        left = Memory(suspects, services | found.answered)
        if left != memory:
            async with deps.pool.tenant(PLATFORM_TENANT) as conn:
                await store.end_look(conn, left)

    async def _carry_out(self, known: list[Alarm], found: Found, now: datetime) -> None:
        deps = self._deps
        raised, cleared = differences(found.conditions, known, found.unknown)
        for condition in raised:
            await service.raise_alarm(deps.pool, condition, now)
        for alarm in cleared:
            await service.clear_alarm(deps.pool, alarm, now)

    async def _working_trunks(self, known: list[Alarm]) -> dict[str, Alarm]:
        """Return the alarms of trunks that work now, by a name for the suspects."""
        found: dict[str, Alarm] = {}
        for alarm in known:
            if alarm.kind is not AlarmKind.TRUNK_DOWN:
                continue
            try:
                works = await sources.trunk_works(
                    self._deps, alarm.tenant_id, UUID(alarm.object_id)
                )
            except PostgresDown:
                raise
            except DependencyDown:
                break  # nor would it answer for the others
            if works:
                found[f"{_WORKS} {alarm.alarm_id}"] = alarm
        return found


class TrunkAlarms:
    """Takes what the ACD tells of trunks."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def run(self, bus: Bus) -> None:
        """Take facts until cancelled; a worker."""
        await bus.consume(DURABLE, [TrunkStateChangedV1], self.take)

    async def take(self, fact: TrunkStateChangedV1) -> None:
        """Raise or clear the alarm of a trunk. What comes again, or too late, changes nothing.

        Raises:
            PostgresDown: Try again later.
            ValueError: An id of the fact is no UUID.
        """
        async with self._deps.pool.tenant(fact.tenant) as conn:
            told = await sources.of_trunk(conn, fact)
        if told is None:
            return
        await service.take_news(self._deps.pool, *told, works=fact.is_up)


def _name(condition: Condition) -> str:
    return f"{condition.kind} {condition.object_id}"
