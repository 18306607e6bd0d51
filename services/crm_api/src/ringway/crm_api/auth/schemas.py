"""Payloads of sign-in, sessions and their rules."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from ringway.crm_api.access import Role
from ringway.crm_api.schemas import Body, Password, Text, View


class TokenPair(View):
    """What a sign-in gives. The refresh token works once and comes with a new one."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a word of OAuth2
    expires_in: int
    refresh_token: str


class PasswordChange(Body):
    """A new password of one's own."""

    current_password: str = Field(max_length=256)
    new_password: Password


class SessionView(View):
    """One sign-in on one device."""

    session_id: UUID
    user_id: UUID
    method: str = Field(description="How it began: `password` or `oidc`.")
    device: str = Field(description="What the client's software called itself.")
    client_ip: str
    created_at: datetime
    last_seen_at: datetime = Field(description="To the minute.")
    expires_at: datetime
    current: bool = Field(description="Whether this request belongs to it.")


class EndedSessions(View):
    """How many sessions were open."""

    ended: int


class SecurityPolicyBody(Body):
    """What an enterprise asks of its people's sign-ins."""

    password_min_length: int = Field(default=8, ge=8, le=128)
    password_history: int = Field(
        default=5, ge=1, le=24, description="So many last passwords are not taken again."
    )
    change_at_first_sign_in: bool = Field(
        default=False, description="A password that an administrator set is changed at first use."
    )
    second_factor_roles: list[Role] = Field(
        default=[], max_length=20, description="Roles that cannot work without a second factor."
    )
    sign_in_title: Text = Field(
        default="",
        max_length=100,
        examples=["Acme service centre"],
        description="What the enterprise's own sign-in page shows to anybody who knows its slug; "
        "empty: it has none.",
    )


class SecurityPolicyView(View):
    """The rules that hold. Version 0 is the default that nobody has changed."""

    password_min_length: int
    password_history: int
    change_at_first_sign_in: bool
    second_factor_roles: list[Role]
    sign_in_title: str
    version: int


class SignInPage(View):
    """What an enterprise's own sign-in page shows, before anybody signs in."""

    tenant: str = Field(examples=["acme"], description="For `user@tenant`.")
    title: str
    providers: list[str] = Field(
        description="Names of identity providers, for `POST /auth/sso/start`."
    )


class Otp(Body):
    """A code of one's second factor, or a recovery code."""

    code: str = Field(min_length=6, max_length=40, examples=["123456"])


class PasswordAgain(Body):
    """One's password, asked for again."""

    current_password: str = Field(max_length=256)


class PasswordAndOtp(PasswordAgain):
    """One's password and a code."""

    code: str = Field(min_length=6, max_length=40, examples=["123456"])


class EnrolmentView(View):
    """What the authenticator app needs; shown this once. Confirm it with the app's first code."""

    secret: str
    uri: str = Field(description="For a QR code.", examples=["otpauth://totp/…"])


class RecoveryCodes(View):
    """Codes that work once each, for the day on which the app is gone; shown this once."""

    recovery_codes: list[str]


class SecondFactorView(View):
    """The state of one's second factor."""

    active: bool
    recovery_codes_left: int
