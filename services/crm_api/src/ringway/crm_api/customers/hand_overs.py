"""Has the dialer take call-backs away from whoever left, or lost the customer.

What is asked for is kept (see hand_over_store.py), so it survives this process, NATS and the
dialer; the dialer tells a repeat the same sums and does nothing twice.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from ringway.crm_api.audit import store as audit
from ringway.crm_api.audit.system import system_caller
from ringway.crm_api.customers import hand_over_store as store
from ringway.crm_api.customers.hand_over_store import HandOver
from ringway.crm_api.deps import Deps
from ringway.crm_api.working import work
from ringway.proto.dialer_callback import CallbacksHandedOverV1, HandOverCallbacksV1
from ringway.runtime.errors import DependencyDown, Refused

_log = logging.getLogger("ringway.crm_api.customers")

# Whoever asks tries it himself; after that it is the worker's.
ASKER_FIRST = timedelta(seconds=15)
_POLL_S = 2.0
_ANSWER_LIMIT_S = 3.0
_HOLD = timedelta(seconds=60)
_LONGEST_WAIT_S = 600
_AT_ONCE = 20  # requests, each for some hundred call-backs


async def carry_out(deps: Deps, tenant_id: UUID, hand_over_id: UUID) -> HandOver | None:
    """Ask the dialer, and write down what became of it; return the hand-over as it is then.

    While the dialer does not answer it waits for the worker. None: there is no such hand-over.

    Raises:
        PostgresDown: The worker goes on later.
    """
    key = {"tenant_id": tenant_id, "hand_over_id": hand_over_id}
    async with deps.pool.tenant(tenant_id) as conn:
        found = await store.get(conn, **key)
    if found is None or found.done_at is not None:
        return found
    error = ""
    sums: CallbacksHandedOverV1 | None = None
    try:
        sums = await _ask(deps, tenant_id, found)
    except (DependencyDown, Refused, TimeoutError) as exc:
        error = f"{type(exc).__name__}: {exc}"
        _log.warning(
            "Call-backs wait to be handed over.",
            extra={"tenant": str(tenant_id), "hand_over": str(hand_over_id), "reason": error},
        )
    now = deps.now()
    async with deps.pool.tenant(tenant_id) as conn:
        if sums is None or sums.has_more:
            wait_s = 1 if sums is not None else min(_LONGEST_WAIT_S, 5 * 2 ** min(found.tries, 10))
            until = now + timedelta(seconds=wait_s)
            await store.postpone(conn, **key, error=error, until=until)
        else:
            counts = sums.model_dump(include={"moved", "to_team", "cancelled"})
            done = await store.finish(conn, **key, sums=counts, now=now)
            if done is not None and any(counts.values()):
                await audit.add(
                    conn,
                    caller=system_caller(tenant_id),
                    now=now,
                    action="callbacks.handed_over",
                    object_type="callback_hand_over",
                    object_id=hand_over_id,
                    detail={
                        "because": done.because,
                        "by": done.asked_by,
                        "from_user_id": str(done.from_user_id),
                        "to_user_id": str(done.to_user_id) if done.to_user_id else None,
                        **counts,
                    },
                )
        return await store.get(conn, **key)


async def _ask(deps: Deps, tenant_id: UUID, wanted: HandOver) -> CallbacksHandedOverV1:
    ids = wanted.callback_ids
    done = -1
    for _ in range(_AT_ONCE):
        question = HandOverCallbacksV1(
            occurred_at=deps.now(),
            tenant=str(tenant_id),
            hand_over_id=str(wanted.hand_over_id),
            from_agent_id=str(wanted.from_user_id),
            to_agent_id=str(wanted.to_user_id) if wanted.to_user_id is not None else None,
            is_cancelled=wanted.is_cancelled,
            callback_ids=tuple(ids) if ids is not None else None,
            reason=wanted.because,
            by=wanted.asked_by,
        )
        sums = await deps.bus.request(question, CallbacksHandedOverV1, timeout_s=_ANSWER_LIMIT_S)
        before, done = done, sums.moved + sums.to_team + sums.cancelled
        if not sums.has_more or done == before:
            break  # or somebody is dialing those that are left
    return sums


class HandOverWorker:
    """Carries out what waits, one at a time in each replica."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def run(self) -> None:
        """Carry out until cancelled; a worker."""
        await work(self.step, poll_s=_POLL_S)

    async def step(self) -> bool:
        """Carry out one that is due; whether there was one.

        Raises:
            PostgresDown: Nothing is lost; a later step goes on.
        """
        now = self._deps.now()
        async with self._deps.pool.platform() as conn:
            found = await store.claim(conn, now=now, again=now + _HOLD)
        if found is None:
            return False
        await carry_out(self._deps, *found)
        return True
