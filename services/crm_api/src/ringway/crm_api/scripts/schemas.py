"""Payloads of agents' talk scripts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from ringway.crm_api.core.scripts.definition import Binding, Script
from ringway.crm_api.knowledge.schemas import ArticleLanguage
from ringway.crm_api.schemas import Body, Name, View


class ScriptState(StrEnum):
    """Only published scripts are found by agents."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class ScriptBody(Body):
    """Everything that is set on a script."""

    name: Name = Field(examples=["Renewal of home broadband"])
    language: ArticleLanguage = ArticleLanguage.ZH
    state: ScriptState = ScriptState.DRAFT
    definition: Script
    bindings: list[Binding] = Field(
        default=[],
        max_length=50,
        description="What it is for: of each kind that is named, one must be so. Empty: any call.",
    )


class ScriptItem(View):
    """A script in a list."""

    script_id: UUID
    name: str
    language: ArticleLanguage
    state: ScriptState
    bindings: list[Binding]
    version: int
    created_by: str
    updated_by: str
    created_at: datetime
    updated_at: datetime


class ScriptView(ScriptItem):
    """A script as a whole."""

    definition: Script


class ScriptVersionItem(View):
    """A version of a script."""

    number: int
    changed_by: str
    changed_at: datetime


class ScriptVersionView(ScriptVersionItem):
    """A version with what it said."""

    content: ScriptBody


class ScriptAnswerView(View):
    """What the customer may say, and the page that it leads to; null: the talk ends."""

    label: str
    to: str | None


class RenderedPage(View):
    """A page as the agent says it to this customer."""

    page: str
    title: str
    text: str = Field(description="Plain text.")
    html: str = Field(description="The same as HTML; values stand in <b>, nothing else is markup.")
    missing: list[str] = Field(description="Variables without a value; a default stands there.")
    answers: list[ScriptAnswerView]


class RenderedScript(View):
    """A script as it is said in this call."""

    script_id: UUID
    name: str
    version: int
    language: ArticleLanguage
    customer_id: UUID | None = Field(description="Whose values stand in it.")
    start: str
    pages: list[RenderedPage]
