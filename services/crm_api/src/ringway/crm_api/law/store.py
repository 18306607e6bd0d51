"""What the dialer publishes about law and courtesy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from ringway.crm_api.access import PLATFORM_TENANT
from ringway.runtime.postgres import Connection

_LISTS = """
    SELECT list_id AS dnc_list_id, name, scope, numbers, source, loaded_at, created_at,
           changed_at, tenant_id <> $1 AS is_platforms
      FROM dialer.dnc_list_v
"""
_ENTRIES = """
    SELECT phone_e164, reason, source, added_by, added_at, expires_at FROM dialer.dnc_entry_v
     WHERE tenant_id = $1 AND list_id = $2 AND ($3::text IS NULL OR phone_e164 > $3)
       AND ($4::text IS NULL OR phone_e164 = $4)
     ORDER BY phone_e164 LIMIT $5
"""
_CONSENTS = """
    SELECT consent_id, phone_e164, purpose, how, evidence, given_at, recorded_at, recorded_by,
           withdrawn_at, withdrawn_by
      FROM dialer.consent_v
     WHERE tenant_id = $1 AND ($2::text IS NULL OR phone_e164 = $2)
       AND ($3::text IS NULL OR consent_id < $3)
     ORDER BY consent_id DESC LIMIT $4
"""
_REFUSALS = """
    SELECT refusal_id, campaign_id::uuid AS campaign_id, list_id, lead_id, phone_e164, reason,
           until, zone_key AS zone, leads, refused_at
      FROM dialer.refusal_v
     WHERE tenant_id = $1 AND ($2::text IS NULL OR campaign_id = $2)
       AND ($3::text IS NULL OR reason = $3) AND ($4::text IS NULL OR phone_e164 = $4)
       AND ($5::uuid IS NULL OR refusal_id < $5)
     ORDER BY refusal_id DESC LIMIT $6
"""
_REFUSAL_COUNTS = """
    SELECT reason, count(*) AS refusals, sum(leads)::bigint AS leads FROM dialer.refusal_v
     WHERE tenant_id = $1 AND campaign_id = $2 AND refused_at >= $3 AND refused_at < $4
     GROUP BY reason ORDER BY refusals DESC, reason
"""
# Half hours of a zone's own clock: some zones are off by a quarter. Ids of attempts begin with
# the time of the claim, so the range of ids finds the days without an index of answers.
_ABANDONMENT = """
    SELECT date_bin('30 minutes', coalesce(answered_at, dialed_at) AT TIME ZONE $5,
                    '2000-01-01'::timestamp) AT TIME ZONE $5 AS begins_at,
           (coalesce(answered_at, dialed_at) AT TIME ZONE $5)::date AS day,
           count(*) AS dialed, count(*) FILTER (WHERE is_live) AS live,
           count(*) FILTER (WHERE is_live AND is_abandoned) AS abandoned
      FROM dialer.attempt_proof_v
     WHERE tenant_id = $1 AND campaign_id = $2 AND attempt_id >= $6 AND attempt_id < $7
       AND (coalesce(answered_at, dialed_at) AT TIME ZONE $5)::date BETWEEN $3 AND $4
     GROUP BY 1, 2 ORDER BY 1
"""
_ATTEMPTS = """
    SELECT a.attempt_id, a.interaction_id, a.campaign_id, a.list_id, a.lead_id, a.attempt_no,
           a.phone_e164, a.caller_id, a.mode, a.zone_key, a.dialed_at, a.answered_at, a.ended_at,
           a.disposition, a.is_live, a.is_abandoned, a.agent_id, a.cause_q850, a.tech_cause,
           ARRAY(SELECT r.recording_id::text FROM recorder.recording_v r
                  WHERE r.tenant_id = a.tenant_id AND r.interaction_id = a.interaction_id
                  ORDER BY 1) AS recording_ids
      FROM dialer.attempt_proof_v a
     WHERE a.tenant_id = $1 AND ($2::text IS NULL OR a.campaign_id = $2)
       AND ($3::text IS NULL OR a.phone_e164 = $3)
       AND a.attempt_id >= $6 AND a.attempt_id < $7
       AND a.dialed_at >= $4 AND a.dialed_at < $5
     ORDER BY a.attempt_id
"""
_REFUSED = """
    SELECT refusal_id, campaign_id, list_id, lead_id, phone_e164, reason, until, zone_key, leads,
           refused_at
      FROM dialer.refusal_v
     WHERE tenant_id = $1 AND ($2::text IS NULL OR campaign_id = $2)
       AND ($3::text IS NULL OR phone_e164 = $3) AND refused_at >= $4 AND refused_at < $5
     ORDER BY refusal_id
"""
# For a campaign: of the numbers that it dialed or was refused in the period.
_CONCERNED = """
    ($2::text IS NULL OR phone_e164 IN (
        SELECT a.phone_e164 FROM dialer.attempt_proof_v a
         WHERE a.tenant_id = $1 AND a.campaign_id = $2
           AND a.dialed_at >= $4 AND a.dialed_at < $5
        UNION
        SELECT r.phone_e164 FROM dialer.refusal_v r
         WHERE r.tenant_id = $1 AND r.campaign_id = $2
           AND r.refused_at >= $4 AND r.refused_at < $5))
    AND ($3::text IS NULL OR phone_e164 = $3)
"""
_CHANGES = f"""
    SELECT change_id, list_id, action, phone_e164, numbers, source, reason, done_by, done_at
      FROM dialer.dnc_change_v
     WHERE tenant_id = $1 AND done_at >= $4 AND done_at < $5
       AND (phone_e164 IS NULL OR ({_CONCERNED}))
     ORDER BY change_id
"""  # noqa: S608 - a constant
_CONSENTED = f"""
    SELECT consent_id, phone_e164, purpose, how, evidence, given_at, recorded_at, recorded_by,
           withdrawn_at, withdrawn_by
      FROM dialer.consent_v
     WHERE tenant_id = $1 AND given_at < $5 AND {_CONCERNED}
     ORDER BY phone_e164, given_at
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Scope:
    """What evidence is about: a campaign, a number, or both, from ``begins`` to before ``ends``."""

    campaign_id: str | None
    phone_e164: str | None
    begins: datetime
    ends: datetime


async def lists(conn: Connection, *, tenant_id: UUID) -> list[dict[str, Any]]:
    """Return the tenant's lists and the platform's."""
    rows = await conn.fetch(f"{_LISTS} ORDER BY is_platforms, created_at, list_id", tenant_id)
    return [dict(row) for row in rows]


async def dnc_list(conn: Connection, *, tenant_id: UUID, list_id: str) -> dict[str, Any] | None:
    """Return one list of the tenant."""
    row = await conn.fetchrow(f"{_LISTS} WHERE tenant_id = $1 AND list_id = $2", tenant_id, list_id)
    return None if row is None else dict(row)


async def entries(
    conn: Connection,
    *,
    tenant_id: UUID,
    list_id: str,
    after: str | None,
    phone_e164: str | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return a list's numbers in their own order."""
    rows = await conn.fetch(_ENTRIES, tenant_id, list_id, after, phone_e164, limit)
    return [dict(row) for row in rows]


async def consents(
    conn: Connection, *, tenant_id: UUID, phone_e164: str | None, before: str | None, limit: int
) -> list[dict[str, Any]]:
    """Return consents, newest first."""
    rows = await conn.fetch(_CONSENTS, tenant_id, phone_e164, before, limit)
    return [dict(row) for row in rows]


async def refusals(
    conn: Connection,
    *,
    tenant_id: UUID,
    campaign_id: UUID | None,
    reason: str | None,
    phone_e164: str | None,
    before: UUID | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return refusals, newest first."""
    campaign = None if campaign_id is None else str(campaign_id)
    rows = await conn.fetch(_REFUSALS, tenant_id, campaign, reason, phone_e164, before, limit)
    return [dict(row) for row in rows]


async def refusal_counts(
    conn: Connection, *, tenant_id: UUID, campaign_id: UUID, begins: datetime, ends: datetime
) -> list[dict[str, Any]]:
    """Return a campaign's refusals by reason."""
    rows = await conn.fetch(_REFUSAL_COUNTS, tenant_id, str(campaign_id), begins, ends)
    return [dict(row) for row in rows]


async def abandonment(
    conn: Connection, *, tenant_id: UUID, campaign_id: str, first: date, last: date, zone: str
) -> list[dict[str, Any]]:
    """Return dials and answers by half hour of a zone's days, both included."""
    begins = datetime.fromisoformat(f"{first}T00:00:00+00:00") - timedelta(days=2)
    ends = datetime.fromisoformat(f"{last}T00:00:00+00:00") + timedelta(days=3)
    rows = await conn.fetch(
        _ABANDONMENT, tenant_id, campaign_id, first, last, zone, _first_id(begins), _first_id(ends)
    )
    return [dict(row) for row in rows]


async def attempts(
    conn: Connection, *, tenant_id: UUID, scope: Scope
) -> AsyncIterator[dict[str, Any]]:
    """Yield attempts with the ids of their recordings, oldest first."""
    # A claim comes before its dial: by a day at the very most.
    ids = (_first_id(scope.begins - timedelta(days=1)), _first_id(scope.ends))
    async for row in conn.cursor(_ATTEMPTS, *_arguments(tenant_id, scope), *ids):
        yield dict(row)


async def refused(
    conn: Connection, *, tenant_id: UUID, scope: Scope
) -> AsyncIterator[dict[str, Any]]:
    """Yield refusals, oldest first."""
    async for row in conn.cursor(_REFUSED, *_arguments(tenant_id, scope)):
        yield dict(row)


async def changes(
    conn: Connection, *, tenant_id: UUID, scope: Scope
) -> AsyncIterator[dict[str, Any]]:
    """Yield what was done to lists, about the numbers concerned or whole lists."""
    async for row in conn.cursor(_CHANGES, *_arguments(tenant_id, scope)):
        yield dict(row)


async def consented(
    conn: Connection, *, tenant_id: UUID, scope: Scope
) -> AsyncIterator[dict[str, Any]]:
    """Yield the consents of the numbers concerned that were given before the period's end."""
    async for row in conn.cursor(_CONSENTED, *_arguments(tenant_id, scope)):
        yield dict(row)


def is_platform(tenant_id: UUID) -> bool:
    """Whether a tenant's national lists count for everybody."""
    return tenant_id == PLATFORM_TENANT


def _arguments(tenant_id: UUID, scope: Scope) -> tuple[object, ...]:
    return (tenant_id, scope.campaign_id, scope.phone_e164, scope.begins, scope.ends)


def _first_id(at: datetime) -> UUID:
    """Return the least UUIDv7 of a moment."""
    return UUID(int=max(0, int(at.timestamp() * 1000)) << 80)
