"""Payloads of /nodes."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from ringway.crm_api.schemas import Body, View


class DrainBody(Body):
    """How to drain a node."""

    force: bool = Field(default=False, description="Also when no other node serves.")


class NodeView(View):
    """One Asterisk node at this moment. The counts are null while it does not answer."""

    node: str
    is_connected: bool
    draining_since: datetime | None = Field(description="Null while it serves.")
    drained_by: str
    calls: int | None = Field(description="Interactions that have a channel there.")
    agent_legs: int | None = Field(description="Agents' nailed-up phones there.")
    channels: int | None = Field(description="All channels. At 0 the node can be stopped.")
