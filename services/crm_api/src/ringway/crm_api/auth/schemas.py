"""Payloads of sign-in."""

from __future__ import annotations

from typing import Literal

from ringway.crm_api.schemas import View


class TokenPair(View):
    """What a sign-in gives. The refresh token works once and comes with a new one."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a word of OAuth2
    expires_in: int
    refresh_token: str
