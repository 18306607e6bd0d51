"""Payloads of SIP trunks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import Body, Name, View

# A host name or an address; nothing that could add parameters to a SIP URI.
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,253}[A-Za-z0-9])?$")]
Codec = Annotated[str, Field(pattern=r"^[a-z0-9]{1,16}$")]


class TrunkBody(Body):
    """A SIP trunk to a carrier."""

    name: Name
    host: Host = Field(examples=["sip.carrier.example"])
    port: int = Field(default=5060, ge=1, le=65535)
    codecs: tuple[Codec, ...] = Field(default=("ulaw", "alaw"), min_length=1, max_length=16)


class TrunkView(View):
    """A SIP trunk. ``endpoint`` is its name inside of Asterisk."""

    trunk_id: UUID
    name: str
    host: str
    port: int
    codecs: list[str]
    endpoint: str
    changed_at: datetime
