"""The trainer's requests: scenario, agents, counts."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from ringway.proto.base import Done
from ringway.proto.trainer import (
    GetAgentsV1,
    GetTrunkLogV1,
    PutScenarioV1,
    SimulatedAgentsV1,
    StartAgentsV1,
    StopAgentsV1,
    TrunkLogV1,
)
from ringway.runtime.bus import Bus
from ringway.runtime.errors import Refused
from ringway.runtime.tasks import TaskSet
from ringway.trainer import state
from ringway.trainer.agents import Agents
from ringway.trainer.config import Settings
from ringway.trainer.core.persona import InvalidScenario
from ringway.trainer.endpoint import address_of, reachable_host, resolved
from ringway.trainer.journal import Journal
from ringway.trainer.media import Pacer
from ringway.trainer.state import KnownAgent, TenantScenario, TrainerState
from ringway.trainer.trunk import Trunk

_log = logging.getLogger("ringway.trainer")


class Trainer:
    """One trunk and many agents. Open it with :meth:`open`."""

    def __init__(self, trunk: Trunk, state_path: Path) -> None:
        self.trunk = trunk
        self.agents: Agents
        self._state_path = state_path
        self._scenarios: dict[str, TenantScenario] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings) -> AsyncIterator[Trainer]:
        """Open the trunk, and go on with what was running when the last process ended.

        Raises:
            OSError: The trunk's port is taken, the folder cannot be written, or nobody knows the
                registrar's name.
        """
        folder = settings.state_dir
        registrar = await resolved(address_of(settings.sip_registrar))
        host = settings.trunk_host
        advertised = settings.advertised_host or reachable_host(host, registrar)
        async with AsyncExitStack() as stack:
            pacer = await stack.enter_async_context(Pacer.running())
            trunk = await stack.enter_async_context(
                Trunk.open(
                    folder / "trunk.jsonl",
                    host=host,
                    port=settings.trunk_port,
                    advertised=advertised,
                    pacer=pacer,
                )
            )
            journal = Journal(folder / "agents.jsonl")
            stack.callback(journal.close)
            tasks = await stack.enter_async_context(TaskSet("agents"))
            trainer = cls(trunk, folder / "state.json")
            trainer.agents = Agents(
                registrar, pacer, journal, tasks, host=host, advertised=advertised,
                changed=trainer._save,
            )  # fmt: skip
            await trainer._resume()
            yield trainer

    async def attach(self, bus: Bus) -> None:
        """Answer the trainer's requests on the bus."""
        await bus.respond(PutScenarioV1, self.put_scenario)
        await bus.respond(StartAgentsV1, self.start_agents)
        await bus.respond(StopAgentsV1, self.stop_agents)
        await bus.respond(GetAgentsV1, self.get_agents)
        await bus.respond(GetTrunkLogV1, self.get_trunk_log)

    async def put_scenario(self, request: PutScenarioV1) -> Done:
        """Replace the tenant's scenario."""
        try:
            self.trunk.put_scenario(request.tenant, request.rules, request.seed)
        except InvalidScenario as wrong:
            raise Refused("scenario_invalid", str(wrong)) from wrong
        self._scenarios.pop(request.tenant, None)
        self._scenarios[request.tenant] = TenantScenario(
            tenant=request.tenant, rules=request.rules, seed=request.seed
        )
        self._save()
        return Done()

    async def start_agents(self, request: StartAgentsV1) -> Done:
        """Start simulated agents."""
        await self.agents.start(request.tenant, request.agents)
        return Done()

    async def stop_agents(self, request: StopAgentsV1) -> Done:
        """Stop simulated agents."""
        await self.agents.stop(request.tenant, request.agent_ids)
        return Done()

    async def get_agents(self, request: GetAgentsV1) -> SimulatedAgentsV1:
        """Tell how the tenant's agents do."""
        return SimulatedAgentsV1(agents=tuple(self.agents.statuses(request.tenant)))

    async def get_trunk_log(self, request: GetTrunkLogV1) -> TrunkLogV1:
        """Count the calls in the trunk's log; the log is one for all tenants."""
        counts = self.trunk.counts
        return TrunkLogV1(
            path=str(self.trunk.log_path.resolve()),
            invites=counts.invites,
            answered=counts.answered,
            in_progress=counts.in_progress,
        )

    async def _resume(self) -> None:
        known = state.load(self._state_path)
        for scenario in known.scenarios:
            self.trunk.put_scenario(scenario.tenant, scenario.rules, scenario.seed)
            self._scenarios[scenario.tenant] = scenario
        for tenant in dict.fromkeys(agent.tenant for agent in known.agents):
            own = [each for each in known.agents if each.tenant == tenant]
            ports = {each.agent.agent_id: each.port for each in own}
            await self.agents.start(tenant, [each.agent for each in own], ports)
        if known.agents or known.scenarios:
            _log.info(
                "Going on with what was running.",
                extra={"agents": len(known.agents), "scenarios": len(known.scenarios)},
            )

    def _save(self) -> None:
        running = self.agents.running.items()
        state.save(
            self._state_path,
            TrainerState(
                scenarios=tuple(self._scenarios.values()),
                agents=tuple(
                    KnownAgent(tenant=tenant, agent=agent.settings, port=agent.port)
                    for (tenant, _), agent in running
                ),
            ),
        )
