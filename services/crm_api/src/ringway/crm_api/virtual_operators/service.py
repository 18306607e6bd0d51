"""Virtual operators: their accounts, and which enterprises may call by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

from pydantic import SecretStr

from ringway.crm_api.access import PLATFORM_TENANT, Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, NotFound, PreconditionFailed
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.tenants import store as tenants
from ringway.crm_api.tenants.service import tenant_not_found
from ringway.crm_api.virtual_operators import pushing, store
from ringway.crm_api.virtual_operators.schemas import (
    ConnectionBody,
    GrantBody,
    GrantView,
    RotationBody,
    VirtualOperatorBody,
    VirtualOperatorChange,
    VirtualOperatorView,
)
from ringway.crm_api.virtual_operators.store import Grant, VirtualOperator
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection


async def add(deps: Deps, caller: Caller, new: VirtualOperatorBody) -> VirtualOperatorView:
    """Add one. Raises Conflict when the name is taken."""
    operator_id = uuid7()
    try:
        async with deps.pool.tenant(PLATFORM_TENANT) as conn:
            made = await store.add(
                conn,
                virtual_operator_id=operator_id,
                name=new.name,
                app_id=new.app_id,
                secret=_sealed(deps, operator_id, "secret", new.secret),
                pool_key=_sealed_or_none(deps, operator_id, "pool_key", new.pool_key),
                connection=_connection(new),
                now=deps.now(),
            )
            await _note(deps, conn, caller, "virtual_operator.added", operator_id, _about(new))
    except store.NameTaken:
        raise _name_taken(new.name) from None
    return view(made)


async def change(
    deps: Deps, caller: Caller, operator_id: UUID, version: int | None, new: VirtualOperatorChange
) -> VirtualOperatorView:
    """Change one. Its trunks in all enterprises follow within seconds.

    Raises:
        NotFound, Conflict: There is none; its name is another's.
        PreconditionFailed: It was changed since ``version``.
    """
    try:
        async with deps.pool.tenant(PLATFORM_TENANT) as conn:
            present = await _held(conn, operator_id, version)
            secrets = ("secret", "pool_key")
            keeps_secrets = new.secret is None and new.pool_key is None
            if keeps_secrets and says_nothing_new(view(present), new, apart=secrets):
                return view(present)
            made = await store.put(
                conn,
                virtual_operator_id=operator_id,
                name=new.name,
                app_id=new.app_id,
                secret=_sealed_or_none(deps, operator_id, "secret", new.secret),
                pool_key=_sealed_or_none(deps, operator_id, "pool_key", new.pool_key),
                connection=_connection(new),
                now=deps.now(),
            )
            detail = {**_about(new), "app_id_before": present.app_id}
            await _note(deps, conn, caller, "virtual_operator.changed", operator_id, detail)
    except store.NameTaken:
        raise _name_taken(new.name) from None
    return view(made)


async def rotate(
    deps: Deps, caller: Caller, operator_id: UUID, new: RotationBody
) -> VirtualOperatorView:
    """Give an account new secrets. Raises NotFound."""
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        present = await _held(conn, operator_id, None)
        made = await store.put(
            conn,
            virtual_operator_id=operator_id,
            name=present.name,
            app_id=present.app_id,
            secret=_sealed(deps, operator_id, "secret", new.secret),
            pool_key=_sealed_or_none(deps, operator_id, "pool_key", new.pool_key),
            connection=present.connection,
            now=deps.now(),
        )
        detail = {"pool_key_changed": new.pool_key is not None}
        await _note(deps, conn, caller, "virtual_operator.rotated", operator_id, detail)
    return view(made)


async def remove(deps: Deps, caller: Caller, operator_id: UUID) -> None:
    """Remove one that is lent to nobody. Raises NotFound, Conflict."""
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        present = await _held(conn, operator_id, None)
        after: UUID | None = None
        while found := await store.grants(conn, operator_id, after=after, limit=200):
            if any(each.withdrawn_at is None for each in found):
                raise Conflict(
                    "virtual_operator_in_use", "Enterprises call by it; withdraw its grants first."
                )
            after = found[-1].tenant_id
        await store.remove(conn, operator_id)
        detail = {"name": present.name}
        await _note(deps, conn, caller, "virtual_operator.removed", operator_id, detail)


async def grant(
    deps: Deps, caller: Caller, operator_id: UUID, tenant_id: UUID, wanted: GrantBody
) -> GrantView:
    """Let an enterprise call by a virtual operator: it has a trunk there.

    While the ACD does not answer, the answer says so, and a worker goes on.

    Raises:
        NotFound: There is no such virtual operator or enterprise.
        Conflict: The enterprise is not open.
    """
    now = deps.now()
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        lent = await _held(conn, operator_id, None)
        tenant = await tenants.get(conn, tenant_id=tenant_id)
        if tenant is None or tenant_id == PLATFORM_TENANT:
            raise tenant_not_found(tenant_id)
        if tenant.state not in ("active", "suspended"):
            raise Conflict("tenant_not_active", f"The enterprise is {tenant.state}.")
    async with deps.pool.tenant(tenant_id) as conn:
        made = await store.grant(
            conn,
            tenant_id=tenant_id,
            trunk_id=trunk_of(tenant_id, operator_id),
            virtual_operator_id=operator_id,
            max_channels=wanted.max_channels,
            by=caller.username,
            now=now,
            next_try_at=now + pushing.ASKER_FIRST,
        )
        await _tell(deps, conn, caller, "trunk.lent", made, lent)
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        detail = {"tenant_id": str(tenant_id), "max_channels": wanted.max_channels}
        await _note(deps, conn, caller, "virtual_operator.granted", operator_id, detail)
    return grant_view(await pushing.push(deps, tenant_id, made.trunk_id) or made)


async def withdraw(deps: Deps, caller: Caller, operator_id: UUID, tenant_id: UUID) -> GrantView:
    """Lend it to an enterprise no longer: nobody there starts a call by it any more.

    Raises:
        NotFound: It is not lent to this enterprise.
    """
    now = deps.now()
    trunk_id = trunk_of(tenant_id, operator_id)
    async with deps.pool.tenant(tenant_id) as conn:
        made = await store.withdraw(
            conn,
            tenant_id=tenant_id,
            trunk_id=trunk_id,
            now=now,
            next_try_at=now + pushing.ASKER_FIRST,
        )
        if made is None:
            raise NotFound("grant_not_found", "It is not lent to this enterprise.")
        await _tell(deps, conn, caller, "trunk.withdrawn", made, None)
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        detail = {"tenant_id": str(tenant_id)}
        await _note(deps, conn, caller, "virtual_operator.withdrawn", operator_id, detail)
    return grant_view(await pushing.push(deps, tenant_id, trunk_id) or made)


def trunk_of(tenant_id: UUID, operator_id: UUID) -> UUID:
    """Return the id of the trunk that an enterprise has by a virtual operator."""
    return uuid5(tenant_id, f"virtual operator {operator_id}")


def view(found: VirtualOperator) -> VirtualOperatorView:
    """Return what is shown of one: no secret."""
    return VirtualOperatorView(
        virtual_operator_id=found.virtual_operator_id,
        name=found.name,
        app_id=found.app_id,
        has_pool_key=found.pool_key is not None,
        secret_set_at=found.secret_set_at,
        version=found.version,
        created_at=found.created_at,
        updated_at=found.updated_at,
        **found.connection,
    )


def grant_view(found: Grant) -> GrantView:
    """Return what is shown of a grant."""
    return GrantView(
        virtual_operator_id=found.virtual_operator_id,
        tenant_id=found.tenant_id,
        trunk_id=found.trunk_id,
        max_channels=found.max_channels,
        granted_by=found.granted_by,
        granted_at=found.granted_at,
        withdrawn_at=found.withdrawn_at,
        is_applied=found.next_try_at is None,
        last_error=found.last_error,
    )


def not_found(operator_id: UUID) -> NotFound:
    """Return the error for a virtual operator that is not there."""
    return NotFound("virtual_operator_not_found", f"There is no virtual operator {operator_id}.")


async def _held(conn: Connection, operator_id: UUID, version: int | None) -> VirtualOperator:
    present = await store.get(conn, operator_id)
    if present is None:
        raise not_found(operator_id)
    if version is not None and present.version != version:
        raise PreconditionFailed(
            "virtual_operator_changed",
            "It was changed meanwhile; `current` is what it is now.",
            extra={"current": view(present).model_dump(mode="json")},
        )
    return present


def _connection(new: VirtualOperatorChange) -> dict[str, Any]:
    return new.model_dump(mode="json", include=set(ConnectionBody.model_fields))


def _about(new: VirtualOperatorChange) -> dict[str, Any]:
    """Return what the audit log tells: which secrets, and not what they are."""
    return {
        "name": new.name,
        "app_id": new.app_id,
        "host": new.host,
        "secret_changed": new.secret is not None,
        "pool_key_changed": new.pool_key is not None,
    }


def _sealed(deps: Deps, operator_id: UUID, what: str, secret: SecretStr) -> bytes:
    purpose = pushing.purpose(operator_id, what)
    return deps.vault.seal(secret.get_secret_value(), purpose=purpose)


def _sealed_or_none(
    deps: Deps, operator_id: UUID, what: str, secret: SecretStr | None
) -> bytes | None:
    return _sealed(deps, operator_id, what, secret) if secret is not None else None


def _name_taken(name: str) -> Conflict:
    return Conflict("name_taken", f"Another virtual operator is called {name}.")


async def _note(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    action: str,
    operator_id: UUID,
    detail: Mapping[str, Any],
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="virtual_operator",
        object_id=operator_id,
        detail=detail,
    )


async def _tell(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    action: str,
    made: Grant,
    lent: VirtualOperator | None,
) -> None:
    """Write it into the enterprise's own audit log, too."""
    await audit.add(
        conn,
        caller=replace(caller, tenant_id=made.tenant_id, username=f"operator:{caller.username}"),
        now=deps.now(),
        action=action,
        object_type="trunk",
        object_id=made.trunk_id,
        detail={"name": lent.name, "max_channels": made.max_channels} if lent is not None else {},
    )
