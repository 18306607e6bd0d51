"""Seats that are given and taken while their users stay: an agent number and a SIP account."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from ringway.crm_api.access import SEAT_ROLES, Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, NotFound
from ringway.crm_api.teams.service import tell_of_member
from ringway.crm_api.users import service, standing, store
from ringway.proto.acd import RemoveAgentV1
from ringway.proto.base import Done
from ringway.runtime.postgres import Connection


async def give(
    deps: Deps, caller: Caller, user_id: UUID, version: int | None, number: str
) -> tuple[store.User, str | None]:
    """Give a user a seat with this number, instead of the one that he has.

    Returns:
        The user, and the password of his SIP account if one was made.

    Raises:
        NotFound, PreconditionFailed, Forbidden: Of the user.
        Conflict: His role has no seat, or the number is taken.
        Refused, DependencyDown: The ACD did not do it (he is signed in); nothing has changed.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        before = await _find(conn, caller, user_id, version)
        if before.role not in SEAT_ROLES:
            raise Conflict("role_without_seat", f"The role {before.role} has no agent number.")
        if before.agent_number == number:
            return before, None
        user = await _write(deps, conn, caller, before, number, before.sip_username)
        # Inside the transaction, as when a user is made: a repeat makes the same account again.
        seat = await service.put_agent(deps, caller.tenant, user)
        await store.set_sip_username(
            conn,
            tenant_id=caller.tenant_id,
            user_id=user_id,
            sip_username=seat.sip_username,
        )
    deps.guard.forget(caller.tenant_id, user_id)
    return replace(user, sip_username=seat.sip_username), seat.sip_password


async def take(deps: Deps, caller: Caller, user_id: UUID, version: int | None) -> None:
    """Take a user's seat away.

    Raises:
        NotFound, PreconditionFailed, Forbidden: Of the user; or he has no seat.
        Refused, DependencyDown: The ACD did not do it (he is signed in); nothing has changed.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        before = await _find(conn, caller, user_id, version)
        if before.agent_number is None:
            raise NotFound("seat_not_found", "This user has no agent number.")
        await _write(deps, conn, caller, before, None, None)
        removal = RemoveAgentV1(occurred_at=deps.now(), tenant=caller.tenant, agent_id=str(user_id))
        await deps.bus.request(removal, Done)
    deps.guard.forget(caller.tenant_id, user_id)


async def _find(conn: Connection, caller: Caller, user_id: UUID, version: int | None) -> store.User:
    found = await store.get(conn, tenant_id=caller.tenant_id, user_id=user_id, for_update=True)
    if found is None:
        raise service.user_not_found(user_id)
    await standing.check_change(conn, caller, found)
    if version is not None and version != found.version:
        raise service.user_changed(found)
    return found


async def _write(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    before: store.User,
    number: str | None,
    sip_username: str | None,
) -> store.User:
    try:
        user = await store.set_seat(
            conn,
            tenant_id=caller.tenant_id,
            user_id=before.user_id,
            agent_number=number,
            sip_username=sip_username,
            now=deps.now(),
        )
    except store.AgentNumberTaken:
        raise Conflict(
            "agent_number_taken", f"Another user has the agent number {number}."
        ) from None
    # Teams are agents with seats to the dialer and to those who supervise them.
    await tell_of_member(deps, conn, caller, before.user_id)
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action="user.seat_given" if number is not None else "user.seat_taken",
        object_type="user",
        object_id=before.user_id,
        detail={"agent_number": number, "before": before.agent_number},
    )
    return user
