"""Who may do what: the roles of R37, what each is shipped with, and what its level may ever have.

Enterprises change the shipped permissions and derive roles of their own (see roles/); whatever
they store, nobody gets more than the level of his role's template may have.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

PLATFORM_TENANT = UUID(int=0)


class Role(StrEnum):
    """The shipped roles: templates of all others.

    The first two belong to the platform's own tenant, the others to enterprises.
    """

    SYSTEM_ADMIN = "system_admin"
    OPERATIONS_ADMIN = "operations_admin"
    CONFIGURATION_ADMIN = "configuration_admin"
    ENTERPRISE_ADMIN = "enterprise_admin"
    TEAM_LEADER = "team_leader"
    AGENT = "agent"
    QC_AGENT = "qc_agent"
    STAFF = "staff"  # works with the data and takes no calls: no agent number, no phone


PLATFORM_ROLES = frozenset({Role.SYSTEM_ADMIN, Role.OPERATIONS_ADMIN})
# Roles that may have an agent number and a SIP account. Only the first two take calls with it;
# the others listen to agents and step in.
SEAT_ROLES = frozenset({Role.AGENT, Role.TEAM_LEADER, Role.QC_AGENT, Role.ENTERPRISE_ADMIN})


class Permission(StrEnum):
    """One thing that a route asks for."""

    ME = "me"  # see oneself
    TENANTS_READ = "tenants.read"
    TENANTS_WRITE = "tenants.write"
    TENANTS_JUMP_IN = "tenants.jump_in"  # work inside of an enterprise, for a time
    DATA_EXPORT = "data.export"  # all data of one's enterprise; operators: of a closed one
    JUMP_INS_READ = "jump_ins.read"  # see which operators were here
    JUMP_INS_END = "jump_ins.end"
    NODES_READ = "nodes.read"
    NODES_WRITE = "nodes.write"
    USERS_READ = "users.read"
    USERS_WRITE = "users.write"
    API_KEYS_WRITE = "api_keys.write"  # keys for programs, that may do what one may oneself
    ROLES_READ = "roles.read"
    ROLES_WRITE = "roles.write"  # never more than one has oneself
    TEAMS_READ = "teams.read"  # departments and teams
    TEAMS_WRITE = "teams.write"
    TEAMS_MOVE = "teams.move"  # people; without TEAMS_WRITE between the teams that one leads
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
    CUSTOMERS_CREATE = "customers.create"
    CUSTOMERS_ALL = "customers.all"  # without it only those that one owns or has talked with
    CUSTOMERS_ASSIGN = "customers.assign"  # between the public pool and private ones
    CUSTOMERS_RULES = "customers.rules"  # grades, reclaiming, segments
    CUSTOMERS_IMPORT = "customers.import"  # whom one may not see, one does not change
    CUSTOMERS_EXPORT = "customers.export"  # those that one may see, into files
    CUSTOMERS_MERGE = "customers.merge"  # find duplicates, make one of two
    CUSTOMERS_BULK = "customers.bulk"  # change, assign or delete many by a condition
    CUSTOMERS_ERASE = "customers.erase"  # hand out or erase all that is kept of one person
    OBJECTS_READ = "objects.read"  # how objects, forms and what pops are defined
    OBJECTS_WRITE = "objects.write"
    RECORDS_READ = "records.read"  # within the rights of the object and of its fields
    RECORDS_WRITE = "records.write"
    LISTS_READ = "lists.read"
    LISTS_WRITE = "lists.write"
    CAMPAIGNS_READ = "campaigns.read"
    CAMPAIGNS_WRITE = "campaigns.write"
    CAMPAIGNS_CONTROL = "campaigns.control"
    CALLBACKS_READ = "callbacks.read"  # and what may be said of calls
    CALLBACKS_WRITE = "callbacks.write"  # without INTERACTIONS_ALL only one's own
    DNC_READ = "dnc.read"  # numbers that are not called, and consents
    DNC_WRITE = "dnc.write"
    ANNOUNCEMENTS_READ = "announcements.read"  # recordings of what networks say of numbers
    ANNOUNCEMENTS_WRITE = "announcements.write"
    EVIDENCE_EXPORT = "evidence.export"  # proof of how people were called, with their numbers
    INTERACTIONS_READ = "interactions.read"  # without INTERACTIONS_ALL only one's own
    INTERACTIONS_ALL = "interactions.all"
    RECORDINGS_LISTEN = "recordings.listen"  # without INTERACTIONS_ALL only one's own
    EVENTS_READ = "events.read"  # without EVENTS_ALL only about oneself
    EVENTS_ALL = "events.all"
    PRODUCTS_WRITE = "products.write"  # products, prices, categories; reading them is ORDERS_READ
    ORDERS_READ = "orders.read"
    ORDERS_WRITE = "orders.write"  # enter, take payments, ship, complete, cancel
    ORDERS_REFUND = "orders.refund"  # pay money back
    QUESTIONNAIRES_READ = "questionnaires.read"  # with what people answered
    QUESTIONNAIRES_WRITE = "questionnaires.write"
    QUESTIONNAIRES_RUN = "questionnaires.run"  # ask somebody
    MEMBER_CARDS_READ = "member_cards.read"
    MEMBER_CARDS_WRITE = "member_cards.write"
    MEMBER_CARDS_VERIFY = "member_cards.verify"  # whether a PIN fits its card
    MEDIA_READ = "media.read"  # channels and advertisements, and what came of them
    MEDIA_WRITE = "media.write"
    WEBHOOKS_READ = "webhooks.read"  # endpoints that are told of events, and what they were told
    WEBHOOKS_WRITE = "webhooks.write"
    AUDIT_READ = "audit.read"
    ALARMS_READ = "alarms.read"  # operators: of all enterprises
    ALARMS_ACKNOWLEDGE = "alarms.acknowledge"
    QUERIERS_READ = "queriers.read"  # run those that are shared with one, with one's own rights
    QUERIERS_WRITE = "queriers.write"  # make, share, schedule and act on them
    QUERIERS_EXPORT = "queriers.export"  # results as files
    KNOWLEDGE_READ = "knowledge.read"
    KNOWLEDGE_WRITE = "knowledge.write"  # in the categories that let one write
    KNOWLEDGE_ALL = "knowledge.all"  # every category, and the tree itself with its rights
    SCRIPTS_READ = "scripts.read"  # what agents say
    SCRIPTS_WRITE = "scripts.write"
    NOTICES_READ = "notices.read"  # all, and who has read them; one's own are seen without it
    NOTICES_WRITE = "notices.write"  # without TEAMS_WRITE to the teams that one leads
    WORK_ORDERS_READ = "work_orders.read"  # without WORK_ORDERS_ALL those that concern one
    WORK_ORDERS_WRITE = "work_orders.write"
    WORK_ORDERS_ALL = "work_orders.all"
    WORK_ORDERS_DELETE = "work_orders.delete"
    WORK_ORDER_DESIGNS_WRITE = "work_order_designs.write"  # and business types


_P = Permission
_SALES = (
    *(_P.ORDERS_READ, _P.ORDERS_WRITE, _P.QUESTIONNAIRES_RUN, _P.MEDIA_READ),
    *(_P.MEMBER_CARDS_READ, _P.MEMBER_CARDS_VERIFY),
)
_SALES_LEAD = (
    *(_P.PRODUCTS_WRITE, _P.ORDERS_REFUND, _P.QUESTIONNAIRES_READ, _P.QUESTIONNAIRES_WRITE),
    *(_P.MEMBER_CARDS_WRITE, _P.MEDIA_WRITE),
)
# Whoever works with people or data.
_EVERYBODYS = frozenset({_P.KNOWLEDGE_READ, _P.SCRIPTS_READ, _P.QUERIERS_READ})
_SUPERVISION = frozenset(
    {
        *_EVERYBODYS,
        _P.KNOWLEDGE_WRITE,
        _P.SCRIPTS_WRITE,
        _P.NOTICES_READ,
        _P.NOTICES_WRITE,
        *(_P.QUERIERS_WRITE, _P.QUERIERS_EXPORT),
        _P.ME,
        *_SALES,
        *_SALES_LEAD,
        _P.USERS_READ,
        _P.ROLES_READ,
        _P.TEAMS_READ,
        _P.TEAMS_MOVE,
        _P.AGENTS_READ,
        _P.AGENTS_ACT,
        _P.PHONE,
        _P.SUPERVISION_LISTEN,
        _P.SUPERVISION_ACT,
        _P.QUEUES_READ,
        _P.ROUTING_READ,
        _P.CUSTOMERS_READ,
        _P.CUSTOMERS_WRITE,
        _P.CUSTOMERS_CREATE,
        _P.CUSTOMERS_ALL,
        _P.CUSTOMERS_ASSIGN,
        _P.OBJECTS_READ,
        _P.RECORDS_READ,
        _P.RECORDS_WRITE,
        _P.LISTS_READ,
        _P.LISTS_WRITE,
        _P.CAMPAIGNS_READ,
        _P.CAMPAIGNS_WRITE,
        _P.CAMPAIGNS_CONTROL,
        _P.CALLBACKS_READ,
        _P.CALLBACKS_WRITE,
        _P.DNC_READ,
        _P.DNC_WRITE,
        _P.ANNOUNCEMENTS_READ,
        _P.ANNOUNCEMENTS_WRITE,
        _P.INTERACTIONS_READ,
        _P.INTERACTIONS_ALL,
        _P.RECORDINGS_LISTEN,
        _P.EVENTS_READ,
        _P.EVENTS_ALL,
        _P.WORK_ORDERS_READ,
        _P.WORK_ORDERS_WRITE,
    }
)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.SYSTEM_ADMIN: frozenset(
        {
            _P.ME,
            _P.TENANTS_READ,
            _P.TENANTS_WRITE,
            _P.TENANTS_JUMP_IN,
            _P.DATA_EXPORT,
            _P.NODES_READ,
            _P.NODES_WRITE,
            _P.USERS_READ,
            _P.USERS_WRITE,
            _P.API_KEYS_WRITE,
            _P.ROLES_READ,
            _P.ROLES_WRITE,
            _P.DNC_READ,
            _P.DNC_WRITE,
            _P.ANNOUNCEMENTS_READ,
            _P.ANNOUNCEMENTS_WRITE,
            *(_P.AUDIT_READ, _P.ALARMS_READ, _P.ALARMS_ACKNOWLEDGE),
            *(_P.EVENTS_READ, _P.EVENTS_ALL),  # of the platform's own tenant: its alarms
        }
    ),
    Role.OPERATIONS_ADMIN: frozenset(
        {
            _P.ME,
            _P.TENANTS_READ,
            _P.TENANTS_WRITE,
            _P.TENANTS_JUMP_IN,
            _P.DATA_EXPORT,
            _P.NODES_READ,
            _P.NODES_WRITE,
            _P.DNC_READ,
            _P.DNC_WRITE,
            _P.ANNOUNCEMENTS_READ,
            _P.ANNOUNCEMENTS_WRITE,
            *(_P.AUDIT_READ, _P.ALARMS_READ, _P.ALARMS_ACKNOWLEDGE),
            *(_P.EVENTS_READ, _P.EVENTS_ALL),  # of the platform's own tenant: its alarms
        }
    ),
    Role.CONFIGURATION_ADMIN: frozenset(
        {
            _P.ME,
            _P.USERS_READ,
            _P.ROLES_READ,
            _P.TEAMS_READ,
            _P.AGENTS_READ,
            _P.TRUNKS_READ,
            _P.TRUNKS_WRITE,
            _P.QUEUES_READ,
            _P.ROUTING_READ,
            _P.ROUTING_WRITE,
            _P.OBJECTS_READ,
            _P.OBJECTS_WRITE,
            _P.LISTS_READ,
            _P.CAMPAIGNS_READ,
            _P.DNC_READ,
            _P.ANNOUNCEMENTS_READ,
            _P.EVENTS_READ,
            _P.EVENTS_ALL,
        }
    ),
    Role.ENTERPRISE_ADMIN: (_SUPERVISION - {_P.AGENTS_ACT})
    | {
        _P.OBJECTS_WRITE,
        _P.USERS_WRITE,
        _P.API_KEYS_WRITE,
        _P.ROLES_WRITE,
        _P.TEAMS_WRITE,
        _P.JUMP_INS_READ,
        _P.JUMP_INS_END,
        _P.TRUNKS_READ,
        _P.TRUNKS_WRITE,
        _P.ROUTING_WRITE,
        _P.SUPERVISION_EVERYWHERE,
        _P.EVIDENCE_EXPORT,
        *(_P.DATA_EXPORT, _P.WEBHOOKS_READ, _P.WEBHOOKS_WRITE),
        *(_P.AUDIT_READ, _P.ALARMS_READ, _P.ALARMS_ACKNOWLEDGE),
        _P.KNOWLEDGE_ALL,
        _P.WORK_ORDERS_ALL,
        _P.WORK_ORDERS_DELETE,
        _P.WORK_ORDER_DESIGNS_WRITE,
        _P.CUSTOMERS_RULES,
        _P.CUSTOMERS_IMPORT,
        _P.CUSTOMERS_EXPORT,
        _P.CUSTOMERS_MERGE,
        _P.CUSTOMERS_BULK,
        _P.CUSTOMERS_ERASE,
    },
    Role.TEAM_LEADER: _SUPERVISION | {_P.TRUNKS_READ, _P.CUSTOMERS_IMPORT, _P.CUSTOMERS_MERGE},
    Role.AGENT: frozenset(
        {
            *_EVERYBODYS,
            _P.ME,
            *_SALES,
            _P.AGENTS_ACT,
            _P.PHONE,
            _P.QUEUES_READ,
            _P.OBJECTS_READ,
            _P.RECORDS_READ,
            _P.RECORDS_WRITE,
            _P.CUSTOMERS_READ,
            _P.CUSTOMERS_WRITE,
            _P.CUSTOMERS_CREATE,
            _P.CALLBACKS_READ,
            _P.CALLBACKS_WRITE,
            _P.INTERACTIONS_READ,
            _P.RECORDINGS_LISTEN,
            _P.EVENTS_READ,
            _P.WORK_ORDERS_READ,
            _P.WORK_ORDERS_WRITE,
        }
    ),
    Role.QC_AGENT: frozenset(
        {
            *_EVERYBODYS,
            _P.ME,
            *(_P.ORDERS_READ, _P.QUESTIONNAIRES_READ, _P.MEDIA_READ),
            _P.USERS_READ,
            _P.TEAMS_READ,
            _P.AGENTS_READ,
            _P.PHONE,
            _P.SUPERVISION_LISTEN,
            _P.QUEUES_READ,
            _P.OBJECTS_READ,
            _P.RECORDS_READ,
            _P.RECORDS_WRITE,
            _P.CUSTOMERS_READ,
            _P.CUSTOMERS_ALL,
            _P.CAMPAIGNS_READ,
            _P.INTERACTIONS_READ,
            _P.INTERACTIONS_ALL,
            _P.RECORDINGS_LISTEN,
            _P.EVENTS_READ,
            _P.WORK_ORDERS_READ,
            _P.WORK_ORDERS_ALL,
        }
    ),
    Role.STAFF: frozenset(
        {
            *_EVERYBODYS,
            _P.ME,
            *_SALES,
            _P.USERS_READ,
            _P.TEAMS_READ,
            _P.AGENTS_READ,
            _P.QUEUES_READ,
            _P.OBJECTS_READ,
            _P.RECORDS_READ,
            _P.RECORDS_WRITE,
            _P.CUSTOMERS_READ,
            _P.CUSTOMERS_WRITE,
            _P.CUSTOMERS_CREATE,
            _P.CUSTOMERS_ALL,
            _P.LISTS_READ,
            _P.CAMPAIGNS_READ,
            _P.CALLBACKS_READ,
            _P.WORK_ORDERS_READ,
            _P.WORK_ORDERS_WRITE,
        }
    ),
}

# About oneself alone: whoever gives somebody a role may give these, without having them.
PERSONAL = frozenset({_P.ME, _P.AGENTS_ACT, _P.PHONE})


class Level(StrEnum):
    """The four working levels (R1)."""

    OPERATION = "operation"  # the platform
    CONFIGURATION = "configuration"  # of one enterprise: lines and routing, no people's data
    ENTERPRISE = "enterprise"
    SEAT = "seat"


LEVELS: dict[Role, Level] = {
    Role.SYSTEM_ADMIN: Level.OPERATION,
    Role.OPERATIONS_ADMIN: Level.OPERATION,
    Role.CONFIGURATION_ADMIN: Level.CONFIGURATION,
    Role.ENTERPRISE_ADMIN: Level.ENTERPRISE,
    Role.TEAM_LEADER: Level.ENTERPRISE,
    Role.QC_AGENT: Level.ENTERPRISE,
    Role.STAFF: Level.ENTERPRISE,
    Role.AGENT: Level.SEAT,
}

# These are as shipped, so that there is always somebody who can put the others right.
FIXED_ROLES = frozenset({Role.SYSTEM_ADMIN, Role.ENTERPRISE_ADMIN})

_OPERATION = frozenset().union(*(ROLE_PERMISSIONS[role] for role in PLATFORM_ROLES))
_ENTERPRISE = frozenset().union(
    *(granted for role, granted in ROLE_PERMISSIONS.items() if role not in PLATFORM_ROLES)
)
CEILINGS: dict[Level, frozenset[Permission]] = {
    Level.OPERATION: _OPERATION,
    Level.CONFIGURATION: ROLE_PERMISSIONS[Role.CONFIGURATION_ADMIN]
    | {_P.DNC_WRITE, _P.LISTS_WRITE, _P.CAMPAIGNS_WRITE, _P.CALLBACKS_READ},
    Level.ENTERPRISE: _ENTERPRISE,
    Level.SEAT: ROLE_PERMISSIONS[Role.AGENT]
    | {
        _P.USERS_READ,
        _P.TEAMS_READ,
        _P.AGENTS_READ,
        _P.ROUTING_READ,
        _P.LISTS_READ,
        _P.CAMPAIGNS_READ,
        _P.DNC_READ,
        _P.DNC_WRITE,
        _P.CUSTOMERS_ALL,
        _P.CUSTOMERS_IMPORT,
    },
}


def ceiling(template: Role) -> frozenset[Permission]:
    """Return what a role made from ``template`` may ever have."""
    allowed = CEILINGS[LEVELS[template]]
    return allowed if template in SEAT_ROLES else allowed - {_P.AGENTS_ACT, _P.PHONE}


def effective(template: Role, stored: Iterable[str] | None) -> frozenset[Permission]:
    """Return what a user may do, whose role is ``stored``, or shipped when that is None.

    Words that no release knows (any more) have no effect.
    """
    if stored is None or template in FIXED_ROLES:
        return ROLE_PERMISSIONS[template]
    known = {Permission(each) for each in stored if each in Permission.__members__.values()}
    return frozenset(known | {Permission.ME}) & ceiling(template)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes this request. ``tenant`` and ``agent_id`` are tokens for the bus.

    A token only says who he is: ``permissions`` are what his role has now (see rights.py), and
    nothing until that was looked up. ``scopes`` narrows them, for a key that was given less than
    its owner has; None: it does not.
    """

    tenant_id: UUID
    user_id: UUID
    username: str
    role: Role
    agent_number: str | None
    session_id: UUID
    client_ip: str
    permissions: frozenset[Permission] = field(default=frozenset(), repr=False)
    scopes: frozenset[Permission] | None = None
    own_role: str | None = None  # the key of the enterprise's own role that he has
    features_off: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def tenant(self) -> str:
        """The tenant as it stands in subjects."""
        return str(self.tenant_id)

    @property
    def agent_id(self) -> str:
        """An agent's id is his user's id."""
        return str(self.user_id)

    def may(self, permission: Permission) -> bool:
        """Return whether the caller has ``permission``, here and now."""
        return permission in self.permissions and (self.scopes is None or permission in self.scopes)

    def granted(self) -> frozenset[Permission]:
        """Return all that the caller may do."""
        return self.permissions if self.scopes is None else self.permissions & self.scopes


def roles_of_tenant(tenant_id: UUID) -> frozenset[Role]:
    """Return the roles that users of this tenant can have."""
    return PLATFORM_ROLES if tenant_id == PLATFORM_TENANT else frozenset(Role) - PLATFORM_ROLES
