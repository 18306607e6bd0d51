"""Payloads of virtual operators and of whom they are lent to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, SecretStr

from ringway.crm_api.schemas import Body, Name, View
from ringway.crm_api.trunks.schemas import Codec, Host, SipDomain, TrunkPassword
from ringway.proto.acd import DtmfMode

AppId = Annotated[
    str,
    Field(
        pattern=r'^[^\x00-\x20\x7f"<>,;]+$',
        max_length=128,
        description="The account there: the username of its SIP trunks.",
        examples=["ringway-01"],
    ),
]
PoolKey = Annotated[SecretStr, Field(min_length=1, max_length=256)]


class ConnectionBody(Body):
    """How a virtual operator is reached."""

    host: Host = Field(examples=["sip.operator.example"])
    port: int = Field(default=5060, ge=1, le=65535)
    transport: Literal["udp", "tcp", "tls"] = "udp"
    codecs: tuple[Codec, ...] = Field(default=("ulaw", "alaw"), min_length=1, max_length=16)
    register_at: bool = Field(default=False, description="Register with the host.")
    from_domain: SipDomain = ""
    dtmf: DtmfMode = DtmfMode.RFC4733
    qualify_s: int = Field(default=0, ge=0, le=600, description="Ask by OPTIONS; 0: never.")


class VirtualOperatorChange(ConnectionBody):
    """A virtual operator as it shall be. Null leaves a secret as it is."""

    name: Name
    app_id: AppId
    secret: TrunkPassword | None = Field(default=None, description="Never shown again.")
    pool_key: PoolKey | None = Field(
        default=None, description="Of its pool of numbers; never shown again."
    )


class VirtualOperatorBody(VirtualOperatorChange):
    """A virtual operator to add."""

    secret: TrunkPassword = Field(description="The account's password; never shown again.")


class RotationBody(Body):
    """New secrets of an account. All trunks of it have them within seconds."""

    secret: TrunkPassword
    pool_key: PoolKey | None = Field(default=None, description="Null leaves it as it is.")


class VirtualOperatorView(View):
    """A virtual operator, without its secrets."""

    virtual_operator_id: UUID
    name: str
    app_id: str
    has_pool_key: bool
    secret_set_at: datetime
    host: str
    port: int
    transport: str
    codecs: list[str]
    register_at: bool
    from_domain: str
    dtmf: DtmfMode
    qualify_s: int
    version: int
    created_at: datetime
    updated_at: datetime


class GrantBody(Body):
    """How much an enterprise may call by a virtual operator."""

    max_channels: int | None = Field(
        default=None, ge=1, le=10_000, description="Calls at once; null: no limit of ours."
    )


class GrantView(View):
    """An enterprise that may call by a virtual operator, or might once."""

    virtual_operator_id: UUID
    tenant_id: UUID
    trunk_id: UUID = Field(description="The enterprise's trunk; its campaigns and routes name it.")
    max_channels: int | None
    granted_by: str
    granted_at: datetime
    withdrawn_at: datetime | None
    is_applied: bool = Field(description="False: the ACD is being told, until it answers.")
    last_error: str = Field(description="Why it waits.")
