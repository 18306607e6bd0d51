"""Whether a PIN fits its card. An attempt counts before its PIN is looked at.

So no kill, no crash and no crowd of guesses side by side gives a free attempt. A card that does
not exist takes as long, counts and locks as one that does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from ringway.crm_api.auth.lockout import Delays
from ringway.crm_api.auth.passwords import Passwords
from ringway.crm_api.errors import ApiError
from ringway.crm_api.features import Feature
from ringway.crm_api.member_cards import store
from ringway.crm_api.member_cards.schemas import CardState, CardVerdict, VerifiedView
from ringway.crm_api.questionnaires.responder import check_feature
from ringway.proto.crm_members import MemberVerifiedV1, VerifyMemberCardV1
from ringway.runtime.bus import Bus
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Pool

# Five wrong ones, then 5 minutes, 10, 20, ... up to a day; only the right PIN or a new one ends it.
DELAYS = Delays(limit=5, first_s=300.0, longest_s=86_400.0)
_WRONG = VerifiedView(is_verified=False, reason=CardVerdict.WRONG)


class CardVerifier:
    """Verifies PINs for REST and, over NATS, for an IVR."""

    def __init__(self, pool: Pool, passwords: Passwords, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._passwords = passwords
        self._now = now

    async def attach(self, bus: Bus) -> None:
        """Answer an IVR's requests from now on."""
        await bus.respond(VerifyMemberCardV1, self.answer)

    async def answer(self, request: VerifyMemberCardV1) -> MemberVerifiedV1:
        """Answer an IVR's request. Raises Refused when the enterprise has no member cards."""
        try:
            tenant_id = UUID(request.tenant)
        except ValueError:
            raise Refused("tenant_unknown", "There is no such enterprise.") from None
        try:
            async with self._pool.tenant(tenant_id) as conn:
                await check_feature(conn, tenant_id, Feature.MEMBER_CARDS)
            found = await self.verify(tenant_id, request.card_number, request.pin)
        except ApiError as error:
            raise Refused(error.code, error.detail) from error
        return MemberVerifiedV1(
            is_verified=found.is_verified,
            reason=found.reason.value if found.reason is not None else "",
            retry_after_s=found.retry_after_s,
            card_id=str(found.card_id) if found.card_id is not None else None,
            customer_id=str(found.customer_id) if found.customer_id is not None else None,
            tier=found.tier,
        )

    async def verify(self, tenant_id: UUID, card_number: str, pin: str) -> VerifiedView:
        """Return whether ``pin`` is the card's, and whose it is."""
        now = self._now()
        async with self._pool.tenant(tenant_id) as conn:
            failures, until = await store.count_attempt(
                conn, tenant_id=tenant_id, card_number=card_number, now=now
            )
            if until is None and (wait := DELAYS.after(failures)) is not None:
                # The lock stands before the PIN is looked at, and falls when it fits.
                await store.lock(
                    conn, tenant_id=tenant_id, card_number=card_number, until=now + wait
                )
        if until is not None:
            wait_s = max(1, round((until - now).total_seconds()))
            return VerifiedView(is_verified=False, reason=CardVerdict.LOCKED, retry_after_s=wait_s)
        async with self._pool.tenant(tenant_id) as conn:
            card = await store.by_number(conn, tenant_id=tenant_id, card_number=card_number)
        if not await self._passwords.verify(card.pin_hash if card is not None else None, pin):
            return _WRONG
        assert card is not None
        async with self._pool.tenant(tenant_id) as conn:
            await store.forget_attempts(conn, tenant_id=tenant_id, card_number=card_number)
        state = state_of(card, now)
        if state is not CardState.ACTIVE:
            return VerifiedView(is_verified=False, reason=CardVerdict(state.value))
        return VerifiedView(
            is_verified=True, card_id=card.card_id, customer_id=card.customer_id, tier=card.tier
        )


def state_of(card: store.Card, now: datetime) -> CardState:
    """Return what a card is good for now."""
    if card.state == CardState.ACTIVE and card.valid_until is not None and card.valid_until <= now:
        return CardState.EXPIRED
    return CardState(card.state)
