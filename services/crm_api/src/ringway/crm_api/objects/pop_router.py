"""/object-bindings and /pop: which forms pop, and everything that the screen needs."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import PreconditionFailed
from ringway.crm_api.etag import IfMatch, expected_version, says_nothing_new, set_etag
from ringway.crm_api.objects import bindings, pop, pop_settings, recent
from ringway.crm_api.objects.bindings import BoundTo
from ringway.crm_api.objects.pop_schemas import BindingBody, BindingView, PopView, RecentView
from ringway.crm_api.objects.pop_settings import PopSettingsBody, PopSettingsView
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of
from ringway.proto.base import PhoneE164

router = api_router("/object-bindings", "objects")
pops = api_router("/pop", "objects")
Reader = Annotated[Caller, Depends(requires(Permission.OBJECTS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.OBJECTS_WRITE))]
Popper = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_READ))]
_Id = Annotated[str | None, Query(max_length=100)]


@router.post("", status_code=201)
async def create_binding(
    new: BindingBody, deps: DepsOf, caller: Writer, response: Response
) -> BindingView:
    """Bind work-order objects to a campaign, a queue, a service number, or as the default."""
    stored = await pop.put_binding(deps, caller, None, None, new)
    set_etag(response, stored.version)
    response.headers["Location"] = f"/api/v1/object-bindings/{stored.binding_id}"
    return BindingView.model_validate(stored)


@router.get("")
async def list_bindings(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[BindingView]:
    """List the bindings, oldest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await bindings.page(
            conn, tenant_id=caller.tenant_id, after=cursor_uuid(cursor), limit=limit + 1
        )
    items = [BindingView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.binding_id)


@router.get("/{binding_id}")
async def get_binding(
    binding_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> BindingView:
    """Return a binding."""
    stored = await pop.get_binding(deps, caller, binding_id)
    set_etag(response, stored.version)
    return BindingView.model_validate(stored)


@router.put("/{binding_id}")
async def replace_binding(
    binding_id: UUID,
    wanted: BindingBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> BindingView:
    """Change a binding; it holds for the next interaction."""
    version = expected_version(if_match, required=True)
    stored = await pop.put_binding(deps, caller, binding_id, version, wanted)
    set_etag(response, stored.version)
    return BindingView.model_validate(stored)


@router.delete("/{binding_id}", status_code=204)
async def delete_binding(
    binding_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove a binding."""
    await pop.remove_binding(deps, caller, binding_id, expected_version(if_match))


@pops.get("")
async def get_pop(
    deps: DepsOf,
    caller: Popper,
    phone_e164: Annotated[
        PhoneE164 | None, Query(description="Of the other party.", examples=["+40215550100"])
    ] = None,
    service_number: Annotated[
        PhoneE164 | None, Query(description="The number that was called.")
    ] = None,
    queue_id: _Id = None,
    campaign_id: _Id = None,
    interaction_id: Annotated[
        UUID | None, Query(description="What was looked up for it is returned as well.")
    ] = None,
) -> PopView:
    """Return who calls, how his data is shown, and which work orders pop.

    The binding of the campaign counts before that of the queue, of the service number, and the
    default.
    """
    given = {
        BoundTo.CAMPAIGN: campaign_id,
        BoundTo.QUEUE: queue_id,
        BoundTo.NUMBER: service_number,
    }
    return await pop.pop(
        deps,
        caller,
        phone_e164=phone_e164,
        targets={target: value for target, value in given.items() if value},
        interaction_id=interaction_id,
    )


@pops.get("/recent")
async def get_pop_recent(
    deps: DepsOf,
    caller: Popper,
    customer_id: Annotated[UUID | None, Query(description="Of the pop's customers.")] = None,
    phone_e164: Annotated[
        PhoneE164 | None,
        Query(description="Instead of a customer, where there is none.", examples=["+40215550100"]),
    ] = None,
    interaction_id: Annotated[
        UUID | None, Query(description="The present one, which is left out.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=20, description="Of each part at most.")] = 5,
) -> RecentView:
    """Return the last calls, open work orders and last orders of who calls: a second read.

    Each part within what the caller may see of it; null where he may not at all.
    """
    return await recent.recent(
        deps,
        caller,
        customer_id=customer_id,
        phone_e164=phone_e164,
        interaction_id=interaction_id,
        limit=limit,
    )


@pops.get("/settings")
async def get_pop_settings(deps: DepsOf, caller: Reader, response: Response) -> PopSettingsView:
    """Return which fields of customers and which panels agents see."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await pop_settings.get(conn, tenant_id=caller.tenant_id)
    set_etag(response, found.version)
    return found.view()


@pops.put("/settings")
async def put_pop_settings(
    wanted: PopSettingsBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> PopSettingsView:
    """Say which fields of customers and which panels agents see; it holds for the next pop."""
    version, now, tenant_id = expected_version(if_match), deps.now(), caller.tenant_id
    async with deps.pool.tenant(tenant_id) as conn:
        before = await pop_settings.get(conn, tenant_id=tenant_id)
        if version in (None, before.version) and says_nothing_new(before.view(), wanted):
            set_etag(response, before.version)
            return before.view()
        done = await pop_settings.put(
            conn, tenant_id=tenant_id, version=version, body=wanted, now=now
        )
        present = await pop_settings.get(conn, tenant_id=tenant_id)
        if not done:
            raise PreconditionFailed(
                "pop_settings_changed",
                "The settings were changed meanwhile; `current` is what they are now.",
                extra={"current": present.view().model_dump(mode="json")},
            )
        await audit.add(
            conn,
            caller=caller,
            now=now,
            action="pop_settings.changed",
            object_type="pop_settings",
            detail=wanted.model_dump(mode="json"),
        )
    set_etag(response, present.version)
    return present.view()
