"""Designs and business types: checked as a whole before anybody works by them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.objects.definition import Kind
from ringway.crm_api.core.work_orders.check import Flaw, check, check_assign, check_parties
from ringway.crm_api.core.work_orders.design import (
    Assign,
    Design,
    Party,
    PartyKind,
    Step,
    Timer,
    Transition,
)
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid, NotFound, PreconditionFailed
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.objects import catalogue
from ringway.crm_api.teams import store as teams
from ringway.crm_api.users import store as users
from ringway.crm_api.work_orders import calendars
from ringway.crm_api.work_orders import designs_store as store
from ringway.crm_api.work_orders.type_schemas import (
    CheckedDesign,
    DesignBody,
    DesignView,
    FlawView,
    TypeBody,
    TypeView,
)
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection


async def ensure(deps: Deps, conn: Connection, caller: Caller) -> None:
    """See to it that the caller's tenant has what every enterprise begins with."""
    await store.ensure_shipped(conn, tenant_id=caller.tenant_id, now=deps.now(), new_id=uuid7)


def checked(design: Design) -> CheckedDesign:
    """Return what is wrong with a design."""
    flaws = check(design)
    return CheckedDesign(is_good=not flaws, flaws=[FlawView.model_validate(flaw) for flaw in flaws])


async def put_design(
    deps: Deps, caller: Caller, wanted: DesignBody, design_id: UUID | None, version: int | None
) -> DesignView:
    """Make a design, or change one; open orders stay on the version that they are on.

    Raises:
        Invalid: It cannot be used (``flaws`` says where and why), or names who does not exist.
        NotFound, PreconditionFailed: There is no such design at ``version``.
        Conflict: Its name is taken.
    """
    if flaws := check(wanted.design):
        raise design_invalid(flaws)
    tenant_id = caller.tenant_id
    async with deps.pool.tenant(tenant_id) as conn:
        await ensure(deps, conn, caller)
        await _check_references(conn, tenant_id, *_people_of(wanted.design))
        if design_id is not None:
            shown = DesignView.model_validate(
                await find_design(conn, tenant_id, design_id, lock=True)
            )
            _check_version("design", version, shown)
            if says_nothing_new(shown, wanted):
                return shown
        new_id = design_id or uuid7()
        try:
            await store.put_design(
                conn,
                tenant_id=tenant_id,
                design_id=new_id,
                name_en=wanted.name_en,
                name_zh=wanted.name_zh,
                design=wanted.design,
                by=caller.username,
                now=deps.now(),
            )
        except store.NameTaken:
            raise Conflict("design_name_taken", f"There is a design {wanted.name_en}.") from None
        view = DesignView.model_validate(await find_design(conn, tenant_id, new_id))
        act = "work_order_design.created" if design_id is None else "work_order_design.changed"
        detail = {"name": wanted.name_en, "design_version": view.design_version}
        await _audit(deps, conn, caller, act, "work_order_design", new_id, detail)
    return view


async def remove_design(deps: Deps, caller: Caller, design_id: UUID, version: int | None) -> None:
    """Remove a design that nothing uses. Raises NotFound, PreconditionFailed, Conflict."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find_design(conn, caller.tenant_id, design_id, lock=True)
        _check_version("design", version, DesignView.model_validate(present))
        try:
            await store.remove_design(conn, tenant_id=caller.tenant_id, design_id=design_id)
        except store.InUse:
            raise Conflict(
                "design_in_use", "Business types or orders use it; give the types another first."
            ) from None
        detail = {"name": present.name_en}
        act = "work_order_design.removed"
        await _audit(deps, conn, caller, act, "work_order_design", design_id, detail)


async def put_type(
    deps: Deps, caller: Caller, wanted: TypeBody, type_id: UUID | None, version: int | None
) -> TypeView:
    """Make or change a business type.

    Raises:
        Invalid: It names something that does not exist.
        NotFound, PreconditionFailed: There is no such type at ``version``.
        Conflict: Its name is taken.
        DependencyDown: It names a calendar, and the ACD does not answer.
    """
    rules, tenant_id = wanted.rules, caller.tenant_id
    flaws = [
        *check_assign("rules.assign", rules.assign),
        *check_parties("rules.sla.tell_warned", rules.sla.tell_warned),
        *check_parties("rules.sla.tell_broken", rules.sla.tell_broken),
    ]
    if flaws:
        raise design_invalid(flaws)
    calendar_id = rules.sla.calendar_id
    calendar = await calendars.fetch(deps, caller, calendar_id) if calendar_id else None
    async with deps.pool.tenant(tenant_id) as conn:
        await ensure(deps, conn, caller)
        if type_id is not None:
            present = TypeView.model_validate(await find_type(conn, tenant_id, type_id, lock=True))
            _check_version("business_type", version, present)
            if says_nothing_new(present, wanted):
                return present
        await _check_type(conn, tenant_id, wanted)
        if calendar_id is not None and calendar is not None:
            await calendars.keep(
                conn,
                tenant_id=tenant_id,
                calendar_id=calendar_id,
                calendar=calendar,
                now=deps.now(),
            )
        new_id = type_id or uuid7()
        try:
            made = await store.put_type(
                conn,
                tenant_id=tenant_id,
                business_type_id=new_id,
                kind=wanted.kind,
                name_en=wanted.name_en,
                name_zh=wanted.name_zh,
                design_id=wanted.design_id,
                object_id=wanted.object_id,
                rules=rules,
                is_active=wanted.is_active,
                now=deps.now(),
            )
        except store.NameTaken:
            raise Conflict("type_name_taken", f"There is a type {wanted.name_en}.") from None
        act = "business_type.created" if type_id is None else "business_type.changed"
        detail = wanted.model_dump(mode="json", exclude_defaults=True)
        await _audit(deps, conn, caller, act, "business_type", new_id, detail)
    return TypeView.model_validate(made)


async def remove_type(deps: Deps, caller: Caller, type_id: UUID, version: int | None) -> None:
    """Remove a business type without orders. Raises NotFound, PreconditionFailed, Conflict."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find_type(conn, caller.tenant_id, type_id, lock=True)
        _check_version("business_type", version, TypeView.model_validate(present))
        try:
            await store.remove_type(conn, tenant_id=caller.tenant_id, business_type_id=type_id)
        except store.InUse:
            raise Conflict(
                "type_in_use", "There are orders of it; put is_active false instead."
            ) from None
        detail = {"name": present.name_en}
        await _audit(deps, conn, caller, "business_type.removed", "business_type", type_id, detail)


async def find_design(
    conn: Connection, tenant_id: UUID, design_id: UUID, *, lock: bool = False
) -> store.StoredDesign:
    """Return a design of the tenant. Raises NotFound."""
    found = await store.design(conn, tenant_id=tenant_id, design_id=design_id, lock=lock)
    if found is None:
        raise NotFound("design_not_found", f"There is no design {design_id}.")
    return found


async def find_type(
    conn: Connection, tenant_id: UUID, type_id: UUID, *, lock: bool = False
) -> store.BusinessType:
    """Return a business type of the tenant. Raises NotFound."""
    found = await store.business_type(
        conn, tenant_id=tenant_id, business_type_id=type_id, lock=lock
    )
    if found is None:
        raise NotFound("business_type_not_found", f"There is no business type {type_id}.")
    return found


def design_invalid(flaws: list[Flaw]) -> Invalid:
    """Return the refusal of a design, with all that is wrong."""
    first = flaws[0]
    return Invalid(
        "design_invalid",
        f"{first.where}: {first.reason}",
        extra={"flaws": [FlawView.model_validate(flaw).model_dump() for flaw in flaws]},
    )


async def _check_type(conn: Connection, tenant_id: UUID, wanted: TypeBody) -> None:
    if await store.design(conn, tenant_id=tenant_id, design_id=wanted.design_id) is None:
        raise Invalid("reference_unknown", f"design_id: there is no design {wanted.design_id}.")
    known: set[str] | None = None
    if wanted.object_id is not None:
        found = await catalogue.get(
            conn, tenant_id=tenant_id, object_id=wanted.object_id, kind=Kind.WORK_ORDER
        )
        if found is None or found.archived_at is not None:
            reason = f"object_id: there is no object {wanted.object_id} of the kind work_order."
            raise Invalid("reference_unknown", reason)
        known = set(found.definition.by_key)
    named = [*wanted.rules.required, *(key for tab in wanted.rules.pop.tabs for key in tab.fields)]
    unknown = [key for key in named if known is not None and key not in known]
    if unknown:
        raise Invalid("field_unknown", f"rules: the object has no fields {', '.join(unknown)}.")
    sla = wanted.rules.sla
    await _check_references(
        conn, tenant_id, [wanted.rules.assign], [*sla.tell_warned, *sla.tell_broken], []
    )


async def _check_references(
    conn: Connection,
    tenant_id: UUID,
    assigns: Iterable[Assign | None],
    parties: Iterable[Party],
    team_ids: Iterable[UUID],
) -> None:
    """Raise Invalid when a user or team does not exist."""
    rules = [each for each in assigns if each is not None]
    user_ids = [each.user_id for each in rules if each.user_id is not None]
    user_ids += [UUID(each.id) for each in parties if each.kind is PartyKind.USER]
    known = await users.existing(conn, tenant_id=tenant_id, user_ids=user_ids)
    for user_id in user_ids:
        if user_id not in known:
            raise Invalid("reference_unknown", f"There is no user {user_id}.")
    wanted = [*team_ids, *(each.team_id for each in rules if each.team_id is not None)]
    unknown = await teams.unknown(conn, tenant_id=tenant_id, team_ids=wanted)
    if unknown:
        raise Invalid("reference_unknown", f"There is no team {unknown[0]}.")


def _people_of(design: Design) -> tuple[list[Assign | None], list[Party], list[UUID]]:
    timers = [timer for step in design.steps for timer in step.timers]
    parts: list[Step | Timer | Transition] = [*design.steps, *timers, *design.transitions]
    return (
        [part.assign for part in parts],
        [party for part in parts for party in part.tell],
        [team_id for way in design.transitions for team_id in way.team_ids],
    )


def _check_version(what: str, version: int | None, present: DesignView | TypeView) -> None:
    if version is not None and version != present.version:
        raise PreconditionFailed(
            f"{what}_changed",
            "It was changed meanwhile; `current` is what it is now.",
            extra={"current": present.model_dump(mode="json")},
        )


async def _audit(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    action: str,
    object_type: str,
    object_id: UUID,
    detail: dict[str, Any],
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type=object_type,
        object_id=object_id,
        detail=detail,
    )
