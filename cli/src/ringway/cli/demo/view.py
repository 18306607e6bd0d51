"""The live view: agents by state, lines, attempts, answered, abandoned."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import monotonic

from rich.console import Console
from rich.live import Live
from rich.table import Table

from ringway.cli.say import say
from ringway.proto.acd import CampaignAgentsV1
from ringway.proto.dialer import CampaignLiveV1
from ringway.runtime.bus import Bus

_LINE_EVERY_S = 5.0
_DONE = ("finished", "stopped")


class View:
    """Latest live figures of some campaigns, on a terminal or as lines in a log."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._agents: dict[str, CampaignAgentsV1] = {}
        self._calls: dict[str, CampaignLiveV1] = {}
        self._began = monotonic()
        self._said = 0.0
        self._live: Live | None = None

    @classmethod
    @asynccontextmanager
    async def following(
        cls, bus: Bus, tenant: str, names: Mapping[str, str]
    ) -> AsyncIterator[View]:
        """Subscribe to the live figures and yield the view; call ``draw`` now and then."""
        view = cls(names)

        async def agents(message: CampaignAgentsV1) -> None:
            view._agents[message.campaign_id] = message

        async def calls(message: CampaignLiveV1) -> None:
            view._calls[message.campaign_id] = message

        await bus.subscribe(CampaignAgentsV1, agents, tenant=tenant)
        await bus.subscribe(CampaignLiveV1, calls, tenant=tenant)
        if not sys.stderr.isatty():
            yield view
            return
        with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
            view._live = live
            yield view

    def draw(self) -> None:
        """Show the figures as they are now."""
        if self._live is not None:
            self._live.update(self._table(), refresh=True)
        elif monotonic() - self._said > _LINE_EVERY_S:
            self._said = monotonic()
            for campaign_id, name in self._names.items():
                say(f"  {monotonic() - self._began:5.0f} s  {name}: {self._words(campaign_id)}")

    def _words(self, campaign_id: str) -> str:
        agents, calls = self._agents.get(campaign_id), self._calls.get(campaign_id)
        words = []
        if calls is not None:
            words.append(
                f"{calls.state}, {calls.lines} lines, {calls.attempts} attempts, "
                f"{calls.answered} answered, {calls.connected} connected, "
                f"{calls.abandoned} abandoned, {calls.leads_open} leads left"
            )
        if agents is not None and (calls is None or calls.state not in _DONE):
            words.append(
                f"agents {agents.ready} ready {agents.reserved} reserved {agents.talking} talking "
                f"{agents.wrap_up} wrap-up {agents.not_ready} not ready"
            )
        return "; ".join(words) or "waiting for the first figures"

    def _table(self) -> Table:
        table = Table(title=f"Ringway demo · {monotonic() - self._began:.0f} s")
        table.add_column("")
        for name in self._names.values():
            table.add_column(name, justify="right")
        rows: list[tuple[str, str, str]] = [
            ("state", "calls", "state"),
            ("lines in use", "calls", "lines"),
            ("attempts", "calls", "attempts"),
            ("answered", "calls", "answered"),
            ("connected", "calls", "connected"),
            ("abandoned", "calls", "abandoned"),
            ("leads left", "calls", "leads_open"),
            ("agents ready", "agents", "ready"),
            ("agents reserved", "agents", "reserved"),
            ("agents talking", "agents", "talking"),
            ("agents in wrap-up", "agents", "wrap_up"),
            ("agents not ready", "agents", "not_ready"),
        ]
        for title, source, attribute in rows:
            values = self._calls if source == "calls" else self._agents
            table.add_row(
                title,
                *(str(getattr(values[c], attribute)) if c in values else "…" for c in self._names),
            )
        return table
