"""Two user agents and a network between them that loses, repeats and reorders datagrams.

Time is virtual: ``run`` jumps from one due moment to the next.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

from ringway.trainer.core.events import Effect, Event
from ringway.trainer.core.transaction import Address, Send
from ringway.trainer.core.user_agent import UserAgent

Fate = Callable[[], list[float]]  # delays in seconds of each copy that arrives


class Network:
    """Carries datagrams between user agents and gathers what these tell their owners."""

    def __init__(self, fate: Fate = lambda: [0.001], seed: int = 1) -> None:
        self.at = 0.0
        self.agents: dict[Address, UserAgent] = {}
        self.events: dict[Address, list[Event]] = {}
        self.sent: list[tuple[float, Address, bytes]] = []
        self.fate = fate
        self._seed = seed
        self._queue: list[tuple[float, int, Address, Address, bytes]] = []
        self._plans: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def agent(self, port: int, user: str = "") -> UserAgent:
        """Add a user agent at 10.0.0.1:``port``."""
        local = ("10.0.0.1", port)
        rng = random.Random(f"{self._seed}:{port}")
        self.agents[local] = agent = UserAgent(local, user=user, rng=rng)
        self.events[local] = []
        return agent

    def do(self, port: int, effects: list[Effect]) -> None:
        """Carry out the effects of a command given to the agent at ``port``."""
        source = ("10.0.0.1", port)
        for effect in effects:
            if isinstance(effect, Send):
                self.sent.append((self.at, source, effect.data))
                for delay in self.fate():
                    self._count += 1
                    heapq.heappush(
                        self._queue,
                        (self.at + delay, self._count, source, effect.to, effect.data),
                    )
            else:
                self.events[source].append(effect)

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Do something at a later moment."""
        self._count += 1
        heapq.heappush(self._plans, (self.at + delay, self._count, action))

    def run(self, for_s: float, on_step: Callable[[], None] = lambda: None) -> None:
        """Let ``for_s`` seconds pass."""
        end = self.at + for_s
        while True:
            due = [agent.next_deadline for agent in self.agents.values()]
            due += [self._queue[0][0] if self._queue else None]
            due += [self._plans[0][0] if self._plans else None]
            moments = [moment for moment in due if moment is not None]
            if not moments or min(moments) > end:
                self.at = end
                return
            self.at = max(self.at, min(moments))
            self._step()
            on_step()

    def _step(self) -> None:
        if self._plans and self._plans[0][0] <= self.at:
            heapq.heappop(self._plans)[2]()
        elif self._queue and self._queue[0][0] <= self.at:
            _, _, source, to, data = heapq.heappop(self._queue)
            if to in self.agents:
                self.do(to[1], self.agents[to].receive(data, source, self.at))
        else:
            for (_, port), agent in self.agents.items():
                self.do(port, agent.tick(self.at))
