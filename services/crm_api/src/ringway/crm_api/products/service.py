"""Products: codes are unique, prices do not contradict each other, sales are never lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.orders.prices import Price, contradiction
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid, NotFound, PreconditionFailed
from ringway.crm_api.products import store
from ringway.crm_api.products.schemas import (
    ImportedProduct,
    ImportedProductView,
    NewProduct,
    ProductBody,
    ProductCategoryBody,
    ProductCategoryView,
    ProductImportOutcome,
    ProductImportReport,
    ProductPrice,
    ProductView,
    StockChange,
)
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection


async def find(
    conn: Connection, tenant_id: UUID, product_id: UUID, *, lock: bool = False
) -> store.Product:
    """Return a product of the tenant. Raises NotFound."""
    found = await store.get(conn, tenant_id=tenant_id, product_id=product_id, lock=lock)
    if found is None:
        raise NotFound("product_not_found", f"There is no product {product_id}.")
    return found


async def create(deps: Deps, caller: Caller, new: NewProduct) -> ProductView:
    """Create a product.

    Raises:
        Invalid: Its category is unknown or its prices contradict each other.
        Conflict: Its code is taken.
    """
    product_id = uuid7()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _put(deps, conn, caller, product_id, new, stock=new.stock, sets_stock=True)
        await _note(deps, conn, caller, "product.created", product_id, new)
        return ProductView.model_validate(await find(conn, caller.tenant_id, product_id))


async def change(
    deps: Deps, caller: Caller, product_id: UUID, version: int | None, wanted: ProductBody
) -> ProductView:
    """Change a product, but for its stock. Raises as create, and PreconditionFailed."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find(conn, caller.tenant_id, product_id, lock=True)
        _check_version(present, version)
        await _put(deps, conn, caller, product_id, wanted, stock=None, sets_stock=False)
        await _note(deps, conn, caller, "product.changed", product_id, wanted)
        return ProductView.model_validate(await find(conn, caller.tenant_id, product_id))


async def remove(deps: Deps, caller: Caller, product_id: UUID, version: int | None) -> None:
    """Remove a product that was never ordered. Raises Conflict when it was."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find(conn, caller.tenant_id, product_id, lock=True)
        _check_version(present, version)
        if not await store.remove(conn, tenant_id=caller.tenant_id, product_id=product_id):
            raise Conflict("product_ordered", "It was ordered: set is_active to false instead.")
        await audit.add(
            conn, caller=caller, now=deps.now(), action="product.removed",
            object_type="product", object_id=product_id, detail={"code": present.code},
        )  # fmt: skip


async def change_stock(
    deps: Deps, caller: Caller, product_id: UUID, wanted: StockChange
) -> ProductView:
    """Set or change how many units there are. Raises Invalid or Conflict."""
    given = sum(each is not None for each in (wanted.count, wanted.change))
    if given != (1 if wanted.is_counted else 0):
        raise Invalid(
            "stock_ambiguous", "Send either count or change, or is_counted false and neither."
        )
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find(conn, caller.tenant_id, product_id, lock=True)
        stock = wanted.count
        if wanted.change is not None:
            stock = (present.stock or 0) + wanted.change
            if not 0 <= stock <= 2_000_000_000:
                raise Conflict("stock_short", f"There are {present.stock or 0} units.")
        await store.set_stock(
            conn, tenant_id=caller.tenant_id, product_id=product_id, stock=stock, now=deps.now()
        )
        await audit.add(
            conn, caller=caller, now=deps.now(), action="product.stock_changed",
            object_type="product", object_id=product_id,
            detail={"before": present.stock, "after": stock},
        )  # fmt: skip
        return ProductView.model_validate(await find(conn, caller.tenant_id, product_id))


async def bring_in(
    deps: Deps, caller: Caller, products: Sequence[ImportedProduct]
) -> ProductImportReport:
    """Create or change products by their codes, all that make sense in one transaction."""
    views: list[ImportedProductView] = []
    seen: set[str] = set()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        # One import at a time: two could name the same codes in different orders.
        await conn.execute(
            "SELECT pg_advisory_xact_lock(hashtext('crm.product'), hashtext($1))", caller.tenant
        )
        for each in products:
            views.append(await _bring(deps, conn, caller, each, is_repeated=each.code in seen))
            seen.add(each.code)
        counts = Counter(view.outcome for view in views)
        detail = {str(outcome): count for outcome, count in counts.items()}
        await audit.add(
            conn, caller=caller, now=deps.now(), action="product.imported",
            object_type="product", detail=detail,
        )  # fmt: skip
    return ProductImportReport(
        created=counts[ProductImportOutcome.CREATED],
        changed=counts[ProductImportOutcome.CHANGED],
        refused=counts[ProductImportOutcome.REFUSED],
        products=views,
    )


async def _bring(
    deps: Deps, conn: Connection, caller: Caller, new: ImportedProduct, *, is_repeated: bool
) -> ImportedProductView:
    prices = _prices(new.prices, deps.now())
    wrong = "the code was there before" if is_repeated else contradiction(prices)
    if wrong is not None:
        return ImportedProductView(
            code=new.code, outcome=ProductImportOutcome.REFUSED, detail=wrong
        )
    tenant_id = caller.tenant_id
    category_id = None
    if new.category is not None:
        category_id = await store.category_named(
            conn, tenant_id=tenant_id, new_id=uuid7(), name=new.category, now=deps.now()
        )
    known = await store.id_of_code(conn, tenant_id=tenant_id, code=new.code)
    product_id = known or uuid7()
    await store.put(
        conn,
        tenant_id=tenant_id,
        product_id=product_id,
        fields=new.model_dump(),
        category_id=category_id,
        stock=new.stock,
        sets_stock=new.stock is not None,
        prices=prices,
        now=deps.now(),
    )
    outcome = ProductImportOutcome.CREATED if known is None else ProductImportOutcome.CHANGED
    return ImportedProductView(code=new.code, outcome=outcome, product_id=product_id)


async def put_category(
    deps: Deps,
    caller: Caller,
    category_id: UUID | None,
    version: int | None,
    wanted: ProductCategoryBody,
) -> ProductCategoryView:
    """Create a category, or rename one. Raises NotFound, Conflict or PreconditionFailed."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if category_id is not None:
            present = await find_category(conn, caller.tenant_id, category_id, lock=True)
            _check_category(present, version)
        made = category_id or uuid7()
        try:
            await store.put_category(
                conn, tenant_id=caller.tenant_id, category_id=made, name=wanted.name, now=deps.now()
            )
        except store.CategoryNameTaken:
            raise Conflict("category_name_taken", f"There is a {wanted.name}.") from None
        return ProductCategoryView.model_validate(await find_category(conn, caller.tenant_id, made))


async def remove_category(
    deps: Deps, caller: Caller, category_id: UUID, version: int | None
) -> None:
    """Remove a category without products. Raises Conflict when it has some."""
    try:
        async with deps.pool.tenant(caller.tenant_id) as conn:
            present = await find_category(conn, caller.tenant_id, category_id, lock=True)
            _check_category(present, version)
            await store.remove_category(conn, tenant_id=caller.tenant_id, category_id=category_id)
    except store.CategoryInUse:
        raise Conflict("category_not_empty", "Move its products to another one first.") from None


async def find_category(
    conn: Connection, tenant_id: UUID, category_id: UUID, *, lock: bool = False
) -> store.Category:
    """Return a category of the tenant. Raises NotFound."""
    if lock:
        await conn.execute(
            "SELECT pg_advisory_xact_lock(hashtext('crm.product_category'), hashtext($1))",
            str(category_id),
        )
    found = await store.category(conn, tenant_id=tenant_id, category_id=category_id)
    if found is None:
        raise NotFound("category_not_found", f"There is no category {category_id}.")
    return found


async def _put(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    product_id: UUID,
    wanted: ProductBody,
    *,
    stock: int | None,
    sets_stock: bool,
) -> None:
    prices = _prices(wanted.prices, deps.now())
    if (wrong := contradiction(prices)) is not None:
        raise Invalid("prices_contradict", f"prices: {wrong}.")
    category_id = wanted.category_id
    if category_id is not None:
        known = await store.category(conn, tenant_id=caller.tenant_id, category_id=category_id)
        if known is None:
            raise Invalid("category_unknown", f"category_id: there is no category {category_id}.")
    try:
        await store.put(
            conn,
            tenant_id=caller.tenant_id,
            product_id=product_id,
            fields=wanted.model_dump(),
            category_id=category_id,
            stock=stock,
            sets_stock=sets_stock,
            prices=prices,
            now=deps.now(),
        )
    except store.CodeTaken:
        raise Conflict("product_code_taken", f"Another product is {wanted.code}.") from None


def _prices(given: Sequence[ProductPrice], now: datetime) -> list[Price]:
    return [
        Price(each.currency, each.amount, each.valid_from or now, each.valid_until)
        for each in given
    ]


def _check_version(present: store.Product, version: int | None) -> None:
    if version is not None and version != present.version:
        raise PreconditionFailed(
            "product_changed",
            "The product was changed meanwhile; `current` is what it is now.",
            extra={"current": ProductView.model_validate(present).model_dump(mode="json")},
        )


def _check_category(present: store.Category, version: int | None) -> None:
    if version is not None and version != present.version:
        raise PreconditionFailed(
            "category_changed",
            "The category was changed meanwhile; `current` is what it is now.",
            extra={"current": ProductCategoryView.model_validate(present).model_dump(mode="json")},
        )


async def _note(
    deps: Deps, conn: Connection, caller: Caller, action: str, product_id: UUID, body: Any
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="product",
        object_id=product_id,
        detail=body.model_dump(mode="json"),
    )
