"""Agents. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender


class Agents:
    """Agents."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def begin_session(
        self, body: models.NewSession | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.AgentStatus:
        """Sign in at the seat. Nailed-up: the phone rings now and must be answered.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/session",
                models.AgentStatus,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def choose_campaigns(
        self, body: models.ChosenCampaigns | Mapping[str, Any]
    ) -> models.AgentCampaigns:
        """Choose the campaigns whose calls the caller gets, from the next call on, while signed
        in.

        Only campaigns that he serves (`campaign_not_assigned`); none at all means all of them,
        unless
        the enterprise wants a choice (`campaign_choice_required`). Callers of queues come as
        before.
        The choice ends with the session at the seat.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call("PUT", "/agents/me/chosen-campaigns", models.AgentCampaigns, body=body)
        )

    def choose_state(self, body: models.StateChoice | Mapping[str, Any]) -> models.AgentStatus:
        """Choose ready or not ready. During a talk it takes effect after.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call("PUT", "/agents/me/state", models.AgentStatus, body=body)
        )

    def end_session(self) -> None:
        """Sign out from the seat, after the running interaction if there is one.

        Permission: ``agents.act``.
        """
        return self._client.send(_core.Call("DELETE", "/agents/me/session", type(None)))

    def finish_wrap_up(
        self, body: models.WrapUpResult | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> None:
        """File the result of an interaction and be done with after-call work.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/wrap-up",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def get_own_state(self) -> models.AgentStatus:
        """Return what the caller does now.

        Permission: ``agents.act``.
        """
        return self._client.send(_core.Call("GET", "/agents/me", models.AgentStatus))

    def get_phone(self) -> models.Phone:
        """Return the caller's SIP account, without its password.

        Permission: ``phone``.
        """
        return self._client.send(_core.Call("GET", "/agents/me/phone", models.Phone))

    def hang_up(self, *, idempotency_key: str | None = None) -> None:
        """End the talk.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/hang-up",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def list_agents(
        self,
        *,
        q: str | None = None,
        team_id: UUID | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageAgentView:
        """List the agents of the tenant with their present states.

        Permission: ``agents.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/agents",
                models.PageAgentView,
                query={"q": q, "team_id": team_id, "limit": limit, "cursor": cursor},
            )
        )

    def iter_agents(
        self, *, q: str | None = None, team_id: UUID | str | None = None, limit: int | None = None
    ) -> Iterator[models.AgentView]:
        """Yield all items of :meth:`list_agents`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_agents(q=q, team_id=team_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_own_campaigns(self) -> models.AgentCampaigns:
        """List the campaigns that the caller serves, himself or by his team: running ones, then
        paused.

        At most 200; and of which of them he gets calls now.

        Permission: ``agents.act``.
        """
        return self._client.send(_core.Call("GET", "/agents/me/campaigns", models.AgentCampaigns))

    def renew_phone_password(self, *, idempotency_key: str | None = None) -> models.NewCredentials:
        """Give the SIP account a new password, shown this once. The old one ends at once.

        Permission: ``phone``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/phone/credentials",
                models.NewCredentials,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )
