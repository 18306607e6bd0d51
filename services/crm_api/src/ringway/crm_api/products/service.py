"""Products: codes are unique, prices do not contradict each other, sales are never lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.orders.prices import Price, contradiction, price_at
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
    ProductFields,
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
        prices = _prices(new.prices, deps.now())
        await _put(deps, conn, caller, product_id, new, prices, stock=new.stock, sets_stock=True)
        await _note(deps, conn, caller, "product.created", product_id, new)
        return ProductView.model_validate(await find(conn, caller.tenant_id, product_id))


async def change(
    deps: Deps, caller: Caller, product_id: UUID, version: int | None, wanted: ProductBody
) -> ProductView:
    """Change a product, but for its stock. What says what it is already changes nothing.

    Raises as create, and PreconditionFailed.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await find(conn, caller.tenant_id, product_id, lock=True)
        _check_version(present, version)
        prices = _prices(wanted.prices, deps.now(), present.prices)
        if _is_same(present, wanted, prices, wanted.category_id):
            return ProductView.model_validate(present)
        await _put(deps, conn, caller, product_id, wanted, prices, stock=None, sets_stock=False)
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
        if stock == present.stock:
            return ProductView.model_validate(present)
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
        codes = [each.code for each in products]
        await store.lock_codes(conn, tenant_id=caller.tenant_id, codes=codes)
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
    tenant_id = caller.tenant_id
    known = await store.id_of_code(conn, tenant_id=tenant_id, code=new.code)
    present = await find(conn, tenant_id, known, lock=True) if known is not None else None
    prices = _prices(new.prices, deps.now(), present.prices if present is not None else ())
    wrong = "the code was there before" if is_repeated else contradiction(prices)
    if wrong is not None:
        return ImportedProductView(
            code=new.code, outcome=ProductImportOutcome.REFUSED, detail=wrong
        )
    category_id = None
    if new.category is not None:
        category_id = await store.category_named(
            conn, tenant_id=tenant_id, new_id=uuid7(), name=new.category, now=deps.now()
        )
    product_id = known or uuid7()
    outcome = ProductImportOutcome.CREATED if known is None else ProductImportOutcome.CHANGED
    stock_stays = present is not None and new.stock in (None, present.stock)
    if present is not None and stock_stays and _is_same(present, new, prices, category_id):
        return ImportedProductView(code=new.code, outcome=outcome, product_id=product_id)
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
            if present.name == wanted.name:
                return ProductCategoryView.model_validate(present)
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
    prices: Sequence[Price],
    *,
    stock: int | None,
    sets_stock: bool,
) -> None:
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


def _prices(
    given: Sequence[ProductPrice], now: datetime, present: Sequence[Price] = ()
) -> list[Price]:
    """Return prices with their beginnings: one from now on that holds already began before."""

    def begins_at(price: ProductPrice) -> datetime:
        holding = price_at(present, price.currency, now)
        if holding is not None and (holding.amount, holding.valid_until) == (
            price.amount,
            price.valid_until,
        ):
            return holding.valid_from
        return now

    return [
        Price(each.currency, each.amount, each.valid_from or begins_at(each), each.valid_until)
        for each in given
    ]


def _is_same(
    present: store.Product, wanted: ProductFields, prices: Sequence[Price], category_id: UUID | None
) -> bool:
    """Whether a product is already what is wanted of it, but for its stock."""
    fields = ("code", "name", "tax_bp", "needs_shipping", "is_active")
    return (
        all(getattr(present, name) == getattr(wanted, name) for name in fields)
        and present.category_id == category_id
        and Counter(present.prices) == Counter(prices)
    )


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
