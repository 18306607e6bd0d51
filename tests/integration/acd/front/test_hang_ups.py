"""A caller may hang up at every point of every way: nothing is left, and one end is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from tests.support.acd_centre import AGENT_HZ
from tests.support.front_centre import FrontCentre
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto.base import Done
from ringway.trainer.phone_call import PhoneCall

# One centre and one set of numbers serve the whole module.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(90),
]

QUEUE = {
    "callback": {"enabled": True, "key": "5", "offer_after_s": 0},
    "rating": {"enabled": True, "timeout_s": 20},
    "announcements": {"first_after_s": 0.2, "every_s": 10},
    "announce_agent_number": True,
}
Reach = Callable[[FrontCentre, PhoneCall], Awaitable[None]]


async def at_once(centre: FrontCentre, call: PhoneCall) -> None:
    """Before anything is heard of the other side."""


async def rings(centre: FrontCentre, call: PhoneCall) -> None:
    await call.until_rings()


async def answered(centre: FrontCentre, call: PhoneCall) -> None:
    await call.until_answered()


async def sounds(centre: FrontCentre, call: PhoneCall) -> None:
    await call.until_answered()
    await centre.until_sounds(call)


async def in_the_dialogue(centre: FrontCentre, call: PhoneCall) -> None:
    await sounds(centre, call)
    call.press("5")
    await centre.until_sounds(call)


async def entering_a_number(centre: FrontCentre, call: PhoneCall) -> None:
    await in_the_dialogue(centre, call)
    call.press("2139")
    await centre.until_sounds(call)


async def agents_phone_rings(centre: FrontCentre, call: PhoneCall) -> None:
    await call.until_answered()
    await centre.acd.until_state("ola", p.AgentState.RESERVED)


async def with_the_agent(centre: FrontCentre, call: PhoneCall) -> None:
    await call.until_hears(AGENT_HZ, within_s=20)


async def rating(centre: FrontCentre, call: PhoneCall) -> None:
    await with_the_agent(centre, call)
    await centre.acd.ask(p.HangUpV1, Done, agent_id="pia")
    await eventually(lambda: not call.hears(AGENT_HZ), what="the agent has gone")


async def number_rings(centre: FrontCentre, call: PhoneCall) -> None:
    await centre.rings_outside()


async def with_the_number(centre: FrontCentre, call: PhoneCall) -> None:
    (await centre.rings_outside()).answer()
    await call.until_answered()


async def after_the_tone(centre: FrontCentre, call: PhoneCall) -> None:
    await sounds(centre, call)
    call.press("#")
    await centre.until_sounds(call)


# way, point, how the end is told
POINTS: list[tuple[str, Reach, tuple[str, ...]]] = [
    ("announcement", at_once, ("left", "announced")),
    ("announcement", answered, ("left", "announced")),
    ("announcement", sounds, ("left", "announced")),
    ("queue", at_once, ("abandoned", "left")),
    ("queue", answered, ("abandoned",)),
    ("queue", sounds, ("abandoned",)),
    ("queue", in_the_dialogue, ("abandoned",)),
    ("queue", entering_a_number, ("abandoned",)),
    ("ringing", at_once, ("abandoned", "left")),
    ("ringing", agents_phone_rings, ("abandoned",)),
    ("agent", with_the_agent, ("disconnected",)),
    ("agent", rating, ("talked",)),
    ("number", at_once, ("left", "not_answered")),
    ("number", number_rings, ("left",)),
    ("number", with_the_number, ("forwarded",)),
    ("voicemail", at_once, ("left",)),
    ("voicemail", sounds, ("left",)),
    ("voicemail", after_the_tone, ("left", "voicemail")),
]


async def number_of(centre: FrontCentre, way: str) -> str:
    """Return the number that leads this way, made when it is first asked for."""
    known = centre.ways.get(way)
    if known is not None:
        return known
    match way:
        case "announcement":
            did = await centre.route({"kind": "announcement", "value": "vm-intro"})
        case "queue":
            await centre.agent("nat")
            await centre.ready("nat", ready=False)
            did = await centre.queue("q-points", "nat", **QUEUE)
        case "ringing":
            await centre.agent("ola", p.LegMode.ON_DEMAND, answer_after_s=None)
            did = await centre.queue("q-ringing", "ola", **QUEUE)
        case "agent":
            await centre.agent("pia")
            did = await centre.queue("q-talk", "pia", **QUEUE)
        case "number":
            did = await centre.route({"kind": "number", "value": "+8613700000009"})
        case _:
            await centre.put("voicemail_box", "v-points", name="points")
            did = await centre.route({"kind": "voicemail", "value": "v-points"})
    centre.ways[way] = did
    return did


@pytest.mark.parametrize(
    ("way", "reach", "ends"), POINTS, ids=[f"{way}-{reach.__name__}" for way, reach, _ in POINTS]
)
async def test_nothing_is_left_and_one_end_is_told(
    centre: FrontCentre, way: str, reach: Reach, ends: tuple[str, ...]
) -> None:
    did = await number_of(centre, way)
    before = len(centre.told("started", called=did))
    legs = len(await centre.acd.node.get_channels())
    call = await centre.call(did)
    await reach(centre, call)
    call.hang_up()
    await call.until_over()
    await centre.until_nothing_is_left(legs=legs)
    if reach is at_once and len(centre.told("started", called=did)) == before:
        return  # gone before the ACD had claimed him: the dialplan's own end
    interaction = await centre.started(did)

    def told() -> list[str]:
        return [
            str(data.get("outcome", subject.rpartition(".")[2]))
            for subject, data in centre.acd.facts
            if data.get("interaction_id") == interaction
            and subject.rpartition(".")[2] in ("finished", "abandoned", "disconnected")
        ]

    await eventually(lambda: told()[-1:] != [] and told()[-1] in ends, within_s=10)
    # A talk that is rated has ended for the agent before it ends for the customer.
    assert told() in ([end] if end != "talked" else ["disconnected", "talked"] for end in ends)
    if way == "agent":
        await centre.acd.until_state("pia", p.AgentState.READY)
    if way == "ringing":
        await centre.acd.until_state("ola", p.AgentState.READY)
