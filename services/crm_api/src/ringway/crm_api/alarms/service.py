"""Alarms raised, cleared and acknowledged."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from ringway.crm_api.access import PLATFORM_TENANT, Caller
from ringway.crm_api.alarms import store
from ringway.crm_api.alarms.schemas import AlarmView, view
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.alarms.kinds import object_type_of, severity_of
from ringway.crm_api.core.alarms.rules import Alarm, Condition, Step, is_over, on_seen
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import NotFound
from ringway.proto.crm_alarms import AlarmClearedV1, AlarmRaisedV1
from ringway.runtime import outbox
from ringway.runtime.postgres import Connection, Pool

_log = logging.getLogger("ringway.crm_api.alarms")
_SCHEMA = "crm"


async def raise_alarm(pool: Pool, seen: Condition, at: datetime) -> Alarm | None:
    """Raise what does not work at ``at``; a repeat changes nothing. Returns what changed.

    Raises:
        PostgresDown: Nothing was written, or all of it.
    """
    async with pool.tenant(seen.tenant_id) as conn:
        return await _raise(conn, seen, at)


async def clear_alarm(pool: Pool, known: Condition | Alarm, at: datetime) -> bool:
    """Clear the alarm about what works at ``at``; whether there was one. Raises PostgresDown."""
    async with pool.tenant(known.tenant_id) as conn:
        return await _clear(conn, known, at)


async def take_news(pool: Pool, told: Condition, at: datetime, *, works: bool) -> None:
    """Raise or clear an alarm by what was told at ``at``, unless later news came before.

    Raises:
        PostgresDown: Nothing was written, or all of it.
    """
    async with pool.tenant(told.tenant_id) as conn:
        if not await store.is_news(conn, told, at):
            return
        if works:
            await _clear(conn, told, at)
        else:
            await _raise(conn, told, at)


async def find(deps: Deps, caller: Caller, alarm_id: UUID) -> AlarmView:
    """Return an alarm of the caller's enterprise; of any, when he runs the platform.

    Raises:
        NotFound: There is none.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.get(conn, viewer_id=caller.tenant_id, alarm_id=alarm_id)
    if found is None:
        raise _not_found(alarm_id)
    return view(found)


async def page(
    deps: Deps, caller: Caller, wanted: store.Wanted, before: UUID | None, limit: int
) -> list[AlarmView]:
    """Return alarms that the caller sees, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.page(
            conn, viewer_id=caller.tenant_id, wanted=wanted, before=before, limit=limit
        )
    return [view(each) for each in found]


async def acknowledge(deps: Deps, caller: Caller, alarm_id: UUID, note: str) -> AlarmView:
    """Note that the caller knows of an alarm; the last who says so stands there.

    Raises:
        NotFound: He sees none such.
    """
    now = deps.now()
    is_operator = caller.tenant_id == PLATFORM_TENANT
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.acknowledge(
            conn,
            viewer_id=caller.tenant_id,
            alarm_id=alarm_id,
            by=caller.username,
            note=note,
            now=now,
        )
        if found is None:
            raise _not_found(alarm_id)
        await audit.add(
            conn,
            caller=caller,
            now=now,
            action="alarm.acknowledged",
            object_type="alarm",
            object_id=alarm_id,
            detail={
                "kind": found.kind.value,
                "object_id": found.object_id,
                "note": note,
                **({"tenant_id": str(found.tenant_id)} if is_operator else {}),
            },
        )
    return view(found)


async def _raise(conn: Connection, seen: Condition, at: datetime) -> Alarm | None:
    last = await store.lock_last(
        conn, tenant_id=seen.tenant_id, kind=seen.kind, object_id=seen.object_id
    )
    step = on_seen(last, seen, at)
    if step is Step.NOTHING:
        return None
    if step is Step.RAISE:
        made = await store.add(conn, seen, at)
    else:
        assert last is not None
        is_again = step is not Step.REFRESH
        is_new = step is Step.REPEAT
        made = await store.change(
            conn, last, seen, raised_at=at if is_again else None, is_new=is_new
        )
    # More of what is told is no event of its own: events that fail must not make events.
    if made is not None and step in (Step.RAISE, Step.REOPEN):
        await _tell_raised(conn, made, at)
    return made


async def _clear(conn: Connection, known: Condition | Alarm, at: datetime) -> bool:
    last = await store.lock_last(
        conn, tenant_id=known.tenant_id, kind=known.kind, object_id=known.object_id
    )
    if last is None or not is_over(last, at):
        return False
    await store.clear(conn, last, at)
    fact = AlarmClearedV1(
        occurred_at=at,
        tenant=str(last.tenant_id),
        alarm_id=str(last.alarm_id),
        kind=last.kind.value,
        severity=severity_of(last.kind, last.object_id).value,
        object_type=object_type_of(last.kind),
        object_id=last.object_id,
        raised_at=last.last_raised_at,
    )
    await outbox.add(conn, _SCHEMA, fact)
    _log.info("An alarm was cleared.", extra=_facts(last))
    return True


async def _tell_raised(conn: Connection, alarm: Alarm, at: datetime) -> None:
    fact = AlarmRaisedV1(
        occurred_at=at,
        tenant=str(alarm.tenant_id),
        alarm_id=str(alarm.alarm_id),
        kind=alarm.kind.value,
        severity=severity_of(alarm.kind, alarm.object_id).value,
        code=alarm.code.value,
        object_type=object_type_of(alarm.kind),
        object_id=alarm.object_id,
        params=dict(alarm.params),
        times_seen=alarm.times_seen,
        raised_at=alarm.raised_at,
    )
    await outbox.add(conn, _SCHEMA, fact)
    _log.warning("An alarm was raised.", extra=_facts(alarm))


def _facts(alarm: Alarm) -> dict[str, str]:
    return {
        "tenant": str(alarm.tenant_id),
        "alarm_id": str(alarm.alarm_id),
        "kind": alarm.kind.value,
        "object_id": alarm.object_id,
    }


def _not_found(alarm_id: UUID) -> NotFound:
    return NotFound("alarm_not_found", f"There is no alarm {alarm_id}.")
