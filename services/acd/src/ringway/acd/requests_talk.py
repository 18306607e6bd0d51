"""What agents ask of their calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ringway.acd import dialling
from ringway.acd.adoption import Picture
from ringway.acd.app import Acd
from ringway.acd.core import model as m
from ringway.acd.core import talk_model as t
from ringway.acd.core.talk_model import CUSTOMER, NotNow, NotPart
from ringway.acd.parking import PARK
from ringway.acd.refer import Refer
from ringway.acd.runner import FloorRunner
from ringway.acd.talk_live import Live
from ringway.acd.talks import Talks
from ringway.proto import acd_calls as p
from ringway.proto.acd import AgentState, LegMode
from ringway.proto.acd_calls import PartyState
from ringway.proto.base import Done
from ringway.runtime.ari import AriClient, AriError
from ringway.runtime.bus import Bus
from ringway.runtime.errors import Refused
from ringway.runtime.ids import uuid7

_UNKNOWN = "There is no such call of this agent."


class TalkRequests:
    """Handlers of call control. Gives every floor that opens its talks."""

    def __init__(self, acd: Acd, ari: AriClient) -> None:
        self._acd = acd
        self._talks: dict[str, Talks] = {}
        self._refer = Refer(acd)
        acd.on_open(self._opened)
        acd.on_reconcile(self._reconcile)
        acd.on_close(lambda runner: self._talks.pop(runner.tenant, None))

    def _opened(self, runner: FloorRunner) -> None:
        acd = self._acd
        talks = Talks(runner, acd.outbound, acd, acd.settings.app, on_phone=self._refer.on_phone)
        runner.talks = self._talks[runner.tenant] = talks
        talks.restore()

    def _reconcile(self, picture: Picture, runners: Sequence[FloorRunner]) -> None:
        for runner in runners:
            if (talks := self._talks.get(runner.tenant)) is not None:
                talks.reconcile(picture)

    async def serve(self, bus: Bus) -> None:
        """Register all handlers."""
        await bus.respond(p.AnswerV1, self.answer)
        await bus.respond(p.DeclineV1, self.decline)
        await bus.respond(p.HoldV1, self.hold)
        await bus.respond(p.ResumeV1, self.resume)
        await bus.respond(p.MuteV1, self.mute)
        await bus.respond(p.SendDigitsV1, self.send_digits)
        await bus.respond(p.PlayV1, self.play)
        await bus.respond(p.ConsultV1, self.consult)
        await bus.respond(p.CancelConsultV1, self.cancel_consult)
        await bus.respond(p.CompleteTransferV1, self.complete_transfer)
        await bus.respond(p.TransferV1, self.transfer)
        await bus.respond(p.MergeV1, self.merge)
        await bus.respond(p.RemovePartyV1, self.remove_party)
        await bus.respond(p.LeaveV1, self.leave)
        await bus.respond(p.GetInteractionV1, self.get_interaction)
        await bus.respond(p.ListInteractionsV1, self.list_interactions)

    # -- offers --------------------------------------------------------------------------------

    async def answer(self, request: p.AnswerV1) -> Done:
        """Take the offered call."""
        runner, interaction_id = await self._offered(request)
        agent = runner.floor.agents[request.agent_id]
        if agent.state is not AgentState.RESERVED:
            return Done()  # a repeat
        live = self._talks[runner.tenant].live.get(interaction_id)
        answer = live.answers.get(request.agent_id) if live is not None else None
        if answer is not None:
            if not answer.done():
                answer.set_result(True)
        elif agent.leg_mode is LegMode.ON_DEMAND:
            runner.phones.answer(request.agent_id)
        else:
            runner.apply(m.Accepted(runner.now(), interaction_id, request.agent_id))
        return Done()

    async def decline(self, request: p.DeclineV1) -> Done:
        """Let the offered call go to somebody else."""
        runner, interaction_id = await self._offered(request)
        talks = self._talks[runner.tenant]
        live = talks.live.get(interaction_id)
        party = live.talk.agent(request.agent_id) if live is not None else None
        if live is not None and party is not None:
            if party.state is PartyState.RINGING:
                await talks.tell(live, t.PartyFailed(runner.now(), party.leg_id))
                return Done()
            raise Refused("not_now", "The call is not offered any more.")
        event = m.OfferFailed(runner.now(), interaction_id, request.agent_id, declined=True)
        runner.apply(event)
        return Done()

    async def _offered(self, request: p.ControlRequest) -> tuple[FloorRunner, str]:
        runner = await self._acd.floor(request.tenant)
        agent = runner.floor.agents.get(request.agent_id)
        has = agent.interaction_id if agent is not None else None
        if has is None or request.interaction_id not in (None, has):
            raise Refused("interaction_unknown", "No call is offered to this agent.")
        return runner, has

    # -- in the talk ---------------------------------------------------------------------------

    async def hold(self, request: p.HoldV1) -> Done:
        """Let the customer hear music."""
        return await self._plain(request, t.HoldAsked)

    async def resume(self, request: p.ResumeV1) -> Done:
        """Take the customer back."""
        return await self._plain(request, t.ResumeAsked)

    async def mute(self, request: p.MuteV1) -> Done:
        """Let nobody hear the agent, or again."""
        return await self._plain(request, lambda at, by: t.MuteAsked(at, by, request.muted))

    async def send_digits(self, request: p.SendDigitsV1) -> Done:
        """Send keys to who is no agent: the customer, or the outside party he consults."""
        runner, _, live = await self._talk(request)
        outside = [
            live.channels[party.leg_id]
            for party in live.talk.circle
            if party.agent_id is None
            and party.leg_id in live.channels
            and (live.talk.consult is None or party.leg_id != live.talk.consult.line_id)
        ]
        if not outside:
            raise Refused("not_now", "The customer hears music; take him back first.")
        try:
            for channel_id in outside:
                await runner.control.node(live.call.node).dtmf(channel_id, request.digits)
        except AriError as error:
            raise Refused("not_now", "The other side has just gone.") from error
        return Done()

    async def play(self, request: p.PlayV1) -> Done:
        """Let customer and agent hear a sound, or a number."""
        runner, _, live = await self._talk(request)
        if request.text:
            raise Refused("no_voice", "No voice can speak a text here; play sounds and digits.")
        media = [f"sound:{sound}" for sound in request.sounds]
        media += [f"digits:{request.digits}"] if request.digits else []
        customer, room = live.talk.customer, live.talk.places.room
        if customer is None or customer.state is not PartyState.TALKING or room is None:
            raise Refused("not_now", "The customer hears music; take him back first.")
        if media:
            try:
                await runner.control.node(live.call.node).play(
                    media,
                    bridge=room,
                    playback_id=f"{uuid7()}.y",
                    lang=runner.configuration.settings.language,
                )
            except AriError as error:
                raise Refused("not_now", "The call has just ended.") from error
        return Done()

    # -- others --------------------------------------------------------------------------------

    async def consult(self, request: p.ConsultV1) -> Done:
        """Call somebody while the customer hears music."""
        runner, talks, live = await self._talk(request)
        whom = await dialling.party(self._acd, runner, request.agent_id, request.target)
        event = t.ConsultAsked(
            runner.now(), request.agent_id, whom.target, whom.agent_id, whom.number
        )
        with _refusing():
            await talks.consult(live, event, whom.choices)
        return Done()

    async def cancel_consult(self, request: p.CancelConsultV1) -> Done:
        """End the consultation."""
        return await self._plain(request, t.CancelConsultAsked)

    async def complete_transfer(self, request: p.CompleteTransferV1) -> Done:
        """Leave the customer with the consulted party."""
        return await self._last(request, "complete", t.CompleteAsked)

    async def transfer(self, request: p.TransferV1) -> Done:
        """Send the customer on."""
        target = request.target
        what = f"transfer {target.kind} {target.value}"
        if await self._was_done(request, what):
            return Done()
        runner, talks, live = await self._talk(request)
        at, by = runner.now(), request.agent_id
        if dialling.is_place(target):
            dialling.check_place(runner, target)
            with _refusing():
                done = talks.tell(live, t.HandOverAsked(at, by, target))
                talks.note_done(by, live.talk.interaction_id, what)
                await done
            return Done()
        whom = await dialling.party(self._acd, runner, by, target)
        event = t.TransferAsked(runner.now(), by, whom.target, whom.agent_id, whom.number)
        with _refusing():
            await talks.consult(live, event, whom.choices)
        talks.note_done(by, live.talk.interaction_id, what)
        return Done()

    async def merge(self, request: p.MergeV1) -> Done:
        """Let all hear each other."""
        return await self._plain(request, t.MergeAsked)

    async def remove_party(self, request: p.RemovePartyV1) -> Done:
        """Hang up one other party."""
        return await self._plain(request, lambda at, by: t.RemoveAsked(at, by, request.leg_id))

    async def leave(self, request: p.LeaveV1) -> Done:
        """Leave a three-way call."""
        return await self._last(request, "leave", t.LeaveAsked)

    # -- looking -------------------------------------------------------------------------------

    async def get_interaction(self, request: p.GetInteractionV1) -> p.InteractionStatusV1:
        """One live interaction."""
        runner = await self._acd.floor(request.tenant)
        if request.interaction_id not in runner.calls:
            raise Refused("interaction_unknown", "There is no such live interaction.")
        return self._status(runner, request.interaction_id)

    async def list_interactions(self, request: p.ListInteractionsV1) -> p.InteractionListV1:
        """Every live interaction."""
        runner = await self._acd.floor(request.tenant)
        return p.InteractionListV1(
            interactions=tuple(
                self._status(runner, interaction_id)
                for interaction_id, call in runner.calls.items()
                if not call.is_gone
            )
        )

    def _status(self, runner: FloorRunner, interaction_id: str) -> p.InteractionStatusV1:
        call = runner.calls[interaction_id]
        floor_call = runner.floor.calls.get(interaction_id)
        parties = self._talks[runner.tenant].parties(interaction_id)
        if not parties and not call.is_gone:
            waits = floor_call is not None and floor_call.state in (
                m.CallState.WAITING,
                m.CallState.OFFERED,
            )
            state = PartyState.WAITING if waits else PartyState.TALKING
            state = PartyState.PARKED if PARK in call.extra else state
            role = p.PartyRole.CUSTOMER
            parties = (p.Party(leg_id=CUSTOMER, role=role, state=state, number=call.caller),)
        queue_id = floor_call.queue_id if floor_call is not None else ""
        connected_at = floor_call.connected_at if floor_call is not None else None
        return p.InteractionStatusV1(
            interaction_id=interaction_id,
            direction=call.direction,
            queue_id=queue_id if queue_id and ":" not in queue_id else None,
            campaign_id=call.campaign_id or None,
            caller=call.caller,
            called=call.called,
            agent_id=floor_call.agent_id if floor_call is not None else None,
            parties=parties,
            park_slot=call.extra[PARK]["slot"] if PARK in call.extra else None,
            began_at=call.answered_at,
            connected_at=runner.wall(connected_at) if connected_at is not None else None,
        )

    # -- small parts ---------------------------------------------------------------------------

    async def _talk(self, request: p.ControlRequest) -> tuple[FloorRunner, Talks, Live]:
        runner = await self._acd.floor(request.tenant)
        talks = self._talks[request.tenant]
        try:
            return runner, talks, talks.of_agent(request.agent_id, request.interaction_id)
        except NotPart as error:
            raise Refused("interaction_unknown", _UNKNOWN) from error

    async def _plain(
        self, request: p.ControlRequest, event: Callable[[float, str], t.Event]
    ) -> Done:
        runner, talks, live = await self._talk(request)
        with _refusing():
            await talks.tell(live, event(runner.now(), request.agent_id))
        return Done()

    async def _last(
        self, request: p.ControlRequest, what: str, event: Callable[[float, str], t.Event]
    ) -> Done:
        """Do what ends the agent's part; a repeat finds him gone already."""
        if await self._was_done(request, what):
            return Done()
        _, talks, live = await self._talk(request)
        await self._plain(request, event)
        talks.note_done(request.agent_id, live.talk.interaction_id, what)
        return Done()

    async def _was_done(self, request: p.ControlRequest, what: str) -> bool:
        runner = await self._acd.floor(request.tenant)
        talks = self._talks[runner.tenant]
        try:
            talks.of_agent(request.agent_id, request.interaction_id)
        except NotPart:
            return talks.was_done(request.agent_id, request.interaction_id, what)
        return False


@contextmanager
def _refusing() -> Iterator[None]:
    """Say in the contract's codes why a talk refuses."""
    try:
        yield
    except NotNow as error:
        raise Refused("not_now", str(error)) from error
    except NotPart as error:
        raise Refused("interaction_unknown", _UNKNOWN) from error
    except m.AgentBusy as error:
        raise Refused("agent_busy", str(error)) from error
