"""Asterisk's own record of calls: the last witness of what happened while nobody watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ringway.runtime.postgres import Connection

_OF_CHANNEL = """
    SELECT uniqueid, max("start") AS started_at, max(answer) AS answered_at,
           max("end") AS ended_at,
           (array_agg(disposition ORDER BY billsec DESC, id))[1] AS disposition
      FROM asterisk.cdr WHERE uniqueid = ANY ($1::text[]) GROUP BY uniqueid
"""
_REMOVE_OLD = """
    DELETE FROM asterisk.cdr WHERE id IN (
        SELECT id FROM asterisk.cdr WHERE calldate < $1 ORDER BY calldate LIMIT 10000)
"""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call as Asterisk wrote it down. ``disposition`` is Asterisk's word."""

    channel_id: str
    started_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    disposition: str


async def records(conn: Connection, *, channel_ids: Sequence[str]) -> dict[str, CallRecord]:
    """Return the records there are of these channels, by channel id."""
    rows = await conn.fetch(_OF_CHANNEL, list(channel_ids))
    return {
        r["uniqueid"]: CallRecord(
            r["uniqueid"], r["started_at"], r["answered_at"], r["ended_at"], r["disposition"]
        )
        for r in rows
    }


async def written_since(conn: Connection) -> datetime:
    """Return since when Asterisk could write its records without a gap: PostgreSQL's start."""
    since: datetime = await conn.fetchval("SELECT pg_postmaster_start_time()")
    return since


async def remove_old(conn: Connection, *, now: datetime, keep: timedelta) -> None:
    """Remove some of the records that are older than ``keep``."""
    await conn.execute(_REMOVE_OLD, now - keep)
