"""Member cards: numbers that hold together, PINs that nobody sees, changes that are audited."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import SecretStr

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.member_cards.numbers import is_guessed_first, is_valid, made_number
from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid, NotFound, PreconditionFailed
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.member_cards import settings, store
from ringway.crm_api.member_cards.schemas import (
    CardBody,
    CardVerdict,
    CardView,
    NewCard,
    PinBody,
    PinChange,
    Verification,
    VerifiedView,
)
from ringway.crm_api.member_cards.verifier import CardVerifier, state_of
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_TRIES = 1_000  # numbers that were given by hand and stand in the way of made ones


async def create(deps: Deps, caller: Caller, new: NewCard) -> CardView:
    """Add a card.

    Raises:
        Invalid: Its number, PIN or customer is none.
        Conflict: Its number is taken, or no number is left.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        rules = await settings.read(conn, caller=caller)
    if new.card_number is not None and not is_valid(new.card_number, rules.check):
        raise Invalid("card_number_invalid", f"Its check digit is wrong ({rules.number_check}).")
    pin_hash = None
    if new.pin is not None:
        pin_hash = await deps.passwords.hash(_good_pin(new.pin, rules))
    card_id = uuid7()
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _check_customer(conn, caller, new.customer_id)
        number = new.card_number or await _made_number(deps, conn, caller)
        try:
            await store.add(
                conn,
                tenant_id=caller.tenant_id,
                card_id=card_id,
                card_number=number,
                fields=new.model_dump(exclude={"pin", "card_number"}),
                pin_hash=pin_hash,
                now=deps.now(),
            )
        except store.NumberTaken:
            raise Conflict("card_number_taken", "Another card has this number.") from None
        await _note(deps, conn, caller, "member_card.created", card_id, {"has_pin": bool(new.pin)})
        return await view(deps, conn, caller, card_id)


async def change(
    deps: Deps, caller: Caller, card_id: UUID, version: int | None, wanted: CardBody
) -> CardView:
    """Change what is said of a card. Raises NotFound, Invalid and PreconditionFailed."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await _locked(deps, conn, caller, card_id, version)
        view_before = await shown(deps, conn, caller, present)
        if says_nothing_new(view_before, wanted):
            return view_before
        await _check_customer(conn, caller, wanted.customer_id)
        await store.change(
            conn,
            tenant_id=caller.tenant_id,
            card_id=card_id,
            fields=wanted.model_dump(),
            now=deps.now(),
        )
        detail = {"state": [present.state, wanted.state.value], "tier": wanted.tier}
        await _note(deps, conn, caller, "member_card.changed", card_id, detail)
        return await view(deps, conn, caller, card_id)


async def remove(deps: Deps, caller: Caller, card_id: UUID, version: int | None) -> None:
    """Remove a card. Raises NotFound and PreconditionFailed."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await _locked(deps, conn, caller, card_id, version)
        await store.remove(conn, tenant_id=caller.tenant_id, card_id=card_id)
        await _note(deps, conn, caller, "member_card.removed", card_id, {})


async def set_pin(
    deps: Deps, caller: Caller, card_id: UUID, version: int | None, wanted: PinBody
) -> CardView:
    """Set a PIN without the old one, and end a lock. Raises NotFound and Invalid."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        rules = await settings.read(conn, caller=caller)
        await find_seen(conn, caller, card_id)
    pin_hash = await deps.passwords.hash(_good_pin(wanted.pin, rules))
    async with deps.pool.tenant(caller.tenant_id) as conn:
        present = await _locked(deps, conn, caller, card_id, version)
        await store.set_pin(
            conn,
            tenant_id=caller.tenant_id,
            card_id=card_id,
            pin_hash=pin_hash,
            old_hash=None,
            now=deps.now(),
        )
        await store.forget_attempts(
            conn, tenant_id=caller.tenant_id, card_number=present.card_number
        )
        await _note(deps, conn, caller, "member_card.pin_set", card_id, {})
        return await view(deps, conn, caller, card_id)


async def change_pin(deps: Deps, caller: Caller, wanted: PinChange) -> VerifiedView:
    """Change a PIN for whoever knows the old one.

    Raises:
        Invalid: The new one is too short, or one that guessers try first.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        rules = await settings.read(conn, caller=caller)
    new_pin = _good_pin(wanted.new_pin, rules)
    verifier = CardVerifier(deps.pool, deps.passwords, deps.now)
    found = await verifier.verify(
        caller.tenant_id, wanted.card_number, wanted.old_pin.get_secret_value()
    )
    if not found.is_verified or found.card_id is None:
        await _note_verdict(deps, caller, found, None)
        return found
    async with deps.pool.tenant(caller.tenant_id) as conn:
        card = await find(conn, caller.tenant_id, found.card_id)
    pin_hash = await deps.passwords.hash(new_pin)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        if not await store.set_pin(
            conn,
            tenant_id=caller.tenant_id,
            card_id=card.card_id,
            pin_hash=pin_hash,
            old_hash=card.pin_hash,
            now=deps.now(),
        ):
            raise Conflict("pin_changed_meanwhile", "Somebody set another PIN at this moment.")
        await _note(deps, conn, caller, "member_card.pin_changed", card.card_id, {})
    return found


async def verify(deps: Deps, caller: Caller, wanted: Verification) -> VerifiedView:
    """Verify a PIN for an agent. It is audited, without the number when no card has it."""
    verifier = CardVerifier(deps.pool, deps.passwords, deps.now)
    found = await verifier.verify(
        caller.tenant_id, wanted.card_number, wanted.pin.get_secret_value()
    )
    await _note_verdict(deps, caller, found, wanted.interaction_id)
    return found


async def find(conn: Connection, tenant_id: UUID, card_id: UUID) -> store.Card:
    """Return a card of the tenant. Raises NotFound."""
    found = await store.get(conn, tenant_id=tenant_id, card_id=card_id)
    if found is None:
        raise NotFound("member_card_not_found", f"There is no member card {card_id}.")
    return found


async def find_seen(conn: Connection, caller: Caller, card_id: UUID) -> store.Card:
    """Return a card of nobody, or of a customer whom the caller sees. Raises NotFound."""
    found = await find(conn, caller.tenant_id, card_id)
    if not await scopes.shows(conn, caller, found.customer_id):
        raise NotFound("member_card_not_found", f"There is no member card {card_id}.")
    return found


async def view(deps: Deps, conn: Connection, caller: Caller, card_id: UUID) -> CardView:
    """Return what is shown of a card. Raises NotFound."""
    card = await find(conn, caller.tenant_id, card_id)
    return await shown(deps, conn, caller, card)


async def shown(deps: Deps, conn: Connection, caller: Caller, card: store.Card) -> CardView:
    """Return what is shown of a card, never its PIN."""
    now = deps.now()
    return CardView(
        card_id=card.card_id,
        card_number=card.card_number,
        customer_id=card.customer_id,
        tier=card.tier,
        state=state_of(card, now),
        valid_until=card.valid_until,
        has_pin=card.pin_hash is not None,
        pin_changed_at=card.pin_changed_at,
        locked_until=await store.locked_until(
            conn, tenant_id=caller.tenant_id, card_number=card.card_number, now=now
        ),
        note=card.note,
        version=card.version,
        created_at=card.created_at,
        updated_at=card.updated_at,
    )


def _good_pin(pin: SecretStr, rules: settings.CardSettings) -> str:
    text = pin.get_secret_value()
    if not (text.isascii() and text.isdigit() and len(text) == rules.pin_length):
        raise Invalid("pin_invalid", f"A PIN has {rules.pin_length} digits.")
    if is_guessed_first(text):
        raise Invalid("pin_too_easy", "Guessers try this one first: choose another.")
    return text


async def _made_number(deps: Deps, conn: Connection, caller: Caller) -> str:
    rules = await settings.keep(conn, caller=caller, now=deps.now())
    for _ in range(_TRIES):
        serial = await store.next_serial(conn, tenant_id=caller.tenant_id)
        number = made_number(rules.prefix, serial, rules.number_length, rules.check)
        if number is None:
            break
        if await store.by_number(conn, tenant_id=caller.tenant_id, card_number=number) is None:
            return number
    raise Conflict("card_numbers_used_up", "Choose another prefix or longer numbers.")


async def _locked(
    deps: Deps, conn: Connection, caller: Caller, card_id: UUID, version: int | None
) -> store.Card:
    present = await store.get(conn, tenant_id=caller.tenant_id, card_id=card_id, lock=True)
    if present is None or not await scopes.shows(conn, caller, present.customer_id):
        raise NotFound("member_card_not_found", f"There is no member card {card_id}.")
    if version is not None and version != present.version:
        current = await shown(deps, conn, caller, present)
        raise PreconditionFailed(
            "member_card_changed",
            "The card was changed meanwhile; `current` is what it is now.",
            extra={"current": current.model_dump(mode="json")},
        )
    return present


async def _check_customer(conn: Connection, caller: Caller, customer_id: UUID | None) -> None:
    if customer_id is not None and not await conn.fetchval(
        "SELECT true FROM crm.customer WHERE tenant_id = $1 AND customer_id = $2",
        caller.tenant_id,
        customer_id,
    ):
        raise Invalid("customer_unknown", f"customer_id: there is no customer {customer_id}.")


async def _note_verdict(
    deps: Deps, caller: Caller, found: VerifiedView, interaction_id: UUID | None
) -> None:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        detail: dict[str, Any] = {
            "is_verified": found.is_verified,
            "reason": found.reason or "",
            "interaction_id": str(interaction_id) if interaction_id is not None else None,
        }
        if found.reason in (CardVerdict.WRONG, CardVerdict.LOCKED):
            detail["retry_after_s"] = found.retry_after_s
        card_id = found.card_id if found.card_id is not None else ""
        await _note(deps, conn, caller, "member_card.verified", card_id, detail)


async def _note(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    action: str,
    card_id: object,
    detail: dict[str, Any],
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=action,
        object_type="member_card",
        object_id=card_id,
        detail=detail,
    )
