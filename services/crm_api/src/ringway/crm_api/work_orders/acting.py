"""One change of one order, all of it or nothing: the order, its history, alarms, notices, facts.

Whoever changes an order has locked its row first, people and the worker alike. So every change
sees the one before, and an alarm's effect goes with the alarm's row in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ringway.crm_api.core.work_orders import machine
from ringway.crm_api.core.work_orders.design import Assign
from ringway.crm_api.core.work_orders.history import Changes, changes
from ringway.crm_api.core.work_orders.model import (
    AssignTo,
    Event,
    Facts,
    Outcome,
    PromiseDue,
    Refusal,
    State,
    Tell,
)
from ringway.crm_api.core.work_orders.records import clocks_to
from ringway.crm_api.core.work_orders.sla import Promise
from ringway.crm_api.teams import store as teams
from ringway.crm_api.work_orders import alarms_store, people, store, telling
from ringway.crm_api.work_orders.scene import Scene, facts_of, history_of
from ringway.crm_api.work_orders.store import Entry, Order


async def apply(
    scene: Scene,
    event: Event,
    action: str,
    *,
    detail: Mapping[str, Any] | None = None,
    has_comment: bool = False,
    changed: Mapping[str, Any] | None = None,
) -> Refusal | None:
    """Let an event happen to an order and store all that follows, or return why it cannot be.

    Args:
        changed: Fields that change with it; they count for what the event needs.
    """
    outcome = machine.apply(
        event,
        scene.order.state,
        scene.design,
        who=scene.by.who if scene.by is not None else None,
        facts=await facts_of(
            scene, replace(scene.order, **dict(changed or {})), has_comment=has_comment
        ),
        now=scene.now,
        hours=scene.hours,
    )
    if isinstance(outcome, Refusal):
        return outcome
    tells = list(outcome.tells)
    if isinstance(event, PromiseDue):
        sla = scene.type.rules.sla
        parties = sla.tell_warned if event.is_warning else sla.tell_broken
        tells += [Tell(party, f"{event.promise}:{action}") for party in parties]
    await record(scene, outcome, action, detail=detail or {}, tells=tells, changed=changed)
    return None


async def record(
    scene: Scene,
    outcome: Outcome,
    action: str,
    *,
    detail: Mapping[str, Any],
    tells: Iterable[Tell] = (),
    changed: Mapping[str, Any] | None = None,
    is_new: bool = False,
) -> None:
    """Store an order's new state with its history, alarms, notices and facts.

    Args:
        changed: Fields of the order that change beside its state.
        is_new: The order is stored for the first time.
    """
    before = scene.order
    wanted = _with_state(scene, replace(before, **dict(changed or {})), outcome.state)
    told = list(tells)
    if outcome.choose is not None:
        wanted, more = await _assigned(scene, wanted, outcome.choose)
        told += more
    if wanted.team_id is None:
        wanted = await _owned(scene, wanted)
    after = replace(
        wanted,
        version=before.version if is_new else before.version + 1,
        entries=before.entries + 1,
        updated_at=scene.now,
    )
    keep = store.add if is_new else store.save
    await keep(scene.conn, tenant_id=scene.tenant_id, order=after)
    was = {} if is_new else history_of(before)
    await _add_entry(scene, after, action, detail, changes(was, history_of(after)))
    scene.order = after
    await alarms_store.replace_all(scene, has_entered=outcome.has_entered)
    await telling.tell(scene, told)
    await telling.announce(scene, action, str(detail.get("transition", "")))


async def note(scene: Scene, action: str, detail: Mapping[str, Any]) -> None:
    """Add to an order's history what changes nothing of its version, such as a comment."""
    after = replace(scene.order, entries=scene.order.entries + 1, updated_at=scene.now)
    await store.save(scene.conn, tenant_id=scene.tenant_id, order=after)
    await _add_entry(scene, after, action, detail, {})
    scene.order = after


async def _assigned(scene: Scene, order: Order, rule: Assign) -> tuple[Order, list[Tell]]:
    """Give an order to whom a rule means. One that is over stays with whom it was."""
    assignee_id, team_id = await people.choose(
        scene.conn,
        tenant_id=scene.tenant_id,
        rule=rule,
        order=order,
        actor_id=scene.actor_id,
        now=scene.now,
    )
    outcome = machine.apply(
        AssignTo(assignee_id, team_id),
        order.state,
        scene.design,
        who=None,
        facts=Facts(),
        now=scene.now,
        hours=scene.hours,
    )
    if isinstance(outcome, Refusal):
        return order, []
    return _with_state(scene, order, outcome.state), list(outcome.tells)


async def _owned(scene: Scene, order: Order) -> Order:
    """Give an order without a team to that of who works on it, or made it: its leaders see it."""
    whose = order.assignee_id or order.created_by
    if whose is None:
        return order
    found = await teams.teams_of(scene.conn, tenant_id=scene.tenant_id, user_ids=[whose])
    return replace(order, team_id=found.get(whose))


def _with_state(scene: Scene, order: Order, state: State) -> Order:
    response = state.clocks.get(Promise.RESPONSE)
    resolution = state.clocks.get(Promise.RESOLUTION)
    was_over = order.step_kind in ("done", "cancelled")
    ended_at = order.resolved_at if was_over else state.step_since
    return replace(
        order,
        step=state.step,
        step_kind=state.kind.value,
        step_since=state.step_since,
        design_version=state.design_version,
        assignee_id=state.assignee_id,
        team_id=state.team_id,
        priority=state.priority,
        promises=clocks_to(state.clocks),
        milestones=list(state.milestones),
        times_reopened=state.times_reopened,
        response_due_at=response.due_at(scene.hours) if response is not None else None,
        responded_at=response.stopped_at if response is not None else None,
        response_breached_at=response.breached_at if response is not None else None,
        resolution_due_at=resolution.due_at(scene.hours) if resolution is not None else None,
        resolved_at=ended_at if state.kind.is_end else None,
        resolution_breached_at=resolution.breached_at if resolution is not None else None,
    )


async def _add_entry(
    scene: Scene, after: Order, action: str, detail: Mapping[str, Any], changed: Changes
) -> None:
    entry = Entry(
        seq=after.entries,
        version=after.version,
        at=scene.now,
        actor_id=scene.actor_id,
        actor=scene.actor,
        action=action,
        detail=dict(detail),
        changes=changed,
    )
    await store.add_entry(
        scene.conn, tenant_id=scene.tenant_id, work_order_id=after.work_order_id, entry=entry
    )
