"""How an enterprise treats its customers: grades, claims, reclaiming, rules. One per tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from ringway.crm_api.customers.filters import CustomerCondition
from ringway.crm_api.customers.words import Grade
from ringway.crm_api.errors import Invalid
from ringway.crm_api.schemas import Body, Name, Text, View
from ringway.runtime.postgres import Connection

_Where = Annotated[
    list[CustomerCondition],
    Field(max_length=10, description="All of them must be so; none: every customer."),
]


class Share(Body):
    """Who gets how much of what is given out: an agent, or each agent of a team."""

    user_id: UUID | None = None
    team_id: UUID | None = None
    weight: int = Field(default=1, ge=1, le=100, description="Twice the weight, twice as many.")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.user_id is None) == (self.team_id is None):
            raise ValueError("either user_id or team_id")
        return self


class AssignmentRule(Body):
    """Which customers go to whom. The first rule that fits counts."""

    name: Name = Field(examples=["Iași to the north team"])
    where: _Where = Field(default_factory=list)
    shares: list[Share] = Field(min_length=1, max_length=100)


class GradingRule(Body):
    """Which customers have which grade. The first rule that fits counts."""

    where: _Where
    grade: Grade


class ReclaimRule(Body):
    """After how long without follow-up a customer goes back to the public pool."""

    grade: Grade | None = Field(default=None, description="Null: those that no other rule names.")
    days: int = Field(ge=1, le=3650)
    notice_days: int = Field(default=1, ge=0, le=90, description="His owner is told so long before")

    @model_validator(mode="after")
    def _notice_is_shorter(self) -> Self:
        if self.notice_days >= self.days:
            raise ValueError("notice_days: less than days")
        return self


class CarePlan(Body):
    """Follow-ups that are made by themselves for the owners of customers (R192)."""

    name: Name = Field(examples=["Birthday"])
    where: _Where = Field(default_factory=list)
    every_days: int | None = Field(
        default=None, ge=1, le=3650, description="So long after the last follow-up."
    )
    days_before_birthday: int | None = Field(default=None, ge=0, le=60)
    note: Text = Field(default="", max_length=1000, examples=["Wish a happy birthday."])

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.every_days is None) == (self.days_before_birthday is None):
            raise ValueError("either every_days or days_before_birthday")
        return self


class PolicyBody(Body):
    """The whole policy."""

    grades: list[Grade] = Field(
        default_factory=lambda: ["A", "B", "C"], max_length=20, description="Best first."
    )
    agents_may_claim: bool = Field(default=False, description="From the public pool, for oneself.")
    claim_cap: int = Field(
        default=200, ge=1, le=100_000, description="Who has so many claims no more."
    )
    claim_at_once: int = Field(default=20, ge=1, le=500)
    return_on_leaving: bool = Field(
        default=True, description="Whether a disabled user's customers go to the public pool."
    )
    reclaim: list[ReclaimRule] = Field(default_factory=list, max_length=20)
    assignment: list[AssignmentRule] = Field(default_factory=list, max_length=50)
    grading: list[GradingRule] = Field(default_factory=list, max_length=50)
    grade_daily: bool = Field(default=False, description="Whether grading runs once a day.")
    care: list[CarePlan] = Field(default_factory=list, max_length=20)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        _all_differ("grades", self.grades)
        _all_differ("reclaim", [str(each.grade) for each in self.reclaim])
        _all_differ("care", [each.name for each in self.care])
        used = {each.grade for each in self.grading}
        used |= {each.grade for each in self.reclaim if each.grade is not None}
        if unknown := sorted(used - set(self.grades)):
            raise ValueError(f"grades: there is no {unknown[0]}")
        return self


class PolicyView(PolicyBody, View):
    """The policy that holds."""

    version: int
    graded_at: datetime | None = Field(description="When grading ran by itself last.")


@dataclass(frozen=True, slots=True)
class Policy:
    """A tenant's policy as it is kept. ``version`` 0: nobody has changed the shipped one."""

    body: PolicyBody
    version: int
    graded_at: datetime | None = None
    cared_at: datetime | None = None

    def view(self) -> PolicyView:
        """Return what the API tells."""
        given = {name: getattr(self.body, name) for name in PolicyBody.model_fields}
        return PolicyView(**given, version=self.version, graded_at=self.graded_at)


async def get(conn: Connection, tenant_id: UUID) -> Policy:
    """Return the policy of a tenant."""
    row = await conn.fetchrow(
        "SELECT policy, version, graded_at, cared_at FROM crm.customer_policy WHERE tenant_id = $1",
        tenant_id,
    )
    if row is None:
        return Policy(PolicyBody(), 0)
    body = PolicyBody.model_validate_json(row["policy"])
    return Policy(body, row["version"], row["graded_at"], row["cared_at"])


async def put(
    conn: Connection, tenant_id: UUID, version: int | None, body: PolicyBody, now: datetime
) -> bool:
    """Replace the policy; whether ``version`` was the present one. The worker looks at once."""
    await exist(conn, tenant_id, now)
    done = await conn.fetchval(
        """
        UPDATE crm.customer_policy
           SET policy = $3::jsonb, version = version + 1, updated_at = $4, look_at = $4
         WHERE tenant_id = $1 AND ($2::integer IS NULL OR version = $2) RETURNING true
        """,
        tenant_id,
        version,
        body.model_dump_json(),
        now,
    )
    return bool(done)


async def exist(conn: Connection, tenant_id: UUID, now: datetime) -> None:
    """Let the worker look at a tenant's customers from now on."""
    await conn.execute(
        "INSERT INTO crm.customer_policy (tenant_id, version, updated_at, look_at) "
        "VALUES ($1, 0, $2, $2) ON CONFLICT DO NOTHING",
        tenant_id,
        now,
    )


async def note_run(
    conn: Connection,
    tenant_id: UUID,
    *,
    graded_at: datetime | None = None,
    cared_at: datetime | None = None,
) -> None:
    """Note when grading or care has run by itself."""
    await conn.execute(
        "UPDATE crm.customer_policy SET graded_at = coalesce($2, graded_at), "
        "cared_at = coalesce($3, cared_at) WHERE tenant_id = $1",
        tenant_id,
        graded_at,
        cared_at,
    )


async def check_grade(conn: Connection, tenant_id: UUID, grade: str) -> None:
    """Return when the tenant has this grade. Raises Invalid."""
    grades = (await get(conn, tenant_id)).body.grades
    if grade not in grades:
        raise Invalid("grade_unknown", f"grade: one of {', '.join(grades) or 'none'}.")


def _all_differ(what: str, words: list[str]) -> None:
    if len(set(words)) < len(words):
        raise ValueError(f"{what}: something is there twice")
