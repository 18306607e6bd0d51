"""A contact centre that customers call: what tests of routes, queues and voicemail speak of."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.acd_centre import AcdCentre, acd_centre
from tests.support.nats import NatsServer
from tests.support.postgres import Database
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_config as c
from ringway.proto.acd_calls import QueueFiguresV1
from ringway.proto.acd_voicemail import VoicemailWaitingV1
from ringway.proto.base import Presence
from ringway.runtime.clock import utcnow
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import PhoneCall

_CUSTOMERS = itertools.count(1)


@dataclass
class FrontCentre:
    """One centre for a module's tests; each uses numbers, queues and agents of its own."""

    acd: AcdCentre
    shown: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ways: dict[str, str] = field(default_factory=dict)  # numbers that several tests call
    _callers: dict[str, str] = field(default_factory=dict)  # who called a number last
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1001))

    async def put(self, kind: c.ConfigKind, object_id: str, **body: Any) -> None:
        """Configure one object."""
        request = c.PutConfigV1(
            occurred_at=utcnow(),
            tenant=self.acd.tenant,
            kind=kind,
            object_id=object_id,
            body=body,
        )
        await self.acd.bus.request(request, c.ConfigV1, timeout_s=15)

    async def route(self, target: dict[str, Any], **body: Any) -> str:
        """Let a number of its own lead to a target; returns the number."""
        n = next(_CUSTOMERS)
        did = f"+8621500{n:05}"
        await self.put("inbound_route", f"r{n}", name=f"route {n}", did=did, target=target, **body)
        return did

    async def queue(self, queue_id: str, *agents: str, **body: Any) -> str:
        """Make a queue of these agents and a number that leads to it; returns the number."""
        quiet = {"position": False, "expected_wait": False}
        fields = {"announcements": quiet, "after_call_s": 0.2, **body}
        await self.put("queue", queue_id, name=queue_id, agent_ids=agents, **fields)
        return await self.route({"kind": "queue", "value": queue_id})

    async def call(self, did: str, caller: str = "") -> PhoneCall:
        """Have a customer call a number."""
        if caller:
            self._callers.pop(did, None)
        else:
            caller = self._callers[did] = f"+86138{next(_CUSTOMERS):08}"
        port = self.acd.asterisk.sip_port
        return await self.acd.customer.call(f"sip:{did}@127.0.0.1:{port}", caller=caller)

    async def agent(
        self, agent: str, mode: p.LegMode = p.LegMode.NAILED_UP, **options: Any
    ) -> Phone:
        """Have an agent signed in and ready."""
        return await self.acd.ready_agent(agent, str(next(self._numbers)), mode, **options)

    async def ready(self, agent: str, *, ready: bool = True) -> None:
        await self.acd.ask(
            p.SetAgentStateV1, p.AgentStatusV1, agent_id=agent, ready=ready, reason="break"
        )

    async def sign_out(self, agent: str) -> None:
        await self.acd.ask(p.SignOutV1, p.AgentStatusV1, agent_id=agent)

    def told(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        """Return every fact of a kind with these fields, in order."""
        return [
            data
            for subject, data in self.acd.facts
            if subject.endswith(f".{event}")
            and all(data.get(name) == value for name, value in fields.items())
        ]

    async def until_told(self, event: str, within_s: float = 20, **fields: Any) -> dict[str, Any]:
        """Wait for a fact and return it."""
        what = lambda: f"{event} {fields}; told: {[s for s, _ in self.acd.facts][-12:]}"  # noqa: E731
        await eventually(lambda: bool(self.told(event, **fields)), within_s=within_s, what=what)
        return self.told(event, **fields)[0]

    async def rings_outside(self, within_s: float = 20) -> PhoneCall:
        """Wait for a call to the outside phone; those that ended before are none."""
        while (call := await self.acd.customer.next_call(within_s)).is_over:
            pass
        return call

    async def started(self, did: str) -> str:
        """Return the interaction of the last call to a number."""
        # The fact may come a moment after the answer: that of a call before is not meant.
        fields: dict[str, Any] = {"called": did}
        if did in self._callers:
            fields["caller"] = self._callers[did]
        await self.until_told("started", **fields)
        return str(self.told("started", **fields)[-1]["interaction_id"])

    async def until_shown(self, noun: str, within_s: float = 20, **fields: Any) -> dict[str, Any]:
        """Wait for a presence message with these fields and return it."""

        def found() -> list[dict[str, Any]]:
            return [
                data
                for subject, data in self.shown
                if subject.endswith(f".{noun}")
                and all(data.get(name) == value for name, value in fields.items())
            ]

        shown = lambda: f"{noun} {fields}, not {self.shown[-3:]}"  # noqa: E731
        await eventually(lambda: bool(found()), within_s=within_s, what=shown)
        return found()[-1]

    async def until_sounds(self, call: PhoneCall, within_s: float = 15) -> None:
        """Wait until the caller hears something that is not silence, from now on."""
        listener = call.listener
        assert listener is not None
        listener.first_sound_at = None
        await eventually(
            lambda: listener.first_sound_at is not None, within_s=within_s, what="sound"
        )

    async def until_packets(self, call: PhoneCall, within_s: float = 15) -> None:
        """Wait until the caller was sent half a second of whatever it is."""
        listener = call.listener
        assert listener is not None
        packets = listener.packets
        await eventually(lambda: listener.packets > packets + 25, within_s=within_s, what="audio")

    async def until_nothing_is_left(self, *, legs: int = 0, within_s: float = 20) -> None:
        """Wait until there is no channel but the agents' legs, and no room but theirs."""
        seen: list[str] = []

        async def is_so() -> bool:
            channels = [x.id for x in await self.acd.node.get_channels()]
            bridges = [
                b.id for b in await self.acd.node.get_bridges() if b.bridge_type != "holding"
            ]
            seen[:] = [*channels, *bridges]
            return len(channels) == legs and len(bridges) == legs

        await eventually(is_so, within_s=within_s, what=lambda: f"nothing but {legs} of {seen}")


@asynccontextmanager
async def front_centre(
    folder: Path, database: Database, nats: NatsServer, **how: Any
) -> AsyncIterator[FrontCentre]:
    """Start everything; the customers stand behind trunk ``t1``. ``how``: see acd_centre."""
    async with acd_centre(folder, database, nats, **how) as centre:
        front = FrontCentre(centre)

        async def on_presence(message: Presence) -> None:
            front.shown.append((message.subject, message.model_dump(mode="json")))

        for kind in (QueueFiguresV1, VoicemailWaitingV1, p.AgentPresenceV1):
            await centre.bus.subscribe(kind, on_presence)
        yield front
