"""Outages of a running ACD, and what must be true after every one of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.support.front_centre import FrontCentre
from tests.support.waiting import eventually

from ringway.cli.probe import http_ok
from ringway.runtime.bus import Bus
from ringway.trainer.phone_call import PhoneCall

# What is told once for an interaction, or once for each of its segments.
_ONCE = ("started", "finished", "abandoned", "callback_requested", "callback_ended", "rated")
_ONCE_A_SEGMENT = ("connected", "disconnected", "ended")

Meanwhile = Callable[[], Awaitable[object]]


@dataclass
class Outages:
    """The ACD of a centre dies, or is cut off from Asterisk."""

    centre: FrontCentre
    bus: Bus  # as the ACD itself sees it
    began: int = 0  # how many facts there were before the present test

    async def kill(self, meanwhile: Meanwhile | None = None) -> None:
        """``kill -9`` and a new process, ready when this returns."""
        self.centre.acd.acd.kill()
        if meanwhile is not None:
            await meanwhile()
        await self.centre.acd.start_acd()

    async def cut(self, meanwhile: Meanwhile | None = None) -> None:
        """The connections to Asterisk are lost, and come back."""
        acd, proxy = self.centre.acd, self.centre.acd.proxy
        assert proxy is not None
        ready = partial(http_ok, acd.health)

        async def is_ready() -> bool:
            return await ready() is None

        async def is_lost() -> bool:
            return not await is_ready()

        proxy.cut(stay_closed=True)
        await eventually(is_lost, within_s=20, what="the ACD misses Asterisk")
        try:
            if meanwhile is not None:
                await meanwhile()
        finally:
            proxy.mend()
        await eventually(is_ready, within_s=20, what="the ACD has Asterisk again")

    async def rings_on(
        self, outage: object, ringing: PhoneCall, again: Callable[[], Awaitable[PhoneCall]]
    ) -> PhoneCall:
        """Return the phone that rings after an outage: this one, or the same called again.

        A new process ends what it finds ringing and calls again. So does one that was cut off
        before it had heard that the phone rings, and that has ended it when it is ready.
        """
        for _ in range(5):  # what is being ended may be seen for a moment
            channels = await self.centre.acd.node.get_channels()
            if outage == self.kill or all(channel.state == "Up" for channel in channels):
                await ringing.until_over(20)
                return await again()
            await asyncio.sleep(0.1)
        return ringing

    async def until_forgotten(self, within_s: float = 20) -> None:
        """Wait until the ACD's snapshot names no interaction and no agent of the tenant."""
        left: list[str] = []

        async def is_so() -> bool:
            entries = await self.bus.kv("acd_live").items(f"*.{self.centre.acd.tenant}.>")
            left[:] = [
                key for key, e in entries.items() if e.value and not key.startswith("campaign.")
            ]
            return not left

        await eventually(is_so, within_s=within_s, what=lambda: f"nothing but {left}")

    def told_twice(self) -> list[tuple[Any, ...]]:
        """Return what was told more than once although it can happen only once."""
        told: Counter[tuple[Any, ...]] = Counter()
        for subject, data in self.centre.acd.facts[self.began :]:
            event, interaction = subject.rpartition(".")[2], data.get("interaction_id")
            told["message", data["message_id"]] += 1
            if event in _ONCE:
                told[event, interaction] += 1
            elif event in _ONCE_A_SEGMENT:
                told[event, interaction, data.get("segment")] += 1
        return [what for what, times in told.items() if times > 1]

    def broken_chains(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return changes of agents' states that do not begin where the one before ended."""
        states: dict[str, str] = {}
        broken = []
        for n, (subject, data) in enumerate(self.centre.acd.facts):
            if subject.endswith(".state_changed") and ".agent." in subject:
                was = states.get(data["agent_id"], "logged_out")
                if was != data["previous"] and n >= self.began:
                    broken.append((data["agent_id"], was, data))
                states[data["agent_id"]] = data["state"]
        return broken

    async def nothing_is_left(self) -> None:
        """After everybody hung up and signed out: nothing anywhere, and nothing told twice."""
        await self.centre.until_nothing_is_left(within_s=15)
        await self.until_forgotten()
        twice, broken = self.told_twice(), self.broken_chains()
        assert not twice, twice
        assert not broken, broken
