"""Many users in one request: each is made for itself, and one that fails spoils no other."""

from __future__ import annotations

from collections.abc import Sequence

from ringway.crm_api.access import Caller
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import translate
from ringway.crm_api.users import service
from ringway.crm_api.users.schemas import NewUser, NewUserFate, NewUsersReport


async def create(deps: Deps, caller: Caller, new: Sequence[NewUser]) -> NewUsersReport:
    """Create users one after the other and tell what became of each."""
    fates = [await _create(deps, caller, index, each) for index, each in enumerate(new)]
    created = sum(fate.user_id is not None for fate in fates)
    return NewUsersReport(created=created, refused=len(fates) - created, items=fates)


async def _create(deps: Deps, caller: Caller, index: int, new: NewUser) -> NewUserFate:
    try:
        user, sip_password = await service.create(deps, caller, new)
    except Exception as error:
        known = translate(error)
        if known is None:
            raise
        return NewUserFate(
            index=index,
            username=new.username,
            user_id=None,
            agent_number=new.agent_number,
            code=known.code,
            detail=known.detail,
        )
    return NewUserFate(
        index=index,
        username=user.username,
        user_id=user.user_id,
        agent_number=user.agent_number,
        sip_username=user.sip_username,
        sip_password=sip_password,
    )
