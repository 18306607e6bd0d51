"""Supervision. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class Supervision:
    """Supervision."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def barge_in(self, agent_id: UUID | str, *, idempotency_key: str | None = None) -> None:
        """Join the talk: all hear each other.

        Permission: ``supervision.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/supervision/agents/{_quoted(agent_id)}/barge",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def change_agent_state(
        self,
        agent_id: UUID | str,
        body: models.ForcedState | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> None:
        """Make the agent ready or not ready.

        Permission: ``supervision.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/supervision/agents/{_quoted(agent_id)}/state",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def choose_agent_campaigns(
        self, agent_id: UUID | str, body: models.ChosenCampaigns | Mapping[str, Any]
    ) -> models.AgentCampaigns:
        """Choose the campaigns whose calls an agent gets, from the next call on, while he is
        signed in.

        Only campaigns that he serves (`campaign_not_assigned`); none at all means all of them,
        unless
        the enterprise wants a choice. Whoever may change the agent's state may do it.

        Permission: ``supervision.act``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/supervision/agents/{_quoted(agent_id)}/chosen-campaigns",
                models.AgentCampaigns,
                body=body,
            )
        )

    def disconnect_agent(self, agent_id: UUID | str, *, idempotency_key: str | None = None) -> None:
        """End the agent's call, for everybody who is part of it.

        Permission: ``supervision.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/supervision/agents/{_quoted(agent_id)}/disconnect",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def intercept_call(self, agent_id: UUID | str, *, idempotency_key: str | None = None) -> None:
        """Take the agent's customer oneself; the agent goes to after-call work.

        Permission: ``supervision.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/supervision/agents/{_quoted(agent_id)}/intercept",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def listen_to_agent(self, agent_id: UUID | str, *, idempotency_key: str | None = None) -> None:
        """Hear the agent's talk, unheard. The caller's own phone rings, unless he hears one
        already.

        Permission: ``supervision.listen``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/supervision/agents/{_quoted(agent_id)}/listen",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def log_agent_out(self, agent_id: UUID | str, *, idempotency_key: str | None = None) -> None:
        """End the agent's session and release his phone; a talk that runs is finished before.

        Permission: ``supervision.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/supervision/agents/{_quoted(agent_id)}/log-out",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def stop_supervision(self, *, idempotency_key: str | None = None) -> None:
        """Let the caller's phone leave. The talk goes on.

        Permission: ``supervision.listen``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/supervision/stop",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def transfer_from_agent(
        self,
        agent_id: UUID | str,
        body: models.ForcedTransfer | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> None:
        """Send the agent's customer on, to any target; he need not dial again.

        Permission: ``supervision.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/supervision/agents/{_quoted(agent_id)}/transfer",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def watch_agents(
        self,
        *,
        group_id: UUID | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageWatchedAgentView:
        """List what the agents under the caller's charge do now, by number.

        Permission: ``supervision.listen``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/supervision/agents",
                models.PageWatchedAgentView,
                query={"group_id": group_id, "limit": limit, "cursor": cursor},
            )
        )

    def iter_watch_agents(
        self, *, group_id: UUID | str | None = None, limit: int | None = None
    ) -> Iterator[models.WatchedAgentView]:
        """Yield all items of :meth:`watch_agents`, page by page."""
        cursor: str | None = None
        while True:
            page = self.watch_agents(group_id=group_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def whisper_to_agent(self, agent_id: UUID | str, *, idempotency_key: str | None = None) -> None:
        """Speak to the agent alone; the customer does not hear it.

        Permission: ``supervision.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/supervision/agents/{_quoted(agent_id)}/whisper",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )
