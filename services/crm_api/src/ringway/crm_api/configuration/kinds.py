"""The one table of what a tenant configures of its ACD: paths, payloads, permissions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, create_model

from ringway.crm_api.access import Permission
from ringway.crm_api.core.moments import Moment
from ringway.proto import acd_config as c
from ringway.proto.base import Token


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object and how it stands in the API.

    Args:
        is_made_elsewhere: Its id is another object's, so it is only put, never posted.
        secrets: Fields that only those who may write are shown.
    """

    model: type[c.Config]
    path: str
    id_name: str
    read: Permission
    about: str
    is_made_elsewhere: bool = False
    secrets: frozenset[str] = frozenset()
    view: type[BaseModel] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "view", _view(self.model, self.id_name))

    @property
    def name(self) -> c.ConfigKind:
        """How the ACD calls it, such as ``inbound_route``."""
        return self.model.KIND  # type: ignore[return-value]

    @property
    def plural(self) -> str:
        """How operations on several are called, such as ``inbound_routes``."""
        return self.path.replace("-", "_")

    @property
    def words(self) -> str:
        """How people call one, such as ``inbound route``."""
        return self.name.replace("_", " ")


def _view(model: type[c.Config], id_name: str) -> type[BaseModel]:
    fields: dict[str, Any] = {id_name: (Token, ...), "changed_at": (Moment, ...)}
    return create_model(
        f"{model.__name__}View",
        __base__=model,
        __module__=__name__,
        __doc__=f"{model.__doc__} With its id, and when it was changed last.",
        **fields,
    )


_ROUTING = Permission.ROUTING_READ
KINDS: tuple[Kind, ...] = (
    Kind(c.Skill, "skills", "skill_id", Permission.QUEUES_READ, "something agents can do"),
    Kind(c.Queue, "queues", "queue_id", Permission.QUEUES_READ, "where calls wait for agents"),
    Kind(
        c.AgentProfile,
        "agent-profiles",
        "agent_id",
        _ROUTING,
        "how one agent works; its id is the user's",
        is_made_elsewhere=True,
    ),
    Kind(c.Calendar, "calendars", "calendar_id", _ROUTING, "business hours and holidays"),
    Kind(
        c.InboundRoute,
        "inbound-routes",
        "inbound_route_id",
        _ROUTING,
        "where calls to a number go",
    ),
    Kind(
        c.OutboundRoute,
        "outbound-routes",
        "outbound_route_id",
        _ROUTING,
        "how numbers with a prefix leave",
    ),
    Kind(
        c.BlockedCaller,
        "blocked-callers",
        "blocked_caller_id",
        _ROUTING,
        "a caller who hears busy",
    ),
    Kind(
        c.MonitorGroup,
        "monitor-groups",
        "monitor_group_id",
        _ROUTING,
        "agents whom some supervisors may see and supervise",
    ),
    Kind(
        c.VoicemailBox,
        "voicemail-boxes",
        "voicemail_id",
        _ROUTING,
        "where callers leave messages",
        secrets=frozenset({"pin"}),
    ),
    Kind(
        c.TimeCondition,
        "time-conditions",
        "time_condition_id",
        _ROUTING,
        "a target that depends on the hour",
    ),
    Kind(
        c.CallerGroup,
        "caller-groups",
        "caller_group_id",
        _ROUTING,
        "customers by their numbers, and how their calls are treated",
    ),
    Kind(
        c.ConferenceRoom,
        "conference-rooms",
        "conference_room_id",
        _ROUTING,
        "a conference that callers may join",
        secrets=frozenset({"pin"}),
    ),
)


class AcdSettingsView(c.AcdSettings):
    """The tenant's settings, and when they were changed: null when they are the defaults."""

    changed_at: Moment | None = None
