"""Talks that are over, and a stand-in for Asterisk's spool, for tests of the recorder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from ringway.proto.acd import Direction, HungUpBy, InteractionDisconnectedV1
from ringway.recorder.source import HalfNotFound, NodeUnknown
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import uuid7

TENANT = UUID("11111111-1111-4111-8111-111111111111")


def disconnected(
    interaction_id: UUID | None = None,
    *,
    tenant: UUID = TENANT,
    agent_number: str = "1001",
    node: str = "ast-0",
    recorded: bool = True,
) -> InteractionDisconnectedV1:
    """Make the fact that a talk is over."""
    now = utcnow()
    interaction = str(interaction_id or uuid7())
    return InteractionDisconnectedV1(
        occurred_at=now,
        tenant=str(tenant),
        interaction_id=interaction,
        direction=Direction.OUTBOUND,
        agent_id=str(uuid4()),
        agent_number=agent_number,
        caller="+40215550100",
        called="+40722000001",
        connected_at=now,
        disconnected_at=now,
        talk_s=1.0,
        hung_up_by=HungUpBy.CUSTOMER,
        node=node,
        recording_agent=f"{interaction}.out" if recorded else "",
        recording_customer=f"{interaction}.in" if recorded else "",
    )


@dataclass
class FakeSource:
    """One Asterisk node's spool in memory. Tests change its fields to make it misbehave."""

    node: str = "ast-0"
    files: dict[str, bytes] = field(default_factory=dict)
    live: set[str] = field(default_factory=set)
    finished: list[str] = field(default_factory=list)
    failure: Exception | None = None
    """Raised by every command, for instance ``AriDown``."""
    fetch_failure: Exception | None = None
    fetches: int = 0

    @property
    def nodes(self) -> Sequence[str]:
        return (self.node,)

    async def is_live(self, node: str, name: str) -> bool:
        self._check(node)
        return name in self.live

    async def finish(self, node: str, name: str) -> None:
        self._check(node)
        self.live.discard(name)
        self.finished.append(name)

    async def fetch(self, node: str, name: str, target: Path) -> None:
        self._check(node)
        self.fetches += 1
        if self.fetch_failure is not None:
            _write(target, b"torso")
            raise self.fetch_failure
        if name not in self.files:
            raise HalfNotFound(name)
        _write(target, self.files[name])

    async def names(self, node: str) -> Sequence[str]:
        self._check(node)
        return list(self.files)

    async def delete(self, node: str, name: str) -> None:
        self._check(node)
        self.files.pop(name, None)

    def _check(self, node: str) -> None:
        if node != self.node:
            raise NodeUnknown(node)
        if self.failure is not None:
            raise self.failure


def _write(target: Path, data: bytes) -> None:
    target.write_bytes(data)
