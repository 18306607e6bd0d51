"""Skills. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class Skills:
    """Skills."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def create_skill(
        self, body: models.Skill | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.SkillView:
        """Create one: something agents can do.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/skills",
                models.SkillView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def delete_skill(self, skill_id: str, *, if_match: int | str | None = None) -> None:
        """Delete one, unless another object names it: something agents can do.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/skills/{_quoted(skill_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def get_skill(self, skill_id: str) -> models.SkillView:
        """Return one: something agents can do.

        Permission: ``queues.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/skills/{_quoted(skill_id)}", models.SkillView)
        )

    def list_skills(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageSkillView:
        """List, in the order of their ids: something agents can do. A page of large objects holds
        fewer than `limit`.

        Permission: ``queues.read``.
        """
        return self._client.send(
            _core.Call(
                "GET", "/skills", models.PageSkillView, query={"limit": limit, "cursor": cursor}
            )
        )

    def iter_skills(self, *, limit: int | None = None) -> Iterator[models.SkillView]:
        """Yield all items of :meth:`list_skills`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_skills(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def put_skill(
        self,
        skill_id: str,
        body: models.Skill | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        if_none_match: int | str | None = None,
    ) -> models.SkillView:
        """Replace one, or create it with an id of your own: something agents can do. `If-Match`
        with its ETag or `If-None-Match: *` is required.

        Permission: ``routing.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/skills/{_quoted(skill_id)}",
                models.SkillView,
                headers={
                    "if-match": _core.etag(if_match),
                    "if-none-match": _core.etag(if_none_match),
                },
                body=body,
            )
        )
