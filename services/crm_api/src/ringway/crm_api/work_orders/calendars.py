"""The ACD's calendars, which promises are counted by, as copies in PostgreSQL.

A copy is made when a business type names a calendar and made anew now and then, so that counting
hours waits for nobody. An order's moments follow with what is done of it next, and an alarm that a
changed calendar made too early finds that there is time left.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from pydantic import ValidationError

from ringway.crm_api.access import Caller
from ringway.crm_api.core.work_orders.hours import Always, AnyHours, HoursInvalid, hours_of
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Invalid
from ringway.proto.acd_config import Calendar, ConfigV1, GetConfigV1
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Connection

_log = logging.getLogger("ringway.crm_api.work_orders")

_OLD = timedelta(minutes=10)
_BATCH = 50


async def hours(conn: Connection, *, tenant_id: UUID, calendar_id: str | None) -> AnyHours:
    """Return the hours of a calendar; without one, or one that cannot be read, all hours."""
    if calendar_id is None:
        return Always()
    body = await conn.fetchval(
        "SELECT body FROM crm.work_calendar WHERE tenant_id = $1 AND calendar_id = $2",
        tenant_id,
        calendar_id,
    )
    try:
        return hours_of(Calendar.model_validate(orjson.loads(body))) if body else Always()
    except (HoursInvalid, ValidationError) as error:
        _log.warning(
            "A calendar cannot be read.",
            extra={"tenant": str(tenant_id), "calendar_id": calendar_id, "reason": str(error)},
        )
        return Always()


async def fetch(deps: Deps, caller: Caller, calendar_id: str) -> Calendar:
    """Return a calendar as the ACD has it.

    Raises:
        Invalid: There is none, or its time zone does not exist.
        DependencyDown: The ACD does not answer.
    """
    try:
        calendar = await _ask(deps, caller.tenant, calendar_id)
        hours_of(calendar)
    except Refused as refused:
        if refused.code != "config_unknown":
            raise
        raise Invalid(
            "reference_unknown",
            f"rules.sla.calendar_id: there is no calendar {calendar_id}; make one with "
            "POST /calendars or name one that exists.",
        ) from refused
    except (HoursInvalid, ValidationError) as error:
        raise Invalid("calendar_invalid", f"The calendar cannot be used: {error}") from error
    return calendar


async def keep(
    conn: Connection, *, tenant_id: UUID, calendar_id: str, calendar: Calendar, now: datetime
) -> None:
    """Keep a copy."""
    await conn.execute(
        """
        INSERT INTO crm.work_calendar (tenant_id, calendar_id, body, asked_at)
        VALUES ($1, $2, $3::jsonb, $4)
        ON CONFLICT (tenant_id, calendar_id) DO UPDATE
            SET body = excluded.body, asked_at = excluded.asked_at
        """,
        *(tenant_id, calendar_id, calendar.model_dump_json(), now),
    )


async def renew(deps: Deps) -> int:
    """Ask again for copies that are old; return how many were. One that is gone stays.

    Raises:
        DependencyDown: PostgreSQL or the ACD does not answer.
    """
    now = deps.now()
    async with deps.pool.platform() as conn:
        old = await conn.fetch(
            "SELECT tenant_id, calendar_id FROM crm.work_calendars_old($1, $2)", now - _OLD, _BATCH
        )
    for row in old:
        tenant_id, calendar_id = row["tenant_id"], row["calendar_id"]
        calendar: Calendar | None = None
        try:
            calendar = await _ask(deps, str(tenant_id), calendar_id)
            hours_of(calendar)
        except (Refused, HoursInvalid, ValidationError) as error:
            _log.info(
                "A calendar's copy stays as it was.",
                extra={"tenant": str(tenant_id), "calendar_id": calendar_id, "why": str(error)},
            )
            calendar = None
        async with deps.pool.tenant(tenant_id) as conn:
            if calendar is not None:
                await keep(
                    conn, tenant_id=tenant_id, calendar_id=calendar_id, calendar=calendar, now=now
                )
            else:
                await conn.execute(
                    "UPDATE crm.work_calendar SET asked_at = $3 "
                    "WHERE tenant_id = $1 AND calendar_id = $2",
                    *(tenant_id, calendar_id, now),
                )
    return len(old)


async def _ask(deps: Deps, tenant: str, calendar_id: str) -> Calendar:
    question = GetConfigV1(
        occurred_at=deps.now(), tenant=tenant, kind="calendar", object_id=calendar_id
    )
    return Calendar.model_validate((await deps.bus.request(question, ConfigV1)).body)
