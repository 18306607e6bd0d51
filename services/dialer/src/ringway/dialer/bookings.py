"""Agents whom the ACD keeps for one attempt: asked for, and given back."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from ringway.dialer.core import messages as m
from ringway.proto import acd
from ringway.proto.base import Done
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown, Refused

if TYPE_CHECKING:
    from ringway.dialer.runner import CampaignRunner

_log = logging.getLogger("ringway.dialer.bookings")

_ASK_ACD_S = 2.0


class Bookings:
    """The reservations of one running campaign."""

    def __init__(self, runner: CampaignRunner, bus: Bus) -> None:
        self._runner = runner
        self._bus = bus
        self._releasing = 0

    @property
    def is_quiet(self) -> bool:
        """Whether the ACD knows of every agent who is free again."""
        return self._releasing == 0

    async def book(self, wanted: m.Book) -> None:
        """Have an agent reserved, and tell the core."""
        runner, attempt_id = self._runner, wanted.attempt_id
        try:
            if wanted.instead_of is not None:
                await self._ask_release(wanted.instead_of, attempt_id)
            # The agent kept for this attempt is returned, else any other who is ready.
            reply = await self._bus.request(
                acd.ReserveAgentV1(
                    occurred_at=utcnow(),
                    tenant=runner.campaign.tenant,
                    campaign_id=runner.campaign.campaign_id,
                    attempt_id=attempt_id,
                    hold_s=wanted.hold_s,
                    agent_id=wanted.agent_id,
                    excluded=tuple(sorted(wanted.excluded)),
                ),
                acd.AgentReservedV1,
                timeout_s=_ASK_ACD_S,
            )
        except Refused:
            runner.post(m.BookingRefused(_now(), attempt_id))
        except DependencyDown:
            # He may be reserved all the same; if the release is lost too, the hold runs out.
            self.release(attempt_id)
            runner.post(m.BookingRefused(_now(), attempt_id))
        else:
            runner.post(m.AgentBooked(_now(), attempt_id, reply.agent_id))

    def release(self, attempt_id: str) -> None:
        """Tell the ACD that nobody need be reserved for this attempt any more."""
        self._releasing += 1  # the campaign is not over before
        self._runner.spawn(self._release(attempt_id), "release")

    async def _release(self, attempt_id: str) -> None:
        try:
            await self._ask_release(attempt_id, None)
        except (Refused, DependencyDown) as error:
            _log.info(
                "An agent's reservation runs out by itself.",
                extra={"attempt": attempt_id, "error": str(error)},
            )
        finally:
            self._releasing -= 1
            self._runner.post(m.Tick(_now()))

    async def _ask_release(self, attempt_id: str, next_attempt_id: str | None) -> None:
        await self._bus.request(
            acd.ReleaseAgentV1(
                occurred_at=utcnow(),
                tenant=self._runner.campaign.tenant,
                attempt_id=attempt_id,
                next_attempt_id=next_attempt_id,
            ),
            Done,
            timeout_s=_ASK_ACD_S,
        )


def _now() -> float:
    return asyncio.get_running_loop().time()
