"""How an enterprise numbers its cards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.member_cards.numbers import CardNumberCheck
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Invalid, PreconditionFailed
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.member_cards.schemas import CardSettingsBody, CardSettingsView
from ringway.runtime.postgres import Connection

_DEFAULTS = CardSettingsBody()


@dataclass(frozen=True, slots=True)
class CardSettings:
    """One row of ``crm.member_card_settings``, or the defaults. ``version`` 0: never changed."""

    number_check: str = _DEFAULTS.number_check.value
    prefix: str = _DEFAULTS.prefix
    number_length: int = _DEFAULTS.number_length
    pin_length: int = _DEFAULTS.pin_length
    version: int = 0
    updated_at: datetime | None = None

    @property
    def check(self) -> CardNumberCheck:
        """How card numbers are checked."""
        return CardNumberCheck(self.number_check)


async def read(conn: Connection, *, caller: Caller) -> CardSettings:
    """Return the settings of the caller's enterprise."""
    row = await conn.fetchrow(
        "SELECT number_check, prefix, number_length, pin_length, version, updated_at "
        "FROM crm.member_card_settings WHERE tenant_id = $1 AND version > 0",
        caller.tenant_id,
    )
    return CardSettings(**row) if row is not None else CardSettings()


async def keep(conn: Connection, *, caller: Caller, now: datetime) -> CardSettings:
    """Return the settings, of which there is a row and a lock from now on."""
    await conn.execute(
        """
        INSERT INTO crm.member_card_settings (tenant_id, number_check, prefix, number_length,
                                              pin_length, version, updated_at)
        VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (tenant_id) DO NOTHING
        """,
        *(caller.tenant_id, _DEFAULTS.number_check.value, _DEFAULTS.prefix),
        *(_DEFAULTS.number_length, _DEFAULTS.pin_length, now),
    )
    await conn.execute(
        "SELECT 1 FROM crm.member_card_settings WHERE tenant_id = $1 FOR UPDATE", caller.tenant_id
    )
    return await read(conn, caller=caller)


def view_of(found: CardSettings) -> CardSettingsView:
    """Return what outsiders see."""
    return CardSettingsView(
        number_check=found.check,
        prefix=found.prefix,
        number_length=found.number_length,
        pin_length=found.pin_length,
        version=found.version,
        updated_at=found.updated_at,
    )


async def change(
    deps: Deps, caller: Caller, version: int | None, wanted: CardSettingsBody
) -> CardSettingsView:
    """Change how cards are numbered. Raises PreconditionFailed and Invalid."""
    if len(wanted.prefix) + 3 > wanted.number_length:
        raise Invalid("number_too_short", "number_length: the prefix leaves too few digits.")
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await keep(conn, caller=caller, now=deps.now())
        if version is not None and version != present.version:
            raise PreconditionFailed(
                "member_card_settings_changed",
                "The settings were changed meanwhile; `current` is what they are now.",
                extra={"current": view_of(present).model_dump(mode="json")},
            )
        if says_nothing_new(view_of(present), wanted):
            return view_of(present)
        await conn.execute(
            "UPDATE crm.member_card_settings SET number_check = $2, prefix = $3, "
            "number_length = $4, pin_length = $5, version = version + 1, updated_at = $6 "
            "WHERE tenant_id = $1",
            *(caller.tenant_id, wanted.number_check.value, wanted.prefix),
            *(wanted.number_length, wanted.pin_length, deps.now()),
        )
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="member_card_settings.changed",
            object_type="member_card_settings",
            detail=wanted.model_dump(mode="json"),
        )
        return view_of(await read(conn, caller=caller))
