"""What is done with endpoints and their deliveries."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.webhooks.patterns import matches
from ringway.crm_api.core.webhooks.signature import SECRET_BYTES, secret_text
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.events.sight import rule_of
from ringway.crm_api.outside import AddressRefused, Plain, check_url
from ringway.crm_api.webhooks import delivery_store, store
from ringway.crm_api.webhooks.delivery_store import Delivery
from ringway.crm_api.webhooks.endpoints import MOST
from ringway.crm_api.webhooks.schemas import (
    EventTypeView,
    Replay,
    Replayed,
    WebhookBody,
    WebhookRotation,
    WebhookView,
    WebhookWithSecret,
)
from ringway.crm_api.webhooks.store import Webhook
from ringway.crm_api.webhooks.worker import secret_purpose
from ringway.proto.base import Kind, registry
from ringway.runtime import held
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

TEST = "crm.v1.webhook.test"
_REPLAY_MOST = 10_000


def event_types(caller: Caller) -> list[EventTypeView]:
    """Return every type of event, and which of them the caller may be told of."""
    facts = {kind.type_name(): kind for kind in registry() if kind.KIND is Kind.FACT}
    return [
        EventTypeView(
            type=name,
            description=(kind.__doc__ or "").strip().partition("\n")[0],
            permission=(needs := rule_of(name).needs),
            is_seen=caller.may(needs),
        )
        for name, kind in sorted(facts.items())
    ]


async def create(deps: Deps, caller: Caller, new: WebhookBody) -> WebhookWithSecret:
    """Make an endpoint; its secret is in the answer and nowhere else.

    Raises:
        Conflict: There are too many.
        Forbidden, Invalid: See :func:`_checked`.
    """
    sees = _checked(deps, caller, new)
    webhook_id = uuid7()
    secret, sealed = _new_secret(deps, caller.tenant_id, webhook_id)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if await store.lock_all(conn, tenant_id=caller.tenant_id) >= MOST:
            raise Conflict("too_many_webhooks", f"There are {MOST} already. Remove one first.")
        made = await store.add(
            conn,
            tenant_id=caller.tenant_id,
            webhook_id=webhook_id,
            **_columns(new),
            sees=sees,
            secret=sealed,
            now=deps.now(),
        )
        await _note(deps, conn, caller, "webhook.created", webhook_id, new.model_dump())
    deps.webhooks.forget(caller.tenant_id)
    return _with_secret(made, secret)


async def find(
    conn: Connection, tenant_id: UUID, webhook_id: UUID, *, lock: bool = False
) -> Webhook:
    """Return an endpoint. Raises NotFound."""
    found = await store.get(conn, tenant_id=tenant_id, webhook_id=webhook_id, lock=lock)
    if found is None:
        raise NotFound("webhook_not_found", f"There is no webhook {webhook_id}.")
    return found


async def change(
    deps: Deps, caller: Caller, webhook_id: UUID, version: int | None, wanted: WebhookBody
) -> Webhook:
    """Change an endpoint. What one that is switched off still had to be sent is held."""
    sees = _checked(deps, caller, wanted)
    tenant_id = caller.tenant_id
    async with deps.pool.tenant(tenant_id) as conn:
        present = await find(conn, tenant_id, webhook_id, lock=True)
        _check_version(present, version)
        # One that fails or was switched off begins anew when it is sent again.
        works = present.failures == 0 and not present.disabled_reason
        if (
            works
            and present.sees == sees
            and says_nothing_new(WebhookView.model_validate(present), wanted)
        ):
            return present
        changed = await store.change(
            conn,
            tenant_id=tenant_id,
            webhook_id=webhook_id,
            **_columns(wanted),
            sees=sees,
            now=deps.now(),
        )
        if not wanted.is_enabled:
            await delivery_store.hold_pending(conn, tenant_id=tenant_id, webhook_id=webhook_id)
        await _note(deps, conn, caller, "webhook.changed", webhook_id, wanted.model_dump())
    deps.webhooks.forget(tenant_id)
    return changed


async def remove(deps: Deps, caller: Caller, webhook_id: UUID, version: int | None) -> None:
    """Remove an endpoint with its log."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find(conn, caller.tenant_id, webhook_id, lock=True)
        _check_version(present, version)
        await store.remove(conn, tenant_id=caller.tenant_id, webhook_id=webhook_id)
        await _note(deps, conn, caller, "webhook.removed", webhook_id, {"url": present.url})
    deps.webhooks.forget(caller.tenant_id)


async def rotate(
    deps: Deps, caller: Caller, webhook_id: UUID, how: WebhookRotation
) -> WebhookWithSecret:
    """Give an endpoint a new secret; both sign for a while."""
    secret, sealed = _new_secret(deps, caller.tenant_id, webhook_id)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await find(conn, caller.tenant_id, webhook_id, lock=True)
        changed = await store.rotate(
            conn,
            tenant_id=caller.tenant_id,
            webhook_id=webhook_id,
            secret=sealed,
            old_until=deps.now() + timedelta(seconds=how.overlap_s),
            now=deps.now(),
        )
        assert changed is not None
        await _note(deps, conn, caller, "webhook.secret_rotated", webhook_id, how.model_dump())
    return _with_secret(changed, secret)


async def test(deps: Deps, caller: Caller, webhook_id: UUID) -> Delivery:
    """Send an event that says nothing, on the same way as all others. Raises Conflict."""
    event_id, delivery_id = uuid7().hex, uuid7()
    data = {
        "message_id": event_id,
        "occurred_at": deps.now().isoformat(),
        "tenant": caller.tenant,
        "webhook_id": str(webhook_id),
    }
    body = {"id": None, "type": TEST, "tenant": caller.tenant, "data": data}
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _ready(conn, caller.tenant_id, webhook_id)
        await delivery_store.add(
            conn,
            tenant_id=caller.tenant_id,
            event_id=event_id,
            type_name=TEST,
            body=orjson.dumps(body).decode(),
            to=[(webhook_id, delivery_id)],
            now=deps.now(),
        )
        found = await delivery(conn, caller.tenant_id, webhook_id, delivery_id)
    held.afterwards(deps.webhooks.news.set)
    return found


async def delivery(
    conn: Connection, tenant_id: UUID, webhook_id: UUID, delivery_id: UUID
) -> Delivery:
    """Return a delivery of an endpoint. Raises NotFound."""
    found = await delivery_store.get(
        conn, tenant_id=tenant_id, webhook_id=webhook_id, delivery_id=delivery_id
    )
    if found is None:
        raise NotFound("delivery_not_found", f"There is no delivery {delivery_id}.")
    return found


async def retry(deps: Deps, caller: Caller, webhook_id: UUID, delivery_id: UUID) -> Delivery:
    """Send a delivery (again) now. Raises Conflict: The endpoint is off."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _ready(conn, caller.tenant_id, webhook_id)
        await delivery(conn, caller.tenant_id, webhook_id, delivery_id)
        await delivery_store.begin_anew(
            conn, tenant_id=caller.tenant_id, delivery_id=delivery_id, now=deps.now()
        )
        detail = {"delivery_id": str(delivery_id)}
        await _note(deps, conn, caller, "webhook.delivery_retried", webhook_id, detail)
        found = await delivery(conn, caller.tenant_id, webhook_id, delivery_id)
    held.afterwards(deps.webhooks.news.set)
    return found


async def replay(deps: Deps, caller: Caller, webhook_id: UUID, what: Replay) -> Replayed:
    """Send what an endpoint missed since a time. Raises Conflict: The endpoint is off."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _ready(conn, caller.tenant_id, webhook_id)
        count = await delivery_store.replay(
            conn,
            tenant_id=caller.tenant_id,
            webhook_id=webhook_id,
            since=what.since,
            with_delivered=what.with_delivered,
            now=deps.now(),
            limit=_REPLAY_MOST,
        )
        detail = {**what.model_dump(mode="json"), "count": count}
        await _note(deps, conn, caller, "webhook.replayed", webhook_id, detail)
    held.afterwards(deps.webhooks.news.set)
    return Replayed(count=count, is_all=count < _REPLAY_MOST)


def _checked(deps: Deps, caller: Caller, wanted: WebhookBody) -> list[str]:
    """Return the permissions under which an endpoint is told of events.

    Raises:
        Invalid: The address is one that is never called, or no event has such a type.
        Forbidden: The caller may see none of the events of a type.
    """
    hosts = frozenset(deps.settings.webhook_inside_hosts)
    try:
        check_url(wanted.url, hosts, plain=Plain.INSIDE, who="An endpoint")
    except AddressRefused as error:
        raise Invalid("url_refused", f"url: {error}") from error
    known = event_types(caller)
    for n, pattern in enumerate(wanted.event_types):
        fitting = [each for each in known if matches(pattern, each.type)]
        if not fitting:
            raise Invalid(
                "event_type_unknown",
                f"event_types.{n}: no event has this type; see /webhooks/event-types.",
            )
        if not any(each.is_seen for each in fitting):
            raise Forbidden(
                "event_type_not_yours",
                f"event_types.{n}: you do not have {fitting[0].permission.value}.",
                extra={"permission": fitting[0].permission.value},
            )
    return sorted({each.permission.value for each in known if each.is_seen})


def _columns(body: WebhookBody) -> dict[str, Any]:
    return {
        "url": body.url,
        "event_types": list(dict.fromkeys(body.event_types)),
        "description": body.description,
        "is_enabled": body.is_enabled,
    }


def _new_secret(deps: Deps, tenant_id: UUID, webhook_id: UUID) -> tuple[str, bytes]:
    secret = secret_text(secrets.token_bytes(SECRET_BYTES))
    return secret, deps.vault.seal(secret, purpose=secret_purpose(tenant_id, webhook_id))


def _with_secret(webhook: Webhook, secret: str) -> WebhookWithSecret:
    return WebhookWithSecret(**WebhookView.model_validate(webhook).model_dump(), secret=secret)


def _check_version(present: Webhook, version: int | None) -> None:
    if version is not None and version != present.version:
        view = WebhookView.model_validate(present)
        raise PreconditionFailed(
            "webhook_changed",
            "The webhook was changed meanwhile; `current` is what it is now.",
            extra={"current": view.model_dump(mode="json")},
        )


async def _ready(conn: Connection, tenant_id: UUID, webhook_id: UUID) -> None:
    if not (await find(conn, tenant_id, webhook_id)).is_enabled:
        raise Conflict("webhook_disabled", "The webhook is off. Switch it on first.")
    await store.end_pause(conn, tenant_id=tenant_id, webhook_id=webhook_id)


async def _note(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    action: str,
    webhook_id: UUID,
    detail: Mapping[str, Any],
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="webhook",
        object_id=webhook_id,
        detail=detail,
    )
