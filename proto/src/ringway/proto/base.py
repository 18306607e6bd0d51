"""What all messages share: identity, time, tenant, and how a subject is made from fields.

A *fact* is something that happened and must not be lost: it goes through JetStream.
A *presence* message is a live figure that the next one replaces: core NATS.
A *request* asks the owner of some state to change it; a *reply* answers it.
"""

from __future__ import annotations

import re
import string
from enum import StrEnum
from functools import cache
from secrets import token_hex
from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

# An id that may stand in a subject: it cannot smuggle '.', '*' or '>' into it.
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
Seconds = Annotated[float, Field(ge=0)]
PhoneE164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{1,14}$")]

_FIELD = re.compile(r"\{(\w+)\}")


class Kind(StrEnum):
    """How a message travels."""

    FACT = "fact"
    PRESENCE = "presence"
    REQUEST = "request"


class Model(BaseModel):
    """A frozen value inside messages. Unknown fields are ignored, so older readers go on."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Reply(Model):
    """The answer to a request. A refusal is not a Reply: the bus raises it at the caller."""


class Done(Reply):
    """The request was carried out, now or by an earlier delivery of the same request."""


class Message(Model):
    """One message on the bus.

    ``SUBJECT`` is a template over the message's own fields. ``message_id`` is sent as
    ``Nats-Msg-Id``: two messages with one id are one message.
    """

    SUBJECT: ClassVar[str] = ""
    KIND: ClassVar[Kind] = Kind.FACT

    message_id: Token = Field(default_factory=lambda: token_hex(16))
    occurred_at: AwareDatetime
    tenant: Token

    @property
    def subject(self) -> str:
        """The concrete subject of this message."""
        template = type(self).SUBJECT
        return template.format_map({name: getattr(self, name) for name in _names(template)})

    @classmethod
    def subject_filter(cls, **fixed: str) -> str:
        """The subscription subject: ``*`` for every field that is not in ``fixed``."""
        return _FIELD.sub(lambda m: fixed.get(m.group(1), "*"), cls.SUBJECT)

    @classmethod
    def type_name(cls) -> str:
        """A stable name for outsiders: the subject without its tenant and ids.

        >>> # dialer.v1.{tenant}.attempt.{attempt_id}.started -> dialer.v1.attempt.started
        """
        return ".".join(part for part in cls.SUBJECT.split(".") if not part.startswith("{"))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.SUBJECT and cls.__module__.startswith("ringway.proto."):
            _REGISTRY.append(cls)


class Fact(Message):
    """Something that happened."""

    KIND: ClassVar[Kind] = Kind.FACT


class Presence(Message):
    """A live figure; the next one replaces it."""

    KIND: ClassVar[Kind] = Kind.PRESENCE


class Request(Message):
    """Ask the owner of some state to change it. Handlers are idempotent by ``message_id``."""

    KIND: ClassVar[Kind] = Kind.REQUEST


_REGISTRY: list[type[Message]] = []


def registry() -> tuple[type[Message], ...]:
    """Every message type of Ringway that has a subject, in order of definition."""
    from ringway.proto import (  # noqa: F401 - importing fills the registry
        acd,
        acd_calls,
        acd_choice,
        acd_config,
        acd_nodes,
        acd_voicemail,
        crm,
        crm_alarms,
        crm_customer_files,
        crm_customers,
        crm_knowledge,
        crm_members,
        crm_objects,
        crm_queriers,
        crm_questionnaires,
        crm_sales,
        crm_webhooks,
        crm_work_orders,
        dialer,
        dialer_announcements,
        dialer_callback,
        dialer_law,
        dialer_leads,
        dialer_pool,
        dialer_preview,
        dialer_teams,
        dialer_tenants,
        recorder,
        tenant_deletion,
        trainer,
    )

    return tuple(_REGISTRY)


@cache
def _names(template: str) -> tuple[str, ...]:
    return tuple(name for _, name, _, _ in string.Formatter().parse(template) if name)
