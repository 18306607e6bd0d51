"""Reports. Written by tools/client; do not edit."""

from __future__ import annotations

from datetime import datetime

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender


class Reports:
    """Reports."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def agent_work(
        self, *, from_: datetime | str, to: datetime | str
    ) -> models.AgentWorkReport:
        """Sum up agents' work: logins, states, talks, holds, consultations, transfers.

        An agent sees his own line only. At most 92 days at once.

        Permission: ``interactions.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/reports/agent-work",
                models.AgentWorkReport,
                query={"from": from_, "to": to},
            )
        )
