"""Agents at ordinary telephones, called by the outbound routes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from ringway.acd import dialling
from ringway.acd.calls import Leg
from ringway.acd.control import PhoneNotAnswered, PhoneNotRegistered
from ringway.proto.acd import LegMode
from ringway.proto.acd_config import Target, TargetKind
from ringway.runtime.ari import AriError, ChannelDestroyed, Event, StasisEnd
from ringway.runtime.errors import Refused

if TYPE_CHECKING:
    from ringway.acd.app import Acd
    from ringway.acd.runner import FloorRunner


class OutsidePhones:
    """One tenant's agents at telephones that have no account here."""

    def __init__(self, acd: Acd, runner: FloorRunner) -> None:
        self._acd = acd
        self._runner = runner
        for leg in runner.legs.values():
            if not leg.channel_id.endswith(".a"):
                self.follow(leg)

    async def call(self, leg: Leg, number: str, variables: dict[str, str], ring_s: float) -> None:
        """Call a telephone; as CallControl.call_phone.

        Raises:
            PhoneNotRegistered: No route or trunk carries the number.
            PhoneNotAnswered: It was busy, refused, or not answered in time.
            AriDown: The node does not answer.
        """
        runner, node = self._runner, self._runner.control.node(leg.node)
        target = Target(kind=TargetKind.NUMBER, value=number)
        try:
            whom = await dialling.party(self._acd, runner, leg.agent_id, target)
        except Refused as refused:
            raise PhoneNotRegistered(f"{number}: {refused}") from refused
        if whom.agent_id is not None:
            raise PhoneNotRegistered("an agent's number is no telephone of another agent")

        gone: set[str] = set()

        def on_attempt(channel_id: str) -> None:
            self._acd.watch(channel_id, lambda _, event: _note_end(gone, channel_id, event))
            if channel_id != leg.channel_id:
                leg.channel_id = channel_id
                if not channel_id.endswith(".a"):
                    self.follow(leg)

        try:
            async with asyncio.timeout(ring_s + 2):
                placed = await self._acd.outbound.place(
                    node,
                    runner.tenant,
                    whom.choices,
                    channel_id=leg.channel_id,
                    app=self._acd.settings.app,
                    app_args=("agent",),
                    variables=variables,
                    ring_s=ring_s,
                    on_attempt=on_attempt,
                )
            if not placed.is_answered:
                raise PhoneNotAnswered(number)
            await node.create_bridge(leg.bridge_id)
            if leg.leg_mode is LegMode.NAILED_UP:
                await node.add_to_bridge(leg.bridge_id, leg.channel_id)
        except (TimeoutError, AriError) as error:
            await runner.control.hang_up_leg(leg)
            raise PhoneNotAnswered(number) from error
        if leg.channel_id in gone:  # it was put down again meanwhile
            await runner.control.hang_up_leg(leg)
            raise PhoneNotAnswered(number)
        leg.is_up = True

    def follow(self, leg: Leg) -> None:
        """Let the end of an answered leg be known."""
        channel_id = leg.channel_id

        def on_event(_: str, event: Event) -> None:
            if not isinstance(event, StasisEnd | ChannelDestroyed):
                return
            self._acd.unwatch(channel_id, on_event)  # of a phone that dialed no more is heard
            if leg.is_up:
                leg.is_up = False
                self._runner.leg_gone(channel_id)

        self._acd.watch(channel_id, on_event)

    def tell_first(self, channel_id: str, told: Callable[[], object]) -> None:
        """Call ``told`` with the first sign of a channel."""

        def on_event(_: str, event: Event) -> None:
            self._acd.unwatch(channel_id, on_event)
            told()

        self._acd.watch(channel_id, on_event)


def _note_end(gone: set[str], channel_id: str, event: Event) -> None:
    if isinstance(event, StasisEnd | ChannelDestroyed):
        gone.add(channel_id)
