"""Parked customers: they hear music in a numbered slot until an agent takes them.

Who is parked where is written with the call itself, so a process that comes after this one knows.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from ringway.acd.calls import Call, Leg
from ringway.acd.core import model as m
from ringway.acd.core import talk_model as t
from ringway.acd.core.talk_model import NotNow, NotPart
from ringway.acd.talks import Talks
from ringway.runtime.ari import AriDown
from ringway.runtime.errors import Refused

if TYPE_CHECKING:
    from ringway.acd.runner import FloorRunner

PARK = "park"  # its place in ``Call.extra``


class Parking:
    """One tenant's slots."""

    def __init__(self, runner: FloorRunner, talks: Talks) -> None:
        self._runner = runner
        self._talks = talks
        self._timers: dict[str, asyncio.Task[None]] = {}  # interaction -> its end
        talks.parked_again = self._again

    def restore(self) -> None:
        """Go on with the parked customers of the snapshot."""
        for call in self._runner.calls.values():
            if PARK in call.extra and call.interaction_id not in self._talks.live:
                self._wait(call)

    def slot_of(self, call: Call) -> str | None:
        """Return where a customer is parked."""
        place = call.extra.get(PARK)
        return str(place["slot"]) if place is not None and not call.is_gone else None

    def call_in(self, slot: str) -> Call | None:
        """Return who is parked in a slot."""
        for call in self._runner.calls.values():
            if self.slot_of(call) == slot:
                return call
        return None

    def parked_by(self, agent_id: str, interaction_id: str | None) -> Call | None:
        """Return the customer whom an agent parked."""
        for call in self._runner.calls.values():
            is_it = interaction_id in (None, call.interaction_id)
            if is_it and self.slot_of(call) and call.extra[PARK]["agent_id"] == agent_id:
                return call
        return None

    async def park(self, agent_id: str, interaction_id: str | None) -> tuple[Call, str]:
        """Park the agent's customer; return where. A repeat returns the same.

        Raises:
            NotPart, NotNow: See Talk.handle.
            Refused: ``no_slot``.
        """
        try:
            live = self._talks.of_agent(agent_id, interaction_id)
        except NotPart:
            if (call := self.parked_by(agent_id, interaction_id)) is None:
                raise
            return call, self.slot_of(call) or ""
        slot = self._free_slot()
        if slot is None:
            raise Refused("no_slot", "Every slot has somebody in it.")
        call = live.call
        call.extra[PARK] = {"slot": slot, "agent_id": agent_id, "queue_id": live.queue_id}
        try:
            done = self._talks.tell(live, t.ParkAsked(self._runner.now(), agent_id))
        except (NotNow, NotPart):
            del call.extra[PARK]
            raise
        self._wait(call)
        await done
        return call, slot

    def retrieve(self, agent_id: str, slot: str, leg: Leg | None = None) -> None:
        """Call the agent's phone for who is parked in a slot; a repeat changes nothing.

        Args:
            leg: The phone with which the agent asks.

        Raises:
            Refused: ``slot_empty``, ``not_now``.
        """
        runner, call = self._runner, self.call_in(slot)
        if call is None:
            if self._talks.was_done(agent_id, None, f"retrieve {slot}"):
                return  # a repeat, and he has him already
            raise Refused("slot_empty", f"Nobody is parked in {slot}.")
        live = self._talks.live.get(call.interaction_id)
        if live is not None:
            if live.talk.agent(agent_id) is not None:
                return
            raise Refused("slot_empty", "Somebody else is just taking this customer.")
        take(runner, agent_id, call.interaction_id)
        if leg is not None:
            runner.legs[agent_id] = leg
        self._stop(call)
        queue_id = call.extra[PARK]["queue_id"]

        async def ended(is_taken: bool) -> None:
            if is_taken:
                call.extra.pop(PARK, None)
                self._talks.note_done(agent_id, call.interaction_id, f"retrieve {slot}")

        self._talks.bring(call, agent_id, on_ring_end=ended, is_own_wish=True, queue_id=queue_id)

    # -- small parts ---------------------------------------------------------------------------

    def _free_slot(self) -> str | None:
        settings = self._runner.configuration.settings
        taken = {self.slot_of(call) for call in self._runner.calls.values()}
        for number in range(settings.park_first, settings.park_last + 1):
            if str(number) not in taken:
                return str(number)
        return None

    def _again(self, call: Call) -> bool:
        """Nobody took the customer out after all."""
        if self.slot_of(call) is None:
            return False
        self._wait(call)
        return True

    def _wait(self, call: Call) -> None:
        self._runner.store(call.interaction_id)
        self._runner.spawn(self._time_out(call), "park")

    def _stop(self, call: Call) -> None:
        if (timer := self._timers.pop(call.interaction_id, None)) is not None:
            timer.cancel()

    async def _time_out(self, call: Call) -> None:
        """Bring the customer back to who parked him, when nobody took him in time."""
        task = asyncio.current_task()
        assert task is not None
        self._stop(call)
        self._timers[call.interaction_id] = task
        try:
            await asyncio.sleep(self._runner.configuration.settings.park_timeout_s)
        finally:
            if self._timers.get(call.interaction_id) is task:
                del self._timers[call.interaction_id]
        if self.slot_of(call) is None or call.interaction_id in self._talks.live:
            return
        place = call.extra.pop(PARK)
        with suppress(AriDown):
            self._talks.recall(call, place["agent_id"], place["queue_id"])


def take(runner: FloorRunner, agent_id: str, interaction_id: str) -> None:
    """Take an agent for what he himself asks for.

    Raises:
        Refused: ``not_now``.
    """
    agent = runner.floor.agents.get(agent_id)
    if agent is not None and agent.interaction_id == interaction_id:
        # His after-call work for this very customer ends with taking him again.
        runner.apply(m.WrapUpDone(runner.now(), agent_id, interaction_id))
    try:
        runner.apply(m.Claim(runner.now(), agent_id, interaction_id, own_wish=True))
    except m.AgentBusy as busy:
        raise Refused("not_now", str(busy)) from busy
