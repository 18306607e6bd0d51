"""The far end of the SIP trunk: simulated customers, and the log of what reached them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import Counter, Gauge

from ringway.proto.trainer import PersonaRule
from ringway.runtime.tasks import TaskSet
from ringway.trainer.core.events import Confirmed, Ended, Event, Incoming, MediaChanged
from ringway.trainer.core.persona import Plan, Scenario
from ringway.trainer.core.transaction import Address, TimerValues
from ringway.trainer.endpoint import SipEndpoint
from ringway.trainer.journal import Journal, read_journal
from ringway.trainer.media import MediaSession, Pacer
from ringway.trainer.trunk_call import TrunkCall
from ringway.trainer.waiting import probe_quiet_calls, until

_log = logging.getLogger("ringway.trainer.trunk")

_calls_total = Counter("ringway_trunk_calls", "Calls that ended, by persona and status.",
                       ["persona", "status"])  # fmt: skip
_calls_open = Gauge("ringway_trunk_calls_open", "Calls in progress.")
# Long after any caller gives up; a caller that was killed never cancels.
_RING_LIMIT_S = 300.0
# A switch that died between our answer and its ACK is not waited for half a minute.
_TIMERS = TimerValues(ack_limit_s=8.0)


@dataclass(frozen=True, slots=True)
class Counts:
    """Calls in the log."""

    invites: int
    answered: int
    in_progress: int


class Trunk:
    """Answers every call that arrives as its number's persona would."""

    def __init__(self, journal: Journal, host: str, advertised: str) -> None:
        self.calls: dict[str, TrunkCall] = {}  # open ones, by handle
        self._journal = journal
        self._host = host
        self._advertised = advertised
        self._scenarios: dict[str, Scenario] = {}  # by tenant, the latest put last
        self._invited: set[str] = set()
        self._answered: set[str] = set()
        self._is_stopping = False
        self._endpoint: SipEndpoint
        self._pacer: Pacer
        self._tasks: TaskSet
        for record in read_journal(journal.path):
            self._invited.add(str(record.get("call_id")))
            if record.get("answered_at"):
                self._answered.add(str(record.get("call_id")))

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        log_path: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        advertised: str = "",
        pacer: Pacer | None = None,
    ) -> AsyncIterator[Trunk]:
        """Open the trunk; closing it hangs up its calls.

        Args:
            log_path: Where calls are written, one JSON object a line.
            port: Its SIP port; 0 takes any.
            advertised: The host others reach it at, when it is not ``host``.

        Raises:
            OSError: The port is taken, or the log cannot be written.
        """
        async with AsyncExitStack() as stack:
            journal = Journal(log_path)
            stack.callback(journal.close)
            trunk = cls(journal, host, advertised)
            if pacer is None:
                pacer = await stack.enter_async_context(Pacer.running())
            trunk._pacer = pacer
            trunk._endpoint = await stack.enter_async_context(
                SipEndpoint.open(host, port, trunk._on_event, advertised=advertised, timers=_TIMERS)
            )
            trunk._tasks = await stack.enter_async_context(TaskSet("trunk"))
            trunk._tasks.spawn(probe_quiet_calls(trunk._endpoint, trunk.calls.values), name="probe")
            stack.callback(trunk._hang_up_all)
            yield trunk

    @property
    def address(self) -> Address:
        """Where calls are sent to."""
        return self._endpoint.local

    @property
    def log_path(self) -> Path:
        """The file of :meth:`records`."""
        return self._journal.path

    @property
    def now(self) -> float:
        """Seconds on the loop's clock, like the times of calls."""
        return self._endpoint.now

    @property
    def counts(self) -> Counts:
        """The log in numbers, from its first line on, also across restarts."""
        return Counts(len(self._invited), len(self._answered), len(self.calls))

    def put_scenario(self, tenant: str, rules: tuple[PersonaRule, ...], seed: int = 1) -> None:
        """Replace one tenant's rules. Where tenants' patterns overlap the latest put decides.

        Raises:
            InvalidScenario: A pattern or its weights are wrong; the old rules stay.
        """
        scenario = Scenario(rules, seed=seed)
        self._scenarios.pop(tenant, None)
        self._scenarios[tenant] = scenario

    def records(self, event: str = "end") -> list[dict[str, Any]]:
        """The lines of the log of one kind: ``invite`` or ``end``."""
        return [record for record in read_journal(self.log_path) if record.get("event") == event]

    async def until(
        self, condition: Callable[[], bool], within_s: float = 10, what: str = ""
    ) -> None:
        """Wait for a condition on this trunk.

        Raises:
            TimeoutError: It did not become true; tells ``what``.
        """
        await until(condition, within_s, what)

    def plan(self, number: str) -> Plan:
        """What the customer with this number does."""
        for scenario in reversed(self._scenarios.values()):
            if scenario.matches(number):
                return scenario.plan(number)
        return Scenario(()).plan(number)

    # -- inside -----------------------------------------------------------------------------------

    def _on_event(self, event: Event) -> None:
        match event:
            case Incoming():
                self._arrived(event)
            case Confirmed(handle):
                call = self.calls.get(handle)
                if call is not None:
                    call.acknowledged_at = self.now
            case MediaChanged(handle, media, remote):
                call = self.calls.get(handle)
                if call is not None and call.session is not None:
                    call.session.connect(media, remote)
            case Ended(handle):
                call = self.calls.pop(handle, None)
                if call is not None:
                    self._over(call, event)
            case _:
                pass

    def _arrived(self, event: Incoming) -> None:
        plan = self.plan(event.number)
        call = TrunkCall(event.call, event.call_id, event.number, event.caller, plan, self.now)
        self.calls[event.call] = call
        _calls_open.inc()
        # Written before anything is answered: a caller that got an answer is in the log.
        self._journal.write(call.arrival())
        self._invited.add(event.call_id)
        agent = self._endpoint.agent
        if event.problem:
            self._endpoint.do(agent.refuse(event.call, self.now, 488))
        elif plan.refuse_with is not None and not plan.rings:
            self._endpoint.do(agent.refuse(event.call, self.now, plan.refuse_with))
        else:
            self._endpoint.do(agent.ring(event.call, self.now, 100))
            self._tasks.spawn(self._play(call), name=f"customer {event.number}")

    async def _play(self, call: TrunkCall) -> None:
        session = call.session = await MediaSession.open(self._host, self._advertised)
        try:
            await self._ring(call, session)
            if call.plan.refuse_with is not None:
                refusal = self._endpoint.agent.refuse(call.handle, self.now, call.plan.refuse_with)
                self._endpoint.do(refusal)
            elif call.plan.ring_s is None:
                self._endpoint.do(self._endpoint.agent.refuse(call.handle, self.now, 480))
            else:
                await self._talk(call, session)
            await call.over.wait()
        finally:
            if call.ended is None:  # a fault of ours: no call is left hanging
                self._endpoint.do(self._endpoint.agent.hang_up(call.handle, self.now))
            self._pacer.remove(session)
            session.close()

    async def _ring(self, call: TrunkCall, session: MediaSession) -> None:
        agent, plan = self._endpoint.agent, call.plan
        if call.ended is not None:
            return
        if plan.early_media:
            self._endpoint.do(agent.ring(call.handle, self.now, 183, session.description))
            self._connect(call, session)
            session.talker.say(plan.early_script, repeat=True)
            self._pacer.add(session)
        else:
            self._endpoint.do(agent.ring(call.handle, self.now))
        call.ringing_at = self.now
        await self._pause(call, _RING_LIMIT_S if plan.ring_s is None else plan.ring_s)

    async def _talk(self, call: TrunkCall, session: MediaSession) -> None:
        agent, plan = self._endpoint.agent, call.plan
        if call.ended is not None:
            return
        session.talker.say(plan.script)
        call.answered_at = self.now
        session.listener.answered()
        self._endpoint.do(agent.answer(call.handle, self.now, session.description))
        if call.ended is not None:  # no codec in common
            call.answered_at = None
            return
        self._answered.add(call.call_id)
        self._connect(call, session)
        self._pacer.add(session)
        if plan.keys:
            await self._pause(call, plan.keys_after_s)
            session.talker.press(plan.keys)
        if plan.hang_up_after_s is None:
            await call.over.wait()
        else:
            await self._pause(call, call.answered_at + plan.hang_up_after_s - self.now)
        self._endpoint.do(agent.hang_up(call.handle, self.now))

    def _connect(self, call: TrunkCall, session: MediaSession) -> None:
        agreed = self._endpoint.agent.media_of(call.handle)
        if agreed is not None and agreed[1] is not None:
            session.connect(agreed[0], agreed[1])

    async def _pause(self, call: TrunkCall, seconds: float) -> None:
        """Let time pass, or the call end."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await call.over.wait()
        except TimeoutError:
            pass

    def _over(self, call: TrunkCall, ended: Ended) -> None:
        if ended.status != 200:
            call.answered_at = None
        call.end(ended, self.now, is_shutdown=self._is_stopping)
        _calls_open.dec()
        _calls_total.labels(call.plan.persona, ended.status).inc()
        self._journal.write(call.summary())
        _log.info(
            "A call on the trunk ended.",
            extra={
                "pii_number": call.number,
                "persona": call.plan.persona,
                "status": ended.status,
                "ended_by": call.ended_by,
                "sip_call_id": call.call_id,
            },
        )

    def _hang_up_all(self) -> None:
        self._is_stopping = True
        for handle in tuple(self.calls):
            self._endpoint.do(self._endpoint.agent.hang_up(handle, self.now))
