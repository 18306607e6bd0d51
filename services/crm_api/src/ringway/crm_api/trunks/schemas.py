"""Payloads of SIP trunks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, SecretStr

from ringway.crm_api.schemas import Body, Text, View
from ringway.proto.acd import DtmfMode, TrunkInbound

# A host name or an address; nothing that could add parameters to a SIP URI.
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,253}[A-Za-z0-9])?$")]
Codec = Annotated[str, Field(pattern=r"^[a-z0-9]{1,16}$")]
# An address, a network or an address with a port; the ACD looks closer.
Source = Annotated[str, Field(pattern=r"^[0-9A-Fa-f.:\[\]/]{2,64}$", examples=["192.0.2.1:5060"])]
# Part of a SIP address: nothing that ends it.
SipUser = Annotated[str, Field(pattern=r'^[^\x00-\x20\x7f"<>,;]*$', max_length=128)]
SipDomain = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]*$", max_length=255)]
CallerId = Annotated[str, Field(pattern=r"^\+?[0-9]{0,20}$")]
TrunkPassword = Annotated[SecretStr, Field(min_length=1, max_length=128)]


class TrunkBody(Body):
    """A SIP trunk to a carrier."""

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    host: Host = Field(examples=["sip.carrier.example"])
    port: int = Field(default=5060, ge=1, le=65535)
    codecs: tuple[Codec, ...] = Field(default=("ulaw", "alaw"), min_length=1, max_length=16)
    transport: Literal["udp", "tcp", "tls"] = "udp"
    sources: tuple[Source, ...] = Field(
        default=(),
        max_length=50,
        description="Where its calls come from. Empty: the host itself, or, with a username and "
        "without a registration, whoever knows username and password.",
    )
    username: SipUser = Field(default="", description="For registration and digest challenges.")
    password: TrunkPassword | None = Field(
        default=None, description="Never shown again; null leaves it as it was."
    )
    register_at: bool = Field(
        default=False, description="Register with the host, so that it finds us."
    )
    from_user: SipUser = Field(
        default="", description="In From instead of the caller's number, which is then asserted."
    )
    from_domain: SipDomain = ""
    max_channels: int | None = Field(default=None, ge=1, le=10000)
    dtmf: DtmfMode = DtmfMode.RFC4733
    qualify_s: int = Field(
        default=0, ge=0, le=600, description="Ask by OPTIONS whether it is there; 0: never."
    )
    caller_id: CallerId = Field(default="", description="Shown when a call has no number to show.")
    enabled: bool = True


class TrunkView(View):
    """A SIP trunk. ``endpoint`` is its name inside of Asterisk."""

    trunk_id: UUID
    name: str
    host: str
    port: int
    codecs: list[str]
    transport: str
    sources: list[str]
    username: str
    has_password: bool
    register_at: bool
    from_user: str
    from_domain: str
    max_channels: int | None
    dtmf: DtmfMode
    qualify_s: int
    caller_id: str
    enabled: bool
    inbound: TrunkInbound = Field(description="How a call is known to come from this trunk.")
    is_operators: bool = Field(
        description="The platform's operator lends it: its address and account are not shown "
        "(`host` and `username` are empty), and only he changes it."
    )
    endpoint: str
    changed_at: datetime


class TrunkStateView(View):
    """How a trunk is now. Null: its settings do not ask for it."""

    trunk_id: UUID
    is_reachable: bool | None = Field(description="Whether it answers OPTIONS.")
    is_registered: bool | None = Field(description="Whether our registration stands.")
    active_channels: int
