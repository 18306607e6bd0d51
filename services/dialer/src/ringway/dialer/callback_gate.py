"""Call-backs are claimed ahead of the list, and the law is asked about them as well.

Who asked to be called back has agreed to it: caps, the interval between two dials, the number of
attempts and a missing consent do not count. Lists of numbers that are not called, the hours of his
zone, the cool-off after an abandoned call and a number that is being dialed do.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ringway.dialer import callback_store
from ringway.dialer.core.law import zone_key
from ringway.dialer.gate import Gate
from ringway.dialer.law_store import Candidate, Refusal
from ringway.dialer.model import Attempt
from ringway.proto.dialer_spec import CampaignSpec, Caps
from ringway.runtime import outbox
from ringway.runtime.postgres import Connection

_ANY_NUMBER = 1_000_000  # of attempts


class CallbackGate(Gate):
    """One campaign's law for its call-backs."""

    def __init__(self, tenant_id: UUID, campaign_id: str, spec: CampaignSpec) -> None:
        caps = Caps(abandoned_cool_off_s=spec.caps.abandoned_cool_off_s)
        eased = {"caps": caps, "needs_consent": False, "max_attempts": _ANY_NUMBER}
        super().__init__(tenant_id, campaign_id, spec.model_copy(update=eased))

    async def claim_due(
        self, conn: Connection, *, nodes: Sequence[str], now: datetime, ready: Collection[str]
    ) -> list[Attempt]:
        """Open an attempt for up to ``len(nodes)`` call-backs that are due and may be dialed.

        Args:
            ready: Agents who could be booked now: the call-backs promised with them come too.
        """
        rows = await callback_store.due(
            conn,
            tenant_id=self._tenant_id,
            campaign_id=self._campaign_id,
            spec=self.spec,
            now=now,
            count=len(nodes),
            ready=ready,
        )
        if not rows:
            return []
        found = [
            Candidate(r["lead_id"], r["list_id"], r["phone_e164"],
                      zone_key(r["phone_e164"], r["zone"]), r["attempts"])
            for r in rows
        ]  # fmt: skip
        chosen, refusals = await self._judge(conn, found, len(nodes), now)
        held = {r["lead_id"]: r["held_reason"] for r in rows}
        await self._hold(conn, refusals, held, now)
        agents = {r["lead_id"]: r["agent_id"] for r in rows}
        taken = [
            replace(a, is_callback=True, wanted_agent_id=agents[a.lead_id])
            for a in await self._take(conn, chosen, nodes[: len(chosen)], now)
        ]
        await callback_store.note_dialed(conn, tenant_id=self._tenant_id, attempts=taken, now=now)
        return taken

    async def claim_this_if_due(
        self, conn: Connection, *, lead_id: str, node: str, now: datetime
    ) -> Sequence[Attempt] | None:
        """Open an attempt for a call-back that an agent asks for; None: there is none due."""
        key = {"tenant_id": self._tenant_id}
        if not await callback_store.is_due(conn, **key, lead_id=lead_id, now=now):
            return None
        taken = await self.claim_this(conn, lead_id=lead_id, node=node, now=now)
        taken = [replace(a, is_callback=True) for a in taken]
        await callback_store.note_dialed(conn, **key, attempts=taken, now=now)
        return taken

    async def _hold(
        self,
        conn: Connection,
        refusals: Sequence[Refusal],
        held: dict[str, str | None],
        now: datetime,
    ) -> None:
        """Write refusals down, once for each reason; those for good end their call-back."""
        new = [r for r in refusals if held[r.candidate.lead_id] != r.decision.reason.value]
        await self._refuse(conn, new, now)
        for refusal in refusals:
            facts = await callback_store.refused(
                conn,
                tenant_id=self._tenant_id,
                lead_id=refusal.candidate.lead_id,
                phone_e164=refusal.candidate.phone_e164,
                decision=refusal.decision,
                now=now,
            )
            await outbox.add_many(conn, callback_store.OUTBOX, facts)
