"""Entries in an order's books, one at a time, each with all that follows in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from typing import Any, TypedDict
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.orders.books import BookRefused, Books
from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, NotFound, PreconditionFailed
from ringway.crm_api.idempotency import RequestKey
from ringway.crm_api.orders import book_store, reopening, store
from ringway.crm_api.orders.schemas import SalesOrderView
from ringway.proto.crm_sales import SalesOrderChangedV1
from ringway.runtime import outbox
from ringway.runtime.postgres import Connection


class Change(TypedDict):
    """What something was, and what it is now."""

    old: Any
    new: Any


def changes(values: Mapping[str, tuple[Any, Any]]) -> dict[str, Change]:
    """Return those of some values, each old and new, that differ."""
    return {name: Change(old=old, new=new) for name, (old, new) in values.items() if old != new}


@dataclass(slots=True)
class Entry:
    """An order that is locked, with its books as they are, and what is being written."""

    conn: Connection
    order: store.OrderRow
    books: Books
    is_repeated: bool
    kind: str = ""
    detail: Mapping[str, Any] | None = None
    audited: Mapping[str, Any] | None = None
    view: SalesOrderView | None = None


@asynccontextmanager
async def booking(
    deps: Deps,
    caller: Caller,
    order_id: UUID,
    *,
    version: int | None,
    request: RequestKey | None = None,
    act: str = "",
) -> AsyncIterator[Entry]:
    """Lock an order for one entry; what follows from it is written at the end.

    The block writes the entry and says what it is in ``kind`` and ``detail``; not when
    ``is_repeated``, which it may find itself: then it is in the books already. ``audited`` goes
    into the audit log as well, last of all. ``view`` is the order afterwards.

    Args:
        act: What ``request`` may have booked before: a payment's kind, or ``shipped``.

    Raises:
        NotFound: There is no such order.
        Conflict: The books do not allow the entry.
        Invalid: Something else was booked under this key.
        PreconditionFailed: Something was booked since ``version``.
    """
    tenant_id = caller.tenant_id
    with refusals():
        async with deps.pool.tenant(tenant_id) as conn:
            order = await find_seen(conn, caller, order_id, lock=True)
            is_repeated = await book_store.is_booked(
                conn,
                tenant_id=tenant_id,
                order_id=order_id,
                booked_by=caller.user_id,
                request=request,
                act=act,
            )
            if not is_repeated:
                await check_version(conn, tenant_id, order, version)
            present = await store.books(conn, tenant_id=tenant_id, order=order)
            entry = Entry(conn, order, present, is_repeated)
            yield entry
            if not entry.is_repeated:
                order = await find(conn, tenant_id, order_id)
                await settle(deps, conn, caller, order, entry.kind, entry.detail or {})
            if entry.audited is not None:
                await audit.add(
                    conn,
                    caller=caller,
                    now=deps.now(),
                    action=f"sales_order.{entry.kind.removeprefix('payment_')}",
                    object_type="sales_order",
                    object_id=order_id,
                    detail=entry.audited,
                )
            entry.view = await view(conn, tenant_id, order_id)


async def settle(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    order: store.OrderRow,
    kind: str,
    detail: Mapping[str, Any],
) -> None:
    """Write what follows from the books: states, sums, history, and the fact for others.

    Args:
        order: With the states that it had before.
    """
    tenant_id, order_id = caller.tenant_id, order.order_id
    now = deps.now()
    books = await store.books(conn, tenant_id=tenant_id, order=order)
    version = await store.write_books(
        conn, tenant_id=tenant_id, order_id=order_id, books=books, now=now
    )
    await store.add_event(
        conn,
        tenant_id=tenant_id,
        order_id=order_id,
        seq=version,
        actor_id=caller.user_id,
        actor=caller.username,
        kind=kind,
        detail=detail,
        now=now,
    )
    fact = SalesOrderChangedV1(
        occurred_at=now,
        tenant=caller.tenant,
        order_id=str(order_id),
        version=version,
        change=kind,
        state=books.state.value,
        payment_state=books.payment_state.value,
        shipment_state=books.shipment_state.value,
        customer_id=_token(order.customer_id),
        agent_id=_token(order.agent_id),
        owner_id=_token(order.owner_id),
        interaction_id=_token(order.interaction_id),
        campaign_id=_token(order.campaign_id),
    )
    await outbox.add(conn, "crm", fact)
    if reopening.opens_again(order, books):
        await reopening.settle(conn, caller, order, now)


async def find(
    conn: Connection, tenant_id: UUID, order_id: UUID, *, lock: bool = False
) -> store.OrderRow:
    """Return an order of the tenant. Raises NotFound."""
    found = await store.get(conn, tenant_id=tenant_id, order_id=order_id, lock=lock)
    if found is None:
        raise NotFound("sales_order_not_found", f"There is no order {order_id}.")
    return found


async def find_seen(
    conn: Connection, caller: Caller, order_id: UUID, *, lock: bool = False
) -> store.OrderRow:
    """Return an order of the caller's, or of a customer whom he sees. Raises NotFound.

    His are those that he sold and those that he looks after.
    """
    found = await find(conn, caller.tenant_id, order_id, lock=lock)
    is_his = caller.user_id in (found.agent_id, found.owner_id)
    if not is_his and not await scopes.shows(conn, caller, found.customer_id):
        raise NotFound("sales_order_not_found", f"There is no order {order_id}.")
    if lock:
        await reopening.hold(conn, caller.tenant_id, found)
    return found


async def view(conn: Connection, tenant_id: UUID, order_id: UUID) -> SalesOrderView:
    """Return an order with its lines and books. Raises NotFound."""
    order = await find(conn, tenant_id, order_id)
    lines = await store.lines(conn, tenant_id=tenant_id, order_id=order_id)
    books = await store.books(conn, tenant_id=tenant_id, order=order)
    parcels = await book_store.parcels(conn, tenant_id=tenant_id, order_id=order_id)
    return SalesOrderView.model_validate(
        {
            **asdict(order),
            "due": books.due,
            "lines": [asdict(line) for line in lines],
            "payments": await book_store.payments(conn, tenant_id=tenant_id, order_id=order_id),
            "shipments": [
                {
                    **asdict(parcel),
                    "lines": [
                        {"line_no": n, "quantity": count, "returned": parcel.returned[n]}
                        for n, count in parcel.units.items()
                    ],
                }
                for parcel in parcels
            ],
        }
    )


async def check_version(
    conn: Connection, tenant_id: UUID, order: store.OrderRow, version: int | None
) -> None:
    """Raise PreconditionFailed when the order is not what the caller saw."""
    if version is not None and version != order.version:
        current = await view(conn, tenant_id, order.order_id)
        raise PreconditionFailed(
            "sales_order_changed",
            "Something was booked on the order meanwhile; `current` is what it is now.",
            extra={"current": current.model_dump(mode="json")},
        )


@contextmanager
def refusals() -> Iterator[None]:
    """Make what the books refuse an answer."""
    try:
        yield
    except BookRefused as refused:
        raise Conflict(refused.code, refused.detail) from None


def _token(value: UUID | None) -> str | None:
    return str(value) if value is not None else None
