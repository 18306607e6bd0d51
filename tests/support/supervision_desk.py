"""Supervisors of supervision tests: a phone, a group, and whether a talk was disturbed."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.call_desk import Agent, Desk
from tests.support.standstill import Standstill
from tests.support.waiting import eventually

from ringway.proto import acd_calls as calls
from ringway.proto.acd_config import ConfigV1, MonitorGroup, PutConfigV1, SupervisionMode
from ringway.proto.base import Done
from ringway.runtime.clock import utcnow
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import PhoneCall

SUE_HZ = 1450.0
_DISTURBED_S = 0.4  # four windows of the tone's measure: a busy machine drops some by itself
_numbers = itertools.count(7001)


async def seat(desk: Desk, hz: float = SUE_HZ, *, register: bool = True, **kwargs: Any) -> Agent:
    """Have one more phone with an account, whose owner is not signed in as an agent."""
    number = str(next(_numbers))
    supervisor_id = f"supervisor-{number}"
    account = await desk.centre.account(supervisor_id, number)
    phone = await desk.stack.enter_async_context(
        Phone.open(
            account.sip_username,
            account.sip_password or "",
            **{"registrar": desk.centre.sip, "tone_hz": hz, **kwargs},
        )
    )
    if register:
        await phone.register()
    return Agent(supervisor_id, number, hz, phone)


async def group(
    desk: Desk,
    supervisor: Agent,
    *agents: Agent,
    allowed: tuple[SupervisionMode, ...] = tuple(SupervisionMode),
) -> str:
    """Put agents into the supervisor's group."""
    group_id = f"group-{supervisor.number}"
    body = MonitorGroup(
        name=group_id,
        agent_ids=tuple(a.agent_id for a in agents),
        supervisor_ids=(supervisor.agent_id,),
        allowed=allowed,
    )
    put = PutConfigV1(
        occurred_at=utcnow(),
        tenant=desk.centre.tenant,
        kind="monitor_group",
        object_id=group_id,
        body=body.model_dump(mode="json"),
    )
    await desk.centre.bus.request(put, ConfigV1, timeout_s=15)
    return group_id


async def supervise(
    desk: Desk, supervisor: Agent, mode: SupervisionMode, agent: Agent, **fields: Any
) -> None:
    """Ask for one act."""
    request = calls.SuperviseV1(
        occurred_at=utcnow(),
        tenant=fields.pop("tenant", desk.centre.tenant),
        supervisor_id=supervisor.agent_id,
        agent_id=agent.agent_id,
        mode=mode,
        **fields,
    )
    await desk.centre.bus.request(request, Done, timeout_s=30)


async def stop(desk: Desk, supervisor: Agent) -> None:
    await desk.centre.ask(calls.StopSupervisionV1, Done, supervisor_id=supervisor.agent_id)


async def watched(desk: Desk, supervisor: Agent, **fields: Any) -> tuple[calls.WatchedAgent, ...]:
    reply = await desk.centre.ask(
        calls.WatchGroupV1, calls.WatchedGroupV1, supervisor_id=supervisor.agent_id, **fields
    )
    return reply.agents


def told(desk: Desk, supervisor: Agent, event: str) -> list[dict[str, Any]]:
    """Return what was told of a supervisor so far: ``acted`` or ``ended``."""
    end = f".supervision.{supervisor.agent_id}.{event}"
    return [data for subject, data in desk.centre.facts if subject.endswith(end)]


async def until_told(
    desk: Desk, supervisor: Agent, event: str, count: int = 1
) -> list[dict[str, Any]]:
    await eventually(
        lambda: len(told(desk, supervisor, event)) >= count,
        within_s=20,
        what=f"{count} x {event} of {supervisor.agent_id}",
    )
    return told(desk, supervisor, event)


async def ears(desk: Desk) -> set[str]:
    """Return what supervision has in Asterisk: snoops, and rooms for lent phones."""
    channels = await desk.centre.node.get_channels()
    bridges = await desk.centre.node.get_bridges()
    ids = [*(c.id for c in channels), *(b.id for b in bridges)]
    return {each for each in ids if each.endswith((".w", ".l"))}


async def until_no_ears(desk: Desk) -> None:
    async def is_so() -> bool:
        return not await ears(desk)

    await eventually(is_so, within_s=20, what="nobody listens")


class Undisturbed:
    """Measures how long agent and customer did not hear each other.

    Use it as a context manager around what must not disturb them for longer than ``limit_s``,
    and what the phones themselves left out when it was not their process' turn.
    """

    def __init__(self, customer: PhoneCall, agent: Agent, limit_s: float = _DISTURBED_S) -> None:
        self._limit_s = limit_s
        self._ends = ((customer, agent.hz), (agent.leg, CUSTOMER_HZ))
        self._before: list[float] = []
        self._stood_still = Standstill()

    def __enter__(self) -> None:
        self._before = self._missing()
        self._stood_still.__enter__()

    def __exit__(self, *error: object) -> None:
        self._stood_still.__exit__(None, None, None)
        if error[0] is None:
            # Where silence begins and ends, a window of the measure is lost each time.
            spans = self._stood_still.spans
            limit_s = self._limit_s + sum(b - a + 0.2 for a, b in spans)
            for before, after in zip(self._before, self._missing(), strict=True):
                assert after - before <= limit_s, (
                    f"{after - before:.2f} s were not heard; the phones stood still at {spans}"
                )

    def _missing(self) -> list[float]:
        return [_missing_s(call, hz) for call, hz in self._ends]


def _missing_s(call: PhoneCall, hz: float) -> float:
    assert call.listener is not None
    assert call.listener.last_at is not None
    # By its last packet: at this very moment its process may have stood still.
    is_heard = call.listener.tones.is_hearing(hz, now_s=call.listener.last_at)
    silent_s = asyncio.get_running_loop().time() - call.listener.last_at
    assert is_heard, f"{hz} is not heard any more"
    assert silent_s < 1.0, f"nothing has come for {silent_s:.2f} s"
    spans = [s for s in call.listener.tones.spans() if abs(s.hz - hz) <= 8]
    within = sum(s.to_s - s.from_s - s.heard_s for s in spans)
    between = sum(b.from_s - a.to_s for a, b in itertools.pairwise(spans))
    return within + between
