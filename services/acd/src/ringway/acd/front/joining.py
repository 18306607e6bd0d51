"""Callers who join a conference: the room's PIN first, then music until it begins."""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING

from ringway.acd.core.speaking import prompt
from ringway.acd.front import sounds
from ringway.acd.front.caller import Caller
from ringway.proto.acd_calls import Outcome
from ringway.proto.acd_config import ConferenceRoom, Target, TargetKind

if TYPE_CHECKING:
    from ringway.acd.front.front import Front
    from ringway.acd.front.visit import Visit

_PIN_TRIES = 3
_KEY_S = 6.0
_LOOK_S = 1.0
_HANG_UP = Target(kind=TargetKind.HANG_UP)


async def join(front: Front, visit: Visit, conference_id: str) -> Target | None:
    """Let a customer into a conference. Returns where he goes else; ``None``: he is in it.

    A conference without a configured room lets in whoever is sent to it while it runs.

    Raises:
        CallerGone, AriDown: See Caller.
    """
    conferences, call, caller = front.conferences, visit.call, visit.caller
    if conferences is None:
        return _HANG_UP
    if conferences.has(call, conference_id):
        return None  # since before this process
    room = front.runner.configuration.get(ConferenceRoom, conference_id)
    await visit.answer()
    if room is not None:
        caller.language = room.language
        if not await _knows_pin(caller, room):
            call.outcome, call.detail = Outcome.REFUSED, "conference_pin"
            await caller.play([prompt("goodbye", room.language)])
            return _HANG_UP
    loop = asyncio.get_running_loop()
    until = loop.time() + (room.wait_s if room is not None else 0.0)
    has_music = False
    while not await conferences.admit(call, conference_id):
        if room is None or loop.time() >= until:
            call.outcome, call.detail = Outcome.NOT_ANSWERED, "conference"
            await caller.play(sounds.unavailable(caller.language))
            return _HANG_UP
        if not has_music:
            has_music = True
            await caller.play([prompt("alone-in-conference", room.language)])
            await caller.music(room.music)
        await caller.pause(min(until, loop.time() + _LOOK_S))
    front.keep(visit)  # should he leave unseen, he was in a conference
    return None


async def _knows_pin(caller: Caller, room: ConferenceRoom) -> bool:
    question = [prompt("conference-pin", room.language)]
    for _ in range(_PIN_TRIES if room.pin else 0):
        if hmac.compare_digest(await caller.number(question, _KEY_S), room.pin):
            return True
        question = [prompt("wrong-key", room.language), prompt("conference-pin", room.language)]
    return not room.pin
