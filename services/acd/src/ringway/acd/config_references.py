"""Which other objects a configured object names, and what is its alone. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

from ringway.proto import acd_config as c

# Not configured here but known to Accounts.
AGENT, TRUNK = "agent", "trunk"

_TARGETS = {
    c.TargetKind.QUEUE: c.Queue.KIND,
    c.TargetKind.VOICEMAIL: c.VoicemailBox.KIND,
    c.TargetKind.AGENT: AGENT,
    c.TargetKind.TIME_CONDITION: c.TimeCondition.KIND,
}
# The kinds that name other objects.
REFERRING: tuple[type[c.Config], ...] = (
    c.Queue,
    c.AgentProfile,
    c.InboundRoute,
    c.OutboundRoute,
    c.MonitorGroup,
    c.VoicemailBox,
    c.TimeCondition,
    c.CallerGroup,
)


@dataclass(frozen=True, slots=True)
class Reference:
    """``field`` of an object names the object ``object_id`` of a kind."""

    field: str
    kind: str
    object_id: str


def targets(config: c.Config) -> Iterator[tuple[str, c.Target]]:
    """Yield where an object sends calls, with the field that says so."""
    match config:
        case c.Queue():
            yield "on_closed", config.on_closed
            yield "on_full", config.on_full
            yield "on_timeout", config.on_timeout
            yield "on_no_agents", config.on_no_agents
        case c.InboundRoute():
            yield "target", config.target
            if config.closed_target is not None:
                yield "closed_target", config.closed_target
            for n, slot in enumerate(config.duty):
                yield f"duty.{n}.target", slot.target
            for n, rule in enumerate(config.caller_rules):
                if rule.target is not None:
                    yield f"caller_rules.{n}.target", rule.target
        case c.TimeCondition():
            yield "target", config.target
            yield "closed_target", config.closed_target
            for n, slot in enumerate(config.duty):
                yield f"duty.{n}.target", slot.target
        case _:
            return


def references(config: c.Config) -> Iterator[Reference]:
    """Yield every object that ``config`` names, in the order of its fields."""
    for field, target in targets(config):
        if (kind := _TARGETS.get(target.kind)) is not None:
            yield Reference(f"{field}.value", kind, target.value)
    match config:
        case c.Queue():
            for n, ring in enumerate(config.rings):
                for m, need in enumerate(ring.needs):
                    yield Reference(f"rings.{n}.needs.{m}.skill_id", c.Skill.KIND, need.skill_id)
            yield from _each("agent_ids", AGENT, config.agent_ids or ())
            yield from _one("calendar_id", c.Calendar.KIND, config.calendar_id)
        case c.AgentProfile():
            for skill_id in config.skills:
                yield Reference(f"skills.{skill_id}", c.Skill.KIND, skill_id)
            yield from _one("voicemail_id", c.VoicemailBox.KIND, config.voicemail_id)
        case c.InboundRoute():
            yield from _one("trunk_id", TRUNK, config.trunk_id)
            yield from _one("calendar_id", c.Calendar.KIND, config.calendar_id)
            for n, slot in enumerate(config.duty):
                yield Reference(f"duty.{n}.calendar_id", c.Calendar.KIND, slot.calendar_id)
            for n, rule in enumerate(config.caller_rules):
                yield from _one(f"caller_rules.{n}.owner_agent_id", AGENT, rule.owner_agent_id)
        case c.TimeCondition():
            yield Reference("calendar_id", c.Calendar.KIND, config.calendar_id)
            for n, slot in enumerate(config.duty):
                yield Reference(f"duty.{n}.calendar_id", c.Calendar.KIND, slot.calendar_id)
        case c.CallerGroup():
            yield from _one("owner_agent_id", AGENT, config.owner_agent_id)
            for meant, theirs in config.queues.items():
                if meant != "*":
                    yield Reference(f"queues.{meant}", c.Queue.KIND, meant)
                yield Reference(f"queues.{meant}", c.Queue.KIND, theirs)
        case c.OutboundRoute():
            yield from _each("trunk_ids", TRUNK, config.trunk_ids)
        case c.MonitorGroup() | c.VoicemailBox():
            # Supervisors may have no seat, so the ACD does not know all of them.
            yield from _each("agent_ids", AGENT, config.agent_ids)
        case _:
            return


def unique_fields(config: c.Config) -> Iterator[tuple[str, Hashable]]:
    """Yield what no two objects of the kind may share."""
    if name := getattr(config, "name", ""):
        yield "name", name.casefold()
    match config:
        case c.InboundRoute():
            yield "did", (config.did, config.trunk_id)
        case c.BlockedCaller():
            yield "number", config.number
        case c.VoicemailBox() if config.number:
            yield "number", config.number
        case _:
            return


def _one(field: str, kind: str, object_id: str | None) -> Iterator[Reference]:
    if object_id is not None:
        yield Reference(field, kind, object_id)


def _each(field: str, kind: str, object_ids: Iterable[str]) -> Iterator[Reference]:
    for n, object_id in enumerate(object_ids):
        yield Reference(f"{field}.{n}", kind, object_id)
