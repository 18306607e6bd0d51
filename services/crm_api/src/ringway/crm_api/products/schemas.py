"""Payloads of products, their prices and categories."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from ringway.crm_api.core.moments import Moment
from ringway.crm_api.core.orders.amounts import MAX_AMOUNT
from ringway.crm_api.schemas import Body, Name, Text, View

MAX_STOCK = 1_000_000_000
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217.", examples=["CNY"])]
Amount = Annotated[
    int, Field(ge=0, le=MAX_AMOUNT, description="In minor units: 1990 is 19.90.", examples=[1990])
]
TaxRate = Annotated[
    int, Field(ge=0, le=10_000, description="Basis points: 1300 is 13 %.", examples=[1300])
]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,59}$", examples=["KNIFE-SET"])]


class ProductCategoryBody(Body):
    """A category of products."""

    name: Name = Field(examples=["Kitchen"])


class ProductCategoryView(View):
    """A category of products."""

    category_id: UUID
    name: str
    version: int
    created_at: datetime
    updated_at: datetime


class ProductPrice(Body):
    """What one unit costs in one currency, for a time."""

    currency: Currency
    amount: Amount
    valid_from: Moment | None = Field(default=None, description="null: from now on.")
    valid_until: Moment | None = Field(
        default=None, description="Just before this moment it ends; null: it stays."
    )


class ProductFields(Body):
    """What is set on a product and is not its stock."""

    code: Code
    name: Name = Field(examples=["Knife set, 6 pieces"])
    tax_bp: TaxRate = 0
    needs_shipping: bool = Field(default=True, description="false: a service or a download.")
    is_active: bool = Field(default=True, description="false: it is sold no more.")
    prices: list[ProductPrice] = Field(
        default=[], max_length=100, description="Two of one currency never hold at one moment."
    )


class ProductBody(ProductFields):
    """A product as a whole, without its stock."""

    category_id: UUID | None = None


class NewProduct(ProductBody):
    """A new product."""

    stock: int | None = Field(
        default=None, ge=0, le=MAX_STOCK, description="Units to sell; null: not counted."
    )


class ImportedProduct(ProductFields):
    """A product of an import. It changes the one that has its code, or is a new one."""

    category: Text | None = Field(
        default=None, min_length=1, max_length=200, description="Its name; made when missing."
    )
    stock: int | None = Field(
        default=None, ge=0, le=MAX_STOCK, description="null leaves it as it is."
    )


class ProductImport(Body):
    """Many products at once."""

    products: list[ImportedProduct] = Field(min_length=1, max_length=1_000)


class ProductImportOutcome(StrEnum):
    """What became of a product of an import."""

    CREATED = "created"
    CHANGED = "changed"
    REFUSED = "refused"


class ImportedProductView(View):
    """What became of one product of an import. ``detail`` says why it was refused."""

    code: str
    outcome: ProductImportOutcome
    product_id: UUID | None = None
    detail: str = ""


class ProductImportReport(View):
    """What became of an import, in its order."""

    created: int
    changed: int
    refused: int
    products: list[ImportedProductView]


class StockChange(Body):
    """Another stock: either a new count or a change of it, so that sales meanwhile still count."""

    count: int | None = Field(default=None, ge=0, le=MAX_STOCK)
    change: int | None = Field(default=None, ge=-MAX_STOCK, le=MAX_STOCK, examples=[50])
    is_counted: bool = Field(default=True, description="false: it is not counted any more.")


class ProductPriceView(View):
    """What one unit costs, in minor units."""

    currency: str
    amount: int
    valid_from: datetime
    valid_until: datetime | None


class ProductView(View):
    """A product."""

    product_id: UUID
    code: str
    name: str
    category_id: UUID | None
    tax_bp: int
    needs_shipping: bool
    stock: int | None
    is_active: bool
    prices: list[ProductPriceView]
    version: int
    created_at: datetime
    updated_at: datetime
