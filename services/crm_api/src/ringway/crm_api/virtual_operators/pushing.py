"""Tells the ACD of trunks whose accounts the platform's operator holds, until it knows.

The dialer is told which of them were taken back: it pauses campaigns that call by them.

What it is told is what is stored at that moment, so neither order nor repeats matter.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from ringway.crm_api.access import PLATFORM_TENANT
from ringway.crm_api.audit import store as audit
from ringway.crm_api.audit.system import system_caller
from ringway.crm_api.auth.vault import Unreadable
from ringway.crm_api.deps import Deps
from ringway.crm_api.virtual_operators import store
from ringway.crm_api.virtual_operators.store import Grant, VirtualOperator
from ringway.crm_api.working import work
from ringway.proto.acd import PutTrunkV1, TrunkV1
from ringway.proto.dialer_tenants import OutboundStoppedV1, StopTrunkV1
from ringway.runtime.errors import DependencyDown, Refused

_log = logging.getLogger("ringway.crm_api.virtual_operators")

# Whoever asks tries it himself; after that it is the worker's.
ASKER_FIRST = timedelta(seconds=15)
_POLL_S = 2.0
_HOLD = timedelta(seconds=60)
_LONGEST_WAIT_S = 600


def purpose(virtual_operator_id: UUID, what: str) -> str:
    """Return what a sealed secret is for; elsewhere it cannot be opened."""
    return f"virtual operator {virtual_operator_id} {what}"


async def push(deps: Deps, tenant_id: UUID, trunk_id: UUID) -> Grant | None:
    """Tell the ACD and the dialer of one trunk; return its grant then. None: there is none.

    Raises:
        PostgresDown: The worker goes on later.
    """
    async with deps.pool.tenant(tenant_id) as conn:
        grant = await store.get_grant(conn, tenant_id=tenant_id, trunk_id=trunk_id)
    if grant is None or grant.next_try_at is None:
        return grant
    # After the grant: what changes meanwhile gives the grant another revision.
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        lent = await store.get(conn, grant.virtual_operator_id)
    error, paused = "", 0
    try:
        await deps.bus.request(_question(deps, grant, lent), TrunkV1)
        stopped = await deps.bus.request(_stop(deps, grant, lent), OutboundStoppedV1)
        paused = stopped.paused
    except (DependencyDown, Refused, TimeoutError, Unreadable) as exc:
        error = f"{type(exc).__name__}: {exc}"
        _log.warning(
            "A lent trunk waits for the ACD or the dialer.",
            extra={"tenant": str(tenant_id), "trunk_id": str(trunk_id), "reason": error},
        )
    async with deps.pool.tenant(tenant_id) as conn:
        if error:
            wait_s = min(_LONGEST_WAIT_S, 5 * 2 ** min(grant.tries, 10))
            until = deps.now() + timedelta(seconds=wait_s)
            await store.postpone(conn, grant, error=error, until=until)
        else:
            await store.applied(conn, grant)
            if paused:
                await audit.add(
                    conn,
                    caller=system_caller(tenant_id),
                    now=deps.now(),
                    action="campaigns.paused",
                    object_type="trunk",
                    object_id=trunk_id,
                    detail={"because": "trunk.withdrawn", "campaigns": paused},
                )
        return await store.get_grant(conn, tenant_id=tenant_id, trunk_id=trunk_id)


def _question(deps: Deps, grant: Grant, lent: VirtualOperator | None) -> PutTrunkV1:
    key = {"tenant": str(grant.tenant_id), "trunk_id": str(grant.trunk_id)}
    if lent is None or grant.withdrawn_at is not None:
        # Routes and campaigns may name it: it stays, without account and address, and takes no
        # calls.
        return PutTrunkV1(
            occurred_at=deps.now(),
            **key,
            name=lent.name if lent is not None else "withdrawn",
            host="withdrawn.invalid",
            password="",
            enabled=False,
            is_operators=True,
        )
    secret_of = purpose(lent.virtual_operator_id, "secret")
    return PutTrunkV1(
        occurred_at=deps.now(),
        **key,
        name=lent.name,
        username=lent.app_id,
        password=deps.vault.open(lent.secret, purpose=secret_of),
        max_channels=grant.max_channels,
        is_operators=True,
        **lent.connection,
    )


def _stop(deps: Deps, grant: Grant, lent: VirtualOperator | None) -> StopTrunkV1:
    name = f" {lent.name}" if lent is not None else ""
    return StopTrunkV1(
        occurred_at=deps.now(),
        tenant=str(grant.tenant_id),
        trunk_id=str(grant.trunk_id),
        stopped=lent is None or grant.withdrawn_at is not None,
        reason=f"the platform's operator does not lend the trunk{name} any more",
    )


class OperatorTrunkWorker:
    """Tells both what they do not know yet, one trunk at a time in each replica."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def run(self) -> None:
        """Tell until cancelled; a worker."""
        await work(self.step, poll_s=_POLL_S)

    async def step(self) -> bool:
        """Tell of one trunk that is due; whether there was one.

        Raises:
            PostgresDown: Nothing is lost; a later step goes on.
        """
        now = self._deps.now()
        async with self._deps.pool.platform() as conn:
            found = await store.claim(conn, now=now, again=now + _HOLD)
        if found is None:
            return False
        await push(self._deps, *found)
        return True
