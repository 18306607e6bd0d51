"""A supervision in the snapshot bucket, and back: it goes on under the process that comes next."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from ringway.acd.adoption import Picture
from ringway.acd.calls import Leg
from ringway.acd.core.supervision import PhoneState, Session
from ringway.acd.supervisor_phones import Supervisor
from ringway.proto.acd_config import SupervisionMode

if TYPE_CHECKING:
    from ringway.acd.runner import FloorRunner

KIND = "supervision"


def to_json(runner: FloorRunner, one: Supervisor | None) -> bytes | None:
    """Return what to store; nothing while the phone is not there, or is no more."""
    if one is None or one.leg is None or one.is_taken or one.session.phone is not PhoneState.UP:
        return None
    session = one.session
    return orjson.dumps(
        {
            "agent_id": session.agent_id,
            "mode": session.mode,
            "interaction_id": session.interaction_id,
            "heard": session.heard,
            "opened_at": _moment(runner, session.opened_at),
            "idle_since": _moment(runner, session.idle_since),
            "everywhere": one.everywhere,
            "node": one.node,
            "leg": one.leg.to_json(),
            "is_lent": one.is_lent,
            "is_linked": one.link is not None,
            "room": one.room,
            "place": one.place,
            "ear": one.ear,
        }
    )


def from_json(runner: FloorRunner, supervisor_id: str, raw: Mapping[str, Any]) -> Supervisor | None:
    """Read the stored form. None: it cannot go on, for its phone is on another node, or gone.

    Raises:
        KeyError, ValueError: It is not the stored form.
    """
    leg = Leg.from_json(supervisor_id, raw["leg"])
    if raw["is_lent"]:
        own = runner.legs.get(supervisor_id)
        if own is None or own.channel_id != leg.channel_id:
            return None
        leg = own
    if raw["is_linked"] or leg.node != raw["node"]:
        return None
    session = Session(supervisor_id)
    session.phone = PhoneState.UP
    session.agent_id, session.mode = raw["agent_id"], SupervisionMode(raw["mode"])
    session.interaction_id, session.heard = raw["interaction_id"], raw["heard"]
    session.opened_at = _read(runner, raw["opened_at"])
    session.idle_since = _read(runner, raw["idle_since"])
    up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    up.set_result(None)
    return Supervisor(
        session,
        raw["node"],
        up,
        everywhere=raw["everywhere"],
        leg=leg,
        is_lent=raw["is_lent"],
        voice=leg.channel_id,
        room=raw["room"],
        place=raw["place"],
        ear=raw["ear"],
        is_kept=True,
    )


def listened_s(raw: Mapping[str, Any], now: datetime) -> float:
    """Return for how long somebody has listened, by what is stored."""
    began = raw.get("opened_at")
    return max(0.0, (now - datetime.fromisoformat(began)).total_seconds()) if began else 0.0


def is_as_it_was(one: Supervisor, picture: Picture) -> bool:
    """Tell whether the phone hears in Asterisk what it is said to hear."""
    together = picture.in_bridge.get(one.voice, frozenset())
    place = next((b.id for b in picture.bridges if one.voice in b.channels), "")
    if place != one.place:
        return False
    return one.session.mode is SupervisionMode.BARGE or one.ear in together


def _moment(runner: FloorRunner, at: float | None) -> str | None:
    return runner.wall(at).isoformat() if at is not None else None


def _read(runner: FloorRunner, text: str | None) -> float | None:
    return runner.floor_time(datetime.fromisoformat(text)) if text else None
