"""What the router remembers of queues, agents and interactions, and how it finds them again.

A *node* is one ring of one queue: the agents who fit its needs, those of them who are free, and the
interactions that wait at this ring. A *shelf* holds interactions by weight and, within a weight, in
order of ``since``: within one weight the order never changes with time, so of each only the first
has to be looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ringway.acd.core.routing.model import Queue, Strategy, Waiting
from ringway.acd.core.routing.sorted_keys import SortedKeys

CallKey = tuple[float, str]  # since, interaction_id
FreeKey = tuple[float, float, str]  # by the strategy, idle_since, agent_id


class Shelf:
    """Interactions by weight, then by age."""

    __slots__ = ("classes",)

    def __init__(self) -> None:
        self.classes: dict[int, SortedKeys[CallKey]] = {}

    def __iter__(self) -> Iterator[str]:
        """Yield interaction ids, class by class."""
        for keys in self.classes.values():
            for _, interaction_id in keys:
                yield interaction_id

    def add(self, weight: int, key: CallKey) -> None:
        keys = self.classes.get(weight)
        if keys is None:
            keys = self.classes[weight] = SortedKeys()
        keys.add(key)

    def remove(self, weight: int, key: CallKey) -> None:
        keys = self.classes[weight]
        keys.remove(key)
        if not keys:
            del self.classes[weight]


@dataclass(slots=True, eq=False)
class Node:
    """One ring of one queue."""

    needs: Mapping[str, int]  # level by skill
    waiting: Shelf = field(default_factory=Shelf)
    ringing: Shelf = field(default_factory=Shelf)  # ring-all offers that others may join
    free: SortedKeys[FreeKey] = field(default_factory=SortedKeys)
    fit: int = 0  # signed-in agents
    barring: set[str] = field(default_factory=set)  # interactions here that some agent may not get
    most_barred: int = 0  # at least the number of agents that any of these bars

    def is_met_by(self, skills: Mapping[str, int]) -> bool:
        return all(skills.get(skill_id, 0) >= level for skill_id, level in self.needs.items())


@dataclass(slots=True, eq=False)
class Line:
    """One queue: its rules, its nodes, and everybody in it."""

    queue: Queue
    nodes: list[Node] = field(init=False)
    everybody: Shelf = field(default_factory=Shelf)  # also those with an open offer
    count: int = 0
    reach: list[int] = field(init=False)  # by ring: signed-in agents who fit it or a later one
    free: int = 0  # agents of any ring
    turns: dict[str, int] = field(default_factory=dict)  # agent: number of his last offer
    places: dict[str, int] | None = field(init=False)  # agent: his place in the queue's list

    def __post_init__(self) -> None:
        self.nodes = []
        for ring in self.queue.rings:
            needs: dict[str, int] = {}
            for need in ring.needs:
                needs[need.skill_id] = max(need.level, needs.get(need.skill_id, 0))
            self.nodes.append(Node(needs))
        self.reach = [0] * len(self.nodes)
        ids = self.queue.agent_ids
        # Reversed: an agent named twice has his first place.
        self.places = None if ids is None else {a: i for i, a in reversed(list(enumerate(ids)))}

    def ring_at(self, since: float, at: float) -> int:
        """Return the index of the widest ring that is open."""
        rings = self.queue.rings
        index = len(rings) - 1
        while index and since + rings[index].after_s > at:
            index -= 1
        return index

    def rings_met(self, agent_id: str, skills: Mapping[str, int]) -> list[int]:
        """Return the indices of the rings that an agent fits."""
        if self.places is not None and agent_id not in self.places:
            return []
        return [i for i, node in enumerate(self.nodes) if node.is_met_by(skills)]

    def free_key(self, agent: Agent, talks: tuple[int, float]) -> FreeKey:
        """Return an agent's place among the free ones of this queue; the smallest is first."""
        first = 0.0
        match self.queue.strategy:
            case Strategy.ROUND_ROBIN:
                first = self.turns.get(agent.agent_id, 0)
            case Strategy.LEAST_CALLS:
                first = talks[0]
            case Strategy.FEWEST_SECONDS:
                first = talks[1]
            case Strategy.LINEAR:
                if self.places is None:
                    return (0.0, 0.0, agent.agent_id)
                first = self.places[agent.agent_id]
        return (first, agent.idle_since, agent.agent_id)


@dataclass(slots=True, eq=False)
class Agent:
    """One signed-in agent."""

    agent_id: str
    skills: dict[str, int] = field(default_factory=dict)
    ready: bool = False
    idle_since: float = 0.0
    offer: str | None = None  # interaction_id
    nodes: list[Node] = field(default_factory=list)  # that he fits
    lines: list[tuple[Line, list[int]]] = field(default_factory=list)  # rings that he fits
    free_keys: list[tuple[Line, list[int], FreeKey]] | None = None  # where he stands while free
    named: Shelf = field(default_factory=Shelf)  # interactions that wait for nobody else


@dataclass(slots=True, eq=False)
class Call:
    """One interaction."""

    waiting: Waiting
    line: Line
    node: Node
    ring: int
    weight: int
    key: CallKey
    entered_at: float  # this queue
    offered: dict[str, None] = field(default_factory=dict)  # agents, in the order of the offers
    declined: set[str] = field(default_factory=set)
    shelf: Shelf | None = None
    deadline: float | None = None

    @property
    def overflow_at(self) -> float:
        """When it has waited too long in this queue."""
        longest = self.line.queue.max_wait_s
        return math.inf if longest is None else self.entered_at + longest

    @property
    def bars(self) -> bool:
        """Whether some agent may not get it."""
        return bool(self.declined or self.waiting.excluded)
