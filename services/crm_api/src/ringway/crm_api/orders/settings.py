"""How an enterprise sells, and what discount a caller may give."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import orjson

from ringway.crm_api.access import Caller, Role
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import PreconditionFailed
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.orders.schemas import OrderSettingsBody, OrderSettingsView
from ringway.runtime.postgres import Connection

# Basis points. Who is not named gives no discount until the enterprise says so.
DISCOUNT_LIMITS = {
    Role.ENTERPRISE_ADMIN.value: 10_000,
    Role.TEAM_LEADER.value: 3_000,
    Role.AGENT.value: 1_000,
    Role.STAFF.value: 1_000,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """One row of ``crm.order_settings``, or the defaults. ``version`` 0: never changed."""

    number_prefix: str = "S"
    prices_include_tax: bool = True
    ships_only_paid: bool = False
    discount_limits: dict[str, int] = field(default_factory=dict)
    version: int = 0
    updated_at: datetime | None = None

    def limit_of(self, caller: Caller) -> int:
        """Return the largest discount that a caller may give, in basis points."""
        limits = {**DISCOUNT_LIMITS, **self.discount_limits}
        own = caller.own_role
        if own is not None and own in limits:
            return limits[own]
        return limits.get(caller.role.value, 0)


async def read(conn: Connection, *, caller: Caller, lock: bool = False) -> Settings:
    """Return the settings of the caller's enterprise."""
    if lock:
        await conn.execute(
            "SELECT pg_advisory_xact_lock(hashtext('crm.order_settings'), hashtext($1))",
            caller.tenant,
        )
    row = await conn.fetchrow(
        "SELECT number_prefix, prices_include_tax, ships_only_paid, discount_limits, version, "
        "updated_at FROM crm.order_settings WHERE tenant_id = $1",
        caller.tenant_id,
    )
    if row is None:
        return Settings()
    return Settings(**{**row, "discount_limits": orjson.loads(row["discount_limits"])})


def view_of(settings: Settings) -> OrderSettingsView:
    """Return what outsiders see: all limits that hold."""
    return OrderSettingsView(
        number_prefix=settings.number_prefix,
        prices_include_tax=settings.prices_include_tax,
        ships_only_paid=settings.ships_only_paid,
        discount_limits={**DISCOUNT_LIMITS, **settings.discount_limits},
        version=settings.version,
        updated_at=settings.updated_at,
    )


async def change(
    deps: Deps, caller: Caller, version: int | None, wanted: OrderSettingsBody
) -> OrderSettingsView:
    """Change how an enterprise sells. Raises PreconditionFailed."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await read(conn, caller=caller, lock=True)
        if version is not None and version != present.version:
            raise PreconditionFailed(
                "order_settings_changed",
                "The settings were changed meanwhile; `current` is what they are now.",
                extra={"current": view_of(present).model_dump(mode="json")},
            )
        limits = {"discount_limits": {**DISCOUNT_LIMITS, **wanted.discount_limits}}
        if says_nothing_new(view_of(present), wanted.model_copy(update=limits)):
            return view_of(present)
        await conn.execute(
            """
            INSERT INTO crm.order_settings AS s (tenant_id, number_prefix, prices_include_tax,
                ships_only_paid, discount_limits, updated_at)
            VALUES ($1, $2, $3, $4, $5::jsonb, $6)
            ON CONFLICT (tenant_id) DO UPDATE SET
                number_prefix = excluded.number_prefix, version = s.version + 1,
                prices_include_tax = excluded.prices_include_tax,
                ships_only_paid = excluded.ships_only_paid,
                discount_limits = excluded.discount_limits, updated_at = excluded.updated_at
            """,
            *(caller.tenant_id, wanted.number_prefix, wanted.prices_include_tax),
            *(wanted.ships_only_paid, orjson.dumps(wanted.discount_limits).decode(), deps.now()),
        )
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="order_settings.changed",
            object_type="order_settings",
            detail=wanted.model_dump(mode="json"),
        )
        return view_of(await read(conn, caller=caller))
