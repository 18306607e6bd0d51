"""What tells of states that are alarms.

The ACD tells of nodes and trunks, NATS of dead letters, and every service that it is there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ringway.crm_api.access import PLATFORM_TENANT
from ringway.crm_api.core.alarms.kinds import AlarmCode, AlarmKind
from ringway.crm_api.core.alarms.rules import Alarm, Condition
from ringway.crm_api.deps import Deps
from ringway.crm_api.trunks import store as trunks
from ringway.proto.acd import GetTrunkV1, TrunkStateChangedV1, TrunkV1
from ringway.proto.acd_nodes import ListNodesV1, NodeListV1
from ringway.proto.base import Kind, registry
from ringway.runtime.dead_letters import count_letters
from ringway.runtime.errors import (
    BusDown,
    DependencyDown,
    NobodyAnswers,
    Refused,
    RequestTimedOut,
)
from ringway.runtime.postgres import Connection

_ACD, _NATS = "acd", "nats"
# Whoever answers requests can be away. No enterprise depends on the trainer, the simulated
# telephone network; who looks for alarms is there.
_SERVICES = frozenset(
    kind.SUBJECT.partition(".")[0] for kind in registry() if kind.KIND is Kind.REQUEST
) - {"trainer", "crm"}
_OF_NODES = frozenset({AlarmKind.NODE_AWAY, AlarmKind.NODE_DRAINING})
_ANSWER_LIMIT_S = 10.0
_SIGN_LIMIT_S = 3.0


@dataclass(slots=True)
class Found:
    """What one look found.

    Attributes:
        suspected: What may be gone for a moment only: believed when it is found again.
        unknown: Kinds that could not be looked at.
        answered: Services that are there.
    """

    conditions: list[Condition] = field(default_factory=list)
    suspected: list[Condition] = field(default_factory=list)
    unknown: set[AlarmKind] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)


async def look(deps: Deps, services: Collection[str], known: Iterable[Alarm]) -> Found:
    """Look at all that the bus tells of; without it, that it is away.

    Args:
        services: Those that are part of this installation.
        known: The alarms that are open.
    """
    found = Found()
    if deps.bus.healthy:
        await look_at_nodes(deps, services, found)
        await look_at_services(deps, services, found)
        await look_at_letters(deps, found)
        return found
    found.suspected.append(_platform(AlarmKind.SERVICE_AWAY, _NATS))
    # How the other services are nobody knows.
    found.conditions += [
        alarm.condition
        for alarm in known
        if alarm.kind is AlarmKind.SERVICE_AWAY and alarm.object_id != _NATS
    ]
    found.unknown |= {*_OF_NODES, AlarmKind.DEAD_LETTERS}
    return found


async def look_at_nodes(deps: Deps, services: Collection[str], found: Found) -> None:
    """Ask the ACD how the Asterisk nodes are; if nobody answers, it is away."""
    question = ListNodesV1(occurred_at=deps.now(), tenant=str(PLATFORM_TENANT))
    try:
        answer = await deps.bus.request(question, NodeListV1, timeout_s=_ANSWER_LIMIT_S)
    except (NobodyAnswers, RequestTimedOut):
        if _ACD in services:
            found.suspected.append(_platform(AlarmKind.SERVICE_AWAY, _ACD))
        found.unknown |= _OF_NODES
        return
    except DependencyDown:
        found.unknown |= {AlarmKind.SERVICE_AWAY, *_OF_NODES}
        return
    except Refused:
        found.answered.add(_ACD)
        found.unknown |= _OF_NODES
        return
    found.answered.add(_ACD)
    for node in answer.nodes:
        if not node.is_connected:
            found.suspected.append(_platform(AlarmKind.NODE_AWAY, node.node))
        if node.draining_since is not None:
            params = {"by": node.drained_by, "since": node.draining_since.isoformat()}
            found.conditions.append(_platform(AlarmKind.NODE_DRAINING, node.node, **params))


async def look_at_services(deps: Deps, services: Collection[str], found: Found) -> None:
    """Ask every other service that there may be for a sign of life.

    One that never gave any is no part of this installation.
    """
    for service in sorted(_SERVICES - {_ACD}):
        try:
            is_there = await deps.bus.is_served(service, timeout_s=_SIGN_LIMIT_S)
        except BusDown:
            found.unknown.add(AlarmKind.SERVICE_AWAY)
            return
        if is_there:
            found.answered.add(service)
        elif service in services:
            found.suspected.append(_platform(AlarmKind.SERVICE_AWAY, service))


async def look_at_letters(deps: Deps, found: Found) -> None:
    """Count the dead letters of each consumer; they stay until somebody removes them, or age."""
    try:
        counts = await count_letters(deps.bus)
    except BusDown:
        found.unknown.add(AlarmKind.DEAD_LETTERS)
        return
    found.conditions += [
        Condition(
            PLATFORM_TENANT,
            AlarmKind.DEAD_LETTERS,
            consumer,
            AlarmCode.DEAD_LETTERS,
            {"count": count},
            weight=count,
        )
        for consumer, count in counts.items()
    ]


async def trunk_works(deps: Deps, tenant_id: UUID, trunk_id: UUID) -> bool | None:
    """Return whether a trunk works, or is wanted no more; None: nobody can tell.

    Raises:
        DependencyDown: PostgreSQL or the ACD does not answer.
    """
    async with deps.pool.tenant(tenant_id) as conn:
        if not await _is_watched(conn, tenant_id, trunk_id):
            return True
    question = GetTrunkV1(occurred_at=deps.now(), tenant=str(tenant_id), trunk_id=str(trunk_id))
    try:
        state = await deps.bus.request(question, TrunkV1)
    except Refused:
        return None
    if state.is_reachable is None and state.is_registered is None:
        return None
    return state.is_reachable is not False and state.is_registered is not False


async def of_trunk(
    conn: Connection, fact: TrunkStateChangedV1
) -> tuple[Condition, datetime] | None:
    """Return what a fact says does not work, and since when; None: of no trunk in use."""
    tenant_id, trunk_id = UUID(fact.tenant), UUID(fact.trunk_id)
    trunk = await trunks.get(conn, tenant_id=tenant_id, trunk_id=trunk_id)
    if trunk is None or not (trunk.enabled or fact.is_up):
        return None
    is_unreachable = fact.is_reachable is False
    condition = Condition(
        tenant_id,
        AlarmKind.TRUNK_DOWN,
        str(trunk_id),
        AlarmCode.TRUNK_UNREACHABLE if is_unreachable else AlarmCode.TRUNK_UNREGISTERED,
        {"name": trunk.name},
    )
    return condition, fact.occurred_at


async def _is_watched(conn: Connection, tenant_id: UUID, trunk_id: UUID) -> bool:
    trunk = await trunks.get(conn, tenant_id=tenant_id, trunk_id=trunk_id)
    return trunk is not None and trunk.enabled and bool(trunk.qualify_s or trunk.register_at)


def _platform(kind: AlarmKind, object_id: str, **params: str) -> Condition:
    return Condition(PLATFORM_TENANT, kind, object_id, AlarmCode(kind.value), params)
