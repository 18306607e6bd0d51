"""Payloads of notices: what scrolls at the top of people's pages."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from ringway.crm_api.core.moments import Moment
from ringway.crm_api.schemas import Body, Text, View


class NoticeState(StrEnum):
    """A published notice is shown while its time lasts."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Priority(StrEnum):
    """The order in which notices are shown."""

    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


RoleKey = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$", examples=["agent"])]


class NoticeBody(Body):
    """Everything that is set on a notice. It is for whoever is any of those that are named."""

    text_zh: Text = Field(default="", max_length=2000, examples=["今晚十点系统维护"])
    text_en: Text = Field(default="", max_length=2000, examples=["Maintenance at 10 p.m."])
    begins_at: Moment | None = Field(default=None, description="Null: now.")
    ends_at: Moment = Field(examples=["2030-01-01T00:00:00Z"])
    priority: Priority = Priority.NORMAL
    must_confirm: bool = Field(
        default=False, description="Whether each reader has to say that he has understood."
    )
    is_for_all: bool = Field(default=False, description="Everybody of the enterprise.")
    user_ids: list[UUID] = Field(default=[], max_length=200)
    team_ids: list[UUID] = Field(
        default=[],
        max_length=200,
        description="Departments and teams: their people and leaders, with all below.",
    )
    roles: list[RoleKey] = Field(
        default=[], max_length=50, description="A shipped role is not those made from it."
    )

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if not self.text_zh and not self.text_en:
            raise ValueError("write text_zh, text_en or both")
        if self.begins_at is not None and self.begins_at >= self.ends_at:
            raise ValueError("ends_at must be after begins_at")
        if not (self.is_for_all or self.user_ids or self.team_ids or self.roles):
            raise ValueError("say whom it is for: is_for_all, user_ids, team_ids or roles")
        return self


class NoticeView(View):
    """A notice as its author sees it."""

    notice_id: UUID
    text_zh: str
    text_en: str
    begins_at: datetime
    ends_at: datetime
    priority: Priority
    must_confirm: bool
    is_for_all: bool
    user_ids: list[UUID]
    team_ids: list[UUID]
    roles: list[str]
    state: NoticeState
    version: int
    author: str
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None
    withdrawn_at: datetime | None
    is_warning: bool = Field(
        default=False, description="Of who runs the platform; it cannot be changed here."
    )


class MyNotice(View):
    """A notice as its readers see it."""

    notice_id: UUID
    text_zh: str
    text_en: str
    begins_at: datetime
    ends_at: datetime
    priority: Priority
    must_confirm: bool
    author: str
    published_at: datetime
    read_at: datetime | None
    confirmed_at: datetime | None


class Reading(Body):
    """What a reader says of a notice."""

    is_confirmed: bool = Field(default=False, description="He has understood it.")


class ReceiptState(StrEnum):
    """Which of the people whom a notice is for."""

    READ = "read"
    UNREAD = "unread"
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"


class ReceiptView(View):
    """Somebody whom a notice is for, and whether he has read it."""

    user_id: UUID
    username: str
    display_name: str
    read_at: datetime | None
    confirmed_at: datetime | None


class ReceiptCounts(View):
    """How many people a notice is for now, and how many of them have read and confirmed it."""

    audience: int
    read: int
    confirmed: int
