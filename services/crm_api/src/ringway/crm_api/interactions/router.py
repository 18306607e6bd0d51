"""/interactions: conversations as they were (call detail records)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import Depends

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.interaction import SegmentRow
from ringway.crm_api.deps import Cursor, Deps, DepsOf, Limit, requires
from ringway.crm_api.errors import NotFound
from ringway.crm_api.interactions import listing, params, store
from ringway.crm_api.interactions.params import Asked
from ringway.crm_api.interactions.schemas import InteractionSegmentView, InteractionView
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of

router = api_router("/interactions", "interactions")
Reader = Annotated[Caller, Depends(requires(Permission.INTERACTIONS_READ))]


@router.get("")
async def list_interactions(
    deps: DepsOf,
    caller: Reader,
    asked: Annotated[Asked, Depends(params.asked)],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[InteractionView]:
    """List interactions, newest first. An agent sees his own only.

    Lists over much time with conditions that few interactions fit are given up after 8 s.
    """
    found = await listing.of_caller(
        deps, caller, asked, before=cursor_uuid(cursor), limit=limit + 1
    )
    items = [view_of(interaction) for interaction in found]
    return page_of(items, limit, lambda last: last.interaction_id)


@router.get("/{interaction_id}")
async def get_interaction(interaction_id: UUID, deps: DepsOf, caller: Reader) -> InteractionView:
    """Return one interaction. An agent sees only those that he had."""
    return view_of((await _visible(deps, caller, interaction_id))[0])


@router.get("/{interaction_id}/segments")
async def list_segments(
    interaction_id: UUID, deps: DepsOf, caller: Reader
) -> list[InteractionSegmentView]:
    """List the agents who had the interaction, in order, each with his own times."""
    _, parts = await _visible(deps, caller, interaction_id)
    return [InteractionSegmentView.model_validate(part) for part in parts]


async def _visible(
    deps: Deps, caller: Caller, interaction_id: UUID
) -> tuple[store.Interaction, list[SegmentRow]]:
    key = {"tenant_id": caller.tenant_id, "interaction_id": interaction_id}
    async with deps.pool.reading(caller.tenant_id) as conn:
        found = await store.get(conn, **key)
        parts = await store.segments_of(conn, **key) if found is not None else []
    had: set[UUID | None] = {part.agent_id for part in parts}
    if found is not None:
        had.add(found.row.agent_id)
    hidden = not caller.may(Permission.INTERACTIONS_ALL) and caller.user_id not in had
    if found is None or hidden:
        raise NotFound("interaction_not_found", f"There is no interaction {interaction_id}.")
    return found, parts


def view_of(interaction: store.Interaction) -> InteractionView:
    """Return an interaction as the API shows it."""
    row = interaction.row
    begun = row.started_at or row.answered_at or row.connected_at
    over = row.disconnected_at or row.ended_at
    total_s = (over - begun).total_seconds() if begun is not None and over is not None else None
    return InteractionView(
        interaction_id=interaction.interaction_id, total_s=total_s, **asdict(row)
    )
