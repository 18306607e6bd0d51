"""Rows of the dialer as values: what leaves the stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ringway.proto.dialer import AttemptDisposition, CampaignMode, CampaignSpec, CampaignState

CHANNEL_SUFFIX = ".c"  # the customer's leg of an interaction

# For transactions that must find their rows by index or are not in time. Right after an import
# there are no statistics, and the planner would rather sort the whole list than believe that it is
# long. By index there is one good plan whatever is asked for: it is made once on each connection,
# since planning takes longer than the rest.
BY_INDEX: Mapping[str, str] = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_sort": "off",
    "plan_cache_mode": "force_generic_plan",
}


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign. ``version`` grows with every change of its settings or state.

    ``team_agent_ids``: who was in its teams when it was read.
    """

    tenant: str
    campaign_id: str
    spec: CampaignSpec
    state: CampaignState
    version: int
    team_agent_ids: tuple[str, ...] = ()

    @property
    def agent_ids(self) -> tuple[str, ...]:
        """Everybody who serves it: its own agents, then those of its teams."""
        return tuple(dict.fromkeys((*self.spec.agent_ids, *self.team_agent_ids)))


@dataclass(frozen=True, slots=True)
class LiveCampaign:
    """A campaign that needs a runner: it is running, or attempts of it are open."""

    tenant: str
    campaign_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One dial of one lead. Times are UTC.

    ``attempts_before``: how many of the lead's attempts were made before it was recycled.
    ``is_callback``: the customer asked for it; ``wanted_agent_id``: with this agent.
    """

    tenant: str
    attempt_id: UUID
    interaction_id: UUID
    campaign_id: str
    list_id: str
    lead_id: str
    attempt_no: int
    phone_e164: str
    caller_id: str | None
    mode: CampaignMode
    trunk_id: str
    node: str
    claimed_at: datetime
    reserved_agent_id: str | None = None
    placed_at: datetime | None = None
    answered_at: datetime | None = None
    outcome: AttemptDisposition | None = None
    agent_id: str | None = None
    attempts_before: int = 0
    zone_key: str = ""  # as it was at the claim; empty: not known
    is_callback: bool = False
    wanted_agent_id: str | None = None

    @property
    def attempt_of_round(self) -> int:
        """The number of this attempt since the lead was last opened anew, from 1: limits count."""
        return self.attempt_no - self.attempts_before

    @property
    def channel_id(self) -> str:
        """The id under which the call exists in Asterisk; chosen before it does."""
        return f"{self.interaction_id}{CHANNEL_SUFFIX}"

    @property
    def endpoint(self) -> str:
        """What Asterisk dials."""
        return f"PJSIP/{self.phone_e164}@trunk-{self.trunk_id}"


@dataclass(frozen=True, slots=True)
class Counts:
    """Figures of one campaign."""

    attempts: int
    answered: int
    connected: int
    abandoned: int


@dataclass(frozen=True, slots=True)
class LeadCounts:
    """How many leads a campaign's lists have, and how many of them are not done."""

    total: int
    open: int
