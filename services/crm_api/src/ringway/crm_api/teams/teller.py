"""Tells the ACD and the dialer who is in a team.

The fact only says that a team has changed; what is told is what is stored at that moment, under
the lock of the tree, so that neither order nor repeats of facts matter.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from ringway.crm_api.teams import store
from ringway.proto.acd_config import ConfigV1, DeleteConfigV1, MonitorGroup, PutConfigV1
from ringway.proto.base import Done
from ringway.proto.crm import TeamChangedV1
from ringway.proto.dialer_teams import PutTeamV1
from ringway.runtime.bus import Bus
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Pool

DURABLE = "crm-teams"


class TeamTeller:
    """Keeps monitor groups and campaigns' teams as the tree says."""

    def __init__(self, pool: Pool, bus: Bus, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._bus = bus
        self._now = now

    async def run(self) -> None:
        """Tell until cancelled; a worker. What cannot be told now is told again later."""
        await self._bus.consume(DURABLE, (TeamChangedV1,), self.tell, max_deliver=1000)

    async def tell(self, fact: TeamChangedV1) -> None:
        """Tell of one team.

        Raises:
            DependencyDown: PostgreSQL, the ACD or the dialer is away: try again.
        """
        tenant_id, team_id = UUID(fact.tenant), UUID(fact.team_id)
        async with self._pool.tenant(tenant_id) as conn:
            await store.lock(conn, tenant_id)
            team = await store.get(conn, tenant_id=tenant_id, team_id=team_id)
            seats = await store.seats(conn, tenant_id=tenant_id, team_id=team_id)
            agent_ids = tuple(str(each) for each in seats)
            await self._bus.request(
                PutTeamV1(
                    occurred_at=self._now(),
                    tenant=fact.tenant,
                    team_id=fact.team_id,
                    agent_ids=agent_ids,
                ),
                Done,
            )
            await self._put_group(fact, team, agent_ids)

    async def _put_group(
        self, fact: TeamChangedV1, team: store.Team | None, agent_ids: tuple[str, ...]
    ) -> None:
        """Without leaders there is nothing to supervise, and so no group."""
        if team is None or not team.leader_ids:
            gone = DeleteConfigV1(
                occurred_at=self._now(),
                tenant=fact.tenant,
                kind="monitor_group",
                object_id=fact.team_id,
            )
            await self._bus.request(gone, Done)
            return
        group = MonitorGroup(
            name=f"{team.name} ({fact.team_id[-12:]})",
            agent_ids=agent_ids,
            supervisor_ids=tuple(str(each) for each in team.leader_ids),
        )
        question = PutConfigV1(
            occurred_at=self._now(),
            tenant=fact.tenant,
            kind="monitor_group",
            object_id=fact.team_id,
            body=group.model_dump(mode="json"),
        )
        try:
            await self._bus.request(question, ConfigV1)
        except Refused as refused:
            if refused.code not in ("reference_unknown", "config_invalid"):
                raise
            # Somebody's seat is not known to the ACD (yet); the next change tells all again.
            raise TeamNotTaken(refused.detail) from refused


class TeamNotTaken(Exception):
    """The ACD does not take a group now."""
