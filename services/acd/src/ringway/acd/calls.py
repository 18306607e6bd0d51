"""What the ACD knows of calls and legs beyond the floor: where their channels are.

Both are written to the snapshot bucket, so a new process finds them again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from ringway.proto.acd import Direction, LegMode
from ringway.proto.acd_calls import Outcome
from ringway.runtime.ids import uuid7

VISIT = "front"  # in ``Call.extra``: on which way a customer is who is with no agent
ORIGIN = "origin"  # in ``Call.extra``: the customer's own channel, when a link stands for him


@dataclass(slots=True)
class Call:
    """The customer's side of one interaction. Times are moments, UTC.

    ``placing``: held by whoever puts the customer somewhere while no talk has him. Of two who do so
    at once Asterisk obeys either last.
    """

    interaction_id: str
    campaign_id: str
    attempt_id: str
    node: str
    channel_id: str
    caller: str
    called: str
    answered_at: datetime
    direction: Direction = Direction.OUTBOUND
    cause_q850: int = 0
    is_recording: bool = False
    is_gone: bool = False  # the customer's channel left
    ended_exactly: bool = True
    outcome: Outcome | None = None  # how it ends when no agent has it last
    detail: str = ""
    trunk_id: str = ""
    route_id: str = ""
    last_agent_id: str = ""
    record: bool = True
    extra: dict[str, Any] = field(default_factory=dict)  # of whoever has the call; JSON
    placing: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)

    @property
    def origin(self) -> tuple[str, str]:
        """Node and channel of the customer himself: he may be brought to others by a link."""
        own = self.extra.get(ORIGIN)
        return (own["node"], own["channel_id"]) if own else (self.node, self.channel_id)

    @property
    def recording_customer(self) -> str:
        """Name of the recording of what the customer says."""
        return f"{self.interaction_id}.in"

    @property
    def recording_agent(self) -> str:
        """Name of the recording of what the customer hears, that is the agent."""
        return f"{self.interaction_id}.out"

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot form."""
        return {
            "interaction_id": self.interaction_id,
            "campaign_id": self.campaign_id,
            "attempt_id": self.attempt_id,
            "node": self.node,
            "channel_id": self.channel_id,
            "caller": self.caller,
            "called": self.called,
            "answered_at": self.answered_at.isoformat(),
            "direction": self.direction,
            "is_recording": self.is_recording,
            "outcome": self.outcome,
            "detail": self.detail,
            "trunk_id": self.trunk_id,
            "route_id": self.route_id,
            "last_agent_id": self.last_agent_id,
            "record": self.record,
            "extra": self.extra,
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Self:
        """Read the snapshot form.

        Raises:
            KeyError, ValueError: It is not a snapshot of a call.
        """
        return cls(
            interaction_id=raw["interaction_id"],
            campaign_id=raw["campaign_id"],
            attempt_id=raw["attempt_id"],
            node=raw["node"],
            channel_id=raw["channel_id"],
            caller=raw["caller"],
            called=raw["called"],
            answered_at=datetime.fromisoformat(raw["answered_at"]),
            direction=Direction(raw["direction"]),
            is_recording=raw["is_recording"],
            outcome=Outcome(raw["outcome"]) if raw.get("outcome") else None,
            detail=raw.get("detail", ""),
            trunk_id=raw.get("trunk_id", ""),
            route_id=raw.get("route_id", ""),
            last_agent_id=raw.get("last_agent_id", ""),
            record=raw.get("record", True),
            extra=raw.get("extra", {}),
        )


def room_of(channel_id: str) -> str:
    """Return the bridge in which an agent's leg stands when it is alone."""
    return f"{channel_id.removesuffix('.a')}.b"


@dataclass(slots=True)
class Leg:
    """An agent's phone in a call: its channel and the bridge it stands in."""

    agent_id: str
    leg_mode: LegMode
    node: str
    channel_id: str = field(default_factory=lambda: f"{uuid7()}.a")
    is_up: bool = False

    @property
    def bridge_id(self) -> str:
        """Every leg has a bridge of its own; its id is never used again."""
        return room_of(self.channel_id)

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot form."""
        return {"leg_mode": self.leg_mode, "node": self.node, "channel_id": self.channel_id}

    @classmethod
    def from_json(cls, agent_id: str, raw: dict[str, Any]) -> Self:
        """Read the snapshot form.

        Raises:
            KeyError, ValueError: It is not a snapshot of a leg.
        """
        return cls(agent_id, LegMode(raw["leg_mode"]), raw["node"], raw["channel_id"], is_up=True)
