"""The Asterisk nodes, as the platform's operators see them: how busy each is, and emptying one.

Only the platform's own tenant may ask; for others these requests do not exist.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field, StringConstraints

from ringway.proto.base import Model, Reply, Request

# The platform's operators are the users of the tenant of all zeros.
PLATFORM = "00000000-0000-0000-0000-000000000000"

NodeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class NodeStatus(Model):
    """One node at this moment.

    Attributes:
        is_connected: Whether it answers. The counts are None while it does not.
        draining_since: When it was asked to be emptied; None while it serves.
        drained_by: Who asked.
        calls: Interactions that have a channel there.
        agent_legs: Agents' nailed-up phones there; each moves when its agent is free and the
            phone is registered on another node.
        channels: All channels of whatever use. At 0 the node can be stopped.
    """

    node: NodeName
    is_connected: bool
    draining_since: AwareDatetime | None = None
    drained_by: str = ""
    calls: int | None = None
    agent_legs: int | None = None
    channels: int | None = None


class NodeListV1(Reply):
    """Every node that the ACD is configured with, by name."""

    nodes: tuple[NodeStatus, ...]


class ListNodesV1(Request):
    """Ask how every node is."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.list_nodes"


class DrainNodeV1(Request):
    """Empty a node: while another serves nothing new is placed there. No call is cut.

    It holds until UndrainNodeV1, whatever is restarted. A repeat changes nothing.
    Refused with ``node_unknown``, and with ``last_node`` when no other node serves.

    Attributes:
        force: Drain it although it is the last one that serves: campaigns stop calling, and what
            must be placed is placed there all the same.
        by: Who asks, for those who look later.
    """

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.drain_node"

    node: NodeName
    force: bool = False
    by: str = Field(default="", max_length=200)


class UndrainNodeV1(Request):
    """Let a node serve again. A repeat changes nothing. Refused with ``node_unknown``."""

    SUBJECT: ClassVar[str] = "acd.v1.{tenant}.cmd.undrain_node"

    node: NodeName


class NodeV1(Reply):
    """One node, after what was asked."""

    node: NodeStatus
