"""Messages of the dialer about a whole tenant."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ringway.proto.base import Reply, Request, Token


class StopOutboundV1(Request):
    """Stop a tenant's outbound service, or allow it again. A repeat changes nothing.

    Running campaigns are paused within seconds, calls that are up go on; nothing can be started
    meanwhile (``outbound_stopped``). When it is allowed again, campaigns stay paused until
    somebody starts them.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.stop_outbound"

    stopped: bool
    reason: str = Field(default="", max_length=500)


class StopTrunkV1(Request):
    """Let no campaign of a tenant call by a trunk, or allow it again. A repeat changes nothing.

    Running campaigns that call by it are paused within seconds, calls that are up go on; none that
    does can be started meanwhile (``trunk_withdrawn``). When it is allowed again, campaigns stay
    paused until somebody starts them. Answered with OutboundStoppedV1.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.stop_trunk"

    trunk_id: Token
    stopped: bool
    reason: str = Field(default="", max_length=500)


class OutboundStoppedV1(Reply):
    """How many campaigns were paused by it."""

    paused: int
