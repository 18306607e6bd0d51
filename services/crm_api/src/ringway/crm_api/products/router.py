"""/products and /product-categories: what an enterprise sells, and for how much."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.products import service, store
from ringway.crm_api.products.schemas import (
    NewProduct,
    ProductBody,
    ProductCategoryBody,
    ProductCategoryView,
    ProductImport,
    ProductImportReport,
    ProductView,
    StockChange,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, decode_cursor, page_of

router = api_router("/products", "products")
categories = api_router("/product-categories", "product-categories")
Reader = Annotated[Caller, Depends(requires(Permission.ORDERS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.PRODUCTS_WRITE))]


@router.post("", status_code=201)
async def create_product(
    new: NewProduct, deps: DepsOf, caller: Writer, response: Response
) -> ProductView:
    """Create a product with its prices."""
    view = await service.create(deps, caller, new)
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/products/{view.product_id}"
    return view


@router.post("/import")
async def import_products(
    wanted: ProductImport, deps: DepsOf, caller: Writer
) -> ProductImportReport:
    """Create or change up to 1,000 products by their codes; of each it is told what became of it.

    A repeat changes nothing more. What is refused does not hold up the others.
    """
    return await service.bring_in(deps, caller, wanted.products)


@router.get("")
async def list_products(
    deps: DepsOf,
    caller: Reader,
    category_id: UUID | None = None,
    is_active: bool | None = None,
    text: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description="A part of the name or code, in any case."),
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[ProductView]:
    """List products by their codes."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.page(
            conn,
            tenant_id=caller.tenant_id,
            after=decode_cursor(cursor, 1)[0] if cursor is not None else None,
            limit=limit + 1,
            category_id=category_id,
            is_active=is_active,
            text=text,
        )
    items = [ProductView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.code)


@router.get("/{product_id}")
async def get_product(
    product_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> ProductView:
    """Return one product with all its prices."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await service.find(conn, caller.tenant_id, product_id)
    set_etag(response, found.version)
    return ProductView.model_validate(found)


@router.put("/{product_id}")
async def change_product(
    product_id: UUID,
    wanted: ProductBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> ProductView:
    """Change a product and its prices. Orders keep the prices with which they were entered."""
    version = expected_version(if_match, required=True)
    view = await service.change(deps, caller, product_id, version, wanted)
    set_etag(response, view.version)
    return view


@router.delete("/{product_id}", status_code=204)
async def remove_product(
    product_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove a product that was never ordered."""
    await service.remove(deps, caller, product_id, expected_version(if_match))


@router.post("/{product_id}/stock")
async def change_stock(
    product_id: UUID, wanted: StockChange, deps: DepsOf, caller: Writer, response: Response
) -> ProductView:
    """Set the stock, or change it by what came in or went out."""
    view = await service.change_stock(deps, caller, product_id, wanted)
    set_etag(response, view.version)
    return view


@categories.post("", status_code=201)
async def create_product_category(
    new: ProductCategoryBody, deps: DepsOf, caller: Writer, response: Response
) -> ProductCategoryView:
    """Create a category of products."""
    view = await service.put_category(deps, caller, None, None, new)
    set_etag(response, view.version)
    response.headers["Location"] = f"/api/v1/product-categories/{view.category_id}"
    return view


@categories.get("")
async def list_product_categories(
    deps: DepsOf, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[ProductCategoryView]:
    """List categories of products."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.categories(
            conn, tenant_id=caller.tenant_id, after=cursor_uuid(cursor), limit=limit + 1
        )
    items = [ProductCategoryView.model_validate(each) for each in found]
    return page_of(items, limit, lambda last: last.category_id)


@categories.get("/{product_category_id}")
async def get_product_category(
    product_category_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> ProductCategoryView:
    """Return one category of products."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await service.find_category(conn, caller.tenant_id, product_category_id)
    set_etag(response, found.version)
    return ProductCategoryView.model_validate(found)


@categories.put("/{product_category_id}")
async def rename_product_category(
    product_category_id: UUID,
    wanted: ProductCategoryBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> ProductCategoryView:
    """Rename a category of products."""
    version = expected_version(if_match, required=True)
    view = await service.put_category(deps, caller, product_category_id, version, wanted)
    set_etag(response, view.version)
    return view


@categories.delete("/{product_category_id}", status_code=204)
async def remove_product_category(
    product_category_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove a category that has no products."""
    await service.remove_category(deps, caller, product_category_id, expected_version(if_match))
