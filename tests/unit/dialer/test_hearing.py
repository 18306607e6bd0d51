"""Listening to calls: what is known of one stays known, whatever fails afterwards."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from tests.support.waiting import eventually

from ringway.dialer.core.listening import Answerer
from ringway.dialer.hearing import Hearing
from ringway.dialer.listener import Listener
from ringway.dialer.model import Attempt
from ringway.dialer.switchboard import Line
from ringway.proto.dialer import CampaignMode
from ringway.proto.dialer_spec import AmdEngine, AmdRule, OnMachine
from ringway.runtime.ari import AriDown, StasisStart
from ringway.runtime.clock import utcnow

pytestmark = pytest.mark.unit

RULE = AmdRule(
    enabled=True, engine=AmdEngine.ASTERISK, on_machine=OnMachine.MESSAGE, message=("goodbye",)
)


class _Node:
    """Its AMD() hears a machine; then it is lost."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self.snoops: list[str] = []

    def tell(self, *args: str) -> None:
        snoop = cast(Any, SimpleNamespace(id=self.snoops[0]))
        event = StasisStart(at=utcnow(), channel=snoop, args=args)
        self._hearing.on_event("ast-0", event)

    async def snoop(self, channel: str, snoop: str, **_: str) -> None:
        self.snoops.append(snoop)
        self.tell()

    async def continue_(self, snoop: str, context: str, *_: object) -> None:
        if context != "amd":
            raise AriDown("the node is lost")
        self.tell("amd", "MACHINE", "LONGGREETING-1500-1500")

    async def hangup(self, snoop: str) -> None:
        """It has gone."""


async def test_a_machine_is_still_one_when_its_beep_cannot_be_listened_for() -> None:
    attempt = Attempt(
        tenant=str(uuid4()), attempt_id=uuid4(), interaction_id=uuid4(), campaign_id="c",
        list_id="l", lead_id="lead", attempt_no=1, phone_e164="+40215000001", caller_id=None,
        mode=CampaignMode.PROGRESSIVE, trunk_id="t", node="ast-0", claimed_at=utcnow(),
    )  # fmt: skip
    events: list[Any] = []
    line, hearing = Line(attempt, events.append), Hearing(Listener("127.0.0.1:1"), "dialer-0")
    node = _Node(hearing)
    board = cast(Any, SimpleNamespace(node=lambda line: node))
    async with asyncio.timeout(10):
        await hearing.listen(line, board, RULE)
    await eventually(lambda: bool(events), what="it is told who answered")
    assert [event.answerer for event in events] == [Answerer.MACHINE]
    assert line.answerer is Answerer.MACHINE
