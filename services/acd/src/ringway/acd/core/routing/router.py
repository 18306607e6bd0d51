"""The router: every decision which agent gets which interaction is made here.

Rule 1: no IO and no clock. Time enters as ``at`` on every event and never runs backwards.
Rule 2: after each event no interaction waits while an agent who may get it is free, but for a
preference that runs.
Rule 3: late and repeated events are normal and change nothing.

An event costs O(log n) in waiting interactions and in agents, times the rings that the agent fits
and the weights in use there (at most 20 for one queue). Beyond that it costs what it decides, and
looks at the interactions that bar just this agent. Changing a queue costs O(n), signing in and out
O(queues).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from ringway.acd.core.routing.deadlines import Deadlines
from ringway.acd.core.routing.model import (
    Decision,
    Offer,
    Overflow,
    OverflowReason,
    Queue,
    QueueInUse,
    Strategy,
    Waiting,
    Withdraw,
    weight,
)
from ringway.acd.core.routing.roster import Roster
from ringway.acd.core.routing.state import Agent, Call, CallKey, Line, Shelf


class Router:
    """All queues, agents and waiting interactions of one tenant.

    Methods return decisions to be performed in order. When one event frees several interactions
    they are dealt with in serving order: greatest ``(at - since) * weight``, then earliest
    ``since``, then id.
    """

    def __init__(self) -> None:
        self._at = -math.inf
        self._roster = Roster()
        self._lines = self._roster.lines
        self._agents = self._roster.agents
        self._calls: dict[str, Call] = {}
        self._named: dict[str, set[str]] = {}  # preferred agent, also a signed-out one: ids
        self._turn = 0
        self._deadlines = Deadlines(self._calls)

    # -- queues and agents -------------------------------------------------------------------------

    def put_queue(self, at: float, queue: Queue) -> list[Decision]:
        """Add a queue or change its rules. Who waits keeps his place, open offers stand."""
        out = self._advance(at)
        old = self._lines.get(queue.queue_id)
        if old is not None and old.queue == queue:
            return out
        line = Line(queue)
        if old is None:
            self._roster.put_line(line)
            return out
        line.turns = old.turns
        self._roster.put_line(line)
        calls = [self._calls[interaction_id] for interaction_id in old.everybody]
        for call in calls:
            self._unshelve(call)
            call.line = line
            call.weight = weight(queue.priority, call.waiting)
            line.everybody.add(call.weight, call.key)
        line.count = len(calls)
        return out + self._settle_all(calls)

    def remove_queue(self, at: float, queue_id: str) -> list[Decision]:
        """Forget a queue.

        Raises:
            QueueInUse: Interactions are in it.
        """
        line = self._lines.get(queue_id)
        if line is not None and line.count:
            raise QueueInUse(queue_id)  # before time moves, so that no decision is lost
        out = self._advance(at)
        if line is not None:
            self._roster.remove_line(line)
        return out

    def put_agent(self, at: float, agent_id: str, skills: Mapping[str, int]) -> list[Decision]:
        """Sign an agent in, not ready yet, or change his skills. An open offer to him stands."""
        out = self._advance(at)
        agent = self._agents.get(agent_id)
        if agent is None:
            agent = self._agents[agent_id] = Agent(agent_id)
            self._roster.set_skills(agent, dict(skills))
            named = self._named.get(agent_id, ())
            return out + self._settle_all(self._calls[i] for i in named)
        if agent.skills == skills:
            return out
        before = self._roster.set_skills(agent, dict(skills))
        out += self._serve(agent)
        return out + self._settle_all(self._left_alone(before))

    def remove_agent(self, at: float, agent_id: str) -> list[Decision]:
        """Sign an agent out. What was offered to him is offered on."""
        agent = self._agents.get(agent_id)
        if agent is None:
            return self._advance(at)
        self._roster.unfree(agent)  # nothing that is due goes to who leaves
        out = self._advance(at)
        affected = set(self._left_alone(self._roster.remove_agent(agent)))
        affected.update(self._calls[i] for i in self._named.get(agent_id, ()))
        if agent.offer is not None:
            out.append(Withdraw(agent.offer, agent_id))
            call = self._calls[agent.offer]
            del call.offered[agent_id]
            affected.add(call)
        return out + self._settle_all(affected)

    def ready(self, at: float, agent_id: str, idle_since: float) -> list[Decision]:
        """The agent may take an interaction now; ``idle_since`` is when his last one ended."""
        out = self._advance(at)
        agent = self._agents.get(agent_id)
        if agent is None:
            return out
        if agent.ready:
            self._roster.set_idle_since(agent, idle_since)
            return out
        agent.ready = True
        agent.idle_since = idle_since
        return out + self._serve(agent)

    def busy(self, at: float, agent_id: str) -> list[Decision]:
        """The agent may not take an interaction. What was offered to him is offered on."""
        agent = self._agents.get(agent_id)
        if agent is None:
            return self._advance(at)
        agent.ready = False
        self._roster.unfree(agent)
        out = self._advance(at)
        if agent.offer is not None:
            out.append(Withdraw(agent.offer, agent_id))
            out += self._offer_ended(self._calls[agent.offer], agent)
        return out

    def note_talk(self, agent_id: str, talk_s: float, calls: int = 1) -> None:
        """Count talks of an agent, signed in or not, for LEAST_CALLS and FEWEST_SECONDS."""
        self._roster.note_talk(agent_id, talk_s, calls)

    # -- interactions ------------------------------------------------------------------------------

    def enqueue(self, at: float, waiting: Waiting) -> list[Decision]:
        """An interaction begins to wait in a queue. One of an unknown queue finds no agents."""
        interaction_id = waiting.interaction_id
        if interaction_id in self._calls:
            return self._advance(at)
        out = self._advance(at)
        line = self._lines.get(waiting.queue_id)
        if line is None:
            return [*out, Overflow(interaction_id, OverflowReason.NO_AGENTS)]
        queue = line.queue
        ring = line.ring_at(waiting.since, self._at)
        call = Call(
            waiting,
            line,
            line.nodes[ring],
            ring,
            weight(queue.priority, waiting),
            (waiting.since, interaction_id),
            self._at if waiting.queued_at is None else waiting.queued_at,
            declined=set(waiting.declined),
        )
        is_full = queue.max_waiting is not None and line.count >= queue.max_waiting
        if is_full and not self._candidates(call):
            return [*out, Overflow(interaction_id, OverflowReason.FULL)]
        self._calls[interaction_id] = call
        line.everybody.add(call.weight, call.key)
        line.count += 1
        if waiting.preferred_agent_id is not None:
            self._named.setdefault(waiting.preferred_agent_id, set()).add(interaction_id)
        return out + self._settle(call)

    def leave(self, at: float, interaction_id: str) -> list[Decision]:
        """The caller is gone, or was taken by other means."""
        call = self._calls.get(interaction_id)
        if call is None:
            return self._advance(at)
        self._drop(call)
        return self._advance(at) + self._release(call, list(call.offered))

    def accept(self, at: float, interaction_id: str, agent_id: str) -> tuple[bool, list[Decision]]:
        """The agent answers; return whether the interaction is his.

        It is his only once: of several agents the first gets it, and a repeated call is False.
        """
        out = self._advance(at)
        call = self._calls.get(interaction_id)
        if call is None or agent_id not in call.offered:
            return False, out
        winner = self._agents[agent_id]
        winner.ready = False
        winner.offer = None
        self._drop(call)
        return True, out + self._release(call, [a for a in call.offered if a != agent_id])

    def decline(
        self, at: float, interaction_id: str, agent_id: str, *, exclude: bool
    ) -> list[Decision]:
        """The offer failed: nobody answered, or the phone is gone. The interaction keeps its place.

        The agent is busy until ``ready``. With ``exclude`` he does not get it again while another
        signed-in agent fits it at its ring.
        """
        out = self._advance(at)
        call = self._calls.get(interaction_id)
        if call is None or agent_id not in call.offered:
            return out
        agent = self._agents[agent_id]
        agent.ready = False
        if exclude:
            call.declined.add(agent_id)
        return out + self._offer_ended(call, agent)

    # -- time --------------------------------------------------------------------------------------

    def tick(self, at: float) -> list[Decision]:
        """Do what has become due: widening, the end of a preference, the longest wait."""
        return self._advance(at)

    @property
    def next_deadline(self) -> float | None:
        """When ``tick`` has to be called, or ``None``."""
        return self._deadlines.first

    # -- figures -----------------------------------------------------------------------------------

    def position(self, interaction_id: str) -> tuple[int, int]:
        """Return the place in its queue, from 1 in serving order, and how many are in the queue.

        Those with an open offer count. (0, 0) when the interaction is not here. The order is that
        of the last event's time.
        """
        call = self._calls.get(interaction_id)
        if call is None:
            return (0, 0)
        own = self._order(call.weight, call.key)
        before = sum(
            keys.count_before(own, partial(self._order, of_weight))
            for of_weight, keys in call.line.everybody.classes.items()
        )
        return (before + 1, call.line.count)

    @property
    def waiting(self) -> int:
        """How many interactions wait or are offered, in all queues."""
        return len(self._calls)

    def waiting_in(self, queue_id: str) -> int:
        """Return how many are in a queue, also those with an open offer."""
        line = self._lines.get(queue_id)
        return 0 if line is None else line.count

    def longest_wait_since(self, queue_id: str) -> float | None:
        """Return the earliest ``since`` in a queue, or ``None`` when it is empty."""
        line = self._lines.get(queue_id)
        if line is None or not line.count:
            return None
        return min(keys.first[0] for keys in line.everybody.classes.values())

    def ready_in(self, queue_id: str) -> int:
        """Return how many agents of a queue are ready and have no open offer."""
        line = self._lines.get(queue_id)
        return 0 if line is None else line.free

    def serving(self, queue_id: str, agent_ids: Iterable[str]) -> int:
        """Return how many of these agents are signed in and fit a ring of a queue."""
        line = self._lines.get(queue_id)
        found = (self._roster.agents.get(agent_id) for agent_id in agent_ids)
        return sum(
            any(served is line for served, _ in agent.lines) for agent in found if agent is not None
        )

    def signed_in_for(self, queue_id: str) -> int:
        """Return how many signed-in agents fit a ring of a queue."""
        line = self._lines.get(queue_id)
        return 0 if line is None else line.reach[0]

    # -- decisions ---------------------------------------------------------------------------------

    def _advance(self, at: float) -> list[Decision]:
        """Move time on, so that no event depends on how late ``tick`` is."""
        self._at = max(self._at, at)
        due = self._deadlines.pop_due(self._at)
        return self._settle_all(due) if due else []

    def _settle_all(self, calls: Iterable[Call]) -> list[Decision]:
        ordered = sorted(calls, key=lambda call: self._order(call.weight, call.key))
        return [decision for call in ordered for decision in self._settle(call)]

    def _settle(self, call: Call) -> list[Decision]:
        """Offer an interaction, let it overflow, or let it wait at the right place."""
        self._unshelve(call)
        line = call.line
        call.ring = line.ring_at(call.waiting.since, self._at)
        call.node = line.nodes[call.ring]
        if not call.offered and call.overflow_at <= self._at:
            return self._overflow(call, OverflowReason.TIMEOUT)
        chosen = self._candidates(call)
        if chosen:
            return self._offer(call, chosen)
        if not call.offered and line.queue.leave_when_empty and not self._is_reachable(call):
            return self._overflow(call, OverflowReason.NO_AGENTS)
        self._shelve(call)
        return []

    def _candidates(self, call: Call) -> list[Agent]:
        """Return the free agents to whom an interaction is to be offered now."""
        preferred = self._preferred(call)
        is_ring_all = call.line.queue.strategy is Strategy.RING_ALL
        if call.offered and (preferred is not None or not is_ring_all):
            return []
        if preferred is not None:
            return [] if preferred.free_keys is None else [preferred]
        chosen: list[Agent] = []
        for key in call.node.free:
            if self._may_get(call, key[2]):
                chosen.append(self._agents[key[2]])
                if not is_ring_all:
                    break
        return chosen

    def _serve(self, agent: Agent) -> list[Decision]:
        """Give an agent who is ready the best of all that he may get, or count him as free."""
        if not agent.ready or agent.offer is not None:
            return []
        call = self._best(agent, (agent.named, *[node.waiting for node in agent.nodes]))
        if call is None:
            call = self._best(agent, (node.ringing for node in agent.nodes))
        if call is None:
            self._roster.free(agent)
            return []
        self._unshelve(call)
        return self._offer(call, [agent])

    def _best(self, agent: Agent, shelves: Iterable[Shelf]) -> Call | None:
        """Return what has the greatest claim on these shelves of all that an agent may get."""
        at, agent_id, calls = self._at, agent.agent_id, self._calls
        best: Call | None = None
        best_score = -1.0
        for shelf in shelves:
            for of_weight, keys in shelf.classes.items():
                # The first of a class has its greatest claim: most classes end here.
                if (at - keys.first[0]) * of_weight < best_score and best_score > 0:
                    continue
                for key in keys:
                    call = calls[key[1]]
                    if self._may_get(call, agent_id):
                        score = max(at - key[0], 0.0) * of_weight
                        if best is None or (-score, key) < (-best_score, best.key):
                            best, best_score = call, score
                        break
        return best

    def _offer(self, call: Call, agents: list[Agent]) -> list[Decision]:
        """Open or widen the offer of an interaction that is on no shelf."""
        for agent in agents:
            self._roster.unfree(agent)
            agent.offer = call.waiting.interaction_id
            call.offered[agent.agent_id] = None
            self._turn += 1
            call.line.turns[agent.agent_id] = self._turn
        self._shelve(call)
        return [Offer(call.waiting.interaction_id, tuple(a.agent_id for a in agents))]

    def _offer_ended(self, call: Call, agent: Agent) -> list[Decision]:
        agent.offer = None
        del call.offered[agent.agent_id]
        return self._settle(call)

    def _release(self, call: Call, agent_ids: list[str]) -> list[Decision]:
        """Withdraw an interaction that has left from agents, who stay ready."""
        out: list[Decision] = [Withdraw(call.waiting.interaction_id, a) for a in agent_ids]
        for agent_id in agent_ids:
            self._agents[agent_id].offer = None
        for agent_id in agent_ids:
            out += self._serve(self._agents[agent_id])
        return out

    def _overflow(self, call: Call, reason: OverflowReason) -> list[Decision]:
        self._drop(call)
        return [Overflow(call.waiting.interaction_id, reason)]

    # -- rules -------------------------------------------------------------------------------------

    def _order(self, of_weight: int, key: CallKey) -> tuple[float, CallKey]:
        return (-max(self._at - key[0], 0.0) * of_weight, key)

    def _preferred(self, call: Call) -> Agent | None:
        """Return the only agent who may get an interaction now, if there is such a one."""
        waiting = call.waiting
        agent_id = waiting.preferred_agent_id
        if agent_id is None or waiting.prefer_until <= self._at:
            return None
        if agent_id in waiting.excluded or agent_id in call.declined:
            return None
        return self._agents.get(agent_id)

    def _may_get(self, call: Call, agent_id: str) -> bool:
        """Tell whether a fit agent is not barred from an interaction."""
        if agent_id in call.waiting.excluded:
            return False
        if agent_id not in call.declined:
            return True
        barred = sum(call.node in a.nodes for a in self._barred(call))
        return call.node.fit <= barred  # nobody else serves

    def _is_reachable(self, call: Call) -> bool:
        """Tell whether anybody signed in could get an interaction, now or at a later ring."""
        if self._preferred(call) is not None:
            return True
        nodes = call.line.nodes[call.ring :]
        excluded = (self._agents.get(a) for a in call.waiting.excluded)
        never = sum(any(n in a.nodes for n in nodes) for a in excluded if a is not None)
        return call.line.reach[call.ring] > never

    def _barred(self, call: Call) -> Iterator[Agent]:
        for agent_id in call.declined | call.waiting.excluded:
            agent = self._agents.get(agent_id)
            if agent is not None:
                yield agent

    def _left_alone(self, lines: list[Line]) -> list[Call]:
        """Return interactions for which it matters that an agent of these queues may be gone."""
        found: set[str] = set()
        for line in lines:
            for ring, node in enumerate(line.nodes):
                if node.fit <= node.most_barred:
                    found |= node.barring
                if line.queue.leave_when_empty and not line.reach[ring]:
                    found.update(node.waiting)
        return [self._calls[interaction_id] for interaction_id in found]

    # -- book-keeping ------------------------------------------------------------------------------

    def _shelve(self, call: Call) -> None:
        preferred = self._preferred(call)
        queue = call.line.queue
        if not call.offered:
            call.shelf = call.node.waiting if preferred is None else preferred.named
        elif queue.strategy is Strategy.RING_ALL:
            call.shelf = call.node.ringing if preferred is None else None
        else:
            return
        if call.shelf is not None:
            call.shelf.add(call.weight, call.key)
            if call.bars and preferred is None:
                node = call.node
                barred = len(call.declined | call.waiting.excluded)
                node.barring.add(call.waiting.interaction_id)
                node.most_barred = max(node.most_barred, barred)
        deadlines = [math.inf if preferred is None else call.waiting.prefer_until]
        if call.ring + 1 < len(queue.rings):
            deadlines.append(call.waiting.since + queue.rings[call.ring + 1].after_s)
        if not call.offered:
            deadlines.append(call.overflow_at)
        self._deadlines.set(call, min(deadlines))

    def _unshelve(self, call: Call) -> None:
        call.deadline = None
        if call.shelf is None:
            return
        call.shelf.remove(call.weight, call.key)
        call.shelf = None
        node = call.node
        if node.barring:
            node.barring.discard(call.waiting.interaction_id)
            if not node.barring:
                node.most_barred = 0

    def _drop(self, call: Call) -> None:
        self._unshelve(call)
        waiting = call.waiting
        del self._calls[waiting.interaction_id]
        call.line.everybody.remove(call.weight, call.key)
        call.line.count -= 1
        if waiting.preferred_agent_id is not None:
            named = self._named[waiting.preferred_agent_id]
            named.discard(waiting.interaction_id)
            if not named:
                del self._named[waiting.preferred_agent_id]
