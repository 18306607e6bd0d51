"""Which campaign may count on an agent whom several campaigns share.

An agent counts for one campaign at a time. Who is ready goes to the campaign of the highest
priority that can use him; among equals the agents are spread evenly, and the turn goes round. A
campaign keeps as many of its ready agents as it has calls under way that may need them: handing
these agents on would have two campaigns dial for one agent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """What sharing must know of a campaign.

    Attributes:
        priority: 10 first.
        can_dial: It may dial now and has leads.
        needed: Calls under way that may still need a ready agent.
        room: The most ready agents that it can use, by its lines.
    """

    campaign_id: str
    priority: int = 5
    can_dial: bool = True
    needed: int = 0
    room: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Shared:
    """One signed-in agent and the campaigns that he serves."""

    agent_id: str
    is_ready: bool
    campaign_ids: frozenset[str]


class Sharing:
    """The shares of one tenant's campaigns, from one moment to the next."""

    def __init__(self) -> None:
        self._holder: dict[str, str] = {}  # agent -> campaign
        self._was_ready: set[str] = set()
        self._turns: dict[str, int] = {}  # campaign -> agents that it was given

    def keep(self, holders: Mapping[str, str], ready: Collection[str]) -> None:
        """Take note of who counts for whom while nobody serves more than one campaign.

        A campaign that comes later then finds its agents held by the one that dials for them.

        Args:
            holders: The only campaign of each agent, by agent.
            ready: Agents who are ready.
        """
        self._holder, self._was_ready = dict(holders), set(ready)

    def divide(
        self, campaigns: Collection[Standing], agents: Collection[Shared]
    ) -> Mapping[str, str]:
        """Return for each agent that some campaign can use the one that may count on him."""
        by_id = {c.campaign_id: c for c in campaigns}
        self._turns = {c: self._turns.get(c, 0) for c in by_id}
        for agent in agents:
            if not agent.is_ready and agent.agent_id in self._was_ready:
                # He was used: where he goes next is a new turn.
                self._holder.pop(agent.agent_id, None)
        self._was_ready = {a.agent_id for a in agents if a.is_ready}
        before, self._holder = self._holder, {}
        for ready in (True, False):
            round_ = _Round(by_id, self._turns, before, is_ready=ready)
            self._holder |= round_.divide([a for a in agents if a.is_ready is ready])
        return self._holder


class _Round:
    """One division: of those who are ready, or of those who will be."""

    def __init__(
        self,
        campaigns: Mapping[str, Standing],
        turns: dict[str, int],
        before: Mapping[str, str],
        *,
        is_ready: bool,
    ) -> None:
        self._campaigns = campaigns
        self._turns = turns
        self._before = before
        self._is_ready = is_ready
        self._given: dict[str, set[str]] = {c: set() for c in campaigns}
        self._fixed: set[str] = set()
        self._found: dict[frozenset[str], list[Standing]] = {}  # until a campaign is full

    def divide(self, agents: Sequence[Shared]) -> dict[str, str]:
        by_id = {a.agent_id: a for a in sorted(agents, key=lambda a: a.agent_id)}
        if self._is_ready:
            self._keep_needed(by_id.values())
        rest = [a for a in by_id.values() if a.agent_id not in self._fixed]
        for agent in sorted(rest, key=lambda a: len(self._candidates(a.campaign_ids))):
            self._give(agent)
        self._level(by_id)
        return {agent_id: c for c, given in self._given.items() for agent_id in given}

    def _keep_needed(self, agents: Iterable[Shared]) -> None:
        for agent in agents:
            holder = self._campaigns.get(self._before.get(agent.agent_id, ""))
            if holder is None or holder.campaign_id not in agent.campaign_ids:
                continue
            if len(self._given[holder.campaign_id]) < holder.needed:
                self._given[holder.campaign_id].add(agent.agent_id)
                self._fixed.add(agent.agent_id)

    def _candidates(self, campaign_ids: frozenset[str]) -> list[Standing]:
        """Return those of the highest priority that can use an agent who serves these."""
        found = self._found.get(campaign_ids)
        if found is not None:
            return found
        able = [
            c
            for campaign_id in campaign_ids
            if (c := self._campaigns.get(campaign_id)) is not None
            and c.can_dial
            and not (self._is_ready and len(self._given[campaign_id]) >= c.room)
        ]
        top = max((c.priority for c in able), default=0)
        found = self._found[campaign_ids] = [c for c in able if c.priority == top]
        return found

    def _give(self, agent: Shared) -> None:
        found = self._candidates(agent.campaign_ids)
        if not found:
            return
        held = self._before.get(agent.agent_id)
        if any(c.campaign_id == held for c in found):
            chosen = str(held)
        else:
            chosen = min(
                (c.campaign_id for c in found),
                key=lambda c: (len(self._given[c]), self._turns[c], c),
            )
            self._turns[chosen] += 1
        self._given[chosen].add(agent.agent_id)
        if self._is_ready and len(self._given[chosen]) >= self._campaigns[chosen].room:
            self._found.clear()

    def _level(self, agents: Mapping[str, Shared]) -> None:
        """Move agents between campaigns of one priority until no move makes it more even."""
        for _ in range(len(agents)):
            if not self._move_some(agents):
                return

    def _move_some(self, agents: Mapping[str, Shared]) -> bool:
        sizes = sorted(self._given, key=lambda c: (-len(self._given[c]), c))
        for from_ in sizes:
            giver = self._campaigns[from_]
            for to in reversed(sizes):
                taker = self._campaigns[to]
                surplus = (len(self._given[from_]) - len(self._given[to])) // 2
                if surplus < 1:
                    break
                if self._is_ready:
                    surplus = min(surplus, taker.room - len(self._given[to]))
                if taker.priority != giver.priority or not taker.can_dial:
                    continue
                movable = [
                    agent_id
                    for agent_id in sorted(self._given[from_] - self._fixed)
                    if to in agents[agent_id].campaign_ids
                ][: max(0, surplus)]
                if movable:
                    self._given[from_].difference_update(movable)
                    self._given[to].update(movable)
                    self._turns[to] += len(movable)
                    return True
        return False
