"""New orders, by hand or from a conversation: what is known of who calls is filled in (R205)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.objects.definition import Definition
from ringway.crm_api.core.work_orders import machine
from ringway.crm_api.core.work_orders.design import Assign, AssignKind
from ringway.crm_api.customers import lookup
from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.customers import store as customers
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid
from ringway.crm_api.interactions import store as interactions
from ringway.crm_api.objects import catalogue
from ringway.crm_api.objects.catalogue import role_of
from ringway.crm_api.teams import store as teams
from ringway.crm_api.users import store as users
from ringway.crm_api.work_orders import acting, calendars, own_fields, service, store, views
from ringway.crm_api.work_orders import designs_store as designs
from ringway.crm_api.work_orders.listing import Wanted, page
from ringway.crm_api.work_orders.reach import Reach, reach_of
from ringway.crm_api.work_orders.scene import Scene
from ringway.crm_api.work_orders.schemas import OrderBody, OrderView, PrefillView, Source
from ringway.crm_api.work_orders.store import Order
from ringway.runtime import held
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_RECENT = 10


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of who calls."""

    phone_e164: str | None = None
    customer_id: UUID | None = None
    customer_name: str = ""
    data: dict[str, Any] = field(default_factory=dict)


async def create(deps: Deps, caller: Caller, new: OrderBody) -> OrderView:
    """Make an order: number, promises, first step and assignment in one transaction.

    Raises:
        NotFound: There is no such business type.
        Conflict: No orders of it are taken now.
        Invalid: It names something that does not exist, or lacks a field that is needed.
    """
    tenant_id, now = caller.tenant_id, deps.now()
    async with deps.pool.tenant(tenant_id) as conn:
        # By itself, so that nobody waits for the rest; a number that is not used is lost.
        await designs.ensure_shipped(conn, tenant_id=tenant_id, now=now, new_id=uuid7)
        number = await store.next_number(conn, tenant_id=tenant_id)
    await held.prepared()
    async with deps.pool.tenant(tenant_id) as conn:
        reach = await reach_of(conn, caller)
        kind = await designs.business_type(
            conn, tenant_id=tenant_id, business_type_id=new.business_type_id
        )
        if kind is None:
            reason = f"business_type_id: there is no business type {new.business_type_id}."
            raise Invalid("reference_unknown", reason)
        if not kind.is_active:
            raise Conflict("type_not_active", f"Orders of {kind.name_en} are not taken now.")
        design = await designs.design(conn, tenant_id=tenant_id, design_id=kind.design_id)
        assert design is not None
        known = await _known(conn, caller, new.phone_e164, new.interaction_id, new.customer_id)
        definition = await own_fields.definition_of(
            conn, tenant_id=tenant_id, object_id=kind.object_id
        )
        wanted = {**_fitting(definition, known.data, reach), **new.data}
        data = own_fields.checked(definition, wanted, role=reach.role, old=None)
        _check_required(kind, data)
        await _check_people(conn, tenant_id, new)
        sla = kind.rules.sla
        hours = await calendars.hours(conn, tenant_id=tenant_id, calendar_id=sla.calendar_id)
        outcome = machine.begin(
            design.design,
            design.design_version,
            sla,
            created_by=caller.user_id,
            priority=new.priority or kind.rules.priority,
            assign=kind.rules.assign,
            now=now,
            hours=hours,
        )
        state = outcome.state
        order = Order(
            work_order_id=uuid7(),
            number=number,
            business_type_id=kind.business_type_id,
            kind=kind.kind,
            design_id=kind.design_id,
            design_version=design.design_version,
            step=state.step,
            step_kind=state.kind.value,
            step_since=now,
            title=new.title,
            description=new.description,
            priority=state.priority,
            source=_source(new, caller),
            customer_id=known.customer_id,
            customer_name=new.customer_name or known.customer_name,
            phone_e164=known.phone_e164,
            interaction_id=new.interaction_id,
            assignee_id=None,
            team_id=new.team_id,
            created_by=caller.user_id,
            participant_ids=[],
            object_id=kind.object_id,
            data=data,
            promises={},
            milestones=[],
            times_reopened=0,
            response_due_at=None,
            responded_at=None,
            response_breached_at=None,
            resolution_due_at=None,
            resolved_at=None,
            resolution_breached_at=None,
            version=1,
            entries=0,
            created_at=now,
            updated_at=now,
            deleted_at=None,
        )
        scene = Scene(conn, tenant_id, order, kind, design.design, hours, now, reach)
        # Whom the request names comes before the rules of design and type.
        owner = new.team_id if new.assignee_id is not None else None  # else by the rule itself
        state = replace(outcome.state, team_id=owner)
        outcome = replace(outcome, state=state, choose=_rule(new) or outcome.choose)
        await acting.record(scene, outcome, "created", detail={}, tells=outcome.tells, is_new=True)
        return await views.full_view(scene, reach)


async def prefill(
    deps: Deps, caller: Caller, phone_e164: str | None, interaction_id: UUID | None
) -> PrefillView:
    """Return what is known of who calls. Raises Invalid: there is no such interaction."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        reach = await reach_of(conn, caller)
        known = await _known(conn, caller, phone_e164, interaction_id, None)
        recent: list[Order] = []
        if known.customer_id is not None or known.phone_e164 is not None:
            wanted = Wanted(customer_id=known.customer_id)
            if known.customer_id is None:
                wanted = Wanted(phone_e164=known.phone_e164)
            recent = (await page(conn, reach=reach, wanted=wanted, limit=_RECENT)).orders
        return PrefillView(
            phone_e164=known.phone_e164,
            interaction_id=interaction_id,
            customer_id=known.customer_id,
            customer_name=known.customer_name,
            data=known.data,
            recent=await views.views(conn, recent, reach),
        )


async def check_interaction(conn: Connection, caller: Caller, interaction_id: UUID) -> str:
    """Return the number of the other party. Raises Invalid: it is not one of the caller's."""
    found = await interactions.get(conn, tenant_id=caller.tenant_id, interaction_id=interaction_id)
    sees = found is not None and (
        caller.may(Permission.INTERACTIONS_ALL) or found.row.agent_id == caller.user_id
    )
    if found is None or not sees:
        raise Invalid("reference_unknown", f"There is no interaction {interaction_id}.")
    return found.row.caller if found.row.direction == "inbound" else found.row.called


async def _known(
    conn: Connection,
    caller: Caller,
    phone_e164: str | None,
    interaction_id: UUID | None,
    customer_id: UUID | None,
) -> _Known:
    if interaction_id is not None:
        number = await check_interaction(conn, caller, interaction_id)
        phone_e164 = phone_e164 or (number if number.startswith("+") else None)
    may_see = caller.may(Permission.CUSTOMERS_READ)
    if customer_id is not None:
        await service.check_customer(conn, caller, customer_id)
        found = await customers.get(conn, tenant_id=caller.tenant_id, customer_id=customer_id)
    elif phone_e164 is not None and may_see:
        best = await lookup.find(
            conn,
            scope=scopes.of(caller),
            phone_e164=phone_e164,
            user_id=caller.user_id,
            limit=1,
        )
        found = best[0][0] if best else None
    else:
        found = None
    if found is None or not may_see:
        return _Known(phone_e164=phone_e164, customer_id=customer_id)
    stored = await catalogue.customer(conn, tenant_id=caller.tenant_id)
    data = stored.definition.shown(found.data, role_of(caller)) if stored else found.data
    return _Known(phone_e164 or found.phone_e164, found.customer_id, found.name, data)


def _fitting(definition: Definition | None, data: dict[str, Any], reach: Reach) -> dict[str, Any]:
    """Return of a customer's own fields those that the order has by the same key and may hold."""
    if definition is None or not definition.rights.allows("create", reach.role):
        return {}
    found: dict[str, Any] = {}
    for key in {each.key for each in definition.fields if each.writable_by(reach.role)} & {*data}:
        try:
            own_fields.checked(definition, {key: data[key]}, role=reach.role, old={})
        except Invalid:
            continue
        found[key] = data[key]
    return found


def _check_required(kind: designs.BusinessType, data: dict[str, Any]) -> None:
    missing = [key for key in kind.rules.required if data.get(key) in (None, "", [])]
    if missing:
        raise Invalid(
            "fields_missing",
            f"Fill these first: {', '.join(missing)}.",
            extra={"fields": missing},
        )


async def _check_people(conn: Connection, tenant_id: UUID, new: OrderBody) -> None:
    if new.assignee_id is not None:
        known = await users.existing(conn, tenant_id=tenant_id, user_ids=[new.assignee_id])
        if new.assignee_id not in known:
            raise Invalid("reference_unknown", f"There is no user {new.assignee_id}.")
    if new.team_id is not None:
        unknown = await teams.unknown(conn, tenant_id=tenant_id, team_ids=[new.team_id])
        if unknown:
            raise Invalid("reference_unknown", f"There is no team {new.team_id}.")


def _rule(new: OrderBody) -> Assign | None:
    if new.assignee_id is not None:
        return Assign(kind=AssignKind.USER, user_id=new.assignee_id)
    if new.team_id is not None:
        return Assign(kind=AssignKind.TEAM, team_id=new.team_id)
    return None


def _source(new: OrderBody, caller: Caller) -> Source:
    if new.interaction_id is not None:
        return Source.INTERACTION
    return Source.API if caller.scopes is not None else Source.HAND
