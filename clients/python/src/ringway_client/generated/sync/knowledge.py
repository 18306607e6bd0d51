"""Knowledge. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import File, Sender
from ringway_client.sending import quoted as _quoted


class Knowledge:
    """Knowledge."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def accept_suggestion(
        self,
        suggestion_id: UUID | str,
        body: models.Acceptance | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.SuggestionView:
        """Make a draft of a suggestion; it is shown when the draft is published.

        Permission: ``knowledge.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/knowledge/suggestions/{_quoted(suggestion_id)}/accept",
                models.SuggestionView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def add_article_attachment(
        self, article_id: UUID | str, *, file: File, idempotency_key: str | None = None
    ) -> models.ArticleAttachmentView:
        """Add a file to an article. Its content must be what its name says, and without macros.

        Permission: ``knowledge.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/knowledge/articles/{_quoted(article_id)}/attachments",
                models.ArticleAttachmentView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                form={},
                files={"file": file},
            )
        )

    def add_favourite(self, article_id: UUID | str, *, idempotency_key: str | None = None) -> None:
        """Keep an article among the caller's favourites.

        Permission: ``knowledge.read``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/knowledge/articles/{_quoted(article_id)}/favourite",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def begin_article_draft(
        self, article_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.ArticleView:
        """Copy an article into a draft. Publishing the draft makes it the article's next version.

        Permission: ``knowledge.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/knowledge/articles/{_quoted(article_id)}/drafts",
                models.ArticleView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def change_article(
        self,
        article_id: UUID | str,
        body: models.ArticleBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.ArticleView:
        """Change an article, or move it into another category. It is shown at once if it is
        published.

        To prepare a change of what is published, `POST …/drafts`.

        Permission: ``knowledge.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/knowledge/articles/{_quoted(article_id)}",
                models.ArticleView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def change_category(
        self,
        knowledge_category_id: UUID | str,
        body: models.CategoryBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.CategoryView:
        """Change a category and who is let in, or move it with all that it contains.

        Permission: ``knowledge.all``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/knowledge/categories/{_quoted(knowledge_category_id)}",
                models.CategoryView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def compare_article_versions(
        self, article_id: UUID | str, *, old: int, new: int
    ) -> models.DifferenceView:
        """Return what changed from one version to another, the body line by line.

        Permission: ``knowledge.write``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/knowledge/articles/{_quoted(article_id)}/difference",
                models.DifferenceView,
                query={"old": old, "new": new},
            )
        )

    def count_article_view(
        self, article_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.ViewsView:
        """Count that the caller opened an article to read it.

        Permission: ``knowledge.read``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/knowledge/articles/{_quoted(article_id)}/views",
                models.ViewsView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def create_article(
        self, body: models.ArticleBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ArticleView:
        """Write an article. It is a draft until it is published.

        Permission: ``knowledge.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/knowledge/articles",
                models.ArticleView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def create_category(
        self, body: models.CategoryBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.CategoryView:
        """Make a category, at the top or inside of another.

        Permission: ``knowledge.all``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/knowledge/categories",
                models.CategoryView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def get_article(self, article_id: UUID | str) -> models.ArticleView:
        """Return one article, as Markdown and as HTML that is safe to show.

        Permission: ``knowledge.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/knowledge/articles/{_quoted(article_id)}", models.ArticleView)
        )

    def get_article_attachment(
        self, article_id: UUID | str, article_attachment_id: UUID | str
    ) -> bytes:
        """Return a file of an article, to be saved.

        Permission: ``knowledge.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/knowledge/articles/{_quoted(article_id)}/attachments/{_quoted(article_attachment_id)}",
                bytes,
            )
        )

    def get_article_version(
        self, article_id: UUID | str, article_version: int
    ) -> models.ArticleVersionView:
        """Return what an article said in one version.

        Permission: ``knowledge.write``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/knowledge/articles/{_quoted(article_id)}/versions/{_quoted(article_version)}",
                models.ArticleVersionView,
            )
        )

    def get_category(self, knowledge_category_id: UUID | str) -> models.CategoryView:
        """Return one category.

        Permission: ``knowledge.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/knowledge/categories/{_quoted(knowledge_category_id)}",
                models.CategoryView,
            )
        )

    def get_suggestion(self, suggestion_id: UUID | str) -> models.SuggestionView:
        """Return one suggestion.

        Permission: ``knowledge.read``.
        """
        return self._client.send(
            _core.Call(
                "GET", f"/knowledge/suggestions/{_quoted(suggestion_id)}", models.SuggestionView
            )
        )

    def list_article_feedback(
        self, article_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageFeedbackView:
        """List what readers said of an article, for those who write there.

        Permission: ``knowledge.write``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/knowledge/articles/{_quoted(article_id)}/feedback",
                models.PageFeedbackView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_article_feedback(
        self, article_id: UUID | str, *, limit: int | None = None
    ) -> Iterator[models.FeedbackView]:
        """Yield all items of :meth:`list_article_feedback`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_article_feedback(article_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_article_versions(
        self, article_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageVersionItem:
        """List the versions of an article, newest first.

        Permission: ``knowledge.write``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/knowledge/articles/{_quoted(article_id)}/versions",
                models.PageVersionItem,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_article_versions(
        self, article_id: UUID | str, *, limit: int | None = None
    ) -> Iterator[models.VersionItem]:
        """Yield all items of :meth:`list_article_versions`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_article_versions(article_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_articles(
        self,
        *,
        category_id: UUID | str | None = None,
        state: str | None = None,
        language: str | None = None,
        product: str | None = None,
        tag: str | None = None,
        favourites: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageArticleItem:
        """List the articles that the caller sees, newest first.

        Permission: ``knowledge.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/knowledge/articles",
                models.PageArticleItem,
                query={
                    "category_id": category_id,
                    "state": state,
                    "language": language,
                    "product": product,
                    "tag": tag,
                    "favourites": favourites,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    def iter_articles(
        self,
        *,
        category_id: UUID | str | None = None,
        state: str | None = None,
        language: str | None = None,
        product: str | None = None,
        tag: str | None = None,
        favourites: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[models.ArticleItem]:
        """Yield all items of :meth:`list_articles`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_articles(
                category_id=category_id,
                state=state,
                language=language,
                product=product,
                tag=tag,
                favourites=favourites,
                limit=limit,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_categories(self) -> models.PageCategoryView:
        """List the categories that the caller reads, neighbours in their order.

        Permission: ``knowledge.read``.
        """
        return self._client.send(
            _core.Call("GET", "/knowledge/categories", models.PageCategoryView)
        )

    def list_suggestions(
        self,
        *,
        state: str | None = None,
        mine: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageSuggestionView:
        """List one's own suggestions and those for categories in which one writes, newest first.

        Permission: ``knowledge.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/knowledge/suggestions",
                models.PageSuggestionView,
                query={"state": state, "mine": mine, "limit": limit, "cursor": cursor},
            )
        )

    def iter_suggestions(
        self, *, state: str | None = None, mine: bool | None = None, limit: int | None = None
    ) -> Iterator[models.SuggestionView]:
        """Yield all items of :meth:`list_suggestions`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_suggestions(state=state, mine=mine, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def order_categories(
        self, body: models.CategoryOrder | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> None:
        """Put the categories of one place into another order.

        Permission: ``knowledge.all``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/knowledge/categories/order",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def publish_article(
        self,
        article_id: UUID | str,
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.ArticleView:
        """Show an article to everybody who reads its category, as long as it is valid.

        A draft of another article becomes that article's next version, which is returned.

        Permission: ``knowledge.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/knowledge/articles/{_quoted(article_id)}/publish",
                models.ArticleView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
            )
        )

    def refuse_suggestion(
        self,
        suggestion_id: UUID | str,
        body: models.Refusal | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.SuggestionView:
        """Refuse a suggestion and say why.

        Permission: ``knowledge.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/knowledge/suggestions/{_quoted(suggestion_id)}/refuse",
                models.SuggestionView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def remove_article(self, article_id: UUID | str, *, if_match: int | str | None = None) -> None:
        """Remove an article that is not published, with its history and its files.

        Permission: ``knowledge.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/knowledge/articles/{_quoted(article_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def remove_article_attachment(
        self, article_id: UUID | str, article_attachment_id: UUID | str
    ) -> None:
        """Remove a file of an article.

        Permission: ``knowledge.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/knowledge/articles/{_quoted(article_id)}/attachments/{_quoted(article_attachment_id)}",
                type(None),
            )
        )

    def remove_category(
        self, knowledge_category_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Remove a category that is empty.

        Permission: ``knowledge.all``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/knowledge/categories/{_quoted(knowledge_category_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def remove_favourite(self, article_id: UUID | str) -> None:
        """Take an article out of the caller's favourites.

        Permission: ``knowledge.read``.
        """
        return self._client.send(
            _core.Call("DELETE", f"/knowledge/articles/{_quoted(article_id)}/favourite", type(None))
        )

    def restore_article_version(
        self,
        article_id: UUID | str,
        article_version: int,
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.ArticleView:
        """Let an article say what it said in that version, as its next version.

        Permission: ``knowledge.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/knowledge/articles/{_quoted(article_id)}/versions/{_quoted(article_version)}/restore",
                models.ArticleView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
            )
        )

    def retire_article(
        self,
        article_id: UUID | str,
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.ArticleView:
        """Show an article no more, but to those who write in its category.

        Permission: ``knowledge.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/knowledge/articles/{_quoted(article_id)}/retire",
                models.ArticleView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
            )
        )

    def say_of_article(
        self,
        article_id: UUID | str,
        body: models.FeedbackBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> None:
        """Say whether an article helped. The last word of each reader counts.

        Permission: ``knowledge.read``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/knowledge/articles/{_quoted(article_id)}/feedback",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def search_knowledge(
        self,
        *,
        q: str,
        typing: bool | None = None,
        category_id: UUID | str | None = None,
        language: str | None = None,
        product: str | None = None,
        tag: str | None = None,
        drafts: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageFoundArticleView:
        """Find the articles that answer a question best. What the caller may not read has no part.

        Permission: ``knowledge.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/knowledge/search",
                models.PageFoundArticleView,
                query={
                    "q": q,
                    "typing": typing,
                    "category_id": category_id,
                    "language": language,
                    "product": product,
                    "tag": tag,
                    "drafts": drafts,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    def iter_search_knowledge(
        self,
        *,
        q: str,
        typing: bool | None = None,
        category_id: UUID | str | None = None,
        language: str | None = None,
        product: str | None = None,
        tag: str | None = None,
        drafts: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[models.FoundArticleView]:
        """Yield all items of :meth:`search_knowledge`, page by page."""
        cursor: str | None = None
        while True:
            page = self.search_knowledge(
                q=q,
                typing=typing,
                category_id=category_id,
                language=language,
                product=product,
                tag=tag,
                drafts=drafts,
                limit=limit,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def suggest_article(
        self, body: models.SuggestionBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.SuggestionView:
        """Suggest an article or a change of one. Its author is told what becomes of it by an
        event.

        Permission: ``knowledge.read``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/knowledge/suggestions",
                models.SuggestionView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )
