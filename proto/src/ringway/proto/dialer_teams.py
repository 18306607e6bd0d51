"""Messages of the dialer about teams that serve campaigns."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ringway.proto.base import Request, Token


class PutTeamV1(Request):
    """Say who is in a team, all of it: whom is left out is in it no more. Answered Done.

    Campaigns with this team among their ``team_ids`` are served by them within seconds.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.put_team"

    team_id: Token
    agent_ids: tuple[Token, ...] = Field(default=(), max_length=20_000)
