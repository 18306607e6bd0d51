"""Payloads of the knowledge base: categories, articles, what is found, versions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from ringway.crm_api.core.knowledge.history import Change
from ringway.crm_api.core.knowledge.rights import Access
from ringway.crm_api.core.moments import Moment
from ringway.crm_api.schemas import Body, Name, Text, View

BODY_MOST_CHARS = 50_000
Tag = Annotated[Text, Field(min_length=1, max_length=50, examples=["refund"])]


class ArticleLanguage(StrEnum):
    """The language that a text is written in."""

    ZH = "zh"
    EN = "en"


class ArticleState(StrEnum):
    """Only published articles, within their validity, are shown to those who do not write."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class RuleBody(Body):
    """Whom a category lets in."""

    grantee: str = Field(
        pattern=r"^(role:[a-z0-9_-]{1,40}|team:[0-9a-f-]{36})$",
        description="`role:` and a role's id, or `team:` and a department's or team's: its people"
        " and leaders, and those below it.",
        examples=["role:agent"],
    )
    access: Access = Field(description="Who writes also reads.", examples=["read"])


class CategoryBody(Body):
    """Everything that is set on a category."""

    name: Name = Field(examples=["Refunds"])
    parent_id: UUID | None = Field(default=None, description="Null: at the top.")
    position: int = Field(default=0, ge=0, le=100_000, description="Among its neighbours.")
    rules: list[RuleBody] = Field(
        default=[],
        max_length=100,
        description="Whom alone it lets in. Empty: whom its parent lets in.",
    )


class CategoryView(View):
    """A category that the caller reads."""

    category_id: UUID
    parent_id: UUID | None
    name: str
    position: int
    rules: list[RuleBody] | None = Field(description="For those who change the tree.")
    may_write: bool
    version: int
    created_at: datetime
    updated_at: datetime


class CategoryOrder(Body):
    """All categories of one place, in their new order."""

    parent_id: UUID | None = None
    category_ids: list[UUID] = Field(min_length=1, max_length=1000)


class Content(Body):
    """What an article says."""

    title: Name = Field(examples=["How to ask for a refund"])
    body: Text = Field(max_length=BODY_MOST_CHARS, description="Markdown.", examples=["Ask **us**"])
    language: ArticleLanguage = ArticleLanguage.ZH
    tags: list[Tag] = Field(default=[], max_length=20)
    product: Text = Field(default="", max_length=100, examples=["Home broadband"])


class ArticleBody(Content):
    """Everything that is set on an article."""

    category_id: UUID
    valid_from: Moment | None = Field(default=None, description="Null: at once.")
    valid_until: Moment | None = Field(default=None, description="Null: for ever.")
    note: Text = Field(default="", max_length=500, description="Why; kept with the version.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValueError("valid_until must be after valid_from")
        return self


class ArticleItem(View):
    """An article in a list."""

    article_id: UUID
    category_id: UUID
    draft_of: UUID | None = Field(description="The article that publishing this one changes.")
    title: str
    language: ArticleLanguage
    tags: list[str]
    product: str
    valid_from: datetime | None
    valid_until: datetime | None
    state: ArticleState
    version: int
    views: int
    useful: int
    not_useful: int
    is_favourite: bool
    created_by: str
    updated_by: str
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None


class ArticleAttachmentView(View):
    """A file of an article."""

    attachment_id: UUID
    file_name: str
    media_type: str
    size_bytes: int
    created_by: str
    created_at: datetime


class ArticleView(ArticleItem):
    """An article as a whole."""

    body: str = Field(description="Markdown as it was written.")
    body_html: str = Field(description="The same as HTML; nothing of it was HTML before.")
    attachments: list[ArticleAttachmentView]
    my_feedback: bool | None = Field(description="Whether the caller found it useful.")
    may_write: bool


class PieceView(View):
    """A piece of text, not of HTML; `is_match`: it was asked for."""

    text: str
    is_match: bool


class FoundArticleView(View):
    """An article that was found."""

    article_id: UUID
    category_id: UUID
    title: list[PieceView]
    snippet: list[PieceView]
    language: ArticleLanguage
    tags: list[str]
    product: str
    state: ArticleState
    updated_at: datetime
    score: float = Field(description="Compare it within one answer only.")


class VersionItem(View):
    """A version of an article."""

    number: int
    state: ArticleState
    note: str
    changed_by: str
    changed_at: datetime


class ArticleVersionView(VersionItem):
    """A version with what it said."""

    content: ArticleBody


class StretchView(View):
    """Lines that stand together and share their fate."""

    change: Change
    lines: list[str]


class DifferenceView(View):
    """What changed from one version to another."""

    old: int
    new: int
    fields: list[str] = Field(description="What else than the body is different.")
    body: list[StretchView]


class FeedbackBody(Body):
    """What a reader says of an article."""

    is_useful: bool
    comment: Text = Field(default="", max_length=1000)


class FeedbackView(View):
    """What somebody said of an article."""

    user_id: UUID
    username: str
    is_useful: bool
    comment: str
    said_at: datetime


class ViewsView(View):
    """How often an article was opened."""

    views: int
