"""Stand-ins for the services behind the bus, as the CRM API asks them.

They write into the tables of the services that they stand for, so that what the API reads from
their views is what it was told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from ringway.proto import acd_calls as calls
from ringway.proto import acd_nodes as nodes
from ringway.proto import acd_voicemail as voicemail
from ringway.proto import dialer_preview as previews
from ringway.proto.acd import (
    AgentAccountV1,
    AgentListV1,
    AgentState,
    AgentStatusV1,
    DeleteTrunkV1,
    FinishWrapUpV1,
    GetAgentV1,
    GetTrunkV1,
    HangUpV1,
    ListAgentsV1,
    PutAgentV1,
    PutTrunkV1,
    RemoveAgentV1,
    SetAgentStateV1,
    SignInV1,
    SignOutV1,
    TrunkV1,
)
from ringway.proto.acd_choice import ChooseCampaignsV1
from ringway.proto.base import Done, Request
from ringway.proto.dialer import (
    AddLeadsV1,
    CampaignState,
    CampaignStateV1,
    ControlCampaignV1,
    LeadsAddedV1,
    PutCampaignV1,
    PutListV1,
    PutProjectV1,
    RemoveCampaignV1,
    RemoveListV1,
    RemoveProjectV1,
)
from ringway.proto.dialer_teams import PutTeamV1
from ringway.runtime.bus import Bus, Refused
from ringway.runtime.clock import utcnow

CONTROL: tuple[type[calls.ControlRequest], ...] = (
    calls.AnswerV1,
    calls.DeclineV1,
    calls.HoldV1,
    calls.ResumeV1,
    calls.MuteV1,
    calls.SendDigitsV1,
    calls.PlayV1,
    calls.ConsultV1,
    calls.CancelConsultV1,
    calls.TransferV1,
    calls.CompleteTransferV1,
    calls.MergeV1,
    calls.LeaveV1,
)
_NODE = nodes.NodeStatus(node="ast-0", is_connected=True, calls=2, agent_legs=3, channels=9)


@dataclass
class Behind:
    """What stands behind the bus. ``refuse`` maps a request's type to a refusal."""

    owner: asyncpg.Connection[asyncpg.Record]
    asked: list[Request] = field(default_factory=list)
    refuse: dict[type[Request], Refused] = field(default_factory=dict)
    live: dict[str, list[calls.InteractionStatusV1]] = field(default_factory=dict)  # by tenant
    conferences: set[tuple[str, str, str]] = field(default_factory=set)
    voicemails: set[tuple[str, str]] = field(default_factory=set)  # tenant, id of box and message
    served: list[nodes.NodeStatus] = field(default_factory=lambda: [_NODE])
    silent_trunks: set[str] = field(default_factory=set)  # they do not answer OPTIONS
    # The campaigns that an agent chose, by tenant and agent; none: all.
    chosen: dict[tuple[str, str], tuple[str, ...] | None] = field(default_factory=dict)
    _buses: tuple[Bus, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether all of it is on the bus."""
        return all(bus.healthy is True for bus in self._buses)

    async def acd_leaves(self) -> None:
        """Let nobody answer any more for the ACD."""
        await self._buses[0].stop_responding()

    def note(self, request: Request) -> None:
        self.asked.append(request)
        if (refusal := self.refuse.get(type(request))) is not None:
            raise refusal

    def last(self, kind: type[Request]) -> Any:
        return next(each for each in reversed(self.asked) if isinstance(each, kind))

    # -- acd ---------------------------------------------------------------------------------

    async def supervise(self, request: calls.SuperviseV1) -> Done:
        self.note(request)
        found = await self.owner.fetchval(
            "SELECT true FROM acd.agent WHERE tenant_id = $1 AND agent_id = $2",
            *(UUID(request.tenant), request.agent_id),
        )
        if not found:
            raise Refused("agent_unknown", "There is no such agent in your groups.")
        if request.campaign_ids is not None:
            self.chosen[request.tenant, request.agent_id] = request.campaign_ids or None
        return Done()

    async def watch_group(self, request: calls.WatchGroupV1) -> calls.WatchedGroupV1:
        self.note(request)
        line = calls.WatchedAgent(
            agent_id="ann", number="1001", state=AgentState.READY, since=utcnow()
        )
        return calls.WatchedGroupV1(agents=(line,), next_after="1001")

    async def put_agent(self, request: PutAgentV1) -> AgentAccountV1:
        self.note(request)
        sip_username = f"{request.number}-{request.tenant[-12:]}"
        made = await self.owner.fetchval(
            """
            INSERT INTO acd.agent (tenant_id, agent_id, number, sip_username, sip_ha1)
            VALUES ($1, $2, $3, $4, 'x')
            ON CONFLICT (tenant_id, agent_id) DO UPDATE SET number = excluded.number
            RETURNING xmax = 0
            """,
            *(UUID(request.tenant), request.agent_id, request.number, sip_username),
        )
        return AgentAccountV1(
            agent_id=request.agent_id,
            sip_username=sip_username,
            sip_password="made-by-the-acd" if made else None,
        )

    async def remove_agent(self, request: RemoveAgentV1) -> Done:
        self.note(request)
        await self.owner.execute(
            "DELETE FROM acd.agent WHERE tenant_id = $1 AND agent_id = $2",
            *(UUID(request.tenant), request.agent_id),
        )
        return Done()

    async def put_trunk(self, request: PutTrunkV1) -> TrunkV1:
        self.note(request)
        columns = {"name", "host", "port", "codecs", "enabled"}
        settings = request.model_dump(
            mode="json",
            exclude={*columns, "password", "message_id", "occurred_at", "tenant", "trunk_id"},
        )
        settings |= {"has_password": bool(request.password), "inbound": "address"}
        await self.owner.execute(
            """
            INSERT INTO acd.trunk (tenant_id, trunk_id, name, host, port, codecs, is_enabled,
                settings)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb) ON CONFLICT (tenant_id, trunk_id)
            DO UPDATE SET name = excluded.name, host = excluded.host,
                is_enabled = excluded.is_enabled, settings = excluded.settings
            """,
            *(UUID(request.tenant), request.trunk_id, request.name, request.host),
            *(request.port, list(request.codecs), request.enabled),
            orjson.dumps(settings).decode(),
        )
        return TrunkV1(trunk_id=request.trunk_id, endpoint=f"trunk-{request.trunk_id}")

    async def get_trunk(self, request: GetTrunkV1) -> TrunkV1:
        self.note(request)
        return TrunkV1(
            trunk_id=request.trunk_id,
            endpoint=f"trunk-{request.trunk_id}",
            is_reachable=request.trunk_id not in self.silent_trunks,
            active_channels=3,
        )

    async def delete_trunk(self, request: DeleteTrunkV1) -> Done:
        self.note(request)
        await self.owner.execute(
            "DELETE FROM acd.trunk WHERE tenant_id = $1 AND trunk_id = $2",
            UUID(request.tenant),
            request.trunk_id,
        )
        return Done()

    async def agent_status(self, request: Any) -> AgentStatusV1:
        self.note(request)
        if isinstance(request, ChooseCampaignsV1):
            self.chosen[request.tenant, request.agent_id] = request.campaign_ids or None
        state = AgentState.NOT_READY
        if isinstance(request, SetAgentStateV1) and request.ready:
            state = AgentState.READY
        return AgentStatusV1(
            agent_id=request.agent_id,
            session_id="s1",
            state=state,
            since=utcnow(),
            chosen_campaigns=self.chosen.get((request.tenant, request.agent_id)),
        )

    async def list_agents(self, request: ListAgentsV1) -> AgentListV1:
        self.note(request)
        return AgentListV1(agents=())

    async def done(self, request: Any) -> Done:
        self.note(request)
        return Done()

    # -- dialer ------------------------------------------------------------------------------

    async def put_team(self, request: PutTeamV1) -> Done:
        self.note(request)
        await self.owner.execute(
            "INSERT INTO dialer.team (tenant_id, team_id, agent_ids) VALUES ($1, $2, $3) "
            "ON CONFLICT (tenant_id, team_id) DO UPDATE SET agent_ids = excluded.agent_ids",
            *(UUID(request.tenant), request.team_id, list(request.agent_ids)),
        )
        return Done()

    async def put_project(self, request: PutProjectV1) -> Done:
        self.note(request)
        await self.owner.execute(
            "INSERT INTO dialer.project (tenant_id, project_id, name) VALUES ($1, $2, $3) "
            "ON CONFLICT (tenant_id, project_id) DO UPDATE SET name = excluded.name",
            *(UUID(request.tenant), request.project_id, request.name),
        )
        return Done()

    async def remove_project(self, request: RemoveProjectV1) -> Done:
        self.note(request)
        await self._remove("project", "project_id = $2", request.tenant, request.project_id)
        return Done()

    async def remove_list(self, request: RemoveListV1) -> Done:
        self.note(request)
        await self._remove("list", "$2 = ANY (list_ids)", request.tenant, request.list_id)
        return Done()

    async def _remove(self, noun: str, used: str, tenant: str, of: str) -> None:
        in_use = await self.owner.fetchval(
            "SELECT true FROM dialer.campaign "
            f"WHERE tenant_id = $1 AND {used} AND removed_at IS NULL LIMIT 1",
            *(UUID(tenant), of),
        )
        if in_use:
            raise Refused(f"{noun}_in_use", "A campaign uses it; remove that first.")
        await self.owner.execute(
            f"UPDATE dialer.{noun} SET removed_at = now() WHERE tenant_id = $1 AND {noun}_id = $2",
            *(UUID(tenant), of),
        )

    async def put_list(self, request: PutListV1) -> Done:
        self.note(request)
        await self.owner.execute(
            "INSERT INTO dialer.list (tenant_id, list_id, name) VALUES ($1, $2, $3) "
            "ON CONFLICT (tenant_id, list_id) DO UPDATE SET name = excluded.name",
            *(UUID(request.tenant), request.list_id, request.name),
        )
        return Done()

    async def add_leads(self, request: AddLeadsV1) -> LeadsAddedV1:
        self.note(request)
        added = await self.owner.fetch(
            """
            INSERT INTO dialer.lead (tenant_id, lead_id, list_id, phone_e164, name, data, batch_id)
            SELECT $1, r.lead_id, $2, r.phone, r.name, r.data::jsonb, $3
              FROM unnest($4::text[], $5::text[], $6::text[], $7::text[])
                   AS r (lead_id, phone, name, data)
            ON CONFLICT DO NOTHING RETURNING lead_id
            """,
            *(UUID(request.tenant), request.list_id, request.batch_id),
            [row.lead_id for row in request.rows],
            [row.phone_e164 for row in request.rows],
            [row.name for row in request.rows],
            [orjson.dumps(row.data).decode() for row in request.rows],
        )
        new = {row["lead_id"] for row in added}
        known = tuple(row.lead_id for row in request.rows if row.lead_id not in new)
        return LeadsAddedV1(added=len(new), duplicates=len(known), duplicate_lead_ids=known)

    async def put_campaign(self, request: PutCampaignV1) -> Done:
        self.note(request)
        spec = request.spec
        is_put = await self.owner.fetchval(
            """
            INSERT INTO dialer.campaign (tenant_id, campaign_id, project_id, name, spec, list_ids)
            VALUES ($1, $2, $3, $4, $5::jsonb, $6) ON CONFLICT (tenant_id, campaign_id) DO UPDATE
            SET name = excluded.name, spec = excluded.spec, version = campaign.version + 1
            WHERE $7::int IS NULL OR campaign.version = $7 RETURNING true
            """,
            *(UUID(request.tenant), request.campaign_id, spec.project_id, spec.name),
            *(spec.model_dump_json(), list(spec.list_ids), request.if_version),
        )
        if not is_put:
            raise Refused("campaign_changed", "The campaign was changed meanwhile.")
        return Done()

    async def control_campaign(self, request: ControlCampaignV1) -> CampaignStateV1:
        self.note(request)
        state = {"start": "running", "pause": "paused", "stop": "stopped"}[request.action]
        found = await self.owner.fetchval(
            "UPDATE dialer.campaign SET state = $3 WHERE tenant_id = $1 AND campaign_id = $2 "
            "RETURNING true",
            *(UUID(request.tenant), request.campaign_id, state),
        )
        if not found:
            raise Refused("campaign_not_found", "There is no such campaign.")
        return CampaignStateV1(state=CampaignState(state))

    async def remove_campaign(self, request: RemoveCampaignV1) -> Done:
        self.note(request)
        await self.owner.execute(
            "UPDATE dialer.campaign SET removed_at = now() "
            "WHERE tenant_id = $1 AND campaign_id = $2",
            *(UUID(request.tenant), request.campaign_id),
        )
        return Done()

    async def take_lead(
        self, request: previews.TakeLeadV1 | previews.GetPreviewV1
    ) -> previews.PreviewV1:
        self.note(request)
        if isinstance(request, previews.GetPreviewV1):
            return previews.PreviewV1()
        shown = previews.Preview(
            attempt_id=str(uuid4()),
            campaign_id=request.campaign_id,
            lead_id=request.lead_id or "lead-1",
            phone_e164="+40215550101",
            name="Ion",
            data={"city": "Cluj"},
            attempt_no=1,
            shown_at=utcnow(),
            until=utcnow() + timedelta(seconds=60),
        )
        return previews.PreviewV1(preview=shown)

    async def remove_party(self, request: calls.RemovePartyV1) -> Done:
        self.note(request)
        raise Refused("interaction_unknown", "There is no such call of this agent.")

    async def dial(self, request: calls.DialV1) -> calls.DialingV1:
        self.note(request)
        return calls.DialingV1(interaction_id="i1", number=request.number)

    async def park(self, request: calls.ParkV1) -> calls.ParkedV1:
        self.note(request)
        return calls.ParkedV1(interaction_id="i1", slot="701")

    async def conference(self, request: Any) -> calls.ConferenceStatusV1:
        self.note(request)
        whose = (request.tenant, request.conference_id, request.agent_id)
        if isinstance(request, calls.StartConferenceV1):
            self.conferences.add(whose)
        elif whose not in self.conferences:
            raise Refused("conference_unknown", "There is no such conference of this agent.")
        return calls.ConferenceStatusV1(
            conference_id=request.conference_id,
            interaction_id="i1",
            name="",
            organiser_id=request.agent_id,
            is_recorded=True,
            began_at=utcnow(),
            members=(
                calls.ConferenceMember(leg_id="p1", state=calls.PartyState.TALKING, number="1"),
            ),
        )

    async def end_conference(self, request: calls.EndConferenceV1) -> Done:
        await self.conference(request)
        return Done()

    async def attach_voicemail(self, acd: Bus) -> None:
        """Answer about messages, in tests that have nobody else who does."""
        await acd.respond(voicemail.ListVoicemailsV1, self.list_voicemails)
        await acd.respond(voicemail.GetVoicemailV1, self.get_voicemail)
        await acd.respond(voicemail.ReadVoicemailV1, self.read_voicemail)
        await acd.respond(voicemail.MarkVoicemailV1, self.change_voicemail)
        await acd.respond(voicemail.DeleteVoicemailV1, self.change_voicemail)

    async def list_voicemails(
        self, request: voicemail.ListVoicemailsV1
    ) -> voicemail.VoicemailListV1:
        self.note(request)
        message = self._message(request.tenant, request.box_id, "box_unknown")
        return voicemail.VoicemailListV1(messages=(message,))

    async def get_voicemail(self, request: voicemail.GetVoicemailV1) -> voicemail.VoicemailV1:
        self.note(request)
        message = self._message(request.tenant, request.voicemail_id, "voicemail_unknown")
        return voicemail.VoicemailV1(message=message)

    async def read_voicemail(self, request: voicemail.ReadVoicemailV1) -> voicemail.VoicemailPartV1:
        self.note(request)
        self._message(request.tenant, request.voicemail_id, "voicemail_unknown")
        return voicemail.VoicemailPartV1(data="UklGRg==")

    async def change_voicemail(
        self, request: voicemail.MarkVoicemailV1 | voicemail.DeleteVoicemailV1
    ) -> Done:
        self.note(request)
        self._message(request.tenant, request.voicemail_id, "voicemail_unknown")
        return Done()

    def _message(self, tenant: str, id_: str, code: str) -> voicemail.VoicemailMessage:
        if (tenant, id_) not in self.voicemails:
            raise Refused(code, "There is no such thing.")
        return voicemail.VoicemailMessage(
            voicemail_id=id_,
            box_id=id_,
            interaction_id="i1",
            left_at=utcnow(),
            duration_s=1,
            is_heard=False,
            size_bytes=4,
        )

    async def list_nodes(self, request: nodes.ListNodesV1) -> nodes.NodeListV1:
        self.note(request)
        assert request.tenant == nodes.PLATFORM
        return nodes.NodeListV1(nodes=tuple(self.served))

    async def change_node(self, request: nodes.DrainNodeV1 | nodes.UndrainNodeV1) -> nodes.NodeV1:
        self.note(request)
        assert request.tenant == nodes.PLATFORM
        if request.node != _NODE.node:
            raise Refused("node_unknown", "There is no such node.")
        if isinstance(request, nodes.UndrainNodeV1):
            return nodes.NodeV1(node=_NODE)
        drained = {"draining_since": utcnow(), "drained_by": request.by}
        return nodes.NodeV1(node=_NODE.model_copy(update=drained))

    async def list_interactions(self, request: calls.ListInteractionsV1) -> calls.InteractionListV1:
        self.note(request)
        return calls.InteractionListV1(interactions=tuple(self.live.get(request.tenant, ())))

    async def attach(self, acd: Bus, dialer: Bus) -> None:
        self._buses = (acd, dialer)
        await acd.respond(PutAgentV1, self.put_agent)
        await acd.respond(RemoveAgentV1, self.remove_agent)
        await acd.respond(PutTrunkV1, self.put_trunk)
        await acd.respond(GetTrunkV1, self.get_trunk)
        await acd.respond(DeleteTrunkV1, self.delete_trunk)
        await acd.respond(ListAgentsV1, self.list_agents)
        asking = (GetAgentV1, SignInV1, SetAgentStateV1, SignOutV1, ChooseCampaignsV1)
        for asks_status in asking:
            await acd.respond(asks_status, self.agent_status)
        await acd.respond(FinishWrapUpV1, self.done)
        await acd.respond(calls.SuperviseV1, self.supervise)
        await acd.respond(calls.WatchGroupV1, self.watch_group)
        await acd.respond(calls.StopSupervisionV1, self.done)
        await acd.respond(HangUpV1, self.done)
        for control in CONTROL:
            await acd.respond(control, self.done)
        await acd.respond(calls.DialV1, self.dial)
        await acd.respond(calls.ParkV1, self.park)
        for plain in (calls.RetrieveV1, calls.PickUpV1, calls.SetDoNotDisturbV1):
            await acd.respond(plain, self.done)
        for meeting in (
            calls.StartConferenceV1,
            calls.GetConferenceV1,
            calls.InviteV1,
            calls.MuteMemberV1,
            calls.RemoveMemberV1,
        ):
            await acd.respond(meeting, self.conference)
        await acd.respond(calls.EndConferenceV1, self.end_conference)
        await acd.respond(calls.RemovePartyV1, self.remove_party)
        await acd.respond(calls.ListInteractionsV1, self.list_interactions)
        await acd.respond(nodes.ListNodesV1, self.list_nodes)
        await acd.respond(nodes.DrainNodeV1, self.change_node)
        await acd.respond(nodes.UndrainNodeV1, self.change_node)
        await dialer.respond(PutProjectV1, self.put_project)
        await dialer.respond(PutTeamV1, self.put_team)
        await dialer.respond(PutListV1, self.put_list)
        await dialer.respond(RemoveProjectV1, self.remove_project)
        await dialer.respond(RemoveListV1, self.remove_list)
        await dialer.respond(AddLeadsV1, self.add_leads)
        await dialer.respond(PutCampaignV1, self.put_campaign)
        await dialer.respond(ControlCampaignV1, self.control_campaign)
        await dialer.respond(RemoveCampaignV1, self.remove_campaign)
        await dialer.respond(previews.TakeLeadV1, self.take_lead)
        await dialer.respond(previews.GetPreviewV1, self.take_lead)
        await dialer.respond(previews.AcceptPreviewV1, self.done)
        await dialer.respond(previews.SkipPreviewV1, self.done)
