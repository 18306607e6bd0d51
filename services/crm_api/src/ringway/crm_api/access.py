"""Who may do what: the roles of R37 and the one table of their permissions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

PLATFORM_TENANT = UUID(int=0)


class Role(StrEnum):
    """The roles. The first two belong to the platform's own tenant, the others to enterprises."""

    SYSTEM_ADMIN = "system_admin"
    OPERATIONS_ADMIN = "operations_admin"
    CONFIGURATION_ADMIN = "configuration_admin"
    ENTERPRISE_ADMIN = "enterprise_admin"
    TEAM_LEADER = "team_leader"
    AGENT = "agent"
    QC_AGENT = "qc_agent"


PLATFORM_ROLES = frozenset({Role.SYSTEM_ADMIN, Role.OPERATIONS_ADMIN})
# Roles that may have an agent number and a SIP account. Only the first two take calls with it;
# the others listen to agents and step in.
SEAT_ROLES = frozenset({Role.AGENT, Role.TEAM_LEADER, Role.QC_AGENT, Role.ENTERPRISE_ADMIN})


class Permission(StrEnum):
    """One thing that a route asks for."""

    ME = "me"  # see oneself
    TENANTS_READ = "tenants.read"
    TENANTS_WRITE = "tenants.write"
    NODES_READ = "nodes.read"
    NODES_WRITE = "nodes.write"
    USERS_READ = "users.read"
    USERS_WRITE = "users.write"
    AGENTS_READ = "agents.read"
    AGENTS_ACT = "agents.act"  # one's own seat
    PHONE = "phone"  # one's own SIP account
    SUPERVISION_LISTEN = "supervision.listen"  # watch and hear agents within one's groups
    SUPERVISION_ACT = "supervision.act"  # speak to them, and act on their calls and states
    SUPERVISION_EVERYWHERE = "supervision.everywhere"  # without groups: the whole enterprise
    TRUNKS_READ = "trunks.read"
    TRUNKS_WRITE = "trunks.write"
    QUEUES_READ = "queues.read"  # queues and skills
    ROUTING_READ = "routing.read"  # everything else that the ACD is configured with
    ROUTING_WRITE = "routing.write"  # all of it
    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_WRITE = "customers.write"
    LISTS_READ = "lists.read"
    LISTS_WRITE = "lists.write"
    CAMPAIGNS_READ = "campaigns.read"
    CAMPAIGNS_WRITE = "campaigns.write"
    CAMPAIGNS_CONTROL = "campaigns.control"
    CALLBACKS_READ = "callbacks.read"  # and what may be said of calls
    CALLBACKS_WRITE = "callbacks.write"  # without INTERACTIONS_ALL only one's own
    DNC_READ = "dnc.read"  # numbers that are not called, and consents
    DNC_WRITE = "dnc.write"
    EVIDENCE_EXPORT = "evidence.export"  # proof of how people were called, with their numbers
    INTERACTIONS_READ = "interactions.read"  # without INTERACTIONS_ALL only one's own
    INTERACTIONS_ALL = "interactions.all"
    RECORDINGS_LISTEN = "recordings.listen"  # without INTERACTIONS_ALL only one's own
    EVENTS_READ = "events.read"  # without EVENTS_ALL only about oneself
    EVENTS_ALL = "events.all"
    AUDIT_READ = "audit.read"


_P = Permission
_SUPERVISION = frozenset(
    {
        _P.ME,
        _P.USERS_READ,
        _P.AGENTS_READ,
        _P.AGENTS_ACT,
        _P.PHONE,
        _P.SUPERVISION_LISTEN,
        _P.SUPERVISION_ACT,
        _P.QUEUES_READ,
        _P.ROUTING_READ,
        _P.CUSTOMERS_READ,
        _P.CUSTOMERS_WRITE,
        _P.LISTS_READ,
        _P.LISTS_WRITE,
        _P.CAMPAIGNS_READ,
        _P.CAMPAIGNS_WRITE,
        _P.CAMPAIGNS_CONTROL,
        _P.CALLBACKS_READ,
        _P.CALLBACKS_WRITE,
        _P.DNC_READ,
        _P.DNC_WRITE,
        _P.INTERACTIONS_READ,
        _P.INTERACTIONS_ALL,
        _P.RECORDINGS_LISTEN,
        _P.EVENTS_READ,
        _P.EVENTS_ALL,
    }
)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.SYSTEM_ADMIN: frozenset(
        {
            _P.ME,
            _P.TENANTS_READ,
            _P.TENANTS_WRITE,
            _P.NODES_READ,
            _P.NODES_WRITE,
            _P.USERS_READ,
            _P.USERS_WRITE,
            _P.DNC_READ,
            _P.DNC_WRITE,
            _P.AUDIT_READ,
        }
    ),
    Role.OPERATIONS_ADMIN: frozenset(
        {
            _P.ME,
            _P.TENANTS_READ,
            _P.TENANTS_WRITE,
            _P.NODES_READ,
            _P.NODES_WRITE,
            _P.DNC_READ,
            _P.DNC_WRITE,
            _P.AUDIT_READ,
        }
    ),
    Role.CONFIGURATION_ADMIN: frozenset(
        {
            _P.ME,
            _P.USERS_READ,
            _P.AGENTS_READ,
            _P.TRUNKS_READ,
            _P.TRUNKS_WRITE,
            _P.QUEUES_READ,
            _P.ROUTING_READ,
            _P.ROUTING_WRITE,
            _P.LISTS_READ,
            _P.CAMPAIGNS_READ,
            _P.DNC_READ,
            _P.EVENTS_READ,
            _P.EVENTS_ALL,
        }
    ),
    Role.ENTERPRISE_ADMIN: (_SUPERVISION - {_P.AGENTS_ACT})
    | {
        _P.USERS_WRITE,
        _P.TRUNKS_READ,
        _P.TRUNKS_WRITE,
        _P.ROUTING_WRITE,
        _P.SUPERVISION_EVERYWHERE,
        _P.EVIDENCE_EXPORT,
        _P.AUDIT_READ,
    },
    Role.TEAM_LEADER: _SUPERVISION | {_P.TRUNKS_READ},
    Role.AGENT: frozenset(
        {
            _P.ME,
            _P.AGENTS_ACT,
            _P.PHONE,
            _P.QUEUES_READ,
            _P.CUSTOMERS_READ,
            _P.CUSTOMERS_WRITE,
            _P.CALLBACKS_READ,
            _P.CALLBACKS_WRITE,
            _P.INTERACTIONS_READ,
            _P.RECORDINGS_LISTEN,
            _P.EVENTS_READ,
        }
    ),
    Role.QC_AGENT: frozenset(
        {
            _P.ME,
            _P.USERS_READ,
            _P.AGENTS_READ,
            _P.PHONE,
            _P.SUPERVISION_LISTEN,
            _P.QUEUES_READ,
            _P.CUSTOMERS_READ,
            _P.CAMPAIGNS_READ,
            _P.INTERACTIONS_READ,
            _P.INTERACTIONS_ALL,
            _P.RECORDINGS_LISTEN,
            _P.EVENTS_READ,
        }
    ),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes this request. ``tenant`` and ``agent_id`` are tokens for the bus."""

    tenant_id: UUID
    user_id: UUID
    username: str
    role: Role
    agent_number: str | None
    session_id: UUID
    client_ip: str

    @property
    def tenant(self) -> str:
        """The tenant as it stands in subjects."""
        return str(self.tenant_id)

    @property
    def agent_id(self) -> str:
        """An agent's id is his user's id."""
        return str(self.user_id)

    def may(self, permission: Permission) -> bool:
        """Return whether the caller's role has ``permission``."""
        return permission in ROLE_PERMISSIONS[self.role]


def roles_of_tenant(tenant_id: UUID) -> frozenset[Role]:
    """Return the roles that users of this tenant can have."""
    return PLATFORM_ROLES if tenant_id == PLATFORM_TENANT else frozenset(Role) - PLATFORM_ROLES
