"""What an agent hears who asks for a lead that is taken back while it is being read for him."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from tests.support.waiting import eventually

from ringway.dialer import previews
from ringway.dialer.core import messages as m
from ringway.dialer.core.messages import PreviewEnd
from ringway.dialer.model import Attempt
from ringway.dialer.previews import Previews
from ringway.dialer.switchboard import Line
from ringway.proto.dialer import CampaignMode
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown, Refused
from ringway.runtime.tasks import TaskSet

pytestmark = pytest.mark.unit


class _Parts:
    """A database that answers nobody."""

    def __init__(self) -> None:
        self.is_asked = False
        self.pool = self

    @asynccontextmanager
    async def tenant(self, tenant_id: UUID) -> AsyncIterator[None]:
        self.is_asked = True
        await asyncio.Event().wait()
        yield


class _Runner:
    """A campaign that gives whoever asks the only lead."""

    def __init__(self, parts: _Parts, tasks: TaskSet) -> None:
        self.tenant_id = uuid4()
        self.core = SimpleNamespace(spec=SimpleNamespace(preview=None))
        self.previews = Previews(cast(Any, self), cast(Any, parts))
        attempt = Attempt(
            tenant=str(self.tenant_id), attempt_id=uuid4(), interaction_id=uuid4(),
            campaign_id="c", list_id="l", lead_id="lead", attempt_no=1, phone_e164="+40215000001",
            caller_id=None, mode=CampaignMode.MANUAL, trunk_id="t", node="ast-0",
            claimed_at=utcnow(),
        )  # fmt: skip
        self.line = Line(attempt, self.post)
        self._tasks = tasks

    def spawn(self, coro: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.spawn(coro, name=name)

    def post(self, event: Any) -> None:
        attempt_id = self.line.attempt_id
        self.previews.show(self.line, m.ShowPreview(attempt_id, event.agent_id, 30))
        self.previews.told(m.Told(event.ask_id, None, attempt_id))


async def test_a_lead_that_is_taken_back_before_it_was_read_is_gone() -> None:
    parts = _Parts()
    async with TaskSet() as tasks:
        runner = _Runner(parts, tasks)
        taking = asyncio.create_task(runner.previews.take("ann", None))
        await eventually(lambda: parts.is_asked, what="the lead is being read")
        runner.previews.end(m.EndPreview(runner.line.attempt_id, "ann", PreviewEnd.WITHDRAWN))
        with pytest.raises(Refused) as refusal:
            await taking
        assert refusal.value.code == m.Refusal.PREVIEW_GONE


async def test_nobody_waits_for_ever_for_a_lead_that_nobody_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(previews, "_ANSWER_LIMIT_S", 0.2)
    async with TaskSet() as tasks:
        runner = _Runner(_Parts(), tasks)
        with pytest.raises(DependencyDown):
            async with asyncio.timeout(10):
                await runner.previews.take("ann", None)
