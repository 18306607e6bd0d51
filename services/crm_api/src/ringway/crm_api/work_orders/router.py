"""/work-orders: requests of customers, and how they are brought to an end."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Response
from pydantic import Field

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.core.work_orders.design import Key
from ringway.crm_api.core.work_orders.shipped import AcceptanceKind
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import PROBLEM_JSON
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, Text, decode_cursor, encode_cursor
from ringway.crm_api.work_orders import bulk, creation, reading, service
from ringway.crm_api.work_orders.listing import Wanted
from ringway.crm_api.work_orders.schemas import (
    ActBody,
    BulkBody,
    BulkResult,
    MigrateBody,
    OrderBody,
    OrderChange,
    OrderView,
    ParticipantsBody,
    PrefillView,
    WorkOrderAssignBody,
)
from ringway.proto.base import PhoneE164
from ringway.proto.exact import Measured

router = api_router("/work-orders", "work-orders")
prefill = api_router("/work-order-prefill", "work-orders")
bulk_acts = api_router("/work-order-bulk", "work-orders")
Reader = Annotated[Caller, Depends(requires(Permission.WORK_ORDERS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.WORK_ORDERS_WRITE))]
Deleter = Annotated[Caller, Depends(requires(Permission.WORK_ORDERS_DELETE))]

_PROBLEM = {"content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
MAY_RACE: dict[int | str, dict[str, Any]] = {
    412: {"description": "It was changed meanwhile; `current` is what it is now.", **_PROBLEM},
}
RACES: dict[int | str, dict[str, Any]] = {
    **MAY_RACE,
    428: {"description": "If-Match is required.", **_PROBLEM},
}


@router.post("", status_code=201)
async def create_work_order(
    new: OrderBody, deps: DepsOf, caller: Writer, response: Response
) -> OrderView:
    """Make a work order by hand or from a conversation, whose caller's data are filled in.

    Repeats with the same `Idempotency-Key` make one order.
    """
    view = await creation.create(deps, caller, new)
    response.headers["Location"] = f"/api/v1/work-orders/{view.work_order_id}"
    return _tagged(view, response)


@prefill.get("")
async def prefill_work_order(
    deps: DepsOf,
    caller: Reader,
    phone_e164: PhoneE164 | None = None,
    interaction_id: UUID | None = None,
) -> PrefillView:
    """Return what is known of who calls: what a new order begins with, and the orders he has."""
    return await creation.prefill(deps, caller, phone_e164, interaction_id)


@bulk_acts.post("")
async def change_work_orders(wanted: BulkBody, deps: DepsOf, caller: Writer) -> BulkResult:
    """Do the same to many orders, such as assigning or closing them; each by itself."""
    return await bulk.change(deps, caller, wanted)


def _wanted(
    mine: Annotated[bool, Query(description="That the caller works on.")] = False,
    my_teams: Annotated[bool, Query(description="That a team of his owns.")] = False,
    unassigned: bool = False,
    open: Annotated[bool | None, Query(description="Neither done nor cancelled.")] = None,
    overdue: Annotated[bool, Query(description="Open, and a promise is broken.")] = False,
    step: Annotated[list[Key] | None, Query(max_length=50)] = None,
    business_type_id: Annotated[list[UUID] | None, Query(max_length=50)] = None,
    kind: Annotated[list[AcceptanceKind] | None, Query(max_length=10)] = None,
    assignee_id: UUID | None = None,
    team_id: UUID | None = None,
    created_by: UUID | None = None,
    customer_id: UUID | None = None,
    phone_e164: PhoneE164 | None = None,
    interaction_id: UUID | None = None,
    created_from: Moment | None = None,
    created_before: Moment | None = None,
    text: Annotated[
        Text | None,
        Field(min_length=1, max_length=200),
        Measured(),
        Query(
            description="The number, or a part of title, description or customer's name.",
        ),
    ] = None,
    data: Annotated[
        list[Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,59}=[^\\x00]*$", max_length=2100)]]
        | None,
        Query(max_length=20, description="Each `field=value`; with one `business_type_id`."),
    ] = None,
) -> Wanted:
    return Wanted(
        mine=mine,
        my_teams=my_teams,
        unassigned=unassigned,
        open=open,
        overdue=overdue,
        step=step or (),
        business_type_id=business_type_id or (),
        kind=kind or (),
        assignee_id=assignee_id,
        team_id=team_id,
        created_by=created_by,
        customer_id=customer_id,
        phone_e164=phone_e164,
        interaction_id=interaction_id,
        created_from=created_from,
        created_before=created_before,
        text=text,
        data=dict(each.split("=", 1) for each in data or ()),
    )


@router.get("")
async def list_work_orders(
    deps: DepsOf,
    caller: Reader,
    wanted: Annotated[Wanted, Depends(_wanted)],
    sort: Annotated[
        str | None,
        Query(
            pattern=r"^-?(created_at|updated_at|due_at|priority|number|data\.[a-z0-9_]{1,60})$",
            description="`-` before it: from the greatest down. Left out: the newest first.",
        ),
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[OrderView]:
    """List work orders that concern the caller: his own, those of his teams, or all."""
    after = decode_cursor(cursor, 2) if cursor is not None else None
    found, views = await reading.listed(deps, caller, wanted, sort, after, limit)
    more = encode_cursor(*found.after) if found.after is not None else None
    return Page(items=views, next_cursor=more)


@router.get("/{work_order_id}")
async def get_work_order(
    work_order_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> OrderView:
    """Return one work order, with what the caller may do with it now."""
    return _tagged(await reading.get(deps, caller, work_order_id), response)


@router.patch("/{work_order_id}", responses=RACES)
async def change_work_order(
    work_order_id: UUID,
    wanted: OrderChange,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> OrderView:
    """Change fields of a work order. `If-Match` is required: nobody's words are lost."""
    version = expected_version(if_match, required=True)
    return _tagged(await service.change(deps, caller, work_order_id, wanted, version), response)


@router.delete("/{work_order_id}", status_code=204)
async def delete_work_order(
    work_order_id: UUID, deps: DepsOf, caller: Deleter, if_match: IfMatch = None
) -> None:
    """Delete a work order. It is gone for everybody; the audit log tells who did it."""
    await service.remove(deps, caller, work_order_id, expected_version(if_match))


@router.post("/{work_order_id}/actions/{action}", responses=RACES)
async def act_on_work_order(
    work_order_id: UUID,
    action: Annotated[Key, Path(examples=["finish"])],
    more: ActBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> OrderView:
    """Go a way of the order's design, such as `accept` or `finish`.

    `If-Match` is required: of two who act at once one wins, the other hears 412 with `current`.
    """
    version = expected_version(if_match, required=True)
    done = await service.act(deps, caller, work_order_id, action, more, version)
    return _tagged(done, response)


@router.post("/{work_order_id}/assign", responses=MAY_RACE)
async def assign_work_order(
    work_order_id: UUID,
    to: WorkOrderAssignBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> OrderView:
    """Give a work order to somebody, or to a team."""
    version = expected_version(if_match)
    return _tagged(await service.assign(deps, caller, work_order_id, to, version), response)


@router.post("/{work_order_id}/take", responses=MAY_RACE)
async def take_work_order(
    work_order_id: UUID,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> OrderView:
    """Take a work order that nobody works on. Of two who take it, one hears `order_taken`."""
    version = expected_version(if_match)
    return _tagged(await service.take(deps, caller, work_order_id, version), response)


@router.post("/{work_order_id}/return", responses=MAY_RACE)
async def return_work_order(
    work_order_id: UUID,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> OrderView:
    """Return a work order to the team that owns it, whose people are told."""
    version = expected_version(if_match)
    return _tagged(await service.give_back(deps, caller, work_order_id, version), response)


@router.post("/{work_order_id}/reopen", responses=MAY_RACE)
async def reopen_work_order(
    work_order_id: UUID,
    more: ActBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> OrderView:
    """Open a work order again that is done or cancelled; what it took already counts."""
    version = expected_version(if_match)
    return _tagged(await service.reopen(deps, caller, work_order_id, more, version), response)


@router.post("/{work_order_id}/design", responses=MAY_RACE)
async def migrate_work_order(
    work_order_id: UUID,
    to: MigrateBody,
    deps: DepsOf,
    caller: Annotated[Caller, Depends(requires(Permission.WORK_ORDER_DESIGNS_WRITE))],
    response: Response,
    if_match: IfMatch = None,
) -> OrderView:
    """Let an open work order go on by another version of its design."""
    version = expected_version(if_match)
    return _tagged(await service.migrate(deps, caller, work_order_id, to, version), response)


@router.put("/{work_order_id}/participants")
async def put_work_order_participants(
    work_order_id: UUID,
    wanted: ParticipantsBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> OrderView:
    """Say who takes part in a work order beside its assignee: they see it and are told."""
    version = expected_version(if_match)
    done = await service.put_participants(deps, caller, work_order_id, wanted, version)
    return _tagged(done, response)


def _tagged(view: OrderView, response: Response) -> OrderView:
    set_etag(response, view.version)
    return view
