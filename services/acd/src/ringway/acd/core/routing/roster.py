"""Who is signed in, what each fits, and who is free, kept ready for each ring of each queue."""

from __future__ import annotations

from ringway.acd.core.routing.state import Agent, FreeKey, Line

_NO_TALKS = (0, 0.0)


class Roster:
    """Queues and agents, and which fit which."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.agents: dict[str, Agent] = {}
        self._talks: dict[str, tuple[int, float]] = {}  # agent: calls, seconds

    def put_line(self, line: Line) -> Line | None:
        """Add a queue or put it in the place of its former self, which is returned."""
        old = self.lines.get(line.queue.queue_id)
        self.lines[line.queue.queue_id] = line
        for agent in self.agents.values():
            met = line.rings_met(agent.agent_id, agent.skills)
            was_free = self.unfree(agent)
            if old is not None:
                self._unfit(agent, old)
            self._fit(agent, line, met)
            if was_free:
                self.free(agent)
        return old

    def remove_line(self, line: Line) -> None:
        del self.lines[line.queue.queue_id]
        for agent in self.agents.values():
            was_free = self.unfree(agent)
            self._unfit(agent, line)
            if was_free:
                self.free(agent)

    def set_skills(self, agent: Agent, skills: dict[str, int]) -> list[Line]:
        """Set what an agent can do; he is not free afterwards. Return the queues he served."""
        before = self._unfit_all(agent)
        agent.skills = skills
        for line in self.lines.values():
            self._fit(agent, line, line.rings_met(agent.agent_id, skills))
        return before

    def remove_agent(self, agent: Agent) -> list[Line]:
        """Sign an agent out. Return the queues he served."""
        before = self._unfit_all(agent)
        del self.agents[agent.agent_id]
        for line in self.lines.values():
            line.turns.pop(agent.agent_id, None)
        return before

    def free(self, agent: Agent) -> None:
        """Count an agent as free in all his queues."""
        agent.free_keys = []
        for line, met in agent.lines:
            key = self._free_key(agent, line)
            agent.free_keys.append((line, met, key))
            line.free += 1
            for ring in met:
                line.nodes[ring].free.add(key)

    def unfree(self, agent: Agent) -> bool:
        """Count an agent as free no longer. Return whether he was."""
        if agent.free_keys is None:
            return False
        for line, met, key in agent.free_keys:
            line.free -= 1
            for ring in met:
                line.nodes[ring].free.remove(key)
        agent.free_keys = None
        return True

    def set_idle_since(self, agent: Agent, idle_since: float) -> None:
        was_free = self.unfree(agent)
        agent.idle_since = idle_since
        if was_free:
            self.free(agent)

    def note_talk(self, agent_id: str, talk_s: float, calls: int) -> None:
        had = self._talks.get(agent_id, _NO_TALKS)
        self._talks[agent_id] = (had[0] + calls, had[1] + talk_s)
        agent = self.agents.get(agent_id)
        if agent is not None and self.unfree(agent):
            self.free(agent)

    def _free_key(self, agent: Agent, line: Line) -> FreeKey:
        return line.free_key(agent, self._talks.get(agent.agent_id, _NO_TALKS))

    def _fit(self, agent: Agent, line: Line, met: list[int]) -> None:
        if not met:
            return
        agent.lines.append((line, met))
        for ring in met:
            line.nodes[ring].fit += 1
            agent.nodes.append(line.nodes[ring])
        for ring in range(met[-1] + 1):
            line.reach[ring] += 1

    def _unfit(self, agent: Agent, line: Line) -> None:
        for index, (other, met) in enumerate(agent.lines):
            if other is line:
                _uncount(line, met)
                del agent.lines[index]
                agent.nodes = [o.nodes[ring] for o, rings in agent.lines for ring in rings]
                return

    def _unfit_all(self, agent: Agent) -> list[Line]:
        self.unfree(agent)
        for line, met in agent.lines:
            _uncount(line, met)
        before = [line for line, _ in agent.lines]
        agent.lines = []
        agent.nodes = []
        return before


def _uncount(line: Line, met: list[int]) -> None:
    for ring in met:
        line.nodes[ring].fit -= 1
    for ring in range(met[-1] + 1):
        line.reach[ring] -= 1
