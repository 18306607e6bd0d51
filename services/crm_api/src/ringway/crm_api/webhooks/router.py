"""/webhooks: endpoints of an enterprise that are told of events, and how that went."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Depends, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of
from ringway.crm_api.webhooks import delivery_store, service, store
from ringway.crm_api.webhooks.schemas import (
    AttemptView,
    DeliveryDetail,
    DeliveryState,
    DeliveryView,
    EventTypeView,
    Replay,
    Replayed,
    WebhookBody,
    WebhookRotation,
    WebhookView,
    WebhookWithSecret,
)

router = api_router("/webhooks", "webhooks")
Reader = Annotated[Caller, Depends(requires(Permission.WEBHOOKS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.WEBHOOKS_WRITE))]


@router.post("", status_code=201)
async def create_webhook(
    new: WebhookBody, deps: DepsOf, caller: Writer, response: Response
) -> WebhookWithSecret:
    """Make an endpoint. Its secret, with which deliveries are signed, is shown this once."""
    view = await service.create(deps, caller, new)
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/webhooks/{view.webhook_id}"
    return view


@router.get("")
async def list_webhooks(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[WebhookView]:
    """List the endpoints."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.page(
            conn, tenant_id=caller.tenant_id, after=cursor_uuid(cursor), limit=limit + 1
        )
    items = [WebhookView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.webhook_id)


@router.get("/event-types")
async def list_event_types(caller: Reader) -> Page[EventTypeView]:
    """List the types of events, what each takes to be seen, and whether you may."""
    return Page(items=service.event_types(caller))


@router.get("/{webhook_id}")
async def get_webhook(
    webhook_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> WebhookView:
    """Return an endpoint."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await service.find(conn, caller.tenant_id, webhook_id)
    set_etag(response, found.version)
    return WebhookView.model_validate(found)


@router.put("/{webhook_id}")
async def change_webhook(
    webhook_id: UUID,
    wanted: WebhookBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> WebhookView:
    """Change an endpoint, or switch it on or off. It is told of what you may see."""
    version = expected_version(if_match, required=True)
    changed = await service.change(deps, caller, webhook_id, version, wanted)
    set_etag(response, changed.version)
    return WebhookView.model_validate(changed)


@router.delete("/{webhook_id}", status_code=204)
async def remove_webhook(
    webhook_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove an endpoint with the log of its deliveries."""
    await service.remove(deps, caller, webhook_id, expected_version(if_match))


@router.post("/{webhook_id}/rotate-secret")
async def rotate_webhook_secret(
    webhook_id: UUID, how: WebhookRotation, deps: DepsOf, caller: Writer, response: Response
) -> WebhookWithSecret:
    """Give an endpoint a new secret. Deliveries carry both signatures for a while."""
    view = await service.rotate(deps, caller, webhook_id, how)
    set_etag(response, view.version)
    return view


@router.post("/{webhook_id}/test", status_code=202)
async def test_webhook(webhook_id: UUID, deps: DepsOf, caller: Writer) -> DeliveryView:
    """Send an event of the type `crm.v1.webhook.test`. What came of it is in the delivery."""
    return DeliveryView.model_validate(await service.test(deps, caller, webhook_id))


@router.post("/{webhook_id}/replay", status_code=202)
async def replay_webhook(webhook_id: UUID, what: Replay, deps: DepsOf, caller: Writer) -> Replayed:
    """Send what failed or was held since a time, oldest first, under the same `webhook-id`."""
    return await service.replay(deps, caller, webhook_id, what)


@router.get("/{webhook_id}/deliveries")
async def list_deliveries(
    webhook_id: UUID,
    deps: DepsOf,
    caller: Reader,
    state: DeliveryState | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[DeliveryView]:
    """List deliveries of the last 30 days, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.find(conn, caller.tenant_id, webhook_id)
        found = await delivery_store.page(
            conn,
            tenant_id=caller.tenant_id,
            webhook_id=webhook_id,
            state=state.value if state is not None else None,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [DeliveryView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.delivery_id)


@router.get("/{webhook_id}/deliveries/{delivery_id}")
async def get_delivery(
    webhook_id: UUID, delivery_id: UUID, deps: DepsOf, caller: Reader
) -> DeliveryDetail:
    """Return a delivery with the event and what became of each attempt."""
    tenant_id = caller.tenant_id
    async with deps.pool.tenant(tenant_id) as conn:
        found = await service.delivery(conn, tenant_id, webhook_id, delivery_id)
        body = await delivery_store.body_of(conn, tenant_id=tenant_id, event_id=found.event_id)
        tried = await delivery_store.attempts(conn, tenant_id=tenant_id, delivery_id=delivery_id)
    return DeliveryDetail(
        **DeliveryView.model_validate(found).model_dump(),
        event=orjson.loads(body),
        tried=[AttemptView.model_validate(each) for each in tried],
    )


@router.post("/{webhook_id}/deliveries/{delivery_id}/retry", status_code=202)
async def retry_delivery(
    webhook_id: UUID, delivery_id: UUID, deps: DepsOf, caller: Writer
) -> DeliveryView:
    """Send a delivery (again) now, under the same `webhook-id`."""
    return DeliveryView.model_validate(await service.retry(deps, caller, webhook_id, delivery_id))
