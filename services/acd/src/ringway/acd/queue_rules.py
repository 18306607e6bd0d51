"""The tenant's configuration as the floor knows it: queues, agents' profiles, its own rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringway.acd.core import model as m
from ringway.acd.core.routing import Queue, Ring, SkillNeed, Strategy
from ringway.proto import acd_config as c

if TYPE_CHECKING:
    from ringway.acd.runner import FloorRunner


def routed(queue_id: str, queue: c.Queue) -> Queue:
    """Return the router's rules of a configured queue."""
    needs = {
        ring.after_s: tuple(SkillNeed(n.skill_id, n.level) for n in ring.needs)
        for ring in queue.rings
    }
    needs.setdefault(0.0, ())
    return Queue(
        queue_id,
        agent_ids=queue.agent_ids,
        rings=tuple(Ring(after_s, needs[after_s]) for after_s in sorted(needs)),
        strategy=Strategy(queue.strategy.value),
        priority=queue.priority,
        max_waiting=queue.max_waiting,
        max_wait_s=queue.max_wait_s,
        leave_when_empty=queue.leave_when_empty,
    )


def after_call_s(mode: c.AfterCallMode, seconds: float) -> float | None:
    """Return the seconds of after-call work: 0 none, ``None`` until the agent ends it."""
    if mode is c.AfterCallMode.UNTIL_RELEASED:
        return None
    return 0.0 if mode is c.AfterCallMode.NONE else seconds


def follow_configuration(runner: FloorRunner) -> None:
    """Tell the floor what is configured, now and whenever it changes."""
    configuration = runner.configuration
    runner.floor.handle(_choice_required(runner.now(), configuration.settings))
    for queue_id, queue in configuration.all(c.Queue).items():
        runner.floor.handle(_queue_set(runner.now(), queue_id, queue))
    for agent_id, profile in configuration.all(c.AgentProfile).items():
        runner.floor.handle(_profile_set(runner.now(), agent_id, profile))

    def changed(kind: str, object_id: str, old: c.Config | None, new: c.Config | None) -> None:
        now = runner.now()
        if isinstance(new, c.Queue):
            runner.apply(_queue_set(now, object_id, new))
        elif kind == c.Queue.KIND and new is None:
            runner.apply(m.QueueGone(now, object_id))
        elif kind == c.AgentProfile.KIND:
            profile = new if isinstance(new, c.AgentProfile) else c.AgentProfile()
            runner.apply(_profile_set(now, object_id, profile))

        elif kind == c.AcdSettings.KIND:
            settings = new if isinstance(new, c.AcdSettings) else c.AcdSettings()
            runner.apply(_choice_required(now, settings))
            runner.touched_agents |= runner.floor.agents.keys()

    configuration.on_change(changed)


def _choice_required(at: float, settings: c.AcdSettings) -> m.ChoiceRequired:
    return m.ChoiceRequired(at, settings.must_choose_campaigns)


def _queue_set(at: float, queue_id: str, queue: c.Queue) -> m.QueueSet:
    return m.QueueSet(
        at,
        routed(queue_id, queue),
        queue.ring_timeout_s,
        after_call_s(queue.after_call, queue.after_call_s),
    )


def _profile_set(at: float, agent_id: str, profile: c.AgentProfile) -> m.ProfileSet:
    return m.ProfileSet(at, agent_id, m.Profile(dict(profile.skills), profile.auto_answer))
