"""Reports. Written by tools/client; do not edit."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender


class Reports:
    """Reports."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def agent_performance(
        self,
        *,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
        period: str | None = None,
        agent_id: UUID | str | None = None,
        team_id: UUID | str | None = None,
    ) -> models.AgentPerformanceReport:
        """Sum up agents' calls: made, answered by number used, talk, deals, orders.

        An agent sees his own line only. At most 92 days at once.

        Permission: ``interactions.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/reports/agent-performance",
                models.AgentPerformanceReport,
                query={
                    "from": from_,
                    "to": to,
                    "period": period,
                    "agent_id": agent_id,
                    "team_id": team_id,
                },
            )
        )

    def agent_work(self, *, from_: datetime | str, to: datetime | str) -> models.AgentWorkReport:
        """Sum up agents' work: logins, states, talks, holds, consultations, transfers.

        An agent sees his own line only. At most 92 days at once.

        Permission: ``interactions.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/reports/agent-work",
                models.AgentWorkReport,
                query={"from": from_, "to": to},
            )
        )
