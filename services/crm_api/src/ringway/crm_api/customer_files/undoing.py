"""Takes back what a batch did, as far as nobody has worked with it since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from ringway.crm_api.customer_files import changing, links
from ringway.crm_api.customer_files.jobs import Counts, Job
from ringway.crm_api.customers import store
from ringway.crm_api.customers.changes import By
from ringway.runtime.postgres import Connection

STEP = 500  # customers of one transaction


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did: the counts so far, where to go on; None: that was all."""

    counts: Counts
    position: str | None


async def step(conn: Connection, *, tenant_id: UUID, job: Job, by: By, now: datetime) -> Step:
    """Undo the next customers. The caller saves counts and position with it.

    What a batch changed is put back first, then what it made is removed.
    """
    kind, _, place = job.position.partition(":")
    after = UUID(place) if place else UUID(int=0)
    counts = dict(job.counts)
    if kind in ("", "changed"):
        done = await _put_back(conn, tenant_id, job, by, now, after, counts)
        return Step(counts, f"changed:{done}" if done is not None else "made:")
    done = await _remove(conn, tenant_id, job, after, counts)
    return Step(counts, f"made:{done}" if done is not None else None)


async def _put_back(
    conn: Connection,
    tenant_id: UUID,
    job: Job,
    by: By,
    now: datetime,
    after: UUID,
    counts: Counts,
) -> UUID | None:
    rows = await conn.fetch(
        "SELECT customer_id, version_after, before FROM crm.customer_before "
        "WHERE tenant_id = $1 AND job_id = $2 AND customer_id > $3 ORDER BY customer_id LIMIT $4",
        tenant_id,
        job.job_id,
        after,
        STEP,
    )
    if not rows:
        return None
    customers = await store.get_many(
        conn, tenant_id=tenant_id, customer_ids=[row["customer_id"] for row in rows], lock=True
    )
    present = {each.customer_id: each for each in customers}
    pairs = []
    for row in rows:
        customer = present.get(row["customer_id"])
        if customer is None:
            _count(counts, "left_gone")
        elif customer.version != row["version_after"]:
            _count(counts, "left_changed")
        else:
            pairs.append((customer, changing.restored(orjson.loads(row["before"]))))
    await changing.change_many(
        conn, tenant_id=tenant_id, pairs=pairs, by=by, now=now, act="import_undone"
    )
    if pairs:
        _count(counts, "restored", len(pairs))
    last: UUID = rows[-1]["customer_id"]
    return last


async def _remove(
    conn: Connection, tenant_id: UUID, job: Job, after: UUID, counts: Counts
) -> UUID | None:
    rows = await conn.fetch(
        "SELECT customer_id, version FROM crm.customer "
        "WHERE tenant_id = $1 AND batch_number = $2 AND customer_id > $3 "
        "ORDER BY customer_id LIMIT $4 FOR UPDATE",
        tenant_id,
        job.batch_number,
        after,
        STEP,
    )
    if not rows:
        return None
    untouched = [row["customer_id"] for row in rows if row["version"] == 1]
    used = await links.used(conn, tenant_id=tenant_id, customer_ids=untouched)
    unused = [each for each in untouched if each not in used]
    await conn.execute(
        "DELETE FROM crm.customer WHERE tenant_id = $1 AND customer_id = ANY ($2::uuid[])",
        tenant_id,
        unused,
    )
    for name, number in (
        ("removed", len(unused)),
        ("left_changed", len(rows) - len(untouched)),
        ("left_in_use", len(used)),
    ):
        if number:
            _count(counts, name, number)
    last: UUID = rows[-1]["customer_id"]
    return last


def _count(counts: Counts, name: str, number: int = 1) -> None:
    counts[name] = counts.get(name, 0) + number
