"""/users: the people of a tenant and their roles."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from ringway.crm_api.access import Caller, Permission, Role
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, decode_cursor, page_of
from ringway.crm_api.users import many, seats, service, store
from ringway.crm_api.users.schemas import (
    CreatedUser,
    InTeam,
    NewUser,
    NewUsers,
    NewUsersReport,
    OwnRoleId,
    SearchText,
    SeatBody,
    UserChange,
    UserView,
)

router = api_router("/users", "users")
Reader = Annotated[Caller, Depends(requires(Permission.USERS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.USERS_WRITE))]


@router.post("", status_code=201)
async def create_user(
    new: NewUser, deps: DepsOf, caller: Writer, response: Response
) -> CreatedUser:
    """Create a user. With `agent_number` the SIP account is made; its password is shown once."""
    user, sip_password = await service.create(deps, caller, new)
    set_etag(response, user.version)
    response.headers["Location"] = f"/api/v1/users/{user.user_id}"
    view = UserView.model_validate(user)
    return CreatedUser(**view.model_dump(), sip_password=sip_password)


@router.post("/bulk")
async def create_users(new: NewUsers, deps: DepsOf, caller: Writer) -> NewUsersReport:
    """Create up to 50 users, each for itself: the answer tells what became of each.

    SIP passwords are shown this once. Repeat the request for those who were refused.
    """
    return await many.create(deps, caller, new.users)


@router.get("")
async def list_users(
    deps: DepsOf,
    caller: Reader,
    text: SearchText = None,
    role: Role | None = None,
    own_role_id: OwnRoleId | None = None,
    team_id: InTeam = None,
    has_seat: Annotated[
        bool | None, Query(description="With an agent number, or staff without.")
    ] = None,
    is_enabled: bool | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[UserView]:
    """List the users of the caller's tenant by name; all that is asked for must be so."""
    after = decode_cursor(cursor, 1)[0] if cursor is not None else None
    async with deps.pool.tenant(caller.tenant_id) as conn:
        users = await store.page(
            conn,
            tenant_id=caller.tenant_id,
            after=after,
            limit=limit + 1,
            search=store.Search(
                role=role,
                own_role_id=own_role_id,
                has_seat=has_seat,
                is_enabled=is_enabled,
                team_id=team_id,
                text=text,
            ),
        )
    items = [UserView.model_validate(user) for user in users]
    return page_of(items, limit, lambda last: last.username.lower())


@router.get("/{user_id}")
async def get_user(user_id: UUID, deps: DepsOf, caller: Reader, response: Response) -> UserView:
    """Return one user of the caller's tenant."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        user = await store.get(conn, tenant_id=caller.tenant_id, user_id=user_id)
    if user is None:
        raise service.user_not_found(user_id)
    set_etag(response, user.version)
    return UserView.model_validate(user)


@router.patch("/{user_id}")
async def change_user(
    user_id: UUID,
    change: UserChange,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> UserView:
    """Change a user. Disabling him or setting a password ends his sessions."""
    user = await service.change(deps, caller, user_id, expected_version(if_match), change)
    set_etag(response, user.version)
    return UserView.model_validate(user)


@router.put("/{user_id}/seat")
async def put_seat(
    user_id: UUID,
    seat: SeatBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> CreatedUser:
    """Give a user a seat, or another agent number; he must be signed out from the one he has.

    With a new number comes a new SIP account, whose password is shown this once.
    """
    version = expected_version(if_match)
    user, sip_password = await seats.give(deps, caller, user_id, version, seat.agent_number)
    set_etag(response, user.version)
    view = UserView.model_validate(user)
    return CreatedUser(**view.model_dump(), sip_password=sip_password)


@router.delete("/{user_id}/seat", status_code=204)
async def remove_seat(
    user_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Take a user's seat away: his phone ends, his number is free. He stays as staff.

    He must be signed out from it.
    """
    await seats.take(deps, caller, user_id, expected_version(if_match))
