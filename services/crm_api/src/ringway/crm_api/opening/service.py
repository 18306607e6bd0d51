"""The guided opening of an enterprise: all of it, or nothing.

While it is opened nobody gets in. When a step fails, each service removes all that it has of the
enterprise, which is gone then. When the process dies in the middle, or undoing fails, a repeat of
the request does that first, and so does housekeeping. Nothing before the last step counts as done,
so the repeat may have the same ``Idempotency-Key``.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid5

import asyncpg

from ringway.crm_api.access import PLATFORM_TENANT, ROLE_PERMISSIONS, Caller, Role
from ringway.crm_api.audit import store as audit
from ringway.crm_api.auth import password_rules
from ringway.crm_api.campaigns import defaults
from ringway.crm_api.campaigns.defaults import CampaignDefaultsBody
from ringway.crm_api.core.opening import templates
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import ApiError, Conflict, Unavailable, translate
from ringway.crm_api.features import Feature
from ringway.crm_api.opening import store
from ringway.crm_api.opening.schemas import FirstAgent, Opened, Opening, OpeningStep
from ringway.crm_api.tenants import store as tenants
from ringway.crm_api.tenants.schemas import FirstAdmin, TenantView
from ringway.crm_api.trunks.schemas import TrunkBody
from ringway.crm_api.users import service as users
from ringway.crm_api.users.schemas import NewUser
from ringway.proto.acd import PutTrunkV1, TrunkV1
from ringway.proto.base import Done, Reply
from ringway.proto.dialer import PutProjectV1
from ringway.proto.dialer_callback import PutDispositionV1
from ringway.proto.dialer_pool import AllotCallerNumbersV1, CallerNumbersV1
from ringway.proto.tenant_deletion import (
    DeleteAcdTenantV1,
    DeleteDialerTenantV1,
    TenantPartDeletedV1,
)
from ringway.runtime import held
from ringway.runtime.errors import DependencyDown, Refused
from ringway.runtime.ids import uuid7

_log = logging.getLogger("ringway.crm_api.opening")

# Longer than any step of an opening takes.
_GIVEN_UP_AFTER = timedelta(seconds=90)
_UNDO_LIMIT_S = 20.0


@dataclass
class _Work:
    """One opening under way."""

    deps: Deps
    operator: Caller
    tenant_id: UUID
    new: Opening
    steps: list[OpeningStep] = field(default_factory=list)

    @property
    def setter_up(self) -> Caller:
        """Who does it inside of the enterprise: its audit log says that it was the operator."""
        return replace(
            self.operator,
            tenant_id=self.tenant_id,
            username=f"operator:{self.operator.username}",
            role=Role.ENTERPRISE_ADMIN,
            permissions=ROLE_PERMISSIONS[Role.ENTERPRISE_ADMIN],
        )

    @property
    def trunk_id(self) -> UUID:
        return uuid5(self.tenant_id, "first trunk")


async def open_enterprise(deps: Deps, caller: Caller, new: Opening) -> Opened:
    """Open an enterprise that can make a call afterwards.

    Raises:
        Conflict: The slug is taken.
        Unavailable: An opening of this slug was cut off just now, or is under way.
        ApiError: A step failed; ``steps`` says which were done, ``is_undone`` that none is left.
    """
    await _clear(deps, new.slug)
    people: tuple[FirstAdmin | FirstAgent, ...] = (new.admin, *new.agents)
    for person in people:
        password_rules.check(person.password, username=person.username, tenant=new.slug)
    work = _Work(deps, caller, uuid7(), new)
    doing = "enterprise"
    try:
        for name, step in _steps(work):
            doing = name
            await step()
            await _go_on(work)
        doing = "activation"
        tenant = await _activate(work)
    except (ApiError, Refused, DependencyDown, TimeoutError) as error:
        known = translate(error) or Conflict("opening_failed")
        is_taken = doing == "enterprise" and isinstance(error, Conflict)
        is_undone = is_taken or await _undo(deps, work.tenant_id)
        left = "Nothing of it is left." if is_undone else "Undoing it failed: repeat in a while."
        known.detail = f"{doing}: {known.detail} {left}"
        known.extra["failed_step"] = doing
        known.extra["is_undone"] = is_undone
        known.extra["steps"] = [step.model_dump(mode="json") for step in work.steps]
        if not is_undone:
            known.status = 503  # such an answer is not kept for repeats
        raise known from error
    except BaseException:
        await _undo(deps, work.tenant_id)
        raise
    return Opened(tenant=TenantView.model_validate(tenant), steps=work.steps)


async def _go_on(work: _Work) -> None:
    """Say that the opening goes on; what is done so far is no act that a repeat must not repeat.

    Raises:
        Conflict: Somebody thought that it was given up, and undid it.
    """
    await held.prepared()
    async with work.deps.pool.tenant(work.tenant_id) as conn:
        goes_on = await store.go_on(conn, tenant_id=work.tenant_id, now=work.deps.now())
    await held.prepared()
    if not goes_on:
        raise _undone_meanwhile()


async def _activate(work: _Work) -> tenants.Tenant:
    deps, new = work.deps, work.new
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        tenant = await tenants.put(
            conn,
            tenant_id=work.tenant_id,
            now=deps.now(),
            values={
                "state": "active",
                "features_off": sorted({*Feature} - {*new.features}),
            },
            when=("opening",),
        )
        if tenant is None:
            raise _undone_meanwhile()
        await audit.add(
            conn,
            caller=work.operator,
            now=deps.now(),
            action="tenant.opened",
            object_type="tenant",
            object_id=work.tenant_id,
            detail={"slug": new.slug, "steps": [step.step for step in work.steps]},
        )
    return tenant


def _undone_meanwhile() -> Unavailable:
    return Unavailable("opening_cut_off", "It took too long and was undone; repeat it.")


def _steps(work: _Work) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
    agents = [
        (f"agent {agent.username}", partial(_agent, work, agent)) for agent in work.new.agents
    ]
    numbers = [("caller_numbers", partial(_caller_numbers, work))]
    return [
        ("enterprise", partial(_enterprise, work)),
        *agents,
        ("trunk", partial(_trunk, work, work.new.trunk)),
        *(numbers if work.new.caller_numbers else []),
        ("dispositions", partial(_dispositions, work)),
        ("campaign_defaults", partial(_campaign_defaults, work)),
        ("project", partial(_project, work)),
    ]


async def _enterprise(work: _Work) -> None:
    deps, new = work.deps, work.new
    admin = NewUser(
        username=new.admin.username,
        password=new.admin.password,
        display_name=new.admin.display_name,
        role=Role.ENTERPRISE_ADMIN,
    )
    password_hash = await deps.passwords.hash(admin.password)
    try:
        async with deps.pool.tenant(work.tenant_id) as conn:
            await tenants.add(
                conn, tenant_id=work.tenant_id, slug=new.slug, name=new.name, now=deps.now()
            )
            await store.begin(conn, tenant_id=work.tenant_id)
            user = await users.add(
                deps, conn, tenant_id=work.tenant_id, new=admin, password_hash=password_hash
            )
    except tenants.SlugTaken:
        raise Conflict("slug_taken", f"Another tenant has the slug {new.slug}.") from None
    work.steps.append(OpeningStep(step="enterprise", name=new.slug, object_id=work.tenant_id))
    work.steps.append(OpeningStep(step="admin", name=user.username, object_id=user.user_id))


async def _agent(work: _Work, agent: FirstAgent) -> None:
    new = NewUser(
        username=agent.username,
        password=agent.password,
        role=Role.AGENT,
        display_name=agent.display_name,
        agent_number=agent.agent_number,
    )
    user, _ = await users.create(work.deps, work.setter_up, new)
    work.steps.append(OpeningStep(step="agent", name=user.username, object_id=user.user_id))


async def _trunk(work: _Work, trunk: TrunkBody) -> None:
    password = trunk.password.get_secret_value() if trunk.password is not None else None
    question = PutTrunkV1(
        occurred_at=work.deps.now(),
        tenant=str(work.tenant_id),
        trunk_id=str(work.trunk_id),
        password=password,
        **trunk.model_dump(exclude={"password"}),
    )
    await work.deps.bus.request(question, TrunkV1)
    work.steps.append(OpeningStep(step="trunk", name=trunk.name, object_id=work.trunk_id))


async def _caller_numbers(work: _Work) -> None:
    question = AllotCallerNumbersV1(
        occurred_at=work.deps.now(),
        tenant=str(work.tenant_id),
        phones_e164=tuple(work.new.caller_numbers),
        allotted_by=work.operator.username,
    )
    await work.deps.bus.request(question, CallerNumbersV1)
    for number in work.new.caller_numbers:
        work.steps.append(OpeningStep(step="caller_number", name=number))


async def _dispositions(work: _Work) -> None:
    template = work.new.dispositions
    for code, disposition in templates.dispositions(template).items():
        question = PutDispositionV1(
            occurred_at=work.deps.now(),
            tenant=str(work.tenant_id),
            code=code,
            disposition=disposition,
        )
        await work.deps.bus.request(question, Done)
    work.steps.append(OpeningStep(step="dispositions", name=template.value))


async def _campaign_defaults(work: _Work) -> None:
    template = work.new.law
    law = templates.law(template)
    if law is not None:
        body = CampaignDefaultsBody.model_validate(
            {
                "schedule": law.schedule(work.new.zone).model_dump(),
                "caps": law.caps.model_dump(),
                "max_attempts": law.max_attempts,
            }
        )
        async with work.deps.pool.tenant(work.tenant_id) as conn:
            await defaults.put(
                conn, tenant_id=work.tenant_id, version=None, body=body, now=work.deps.now()
            )
    work.steps.append(OpeningStep(step="campaign_defaults", name=template.value))


async def _project(work: _Work) -> None:
    project_id = uuid7()
    name = work.new.project or templates.FIRST_PROJECT[work.new.language]
    question = PutProjectV1(
        occurred_at=work.deps.now(),
        tenant=str(work.tenant_id),
        project_id=str(project_id),
        name=name,
    )
    await work.deps.bus.request(question, Reply)
    work.steps.append(OpeningStep(step="project", name=name, object_id=project_id))


async def _clear(deps: Deps, slug: str) -> None:
    """Undo an opening of the same slug whose process died.

    Raises:
        Unavailable: It may be going on.
    """
    now = deps.now()
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        left = await store.unfinished(conn, slug=slug)
    if left is None:
        return
    wait = left.went_on_at + _GIVEN_UP_AFTER - now
    if wait > timedelta() or not await _undo(deps, left.tenant_id):
        raise Unavailable(
            "opening_unfinished",
            f"An opening of {slug} is under way or was cut off; repeat this request.",
            retry_after_s=max(10, int(wait.total_seconds()) + 1),
        )


async def clear_all(deps: Deps) -> int:
    """Undo openings whose processes died and that nobody repeated; return how many."""
    before = deps.now() - _GIVEN_UP_AFTER
    async with deps.pool.tenant(PLATFORM_TENANT) as conn:
        left = await store.given_up(conn, before=before)
    return sum([await _undo(deps, tenant_id) for tenant_id in left])


async def _undo(deps: Deps, tenant_id: UUID) -> bool:
    """Have each service remove all that it has of it, then the enterprise itself; whether it was.

    While one does not answer, the enterprise stays as it is, with nobody let in.
    """
    try:
        for kind in (DeleteAcdTenantV1, DeleteDialerTenantV1):
            is_done = False
            while not is_done:
                question = kind(occurred_at=deps.now(), tenant=str(tenant_id))
                part = await deps.bus.request(
                    question, TenantPartDeletedV1, timeout_s=_UNDO_LIMIT_S
                )
                is_done = part.is_done
        async with deps.pool.tenant(PLATFORM_TENANT) as conn:
            await store.undo(conn, tenant_id=tenant_id)
        await held.prepared()
    except (Refused, DependencyDown, TimeoutError, asyncpg.PostgresError) as error:
        _log.warning(
            "An opening could not be undone now.",
            extra={"tenant": str(tenant_id), "reason": repr(error)},
        )
        return False
    return True
