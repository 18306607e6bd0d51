"""Traces: OpenTelemetry, exported by OTLP when an endpoint is configured, else free of cost.

The trace context travels in message headers (W3C ``traceparent``), so a trace follows an
interaction through HTTP, NATS, SQL and ARI.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

_provider: TracerProvider | None = None


def configure(service: str, otlp_endpoint: str | None) -> None:
    """Export spans to ``otlp_endpoint`` (OTLP over HTTP, such as ``http://host:4318``).

    ``None`` leaves tracing off; spans then cost next to nothing.
    """
    global _provider
    if otlp_endpoint is None:
        return
    # Imported late: it brings an HTTP client that most installations never use.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(endpoint=f"{otlp_endpoint.rstrip('/')}/v1/traces")
    _provider = TracerProvider(resource=Resource.create({"service.name": f"ringway-{service}"}))
    _provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(_provider)


def shutdown() -> None:
    """Send what is still buffered."""
    if _provider is not None:
        _provider.shutdown()


def tracer(name: str) -> trace.Tracer:
    """Return the tracer of one module; ``name`` is usually ``ringway.<service>``."""
    return trace.get_tracer(name)


def inject(headers: MutableMapping[str, str]) -> None:
    """Write the current trace context into message headers, if there is one."""
    if trace.get_current_span().get_span_context().is_valid:
        propagate.inject(headers)


def extract(headers: Mapping[str, str] | None) -> Context:
    """Return the trace context that a message carries; empty when it carries none."""
    return propagate.extract(headers or {})


def server_span(
    tracer: trace.Tracer, name: str, headers: Mapping[str, str]
) -> AbstractContextManager[trace.Span]:
    """Open the span of a request, in the trace that its headers carry.

    Where they carry none and spans are not exported, there is nothing to open.
    """
    is_off = isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    if is_off and "traceparent" not in headers:
        return nullcontext(trace.INVALID_SPAN)
    context = extract(headers)
    return tracer.start_as_current_span(name, context=context, kind=trace.SpanKind.SERVER)
