"""Waiting in a queue: music, announcements, the offer of a callback, until somebody has the caller.

A call is answered as soon as it must wait. Early media would save the caller the charge, but
carriers cut it after a minute or two and few of them pass keys before the answer, so neither long
queues nor callbacks work with it; and an answered call needs one command less when the agent is
there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringway.acd.core.announcing import Announcer, Due, Item, Plan
from ringway.acd.core.records import CallState
from ringway.acd.core.speaking import callback_offer, position_announcement
from ringway.proto import acd_config as c
from ringway.proto.acd import AgentState

if TYPE_CHECKING:
    from ringway.acd.front.visit import Visit

_LOOK_S = 0.5  # how soon the music is there again after an agent could not be joined
_DEFAULT_MUSIC = "default"
# While a phone rings for the caller already: one that answers by itself spares him, and Asterisk,
# the beginning of a piece of music.
_MUSIC_AFTER_S = 0.4
AGENT_WAIT_S = 45.0  # how long a call for one agent waits for him


async def wait_in_queue(
    visit: Visit, queue_id: str, queue: c.Queue | None, agent_id: str = ""
) -> str | None:
    """Wait until an agent has the caller, he waits at home, or the queue gives him up.

    Args:
        queue: ``None``: the queue of one agent, ``agent_id``.

    Returns:
        Why the queue gave the call up; ``None`` when it did not.

    Raises:
        CallerGone, AriDown: See Caller.
    """
    if visit.overflow is not None and not visit.is_answered:
        return visit.overflow.reason  # full: the caller may hear busy, without an answer
    runner = visit.front.runner
    await visit.answer()
    floor_call = runner.floor.calls.get(visit.call.interaction_id)
    since = floor_call.waiting_since if floor_call is not None else runner.now()
    music = queue.music if queue is not None else runner.configuration.settings.music
    announcer = Announcer(_plan(queue), runner.now() - since)
    has_music = False
    music_at = runner.now() + _MUSIC_AFTER_S
    while True:
        if visit.overflow is not None:
            return visit.overflow.reason
        if visit.is_connected:
            return None
        if visit.joining:
            has_music = has_music and _is_won(visit)
            visit.joining = _is_won(visit)
            await visit.caller.pause(runner.now() + _LOOK_S)
            continue
        if agent_id and _is_lost(visit, agent_id, since):
            visit.front.leave_queue(visit)
            return "timeout"
        if not has_music and not _is_waiting(visit) and runner.now() < music_at:
            await visit.caller.pause(music_at)
            continue
        if not has_music:
            async with visit.placing:
                if visit.joining or visit.is_connected:
                    continue
                await visit.caller.music(music or _DEFAULT_MUSIC)
            has_music = True
        waited_s = runner.now() - since
        if queue is not None and await _offers(visit, queue_id, queue, waited_s):
            return None
        await _announce(visit, queue_id, queue, announcer, waited_s)
        if visit.overflow is None and not visit.is_connected and not visit.joining:
            due = announcer.next_at
            until = since + due if due is not None else None
            if agent_id:
                until = min(until or runner.now() + _LOOK_S, runner.now() + _LOOK_S)
            await visit.caller.pause(until)


async def _offers(visit: Visit, queue_id: str, queue: c.Queue, waited_s: float) -> bool:
    """See whether the caller asked for a callback. True: he waits at home from now on."""
    offer = queue.callback
    if not offer.enabled or visit.caller.pressed(offer.key) is None:
        return False
    if waited_s < offer.offer_after_s:
        return False
    return await visit.front.callbacks.dialogue(visit, queue_id, queue)


async def _announce(
    visit: Visit, queue_id: str, queue: c.Queue | None, announcer: Announcer, waited_s: float
) -> None:
    if announcer.next_at is None or announcer.next_at > waited_s:
        return
    items = announcer.due(waited_s)
    floor_call = visit.front.runner.floor.calls.get(visit.call.interaction_id)
    if queue is None or floor_call is None or floor_call.state is not CallState.WAITING:
        return  # a phone rings for him: nothing that would only be cut off
    said = [sound for item in items for sound in _words(visit, queue_id, queue, items, item)]
    if said:
        # A key interrupts; whether it means anything is seen by the loop.
        key = await visit.caller.play(said, keys=queue.callback.key)
        if key is not None:
            visit.caller.press_again(key)


def _words(visit: Visit, queue_id: str, queue: c.Queue, items: list[Due], item: Due) -> list[str]:
    language = queue.language
    match item.item:
        case Item.POSITION:
            place = visit.front.place_of(visit.call.interaction_id)
            with_wait = Due(Item.EXPECTED_WAIT) in items
            minutes = (
                visit.front.figures.minutes(visit.call, queue_id, place) if with_wait else None
            )
            return position_announcement(place, minutes, language)
        case Item.EXPECTED_WAIT if Due(Item.POSITION) not in items:
            place = visit.front.place_of(visit.call.interaction_id)
            minutes = visit.front.figures.minutes(visit.call, queue_id, place)
            said = position_announcement(place, minutes, language)
            return said[len(position_announcement(place, None, language)) :]
        case Item.COMFORT:
            return [item.sound]
        case Item.CALLBACK:
            return callback_offer(queue.callback.key, language)
        case _:
            return []


def _plan(queue: c.Queue | None) -> Plan:
    if queue is None:
        return Plan(position=False, expected_wait=False)
    says, offer = queue.announcements, queue.callback
    return Plan(
        says.position,
        says.expected_wait,
        says.first_after_s,
        says.every_s,
        says.comfort,
        offer.offer_after_s if offer.enabled else None,
    )


def _is_waiting(visit: Visit) -> bool:
    floor_call = visit.front.runner.floor.calls.get(visit.call.interaction_id)
    return floor_call is not None and floor_call.state is CallState.WAITING


def _is_won(visit: Visit) -> bool:
    """Whether an agent has taken the offer, and is being joined."""
    floor_call = visit.front.runner.floor.calls.get(visit.call.interaction_id)
    return floor_call is not None and floor_call.agent_id is not None


def _is_lost(visit: Visit, agent_id: str, since: float) -> bool:
    """Whether the one agent who may have the call will not take it."""
    runner = visit.front.runner
    agent = runner.floor.agents.get(agent_id)
    away = (
        agent is None
        or agent.do_not_disturb
        or agent.state in (AgentState.LOGGED_OUT, AgentState.NOT_READY)
    )
    return away or runner.now() - since > AGENT_WAIT_S
