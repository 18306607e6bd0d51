"""What campaigns of an enterprise have where they say nothing: its hours, caps and limits.

The abandonment cap and the rest of a campaign are shipped sanely; an enterprise sets here once
what the law of its country, or its own manners, ask of every campaign.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from pydantic import Field

from ringway.crm_api.schemas import Body, View
from ringway.crm_api.strict import strict
from ringway.proto.dialer_spec import Caps, Schedule
from ringway.runtime.postgres import Connection

if TYPE_CHECKING:
    _Schedule = Schedule
    _Caps = Caps
else:
    _Schedule, _Caps = strict(Schedule), strict(Caps)


class CampaignDefaultsBody(Body):
    """What a campaign has where it says nothing. Null: as the platform ships it."""

    schedule: _Schedule | None = Field(default=None, description="Shipped: at any hour.")
    caps: _Caps | None = Field(default=None, description="Shipped: no caps.")
    max_attempts: int | None = Field(default=None, ge=1, le=50, description="Shipped: 3.")
    target_abandonment: float | None = Field(
        default=None, gt=0, le=0.1, description="Shipped: 0.03, abandoned / answered."
    )
    abandonment_limit_s: float | None = Field(
        default=None, ge=0.5, le=10, description="Shipped: 2, until somebody waits too long."
    )
    min_ring_s: float | None = Field(default=None, ge=0, le=120, description="Shipped: 15.")
    uses_national_dnc: bool | None = Field(default=None, description="Shipped: true.")
    needs_consent: bool | None = Field(default=None, description="Shipped: false.")


class CampaignDefaultsView(CampaignDefaultsBody, View):
    """The defaults that hold. ``version`` 0: nobody has set any."""

    version: int
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class CampaignDefaults:
    """A tenant's defaults as they are kept; only what was set."""

    values: dict[str, Any]
    version: int
    updated_at: datetime | None = None

    def view(self) -> CampaignDefaultsView:
        """Return what the API tells."""
        return CampaignDefaultsView.model_validate(
            {**self.values, "version": self.version, "updated_at": self.updated_at}
        )


async def get(conn: Connection, *, tenant_id: UUID) -> CampaignDefaults:
    """Return a tenant's defaults."""
    row = await conn.fetchrow(
        "SELECT defaults, version, updated_at FROM crm.campaign_defaults WHERE tenant_id = $1",
        tenant_id,
    )
    if row is None:
        return CampaignDefaults({}, 0)
    return CampaignDefaults(orjson.loads(row["defaults"]), row["version"], row["updated_at"])


async def put(
    conn: Connection,
    *,
    tenant_id: UUID,
    version: int | None,
    body: CampaignDefaultsBody,
    now: datetime,
) -> bool:
    """Replace the defaults; whether ``version`` was the present one (None: whatever it is)."""
    await conn.execute(
        "INSERT INTO crm.campaign_defaults (tenant_id, version, updated_at) VALUES ($1, 0, $2) "
        "ON CONFLICT DO NOTHING",
        tenant_id,
        now,
    )
    done = await conn.fetchval(
        """
        UPDATE crm.campaign_defaults
           SET defaults = $3::jsonb, version = version + 1, updated_at = $4
         WHERE tenant_id = $1 AND ($2::integer IS NULL OR version = $2) RETURNING true
        """,
        *(tenant_id, version, body.model_dump_json(exclude_none=True), now),
    )
    return bool(done)
