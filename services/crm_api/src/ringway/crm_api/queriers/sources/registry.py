"""All that a caller may ask, from the modules of this package: one module for each area.

A module has ``async def sources(conn, caller) -> list[Source]``: what the caller may see at all,
with only the fields that he may see, each source with the condition of the rows that are his.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ringway.crm_api.access import Caller
from ringway.crm_api.core.queriers.catalogue import Catalogue, Source
from ringway.crm_api.queriers.sources import (
    attached,
    calls,
    customers,
    people,
    records,
    sales,
    work_orders,
)
from ringway.runtime.postgres import Connection

Area = Callable[[Connection, Caller], Awaitable[list[Source]]]
AREAS: tuple[Area, ...] = (
    calls.sources,
    people.sources,
    customers.sources,
    sales.sources,
    work_orders.sources,
    records.sources,
)


async def catalogue(conn: Connection, caller: Caller) -> Catalogue:
    """Return what ``caller`` may ask now."""
    found: dict[str, Source] = {}
    for area in AREAS:
        found |= {each.name: each for each in await area(conn, caller)}
    return attached.referred_to(found)
