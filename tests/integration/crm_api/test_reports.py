"""Agents' work, summed up from the facts alone, to the second."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tests.support.crm import Crm

from ringway.crm_api.projector import Projector
from ringway.crm_api.reports import store
from ringway.proto.acd import (
    AgentState,
    AgentStateChangedV1,
    HungUpBy,
    InteractionConnectedV1,
    InteractionDisconnectedV1,
    LegMode,
)
from ringway.proto.acd_calls import (
    InteractionConsultedV1,
    InteractionHeldV1,
    InteractionTransferredV1,
    OfferEndedV1,
)
from ringway.proto.acd_config import Target, TargetKind
from ringway.proto.base import Fact
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.integration

T0 = datetime(2026, 11, 2, 8, tzinfo=UTC)
NEXT = {
    AgentState.LOGGED_OUT: (AgentState.NOT_READY,),
    AgentState.NOT_READY: (AgentState.READY, AgentState.READY, AgentState.LOGGED_OUT),
    AgentState.READY: (AgentState.RESERVED, AgentState.RESERVED, AgentState.NOT_READY),
    AgentState.RESERVED: (AgentState.TALKING, AgentState.TALKING, AgentState.NOT_READY),
    AgentState.TALKING: (AgentState.HOLD, AgentState.WRAP_UP, AgentState.WRAP_UP),
    AgentState.HOLD: (AgentState.TALKING,),
    AgentState.WRAP_UP: (AgentState.READY, AgentState.NOT_READY),
}


def a_day(
    tenant: str, agent: str, rng: random.Random
) -> tuple[list[Fact], list[tuple[AgentState, float, float]]]:
    """Return the facts of an agent's day, and his states as (state, from, to) in seconds."""
    facts: list[Fact] = []
    stays: list[tuple[AgentState, float, float]] = []
    state, since, at = AgentState.LOGGED_OUT, 0.0, rng.uniform(1, 600)
    interaction, connected_at = str(uuid7()), 0.0
    while at < 8 * 3600:
        moment = T0 + timedelta(seconds=at)
        following = rng.choice(NEXT[state])
        stays.append((state, since, at))
        about = {"tenant": tenant, "occurred_at": moment, "agent_id": agent}
        facts.append(
            AgentStateChangedV1(
                **about, session_id="s", previous=state, previous_s=at - since, state=following
            )
        )
        talk = about | {"interaction_id": interaction}
        target = Target(kind=TargetKind.NUMBER, value="10086")
        if state is AgentState.RESERVED and following is AgentState.NOT_READY:
            facts.append(OfferEndedV1(**talk, outcome="no_answer", rang_s=at - since))
        if state is AgentState.RESERVED and following is AgentState.TALKING:
            interaction, connected_at = str(uuid7()), at
            talk["interaction_id"] = interaction
            facts.append(
                InteractionConnectedV1(
                    **talk,
                    agent_number="801",
                    connected_at=moment,
                    wait_s=1,
                    leg_mode=LegMode.NAILED_UP,
                )
            )
        if state is AgentState.HOLD:
            facts.append(InteractionHeldV1(**talk, held_s=at - since))
            facts.append(
                InteractionConsultedV1(**talk, target=target, talked_s=2, outcome="returned")
            )
        if following is AgentState.WRAP_UP:
            if rng.random() < 0.3:
                facts.append(InteractionTransferredV1(**talk, target=target, is_attended=False))
            facts.append(
                InteractionDisconnectedV1(
                    **talk, agent_number="801", direction="inbound", node="a",
                    talk_s=at - connected_at, disconnected_at=moment,
                    connected_at=T0 + timedelta(seconds=connected_at),
                    hung_up_by=HungUpBy.CUSTOMER,
                )
            )  # fmt: skip
        state, since = following, at
        at += rng.uniform(1, 900)
    stays.append((state, since, 9 * 3600.0))  # it still lasts when the report is asked for
    return facts, stays


async def test_the_report_is_what_a_count_by_hand_gives(crm: Crm) -> None:
    tenant = str(uuid7())
    rng = random.Random(7)
    days = {str(uuid7()): a_day for _ in range(3)}
    projector = Projector(crm.deps.pool, crm.deps.now)
    told: dict[str, tuple[list[Fact], list[tuple[AgentState, float, float]]]] = {}
    for agent, day in days.items():
        told[agent] = day(tenant, agent, rng)
    facts = [fact for made, _ in told.values() for fact in made]
    facts += rng.sample(facts, len(facts) // 4)  # told twice
    rng.shuffle(facts)
    for fact in facts:
        await projector.project(fact)
    for begin, end in ((0, 10 * 3600), (3600, 4 * 3600), (4 * 3600, 8.5 * 3600)):
        async with crm.deps.pool.tenant(tenant) as conn:
            lines = await store.agent_work(
                conn,
                tenant_id=UUID(tenant),
                begins_at=T0 + timedelta(seconds=begin),
                ends_at=T0 + timedelta(seconds=end),
                now=T0 + timedelta(seconds=9 * 3600),
            )
        assert len(lines) == 3
        for line in lines:
            made, stays = told[str(line.agent_id)]
            _compare(line, made, stays, begin, end)


def _compare(
    line: store.AgentWork,
    made: list[Fact],
    stays: list[tuple[AgentState, float, float]],
    begin: float,
    end: float,
) -> None:
    seconds: Counter[AgentState] = Counter()
    counts: Counter[AgentState] = Counter()
    for state, since, until in stays:
        seconds[state] += max(0.0, min(until, end) - max(since, begin))  # type: ignore[assignment]
        counts[state] += begin <= since < end
    logged_in = sum(s for state, s in seconds.items() if state is not AgentState.LOGGED_OUT)
    inside = [f for f in made if begin <= (f.occurred_at - T0).total_seconds() < end]
    kinds = Counter(type(fact) for fact in inside)
    assert line.login_s == pytest.approx(logged_in, abs=0.01)
    assert line.idle_s == pytest.approx(seconds[AgentState.READY], abs=0.01)
    assert line.busy_s == pytest.approx(seconds[AgentState.NOT_READY], abs=0.01)
    assert line.wrap_up_s == pytest.approx(seconds[AgentState.WRAP_UP], abs=0.01)
    talking = seconds[AgentState.TALKING] + seconds[AgentState.HOLD]
    assert line.talk_s == pytest.approx(talking, abs=0.01)
    assert (line.idle_count, line.busy_count, line.wrap_up_count) == (
        counts[AgentState.READY],
        counts[AgentState.NOT_READY],
        counts[AgentState.WRAP_UP],
    )
    assert line.logins == sum(
        isinstance(f, AgentStateChangedV1) and f.previous is AgentState.LOGGED_OUT for f in inside
    )
    assert (line.off_hook, line.on_hook) == (
        kinds[InteractionConnectedV1],
        kinds[InteractionDisconnectedV1],
    )
    assert (line.holds, line.consults, line.transfers, line.missed_offers) == (
        kinds[InteractionHeldV1],
        kinds[InteractionConsultedV1],
        kinds[InteractionTransferredV1],
        kinds[OfferEndedV1],
    )
    held = sum(f.held_s for f in inside if isinstance(f, InteractionHeldV1))
    assert line.hold_s == pytest.approx(held, abs=0.01)
