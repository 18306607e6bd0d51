"""/knowledge/articles/{article_id}/attachments: files of an article, checked by their content."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, File, Response, UploadFile

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.knowledge.files import KINDS, FileRefused, media_type_of
from ringway.crm_api.deps import DepsOf, requires
from ringway.crm_api.errors import Conflict, Invalid, NotFound, TooLarge
from ringway.crm_api.knowledge import attachment_store as store
from ringway.crm_api.knowledge import service
from ringway.crm_api.knowledge.schemas import ArticleAttachmentView
from ringway.crm_api.routing import api_router
from ringway.runtime.ids import uuid7

MOST_BYTES = 5_000_000
_MOST_FILES = 20
_NAME_MOST_CHARS = 200
_UNWANTED = re.compile(r'[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069"\\/:*?<>|]')

router = api_router("/knowledge/articles/{article_id}/attachments", "knowledge")
Reader = Annotated[Caller, Depends(requires(Permission.KNOWLEDGE_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.KNOWLEDGE_WRITE))]
_Upload = Annotated[
    UploadFile, File(description=f"At most {MOST_BYTES} bytes; one of {', '.join(KINDS)}.")
]


@router.post("", status_code=201)
async def add_article_attachment(
    article_id: UUID, deps: DepsOf, caller: Writer, response: Response, file: _Upload
) -> ArticleAttachmentView:
    """Add a file to an article. Its content must be what its name says, and without macros."""
    content = await file.read(MOST_BYTES + 1)
    name = _UNWANTED.sub("_", file.filename or "").strip(" .")[-_NAME_MOST_CHARS:]
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.own(deps, conn, caller, article_id)
        if len(content) > MOST_BYTES:
            raise TooLarge("attachment_too_large", f"A file has at most {MOST_BYTES} bytes.")
        try:
            media_type = media_type_of(name, content)
        except FileRefused as refused:
            raise Invalid("attachment_refused", str(refused)) from refused
        there = await store.of_article(conn, tenant_id=caller.tenant_id, article_id=article_id)
        if len(there) >= _MOST_FILES:
            raise Conflict("attachment_limit", f"An article has at most {_MOST_FILES} files.")
        made = await store.add(
            conn,
            tenant_id=caller.tenant_id,
            article_id=article_id,
            attachment_id=uuid7(),
            file_name=name,
            media_type=media_type,
            content=content,
            by=caller.username,
            now=deps.now(),
        )
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="article.attachment_added",
            object_type="article",
            object_id=article_id,
            detail={"file_name": name, "size_bytes": made.size_bytes},
        )
    response.headers["Location"] = (
        f"/api/v1/knowledge/articles/{article_id}/attachments/{made.attachment_id}"
    )
    return ArticleAttachmentView.model_validate(made)


@router.get(
    "/{article_attachment_id}",
    response_class=Response,
    responses={200: {"description": "The file.", "content": {"application/octet-stream": {}}}},
)
async def get_article_attachment(
    article_id: UUID, article_attachment_id: UUID, deps: DepsOf, caller: Reader
) -> Response:
    """Return a file of an article, to be saved."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.seen(deps, conn, caller, article_id)
        found = await store.content_of(
            conn,
            tenant_id=caller.tenant_id,
            article_id=article_id,
            attachment_id=article_attachment_id,
        )
    if found is None:
        raise _not_found(article_attachment_id)
    file, content = found
    return Response(
        content,
        media_type=file.media_type,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.file_name)}"},
    )


@router.delete("/{article_attachment_id}", status_code=204)
async def remove_article_attachment(
    article_id: UUID, article_attachment_id: UUID, deps: DepsOf, caller: Writer
) -> None:
    """Remove a file of an article."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await service.own(deps, conn, caller, article_id)
        if not await store.remove(
            conn,
            tenant_id=caller.tenant_id,
            article_id=article_id,
            attachment_id=article_attachment_id,
        ):
            raise _not_found(article_attachment_id)
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action="article.attachment_removed",
            object_type="article",
            object_id=article_id,
            detail={"attachment_id": str(article_attachment_id)},
        )


def _not_found(attachment_id: UUID) -> NotFound:
    return NotFound("attachment_not_found", f"The article has no file {attachment_id}.")
