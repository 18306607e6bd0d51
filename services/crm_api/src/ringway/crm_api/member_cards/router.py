"""/member-cards: members with card number and PIN."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.deps import Cursor, DepsOf, Limit, requires
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.member_cards import service, settings, store
from ringway.crm_api.member_cards.schemas import (
    CardBody,
    CardSettingsBody,
    CardSettingsView,
    CardView,
    NewCard,
    PinBody,
    PinChange,
    StoredState,
    Verification,
    VerifiedView,
)
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page, cursor_uuid, page_of

router = api_router("/member-cards", "member-cards")
rules = api_router("/member-card-settings", "member-cards")
Reader = Annotated[Caller, Depends(requires(Permission.MEMBER_CARDS_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.MEMBER_CARDS_WRITE))]
Verifier = Annotated[Caller, Depends(requires(Permission.MEMBER_CARDS_VERIFY))]


@rules.get("")
async def get_member_card_settings(
    deps: DepsOf, caller: Reader, response: Response
) -> CardSettingsView:
    """Return how the enterprise numbers its cards."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        view = settings.view_of(await settings.read(conn, caller=caller))
    set_etag(response, view.version)
    return view


@rules.put("")
async def put_member_card_settings(
    wanted: CardSettingsBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> CardSettingsView:
    """Change how new cards are numbered and how long PINs are. Cards stay as they are."""
    view = await settings.change(deps, caller, expected_version(if_match, required=True), wanted)
    set_etag(response, view.version)
    return view


@router.post("", status_code=201)
async def create_member_card(
    new: NewCard, deps: DepsOf, caller: Writer, response: Response
) -> CardView:
    """Add a card, with a number that is given or made."""
    view = await service.create(deps, caller, new)
    response.headers["Location"] = f"/api/v1/member-cards/{view.card_id}"
    return _shown(view, response)


@router.get("")
async def list_member_cards(
    deps: DepsOf,
    caller: Reader,
    customer_id: UUID | None = None,
    card_number: Annotated[str | None, Query(max_length=32)] = None,
    state: StoredState | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[CardView]:
    """List cards, newest first, also by customer or number. Expired ones were active."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await store.page(
            conn,
            scope=scopes.of(caller),
            before=cursor_uuid(cursor),
            customer_id=customer_id,
            card_number=card_number,
            state=state,
            limit=limit + 1,
        )
        items = [await service.shown(deps, conn, caller, each) for each in found]
    return page_of(items, limit, lambda last: last.card_id)


@router.post("/verify")
async def verify_member_card(wanted: Verification, deps: DepsOf, caller: Verifier) -> VerifiedView:
    """Say whether a PIN fits its card. It counts as an attempt, and is audited.

    A card that does not exist and a wrong PIN get the same answer.
    """
    return await service.verify(deps, caller, wanted)


@router.post("/change-pin")
async def change_member_pin(wanted: PinChange, deps: DepsOf, caller: Verifier) -> VerifiedView:
    """Change a PIN for whoever knows the old one; a wrong one counts as an attempt."""
    return await service.change_pin(deps, caller, wanted)


@router.get("/{card_id}")
async def get_member_card(
    card_id: UUID, deps: DepsOf, caller: Reader, response: Response
) -> CardView:
    """Return one card, without its PIN."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        card = await service.find_seen(conn, caller, card_id)
        view = await service.shown(deps, conn, caller, card)
    return _shown(view, response)


@router.put("/{card_id}")
async def change_member_card(
    card_id: UUID,
    wanted: CardBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> CardView:
    """Change a card: whose it is, its tier, whether it is blocked or lost."""
    version = expected_version(if_match, required=True)
    return _shown(await service.change(deps, caller, card_id, version, wanted), response)


@router.put("/{card_id}/pin")
async def set_member_pin(
    card_id: UUID,
    wanted: PinBody,
    deps: DepsOf,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> CardView:
    """Set a PIN without the old one. It also ends a lock."""
    version = expected_version(if_match, required=True)
    return _shown(await service.set_pin(deps, caller, card_id, version, wanted), response)


@router.delete("/{card_id}", status_code=204)
async def remove_member_card(
    card_id: UUID, deps: DepsOf, caller: Writer, if_match: IfMatch = None
) -> None:
    """Remove a card."""
    await service.remove(deps, caller, card_id, expected_version(if_match))


def _shown(view: CardView, response: Response) -> CardView:
    set_etag(response, view.version)
    return view
