"""What an agent hears while another phone rings for him, and when a number was not reached."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ringway.acd.core.speaking import Language, prompt
from ringway.acd.core.talk_model import CUSTOMER
from ringway.proto.acd_calls import PartyState
from ringway.runtime.ari import (
    AriDown,
    AriError,
    AriNode,
    ChannelDestroyed,
    Event,
    PlaybackFinished,
    StasisEnd,
)
from ringway.runtime.ids import uuid7

if TYPE_CHECKING:
    from ringway.acd.core.talk import Talk
    from ringway.acd.outbound import Watching
    from ringway.acd.runner import FloorRunner
    from ringway.acd.talk_live import Live

_ZONES = {"86": "cn"}  # by country code; else Asterisk's own (indications.conf)
_SAYING_LIMIT_S = 12.0
# By the detail of the fact: what is said of a number that was not reached.
_SAID = {
    "busy": "on-the-phone",
    "no_answer": "away",
    "refused": "away",
    "unreachable": "not-reachable",
    "number_unknown": "not-reachable",
    "number_changed": "not-reachable",
    "trunks_busy": "all-lines-busy",
    "failed": "not-reachable",
}


class RingTones:
    """The ring tones of one tenant's consultations.

    A tone belongs to the room, so nobody's channel is busy with it, and it is over before who
    was rung comes in.
    """

    def __init__(self, runner: FloorRunner) -> None:
        self._runner = runner
        self._rooms: dict[str, tuple[str, str]] = {}  # interaction -> node and room

    async def hush(self, live: Live) -> None:
        """Stop the tone of a talk unless it is still to be heard."""
        interaction_id = live.talk.interaction_id
        known = self._rooms.get(interaction_id)
        if known is not None and known != (live.call.node, _wanted(live.talk)):
            del self._rooms[interaction_id]
            await self._end(known[0], interaction_id)

    async def sound(self, live: Live) -> None:
        """Let it be heard, if somebody waits alone for one who is rung."""
        room = _wanted(live.talk)
        interaction_id = live.talk.interaction_id
        if room is None or interaction_id in self._rooms:
            return
        zone = _ZONES.get(self._runner.configuration.settings.country_code)
        tone = f"tone:ring;tonezone={zone}" if zone else "tone:ring"
        self._rooms[interaction_id] = (live.call.node, room)
        node = self._runner.control.node(live.call.node)
        await node.play(tone, bridge=room, playback_id=_id(interaction_id))

    def restored(self, live: Live) -> None:
        """Stop the tone that a process before this one began: it rings for nobody now."""
        if _rings(live.talk):
            ending = self._end(live.call.node, live.talk.interaction_id)
            self._runner.spawn(ending, "ring tone")

    async def _end(self, node: str, interaction_id: str) -> None:
        with suppress(AriDown, AriError):
            await self._runner.control.node(node).stop_playback(_id(interaction_id))


def _id(interaction_id: str) -> str:
    # Known to the process after this one: Asterisk ends no tone by itself.
    return f"{interaction_id}.rt"


def _wanted(talk: Talk) -> str | None:
    """Return the room in which it is to ring: of agents without the customer."""
    circle = {party.leg_id for party in talk.circle}
    if not circle or CUSTOMER in circle or talk.is_over or talk.is_ending:
        return None
    return talk.places.room if _rings(talk) else None


def _rings(talk: Talk) -> bool:
    return any(party.state is PartyState.RINGING for party in talk.parties.values())


def why_not(detail: str, language: Language) -> Sequence[str]:
    """Return what is said of a number that was not reached; nothing when that needs no word."""
    key = _SAID.get(detail)
    return (f"sound:{prompt(key, language)}",) if key is not None else ()


async def say(events: Watching, node: AriNode, channel_id: str, media: Sequence[str]) -> None:
    """Play to a channel and return at the end, or at the channel's; cancelled, be silent.

    Raises:
        AriError, AriDown: It cannot be played.
    """
    playback_id, over = f"{uuid7()}.p", asyncio.Event()

    def on_event(_: str, event: Event) -> None:
        match event:
            case PlaybackFinished() if event.playback.id == playback_id:
                over.set()
            case StasisEnd() | ChannelDestroyed():
                over.set()
            case _:
                pass

    events.watch(channel_id, on_event)
    try:
        await node.play(media, channel=channel_id, playback_id=playback_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(_SAYING_LIMIT_S):
                await over.wait()
    finally:
        events.unwatch(channel_id, on_event)
        if not over.is_set():
            with suppress(AriDown, AriError):
                await node.stop_playback(playback_id)
