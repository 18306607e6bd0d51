"""/knowledge/categories: the tree that articles are found in, and who reads and writes there."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import DepsOf, requires
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.knowledge import categories
from ringway.crm_api.knowledge.schemas import CategoryBody, CategoryOrder, CategoryView
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page

router = api_router("/knowledge/categories", "knowledge")
Reader = Annotated[Caller, Depends(requires(Permission.KNOWLEDGE_READ))]
Gardener = Annotated[Caller, Depends(requires(Permission.KNOWLEDGE_ALL))]


@router.post("", status_code=201)
async def create_category(
    new: CategoryBody, deps: DepsOf, caller: Gardener, response: Response
) -> CategoryView:
    """Make a category, at the top or inside of another."""
    view = await categories.create(deps, caller, new)
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/knowledge/categories/{view.category_id}"
    return view


@router.get("")
async def list_categories(deps: DepsOf, caller: Reader) -> Page[CategoryView]:
    """List the categories that the caller reads, neighbours in their order."""
    return Page(items=await categories.visible(deps, caller))


@router.post("/order", status_code=204)
async def order_categories(order: CategoryOrder, deps: DepsOf, caller: Gardener) -> None:
    """Put the categories of one place into another order."""
    await categories.put_order(deps, caller, order)


@router.get("/{knowledge_category_id}")
async def get_category(
    knowledge_category_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> CategoryView:
    """Return one category."""
    view = await categories.get(deps, caller, knowledge_category_id)
    set_etag(response, view.version)
    return view


@router.put("/{knowledge_category_id}")
async def change_category(
    knowledge_category_id: UUID,
    wanted: CategoryBody,
    deps: DepsOf,
    caller: Gardener,
    response: Response,
    if_match: IfMatch = None,
) -> CategoryView:
    """Change a category and who is let in, or move it with all that it contains."""
    version = expected_version(if_match, required=True)
    view = await categories.change(deps, caller, knowledge_category_id, version, wanted)
    set_etag(response, view.version)
    return view


@router.delete("/{knowledge_category_id}", status_code=204)
async def remove_category(
    knowledge_category_id: UUID, deps: DepsOf, caller: Gardener, if_match: IfMatch = None
) -> None:
    """Remove a category that is empty."""
    await categories.remove(deps, caller, knowledge_category_id, expected_version(if_match))
