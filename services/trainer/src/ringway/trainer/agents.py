"""Simulated agents: a SIP phone each, and a console for those who have one."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

from ringway.proto.trainer import SimulatedAgent, SimulatedAgentStatus
from ringway.runtime.tasks import TaskSet
from ringway.trainer.console import Console
from ringway.trainer.core.call import EndedBy
from ringway.trainer.core.transaction import Address
from ringway.trainer.journal import Journal, iso, tones_heard
from ringway.trainer.media import Pacer
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import PhoneCall

_log = logging.getLogger("ringway.trainer.agents")

_ENDED_BY = {EndedBy.US: "agent", EndedBy.PEER: "platform", EndedBy.FAULT: "fault"}
_RETRY_S = 1.0
_SAVE_AFTER_S = 0.2

AgentKey = tuple[str, str]  # tenant, agent_id


@dataclass(slots=True)
class RunningAgent:
    """One simulated agent and what is known about him."""

    tenant: str
    settings: SimulatedAgent
    port: int = 0  # of his phone; kept over restarts, so old SIP contacts stay right
    phone: Phone | None = None
    console: Console | None = None
    calls: int = 0
    error: str = ""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    @property
    def status(self) -> SimulatedAgentStatus:
        """How he does."""
        phone, console = self.phone, self.console
        errors = [self.error]
        errors += [phone.last_error] if phone is not None else []
        errors += [console.last_error] if console is not None and not console.is_signed_in else []
        return SimulatedAgentStatus(
            agent_id=self.settings.agent_id,
            registered=phone is not None and phone.is_registered,
            signed_in=console is not None and console.is_signed_in,
            calls=self.calls if console is None else console.interactions,
            last_error=next((error for error in errors if error), ""),
        )


class Agents:
    """All simulated agents of this process.

    Args:
        registrar: Where their phones register.
        changed: Called when the set of agents, or a phone's port, is another.
    """

    def __init__(
        self,
        registrar: Address,
        pacer: Pacer,
        journal: Journal,
        tasks: TaskSet,
        *,
        host: str = "127.0.0.1",
        advertised: str = "",
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.running: dict[AgentKey, RunningAgent] = {}
        self._registrar = registrar
        self._pacer = pacer
        self._journal = journal
        self._tasks = tasks
        self._host = host
        self._advertised = advertised
        self._changed = changed
        self._saving: asyncio.TimerHandle | None = None

    async def start(
        self, tenant: str, agents: Iterable[SimulatedAgent], ports: dict[str, int] | None = None
    ) -> None:
        """Start agents; one who runs already goes on, unless he is to be different now."""
        known = ports or {}
        for settings in agents:
            key = (tenant, settings.agent_id)
            old = self.running.get(key)
            if old is not None and old.settings == settings:
                continue
            if old is not None:
                await self._end(old)
            port = old.port if old is not None else known.get(settings.agent_id, 0)
            agent = RunningAgent(tenant, settings, port)
            self.running[key] = agent
            name = f"agent {settings.agent_id}"
            agent.task = self._tasks.spawn(self._live(agent), name=name)
        self._changed()

    async def stop(self, tenant: str, agent_ids: Iterable[str] = ()) -> None:
        """Let agents go home: sign out, hang up, unregister. No ids: all of the tenant."""
        wanted = set(agent_ids)
        leaving = [
            agent
            for (of_tenant, agent_id), agent in self.running.items()
            if of_tenant == tenant and (not wanted or agent_id in wanted)
        ]
        for agent in leaving:
            del self.running[tenant, agent.settings.agent_id]
        await asyncio.gather(*(self._end(agent) for agent in leaving))
        self._changed()

    def statuses(self, tenant: str) -> list[SimulatedAgentStatus]:
        """How the agents of one tenant do."""
        return [agent.status for (of, _), agent in self.running.items() if of == tenant]

    def _note_port(self) -> None:
        """Many phones start at once: their ports are saved together, a moment later."""
        if self._saving is None or self._saving.when() < asyncio.get_running_loop().time():
            self._saving = asyncio.get_running_loop().call_later(_SAVE_AFTER_S, self._changed)

    async def _end(self, agent: RunningAgent) -> None:
        agent.stop.set()
        if agent.task is not None:
            await asyncio.wait([agent.task])

    async def _live(self, agent: RunningAgent) -> None:
        while not agent.stop.is_set():
            try:
                await self._work(agent)
            except OSError as error:  # the port of old is taken meanwhile
                agent.error, agent.port = str(error), 0
                with suppress(TimeoutError):
                    async with asyncio.timeout(_RETRY_S):
                        await agent.stop.wait()

    async def _work(self, agent: RunningAgent) -> None:
        settings = agent.settings
        async with AsyncExitStack() as stack:
            phone = await stack.enter_async_context(
                Phone.open(
                    settings.sip_username,
                    settings.sip_password,
                    registrar=self._registrar,
                    host=self._host,
                    port=agent.port,
                    tone_hz=settings.tone_hz,
                    answer_after_s=settings.answer_after_s,
                    pacer=self._pacer,
                    on_ended=lambda call: self._note(agent, call),
                    advertised=self._advertised,
                )
            )
            agent.phone, agent.error = phone, ""
            if agent.port != phone.address[1]:
                agent.port = phone.address[1]
                self._note_port()
            phone.keep_registered()
            tasks = await stack.enter_async_context(TaskSet("agent"))
            if settings.api_url:
                agent.console = console = Console(settings, phone, self._journal)
                tasks.spawn(console.run(), name=f"console {settings.agent_id}")
            elif settings.talk_s is not None:
                tasks.spawn(_hang_up_in_time(phone, settings.talk_s), name="talk limit")
            await agent.stop.wait()
            await tasks.cancel()
            if agent.console is not None:
                await agent.console.sign_out()

    def _note(self, agent: RunningAgent, call: PhoneCall) -> None:
        """Write down a phone call that is over."""
        agent.calls += call.answered_at is not None
        if agent.console is not None:
            agent.console.phone_changed()
        heard, answered = call.listener, call.answered_at
        self._journal.write(
            {
                "event": "call",
                "tenant": agent.tenant,
                "agent_id": agent.settings.agent_id,
                "sip_username": agent.settings.sip_username,
                "from": call.number,
                "invite_at": iso(call.began_at),
                "answered_at": iso(answered),
                "ended_at": iso(call.ended_at),
                "ended_by": None if call.ended_by is None else _ENDED_BY[call.ended_by],
                "q850": None if call.ended is None else call.ended.q850,
                "tone_hz": agent.settings.tone_hz,
                "rtp_sent": 0 if call.session is None else call.session.talker.sent,
                "rtp_received": 0 if heard is None else heard.packets,
                "rtp_lost": 0 if heard is None else heard.lost,
                "tones_heard": []
                if heard is None or answered is None
                else tones_heard(heard.tones.spans(), answered),
                "dtmf_received": call.keys,
            }
        )


async def _hang_up_in_time(phone: Phone, talk_s: tuple[float, float]) -> None:
    """End each call of a phone without a console after its time."""
    async with TaskSet("talk limit") as tasks:
        while True:
            call = await phone.next_call(within_s=None)
            tasks.spawn(_hang_up_after(call, random.uniform(*sorted(talk_s))), name="hang up")


async def _hang_up_after(call: PhoneCall, talk_s: float) -> None:
    with suppress(TimeoutError):
        await call.until_answered(within_s=120)
        await asyncio.sleep(talk_s)
        call.hang_up()
