"""Payloads of suggestions for the knowledge base."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from ringway.crm_api.knowledge.schemas import Content
from ringway.crm_api.schemas import Body, Text, View


class SuggestionState(StrEnum):
    """An accepted one has become a draft."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class SuggestionBody(Body):
    """A new article, or how an article should be instead."""

    article_id: UUID | None = Field(default=None, description="What is to change; null: new.")
    category_id: UUID | None = Field(default=None, description="Of a new article.")
    content: Content
    reason: Text = Field(min_length=1, max_length=1000, examples=["A customer taught me this."])
    interaction_id: UUID | None = Field(default=None, description="The call that it came from.")

    @model_validator(mode="after")
    def _is_for_something(self) -> Self:
        if (self.article_id is None) == (self.category_id is None):
            raise ValueError("send article_id for a change, or category_id for a new article")
        return self


class SuggestionView(View):
    """A suggestion and what became of it."""

    suggestion_id: UUID
    article_id: UUID | None
    category_id: UUID
    content: Content
    reason: str
    interaction_id: UUID | None
    state: SuggestionState
    author_id: UUID
    author: str
    decided_by: str
    decided_at: datetime | None
    decision: str = Field(description="Why it was refused, or what was said of it.")
    draft_id: UUID | None = Field(description="The draft that it has become.")
    created_at: datetime


class Acceptance(Body):
    """What is said to the author of a suggestion that is accepted."""

    answer: Text = Field(default="", max_length=1000)


class Refusal(Body):
    """Why a suggestion is refused; its author reads it."""

    reason: Text = Field(min_length=1, max_length=1000, examples=["It is in the article on fees."])
