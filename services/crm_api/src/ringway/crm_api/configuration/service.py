"""Asks the ACD, which owns the configuration, and writes into the audit log who changed it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import BadRequest, Invalid, PreconditionFailed, from_refusal
from ringway.crm_api.etag import expected_version
from ringway.crm_api.users import store as user_store
from ringway.proto.acd_config import (
    ConferenceRoom,
    Config,
    ConfigKind,
    ConfigListV1,
    ConfigV1,
    DeleteConfigV1,
    GetConfigV1,
    ListConfigV1,
    MonitorGroup,
    PutConfigV1,
    VoicemailBox,
)
from ringway.proto.base import Done
from ringway.runtime.errors import Refused

_AUDITED_BYTES_AT_MOST = 10_000
_NEW = 0


async def get(deps: Deps, caller: Caller, kind: ConfigKind, object_id: str) -> ConfigV1:
    """Return one object.

    Raises:
        Refused: ``config_unknown``.
    """
    question = GetConfigV1(
        occurred_at=deps.now(), tenant=caller.tenant, kind=kind, object_id=object_id
    )
    return await deps.bus.request(question, ConfigV1)


async def page(
    deps: Deps, caller: Caller, kind: ConfigKind, after: str, limit: int
) -> ConfigListV1:
    """Return objects in the order of their ids, after ``after``."""
    question = ListConfigV1(
        occurred_at=deps.now(), tenant=caller.tenant, kind=kind, after=after, limit=limit
    )
    return await deps.bus.request(question, ConfigListV1)


async def wanted_version(
    deps: Deps,
    caller: Caller,
    kind: ConfigKind,
    object_id: str,
    *,
    if_match: str | None,
    if_none_match: str | None,
) -> int:
    """Return the version that a PUT replaces; 0: it creates.

    Raises:
        BadRequest: Both conditions, or one that we do not understand.
        PreconditionRequired: Neither condition.
        Refused: ``config_unknown``: ``If-Match: *``, and there is nothing.
    """
    if if_none_match is not None:
        if if_none_match.strip() != "*" or if_match is not None:
            raise BadRequest(
                "if_none_match_invalid",
                "If-None-Match: * creates, If-Match changes; send one of them.",
            )
        return _NEW
    version = expected_version(if_match, required=True)
    if version is None:
        version = (await get(deps, caller, kind, object_id)).version
    return version


async def put(deps: Deps, caller: Caller, object_id: str, new: Config, if_version: int) -> ConfigV1:
    """Create or replace an object.

    Raises:
        PreconditionFailed: Another version is there.
        Invalid: It names a user who does not exist.
        Refused: By the ACD; see ``PutConfigV1``.
    """
    kind: ConfigKind = new.KIND  # type: ignore[assignment]
    if isinstance(new, MonitorGroup):
        await _check_supervisors(deps, caller, new)
    body = new.model_dump(mode="json")
    question = PutConfigV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        kind=kind,
        object_id=object_id,
        body=body,
        if_version=if_version,
    )
    try:
        stored = await deps.bus.request(question, ConfigV1)
    except Refused as refused:
        if refused.code != "config_changed":
            raise
        raise await _changed(deps, caller, kind, object_id, refused) from refused
    if stored.version != if_version:  # else it is what it was
        await _audit(deps, caller, f"{kind}.put", kind, object_id, _detail(new, stored.version))
    return stored


async def delete(
    deps: Deps, caller: Caller, kind: ConfigKind, object_id: str, if_match: str | None
) -> None:
    """Delete an object.

    Raises:
        PreconditionFailed: Another version is there.
        Refused: ``config_unknown`` or ``config_in_use``.
    """
    version = expected_version(if_match)
    await get(deps, caller, kind, object_id)  # another tenant's does not exist
    question = DeleteConfigV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        kind=kind,
        object_id=object_id,
        if_version=version,
    )
    try:
        await deps.bus.request(question, Done)
    except Refused as refused:
        if refused.code != "config_changed":
            raise
        raise await _changed(deps, caller, kind, object_id, refused) from refused
    await _audit(deps, caller, f"{kind}.deleted", kind, object_id, {})


async def _changed(
    deps: Deps, caller: Caller, kind: ConfigKind, object_id: str, refused: Refused
) -> Exception:
    try:
        current = await get(deps, caller, kind, object_id)
    except Refused as gone:
        return from_refusal(gone)
    return PreconditionFailed(
        "config_changed",
        refused.detail,
        extra={"current": current.body},
        headers={"ETag": f'"{current.version}"'},
    )


async def _check_supervisors(deps: Deps, caller: Caller, group: MonitorGroup) -> None:
    """The ACD knows seats only; supervisors may have none."""
    wanted: list[UUID | None] = []
    for text in group.supervisor_ids:
        try:
            wanted.append(UUID(text))
        except ValueError:
            wanted.append(None)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        known = await user_store.existing(
            conn,
            tenant_id=caller.tenant_id,
            user_ids=[user_id for user_id in wanted if user_id is not None],
        )
    for n, user_id in enumerate(wanted):
        if user_id not in known:
            raise Invalid(
                "reference_unknown",
                f"supervisor_ids.{n}: there is no user {group.supervisor_ids[n]}; "
                "create it first or name one that exists.",
            )


def _detail(new: Config, version: int) -> dict[str, Any]:
    secret = {"pin"} if isinstance(new, VoicemailBox | ConferenceRoom) else set()
    body = new.model_dump(mode="json", exclude=secret, exclude_defaults=True)
    if len(orjson.dumps(body)) > _AUDITED_BYTES_AT_MOST:
        return {"version": version}
    return {"version": version, "body": body}


async def _audit(
    deps: Deps,
    caller: Caller,
    action: str,
    kind: ConfigKind,
    object_id: str,
    detail: dict[str, Any],
) -> None:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action=action,
            object_type=kind,
            object_id=object_id,
            detail=detail,
        )
