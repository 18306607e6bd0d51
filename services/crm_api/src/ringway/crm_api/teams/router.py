"""/teams: departments and teams, who is in them, and who was."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of
from ringway.crm_api.teams import service, store
from ringway.crm_api.teams.schemas import (
    Newcomers,
    TeamBody,
    TeamMemberView,
    TeamMoveView,
    TeamView,
)
from ringway.crm_api.users import store as users
from ringway.crm_api.users.service import user_not_found

router = api_router("/teams", "teams")
of_users = api_router("/users/{user_id}/team-moves", "teams")
Reader = Annotated[Caller, Depends(requires(Permission.TEAMS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.TEAMS_WRITE))]
Mover = Annotated[Caller, Depends(requires(Permission.TEAMS_MOVE))]


@router.post("", status_code=201)
async def create_team(new: TeamBody, deps: DepsOf, caller: Writer, response: Response) -> TeamView:
    """Make a department or team. Its leaders supervise everybody below, from now on."""
    view = await service.create(deps, caller, new)
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/teams/{view.team_id}"
    return view


@router.get("")
async def list_teams(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[TeamView]:
    """List departments and teams; `parent_id` makes a tree of them."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        teams = await store.page(
            conn, tenant_id=caller.tenant_id, after=cursor_uuid(cursor), limit=limit + 1
        )
    items = [TeamView.model_validate(team) for team in teams]
    return page_of(items, limit, lambda last: last.team_id)


@router.get("/{team_id}")
async def get_team(team_id: UUID, deps: DepsOf, caller: Reader, response: Response) -> TeamView:
    """Return one department or team."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        team = await service.find(conn, caller.tenant_id, team_id)
    set_etag(response, team.version)
    return TeamView.model_validate(team)


@router.put("/{team_id}")
async def change_team(
    team_id: UUID,
    wanted: TeamBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> TeamView:
    """Change a department or team, or move it with all that it contains."""
    version = expected_version(if_match, required=True)
    view = await service.change(deps, caller, team_id, version, wanted)
    set_etag(response, view.version)
    return view


@router.delete("/{team_id}", status_code=204)
async def remove_team(
    team_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove a department or team that is empty and serves no campaign."""
    await service.remove(deps, caller, team_id, expected_version(if_match))


@router.get("/{team_id}/members")
async def list_team_members(
    team_id: UUID,
    deps: DepsOf,
    caller: Reader,
    below: Annotated[bool, Query(description="Also of the teams that are part of it.")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[TeamMemberView]:
    """List the people of a team."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.find(conn, caller.tenant_id, team_id)
        found = await store.members(
            conn,
            tenant_id=caller.tenant_id,
            team_id=team_id,
            with_below=below,
            after=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [TeamMemberView.model_validate(member) for member in found]
    return page_of(items, limit, lambda last: last.user_id)


@router.post("/{team_id}/members", status_code=204)
async def move_to_team(team_id: UUID, who: Newcomers, deps: DepsOf, caller: Mover) -> None:
    """Put people into this team, out of the one that they were in.

    It holds within seconds where the teams count: in campaigns and in supervision.
    """
    await service.move(deps, caller, who.user_ids, team_id)


@router.delete("/{team_id}/members/{user_id}", status_code=204)
async def leave_team(team_id: UUID, user_id: UUID, deps: DepsOf, caller: Mover) -> None:
    """Take somebody out of this team; he is in none then."""
    await service.leave(deps, caller, team_id, user_id)


@of_users.get("")
async def list_team_moves(
    user_id: UUID, deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[TeamMoveView]:
    """List where somebody was, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if await users.get(conn, tenant_id=caller.tenant_id, user_id=user_id) is None:
            raise user_not_found(user_id)
        found = await store.moves(
            conn,
            tenant_id=caller.tenant_id,
            user_id=user_id,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [TeamMoveView.model_validate(move) for move in found]
    return page_of(items, limit, lambda last: last.move_id)
