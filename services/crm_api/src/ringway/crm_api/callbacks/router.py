"""/callbacks, /dispositions and /interactions/{id}/disposition. The dialer owns and obeys them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import ValidationError

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.callbacks import store
from ringway.crm_api.callbacks.schemas import (
    CallbackBody,
    CallbackTimes,
    CallbackView,
    DispositionChoice,
    DispositionFields,
    Dispositions,
    DispositionView,
)
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import Invalid, NotFound
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, decode_cursor, page_of
from ringway.proto import dialer_callback as p
from ringway.proto.base import Done
from ringway.runtime.ids import uuid7

router = api_router("/callbacks", "callbacks")
catalogue = api_router("/dispositions", "callbacks")
of_interactions = api_router("/interactions/{interaction_id}/disposition", "callbacks")
Reader = Annotated[Caller, Depends(requires(Permission.CALLBACKS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.CALLBACKS_WRITE))]
Configurer = Annotated[Caller, Depends(requires(Permission.CAMPAIGNS_WRITE))]


@router.post("", status_code=201)
async def create_callback(
    new: CallbackBody, deps: DepsOf, caller: Writer, response: Response
) -> CallbackView:
    """Promise a lead a call. It is dialed ahead of the list when its time has come."""
    callback_id = uuid7()
    response.headers["Location"] = f"/api/v1/callbacks/{callback_id}"
    return await _put(deps, caller, callback_id, str(new.campaign_id), new.lead_id, new)


@router.get("")
async def list_callbacks(
    deps: DepsOf,
    caller: Reader,
    campaign_id: UUID | None = None,
    agent_id: UUID | None = None,
    state: p.CallbackState | None = None,
    due_before: Annotated[Moment | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[CallbackView]:
    """List call-backs as they are due. An agent sees his own and those of the team."""
    after = None
    if cursor is not None:
        due_at, callback_id = decode_cursor(cursor, 2)
        after = (dt.datetime.fromisoformat(due_at), callback_id)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.page(
            conn,
            tenant_id=caller.tenant_id,
            seen_by=_seen_by(caller),
            campaign_id=campaign_id,
            agent_id=agent_id,
            state=state.value if state is not None else None,
            due_before=due_before,
            after=after,
            limit=limit + 1,
        )
    items = [CallbackView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: (last.due_at, last.callback_id))


@router.get("/{callback_id}")
async def get_callback(callback_id: UUID, deps: DepsOf, caller: Reader) -> CallbackView:
    """Return one call-back."""
    return await _callback(deps, caller, callback_id)


@router.put("/{callback_id}")
async def change_callback(
    callback_id: UUID, wanted: CallbackTimes, deps: DepsOf, caller: Writer
) -> CallbackView:
    """Agree another time or agent, as long as it is open."""
    found = await _callback(deps, caller, callback_id)
    return await _put(deps, caller, callback_id, str(found.campaign_id), found.lead_id, wanted)


@router.delete("/{callback_id}", status_code=204)
async def cancel_callback(
    callback_id: UUID,
    deps: DepsOf,
    caller: Writer,
    reason: Annotated[str, Query(max_length=500)] = "",
) -> None:
    """Cancel a call-back: its lead is as it was before."""
    await _callback(deps, caller, callback_id)
    question = p.CancelCallbackV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        callback_id=str(callback_id),
        reason=reason,
        by=caller.username,
        own_agent_id=_own(caller),
    )
    await deps.bus.request(question, Done)


@catalogue.get("")
async def list_dispositions(deps: DepsOf, caller: Reader) -> Dispositions:
    """List what agents may say of calls, entries that are hidden from them included."""
    return await _catalogue(deps, caller)


@catalogue.post("")
async def put_disposition(
    wanted: DispositionFields, deps: DepsOf, caller: Configurer
) -> Dispositions:
    """Change an entry of the catalogue or add one. What was said before keeps its meaning."""
    question = p.PutDispositionV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        code=wanted.code,
        disposition=p.Disposition.model_validate(wanted.model_dump(exclude={"code"})),
    )
    await deps.bus.request(question, Done)
    return await _catalogue(deps, caller)


@of_interactions.get("")
async def get_disposition(interaction_id: UUID, deps: DepsOf, caller: Reader) -> DispositionView:
    """Return what was said of a campaign's call last."""
    return await _said(deps, caller, interaction_id)


@of_interactions.put("")
async def set_disposition(
    interaction_id: UUID, choice: DispositionChoice, deps: DepsOf, caller: Writer
) -> DispositionView:
    """Say how a campaign's call went, during or after it. The last one counts.

    It changes the lead: another call later, a call-back, never again, done; and its grade.
    """
    wish = None if choice.callback is None else _wish(choice.callback)
    question = p.SetDispositionV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        interaction_id=str(interaction_id),
        code=choice.code,
        note=choice.note,
        callback=wish,
        by=caller.username,
        own_agent_id=_own(caller),
    )
    await deps.bus.request(question, Done)
    return await _said(deps, caller, interaction_id)


def _own(caller: Caller) -> str | None:
    """Return whose calls and call-backs alone the caller may change; None: everybody's."""
    return None if caller.may(Permission.INTERACTIONS_ALL) else caller.agent_id


def _seen_by(caller: Caller) -> str | None:
    return _own(caller)


def _wish(wanted: CallbackTimes) -> p.CallbackWish:
    try:
        return wanted.wish()
    except ValidationError as exc:
        raise Invalid("callback_invalid", exc.errors()[0]["msg"]) from exc


async def _put(
    deps: Deps,
    caller: Caller,
    callback_id: UUID,
    campaign_id: str,
    lead_id: str,
    wanted: CallbackTimes,
) -> CallbackView:
    question = p.PutCallbackV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        callback_id=str(callback_id),
        campaign_id=campaign_id,
        lead_id=lead_id,
        wish=_wish(wanted),
        by=caller.username,
        own_agent_id=_own(caller),
    )
    await deps.bus.request(question, p.CallbackV1)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        # Whoever promises it to another sees it this once.
        found = await store.get(
            conn, tenant_id=caller.tenant_id, callback_id=callback_id, seen_by=None
        )
    return CallbackView.model_validate(found)


async def _callback(deps: Deps, caller: Caller, callback_id: UUID) -> CallbackView:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.get(
            conn, tenant_id=caller.tenant_id, callback_id=callback_id, seen_by=_seen_by(caller)
        )
    if found is None:
        raise NotFound("callback_not_found", f"There is no call-back {callback_id}.")
    return CallbackView.model_validate(found)


async def _catalogue(deps: Deps, caller: Caller) -> Dispositions:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        changed = await store.changed_entries(conn, tenant_id=caller.tenant_id)
    entries = p.catalogue(
        {code: p.Disposition.model_validate(entry) for code, entry in changed.items()}
    )
    return Dispositions(
        items=[DispositionFields(code=c, **entry.model_dump()) for c, entry in entries.items()]
    )


async def _said(deps: Deps, caller: Caller, interaction_id: UUID) -> DispositionView:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.said(conn, tenant_id=caller.tenant_id, interaction_id=interaction_id)
    if found is None:
        raise NotFound("disposition_not_found", "Nothing was said of this call yet.")
    return DispositionView.model_validate(found)
