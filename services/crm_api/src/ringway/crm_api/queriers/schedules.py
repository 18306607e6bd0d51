"""Queriers that are asked by themselves: at times, with triggers, for their owners."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.queriers.moments import next_at
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import (
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
)
from ringway.crm_api.notices import service as notices
from ringway.crm_api.queriers import (
    actions,
    operations,
    owners,
    running,
    schedule_store,
    service,
    settings_store,
)
from ringway.crm_api.queriers import store as queriers
from ringway.crm_api.queriers.schedule_store import Run, Schedule
from ringway.crm_api.queriers.schemas import (
    Action,
    KeptAnswerView,
    KeptRunView,
    QuerierScheduleBody,
    ScheduleView,
)
from ringway.proto.crm_queriers import QuerierRunFinishedV1
from ringway.runtime import outbox
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

HOLD = timedelta(seconds=60)
_MOST_SCHEDULES = 500
_KEPT_ROWS = 1_000
_KEPT_BYTES = 1_000_000
_ACTION: TypeAdapter[Action] = TypeAdapter(Action)


async def create(
    deps: Deps, caller: Caller, querier_id: UUID, wanted: QuerierScheduleBody
) -> ScheduleView:
    """Make a schedule of the caller's own.

    Raises:
        NotFound: There is no such querier for him.
        Invalid: It has no time or two, or its action makes no sense.
        Forbidden: He may not do the action.
        Conflict: There are too many.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if await schedule_store.count(conn, tenant_id=caller.tenant_id) >= _MOST_SCHEDULES:
            raise Conflict("schedules_too_many", f"There are {_MOST_SCHEDULES} schedules already.")
        schedule = await _made(deps, conn, caller, uuid7(), querier_id, wanted)
        made = await schedule_store.put(conn, tenant_id=caller.tenant_id, schedule=schedule)
        await _note(deps, conn, caller, "querier.schedule_created", made)
    return view(made)


async def change(
    deps: Deps, caller: Caller, schedule_id: UUID, version: int | None, wanted: QuerierScheduleBody
) -> ScheduleView:
    """Change a schedule of the caller's own. Nobody else does: it runs with its owner's rights.

    Raises:
        NotFound: There is none that the caller sees.
        Forbidden: It is somebody else's, or he may not do the action.
        PreconditionFailed: It was changed since ``version``.
        Invalid: As for :func:`create`.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find(conn, caller, schedule_id, lock=True)
        if present.owner_id != caller.user_id:
            raise Forbidden("not_the_owner", "Only its owner changes a schedule.")
        _check_version(present, version)
        schedule = await _made(deps, conn, caller, schedule_id, present.querier_id, wanted)
        if _is_same(present, schedule):
            return view(present)
        changed = await schedule_store.put(conn, tenant_id=caller.tenant_id, schedule=schedule)
        await _note(deps, conn, caller, "querier.schedule_changed", changed)
    return view(changed)


async def remove(deps: Deps, caller: Caller, schedule_id: UUID, version: int | None) -> None:
    """Remove a schedule: one's own, or as the enterprise's admin any. Raises as :func:`change`."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find(conn, caller, schedule_id, lock=True)
        _check_version(present, version)
        await schedule_store.remove(conn, tenant_id=caller.tenant_id, schedule_id=schedule_id)
        await _note(deps, conn, caller, "querier.schedule_removed", present)


async def find(
    conn: Connection, caller: Caller, schedule_id: UUID, *, lock: bool = False
) -> Schedule:
    """Return a schedule of the caller's; an enterprise's admin sees all. Raises NotFound."""
    found = await schedule_store.get(
        conn, tenant_id=caller.tenant_id, schedule_id=schedule_id, lock=lock
    )
    if found is None or not (found.owner_id == caller.user_id or service.is_admin(caller)):
        raise NotFound("schedule_not_found", f"There is no schedule {schedule_id}.")
    return found


async def start_due(deps: Deps, tenant_id: UUID) -> bool:
    """Note one run whose time has come; whether there was one.

    What was missed while nobody worked is asked once, not as often as it was missed.
    """
    now = deps.now()
    async with deps.pool.tenant(tenant_id) as conn:
        schedule = await schedule_store.claim_due(conn, tenant_id=tenant_id, now=now)
        if schedule is None:
            return False
        row = await conn.fetchval(
            "SELECT query FROM crm.querier WHERE tenant_id = $1 AND querier_id = $2",
            *(tenant_id, schedule.querier_id),
        )
        await schedule_store.begin(
            conn,
            tenant_id=tenant_id,
            run_id=uuid7(),
            schedule=schedule,
            query_json=row,
            next_run_at=_next(schedule, now),
            now=now,
        )
    return True


async def carry_out(deps: Deps, tenant_id: UUID, run: Run, query_json: str) -> None:
    """Ask what a run asks, keep the answer, tell it, and begin the action that it triggers.

    Raises:
        ApiError: It can never be answered.
        DependencyDown: PostgreSQL is away.
    """
    try:
        query = queriers.read(query_json)
    except ValueError as error:  # of a release that knew other words
        raise Invalid("querier_needs_repair", service.UNREADABLE) from error
    async with deps.pool.tenant(tenant_id) as conn:
        schedule = await schedule_store.get(
            conn, tenant_id=tenant_id, schedule_id=run.schedule_id or UUID(int=0)
        )
    if schedule is None:
        raise NotFound("schedule_not_found", "The schedule was removed meanwhile.")
    caller = await owners.caller_of(deps, tenant_id, schedule.owner_id, schedule.scopes)
    try:
        action = _ACTION.validate_python(schedule.action) if schedule.action is not None else None
    except ValueError as error:
        raise Invalid("schedule_needs_repair", "Choose its action again and save it.") from error
    async with running.session(deps, caller) as session:
        querier = await service.find(session.conn, caller, run.querier_id)
        if action is not None and querier.version != schedule.querier_version:
            raise Conflict(
                "querier_changed",
                "The querier was changed since the action was chosen: look and save it again.",
            )
        found = await session.rows(query, limit=_KEPT_ROWS)
        count = await session.count(query)
        is_triggered = count >= schedule.at_least
        acts = action is not None and is_triggered and count > 0
        row_ids = await operations.targets(session, query, action) if acts and action else []
    rows, is_cut = _kept(found)
    async with deps.pool.tenant(tenant_id) as conn:
        if not await schedule_store.lock_run(conn, tenant_id=tenant_id, run_id=run.run_id):
            return
        operation = None
        if action is not None and acts:
            await actions.check(conn, caller, action)
            operation = await operations.note(
                deps, conn, caller, run.querier_id, run.run_id, query.source, action, row_ids
            )
        await schedule_store.finish_run(
            conn,
            tenant_id=tenant_id,
            run_id=run.run_id,
            now=deps.now(),
            found=count,
            is_triggered=is_triggered,
            is_cut=is_cut,
            result={
                "columns": [c.model_dump(mode="json") for c in service.columns(found)],
                "rows": rows,
            },
            permissions=sorted(caller.granted()),
            operation_id=operation.operation_id if operation is not None else None,
        )
        await outbox.add(conn, "crm", _fact(deps, tenant_id, run, count, is_triggered, ""))


async def give_up(deps: Deps, tenant_id: UUID, run: Run, error: ApiError) -> None:
    """End a run that has no answer, and tell it.

    What is wrong with the question itself would be wrong the next time, too: the schedule is
    paused until its owner saves it again, and he finds a notice.
    """
    code, why = error.code, error.detail
    async with deps.pool.tenant(tenant_id) as conn:
        if await schedule_store.lock_run(conn, tenant_id=tenant_id, run_id=run.run_id):
            paused = isinstance(error, Invalid) and await _pause(deps, conn, tenant_id, run, error)
            await schedule_store.finish_run(
                conn,
                tenant_id=tenant_id,
                run_id=run.run_id,
                now=deps.now(),
                failure_code=code,
                failure=why,
            )
            fact = _fact(deps, tenant_id, run, 0, False, code, is_paused=paused)
            await outbox.add(conn, "crm", fact)


async def _pause(deps: Deps, conn: Connection, tenant_id: UUID, run: Run, error: ApiError) -> bool:
    name: str | None = await conn.fetchval(
        "SELECT name FROM crm.querier WHERE tenant_id = $1 AND querier_id = $2",
        *(tenant_id, run.querier_id),
    )
    if run.schedule_id is None or not await schedule_store.pause(
        conn,
        tenant_id=tenant_id,
        schedule_id=run.schedule_id,
        code=error.code,
        reason=error.detail,
        now=deps.now(),
    ):
        return False
    await notices.tell(
        deps,
        conn,
        tenant_id=tenant_id,
        user_id=run.owner_id,
        text_en=f"The schedule of your querier {name} is paused. {error.detail} "
        "Repair the querier, then save the schedule.",
        text_zh=f"您的查询“{name}”的定时任务已暂停，请修改查询后重新保存定时任务。{error.detail}",
    )
    return True


async def answer(deps: Deps, caller: Caller, run_id: UUID) -> KeptAnswerView:
    """Return a kept answer to the owner of its schedule, as long as he may see it all.

    Raises:
        NotFound: There is none of the caller's.
        Conflict: He may do less now than when it was asked.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await schedule_store.kept(
            conn, tenant_id=caller.tenant_id, run_id=run_id, owner_id=caller.user_id
        )
        if found is None:
            raise NotFound("run_not_found", f"There is no run {run_id}.")
        run, query, result = found
        lost = set(run.permissions) - {each.value for each in caller.granted()}
        if query is None:
            raise Conflict("querier_needs_repair", service.UNREADABLE)
        if not lost and result:
            try:
                (await running.joined(deps, caller, conn)).columns(query)
            except Invalid as error:
                lost = {error.code}
    if lost:
        raise Conflict(
            "rights_changed", "You may see less now than when it was asked: run the querier again."
        )
    known = KeptRunView.model_validate(run).model_dump()
    return KeptAnswerView(**known, columns=result.get("columns", []), rows=result.get("rows", []))


def view(schedule: Schedule) -> ScheduleView:
    """Return a schedule as the API shows it."""
    at = schedule.at_time
    shown: dict[str, Any] = {
        name: getattr(schedule, name) for name in ScheduleView.model_fields if name != "at_time"
    }
    return ScheduleView(**shown, at_time=at.strftime("%H:%M") if at is not None else None)


def _is_same(present: Schedule, wanted: Schedule) -> bool:
    """Whether a schedule is what is wanted already; one that pauses goes on when sent anew."""
    of_its_own = ("next_run_at", "version", "created_at", "updated_at")
    known = {name: getattr(present, name) for name in of_its_own}
    return replace(wanted, **known) == present


async def _made(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    schedule_id: UUID,
    querier_id: UUID,
    wanted: QuerierScheduleBody,
) -> Schedule:
    if (wanted.at_time is None) == (wanted.every_minutes is None):
        raise Invalid("schedule_invalid", "Give at_time, or else every_minutes.")
    querier = await service.find(conn, caller, querier_id)
    if wanted.action is not None:
        await actions.check(conn, caller, wanted.action)
        if service.question(querier).is_grouped:
            raise Invalid(
                "querier_groups_only", "Groups are no rows: nothing can be done with them."
            )
    settings = await settings_store.get(conn, tenant_id=caller.tenant_id)
    now = deps.now()
    made = Schedule(
        schedule_id=schedule_id,
        querier_id=querier_id,
        owner_id=caller.user_id,
        at_time=time.fromisoformat(wanted.at_time) if wanted.at_time is not None else None,
        weekdays=tuple(sorted(set(wanted.weekdays))),
        every_minutes=wanted.every_minutes,
        zone=wanted.zone or settings.zone,
        at_least=wanted.at_least,
        querier_version=querier.version,
        action=wanted.action.model_dump(mode="json") if wanted.action is not None else None,
        scopes=owners.scopes_of(caller),
        is_enabled=wanted.is_enabled,
        next_run_at=now,
        paused_code="",
        paused_reason="",
        version=1,
        created_at=now,
        updated_at=now,
    )
    return replace(made, next_run_at=_next(made, now))


def _next(schedule: Schedule, now: datetime) -> datetime:
    if schedule.every_minutes is not None:
        return now + timedelta(minutes=schedule.every_minutes)
    assert schedule.at_time is not None
    return next_at(now, schedule.at_time, frozenset(schedule.weekdays), schedule.zone)


def _kept(found: running.Answer) -> tuple[list[list[Any]], bool]:
    """Return the rows that are kept, and whether some are not."""
    rows: list[list[Any]] = []
    size = 0
    for row in found.rows:
        size += len(orjson.dumps(row))
        if size > _KEPT_BYTES:
            return rows, True
        rows.append(row)
    return rows, found.has_more


def _fact(
    deps: Deps,
    tenant_id: UUID,
    run: Run,
    found: int,
    is_triggered: bool,
    code: str,
    *,
    is_paused: bool = False,
) -> QuerierRunFinishedV1:
    return QuerierRunFinishedV1(
        occurred_at=deps.now(),
        tenant=str(tenant_id),
        querier_id=str(run.querier_id),
        run_id=str(run.run_id),
        schedule_id=str(run.schedule_id),
        agent_id=str(run.owner_id),
        found=found,
        is_triggered=is_triggered,
        failure_code=code,
        is_schedule_paused=is_paused,
    )


def _check_version(present: Schedule, version: int | None) -> None:
    if version is not None and version != present.version:
        raise PreconditionFailed(
            "schedule_changed",
            "The schedule was changed meanwhile; `current` is what it is now.",
            extra={"current": view(present).model_dump(mode="json")},
        )


async def _note(deps: Deps, conn: Connection, caller: Caller, act: str, schedule: Schedule) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=act,
        object_type="querier",
        object_id=schedule.querier_id,
        detail={"schedule_id": schedule.schedule_id, "action": schedule.action},
    )
