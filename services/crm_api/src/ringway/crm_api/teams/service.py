"""Departments and teams: no rings, nobody in two, and everybody who must know is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.teams import store
from ringway.crm_api.teams.schemas import TeamBody, TeamKind, TeamView
from ringway.crm_api.users import store as users
from ringway.crm_api.users.service import user_not_found
from ringway.proto.crm import TeamChangedV1
from ringway.runtime import outbox
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_SCHEMA = "crm"
_DEEPEST = 12


async def create(deps: Deps, caller: Caller, new: TeamBody) -> TeamView:
    """Make a department or team.

    Raises:
        Invalid: Its parent or a leader does not exist, or the parent is no department.
        Conflict: Its name is taken there.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.lock(conn, caller.tenant_id)
        return await _put(deps, conn, caller, uuid7(), new, action="team.created")


async def change(
    deps: Deps, caller: Caller, team_id: UUID, version: int | None, wanted: TeamBody
) -> TeamView:
    """Change a department or team, or move it with all that it contains.

    Raises:
        Invalid: As for :func:`create`; or it would be part of itself.
        Conflict: Its name is taken there, or a team would contain teams.
        PreconditionFailed: It was changed since ``version``.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.lock(conn, caller.tenant_id)
        present = await find(conn, caller.tenant_id, team_id)
        _check_version(present, version)
        shown = TeamView.model_validate(present)
        if says_nothing_new(shown, wanted):
            return shown
        was_above = await store.above(conn, tenant_id=caller.tenant_id, team_ids=[team_id])
        children = await store.children(conn, tenant_id=caller.tenant_id, team_id=team_id)
        if wanted.kind is TeamKind.TEAM and children:
            raise Conflict("team_has_teams", f"It contains {children} teams: it is a department.")
        view = await _put(deps, conn, caller, team_id, wanted, action="team.changed")
        await _tell(deps, conn, caller, was_above)
    return view


async def remove(deps: Deps, caller: Caller, team_id: UUID, version: int | None) -> None:
    """Remove a department or team that is empty.

    Raises:
        Conflict: Somebody is in it, it contains teams, or a campaign is served by it.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.lock(conn, caller.tenant_id)
        present = await find(conn, caller.tenant_id, team_id)
        _check_version(present, version)
        children = await store.children(conn, tenant_id=caller.tenant_id, team_id=team_id)
        campaigns = await store.campaigns_with(conn, tenant_id=caller.tenant_id, team_id=team_id)
        if present.members or children or campaigns:
            raise Conflict(
                "team_not_empty",
                f"{present.members} people, {children} teams and {campaigns} campaigns need it.",
            )
        await store.remove(conn, tenant_id=caller.tenant_id, team_id=team_id)
        await _tell(deps, conn, caller, [team_id])
        await _audit(deps, conn, caller, "team.removed", team_id, {"name": present.name})


async def move(deps: Deps, caller: Caller, user_ids: Sequence[UUID], team_id: UUID | None) -> None:
    """Put people into a team, out of the one that they were in; None: into no team.

    Raises:
        NotFound: There is no such team or person.
        Forbidden: The caller leads only one of the two teams.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.lock(conn, caller.tenant_id)
        new = await find(conn, caller.tenant_id, team_id) if team_id is not None else None
        known = await users.existing(conn, tenant_id=caller.tenant_id, user_ids=list(user_ids))
        for user_id in user_ids:
            if user_id not in known:
                raise user_not_found(user_id)
        were = await store.teams_of(conn, tenant_id=caller.tenant_id, user_ids=user_ids)
        touched = {*were.values(), *([team_id] if team_id is not None else [])}
        await _check_leads(conn, caller, touched)
        old = {each: await find(conn, caller.tenant_id, each) for each in {*were.values()}}
        moved = [user_id for user_id in dict.fromkeys(user_ids) if were.get(user_id) != team_id]
        for user_id in moved:
            before = old.get(were[user_id]) if user_id in were else None
            await store.move(
                conn,
                tenant_id=caller.tenant_id,
                user_id=user_id,
                old=before,
                new=new,
                now=deps.now(),
                moved_by=caller.username,
            )
        if not moved:
            return
        above = await store.above(conn, tenant_id=caller.tenant_id, team_ids=sorted(touched))
        await _tell(deps, conn, caller, above)
        detail = {"user_ids": [str(each) for each in moved]}
        await _audit(deps, conn, caller, "team.moved", team_id or "", detail)


async def leave(deps: Deps, caller: Caller, team_id: UUID, user_id: UUID) -> None:
    """Take somebody out of a team. Raises NotFound when he is not in it."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await find(conn, caller.tenant_id, team_id)
        were = await store.teams_of(conn, tenant_id=caller.tenant_id, user_ids=[user_id])
    if were.get(user_id) != team_id:
        raise NotFound("member_not_found", f"{user_id} is not in this team.")
    await move(deps, caller, [user_id], None)


async def find(conn: Connection, tenant_id: UUID, team_id: UUID) -> store.Team:
    """Return a team of the tenant. Raises NotFound."""
    team = await store.get(conn, tenant_id=tenant_id, team_id=team_id)
    if team is None:
        raise NotFound("team_not_found", f"There is no team {team_id}.")
    return team


async def check_known(conn: Connection, tenant_id: UUID, team_ids: Sequence[UUID]) -> None:
    """Return when all of these are teams of the tenant. Raises Invalid."""
    unknown = await store.unknown(conn, tenant_id=tenant_id, team_ids=team_ids)
    if unknown:
        ids = ", ".join(str(each) for each in unknown[:10])
        raise Invalid("team_unknown", f"These are no teams: {ids}.")


async def _put(
    deps: Deps, conn: Connection, caller: Caller, team_id: UUID, wanted: TeamBody, *, action: str
) -> TeamView:
    tenant_id = caller.tenant_id
    if wanted.parent_id is not None:
        parent = await store.get(conn, tenant_id=tenant_id, team_id=wanted.parent_id)
        if parent is None:
            raise Invalid("team_unknown", f"parent_id: there is no team {wanted.parent_id}.")
        if parent.kind != TeamKind.DEPARTMENT:
            raise Invalid("team_in_team", "parent_id: a team contains no teams; a department may.")
        above = await store.above(conn, tenant_id=tenant_id, team_ids=[wanted.parent_id])
        if team_id in above:
            raise Invalid("team_cycle", "parent_id: it would be part of itself.")
        if len(above) >= _DEEPEST:
            raise Invalid("team_too_deep", f"At most {_DEEPEST} levels.")
    known = await users.existing(conn, tenant_id=tenant_id, user_ids=wanted.leader_ids)
    for n, user_id in enumerate(wanted.leader_ids):
        if user_id not in known:
            raise Invalid("user_unknown", f"leader_ids.{n}: there is no user {user_id}.")
    try:
        await store.put(
            conn,
            tenant_id=tenant_id,
            team_id=team_id,
            parent_id=wanted.parent_id,
            kind=wanted.kind.value,
            name=wanted.name,
            leader_ids=wanted.leader_ids,
            now=deps.now(),
        )
    except store.TeamNameTaken:
        raise Conflict("team_name_taken", f"There is a {wanted.name} in this place.") from None
    await _tell(
        deps, conn, caller, await store.above(conn, tenant_id=tenant_id, team_ids=[team_id])
    )
    await _audit(deps, conn, caller, action, team_id, wanted.model_dump(mode="json"))
    return TeamView.model_validate(await find(conn, tenant_id, team_id))


async def _check_leads(conn: Connection, caller: Caller, teams: Iterable[UUID]) -> None:
    if caller.may(Permission.TEAMS_WRITE):
        return
    leads = await store.led_by(conn, tenant_id=caller.tenant_id, user_id=caller.user_id)
    if not set(teams) <= leads:
        raise Forbidden("team_not_yours", "Leaders move people between the teams that they lead.")


def _check_version(present: store.Team, version: int | None) -> None:
    if version is not None and version != present.version:
        view = TeamView.model_validate(present)
        raise PreconditionFailed(
            "team_changed",
            "The team was changed meanwhile; `current` is what it is now.",
            extra={"current": view.model_dump(mode="json")},
        )


async def tell_of_member(deps: Deps, conn: Connection, caller: Caller, user_id: UUID) -> None:
    """Tell who counts on the seats of a user's team that his has changed, if he is in one."""
    tenant_id = caller.tenant_id
    teams = await store.teams_of(conn, tenant_id=tenant_id, user_ids=[user_id])
    if user_id in teams:
        above = await store.above(conn, tenant_id=tenant_id, team_ids=[teams[user_id]])
        await _tell(deps, conn, caller, above)


async def _tell(deps: Deps, conn: Connection, caller: Caller, team_ids: Iterable[UUID]) -> None:
    for team_id in sorted(team_ids):
        fact = TeamChangedV1(occurred_at=deps.now(), tenant=caller.tenant, team_id=str(team_id))
        await outbox.add(conn, _SCHEMA, fact)


async def _audit(
    deps: Deps, conn: Connection, caller: Caller, action: str, team_id: object, detail: Any
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="team",
        object_id=team_id,
        detail=detail,
    )
