"""Acts on pools: each is one transaction, one entry of the audit log, told to whom it concerns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.customers.assignment import by_rules, spread
from ringway.crm_api.customers import fields as known_fields
from ringway.crm_api.customers import moves, policy, scope, segments, service, targets
from ringway.crm_api.customers.changes import By
from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.customers.moves import Moved
from ringway.crm_api.customers.pool_schemas import (
    ClaimBody,
    ClaimView,
    CustomersAssignBody,
    GivenView,
    PoolMoveView,
    PoolView,
)
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid
from ringway.proto.crm_customers import CustomersMovedV1
from ringway.runtime import outbox
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

How = Literal["assigned", "claimed", "taken", "returned", "left", "reclaimed"]
_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom an act means, each with the rule that fits."""

    customers: list[tuple[UUID, int | None]]
    not_found: int
    has_more: bool


async def assign(deps: Deps, caller: Caller, wanted: CustomersAssignBody) -> PoolMoveView:
    """Give customers to agents, or back to the public pool.

    Raises:
        Invalid: Nobody is there to get them, or a filter or rule makes no sense.
        NotFound: There is no such segment or team.
    """
    tenant_id, now = caller.tenant_id, deps.now()
    async with deps.pool.tenant(tenant_id) as conn:
        rules = (await policy.get(conn, tenant_id)).body.assignment if wanted.to == "rules" else []
        if wanted.to == "rules" and not rules:
            raise Invalid("rules_missing", "The policy has no assignment rules.")
        meant = await _meant(conn, caller, wanted, rules)
        given = await _given(conn, tenant_id, wanted, rules, meant.customers)
        if wanted.is_dry_run:
            counts = Counter(owner for _, owner in given if owner is not None)
            return view(uuid7(), meant, len(given), counts, is_dry_run=True)
        moved = await moves.give(
            conn,
            tenant_id=tenant_id,
            given=given,
            by=By.caller(caller),
            now=now,
            act="assigned",
            expected=wanted.from_user_id,
            from_anybody=wanted.from_anybody,
        )
        act_id = await note(conn, caller, "assigned", moved, now, {"to": wanted.to})
        counts = Counter(each.new for each in moved if each.new is not None)
        return view(act_id, meant, len(moved), counts, is_dry_run=False)


async def claim(deps: Deps, caller: Caller, wanted: ClaimBody) -> ClaimView:
    """Take customers out of the public pool for oneself.

    Raises:
        Conflict: The policy does not let agents claim, or he has as many as he may.
    """
    tenant_id, now = caller.tenant_id, deps.now()
    async with deps.pool.tenant(tenant_id) as conn:
        rules = (await policy.get(conn, tenant_id)).body
        if not rules.agents_may_claim:
            raise Conflict("claims_off", "The enterprise lets nobody claim customers.")
        await moves.lock_owner(conn, caller.user_id)
        has = await moves.owned(conn, tenant_id=tenant_id, owner_id=caller.user_id)
        room = max(0, rules.claim_cap - has)
        if room == 0:
            raise Conflict(
                "claim_cap_reached",
                f"You have {has} customers of at most {rules.claim_cap}: return some first.",
            )
        moved = await moves.claim(
            conn,
            tenant_id=tenant_id,
            owner_id=caller.user_id,
            wanted=await segments.resolved(conn, tenant_id, wanted.filter),
            fields=await known_fields.of(conn, caller),
            by=By.caller(caller),
            now=now,
            most=min(wanted.customers, room, rules.claim_at_once),
        )
        act_id = await note(conn, caller, "claimed", moved, now)
    ids = sorted(each.customer_id for each in moved)
    return ClaimView(act_id=act_id, customer_ids=ids, room=room - len(ids))


async def give_back(deps: Deps, caller: Caller, customer_ids: Sequence[UUID]) -> PoolMoveView:
    """Return one's own customers to the public pool; those that are not one's own stay."""
    now = deps.now()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        moved = await moves.release(
            conn,
            tenant_id=caller.tenant_id,
            owner_id=caller.user_id,
            by=By.caller(caller),
            now=now,
            act="returned",
            customer_ids=customer_ids,
        )
        act_id = await note(conn, caller, "returned", moved, now)
    meant = Meant([(each, None) for each in set(customer_ids)], 0, has_more=False)
    return view(act_id, meant, len(moved), Counter(), is_dry_run=False)


async def overview(deps: Deps, caller: Caller) -> PoolView:
    """Return how customers are shared out."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        public = await conn.fetchval(
            "SELECT count(*) FROM (SELECT 1 FROM crm.customer "
            "WHERE tenant_id = $1 AND owner_id IS NULL LIMIT $2) p",
            caller.tenant_id,
            _COUNTED,
        )
        rows = await conn.fetch(
            "SELECT owner_id AS user_id, count(*) AS customers FROM crm.customer "
            "WHERE tenant_id = $1 AND owner_id IS NOT NULL GROUP BY owner_id "
            "ORDER BY customers DESC, owner_id LIMIT 1000",
            caller.tenant_id,
        )
    return PoolView(in_public_pool=public, by_user=[GivenView(**row) for row in rows])


async def note(
    conn: Connection,
    caller: Caller,
    how: How,
    moved: Sequence[Moved],
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> UUID:
    """Write an act down and tell those who got customers and those who lost some."""
    act_id = uuid7()
    got = Counter(each.new for each in moved if each.new is not None)
    lost = Counter(each.old for each in moved if each.old is not None)
    taken: How = "taken" if how in ("assigned", "claimed") else how
    told = [*((each, how, n) for each, n in got.items()), *((e, taken, n) for e, n in lost.items())]
    facts = [
        CustomersMovedV1(
            occurred_at=now,
            tenant=caller.tenant,
            act_id=str(act_id),
            agent_id=str(user_id),
            how=why,
            customers=n,
        )
        for user_id, why, n in told
    ]
    await outbox.add_many(conn, "crm", facts)
    await audit.add(
        conn,
        caller=caller,
        now=now,
        action=f"customers.{how}",
        object_type="customer_pool",
        object_id=act_id,
        detail={**(detail or {}), "customers": len(moved), "got": _told(got), "lost": _told(lost)},
    )
    return act_id


async def _meant(
    conn: Connection,
    caller: Caller,
    wanted: CustomersAssignBody,
    rules: Sequence[policy.AssignmentRule],
) -> Meant:
    filters, fields = await service.meant(conn, caller, wanted.filter or CustomerFilter())
    ids = list(dict.fromkeys(wanted.customer_ids)) if wanted.customer_ids is not None else None
    most = len(ids) if ids is not None else wanted.at_most
    found = await moves.candidates(
        conn,
        wanted=filters,
        scope=scope.of(caller),
        fields=fields,
        rules=rules,
        from_anybody=wanted.from_anybody,
        expected=wanted.from_user_id,
        customer_ids=ids,
        most=most + 1,
    )
    not_found = len(ids) - len(found) if ids is not None else 0
    return Meant(found[:most], not_found, has_more=len(found) > most)


async def _given(
    conn: Connection,
    tenant_id: UUID,
    wanted: CustomersAssignBody,
    rules: Sequence[policy.AssignmentRule],
    customers: Sequence[tuple[UUID, int | None]],
) -> list[tuple[UUID, UUID | None]]:
    if wanted.to == "public_pool":
        return [(customer_id, None) for customer_id, _ in customers]
    if wanted.to == "shares":
        found = await targets.of_shares(conn, tenant_id, wanted.shares)
        if not found:
            raise Invalid("nobody_there", "None of these is there and enabled.")
        return [*spread([customer_id for customer_id, _ in customers], found)]
    by_rule = {
        n: await targets.of_shares(conn, tenant_id, rule.shares) for n, rule in enumerate(rules)
    }
    return [*by_rules(customers, by_rule)]


def _told(counts: Counter[UUID]) -> dict[str, int]:
    return {str(user_id): n for user_id, n in sorted(counts.items())[:200]}


def view(
    act_id: UUID, meant: Meant, moved: int, counts: Counter[UUID], *, is_dry_run: bool
) -> PoolMoveView:
    """Return what an act came to."""
    return PoolMoveView(
        act_id=act_id,
        meant=len(meant.customers),
        moved=moved,
        not_moved=len(meant.customers) - moved,
        not_found=meant.not_found,
        has_more=meant.has_more,
        by_user=[GivenView(user_id=u, customers=n) for u, n in sorted(counts.items())],
        is_dry_run=is_dry_run,
    )
