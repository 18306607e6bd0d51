"""Lists of records and of their changes."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.core.objects import filters
from ringway.crm_api.core.objects.definition import Field
from ringway.crm_api.core.objects.values import Wrong
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import BadRequest, Invalid
from ringway.crm_api.objects import catalogue, history, record_store
from ringway.crm_api.objects.record_query import Order, Place
from ringway.crm_api.objects.records import find, find_object, view_of
from ringway.crm_api.objects.schemas import FieldChange, RecordChangeView, RecordView
from ringway.crm_api.schemas import decode_cursor, encode_cursor

_MOST_FILTERS = 20


async def page(
    deps: Deps,
    caller: Caller,
    object_id: UUID,
    *,
    wanted: Sequence[str],
    sort: str | None,
    fields: Sequence[str] | None,
    interaction_id: UUID | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[RecordView], str | None]:
    """Return one page of records and the cursor of the next.

    Args:
        wanted: Conditions as :mod:`filters` reads them; all must be true.
        sort: A field, with ``-`` before it downwards; None: the newest first.
        fields: Which values to return; None: all that the caller sees.

    Raises:
        Invalid: A condition, the order or a field cannot be.
        BadRequest: The cursor is not of this list. And as find_object.
    """
    async with deps.pool.tenant(caller.tenant_id, settings=record_store.LIST_SETTINGS) as conn:
        found = await find_object(conn, caller, object_id)
        role = catalogue.role_of(caller)
        try:
            if len(wanted) > _MOST_FILTERS:
                raise Wrong("filters_too_many", f"At most {_MOST_FILTERS} filters.")
            conditions = [filters.parse(found.definition, role, each) for each in wanted]
            order = Order(None, is_down=True)
            if sort is not None:
                order = Order(*filters.parse_sort(found.definition, role, sort))
            only = None
            if fields is not None:
                only = {filters.seen(found.definition, role, each).key for each in fields}
        except Wrong as wrong:
            raise Invalid(wrong.code, wrong.reason) from None
        try:
            records = await record_store.page(
                conn,
                found=found,
                wanted=conditions,
                interaction_id=interaction_id,
                order=order,
                after=_place(cursor, sort or "", order.field),
                limit=limit + 1,
            )
        except record_store.TooSlow:
            raise Invalid(
                "list_too_slow",
                "This list reads too many records: add a filter that few records fit.",
            ) from None
    items = [view_of(record, found, caller, only=only) for record, _ in records[:limit]]
    if len(records) <= limit:
        return items, None
    last = records[limit - 1][1]
    key = "" if last.key is None else repr(last.key) if _is_number(order.field) else last.key
    return items, encode_cursor(sort or "", key, last.record_id)


async def changes(
    deps: Deps, caller: Caller, object_id: UUID, record_id: UUID, before: int | None, limit: int
) -> list[RecordChangeView]:
    """Return a record's saves, newest first, with the fields that the caller sees now."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await find_object(conn, caller, object_id)
        await find(conn, found, record_id)
        rows = await history.page(
            conn, tenant_id=caller.tenant_id, record_id=record_id, before=before, limit=limit
        )
    seen = {each.key for each in catalogue.fields_seen(found.definition, caller)}
    return [change_view(each, seen) for each in rows]


def change_view(change: history.Change, seen: set[str]) -> RecordChangeView:
    """Return a save with the fields in ``seen``."""
    return RecordChangeView(
        version=change.version,
        act=change.act,
        changed_by=change.changed_by,
        changed_by_name=change.changed_by_name,
        changed_at=change.changed_at,
        changes=[
            FieldChange(key=key, old=old, new=new)
            for key, (old, new) in sorted(change.changes.items())
            if key in seen
        ],
    )


def _is_number(field: Field | None) -> bool:
    return field is not None and field.is_number


def _place(cursor: str | None, sort: str, field: Field | None) -> Place | None:
    if cursor is None:
        return None
    of_sort, key, record_id = decode_cursor(cursor, 3)
    try:
        if of_sort != sort:
            raise ValueError
        return Place(float(key) if _is_number(field) else key, UUID(record_id))
    except ValueError:
        raise BadRequest(
            "cursor_invalid", "Use next_cursor of the previous page of the same list unchanged."
        ) from None
