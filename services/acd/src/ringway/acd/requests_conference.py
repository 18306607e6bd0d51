"""What organisers ask of their conferences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from ringway.acd.adoption import Picture
from ringway.acd.conferences import Conferences
from ringway.acd.front.front import Front
from ringway.acd.meeting import Meeting
from ringway.acd.runner import FloorRunner
from ringway.acd.talks import Talks
from ringway.proto import acd_calls as p
from ringway.proto.acd import AgentState
from ringway.proto.base import Done
from ringway.runtime.bus import Bus
from ringway.runtime.errors import Refused

if TYPE_CHECKING:
    from ringway.acd.app import Acd


class ConferenceRequests:
    """Handlers of conferences. Opened after the talks and what agents dial."""

    def __init__(self, acd: Acd) -> None:
        self._acd = acd
        self._tenants: dict[str, Conferences] = {}
        acd.on_open(self._opened)
        acd.on_close(lambda runner: self._tenants.pop(runner.tenant, None))
        acd.on_reconcile(self._reconcile)

    def _opened(self, runner: FloorRunner) -> None:
        talks = cast("Talks", runner.talks)
        conferences = self._tenants[runner.tenant] = Conferences(self._acd, runner, talks)
        if runner.front is not None:
            cast("Front", runner.front).conferences = conferences
        gives_up, nobody_dials = talks.give_up, talks.nobody_dials
        other_parties = talks.other_parties
        talks.give_up = lambda interaction_id, agent_id: (
            gives_up(interaction_id, agent_id) or conferences.agent_gone(interaction_id, agent_id)
        )
        talks.nobody_dials = lambda: nobody_dials() and conferences.is_quiet
        talks.other_parties = lambda interaction_id: (
            other_parties(interaction_id) or conferences.parties(interaction_id)
        )
        conferences.restore()

    def _reconcile(self, picture: Picture, runners: Sequence[FloorRunner]) -> None:
        for runner in runners:
            if (conferences := self._tenants.get(runner.tenant)) is not None:
                conferences.reconcile(picture)

    async def serve(self, bus: Bus) -> None:
        """Register all handlers."""
        await bus.respond(p.StartConferenceV1, self.start)
        await bus.respond(p.InviteV1, self.invite)
        await bus.respond(p.MuteMemberV1, self.mute)
        await bus.respond(p.RemoveMemberV1, self.remove)
        await bus.respond(p.EndConferenceV1, self.end)
        await bus.respond(p.GetConferenceV1, self.get)

    async def start(self, request: p.StartConferenceV1) -> p.ConferenceStatusV1:
        """Open a conference."""
        runner = await self._acd.floor(request.tenant)
        agent = runner.floor.agents.get(request.agent_id)
        if agent is None or agent.state is AgentState.LOGGED_OUT:
            raise Refused("agent_logged_out", "The agent is not signed in; sign in first.")
        conferences = self._tenants[request.tenant]
        meeting = await conferences.start(
            request.conference_id,
            request.agent_id,
            request.name,
            request.invite,
            record=request.record,
        )
        return _status(meeting)

    async def invite(self, request: p.InviteV1) -> p.ConferenceStatusV1:
        """Call one more."""
        conferences = await self._of(request)
        return _status(
            await conferences.invite(request.conference_id, request.agent_id, request.target)
        )

    async def mute(self, request: p.MuteMemberV1) -> p.ConferenceStatusV1:
        """Mute one, or all."""
        conferences = await self._of(request)
        return _status(
            conferences.mute(
                request.conference_id, request.agent_id, request.leg_id, muted=request.muted
            )
        )

    async def remove(self, request: p.RemoveMemberV1) -> p.ConferenceStatusV1:
        """Hang up one."""
        conferences = await self._of(request)
        return _status(conferences.remove(request.conference_id, request.agent_id, request.leg_id))

    async def end(self, request: p.EndConferenceV1) -> Done:
        """Hang up all."""
        (await self._of(request)).end(request.conference_id, request.agent_id)
        return Done()

    async def get(self, request: p.GetConferenceV1) -> p.ConferenceStatusV1:
        """Tell who is there."""
        conferences = await self._of(request)
        return _status(conferences.get(request.conference_id, request.agent_id))

    async def _of(self, request: p.ConferenceRequest) -> Conferences:
        await self._acd.floor(request.tenant)
        return self._tenants[request.tenant]


def _status(meeting: Meeting) -> p.ConferenceStatusV1:
    return p.ConferenceStatusV1(
        conference_id=meeting.conference_id,
        interaction_id=meeting.interaction_id,
        name=meeting.name,
        organiser_id=meeting.organiser_id,
        is_recorded=meeting.is_recorded,
        began_at=meeting.call.answered_at,
        members=tuple(
            p.ConferenceMember(
                leg_id=each.leg_id,
                state=each.state,
                agent_id=each.agent_id,
                number=each.number,
                is_muted=each.is_muted,
                is_organiser=each.is_organiser,
            )
            for each in meeting.core.members.values()
        ),
    )
