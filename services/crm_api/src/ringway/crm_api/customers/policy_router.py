"""/customer-policy: grades, claims, reclaiming, and the rules by which customers are treated."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Response
from pydantic import Field

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.customers import fields as known_fields
from ringway.crm_api.customers import grading, policy, scope, search, service
from ringway.crm_api.customers.changes import By
from ringway.crm_api.customers.fields import Fields
from ringway.crm_api.customers.filters import CustomerFilter
from ringway.crm_api.customers.policy import PolicyBody, PolicyView
from ringway.crm_api.deps import DepsOf, requires
from ringway.crm_api.errors import Invalid, PreconditionFailed
from ringway.crm_api.etag import IfMatch, expected_version, set_etag
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Body, View
from ringway.crm_api.teams import service as teams
from ringway.crm_api.users import store as users
from ringway.runtime.postgres import Connection

router = api_router("/customer-policy", "customer-policy")
Reader = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_READ))]
Ruler = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_RULES))]


class GradingRunBody(Body):
    """Which customers are graded by the policy's rules."""

    filter: CustomerFilter = Field(default_factory=CustomerFilter)
    at_most: int = Field(default=10_000, ge=1, le=50_000)
    is_dry_run: bool = Field(default=True, description="Count only, and change nobody's grade.")


class GradeChangeView(View):
    """How many went from one grade to another."""

    old: str | None
    new: str
    customers: int


class GradingRunView(View):
    """What grading came to, or would."""

    judged: int
    changed: int
    changes: list[GradeChangeView]
    has_more: bool
    is_dry_run: bool


@router.get("")
async def get_customer_policy(deps: DepsOf, caller: Reader, response: Response) -> PolicyView:
    """Return the policy that holds."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        found = await policy.get(conn, caller.tenant_id)
    set_etag(response, found.version)
    return found.view()


@router.put("")
async def put_customer_policy(
    wanted: PolicyBody, deps: DepsOf, caller: Ruler, response: Response, if_match: IfMatch = None
) -> PolicyView:
    """Replace the policy. What its rules name must be there."""
    version = expected_version(if_match)
    async with deps.pool.tenant(caller.tenant_id) as conn:
        before = await policy.get(conn, caller.tenant_id)
        if version in (None, before.version) and before.body == wanted:
            set_etag(response, before.version)
            return before.view()
        await _check(conn, caller, wanted)
        done = await policy.put(conn, caller.tenant_id, version, wanted, deps.now())
        present = await policy.get(conn, caller.tenant_id)
        if not done:
            raise PreconditionFailed(
                "customer_policy_changed",
                "The policy was changed meanwhile; `current` is what it is now.",
                extra={"current": present.view().model_dump(mode="json")},
            )
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="customer_policy.changed",
            object_type="customer_policy",
            detail=wanted.model_dump(mode="json", exclude_defaults=True),
        )
    set_etag(response, present.version)
    return present.view()


@router.post("/grading-runs")
async def run_grading(wanted: GradingRunBody, deps: DepsOf, caller: Ruler) -> GradingRunView:
    """Grade customers by the policy's rules now, or only count what would change."""
    graded, more = grading.Graded(), True
    while more and graded.judged < wanted.at_most:
        async with deps.pool.tenant(caller.tenant_id) as conn:
            filters, fields = await service.meant(conn, caller, wanted.filter)
            rules = (await policy.get(conn, caller.tenant_id)).body.grading
            if not rules:
                raise Invalid("rules_missing", "The policy has no grading rules.")
            more = await grading.window(
                conn,
                rules=rules,
                wanted=filters,
                scope=scope.of(caller),
                fields=fields,
                so_far=graded,
                by=By.caller(caller),
                now=deps.now(),
                writes=not wanted.is_dry_run,
                most=min(grading.WINDOW, wanted.at_most - graded.judged),
            )
    if not wanted.is_dry_run:
        async with deps.pool.tenant(caller.tenant_id) as conn:
            await audit.add(
                conn,
                caller=caller,
                now=deps.now(),
                action="customers.graded",
                object_type="customer_policy",
                detail={"judged": graded.judged, "changed": graded.changed},
            )
    changes = [
        GradeChangeView(old=old, new=new, customers=n)
        for (old, new), n in sorted(graded.changes.items(), key=lambda each: str(each[0]))
    ]
    return GradingRunView(
        judged=graded.judged,
        changed=graded.changed,
        changes=changes,
        has_more=more,
        is_dry_run=wanted.is_dry_run,
    )


async def _check(conn: Connection, caller: Caller, wanted: PolicyBody) -> None:
    """Return when everything that the rules name is there. Raises Invalid."""
    fields: Fields = await known_fields.of(conn, caller)
    wheres = [rule.where for rule in wanted.assignment]
    wheres += [rule.where for rule in wanted.grading] + [plan.where for plan in wanted.care]
    for condition in (each for where in wheres for each in where):
        search.compare_sql(condition, fields, search.Parameters())
    shares = [share for rule in wanted.assignment for share in rule.shares]
    team_ids = [each.team_id for each in shares if each.team_id is not None]
    await teams.check_known(conn, caller.tenant_id, team_ids)
    user_ids = [each.user_id for each in shares if each.user_id is not None]
    known = await users.existing(conn, tenant_id=caller.tenant_id, user_ids=user_ids)
    for user_id in user_ids:
        if user_id not in known:
            raise Invalid("user_unknown", f"assignment: there is no user {user_id}.")
