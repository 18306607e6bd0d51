"""What others may ask of the dialer. Every request is a change of rows; runners follow the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from ringway.dialer import (
    caller_store,
    campaign_store,
    dnc_store,
    facts,
    law_store,
    lead_store,
    outbound_stop,
    recycling,
    team_store,
)
from ringway.dialer.books import SCHEMA
from ringway.dialer.model import Campaign
from ringway.dialer.tenants import tenant_id_of
from ringway.proto import dialer as p
from ringway.proto.base import Done
from ringway.proto.dialer_teams import PutTeamV1
from ringway.runtime import outbox
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Connection, Pool


class Requests:
    """Answers requests on the bus; any replica may answer any tenant's.

    Args:
        changed: Called after a change that a runner should hear of soon.
    """

    def __init__(self, pool: Pool, changed: Callable[[], None]) -> None:
        self._pool = pool
        self._changed = changed

    async def serve(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.respond(p.PutProjectV1, self.put_project)
        await bus.respond(p.PutListV1, self.put_list)
        await bus.respond(p.AddLeadsV1, self.add_leads)
        await bus.respond(p.PutCampaignV1, self.put_campaign)
        await bus.respond(p.ControlCampaignV1, self.control_campaign)
        await bus.respond(p.RemoveCampaignV1, self.remove_campaign)
        await bus.respond(PutTeamV1, self.put_team)

    async def put_team(self, request: PutTeamV1) -> Done:
        """Say who is in a team; campaigns hear of it with the next word to the ACD."""
        tenant_id = tenant_id_of(request)
        async with self._pool.tenant(tenant_id) as conn:
            await team_store.put(
                conn, tenant_id=tenant_id, team_id=request.team_id, agent_ids=request.agent_ids
            )
        return Done()

    async def put_project(self, request: p.PutProjectV1) -> Done:
        """Create or rename a project."""
        tenant_id = tenant_id_of(request)
        try:
            async with self._pool.tenant(tenant_id) as conn:
                await campaign_store.put_project(
                    conn, tenant_id=tenant_id, project_id=request.project_id, name=request.name
                )
        except campaign_store.ProjectMissing as exc:
            raise Refused("project_not_found", "This project was removed.") from exc
        return Done()

    async def put_list(self, request: p.PutListV1) -> Done:
        """Create or rename a list."""
        tenant_id = tenant_id_of(request)
        try:
            async with self._pool.tenant(tenant_id) as conn:
                await lead_store.put_list(
                    conn, tenant_id=tenant_id, list_id=request.list_id, name=request.name
                )
        except lead_store.ListMissing as exc:
            raise Refused("list_not_found", "This list was removed.") from exc
        return Done()

    async def add_leads(self, request: p.AddLeadsV1) -> p.LeadsAddedV1:
        """Add a chunk of leads."""
        tenant_id = tenant_id_of(request)
        try:
            async with self._pool.tenant(tenant_id) as conn:
                done = await lead_store.add_leads(
                    conn,
                    tenant_id=tenant_id,
                    list_id=request.list_id,
                    batch_id=request.batch_id,
                    chunk_no=request.chunk_no,
                    rows=request.rows,
                )
        except lead_store.ListMissing as exc:
            raise Refused("list_not_found", "There is no such list; create it first.") from exc
        return p.LeadsAddedV1(
            added=done.added,
            duplicates=len(done.duplicate_lead_ids),
            duplicate_lead_ids=done.duplicate_lead_ids,
        )

    async def put_campaign(self, request: p.PutCampaignV1) -> Done:
        """Create or change a campaign."""
        tenant_id = tenant_id_of(request)
        if request.spec.script is not None and request.spec.script.flow_id is not None:
            raise Refused("campaign_invalid", "There is no IVR to run flows; give sounds and keys.")
        try:
            async with self._pool.tenant(tenant_id) as conn:
                await outbound_stop.lock(conn, tenant_id)
                pool_id = request.spec.caller_pool_id
                if pool_id is not None and not await caller_store.has_pool(
                    conn, tenant_id=tenant_id, pool_id=pool_id
                ):
                    raise caller_store.PoolMissing(pool_id)
                await self._check_dnc_lists(conn, tenant_id, request.spec)
                before = await campaign_store.get_campaign(
                    conn, tenant_id=tenant_id, campaign_id=request.campaign_id, for_update=True
                )
                await _check_present(conn, tenant_id, request.campaign_id)
                if before is not None and request.if_version not in (None, before.version):
                    raise Refused("campaign_changed", "The campaign was changed meanwhile.")
                if before is not None and before.state is p.CampaignState.RUNNING:
                    await outbound_stop.check_trunk(
                        conn, tenant_id=tenant_id, trunk_id=request.spec.trunk_id
                    )
                await campaign_store.put_campaign(
                    conn, tenant_id=tenant_id, campaign_id=request.campaign_id, spec=request.spec
                )
                if before is not None and _law(before.spec) != _law(request.spec):
                    await law_store.judge_again(
                        conn, tenant_id=tenant_id, list_ids=request.spec.list_ids
                    )
        except campaign_store.ListMissing as exc:
            raise Refused("campaign_invalid", f"List {exc} does not exist.") from exc
        except caller_store.PoolMissing as exc:
            raise Refused("campaign_invalid", f"Caller id pool {exc} does not exist.") from exc
        except campaign_store.ProjectMissing as exc:
            raise Refused("campaign_invalid", f"Project {exc} does not exist.") from exc
        self._changed()
        return Done()

    @staticmethod
    async def _check_dnc_lists(conn: Connection, tenant_id: UUID, spec: p.CampaignSpec) -> None:
        missing = await dnc_store.missing_list(
            conn, tenant_id=tenant_id, list_ids=spec.dnc_list_ids
        )
        if missing is not None:
            raise Refused("campaign_invalid", f"DNC list {missing} does not exist.")

    @staticmethod
    async def _find_work(conn: Connection, tenant_id: UUID, row: Campaign) -> None:
        """See that a campaign has something to dial, if need be by its rule of recycling."""
        key, spec = {"tenant_id": tenant_id}, row.spec
        if await campaign_store.has_work(conn, **key, campaign_id=row.campaign_id, spec=spec):
            return
        if not await recycling.recycle(conn, **key, spec=spec, now=utcnow()):
            why = await campaign_store.why_no_work(conn, **key, spec=spec)
            raise Refused("campaign_without_leads", _exhausted(why))

    async def control_campaign(self, request: p.ControlCampaignV1) -> p.CampaignStateV1:
        """Start, pause or stop a campaign. A repeat changes nothing."""
        tenant_id = tenant_id_of(request)
        campaign_id = request.campaign_id
        async with self._pool.tenant(tenant_id) as conn:
            if request.action is p.CampaignAction.START:
                await outbound_stop.check_allowed(conn, tenant_id=tenant_id)
            row = await campaign_store.get_campaign(
                conn, tenant_id=tenant_id, campaign_id=campaign_id, for_update=True
            )
            if row is None:
                raise _not_found()
            await _check_present(conn, tenant_id, campaign_id)
            state = _after(row.state, request.action)
            if request.action is p.CampaignAction.START and state is not row.state:
                await outbound_stop.check_trunk(
                    conn, tenant_id=tenant_id, trunk_id=row.spec.trunk_id
                )
                # A team may still be empty: its agents are called for when they come.
                if row.spec.mode.has_agents and not row.agent_ids and not row.spec.team_ids:
                    raise Refused(
                        "campaign_without_agents", "Give the campaign agents, then start it."
                    )
                await self._find_work(conn, tenant_id, row)
            if state is not row.state:
                await campaign_store.set_state(
                    conn, tenant_id=tenant_id, campaign_id=campaign_id, state=state
                )
                fact = facts.state_changed(
                    request.tenant, request.campaign_id, row.state, state, "asked for"
                )
                await outbox.add(conn, SCHEMA, fact)
        self._changed()
        return p.CampaignStateV1(state=state)

    async def remove_campaign(self, request: p.RemoveCampaignV1) -> Done:
        """Show a campaign no more. What it has dialed stays, and so do its lists."""
        tenant_id = tenant_id_of(request)
        key: dict[str, Any] = {"tenant_id": tenant_id, "campaign_id": request.campaign_id}
        async with self._pool.tenant(tenant_id) as conn:
            await campaign_store.finishing(conn, tenant_id=tenant_id)
            row = await campaign_store.get_campaign(conn, **key, for_update=True)
            if row is None:
                raise _not_found()
            await _check_present(conn, tenant_id, request.campaign_id)
            if row.state in (p.CampaignState.RUNNING, p.CampaignState.PAUSED):
                raise Refused("campaign_not_over", "Stop the campaign, then remove it.")
            calls, callbacks = await campaign_store.left(conn, **key)
            if calls:
                raise Refused(
                    "campaign_has_calls", f"{calls} calls of it are up; remove it when they ended."
                )
            if callbacks:
                raise Refused(
                    "campaign_has_callbacks",
                    f"{callbacks} call-backs of it are promised; cancel them, then remove it.",
                )
            await campaign_store.remove(conn, **key)
        self._changed()
        return Done()


async def _check_present(conn: Connection, tenant_id: UUID, campaign_id: str) -> None:
    if await campaign_store.is_removed(conn, tenant_id=tenant_id, campaign_id=campaign_id):
        raise _not_found()


def _not_found() -> Refused:
    return Refused("campaign_not_found", "There is no such campaign; create it first.")


_WHY = {
    "reached": "reached",
    "invalid": "of numbers that do not exist",
    "refused": "who rejected the call",
    "exhausted": "without attempts left",
    "attempts": "without attempts left",
    "disposition": "closed by an agent",
    "dnc": "not to be called",
    "no_consent": "without consent",
}
_REMEDY = {
    "exhausted": "open them again (recycling)",
    "attempts": "raise max_attempts",
    "no_consent": "record consents",
}


def _exhausted(why: Sequence[tuple[str, int]]) -> str:
    """Say why no lead is left to dial, and what can be done."""
    if not why:
        return "Its lists are empty; add leads, then start it."
    total = sum(leads for _, leads in why)
    parts: dict[str, int] = {}
    for reason, leads in why:
        words = _WHY.get(reason, f"closed as {reason}")
        parts[words] = parts.get(words, 0) + leads
    told = ", ".join(f"{leads} {words}" for words, leads in parts.items())
    remedies = [_REMEDY[reason] for reason, _ in why if reason in _REMEDY]
    return (
        f"None of its {total} leads is left to dial: {told}."
        f" {' or '.join(['Add leads', *remedies])}, then start it."
    )


def _law(spec: p.CampaignSpec) -> tuple[object, ...]:
    """Return what leads were judged by; hours are not in it, they are looked at all the time."""
    return (
        spec.caps,
        spec.dnc_list_ids,
        spec.uses_national_dnc,
        spec.needs_consent,
        spec.consent_purpose,
        spec.max_attempts,
        spec.mode.books_agents,
    )


def _after(state: p.CampaignState, action: p.CampaignAction) -> p.CampaignState:
    """Return the state after an action.

    Raises:
        Refused: A stopped campaign stays stopped.
    """
    if action is p.CampaignAction.STOP:
        return p.CampaignState.STOPPED
    if state is p.CampaignState.STOPPED:
        raise Refused(
            "campaign_stopped", "A stopped campaign stays stopped; make a new one with its lists."
        )
    if action is p.CampaignAction.START:
        return p.CampaignState.RUNNING
    return p.CampaignState.PAUSED if state is p.CampaignState.RUNNING else state
