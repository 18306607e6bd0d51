"""The conferences of one tenant, and what their organisers ask."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ringway.acd import dialling
from ringway.acd.adoption import Picture
from ringway.acd.calls import Call
from ringway.acd.core import model as m
from ringway.acd.core import talk_model as t
from ringway.acd.core.conference import Command, Conference, Enter, Full, Mute
from ringway.acd.core.talk_model import NotNow, NotPart
from ringway.acd.meeting import CONFERENCE, Meeting, MeetingControl, parties
from ringway.acd.parking import take
from ringway.acd.talks import Talks
from ringway.proto.acd import AgentState, Direction
from ringway.proto.acd_calls import (
    ConferenceEndedV1,
    InteractionStartedV1,
    Outcome,
    Party,
    PartyState,
)
from ringway.proto.acd_config import Target, TargetKind
from ringway.runtime.ari import AriDown
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused
from ringway.runtime.ids import uuid7

if TYPE_CHECKING:
    from ringway.acd.app import Acd
    from ringway.acd.runner import FloorRunner

_log = logging.getLogger("ringway.acd.conferences")
_REMEMBERED_S = 60.0  # for so long a repeat of its end is answered like the first


class Conferences:
    """Every conference of one tenant (front.Conferences, for callers)."""

    def __init__(self, acd: Acd, runner: FloorRunner, talks: Talks) -> None:
        self.meetings: dict[str, Meeting] = {}
        self._acd = acd
        self._runner = runner
        self._talks = talks
        self._control = MeetingControl(acd, runner, self._over)
        self._done: dict[tuple[str, str], float] = {}  # conference, organiser -> when

    # -- what organisers ask -------------------------------------------------------------------

    async def start(
        self,
        conference_id: str,
        agent_id: str,
        name: str,
        invite: Sequence[Target],
        *,
        record: bool,
    ) -> Meeting:
        """Open a conference and call everybody; a repeat changes nothing.

        An organiser who is in a talk takes his customer into the conference.

        Raises:
            Refused: ``conference_unknown`` (somebody else has one with this id), ``not_now``, and
                see ``dialling.party``.
        """
        if (known := self.meetings.get(conference_id)) is not None:
            return self._of(known, agent_id)
        called = [(target, await self._whom(agent_id, target)) for target in invite]
        if (known := self.meetings.get(conference_id)) is not None:
            return self._of(known, agent_id)
        meeting = self._open(conference_id, agent_id, name, record=record)
        organiser = meeting.core.invite(agent_id, is_organiser=True)
        assert organiser is not None
        try:
            await self._bring_talk(meeting, agent_id)
            if meeting.core.is_over:
                raise Refused("not_now", "The conference has been ended.")
            take(self._runner, agent_id, meeting.interaction_id)
            self._control.ring(meeting, organiser, None)
        except Refused:
            self._runner.calls.pop(meeting.interaction_id, None)
            self.meetings.pop(conference_id, None)
            raise
        self._runner.tell(
            InteractionStartedV1(
                message_id=f"{meeting.interaction_id}-started",
                occurred_at=meeting.call.answered_at,
                tenant=self._runner.tenant,
                interaction_id=meeting.interaction_id,
                direction=Direction.INTERNAL,
                agent_id=agent_id,
            )
        )
        for _, whom in called:
            self._invite(meeting, whom)
        self._control.changed(meeting)
        return meeting

    async def invite(self, conference_id: str, agent_id: str, target: Target) -> Meeting:
        """Call one more; who is there already is not called again.

        Raises:
            Refused: ``conference_unknown``, ``conference_full``, and see ``dialling.party``.
        """
        self.get(conference_id, agent_id)
        whom = await self._whom(agent_id, target)
        meeting = self.get(conference_id, agent_id)
        self._invite(meeting, whom, is_strict=True)
        return meeting

    def mute(
        self, conference_id: str, agent_id: str, leg_id: str | None, *, muted: bool
    ) -> Meeting:
        """Mute one member, or all but the organiser.

        Raises:
            Refused: ``conference_unknown``, ``member_unknown``.
        """
        meeting = self.get(conference_id, agent_id)
        if leg_id is not None:
            self._known(meeting, leg_id)
        self._control.perform(meeting, meeting.core.mute(leg_id, muted=muted))
        return meeting

    def remove(self, conference_id: str, agent_id: str, leg_id: str) -> Meeting:
        """Hang up one member.

        Raises:
            Refused: ``conference_unknown``, ``member_unknown``.
        """
        meeting = self.get(conference_id, agent_id)
        self._known(meeting, leg_id)
        self._control.perform(meeting, meeting.core.remove(leg_id))
        return meeting

    def end(self, conference_id: str, agent_id: str) -> None:
        """Hang up all; a repeat changes nothing.

        Raises:
            Refused: ``conference_unknown``.
        """
        if (conference_id, agent_id) in self._done:
            return
        meeting = self.get(conference_id, agent_id)
        self._control.perform(meeting, meeting.core.end())

    def get(self, conference_id: str, agent_id: str) -> Meeting:
        """Return an organiser's conference.

        Raises:
            Refused: ``conference_unknown``.
        """
        meeting = self.meetings.get(conference_id)
        if meeting is None:
            raise Refused("conference_unknown", "There is no such conference of this agent.")
        return self._of(meeting, agent_id)

    # -- what others ask -----------------------------------------------------------------------

    async def admit(self, call: Call, conference_id: str) -> bool:
        """Let a customer in. False: there is no such conference, or it is full."""
        meeting = self.meetings.get(conference_id)
        if meeting is None:
            return False
        links, node = self._runner.links, meeting.call.node
        if call.node != node and (links is None or not await links.bring(self._runner, call, node)):
            return False
        if meeting.core.is_over or call.is_gone:
            return False
        is_inbound = call.direction is Direction.INBOUND
        number = call.caller if is_inbound else call.called
        try:
            member = meeting.core.invite(number=number, is_caller=True)
        except Full:
            return False
        if member is None:
            return False
        call.outcome, call.detail = Outcome.FORWARDED, "conference"
        self._control.enter(meeting, member, call.channel_id)
        return True

    def has(self, call: Call, conference_id: str) -> bool:
        """Tell whether a customer is in a conference: another process let him in."""
        meeting = self.meetings.get(conference_id)
        if meeting is None or call.channel_id not in meeting.channels.values():
            return False
        call.outcome, call.detail = Outcome.FORWARDED, "conference"
        return True

    def agent_gone(self, interaction_id: str, agent_id: str) -> bool:
        """An agent hung up, or his phone left. False: he is in no conference of this id."""
        meeting = self._by_interaction(interaction_id)
        if meeting is None:
            return False
        for member in meeting.core.members.values():
            if member.agent_id == agent_id and member.state is not PartyState.GONE:
                self._control.perform(meeting, meeting.core.remove(member.leg_id))
        return True

    def parties(self, interaction_id: str) -> tuple[Party, ...]:
        """Return who is part of a conference, by its interaction; nobody when it is none."""
        meeting = self._by_interaction(interaction_id)
        return parties(meeting) if meeting is not None else ()

    @property
    def is_quiet(self) -> bool:
        """Whether nobody is just called to a conference."""
        return not any(each.ringing or each.is_working for each in self.meetings.values())

    # -- after a restart -----------------------------------------------------------------------

    def restore(self) -> None:
        """Know the conferences of a process before this one; phones that rang have failed."""
        for call in self._runner.calls.values():
            if CONFERENCE not in call.extra:
                continue
            try:
                meeting = Meeting.from_json(call, call.extra[CONFERENCE])
            except (KeyError, TypeError, ValueError):
                _log.exception(
                    "A conference's snapshot cannot be read.",
                    extra={"tenant": self._runner.tenant, "interaction_id": call.interaction_id},
                )
                continue
            self.meetings[meeting.conference_id] = meeting
            for leg_id, link in list(meeting.links.items()):
                self._control.stand_in(meeting, leg_id, link)
            for leg_id, channel_id in meeting.channels.items():
                if meeting.core.members[leg_id].agent_id is None:
                    self._control.watch(meeting, leg_id, channel_id)

    def reconcile(self, picture: Picture) -> None:
        """Compare the conferences on a node with what is there."""
        for meeting in list(self.meetings.values()):
            if meeting.call.node != picture.node.name:
                continue
            for member in list(meeting.core.members.values()):
                if member.state is PartyState.GONE or member.leg_id in meeting.ringing:
                    continue
                channel = meeting.channels.get(member.leg_id)
                if member.state is PartyState.RINGING or channel not in picture.channels:
                    meeting.channels.pop(member.leg_id, None)
                    self._control.perform(meeting, meeting.core.remove(member.leg_id))
            self._put_right(meeting, picture)

    def _put_right(self, meeting: Meeting, picture: Picture) -> None:
        """Let in who should be in: what was to be done may never have been done."""
        inside = next((b.channels for b in picture.bridges if b.id == meeting.room), None)
        meeting.has_room = inside is not None
        for member in meeting.core.present:
            commands: list[Command] = []
            if meeting.channels.get(member.leg_id) not in (inside or ()):
                commands.append(Enter(member.leg_id))
            if member.is_muted:
                commands.append(Mute(member.leg_id, muted=True))
            if commands:
                self._control.perform(meeting, commands)

    # -- small parts ---------------------------------------------------------------------------

    def _open(self, conference_id: str, agent_id: str, name: str, *, record: bool) -> Meeting:
        runner = self._runner
        leg = runner.legs.get(agent_id)
        agent = runner.floor.agents.get(agent_id)
        try:
            node = leg.node if leg is not None else runner.control.any_node().name
        except AriDown as error:
            raise Refused("trunks_down", "No telephone node works now.") from error
        call = Call(
            interaction_id=str(uuid7()),
            campaign_id="",
            attempt_id="",
            node=node,
            channel_id="",
            caller=agent.number if agent is not None else "",
            called="",
            answered_at=utcnow(),
            direction=Direction.INTERNAL,
            outcome=Outcome.TALKED,
            detail="conference",
            last_agent_id=agent_id,
            record=False,
        )
        runner.calls[call.interaction_id] = call
        meeting = Meeting(conference_id, name, agent_id, call, record, Conference())
        self.meetings[conference_id] = meeting
        return meeting

    async def _bring_talk(self, meeting: Meeting, agent_id: str) -> None:
        """Take the organiser's customer into the conference."""
        agent = self._runner.floor.agents.get(agent_id)
        if agent is None or agent.state not in (AgentState.TALKING, AgentState.HOLD):
            return
        target = Target(kind=TargetKind.CONFERENCE, value=meeting.conference_id)
        try:
            live = self._talks.of_agent(agent_id)
            now = self._runner.now()
            await self._talks.tell(live, t.HandOverAsked(now, agent_id, target))
        except (NotNow, NotPart) as error:
            raise Refused("not_now", str(error)) from error
        wrap_up = agent.wrap_up
        if wrap_up is not None:  # the talk goes on: his work after it has not come
            done = m.WrapUpDone(self._runner.now(), agent_id, wrap_up.interaction_id)
            self._runner.apply(done)

    async def _whom(self, agent_id: str, target: Target) -> dialling.Party:
        return await dialling.party(self._acd, self._runner, agent_id, target)

    def _invite(self, meeting: Meeting, whom: dialling.Party, *, is_strict: bool = False) -> None:
        try:
            member = meeting.core.invite(whom.agent_id, whom.number)
        except Full as full:
            if is_strict:
                raise Refused("conference_full", "No more members can be called.") from full
            return
        if member is None:
            return
        if whom.agent_id is not None:
            agent = self._runner.floor.agents.get(whom.agent_id)
            member.number = agent.number if agent is not None else ""
        try:
            self._control.ring(meeting, member, whom)
        except m.AgentBusy as busy:
            self._control.perform(meeting, meeting.core.gone(member.leg_id))
            if is_strict:
                raise Refused("agent_busy", str(busy)) from busy
        self._control.changed(meeting)

    def _over(self, meeting: Meeting) -> None:
        runner, call = self._runner, meeting.call
        self.meetings.pop(meeting.conference_id, None)
        now = runner.now()
        self._done = {k: at for k, at in self._done.items() if now - at < _REMEMBERED_S}
        self._done[meeting.conference_id, meeting.organiser_id] = now
        runner.tell(
            ConferenceEndedV1(
                message_id=f"{meeting.conference_id}-ended",
                occurred_at=utcnow(),
                tenant=runner.tenant,
                conference_id=meeting.conference_id,
                interaction_id=meeting.interaction_id,
                name=meeting.name,
                organiser_id=meeting.organiser_id,
                began_at=call.answered_at,
                duration_s=max(0.0, (utcnow() - call.answered_at).total_seconds()),
                most_members=meeting.core.most,
                node=call.node,
                recording=meeting.recording if meeting.is_recorded and meeting.has_room else "",
            )
        )

    def _by_interaction(self, interaction_id: str) -> Meeting | None:
        for meeting in self.meetings.values():
            if meeting.interaction_id == interaction_id:
                return meeting
        return None

    @staticmethod
    def _of(meeting: Meeting, agent_id: str) -> Meeting:
        if meeting.organiser_id != agent_id:
            raise Refused("conference_unknown", "There is no such conference of this agent.")
        return meeting

    @staticmethod
    def _known(meeting: Meeting, leg_id: str) -> None:
        if leg_id not in meeting.core.members:
            raise Refused("member_unknown", "There is no such member.")
