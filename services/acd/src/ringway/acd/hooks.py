"""What the runner asks of the parts that stand beside it: talks, and what is around them.

Each part registers itself with a runner; a runner without them serves plain campaign calls.
"""

from __future__ import annotations

from typing import Protocol

from ringway.acd.calls import Call, Leg
from ringway.acd.core import model as m
from ringway.proto.acd_config import Target


class TalkHooks(Protocol):
    """Call control inside talks (talks.py)."""

    @property
    def is_quiet(self) -> bool:
        """Whether no talk is just being changed: another process could go on with all of them."""

    def connected(self, call: Call, leg: Leg) -> None:
        """Customer and agent have just been joined in the leg's own room."""

    def customer_gone(self, interaction_id: str) -> None:
        """The customer's channel is no more; end what else belongs to the talk."""

    def agent_lost(self, interaction_id: str, agent_id: str) -> bool:
        """An agent's phone left the talk. False: nobody is left for the customer."""

    def agent_hangs_up(self, interaction_id: str, agent_id: str) -> bool:
        """The agent ends his talk. False: it is a plain talk of two; hang the customer up."""

    async def settled(self) -> None:
        """Wait until all that was decided so far is done: nobody is on his way to elsewhere."""

    async def mix(self, interaction_id: str) -> None:
        """Let the talk be mixed from now on, so that it can be listened to."""

    def channel_of(self, interaction_id: str, agent_id: str) -> str | None:
        """Return what an agent's leg is on the talk's node: itself, or what stands for it."""

    async def room_of(self, interaction_id: str, agent_id: str) -> str | None:
        """Return the room in which an agent talks, when all that was decided is done."""


class FrontHooks(Protocol):
    """What customers meet before and after agents (front/)."""

    @property
    def is_quiet(self) -> bool:
        """Whether customers only wait: another process could go on with all of them."""

    def overflowed(self, command: m.Overflow) -> None:
        """The queue gave the call up."""

    async def make_way(self, call: Call) -> None:
        """The customer is about to be joined: announcements end, nobody else moves his channel."""

    async def hush(self, call: Call) -> None:
        """Stop what the customer is just told: he cannot be moved before its end."""

    def connected(self, call: Call, agent_id: str) -> None:
        """An agent has the customer now: waiting is over, announcements end."""

    def waits(self, interaction_id: str) -> None:
        """A customer who was with an agent waits in a queue now."""

    def send_to(self, call: Call, target: Target) -> None:
        """A customer who was with an agent, and hears music, goes to a target."""

    def customer_gone(self, interaction_id: str) -> None:
        """The customer's channel is no more."""

    def keeps_customer(self, call: Call) -> bool:
        """The agent hung up. True: the customer stays for a rating and is hung up later."""

    async def reach(self, call: Call, agent_id: str) -> bool:
        """Call back a customer who waits without a channel. False: he did not answer."""


class SupervisionHooks(Protocol):
    """Who listens to whose calls (supervision.py)."""

    def talk_changed(self, interaction_id: str) -> None:
        """Who is part of a talk, or who hears whom, may have changed."""

    def state_changed(self, agent_id: str) -> None:
        """An agent's state may have changed. Must not give the floor an event."""

    def has_phone(self, channel_id: str) -> bool:
        """Whether this channel is the phone of somebody who supervises."""

    async def settled(self) -> None:
        """Wait until all that was decided so far is done: no phone is on its way to elsewhere."""

    async def make_way(self, agent_id: str) -> None:
        """The agent's own phone is needed for a call: it listens to nobody any more."""
