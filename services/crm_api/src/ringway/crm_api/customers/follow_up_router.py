"""/follow-ups: notes of what was said to customers and what is to be done next."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import Field

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.customers import facts, follow_ups, policy, service, store
from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.customers.changes import By
from ringway.crm_api.customers.follow_ups import FollowUp
from ringway.crm_api.customers.words import Grade, Intent, LeadStatus
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.errors import BadRequest, Invalid, NotFound, PreconditionFailed
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Body, Page, Text, View, cursor_uuid, decode_cursor
from ringway.crm_api.schemas import encode_cursor as encoded
from ringway.crm_api.users import store as users
from ringway.runtime.postgres import Connection

router = api_router("/follow-ups", "follow-ups")
of_customers = api_router("/customers", "customers")
Reader = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_WRITE))]


class FollowUpBody(Body):
    """What was said, or is to be done. The last three fields change the customer at once."""

    note: Text = Field(min_length=1, max_length=4000, examples=["Wants an offer for ten seats."])
    due_at: Moment | None = Field(default=None, description="When he is to be called next.")
    is_done: bool = Field(default=False, description="What is due is done already.")
    result: Text = Field(default="", max_length=1000)
    user_id: UUID | None = Field(default=None, description="Whose it is; left out: the caller's.")
    grade: Grade | None = None
    intent: Intent | None = None
    lead_status: LeadStatus | None = None


class FollowUpChange(Body):
    """What is to be different. A field that is left out stays."""

    note: Text | None = Field(default=None, min_length=1, max_length=4000)
    due_at: Moment | None = None
    is_done: bool | None = None
    result: Text | None = Field(default=None, max_length=1000)
    user_id: UUID | None = None


class FollowUpView(View):
    """A follow-up. ``overdue_at``: when its agent was told that it was overdue."""

    follow_up_id: UUID
    customer_id: UUID
    user_id: UUID
    note: str
    due_at: datetime | None
    done_at: datetime | None
    result: str
    overdue_at: datetime | None
    plan: str = Field(description="The care plan that made it.")
    version: int
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime


@of_customers.post("/{customer_id}/follow-ups", status_code=201)
async def create_follow_up(
    customer_id: UUID, new: FollowUpBody, deps: DepsOf, caller: Writer, response: Response
) -> FollowUpView:
    """Record what was said to a customer, and when he is to be called next."""
    now = deps.now()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await service.find(conn, caller, customer_id, lock=True)
        given = {
            name: str(value)
            for name in ("grade", "intent", "lead_status")
            if (value := getattr(new, name)) is not None
        }
        if new.grade is not None:
            await policy.check_grade(conn, caller.tenant_id, new.grade)
        if given:
            changed = await store.change(
                conn,
                tenant_id=caller.tenant_id,
                present=present,
                record=service.with_words(present.record(), given),
                by=By.caller(caller),
                now=now,
                act="followed_up",
            )
            if changed.version != present.version:
                await facts.tell(conn, caller.tenant, changed, "changed", now)
        is_done = new.is_done or new.due_at is None
        made = await follow_ups.add(
            conn,
            tenant_id=caller.tenant_id,
            customer_id=customer_id,
            user_id=await _whose(conn, caller, new.user_id, caller.user_id),
            note=new.note,
            due_at=new.due_at,
            done_at=now if is_done else None,
            result=new.result,
            created_by=caller.user_id,
            now=now,
        )
        await policy.exist(conn, caller.tenant_id, now)
    set_etag(response, made.version)
    response.headers["Location"] = f"/api/v1/follow-ups/{made.follow_up_id}"
    return FollowUpView.model_validate(made)


@of_customers.get("/{customer_id}/follow-ups")
async def list_follow_ups_of_customer(
    customer_id: UUID, deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[FollowUpView]:
    """List the follow-ups of a customer, newest first."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.find(conn, caller, customer_id)
        found = await follow_ups.of_customer(
            conn,
            tenant_id=caller.tenant_id,
            customer_id=customer_id,
            before=cursor_uuid(cursor),
            limit=limit + 1,
        )
    items = [FollowUpView.model_validate(each) for each in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next_cursor=encoded(items[-1].follow_up_id) if more else None)


@router.get("")
async def list_follow_ups(
    deps: DepsOf,
    caller: Reader,
    user_id: UUID | None = None,
    due_before: Annotated[Moment | None, Query(description="Now, to see what is overdue.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[FollowUpView]:
    """List what is to be done, in the order in which it is due. An agent sees his own."""
    if not caller.may(Permission.CUSTOMERS_ALL):
        if user_id not in (None, caller.user_id):
            return Page(items=[])
        user_id = caller.user_id
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await follow_ups.due(
            conn,
            scope=scopes.of(caller),
            user_id=user_id,
            before=due_before,
            after=_place(cursor),
            limit=limit + 1,
        )
    items = [FollowUpView.model_validate(each) for each in found[:limit]]
    last = items[-1] if len(found) > limit else None
    return Page(items=items, next_cursor=encoded(last.due_at, last.follow_up_id) if last else None)


@router.get("/{follow_up_id}")
async def get_follow_up(
    follow_up_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> FollowUpView:
    """Return one follow-up."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await _find(conn, caller, follow_up_id)
    set_etag(response, found.version)
    return FollowUpView.model_validate(found)


@router.patch("/{follow_up_id}")
async def change_follow_up(
    follow_up_id: UUID,
    wanted: FollowUpChange,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> FollowUpView:
    """Change a follow-up, or say that it is done."""
    version, now = expected_version(if_match), deps.now()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await _find(conn, caller, follow_up_id, lock=True)
        _check_version(present, version)
        values: dict[str, Any] = wanted.model_dump(exclude_unset=True)
        is_done = values.get("is_done")
        done_at = present.done_at if is_done is None else (present.done_at or now)
        changed = await follow_ups.change(
            conn,
            tenant_id=caller.tenant_id,
            follow_up=present,
            note=values.get("note") or present.note,
            due_at=values.get("due_at", present.due_at),
            done_at=None if is_done is False else done_at,
            result=values.get("result") or present.result,
            user_id=await _whose(conn, caller, values.get("user_id"), present.user_id),
            now=now,
        )
    set_etag(response, changed.version)
    return FollowUpView.model_validate(changed)


@router.delete("/{follow_up_id}", status_code=204)
async def delete_follow_up(
    follow_up_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Delete a follow-up."""
    version = expected_version(if_match)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await _find(conn, caller, follow_up_id, lock=True)
        _check_version(present, version)
        await follow_ups.remove(conn, tenant_id=caller.tenant_id, follow_up=present)


async def _find(
    conn: Connection, caller: Caller, follow_up_id: UUID, *, lock: bool = False
) -> FollowUp:
    """Return a follow-up of a customer whom the caller sees. Raises NotFound."""
    found = await follow_ups.get(
        conn, tenant_id=caller.tenant_id, follow_up_id=follow_up_id, lock=lock
    )
    if found is not None and not caller.may(Permission.CUSTOMERS_ALL):
        is_own = found.user_id == caller.user_id
        sees = await service.sees(conn, caller, found.customer_id)
        found = found if sees and (is_own or not lock) else None
    if found is None:
        raise NotFound("follow_up_not_found", f"There is no follow-up {follow_up_id}.")
    return found


async def _whose(conn: Connection, caller: Caller, wanted: UUID | None, present: UUID) -> UUID:
    if wanted is None or wanted == present:
        return present
    known = await users.existing(conn, tenant_id=caller.tenant_id, user_ids=[wanted])
    if not known or not caller.may(Permission.CUSTOMERS_ALL):
        raise Invalid("user_unknown", f"user_id: you give no follow-ups to {wanted}.")
    return wanted


def _check_version(present: FollowUp, version: int | None) -> None:
    if version is not None and version != present.version:
        view = FollowUpView.model_validate(present)
        raise PreconditionFailed(
            "follow_up_changed",
            "The follow-up was changed meanwhile; `current` is what it is now.",
            extra={"current": view.model_dump(mode="json")},
        )


def _place(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    at, follow_up_id = decode_cursor(cursor, 2)
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError
        return moment, UUID(follow_up_id)
    except ValueError as error:
        raise BadRequest(
            "cursor_invalid", "Use next_cursor of the previous page unchanged."
        ) from error
