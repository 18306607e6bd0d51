"""Messages of the CRM API about knowledge and notices: what happened, never what they say."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime

from ringway.proto.base import Fact, Model, Token


class ArticleChange(StrEnum):
    """What happened to an article."""

    CREATED = "created"
    CHANGED = "changed"
    RESTORED = "restored"
    PUBLISHED = "published"
    RETIRED = "retired"
    REMOVED = "removed"


class ArticleChangedV1(Fact):
    """An article has a new version, or is no more. Who reads it is decided when it is read."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.article.{article_id}.changed"

    article_id: Token
    category_id: Token
    version: int
    change: ArticleChange


class SuggestionDecidedV1(Fact):
    """What somebody suggested for the knowledge base was accepted or refused.

    ``agent_id`` is its author, who is told.
    """

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.suggestion.{suggestion_id}.decided"

    suggestion_id: Token
    agent_id: Token
    is_accepted: bool
    article_id: Token | None = None


class Audience(Model):
    """Whom a notice is for: everybody, or whoever is any of these. Teams with all below."""

    is_for_all: bool
    user_ids: tuple[Token, ...] = ()
    team_ids: tuple[Token, ...] = ()
    roles: tuple[Token, ...] = ()


class NoticePublishedV1(Fact):
    """A notice is shown from ``begins_at`` on; its text is read at GET /me/notices."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.notice.{notice_id}.published"

    notice_id: Token
    priority: Token
    must_confirm: bool
    begins_at: AwareDatetime
    ends_at: AwareDatetime
    audience: Audience
    is_warning: bool = False  # of the platform


class NoticeWithdrawnV1(Fact):
    """A notice is shown no more."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.notice.{notice_id}.withdrawn"

    notice_id: Token
    audience: Audience
    is_warning: bool = False  # of the platform
