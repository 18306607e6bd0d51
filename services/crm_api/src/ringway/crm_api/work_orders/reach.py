"""Which work orders concern somebody: those that he made, works on or takes part in, or that a
team of his owns; a leader's are those of his teams; with ``work_orders.all`` all of the tenant.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.work_orders.model import Who
from ringway.crm_api.objects.catalogue import role_of
from ringway.crm_api.teams import store as teams
from ringway.runtime.postgres import Connection

_CONCERNS = """
    (o.created_by = {user} OR o.assignee_id = {user} OR o.participant_ids @> ARRAY[{user}]
     OR o.team_id = ANY ({teams})
     OR o.work_order_id IN (
        SELECT t.work_order_id FROM crm.work_order_task t
         WHERE t.tenant_id = o.tenant_id
           AND (t.assignee_id = {user} OR t.team_id = ANY ({teams}))))
"""


@dataclass(frozen=True, slots=True)
class Reach:
    """Somebody, with the teams that he is in (and the departments above) and those he leads."""

    tenant_id: UUID
    user_id: UUID
    name: str
    role: str
    teams: frozenset[UUID]
    leads: frozenset[UUID]
    sees_all: bool

    @property
    def who(self) -> Who:
        """The same for the machine. Who sees all orders and may change them manages them."""
        return Who(
            self.user_id, frozenset({self.role}), self.teams, self.leads, is_manager=self.sees_all
        )

    @property
    def team_ids(self) -> list[UUID]:
        """All teams whose orders concern him."""
        return sorted(self.teams | self.leads)

    def condition(self, user: str, team_ids: str) -> str:
        """Return the SQL condition of the orders (``o``) that concern him.

        Args:
            user: The parameter with ``user_id``, cast to uuid.
            team_ids: The parameter with ``team_ids``, cast to uuid[].
        """
        if self.sees_all:
            return f"({user} IS NOT NULL AND {team_ids} IS NOT NULL)"  # which they always are
        return _CONCERNS.format(user=user, teams=team_ids)


async def reach_of(conn: Connection, caller: Caller) -> Reach:
    """Return what concerns the caller now."""
    own = await teams.teams_of(conn, tenant_id=caller.tenant_id, user_ids=[caller.user_id])
    above = await teams.above(conn, tenant_id=caller.tenant_id, team_ids=[*own.values()])
    leads = await teams.led_by(conn, tenant_id=caller.tenant_id, user_id=caller.user_id)
    return Reach(
        tenant_id=caller.tenant_id,
        user_id=caller.user_id,
        name=caller.username,
        role=role_of(caller),
        teams=frozenset(above if own else ()),
        leads=frozenset(leads),
        sees_all=caller.may(Permission.WORK_ORDERS_ALL),
    )
