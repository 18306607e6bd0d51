"""The router again, slow and obvious: plain lists, and after each event a look at everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ringway.acd.core.routing import (
    Decision,
    Offer,
    Overflow,
    OverflowReason,
    Queue,
    Strategy,
    Waiting,
    Withdraw,
    weight,
)


@dataclass(eq=False)
class SlowAgent:
    agent_id: str
    skills: dict[str, int]
    ready: bool = False
    idle_since: float = 0.0
    offer: str | None = None

    @property
    def is_free(self) -> bool:
        return self.ready and self.offer is None


@dataclass(eq=False)
class SlowCall:
    waiting: Waiting
    entered_at: float
    offered: list[str] = field(default_factory=list)
    declined: set[str] = field(default_factory=set)


class SlowRouter:
    """The same interface as ``Router``; every answer is a scan over everything."""

    def __init__(self) -> None:
        self.at = 0.0
        self.queues: dict[str, Queue] = {}
        self.agents: dict[str, SlowAgent] = {}
        self.calls: dict[str, SlowCall] = {}
        self.talks: dict[str, list[float]] = {}
        self.offers: list[tuple[str, str]] = []  # queue, agent

    # -- rules -------------------------------------------------------------------------------------

    def ring(self, call: SlowCall) -> int:
        rings = self.queues[call.waiting.queue_id].rings
        since = call.waiting.since
        return max([0, *(i for i, ring in enumerate(rings) if since + ring.after_s <= self.at)])

    def fits(self, agent: SlowAgent, queue: Queue, ring: int) -> bool:
        if queue.agent_ids is not None and agent.agent_id not in queue.agent_ids:
            return False
        return all(agent.skills.get(n.skill_id, 0) >= n.level for n in queue.rings[ring].needs)

    def preferred(self, call: SlowCall) -> str | None:
        agent_id = call.waiting.preferred_agent_id
        runs = self.at < call.waiting.prefer_until
        barred = call.waiting.excluded | call.declined
        return agent_id if runs and agent_id in self.agents and agent_id not in barred else None

    def others_serve(self, call: SlowCall) -> bool:
        queue = self.queues[call.waiting.queue_id]
        return any(
            self.fits(agent, queue, self.ring(call))
            for agent in self.agents.values()
            if agent.agent_id not in call.waiting.excluded | call.declined
        )

    def may_get(self, call: SlowCall, agent: SlowAgent) -> bool:
        preferred = self.preferred(call)
        if preferred is not None:
            return agent.agent_id == preferred
        if not self.fits(agent, self.queues[call.waiting.queue_id], self.ring(call)):
            return False
        if agent.agent_id in call.waiting.excluded:
            return False
        return agent.agent_id not in call.declined or not self.others_serve(call)

    def reachable(self, call: SlowCall) -> bool:
        queue = self.queues[call.waiting.queue_id]
        return self.preferred(call) is not None or any(
            self.fits(agent, queue, ring)
            for agent in self.agents.values()
            for ring in range(self.ring(call), len(queue.rings))
            if agent.agent_id not in call.waiting.excluded
        )

    def score(self, call: SlowCall) -> float:
        queue = self.queues[call.waiting.queue_id]
        return max(0.0, self.at - call.waiting.since) * weight(queue.priority, call.waiting)

    def in_order(self, calls: list[SlowCall]) -> list[SlowCall]:
        return sorted(
            calls, key=lambda c: (-self.score(c), c.waiting.since, c.waiting.interaction_id)
        )

    def is_joinable(self, call: SlowCall) -> bool:
        is_ring_all = self.queues[call.waiting.queue_id].strategy is Strategy.RING_ALL
        return bool(call.offered) and is_ring_all and self.preferred(call) is None

    def by_strategy(self, queue: Queue, agents: list[SlowAgent]) -> list[SlowAgent]:
        def key(agent: SlowAgent) -> tuple[float, float, str]:
            name = agent.agent_id
            talks = self.talks.get(name, [])
            order = queue.agent_ids or ()
            mine = [i for i, o in enumerate(self.offers) if o == (queue.queue_id, name)]
            firsts: dict[Strategy, float] = {
                Strategy.LONGEST_IDLE: 0,
                Strategy.RING_ALL: 0,
                Strategy.ROUND_ROBIN: mine[-1] if mine else -1,
                Strategy.LEAST_CALLS: len(talks),
                Strategy.FEWEST_SECONDS: sum(talks),
                Strategy.LINEAR: order.index(name) if name in order else 0,
            }
            by_name = queue.strategy is Strategy.LINEAR and queue.agent_ids is None
            return (firsts[queue.strategy], 0 if by_name else agent.idle_since, name)

        return sorted(agents, key=key)

    # -- deciding ----------------------------------------------------------------------------------

    def offer(self, call: SlowCall, agents: list[SlowAgent]) -> Offer:
        for agent in agents:
            agent.offer = call.waiting.interaction_id
            call.offered.append(agent.agent_id)
            self.offers.append((call.waiting.queue_id, agent.agent_id))
        return Offer(call.waiting.interaction_id, tuple(a.agent_id for a in agents))

    def chosen_for(self, call: SlowCall) -> list[SlowAgent]:
        if call.offered and not self.is_joinable(call):
            return []
        queue = self.queues[call.waiting.queue_id]
        able = [a for a in self.agents.values() if a.is_free and self.may_get(call, a)]
        able = self.by_strategy(queue, able)
        return able if queue.strategy is Strategy.RING_ALL else able[:1]

    def overflow(self, call: SlowCall, reason: OverflowReason) -> Overflow:
        del self.calls[call.waiting.interaction_id]
        return Overflow(call.waiting.interaction_id, reason)

    def settle(self, freed: list[str] | None = None) -> list[Decision]:
        out: list[Decision] = []
        for agent_id in freed or []:
            agent = self.agents[agent_id]
            for calls in (
                [c for c in self.calls.values() if not c.offered],
                [c for c in self.calls.values() if self.is_joinable(c)],
            ):
                best = self.in_order([c for c in calls if self.may_get(c, agent)])
                if agent.is_free and best:
                    out.append(self.offer(best[0], [agent]))
        for call in self.in_order(list(self.calls.values())):
            queue = self.queues[call.waiting.queue_id]
            longest = queue.max_wait_s
            if not call.offered and longest is not None and call.entered_at + longest <= self.at:
                out.append(self.overflow(call, OverflowReason.TIMEOUT))
            elif chosen := self.chosen_for(call):
                out.append(self.offer(call, chosen))
            elif not call.offered and queue.leave_when_empty and not self.reachable(call):
                out.append(self.overflow(call, OverflowReason.NO_AGENTS))
        return out

    def advance(self, at: float) -> list[Decision]:
        self.at = max(self.at, at)
        return self.settle()

    def end_offer(self, call: SlowCall, agent: SlowAgent) -> None:
        call.offered.remove(agent.agent_id)
        agent.offer = None

    def release(self, call: SlowCall, agent_ids: list[str]) -> list[Decision]:
        for agent_id in agent_ids:
            self.agents[agent_id].offer = None
        withdrawn = [Withdraw(call.waiting.interaction_id, agent_id) for agent_id in agent_ids]
        return [*withdrawn, *self.settle(agent_ids)]

    # -- events ------------------------------------------------------------------------------------

    def put_queue(self, at: float, queue: Queue) -> list[Decision]:
        out = self.advance(at)
        self.queues[queue.queue_id] = queue
        return out + self.settle()

    def put_agent(self, at: float, agent_id: str, skills: Mapping[str, int]) -> list[Decision]:
        out = self.advance(at)
        agent = self.agents.setdefault(agent_id, SlowAgent(agent_id, {}))
        agent.skills = dict(skills)
        return out + self.settle([agent_id] if agent.is_free else [])

    def remove_agent(self, at: float, agent_id: str) -> list[Decision]:
        if agent_id in self.agents:
            self.agents[agent_id].ready = False
        out = self.advance(at)
        agent = self.agents.pop(agent_id, None)
        if agent is None:
            return out
        self.offers = [o for o in self.offers if o[1] != agent_id]
        if agent.offer is not None:
            out.append(Withdraw(agent.offer, agent_id))
            self.end_offer(self.calls[agent.offer], agent)
        return out + self.settle()

    def ready(self, at: float, agent_id: str, idle_since: float) -> list[Decision]:
        out = self.advance(at)
        agent = self.agents.get(agent_id)
        if agent is None:
            return out
        agent.ready = True
        agent.idle_since = idle_since
        return out + self.settle([agent_id])

    def busy(self, at: float, agent_id: str) -> list[Decision]:
        agent = self.agents.get(agent_id)
        if agent is None:
            return self.advance(at)
        agent.ready = False
        out = self.advance(at)
        if agent.offer is not None:
            out.append(Withdraw(agent.offer, agent_id))
            self.end_offer(self.calls[agent.offer], agent)
        return out + self.settle()

    def note_talk(self, agent_id: str, talk_s: float) -> None:
        self.talks.setdefault(agent_id, []).append(talk_s)

    def enqueue(self, at: float, waiting: Waiting) -> list[Decision]:
        if waiting.interaction_id in self.calls:
            return self.advance(at)
        out = self.advance(at)
        queue = self.queues.get(waiting.queue_id)
        if queue is None:
            return [*out, Overflow(waiting.interaction_id, OverflowReason.NO_AGENTS)]
        since = self.at if waiting.queued_at is None else waiting.queued_at
        call = SlowCall(waiting, since, declined=set(waiting.declined))
        is_full = queue.max_waiting is not None and self.waiting_in(queue.queue_id) >= (
            queue.max_waiting
        )
        if is_full and not self.chosen_for(call):
            return [*out, Overflow(waiting.interaction_id, OverflowReason.FULL)]
        self.calls[waiting.interaction_id] = call
        return out + self.settle()

    def leave(self, at: float, interaction_id: str) -> list[Decision]:
        call = self.calls.pop(interaction_id, None)
        out = self.advance(at)
        return out if call is None else out + self.release(call, call.offered)

    def accept(self, at: float, interaction_id: str, agent_id: str) -> tuple[bool, list[Decision]]:
        out = self.advance(at)
        call = self.calls.get(interaction_id)
        if call is None or agent_id not in call.offered:
            return False, out
        del self.calls[interaction_id]
        self.end_offer(call, self.agents[agent_id])
        self.agents[agent_id].ready = False
        return True, out + self.release(call, call.offered)

    def decline(
        self, at: float, interaction_id: str, agent_id: str, *, exclude: bool
    ) -> list[Decision]:
        out = self.advance(at)
        call = self.calls.get(interaction_id)
        if call is None or agent_id not in call.offered:
            return out
        self.end_offer(call, self.agents[agent_id])
        self.agents[agent_id].ready = False
        if exclude:
            call.declined.add(agent_id)
        return out + self.settle()

    # -- figures -----------------------------------------------------------------------------------

    def line(self, queue_id: str) -> list[SlowCall]:
        return self.in_order([c for c in self.calls.values() if c.waiting.queue_id == queue_id])

    def position(self, interaction_id: str) -> tuple[int, int]:
        call = self.calls.get(interaction_id)
        if call is None:
            return (0, 0)
        line = self.line(call.waiting.queue_id)
        return (line.index(call) + 1, len(line))

    def waiting_in(self, queue_id: str) -> int:
        return len(self.line(queue_id))

    def longest_wait_since(self, queue_id: str) -> float | None:
        return min((c.waiting.since for c in self.line(queue_id)), default=None)

    def serving(self, queue_id: str) -> list[SlowAgent]:
        queue = self.queues.get(queue_id)
        return [
            agent
            for agent in self.agents.values()
            if queue is not None
            and any(self.fits(agent, queue, ring) for ring in range(len(queue.rings)))
        ]

    def ready_in(self, queue_id: str) -> int:
        return sum(agent.is_free for agent in self.serving(queue_id))

    def signed_in_for(self, queue_id: str) -> int:
        return len(self.serving(queue_id))
