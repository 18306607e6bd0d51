"""Work orders: made, changed, handed on and brought to an end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.work_orders import machine
from ringway.crm_api.core.work_orders.model import (
    Act,
    AssignTo,
    Event,
    Facts,
    GiveBack,
    Migrate,
    Outcome,
    Refusal,
    Reopen,
    Take,
)
from ringway.crm_api.customers import service as customers
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Forbidden, Invalid
from ringway.crm_api.teams import store as teams
from ringway.crm_api.work_orders import acting, own_fields, people, telling, views
from ringway.crm_api.work_orders import designs_store as designs
from ringway.crm_api.work_orders.finding import changing
from ringway.crm_api.work_orders.reach import Reach
from ringway.crm_api.work_orders.scene import Scene
from ringway.crm_api.work_orders.schemas import (
    ActBody,
    MigrateBody,
    OrderChange,
    OrderView,
    ParticipantsBody,
    WorkOrderAssignBody,
)
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection


async def change(
    deps: Deps, caller: Caller, work_order_id: UUID, wanted: OrderChange, version: int | None
) -> OrderView:
    """Change fields of an order. Raises Invalid, NotFound, PreconditionFailed."""
    given = wanted.model_dump(exclude_unset=True)
    async with changing(deps, caller, work_order_id, version) as (scene, reach):
        if given.get("customer_id") is not None:
            await check_customer(scene.conn, caller, given["customer_id"])
        for name in ("title", "description", "priority", "customer_name", "data"):
            if name in given and given[name] is None:
                raise Invalid("field_required", f"{name} cannot be null; leave it out to keep it.")
        if "data" in given:
            given["data"] = await _data(scene, reach, given["data"])
        given = {
            name: value
            for name, value in given.items()
            if name == "priority" or getattr(scene.order, name) != value
        }
        state = replace(scene.order.state, priority=given.pop("priority", scene.order.priority))
        if given or state != scene.order.state:
            detail: dict[str, Any] = {}
            await acting.record(scene, Outcome(state), "changed", detail=detail, changed=given)
        return await views.full_view(scene, reach)


async def act(
    deps: Deps,
    caller: Caller,
    work_order_id: UUID,
    action: str,
    more: ActBody,
    version: int | None,
) -> OrderView:
    """Go a way of the design. Of two who act on one version, one wins and one hears 412.

    Raises:
        NotFound, PreconditionFailed: There is no such order at ``version``.
        Forbidden, Conflict, Invalid: The design does not let it happen; ``code`` says why.
    """
    async with changing(deps, caller, work_order_id, version) as (scene, reach):
        changed: dict[str, Any] = {}
        if more.data is not None:
            changed["data"] = await _data(scene, reach, more.data)
        detail = {"transition": action}
        if more.comment is not None:
            detail["comment"] = more.comment
        refusal = await acting.apply(
            scene,
            Act(action),
            "moved",
            detail=detail,
            has_comment=more.comment is not None,
            changed=changed,
        )
        if refusal is not None:
            raise views.refused(refusal)
        if more.comment is not None:
            await add_comment(scene, more.comment, [])
        return await views.full_view(scene, reach)


async def assign(
    deps: Deps,
    caller: Caller,
    work_order_id: UUID,
    wanted: WorkOrderAssignBody,
    version: int | None,
) -> OrderView:
    """Give an order to somebody, or to a team.

    Raises:
        NotFound, PreconditionFailed: There is no such order at ``version``.
        Forbidden: It is given by its assignee, its maker while nobody has it, and leaders.
        Invalid: There is no such person or team.
        Conflict: It is over.
    """
    async with changing(deps, caller, work_order_id, version) as (scene, reach):
        order = scene.order
        mine = {order.assignee_id} if order.assignee_id is not None else {order.created_by}
        if not (reach.sees_all or order.team_id in reach.leads or reach.user_id in mine):
            raise Forbidden(
                "order_not_yours",
                "It is given on by who works on it, or by a leader of the team that owns it.",
            )
        await _check_people(scene, wanted)
        team_id = wanted.team_id if "team_id" in wanted.model_fields_set else order.team_id
        return await _happen(scene, reach, AssignTo(wanted.assignee_id, team_id), "assigned")


async def take(deps: Deps, caller: Caller, work_order_id: UUID, version: int | None) -> OrderView:
    """Take an order that nobody works on. Raises NotFound, PreconditionFailed, Conflict."""
    async with changing(deps, caller, work_order_id, version) as (scene, reach):
        return await _happen(scene, reach, Take(), "taken")


async def give_back(
    deps: Deps, caller: Caller, work_order_id: UUID, version: int | None
) -> OrderView:
    """Return an order to its team. Raises as :func:`act`."""
    async with changing(deps, caller, work_order_id, version) as (scene, reach):
        return await _happen(scene, reach, GiveBack(), "returned")


async def reopen(
    deps: Deps, caller: Caller, work_order_id: UUID, more: ActBody, version: int | None
) -> OrderView:
    """Open an order again. Raises as :func:`act`."""
    async with changing(deps, caller, work_order_id, version) as (scene, reach):
        detail = {"comment": more.comment} if more.comment is not None else {}
        made = await _happen(scene, reach, Reopen(), "reopened", detail)
        if more.comment is not None:
            await add_comment(scene, more.comment, [])
        return made


async def migrate(
    deps: Deps, caller: Caller, work_order_id: UUID, wanted: MigrateBody, version: int | None
) -> OrderView:
    """Let an order go on by another version of its design. Raises as :func:`act`."""
    async with changing(deps, caller, work_order_id, version) as (scene, reach):
        order, number = scene.order, wanted.design_version
        design = await designs.design_version(
            scene.conn, tenant_id=scene.tenant_id, design_id=order.design_id, number=number
        )
        if design is None:
            raise Invalid("design_version_unknown", f"The design has no version {number}.")
        event = Migrate(design, number, wanted.step)
        outcome = machine.apply(
            event,
            order.state,
            scene.design,
            who=reach.who,
            facts=Facts(),
            now=scene.now,
            hours=scene.hours,
        )
        if isinstance(outcome, Refusal):
            raise views.refused(outcome)
        scene.design = design
        detail = {"design_version": number}
        await acting.record(scene, outcome, "migrated", detail=detail, tells=outcome.tells)
        return await views.full_view(scene, reach)


async def put_participants(
    deps: Deps,
    caller: Caller,
    work_order_id: UUID,
    wanted: ParticipantsBody,
    version: int | None,
) -> OrderView:
    """Say who takes part. Who is new is told. Raises Invalid, NotFound, PreconditionFailed."""
    async with changing(deps, caller, work_order_id, version) as (scene, reach):
        ids = sorted({*wanted.user_ids})
        if ids == sorted(scene.order.participant_ids):
            return await views.full_view(scene, reach)
        await check_users(scene, ids)
        new = {*ids} - {*scene.order.participant_ids}
        changed = {"participant_ids": ids}
        await acting.record(
            scene, Outcome(scene.order.state), "changed", detail={}, changed=changed
        )
        await telling.notify(scene, new, "participates")
        return await views.full_view(scene, reach)


async def remove(deps: Deps, caller: Caller, work_order_id: UUID, version: int | None) -> None:
    """Delete an order: nobody sees it any more, and nothing happens to it.

    Raises:
        NotFound, PreconditionFailed: There is no such order at ``version``.
    """
    async with changing(deps, caller, work_order_id, version) as (scene, _):
        await acting.record(
            scene,
            Outcome(scene.order.state),
            "deleted",
            detail={},
            changed={"deleted_at": scene.now},
        )
        await scene.conn.execute(
            "DELETE FROM crm.work_order_alarm WHERE tenant_id = $1 AND work_order_id = $2",
            scene.tenant_id,
            work_order_id,
        )
        await audit.add(
            scene.conn,
            caller=caller,
            now=scene.now,
            action="work_order.deleted",
            object_type="work_order",
            object_id=work_order_id,
            detail={"number": scene.order.number},
        )


async def add_comment(scene: Scene, text: str, mention_ids: list[UUID]) -> UUID:
    """Store a comment, tell who is mentioned, and count it as a first response."""
    comment_id = uuid7()
    await scene.conn.execute(
        """
        INSERT INTO crm.work_order_comment (tenant_id, work_order_id, comment_id, author_id,
                                            author, text, mention_ids, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *(scene.tenant_id, scene.order.work_order_id, comment_id, scene.actor_id),
        *(scene.actor, text, mention_ids, scene.now),
    )
    await telling.notify(scene, mention_ids, "mentioned")
    return comment_id


async def check_customer(conn: Connection, caller: Caller, customer_id: UUID) -> None:
    """Raise Invalid when the caller sees no such customer."""
    if not await customers.sees(conn, caller, customer_id):
        raise Invalid("reference_unknown", f"There is no customer {customer_id}.")


async def check_users(scene: Scene, user_ids: list[UUID]) -> None:
    """Raise Invalid when one of these is no user who can work now."""
    known = await people.enabled(
        scene.conn, tenant_id=scene.tenant_id, user_ids=user_ids, now=scene.now
    )
    for each in user_ids:
        if each not in known:
            raise Invalid("reference_unknown", f"There is no user {each} who can work now.")


async def _check_people(scene: Scene, wanted: WorkOrderAssignBody) -> None:
    if wanted.assignee_id is not None:
        await check_users(scene, [wanted.assignee_id])
    if wanted.team_id is not None:
        unknown = await teams.unknown(
            scene.conn, tenant_id=scene.tenant_id, team_ids=[wanted.team_id]
        )
        if unknown:
            raise Invalid("reference_unknown", f"There is no team {wanted.team_id}.")


async def _data(scene: Scene, reach: Reach, wanted: dict[str, Any]) -> dict[str, Any]:
    definition = await own_fields.definition_of(
        scene.conn, tenant_id=scene.tenant_id, object_id=scene.order.object_id
    )
    return own_fields.checked(definition, wanted, role=reach.role, old=scene.order.data)


async def _happen(
    scene: Scene,
    reach: Reach,
    event: Event,
    action: str,
    detail: dict[str, Any] | None = None,
) -> OrderView:
    refusal = await acting.apply(scene, event, action, detail=detail)
    if refusal is not None:
        raise views.refused(refusal)
    return await views.full_view(scene, reach)
