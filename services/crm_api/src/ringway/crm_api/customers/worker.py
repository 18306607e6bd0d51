"""What happens to customers by themselves: overdue follow-ups, reclaiming, grading, care.

Every replica runs it; a tenant is looked at by one of them at a time. Each step is a transaction
that does some and can be done again: a kill at any moment loses and doubles nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from ringway.crm_api.access import Caller, Role
from ringway.crm_api.audit import store as audit
from ringway.crm_api.customers import care, follow_ups, grading, moves, policy, pools, scope
from ringway.crm_api.customers.changes import By
from ringway.crm_api.customers.fields import Fields
from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.customers.policy import Policy, ReclaimRule
from ringway.crm_api.errors import ApiError
from ringway.crm_api.objects import catalogue
from ringway.proto.crm_customers import FollowUpOverdueV1, ReclaimNoticeV1
from ringway.runtime import outbox
from ringway.runtime.errors import PostgresDown
from ringway.runtime.postgres import Pool

_log = logging.getLogger("ringway.crm_api.customers")

EVERY_S = 60.0  # how often a tenant is looked at
_POLL_S = 5.0
_BATCH = 500
_DAY = timedelta(days=1)
_NOBODY = UUID(int=0)


class CustomerWorker:
    """Looks after the customers of all tenants."""

    def __init__(self, pool: Pool, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._now = now

    async def run(self) -> None:
        """Look until cancelled; a worker. While PostgreSQL is away it waits."""
        while True:
            try:
                worked = await self.look()
            except PostgresDown as error:
                _log.debug("The customers wait.", extra={"reason": str(error)})
                worked = False
            if not worked:
                await asyncio.sleep(_POLL_S)

    async def look(self) -> bool:
        """Look after one tenant whose time has come; whether there was one.

        Raises:
            PostgresDown: Try again later.
        """
        now = self._now()
        async with self._pool.platform() as conn:
            tenant_id = await conn.fetchval(
                "SELECT crm.claim_customer_work($1, $2)", now, now + timedelta(seconds=EVERY_S)
            )
        if tenant_id is None:
            return False
        try:
            await self.look_after(tenant_id)
        except ApiError as error:
            # A rule names an own field that was removed since: an administrator must see to it.
            _log.warning(
                "A rule about customers cannot be applied.",
                extra={"tenant": str(tenant_id), "reason": error.detail},
            )
        except PostgresDown:
            raise
        except Exception:
            # What is wrong with one tenant's rows must not keep all others from being served.
            _log.exception(
                "A tenant's customers are not looked after.", extra={"tenant": str(tenant_id)}
            )
        return True

    async def look_after(self, tenant_id: UUID) -> None:
        """Do all that is due for one tenant's customers.

        Raises:
            PostgresDown: Try again later.
            ApiError: A rule makes no sense any more.
        """
        await self._tell_overdue(tenant_id)
        async with self._pool.tenant(tenant_id) as conn:
            rules = await policy.get(conn, tenant_id)
        for rule in rules.body.reclaim:
            await self._reclaim(tenant_id, rules, rule)
        if rules.body.grade_daily and self._is_due(rules.graded_at):
            await self._grade(tenant_id, rules)
        if rules.body.care and self._is_due(rules.cared_at):
            await self._care(tenant_id, rules)

    async def _tell_overdue(self, tenant_id: UUID) -> None:
        while True:
            now = self._now()
            async with self._pool.tenant(tenant_id) as conn:
                found = await follow_ups.note_overdue(
                    conn, tenant_id=tenant_id, now=now, most=_BATCH
                )
                facts = [
                    FollowUpOverdueV1(
                        occurred_at=now,
                        tenant=str(tenant_id),
                        follow_up_id=str(each.follow_up_id),
                        customer_id=str(each.customer_id),
                        agent_id=str(each.user_id),
                        due_at=each.due_at or now,
                    )
                    for each in found
                ]
                await outbox.add_many(conn, "crm", facts)
            if len(found) < _BATCH:
                return

    async def _reclaim(self, tenant_id: UUID, rules: Policy, rule: ReclaimRule) -> None:
        named = [each.grade for each in rules.body.reclaim if each.grade is not None]
        if rule.notice_days:
            await self._give_notice(tenant_id, rule, named)
        while True:
            now = self._now()
            async with self._pool.tenant(tenant_id) as conn:
                moved = await moves.reclaim(
                    conn,
                    tenant_id=tenant_id,
                    idle_before=moves.since(now, rule.days),
                    noted_before=moves.since(now, rule.notice_days) if rule.notice_days else None,
                    grade=rule.grade,
                    other_grades=named,
                    by=By(None, "reclaim"),
                    now=now,
                    most=_BATCH,
                )
                if moved:
                    detail = {"grade": rule.grade, "days": rule.days}
                    await pools.note(conn, system(tenant_id), "reclaimed", moved, now, detail)
            if len(moved) < _BATCH:
                return

    async def _give_notice(self, tenant_id: UUID, rule: ReclaimRule, named: list[str]) -> None:
        while True:
            now = self._now()
            async with self._pool.tenant(tenant_id) as conn:
                told: Counter[UUID] = await moves.note_reclaim(
                    conn,
                    tenant_id=tenant_id,
                    idle_before=moves.since(now, rule.days - rule.notice_days),
                    grade=rule.grade,
                    other_grades=named,
                    now=now,
                    most=_BATCH,
                )
                facts = [
                    ReclaimNoticeV1(
                        occurred_at=now,
                        tenant=str(tenant_id),
                        agent_id=str(owner_id),
                        customers=customers,
                        at=now + timedelta(days=rule.notice_days),
                    )
                    for owner_id, customers in told.items()
                ]
                await outbox.add_many(conn, "crm", facts)
            if told.total() < _BATCH:
                return

    async def _grade(self, tenant_id: UUID, rules: Policy) -> None:
        graded, more = grading.Graded(), True
        while more:
            now = self._now()
            async with self._pool.tenant(tenant_id) as conn:
                more = await grading.window(
                    conn,
                    rules=rules.body.grading,
                    wanted=[CustomerFilter()],
                    scope=scope.everything(tenant_id),
                    fields=Fields(await catalogue.customer(conn, tenant_id=tenant_id)),
                    so_far=graded,
                    by=By(None, "grading"),
                    now=now,
                    writes=True,
                )
                if not more:
                    await policy.note_run(conn, tenant_id, graded_at=now)
                    await audit.add(
                        conn,
                        caller=system(tenant_id),
                        now=now,
                        action="customers.graded",
                        object_type="customer_policy",
                        detail={"judged": graded.judged, "changed": graded.changed},
                    )

    async def _care(self, tenant_id: UUID, rules: Policy) -> None:
        for plan in rules.body.care:
            made = _BATCH
            while made == _BATCH:
                async with self._pool.tenant(tenant_id) as conn:
                    made = await care.make(
                        conn,
                        tenant_id=tenant_id,
                        plan=plan,
                        fields=Fields(await catalogue.customer(conn, tenant_id=tenant_id)),
                        now=self._now(),
                        most=_BATCH,
                    )
        async with self._pool.tenant(tenant_id) as conn:
            await policy.note_run(conn, tenant_id, cared_at=self._now())

    def _is_due(self, last: datetime | None) -> bool:
        return last is None or self._now() - last >= _DAY


def system(tenant_id: UUID) -> Caller:
    """Return who acts in the audit log when a rule does something by itself."""
    return Caller(
        tenant_id=tenant_id,
        user_id=_NOBODY,
        username="system",
        role=Role.ENTERPRISE_ADMIN,
        agent_number=None,
        session_id=_NOBODY,
        client_ip="",
    )
