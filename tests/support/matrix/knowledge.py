"""What the permission matrix asks of knowledge, scripts and notices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.crm import Crm, Signed, ok

_SCRIPT = {"start": "hello", "pages": {"hello": {"text": "Hello {{customer.name}}"}}}
_NOTICE = {"text_en": "x", "ends_at": "2999-01-01T00:00:00Z", "is_for_all": True}


async def objects(crm: Crm, boss: Signed, slug: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Make one object of each noun; return path parameters by name."""
    category = await boss.post("/knowledge/categories", {"name": f"category of {slug}"})
    wanted = {"category_id": category["category_id"], "title": "t", "body": "b"}
    article = await boss.post("/knowledge/articles", wanted)
    path = f"/knowledge/articles/{article['article_id']}"
    await boss.post(f"{path}/publish")
    file = {"file": ("n.txt", b"text")}
    attachment = ok(await boss("POST", f"{path}/attachments", files=file))
    suggestion = await boss.post("/knowledge/suggestions", _suggestion(wanted["category_id"]))
    script = await boss.post("/scripts", _script(f"script of {slug}"))
    notice = await boss.post("/notices", _NOTICE)
    await boss.post(f"/notices/{notice['notice_id']}/publish")
    return {
        "knowledge_category_id": category["category_id"],
        "article_id": article["article_id"],
        "article_version": "1",
        "article_attachment_id": attachment["attachment_id"],
        "suggestion_id": suggestion["suggestion_id"],
        "script_id": script["script_id"],
        "script_version": "1",
        "notice_id": notice["notice_id"],
    }


def _suggestion(category_id: str) -> dict[str, Any]:
    return {"category_id": category_id, "content": {"title": "t", "body": "b"}, "reason": "r"}


def _script(name: str) -> dict[str, Any]:
    return {"name": name, "state": "published", "definition": _SCRIPT}


def arguments(name: str, ids: dict[str, str], n: int) -> dict[str, Any] | None:
    """Return arguments of a request that an operation would carry out; None: not of this area."""
    category_id = ids.get("knowledge_category_id", "")
    article = {"category_id": category_id, "title": "t", "body": "b"}
    bodies: dict[str, dict[str, Any]] = {
        "create_category": {"name": f"category {n}"},
        "change_category": {"name": f"category {n}"},
        "order_categories": {"category_ids": [category_id]},
        "create_article": article,
        "change_article": article,
        "say_of_article": {"is_useful": True},
        "suggest_article": _suggestion(category_id),
        "accept_suggestion": {},
        "refuse_suggestion": {"reason": "r"},
        "create_script": _script(f"script {n}"),
        "change_script": _script(f"script {n}"),
        "create_notice": _NOTICE,
        "change_notice": _NOTICE,
        "read_notice": {},
    }
    if name == "search_knowledge":
        return {"params": {"q": "t"}}
    if name == "compare_article_versions":
        return {"params": {"old": 1, "new": 1}}
    if name == "add_article_attachment":
        return {"files": {"file": ("n.txt", b"text")}}
    if name not in bodies:
        return None
    more: dict[str, Any] = {"json": bodies[name]}
    if name in ("change_category", "change_article", "change_script", "change_notice"):
        more["headers"] = {"If-Match": "*"}
    return more
