"""Value grading by rule (R191): what the rules say of each customer, tried out or written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ringway.crm_api.customers.changes import By
from ringway.crm_api.customers.fields import Fields
from ringway.crm_api.customers.policy import GradingRule
from ringway.crm_api.customers.scope import Scope
from ringway.crm_api.customers.search import Filters, Parameters, compare_sql, condition
from ringway.runtime.postgres import Connection

WINDOW = 2_000  # customers judged in one statement
_WRITE = """
    WITH judged AS (
        SELECT * FROM unnest($2::uuid[], $3::text[], $4::text[]) AS j (customer_id, old, new)
    ), locked AS (
        SELECT c.customer_id, j.old, j.new FROM crm.customer c JOIN judged j USING (customer_id)
         WHERE c.tenant_id = $1 AND c.grade IS NOT DISTINCT FROM j.old
         ORDER BY c.customer_id FOR UPDATE OF c
    ), graded AS (
        UPDATE crm.customer c SET grade = l.new, version = c.version + 1, updated_at = $5
          FROM locked l WHERE c.tenant_id = $1 AND c.customer_id = l.customer_id
        RETURNING c.customer_id, l.old, l.new
    ), remembered AS (
        INSERT INTO crm.customer_change (tenant_id, customer_id, change_id, at, user_id, username,
                                         act, changes)
        SELECT $1, customer_id, uuidv7(), $5, $6::uuid, $7::text, 'graded',
               jsonb_build_object('grade', jsonb_build_array(old, new))
          FROM graded
    )
    SELECT old, new, count(*) AS customers FROM graded GROUP BY old, new
"""


@dataclass(slots=True)
class Graded:
    """What a run came to. ``changes``: how many went from which grade (None: none) to which."""

    judged: int = 0
    changes: Counter[tuple[str | None, str]] = field(default_factory=Counter)
    last_id: UUID | None = None

    @property
    def changed(self) -> int:
        """How many have another grade now, or would have."""
        return self.changes.total()


async def window(
    conn: Connection,
    *,
    rules: Sequence[GradingRule],
    wanted: Filters,
    scope: Scope,
    fields: Fields,
    so_far: Graded,
    by: By,
    now: datetime,
    writes: bool,
    most: int = WINDOW,
) -> bool:
    """Judge the next customers and add what was found to ``so_far``; whether there may be more.

    Whom no rule fits keeps his grade. Whose grade somebody changes meanwhile keeps that one.

    Raises:
        Invalid: A rule or the filter makes no sense.
    """
    args = Parameters()
    base = condition(wanted, scope, fields, args)
    tests = [_case(rule, fields, args) for rule in rules]
    rows = await conn.fetch(
        f"""
        SELECT c.customer_id, c.grade AS old, CASE {" ".join(tests)} END AS new
          FROM crm.customer c
         WHERE {base} AND ({args.add(so_far.last_id)}::uuid IS NULL OR c.customer_id > ${len(args)})
         ORDER BY c.customer_id LIMIT {args.add(most)}
        """,  # noqa: S608 - see fields.py
        *args,
    )
    so_far.judged += len(rows)
    if rows:
        so_far.last_id = rows[-1]["customer_id"]
    differ = [row for row in rows if row["new"] is not None and row["new"] != row["old"]]
    if not writes:
        so_far.changes.update((row["old"], row["new"]) for row in differ)
    elif differ:
        done = await conn.fetch(
            _WRITE,
            scope.tenant_id,
            [row["customer_id"] for row in differ],
            [row["old"] for row in differ],
            [row["new"] for row in differ],
            now,
            by.user_id,
            by.username,
        )
        for row in done:
            so_far.changes[row["old"], row["new"]] += row["customers"]
    return len(rows) == most


def _case(rule: GradingRule, fields: Fields, args: Parameters) -> str:
    tests = [f"({compare_sql(each, fields, args)})" for each in rule.where] or ["true"]
    return f"WHEN {' AND '.join(tests)} THEN {args.add(rule.grade, 'text')}"
