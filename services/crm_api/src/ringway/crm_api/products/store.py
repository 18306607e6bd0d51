"""Products, prices and categories. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from ringway.crm_api.core.orders.prices import Price
from ringway.runtime.postgres import Connection

_COLUMNS = (
    "product_id, code, name, category_id, tax_bp, needs_shipping, stock, is_active, version, "
    "created_at, updated_at"
)
_GET = f"SELECT {_COLUMNS} FROM crm.product WHERE tenant_id = $1 AND product_id = $2"  # noqa: S608
_BY_IDS = f"""
    SELECT {_COLUMNS} FROM crm.product WHERE tenant_id = $1 AND product_id = ANY ($2)
"""  # noqa: S608 - a constant
_PAGE = f"""
    SELECT {_COLUMNS} FROM crm.product
     WHERE tenant_id = $1 AND ($2::text IS NULL OR code > $2)
       AND ($3::uuid IS NULL OR category_id = $3) AND ($4::boolean IS NULL OR is_active = $4)
       AND ($5::text IS NULL OR strpos(lower(name), lower($5)) > 0
            OR strpos(lower(code), lower($5)) > 0)
     ORDER BY code LIMIT $6
"""  # noqa: S608 - a constant
_PUT = """
    INSERT INTO crm.product AS p (tenant_id, product_id, code, name, category_id, tax_bp,
                                  needs_shipping, is_active, stock, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
    ON CONFLICT (tenant_id, product_id) DO UPDATE SET
        code = excluded.code, name = excluded.name, category_id = excluded.category_id,
        tax_bp = excluded.tax_bp, needs_shipping = excluded.needs_shipping,
        is_active = excluded.is_active, version = p.version + 1, updated_at = excluded.updated_at,
        stock = CASE WHEN $11 THEN excluded.stock ELSE p.stock END
"""


class CodeTaken(Exception):
    """Another product has this code."""


class CategoryNameTaken(Exception):
    """Another category has this name."""


class CategoryInUse(Exception):
    """Products are in the category."""


@dataclass(frozen=True, slots=True)
class Category:
    """One row of ``crm.product_category``."""

    category_id: UUID
    name: str
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Product:
    """One row of ``crm.product`` with its prices, by currency and time."""

    product_id: UUID
    code: str
    name: str
    category_id: UUID | None
    tax_bp: int
    needs_shipping: bool
    stock: int | None
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime
    prices: tuple[Price, ...]


async def get(
    conn: Connection, *, tenant_id: UUID, product_id: UUID, lock: bool = False
) -> Product | None:
    """Return one product; with ``lock`` nobody changes it until the transaction ends."""
    row = await conn.fetchrow(f"{_GET} FOR UPDATE" if lock else _GET, tenant_id, product_id)
    if row is None:
        return None
    return (await _with_prices(conn, tenant_id, [row]))[0]


async def by_ids(
    conn: Connection, *, tenant_id: UUID, product_ids: Sequence[UUID]
) -> dict[UUID, Product]:
    """Return these products, by their ids."""
    rows = await conn.fetch(_BY_IDS, tenant_id, list(product_ids))
    return {each.product_id: each for each in await _with_prices(conn, tenant_id, rows)}


async def id_of_code(conn: Connection, *, tenant_id: UUID, code: str) -> UUID | None:
    """Return the product that has a code."""
    found: UUID | None = await conn.fetchval(
        "SELECT product_id FROM crm.product WHERE tenant_id = $1 AND code = $2", tenant_id, code
    )
    return found


async def lock_codes(conn: Connection, *, tenant_id: UUID, codes: Sequence[str]) -> None:
    """Let nobody else change products with these codes, in the one order of :func:`move_stock`."""
    await conn.execute(
        "SELECT 1 FROM crm.product WHERE tenant_id = $1 AND code = ANY ($2::text[]) "
        "ORDER BY product_id FOR UPDATE",
        *(tenant_id, list(codes)),
    )


async def page(
    conn: Connection,
    *,
    tenant_id: UUID,
    after: str | None,
    limit: int,
    category_id: UUID | None,
    is_active: bool | None,
    text: str | None,
) -> list[Product]:
    """Return products by their codes; ``text`` is a part of the name or code."""
    rows = await conn.fetch(_PAGE, tenant_id, after, category_id, is_active, text, limit)
    return await _with_prices(conn, tenant_id, rows)


async def put(
    conn: Connection,
    *,
    tenant_id: UUID,
    product_id: UUID,
    fields: Mapping[str, Any],
    category_id: UUID | None,
    stock: int | None,
    sets_stock: bool,
    prices: Sequence[Price],
    now: datetime,
) -> None:
    """Create or change a product with its prices. Raises CodeTaken."""
    try:
        await conn.execute(
            _PUT,
            *(tenant_id, product_id, fields["code"], fields["name"], category_id),
            *(fields["tax_bp"], fields["needs_shipping"], fields["is_active"]),
            *(stock, now, sets_stock),
        )
    except asyncpg.UniqueViolationError as error:
        raise CodeTaken(fields["code"]) from error
    await conn.execute(
        "DELETE FROM crm.product_price WHERE tenant_id = $1 AND product_id = $2",
        tenant_id,
        product_id,
    )
    await conn.executemany(
        "INSERT INTO crm.product_price (tenant_id, product_id, currency, amount, valid_from, "
        "valid_until) VALUES ($1, $2, $3, $4, $5, $6)",
        [
            (tenant_id, product_id, each.currency, each.amount, each.valid_from, each.valid_until)
            for each in prices
        ],
    )


async def remove(conn: Connection, *, tenant_id: UUID, product_id: UUID) -> bool:
    """Remove a product that was never ordered; whether it went."""
    gone = await conn.fetchval(
        """
        DELETE FROM crm.product WHERE tenant_id = $1 AND product_id = $2 AND NOT EXISTS (
            SELECT 1 FROM crm.sales_order_line WHERE tenant_id = $1 AND product_id = $2
        ) RETURNING true
        """,
        tenant_id,
        product_id,
    )
    return bool(gone)


async def set_stock(
    conn: Connection, *, tenant_id: UUID, product_id: UUID, stock: int | None, now: datetime
) -> None:
    """Set how many units there are; None: not counted."""
    await conn.execute(
        "UPDATE crm.product SET stock = $3, version = version + 1, updated_at = $4 "
        "WHERE tenant_id = $1 AND product_id = $2",
        *(tenant_id, product_id, stock, now),
    )


async def move_stock(
    conn: Connection, *, tenant_id: UUID, moves: Mapping[UUID, int], back: bool = False
) -> tuple[list[UUID], set[UUID]]:
    """Add to the stocks of products whose stock is counted, in one order of locks for everybody.

    Returns which had too little (nothing is taken from these) and which are counted. ``back``
    gives to products that have meanwhile become uncounted nothing, and refuses never.
    """
    short: list[UUID] = []
    counted: set[UUID] = set()
    for product_id in sorted(moves):
        stock = await conn.fetchval(
            "SELECT stock FROM crm.product WHERE tenant_id = $1 AND product_id = $2 FOR UPDATE",
            tenant_id,
            product_id,
        )
        if stock is None:
            continue
        counted.add(product_id)
        if stock + moves[product_id] < 0 and not back:
            short.append(product_id)
            continue
        await conn.execute(
            "UPDATE crm.product SET stock = greatest(0, stock + $3) "
            "WHERE tenant_id = $1 AND product_id = $2",
            *(tenant_id, product_id, moves[product_id]),
        )
    return short, counted


async def categories(
    conn: Connection, *, tenant_id: UUID, after: UUID | None, limit: int
) -> list[Category]:
    """Return categories in the order in which they were made."""
    rows = await conn.fetch(
        "SELECT category_id, name, version, created_at, updated_at FROM crm.product_category "
        "WHERE tenant_id = $1 AND ($2::uuid IS NULL OR category_id > $2) "
        "ORDER BY category_id LIMIT $3",
        *(tenant_id, after, limit),
    )
    return [Category(**row) for row in rows]


async def category(conn: Connection, *, tenant_id: UUID, category_id: UUID) -> Category | None:
    """Return one category."""
    row = await conn.fetchrow(
        "SELECT category_id, name, version, created_at, updated_at FROM crm.product_category "
        "WHERE tenant_id = $1 AND category_id = $2",
        tenant_id,
        category_id,
    )
    return Category(**row) if row is not None else None


async def category_named(
    conn: Connection, *, tenant_id: UUID, new_id: UUID, name: str, now: datetime
) -> UUID:
    """Return the category that has a name; it is made as ``new_id`` when there is none."""
    found: UUID = await conn.fetchval(
        """
        INSERT INTO crm.product_category AS c (tenant_id, category_id, name, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $4)
        ON CONFLICT (tenant_id, lower(name)) DO UPDATE SET name = c.name RETURNING category_id
        """,
        *(tenant_id, new_id, name, now),
    )
    return found


async def put_category(
    conn: Connection, *, tenant_id: UUID, category_id: UUID, name: str, now: datetime
) -> None:
    """Create or rename a category. Raises CategoryNameTaken."""
    try:
        await conn.execute(
            """
            INSERT INTO crm.product_category AS c (tenant_id, category_id, name, created_at,
                                                   updated_at)
            VALUES ($1, $2, $3, $4, $4)
            ON CONFLICT (tenant_id, category_id) DO UPDATE SET
                name = excluded.name, version = c.version + 1, updated_at = excluded.updated_at
            """,
            *(tenant_id, category_id, name, now),
        )
    except asyncpg.UniqueViolationError as error:
        raise CategoryNameTaken(name) from error


async def remove_category(conn: Connection, *, tenant_id: UUID, category_id: UUID) -> None:
    """Remove a category. Raises CategoryInUse."""
    try:
        await conn.execute(
            "DELETE FROM crm.product_category WHERE tenant_id = $1 AND category_id = $2",
            tenant_id,
            category_id,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise CategoryInUse from error


async def _with_prices(
    conn: Connection, tenant_id: UUID, rows: Sequence[asyncpg.Record]
) -> list[Product]:
    found = await conn.fetch(
        "SELECT product_id, currency, amount, valid_from, valid_until FROM crm.product_price "
        "WHERE tenant_id = $1 AND product_id = ANY ($2) ORDER BY currency, valid_from",
        tenant_id,
        [row["product_id"] for row in rows],
    )
    prices: dict[UUID, list[Price]] = {}
    for each in found:
        price = Price(each["currency"], each["amount"], each["valid_from"], each["valid_until"])
        prices.setdefault(each["product_id"], []).append(price)
    return [Product(**row, prices=tuple(prices.get(row["product_id"], ()))) for row in rows]
