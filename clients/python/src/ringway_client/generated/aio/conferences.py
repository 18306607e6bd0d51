"""Conferences. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender
from ringway_client.sending import quoted as _quoted


class Conferences:
    """Conferences."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def end_conference(self, conference_id: str) -> None:
        """Hang up all.

        Permission: ``agents.act``.
        """
        return await self._client.send(
            _core.Call("DELETE", f"/conferences/{_quoted(conference_id)}", type(None))
        )

    async def get_conference(self, conference_id: str) -> models.ConferenceView:
        """Return who is there. Only its organiser sees a conference.

        Permission: ``agents.act``.
        """
        return await self._client.send(
            _core.Call("GET", f"/conferences/{_quoted(conference_id)}", models.ConferenceView)
        )

    async def invite_member(
        self,
        conference_id: str,
        body: models.InviteBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.ConferenceView:
        """Call one more.

        Permission: ``agents.act``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/conferences/{_quoted(conference_id)}/members",
                models.ConferenceView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def mute_member(
        self, conference_id: str, leg_id: str, *, idempotency_key: str | None = None
    ) -> models.ConferenceView:
        """Let nobody hear one member.

        Permission: ``agents.act``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/conferences/{_quoted(conference_id)}/members/{_quoted(leg_id)}/mute",
                models.ConferenceView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    async def mute_members(
        self, conference_id: str, *, idempotency_key: str | None = None
    ) -> models.ConferenceView:
        """Let nobody but the organiser be heard.

        Permission: ``agents.act``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/conferences/{_quoted(conference_id)}/mute",
                models.ConferenceView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    async def remove_member(self, conference_id: str, leg_id: str) -> models.ConferenceView:
        """Hang up one member.

        Permission: ``agents.act``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/conferences/{_quoted(conference_id)}/members/{_quoted(leg_id)}",
                models.ConferenceView,
            )
        )

    async def start_conference(
        self, body: models.ConferenceBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ConferenceView:
        """Open a conference: the caller's own phone and everybody invited are called.

        Who is in a talk takes his customer into the conference. With the id of a conference
        room,
        callers of its number get in, too.

        Permission: ``agents.act``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/conferences",
                models.ConferenceView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def unmute_member(
        self, conference_id: str, leg_id: str, *, idempotency_key: str | None = None
    ) -> models.ConferenceView:
        """Let one member be heard again.

        Permission: ``agents.act``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/conferences/{_quoted(conference_id)}/members/{_quoted(leg_id)}/unmute",
                models.ConferenceView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    async def unmute_members(
        self, conference_id: str, *, idempotency_key: str | None = None
    ) -> models.ConferenceView:
        """Let all be heard again.

        Permission: ``agents.act``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/conferences/{_quoted(conference_id)}/unmute",
                models.ConferenceView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )
