"""Between a lead that is due and a call: the law is asked, in the transaction of the claim.

Leads are claimed zone by zone, only those whose hours are open; the rest is not touched, and a
change of the schedule counts at once. Of those that are due each is judged by ``core/law``: what is
refused is written down with its reason and held back or closed in the same transaction, so it is
never claimed again and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from ringway.dialer import law_store, lead_store
from ringway.dialer.books import SCHEMA
from ringway.dialer.core.law import (
    UNSET,
    Refused,
    Rules,
    decide,
    zone_key,
    zones_of_key,
)
from ringway.dialer.core.mix import Mix
from ringway.dialer.law_store import Candidate, Refusal
from ringway.dialer.model import Attempt
from ringway.proto.dialer_law import RefusalReason
from ringway.proto.dialer_spec import CampaignSpec
from ringway.runtime import outbox
from ringway.runtime.postgres import Connection

_FIRST_LOOK = 8
_LARGEST_LOOK = 500
_JUDGED_AT_MOST = 2000  # in one claim; then it is the next one's turn
_KEYS_KNOWN = timedelta(seconds=1)
_COUNT_AGAIN = timedelta(minutes=1)
_LOOK_AGAIN = timedelta(days=1)  # where hours never come: schedules are changed


@dataclass(frozen=True, slots=True)
class Waiting:
    """Leads that wait for their hours. ``next_at`` None: no hours will come."""

    leads: int
    next_at: datetime | None
    zone: str


class Gate:
    """One campaign's law. Keeps what it worked out about hours: one for as long as a spec lasts."""

    def __init__(self, tenant_id: UUID, campaign_id: str, spec: CampaignSpec) -> None:
        self.spec = spec
        self._tenant_id = tenant_id
        self._campaign_id = campaign_id
        self._rules = Rules.of(spec)
        weights = {w.list_id: w.weight for w in spec.list_weights}
        self._mix = Mix(weights) if weights else None
        self._known_keys: frozenset[str] = frozenset()
        self._keys_known_at: datetime | None = None
        self._counted: tuple[datetime, dict[str, datetime | None], Waiting] | None = None

    def next_open(self, key: str, at: datetime) -> datetime | None:
        """Return when the leads of a zone key may be dialed, from ``at`` on; None: never."""
        hours = self._rules.hours
        return hours.next_open(hours.zones(zones_of_key(key)), at)

    def is_open(self, key: str, at: datetime) -> bool:
        """Whether the leads of a zone key may be dialed at this moment as far as hours go."""
        return self.next_open(key, at) == at

    # -- claiming --------------------------------------------------------------------------------

    async def claim_this(
        self, conn: Connection, *, lead_id: str, node: str, now: datetime
    ) -> Sequence[Attempt]:
        """Open an attempt for a lead that an agent asks for, due or not, if it may be dialed."""
        rows = await lead_store.this_one(
            conn,
            tenant_id=self._tenant_id,
            campaign_id=self._campaign_id,
            list_ids=self.spec.list_ids,
            max_attempts=self.spec.max_attempts,
            lead_id=lead_id,
        )
        found = [_candidate(row) for row in rows if row["is_held"]]
        chosen, refusals = await self._judge(conn, found, 1, now)
        await self._refuse(conn, refusals, now)
        return await self._take(conn, chosen, [node] * len(chosen), now)

    async def claim(
        self, conn: Connection, *, nodes: Sequence[str], now: datetime
    ) -> Sequence[Attempt]:
        """Open an attempt for up to ``len(nodes)`` leads that are due and may be dialed.

        They come in the order of dialing. Fewer may come back although more are due: then so many
        were refused that the next claim must go on. ``conn``: of a transaction ``BY_INDEX``.
        """
        claimed: list[Attempt] = []
        passed_over: list[str] = []  # another claim holds their numbers
        judged = look = 0
        keys = await self._open_keys(conn, now)
        while len(claimed) < len(nodes) and judged < _JUDGED_AT_MOST:
            missing = len(nodes) - len(claimed)
            found, others = await self._due(conn, keys, max(missing, look), passed_over, now)
            if not found and not others:
                break
            judged += len(found) + len(others)
            passed_over += others
            chosen, refusals = await self._judge(conn, found, missing, now)
            claimed += await self._take(
                conn, chosen, nodes[len(claimed) : len(claimed) + len(chosen)], now
            )
            # A lead out of its hours was found under a wrong key; it waits under the right one.
            await self._refuse(
                conn,
                [r for r in refusals if r.decision.reason is not RefusalReason.OUTSIDE_HOURS],
                now,
            )
            look = min(_LARGEST_LOOK, max(_FIRST_LOOK, 4 * len(found)))
        if not claimed:
            self._keys_known_at = None
        return claimed

    async def _open_keys(self, conn: Connection, now: datetime) -> set[str]:
        """Leads come from few zones, which seldom change: they are looked up once a second."""
        known_at = self._keys_known_at
        if known_at is None or not known_at <= now < known_at + _KEYS_KNOWN:
            self._known_keys, self._keys_known_at = await self._keys(conn), now
        keys = self._known_keys
        return {key for key in keys if key == UNSET or self.is_open(key, now)}

    async def _keys(self, conn: Connection) -> frozenset[str]:
        return await lead_store.keys_to_dial(
            conn, tenant_id=self._tenant_id, list_ids=self.spec.list_ids
        )

    async def _due(
        self, conn: Connection, keys: set[str], count: int, but_for: list[str], now: datetime
    ) -> tuple[list[Candidate], list[str]]:
        """Return leads that are due, and the ids of those whose numbers another claim holds."""
        rows: list[asyncpg.Record] = []
        for list_ids in self._draws:
            rows += await lead_store.due(
                conn,
                tenant_id=self._tenant_id,
                campaign_id=self._campaign_id,
                list_ids=list_ids,
                keys=keys,
                max_attempts=self.spec.max_attempts,
                now=now,
                count=count,
                but_for=but_for,
            )
        found = [_candidate(row) for row in rows]
        others = [row["lead_id"] for row in rows if not row["is_held"]]
        moved = {
            c.lead_id: c.zone_key
            for c, row in zip(found, rows, strict=True)
            if c.zone_key != row["zone_key"]
        }
        if moved:
            await lead_store.set_zone_keys(conn, tenant_id=self._tenant_id, keys=moved)
            keys |= {k for k in moved.values() if self.is_open(k, now)}
        return [c for c, row in zip(found, rows, strict=True) if row["is_held"]], others

    @property
    def _draws(self) -> Sequence[Sequence[str]]:
        """Lists that are read together in one order; where they are mixed, each for itself."""
        if self._mix is None:
            return [self.spec.list_ids]
        return [[list_id] for list_id in dict.fromkeys(self.spec.list_ids)]

    async def _judge(
        self, conn: Connection, found: Sequence[Candidate], wanted: int, now: datetime
    ) -> tuple[list[Candidate], list[Refusal]]:
        """Return up to ``wanted`` leads to dial, and the refusals among those before them."""
        if not found:
            return [], []
        facts = await law_store.facts_of(
            conn, tenant_id=self._tenant_id, spec=self.spec, candidates=found, now=now
        )
        allowed: list[Candidate] = []
        refusals: list[Refusal] = []
        numbers: set[str] = set()
        for candidate in found:
            if candidate.phone_e164 in numbers:
                continue  # one number at a time; the lead stays due
            decision = decide(facts[candidate.lead_id], self._rules, now)
            if isinstance(decision, Refused):
                refusals.append(Refusal(candidate, decision))
            elif self._mix is not None or len(allowed) < wanted:
                allowed.append(candidate)
                numbers.add(candidate.phone_e164)
        if self._mix is None:
            return allowed, refusals
        return self._mix.draw([(c.list_id, c) for c in allowed], wanted), refusals

    async def _take(
        self,
        conn: Connection,
        chosen: Sequence[Candidate],
        nodes: Sequence[str],
        now: datetime,
    ) -> Sequence[Attempt]:
        if not chosen:
            return ()
        return await lead_store.take(
            conn,
            tenant_id=self._tenant_id,
            campaign_id=self._campaign_id,
            lead_ids=[c.lead_id for c in chosen],
            nodes=nodes,
            now=now,
            caller_id=self.spec.caller_id,
            mode=self.spec.mode,
            trunk_id=self.spec.trunk_id,
        )

    async def _refuse(self, conn: Connection, refusals: Sequence[Refusal], now: datetime) -> None:
        facts = await law_store.refuse(
            conn,
            tenant_id=self._tenant_id,
            campaign_id=self._campaign_id,
            refusals=refusals,
            now=now,
        )
        await outbox.add_many(conn, SCHEMA, facts)

    # -- later and earlier -----------------------------------------------------------------------

    async def next_due(self, conn: Connection, *, now: datetime) -> datetime | None:
        """Return when the next lead that is in no attempt may be dialed; None: none ever will.

        Where hours never come, a day later: the schedule may be another by then.
        """
        due = await lead_store.next_due(
            conn,
            tenant_id=self._tenant_id,
            list_ids=self.spec.list_ids,
            keys=await self._keys(conn),
            max_attempts=self.spec.max_attempts,
        )
        return min(
            (self.next_open(key, max(at, now)) or now + _LOOK_AGAIN for key, at in due.items()),
            default=None,
        )

    async def check_again(
        self, conn: Connection, attempt: Attempt, *, now: datetime
    ) -> Refusal | None:
        """Judge a lead right before its call starts: minutes may have passed since the claim."""
        zone = await lead_store.zone_of(conn, tenant_id=self._tenant_id, lead_id=attempt.lead_id)
        candidate = Candidate(
            attempt.lead_id, attempt.list_id, attempt.phone_e164,
            zone_key(attempt.phone_e164, zone), attempt.attempt_of_round - 1,
        )  # fmt: skip
        facts = await law_store.facts_of(
            conn,
            tenant_id=self._tenant_id,
            spec=self.spec,
            candidates=[candidate],
            now=now,
            but_for=[attempt.attempt_id],
        )
        decision = decide(facts[attempt.lead_id], self._rules, now)
        return Refusal(candidate, decision) if isinstance(decision, Refused) else None

    async def check_number(
        self,
        conn: Connection,
        phone_e164: str,
        zone: str | None,
        *,
        now: datetime,
        is_own_dial: bool = False,
    ) -> Refused | None:
        """Judge a number that is no lead; ``is_own_dial``: an agent dials it by hand."""
        candidate = Candidate("", "", phone_e164, zone_key(phone_e164, zone), 0)
        facts = await law_store.facts_of(
            conn, tenant_id=self._tenant_id, spec=self.spec, candidates=[candidate], now=now
        )
        known = facts[""]
        if is_own_dial:
            known = replace(known, busy_until=None)
        decision = decide(known, self._rules, now)
        return decision if isinstance(decision, Refused) else None

    async def waiting(self, conn: Connection, *, now: datetime) -> Waiting | None:
        """Tell how many leads wait for their hours, and write down once that they do.

        They are counted when zones close or open, and once a minute: there may be a million.
        """
        opens = {key: self.next_open(key, now) for key in await self._keys(conn) if key != UNSET}
        closed = {key: at for key, at in opens.items() if at != now}
        if not closed:
            self._counted = None
            return None
        counted = self._counted
        if counted is not None and counted[1] == closed and now < counted[0] + _COUNT_AGAIN:
            return counted[2]
        counts = await lead_store.count_by_zone(
            conn, tenant_id=self._tenant_id, list_ids=self.spec.list_ids, keys=closed
        )
        for key, leads in counts.items():
            await law_store.zone_waits(
                conn,
                tenant_id=self._tenant_id,
                campaign_id=self._campaign_id,
                zone_key=key,
                leads=leads,
                until=closed[key],
                now=now,
            )
        soonest = min(
            (key for key in counts if closed[key] is not None),
            key=lambda key: closed[key] or now,
            default=None,
        )
        zones = self._rules.hours.zones(zones_of_key(soonest)) if soonest is not None else ("",)
        next_at = closed[soonest] if soonest is not None else None
        waiting = Waiting(sum(counts.values()), next_at, zones[0])
        self._counted = (now, closed, waiting)
        return waiting


def _candidate(row: asyncpg.Record) -> Candidate:
    return Candidate(
        row["lead_id"],
        row["list_id"],
        row["phone_e164"],
        zone_key(row["phone_e164"], row["zone"]),
        row["attempts"],
    )
