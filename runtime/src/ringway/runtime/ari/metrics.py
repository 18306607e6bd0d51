"""Prometheus metrics of the ARI client, shared by all nodes of the process."""

from __future__ import annotations

from functools import lru_cache

from prometheus_client import Counter, Gauge, Histogram

EVENTS = Counter(
    "ringway_ari_events",
    "Events received from Asterisk, by type.",
    ["node", "type"],
)
EVENT_FAULTS = Counter(
    "ringway_ari_event_faults",
    "Events that could not be parsed or whose dispatcher raised.",
    ["node", "fault"],
)
COMMANDS = Counter(
    "ringway_ari_commands",
    "Commands sent to Asterisk, by name and outcome.",
    ["node", "command", "outcome"],
)
COMMAND_SECONDS = Histogram(
    "ringway_ari_command_seconds",
    "Time from sending a command to its complete answer, in seconds.",
    ["command"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
CONNECTED = Gauge(
    "ringway_ari_connected",
    "1 while the node's events are flowing, else 0.",
    ["node"],
)
CONNECTS = Counter(
    "ringway_ari_connects",
    "Event connections established, the first one included.",
    ["node"],
)
RECONCILE_SECONDS = Histogram(
    "ringway_ari_reconcile_seconds",
    "Time from an established connection to the end of its reconcile hooks, in seconds.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)


@lru_cache(maxsize=4096)
def commands(node: str, command: str, outcome: str) -> Counter:
    """Return the counter of one kind of outcome; looking labels up each time is dear."""
    return COMMANDS.labels(node, command, outcome)


@lru_cache(maxsize=256)
def command_seconds(command: str) -> Histogram:
    """Return the latency histogram of one command."""
    return COMMAND_SECONDS.labels(command)
