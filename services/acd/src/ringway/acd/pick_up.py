"""Taking a call that rings at a colleague's phone.

Whoever asks first has it: from that moment on it rings nowhere else.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ringway.acd.calls import Call, Leg
from ringway.acd.core import model as m
from ringway.acd.core import talk_model as t
from ringway.acd.core.records import CallState
from ringway.acd.parking import take
from ringway.acd.talks import Talks
from ringway.proto.acd import AgentState
from ringway.proto.acd_calls import PartyState
from ringway.runtime.ari import AriDown, AriError
from ringway.runtime.errors import Refused

if TYPE_CHECKING:
    from ringway.acd.runner import FloorRunner

_NOTHING = "nothing_rings"


class PickUp:
    """One tenant's pick-ups."""

    def __init__(self, runner: FloorRunner, talks: Talks) -> None:
        self._runner = runner
        self._talks = talks

    def take_number(self, agent_id: str, number: str, leg: Leg | None = None) -> None:
        """Take what rings at the agent with a number.

        Raises:
            Refused: ``nothing_rings``, ``not_now``.
        """
        for from_agent_id, agent in self._runner.floor.agents.items():
            if agent.number == number:
                self.take(agent_id, from_agent_id, leg)
                return
        raise Refused(_NOTHING, "There is no such number.")

    def take(self, agent_id: str, from_agent_id: str, leg: Leg | None = None) -> None:
        """Take the call that rings at a colleague; a repeat changes nothing.

        Args:
            leg: The phone with which the agent asks.

        Raises:
            Refused: ``nothing_rings``, ``not_now``.
        """
        runner = self._runner
        what = f"pick up {from_agent_id}"
        mine = runner.floor.agents.get(agent_id)
        if mine is not None and self._talks.was_done(agent_id, mine.interaction_id or "", what):
            return  # a repeat
        colleague = runner.floor.agents.get(from_agent_id)
        interaction_id = colleague.interaction_id if colleague is not None else None
        call = runner.calls.get(interaction_id or "")
        ringing = colleague is not None and colleague.state is AgentState.RESERVED
        if call is None or not ringing or agent_id == from_agent_id or not call.channel_id:
            raise Refused(_NOTHING, "Nothing rings there.")
        if call.interaction_id in self._talks.live:
            self._from_talk(call, agent_id, from_agent_id, leg)
        else:
            self._from_queue(call, agent_id, leg)
        self._talks.note_done(agent_id, call.interaction_id, what)

    def _from_queue(self, call: Call, agent_id: str, leg: Leg | None) -> None:
        runner, interaction_id = self._runner, call.interaction_id
        floor_call = runner.floor.calls.get(interaction_id)
        if floor_call is None or floor_call.state is not CallState.OFFERED:
            raise Refused(_NOTHING, "Nothing rings there.")
        if floor_call.campaign_id or floor_call.agent_id is not None:
            raise Refused(_NOTHING, "This call is just being connected.")
        queue_id, since = floor_call.queue_id, floor_call.waiting_since
        self._claim(agent_id, interaction_id, leg)
        runner.apply(m.LeftQueue(runner.now(), interaction_id))

        async def ended(is_taken: bool) -> None:
            if is_taken and runner.front is not None:
                with suppress(AriDown, AriError):
                    await runner.front.make_way(call)
                runner.front.connected(call, agent_id)
            if is_taken and call.record and not call.is_recording:
                runner.spawn(runner.control.record(call), "record")

        def back() -> None:
            runner.apply(m.Enqueued(runner.now(), interaction_id, queue_id, since))

        self._talks.bring(
            call, agent_id, back=back, on_ring_end=ended, is_own_wish=True, queue_id=queue_id
        )

    def _from_talk(self, call: Call, agent_id: str, from_agent_id: str, leg: Leg | None) -> None:
        """Take a call between agents, a recalled or a retrieved one, before it is answered."""
        live = self._talks.live[call.interaction_id]
        party, consult = live.talk.agent(from_agent_id), live.talk.consult
        waits = party is not None and party.state is PartyState.RINGING
        if not waits or consult is None or not consult.is_handed or party is None:
            raise Refused(_NOTHING, "Only calls without an agent can be picked up.")
        self._claim(agent_id, call.interaction_id, leg)
        told, back = live.on_ring_end, live.back
        live.on_ring_end = None

        def mine() -> None:
            self._talks.bring(
                call,
                agent_id,
                back=back,
                on_ring_end=told,
                is_own_wish=True,
                is_held=live.talk.places.room is None and call.direction.value != "internal",
                queue_id=live.queue_id,
            )

        live.back = mine
        self._talks.tell(live, t.PartyFailed(self._runner.now(), party.leg_id))

    def _claim(self, agent_id: str, interaction_id: str, leg: Leg | None) -> None:
        take(self._runner, agent_id, interaction_id)
        if leg is not None:
            self._runner.legs[agent_id] = leg
