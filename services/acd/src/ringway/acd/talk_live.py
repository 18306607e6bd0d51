"""A talk and what its legs are in Asterisk, and its snapshot."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from ringway.acd.calls import Call, Leg
from ringway.acd.core import talk_model as t
from ringway.acd.core.outbound import Choice
from ringway.acd.core.talk import Talk
from ringway.acd.core.talk_model import CUSTOMER, Consult, Party
from ringway.acd.node_links import Link
from ringway.proto.acd_calls import PartyRole, PartyState
from ringway.proto.acd_config import Target

# What a talk's worker does one after the other; a future is set when it is reached.
Step = t.Command | asyncio.Future[None] | Callable[[], Awaitable[None]]

SNAPSHOT = "talk"  # its place in ``Call.extra``


@dataclass(slots=True)
class Live:
    """One talk and its channels.

    All of it is on the node of ``call``; for legs on other nodes the channels of ``links`` stand.

    ``choices``: the ways to call the outside number that is consulted. ``answers``: agents who
    are asked by a key whether they take the consultation. ``on_ring_end``: who wants to know what
    became of the phone that rings. ``back``: what to do with a customer whom nobody took.
    ``is_own_wish``: the agent himself asked that his phone be called.
    """

    talk: Talk
    call: Call
    channels: dict[str, str] = field(default_factory=dict)  # leg id -> channel
    legs: dict[str, Leg] = field(default_factory=dict)  # leg id -> agent's leg
    links: dict[str, Link] = field(default_factory=dict)  # leg id -> what stands for it
    choices: list[Choice] = field(default_factory=list)
    ringing: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    answers: dict[str, asyncio.Future[bool]] = field(default_factory=dict)
    queue_id: str = ""  # where the customer came from
    recalled: bool = False
    back: Callable[[], None] | None = None
    is_own_wish: bool = False
    on_ring_end: Callable[[bool], Awaitable[None]] | None = None
    sent_by: str = "agent"  # who transfers the customer: agent, supervisor
    voices: set[str] = field(default_factory=set)  # channels that the customer ever talked to
    is_mixed: bool = False  # see TalkControl.mix
    mixer: str = ""
    mixed_in: str = ""  # the room of the mixer
    is_restored: bool = False  # from a snapshot, and not compared with Asterisk yet
    inbox: deque[Step] = field(default_factory=deque)
    is_working: bool = False

    def phone_of(self, leg_id: str) -> str | None:
        """Return the channel of a leg's phone, on whatever node it is."""
        link = self.links.get(leg_id)
        return link.channel if link is not None else self.channels.get(leg_id)


def to_json(live: Live) -> dict[str, Any]:
    """Return the snapshot form of a talk."""
    talk = live.talk
    consult = talk.consult
    return {
        "parties": [
            {
                "leg_id": p.leg_id,
                "role": p.role,
                "state": p.state,
                "agent_id": p.agent_id,
                "number": p.number,
                "home": p.home,
                "is_muted": p.is_muted,
                "place": p.place,
                "channel": live.channels.get(p.leg_id),
                "link": live.links[p.leg_id].to_json() if p.leg_id in live.links else None,
            }
            for p in talk.parties.values()
        ],
        "owner_id": talk.owner_id,
        "room": talk.places.room,
        "extra_room": talk.places.extra_room,
        "count": talk.count,
        "rooms": talk.places.count,
        "is_ending": talk.is_ending,
        "is_hold_told": talk.is_hold_told,
        "queue_id": live.queue_id,
        "recalled": live.recalled,
        "consult": {
            "leg_id": consult.leg_id,
            "asker_id": consult.asker_id,
            "target": consult.target.model_dump(mode="json"),
            "is_blind": consult.is_blind,
            "is_handed": consult.is_handed,
            "completes": consult.completes,
            "line_id": consult.line_id,
        }
        if consult is not None
        else None,
    }


def from_json(call: Call, raw: dict[str, Any]) -> Live:
    """Read the snapshot form.

    Raises:
        KeyError, TypeError, ValueError: It is not a snapshot of a talk.
    """
    parties = [
        Party(
            p["leg_id"],
            PartyRole(p["role"]),
            PartyState(p["state"]),
            p["agent_id"],
            p["number"],
            p["home"],
            p["is_muted"],
            p["place"],
        )
        for p in raw["parties"]
    ]
    talk = Talk(call.interaction_id, parties, owner_id=raw["owner_id"], room=raw["room"])
    talk.places.extra_room, talk.places.count = raw["extra_room"], raw["rooms"]
    talk.count = raw["count"]
    talk.is_ending, talk.is_hold_told = raw["is_ending"], raw["is_hold_told"]
    if (asked := raw["consult"]) is not None:
        talk.consult = Consult(
            asked["leg_id"],
            asked["asker_id"],
            Target.model_validate(asked["target"]),
            asked["is_blind"],
            asked["is_handed"],
            asked["completes"],
            asked["line_id"],
        )
    live = Live(talk, call, queue_id=raw["queue_id"], recalled=raw["recalled"])
    live.channels = {p["leg_id"]: p["channel"] for p in raw["parties"] if p["channel"]}
    live.links = {p["leg_id"]: Link.from_json(p["link"]) for p in raw["parties"] if p.get("link")}
    live.voices = {channel for leg_id, channel in live.channels.items() if leg_id != CUSTOMER}
    live.channels[CUSTOMER] = call.channel_id
    return live
