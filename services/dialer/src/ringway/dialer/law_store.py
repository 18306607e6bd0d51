"""What the law must know of numbers, and the dials that it refused.

The caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from ringway.dialer import metrics, number_store
from ringway.dialer.core.law import DncHit, Facts, Refused, zones_of_key
from ringway.proto.dialer_law import DncScope, LeadRefusedV1, RefusalReason
from ringway.proto.dialer_spec import CampaignSpec
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

PLATFORM = UUID(int=0)  # its national lists count for all tenants
_BUSY_S = 30.0
_COUNTED = timedelta(days=9)  # a week of calendar days in any zone

_FACTS = """
    SELECT c.lead_id, c.phone_e164, d.scopes, d.ends, n.dials, n.abandoned_at, n.is_open,
           last.dialed_at,
           CASE WHEN $8 THEN ARRAY(
                SELECT coalesce(t.placed_at, t.claimed_at) FROM dialer.attempt t
                 WHERE t.tenant_id = $1 AND t.lead_id = c.lead_id AND t.claimed_at > $5
                   AND t.attempt_id <> ALL ($9::uuid[])) END AS lead_dials,
           CASE WHEN $10::text IS NOT NULL THEN EXISTS (
                SELECT FROM dialer.consent s
                 WHERE s.tenant_id = $1 AND s.phone_e164 = c.phone_e164 AND s.purpose = $10
                   AND s.given_at <= $4 AND (s.withdrawn_at IS NULL OR s.withdrawn_at > $4)
                ) ELSE false END AS has_consent
      FROM unnest($2::text[], $3::text[]) AS c (lead_id, phone_e164)
     CROSS JOIN LATERAL (
           SELECT array_agg(h.scope) AS scopes, array_agg(h.expires_at) AS ends FROM (
               SELECT l.scope, e.expires_at
                 FROM dialer.dnc_entry e JOIN dialer.dnc_list l USING (tenant_id, list_id)
                WHERE e.tenant_id = $1 AND e.phone_e164 = c.phone_e164
                  AND (e.expires_at IS NULL OR e.expires_at > $4)
                  AND (l.scope = 'tenant' OR l.scope = 'campaign' AND l.list_id = ANY ($7::text[]))
               UNION ALL
               SELECT l.scope, NULL
                 FROM dialer.dnc_list l JOIN dialer.dnc_number m USING (tenant_id, load_no)
                WHERE $11 AND l.tenant_id IN ($1, '00000000-0000-0000-0000-000000000000')
                  AND l.scope = 'national' AND m.number = right(c.phone_e164, -1)::bigint
           ) h) d
     CROSS JOIN LATERAL (
           SELECT array_agg(coalesce(t.placed_at, t.claimed_at))
                      FILTER (WHERE t.claimed_at > $5) AS dials,
                  max(coalesce(t.ended_at, t.answered_at, t.claimed_at))
                      FILTER (WHERE coalesce(t.disposition, t.outcome) = 'abandoned')
                      AS abandoned_at,
                  bool_or(t.ended_at IS NULL) AS is_open
             FROM dialer.attempt t
            WHERE t.tenant_id = $1 AND t.phone_e164 = c.phone_e164 AND t.claimed_at > $6
              AND t.attempt_id <> ALL ($9::uuid[])) n
      LEFT JOIN LATERAL (
           SELECT coalesce(t.placed_at, t.claimed_at) AS dialed_at FROM dialer.attempt t
            WHERE t.tenant_id = $1 AND t.phone_e164 = c.phone_e164
              AND t.attempt_id <> ALL ($9::uuid[])
            ORDER BY t.claimed_at DESC LIMIT 1) last ON true
"""
_REFUSE = """
    INSERT INTO dialer.refusal (tenant_id, refusal_id, campaign_id, list_id, lead_id, phone_e164,
                                reason, until, zone_key, refused_at)
    SELECT $1, r.refusal_id, $2, r.list_id, r.lead_id, r.phone_e164, r.reason, r.until,
           r.zone_key, $3
      FROM unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[],
                  $10::text[])
           AS r (refusal_id, list_id, lead_id, phone_e164, reason, until, zone_key)
"""
_HOLD_BACK = """
    UPDATE dialer.lead
       SET held_reason = r.reason, held_from = coalesce(lead.held_from, lead.next_attempt_at),
           next_attempt_at = r.until
      FROM unnest($2::text[], $3::text[], $4::timestamptz[]) AS r (lead_id, reason, until)
     WHERE lead.tenant_id = $1 AND lead.lead_id = r.lead_id AND lead.lead_id = ANY ($2::text[])
"""
_CLOSE = """
    UPDATE dialer.lead SET closed_reason = r.reason
      FROM unnest($2::text[], $3::text[]) AS r (lead_id, reason)
     WHERE lead.tenant_id = $1 AND lead.lead_id = r.lead_id AND lead.lead_id = ANY ($2::text[])
       AND lead.closed_reason IS NULL
"""
_ZONE_WAITS = """
    INSERT INTO dialer.refusal (tenant_id, refusal_id, campaign_id, reason, until, zone_key, leads,
                                refused_at)
    VALUES ($1, $2, $3, 'outside_hours', $4, $5, $6, $7)
    ON CONFLICT DO NOTHING
"""
# What was decided may be decided otherwise now: the lead is due when it was, and is looked at.
_JUDGE_AGAIN = """
    UPDATE dialer.lead
       SET next_attempt_at = coalesce(held_from, next_attempt_at), held_reason = NULL,
           held_from = NULL,
           closed_reason = CASE WHEN closed_reason NOT IN ('dnc', 'no_consent')
                                THEN closed_reason END
     WHERE tenant_id = $1 AND list_id = ANY ($2::text[])
       AND (held_reason IS NOT NULL OR closed_reason IN ('dnc', 'no_consent'))
"""
_JUDGE_NUMBERS_AGAIN = """
    UPDATE dialer.lead
       SET next_attempt_at = coalesce(held_from, next_attempt_at), held_reason = NULL,
           held_from = NULL,
           closed_reason = CASE WHEN closed_reason NOT IN ('dnc', 'no_consent')
                                THEN closed_reason END
      FROM dialer.list l, unnest($2::text[]) AS n (phone_e164)
     WHERE l.tenant_id = $1 AND lead.tenant_id = $1 AND lead.list_id = l.list_id
       AND coalesce(lead.home_e164, lead.phone_e164) = n.phone_e164
       AND (held_reason IS NOT NULL OR closed_reason IN ('dnc', 'no_consent'))
"""
# Why a lead is closed; the refusal tells which list it was.
_CLOSED_BY = {
    RefusalReason.NO_CONSENT: "no_consent",
    RefusalReason.TOO_MANY_ATTEMPTS: "exhausted",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A lead that is due, before anybody asked whether it may be dialed."""

    lead_id: str
    list_id: str
    phone_e164: str
    zone_key: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A candidate that is not dialed."""

    candidate: Candidate
    decision: Refused


async def facts_of(
    conn: Connection,
    *,
    tenant_id: UUID,
    spec: CampaignSpec,
    candidates: Sequence[Candidate],
    now: datetime,
    but_for: Sequence[UUID] = (),
) -> dict[str, Facts]:
    """Return what is known of candidates, by lead_id; attempts ``but_for`` do not count."""
    caps = spec.caps
    cool_off = timedelta(seconds=min(caps.abandoned_cool_off_s, 365 * 86_400.0))
    counted_from = now - _COUNTED
    rows = await conn.fetch(
        _FACTS,
        tenant_id,
        [c.lead_id for c in candidates],
        [c.phone_e164 for c in candidates],
        now,
        counted_from,
        min(counted_from, now - cool_off - timedelta(days=1)),
        list(spec.dnc_list_ids),
        caps.lead_per_day is not None or caps.lead_per_week is not None,
        list(but_for),
        spec.consent_purpose if spec.needs_consent else None,
        spec.uses_national_dnc,
    )
    by_lead = {c.lead_id: c for c in candidates}
    return {row["lead_id"]: _facts(row, by_lead[row["lead_id"]], now) for row in rows}


def _facts(row: asyncpg.Record, candidate: Candidate, now: datetime) -> Facts:
    hits = zip(row["scopes"] or (), row["ends"] or (), strict=True)
    return Facts(
        zones=zones_of_key(candidate.zone_key),
        dnc=tuple(DncHit(DncScope(scope), expires_at) for scope, expires_at in hits),
        has_consent=row["has_consent"],
        lead_dials=tuple(row["lead_dials"] or ()),
        number_dials=tuple(row["dials"] or ()),
        last_dial_at=row["dialed_at"],
        abandoned_at=row["abandoned_at"],
        attempts=candidate.attempts,
        busy_until=now + timedelta(seconds=_BUSY_S) if row["is_open"] else None,
    )


async def refuse(
    conn: Connection,
    *,
    tenant_id: UUID,
    campaign_id: str,
    refusals: Sequence[Refusal],
    now: datetime,
) -> list[LeadRefusedV1]:
    """Write refusals down, hold back or close their leads; return the facts to be told.

    Another number of the lead is dialed instead where there is one. Otherwise a lead whose reason
    has no end is closed, and one that waits for hours that never come is looked at again a day
    later, since a schedule may be changed.
    """
    if not refusals:
        return []
    for refusal in refusals:
        metrics.REFUSED.labels(refusal.decision.reason.value).inc()
    ids = [uuid7() for _ in refusals]
    await conn.execute(
        _REFUSE,
        tenant_id,
        campaign_id,
        now,
        ids,
        [r.candidate.list_id for r in refusals],
        [r.candidate.lead_id for r in refusals],
        [r.candidate.phone_e164 for r in refusals],
        [r.decision.reason.value for r in refusals],
        [r.decision.until for r in refusals],
        [r.candidate.zone_key for r in refusals],
    )
    tomorrow = now + timedelta(days=1)
    seen_to = await number_store.refused(
        conn, tenant_id=tenant_id, refusals=refusals, now=now, later=tomorrow
    )
    left = [r for r in refusals if r.candidate.lead_id not in seen_to]
    held = [r for r in left if not r.decision.is_final and not _waits_for_hours(r)]
    closed = [r for r in left if r.decision.is_final]
    if held:
        await conn.execute(
            _HOLD_BACK,
            tenant_id,
            [r.candidate.lead_id for r in held],
            [r.decision.reason.value for r in held],
            [r.decision.until or tomorrow for r in held],
        )
    if closed:
        await conn.execute(
            _CLOSE,
            tenant_id,
            [r.candidate.lead_id for r in closed],
            [_CLOSED_BY.get(r.decision.reason, "dnc") for r in closed],
        )
    return [
        LeadRefusedV1(
            message_id=str(refusal_id),
            occurred_at=now,
            tenant=str(tenant_id),
            lead_id=r.candidate.lead_id,
            list_id=r.candidate.list_id,
            campaign_id=campaign_id,
            phone_e164=r.candidate.phone_e164,
            reason=r.decision.reason,
            until=r.decision.until,
        )
        for refusal_id, r in zip(ids, refusals, strict=True)
    ]


def _waits_for_hours(refusal: Refusal) -> bool:
    """Hours are looked at for whole zones, at every claim: there is nothing to hold back."""
    return refusal.decision.reason is RefusalReason.OUTSIDE_HOURS


async def zone_waits(
    conn: Connection,
    *,
    tenant_id: UUID,
    campaign_id: str,
    zone_key: str,
    leads: int,
    until: datetime | None,
    now: datetime,
) -> None:
    """Write down, once, that the leads of a zone wait for its hours."""
    await conn.execute(_ZONE_WAITS, tenant_id, uuid7(), campaign_id, until, zone_key, leads, now)


async def judge_again(conn: Connection, *, tenant_id: UUID, list_ids: Sequence[str]) -> None:
    """Forget what was decided about the leads of lists: a campaign's rules have changed."""
    await conn.execute(_JUDGE_AGAIN, tenant_id, list(list_ids))
    await number_store.judge_again(conn, tenant_id=tenant_id, list_ids=list_ids)


async def judge_numbers_again(conn: Connection, *, tenant_id: UUID, numbers: Sequence[str]) -> None:
    """Forget what was decided about numbers: a list or a consent has changed."""
    await conn.execute(_JUDGE_NUMBERS_AGAIN, tenant_id, list(numbers))
    await number_store.judge_numbers_again(conn, tenant_id=tenant_id, numbers=numbers)
