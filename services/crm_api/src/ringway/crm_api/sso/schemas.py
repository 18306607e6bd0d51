"""Payloads of single sign-on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from ringway.crm_api.access import Role
from ringway.crm_api.schemas import Body, Name, View

Claim = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/-]{1,200}$", examples=["preferred_username"])]
Url = Annotated[str, Field(min_length=8, max_length=500, examples=["https://id.acme.example"])]


class ProviderBody(Body):
    """An identity provider (OpenID Connect) of the enterprise."""

    name: Name
    issuer: Url
    client_id: str = Field(min_length=1, max_length=200)
    client_secret: str | None = Field(
        default=None, min_length=1, max_length=500, description="Left out of a change, it stays."
    )
    scopes: str = Field(default="openid profile email", pattern=r"^[\x21-\x7e ]{1,300}$")
    redirect_uris: list[Url] = Field(
        min_length=1, max_length=10, description="Pages of the console that sign-ins come back to."
    )
    username_claim: Claim = Field(
        default="preferred_username",
        description="Names the user here. Of `email`, which must be verified, the part before @.",
    )
    role_claim: Claim | None = Field(
        default=None, description="Holds a word, or a list of words, that `role_map` knows."
    )
    role_map: dict[Annotated[str, Field(max_length=200)], Role] = Field(
        default={}, max_length=50, description="With it the role follows the provider."
    )
    creates_users: bool = Field(default=False, description="Make users who are not there yet.")
    default_role: Role | None = Field(
        default=None, description="Of users that are made, when the claim gives none."
    )
    is_enabled: bool = True


class ProviderView(View):
    """An identity provider. Its secret is not shown."""

    provider_id: UUID
    name: str
    issuer: str
    client_id: str
    has_secret: bool
    scopes: str
    redirect_uris: list[str]
    username_claim: str
    role_claim: str | None
    role_map: dict[str, Role]
    creates_users: bool
    default_role: Role | None
    is_enabled: bool
    version: int
    created_at: datetime
    updated_at: datetime


class SsoStart(Body):
    """A sign-in that begins."""

    tenant: str = Field(max_length=40, examples=["acme"], description="The enterprise's slug.")
    provider: str | None = Field(
        default=None, max_length=200, description="Its name, when there are several."
    )
    redirect_uri: Url


class SsoStarted(View):
    """Where to send the browser. Keep `browser_secret` in it: only there the sign-in ends."""

    authorization_url: str
    state: str
    browser_secret: str
    expires_in: int


class SsoFinish(Body):
    """What the provider sent the browser back with."""

    state: str = Field(max_length=200)
    code: str = Field(max_length=4000)
    browser_secret: str = Field(max_length=200)
