"""The bus: typed facts, presence, requests and key-value over NATS."""

from ringway.runtime.bus.bucket import Bucket, Entry, WrongRevision
from ringway.runtime.bus.bus import Bus, StreamRange
from ringway.runtime.bus.writer import FactWriter
from ringway.runtime.errors import (
    BusDown,
    DependencyDown,
    NobodyAnswers,
    Refused,
    RequestFailed,
    RequestTimedOut,
)

__all__ = [
    "Bucket",
    "Bus",
    "BusDown",
    "DependencyDown",
    "Entry",
    "FactWriter",
    "NobodyAnswers",
    "Refused",
    "RequestFailed",
    "RequestTimedOut",
    "StreamRange",
    "WrongRevision",
]
