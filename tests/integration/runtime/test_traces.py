"""One trace follows a request, the fact it causes, and the consumer of that fact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.support.bus import ask, running, status
from tests.support.nats import NatsServer

from ringway.proto.acd import AgentStatusV1, GetAgentV1, InteractionEndedV1
from ringway.runtime.bus import FactWriter
from ringway.runtime.telemetry import tracer

pytestmark = pytest.mark.integration

MakeFact = Callable[..., InteractionEndedV1]


@pytest.fixture(scope="module")
def spans() -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


async def test_one_trace_follows_an_interaction(
    nats: NatsServer, tenant: str, ended: MakeFact, spans: InMemorySpanExporter
) -> None:
    consumed: asyncio.Queue[str] = asyncio.Queue()

    async with nats.bus("acd") as acd, nats.bus("crm_api") as crm:
        writer = FactWriter(acd)

        async def answer(question: GetAgentV1) -> AgentStatusV1:
            writer.put(ended("i1"))
            return status(question.agent_id)

        async def project(fact: InteractionEndedV1) -> None:
            consumed.put_nowait(f"{trace.get_current_span().get_span_context().trace_id:032x}")

        await acd.respond(GetAgentV1, answer)
        worker = crm.consume("projector", [InteractionEndedV1], project)
        async with running(writer.run(), worker):
            with tracer("test").start_as_current_span("a click") as click:
                await crm.request(ask(tenant), AgentStatusV1)
            trace_id = await consumed.get()
    assert trace_id == f"{click.get_span_context().trace_id:032x}"
    of_trace = {
        s.name
        for s in spans.get_finished_spans()
        if s.context and s.context.trace_id == click.get_span_context().trace_id
    }
    assert of_trace == {
        "a click",
        "request GetAgentV1",
        "acd get_agent",
        "projector InteractionEndedV1",
    }
