"""Media sources: a number is one source's at a time, and what it brought is counted once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.orders.amounts import rounded
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid, NotFound, PreconditionFailed
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.media_sources import store
from ringway.crm_api.media_sources.schemas import (
    MediaReportLine,
    MediaSourceBody,
    MediaSourceView,
    PlacementBody,
    PlacementView,
)
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection


async def put(
    deps: Deps,
    caller: Caller,
    media_source_id: UUID | None,
    version: int | None,
    wanted: MediaSourceBody,
) -> MediaSourceView:
    """Create or change a media source.

    Raises:
        NotFound, PreconditionFailed: As for all changes.
        Invalid: A number's time ends before it begins, or overlaps with itself.
        Conflict: The name or a number is another source's.
    """
    made = media_source_id or uuid7()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.lock(conn, caller.tenant_id)
        present: store.Source | None = None
        if media_source_id is not None:
            present = await find(conn, caller.tenant_id, media_source_id)
            _check_version(present, version)
        numbers = _numbers(wanted, deps.now(), present.numbers if present is not None else ())
        if present is not None:
            view = MediaSourceView.model_validate(present)
            is_same = says_nothing_new(view, wanted, apart=("numbers",))
            if is_same and list(present.numbers) == numbers:
                return view
        taken = await store.overlapping(
            conn, tenant_id=caller.tenant_id, media_source_id=made, numbers=numbers
        )
        if taken is not None:
            raise Conflict("media_number_taken", f"{taken} is another source's at that time.")
        try:
            await store.put(
                conn,
                tenant_id=caller.tenant_id,
                media_source_id=made,
                fields=wanted.model_dump(exclude={"numbers"}),
                numbers=numbers,
                now=deps.now(),
            )
        except store.NameTaken:
            raise Conflict("media_source_name_taken", f"There is a {wanted.name}.") from None
        action = "media_source.created" if media_source_id is None else "media_source.changed"
        await _note(deps, conn, caller, action, made, wanted.model_dump(mode="json"))
        return MediaSourceView.model_validate(await find(conn, caller.tenant_id, made))


async def remove(deps: Deps, caller: Caller, media_source_id: UUID, version: int | None) -> None:
    """Remove a media source that brought no order. Raises Conflict when it did."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.lock(conn, caller.tenant_id)
        present = await find(conn, caller.tenant_id, media_source_id)
        _check_version(present, version)
        if not await store.remove(
            conn, tenant_id=caller.tenant_id, media_source_id=media_source_id
        ):
            raise Conflict("media_source_used", "It brought orders: set is_active to false.")
        detail = {"name": present.name}
        await _note(deps, conn, caller, "media_source.removed", media_source_id, detail)


async def put_placement(
    deps: Deps,
    caller: Caller,
    media_source_id: UUID,
    placement_id: UUID | None,
    version: int | None,
    wanted: PlacementBody,
) -> PlacementView:
    """Create or change an advertisement. Raises NotFound, Invalid and PreconditionFailed."""
    if wanted.ends_at <= wanted.begins_at:
        raise Invalid("placement_invalid", "ends_at: it ends after it begins.")
    made = placement_id or uuid7()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.lock(conn, caller.tenant_id)
        await find(conn, caller.tenant_id, media_source_id)
        if placement_id is not None:
            present = await find_placement(conn, caller.tenant_id, media_source_id, placement_id)
            _check_placement(present, version)
            view = PlacementView.model_validate(present)
            if says_nothing_new(view, wanted):
                return view
        await store.put_placement(
            conn,
            tenant_id=caller.tenant_id,
            media_source_id=media_source_id,
            placement_id=made,
            fields=wanted.model_dump(),
            now=deps.now(),
        )
        found = await find_placement(conn, caller.tenant_id, media_source_id, made)
        return PlacementView.model_validate(found)


async def remove_placement(
    deps: Deps, caller: Caller, media_source_id: UUID, placement_id: UUID, version: int | None
) -> None:
    """Remove an advertisement. Raises NotFound and PreconditionFailed."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.lock(conn, caller.tenant_id)
        present = await find_placement(conn, caller.tenant_id, media_source_id, placement_id)
        _check_placement(present, version)
        await store.remove_placement(conn, tenant_id=caller.tenant_id, placement_id=placement_id)


async def report(
    deps: Deps, caller: Caller, begins: datetime, ends: datetime, *, by_placement: bool
) -> list[MediaReportLine]:
    """Return what media brought in a period."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        rows = await store.report(
            conn,
            tenant_id=caller.tenant_id,
            begins=begins,
            ends=ends,
            by_placement=by_placement,
        )
    return [
        MediaReportLine(
            **row,
            cost_per_order=_per(row["cost"], row["orders"]),
            cost_per_call=_per(row["cost"], row["calls"]),
        )
        for row in rows
    ]


async def find(conn: Connection, tenant_id: UUID, media_source_id: UUID) -> store.Source:
    """Return a media source of the tenant. Raises NotFound."""
    found = await store.get(conn, tenant_id=tenant_id, media_source_id=media_source_id)
    if found is None:
        raise NotFound("media_source_not_found", f"There is no media source {media_source_id}.")
    return found


async def find_placement(
    conn: Connection, tenant_id: UUID, media_source_id: UUID, placement_id: UUID
) -> store.Placement:
    """Return an advertisement of a source. Raises NotFound."""
    found = await store.get_placement(
        conn, tenant_id=tenant_id, media_source_id=media_source_id, placement_id=placement_id
    )
    if found is None:
        raise NotFound("placement_not_found", f"The source has no placement {placement_id}.")
    return found


def _numbers(
    wanted: MediaSourceBody, now: datetime, present: Sequence[store.Number]
) -> list[store.Number]:
    """Return numbers with their beginnings: one from now on that is there began before."""
    began = {
        (each.did, each.valid_until): each.valid_from
        for each in present
        if each.valid_from <= now and (each.valid_until is None or now < each.valid_until)
    }
    numbers = sorted(
        (
            store.Number(
                each.did,
                each.valid_from or began.get((each.did, each.valid_until), now),
                each.valid_until,
            )
            for each in wanted.numbers
        ),
        key=lambda each: (each.did, each.valid_from),
    )
    for each in numbers:
        if each.valid_until is not None and each.valid_until <= each.valid_from:
            raise Invalid("media_number_invalid", f"{each.did}: it ends before it begins.")
    for one, other in pairwise(numbers):
        if one.did == other.did and (one.valid_until is None or other.valid_from < one.valid_until):
            raise Invalid("media_number_invalid", f"{one.did} is named twice for one time.")
    return numbers


def _per(cost: int, count: int) -> int | None:
    return rounded(cost, count) if count else None


def _check_version(present: store.Source, version: int | None) -> None:
    if version is not None and version != present.version:
        raise PreconditionFailed(
            "media_source_changed",
            "The media source was changed meanwhile; `current` is what it is now.",
            extra={"current": MediaSourceView.model_validate(present).model_dump(mode="json")},
        )


def _check_placement(present: store.Placement, version: int | None) -> None:
    if version is not None and version != present.version:
        raise PreconditionFailed(
            "placement_changed",
            "The placement was changed meanwhile; `current` is what it is now.",
            extra={"current": PlacementView.model_validate(present).model_dump(mode="json")},
        )


async def _note(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    action: str,
    media_source_id: UUID,
    detail: dict[str, Any],
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="media_source",
        object_id=media_source_id,
        detail=detail,
    )
