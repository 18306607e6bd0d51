"""Knowledge: who reads what, articles with their history, search that leaks nothing."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from uuid import uuid4

import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.proto.crm_knowledge import ArticleChangedV1, SuggestionDecidedV1

pytestmark = pytest.mark.api


async def _category(boss: Signed, name: str, parent: Any = None, **more: Any) -> Any:
    parent_id = parent["category_id"] if parent is not None else None
    return await boss.post("/knowledge/categories", {"name": name, "parent_id": parent_id, **more})


async def _article(
    by: Signed, category: Any, title: str, body: str = "", *, publish: bool = True, **more: Any
) -> Any:
    wanted = {"category_id": category["category_id"], "title": title, "body": body, **more}
    made = await by.post("/knowledge/articles", wanted)
    if publish:
        return await by.post(f"/knowledge/articles/{made['article_id']}/publish")
    return made


async def _titles(by: Signed, q: str, **params: Any) -> list[str]:
    found = await by.get("/knowledge/search", params={"q": q, **params})
    return ["".join(piece["text"] for piece in each["title"]) for each in found["items"]]


async def _put(by: Signed, category: Any, etag: str = "*", **changed: Any) -> Any:
    names = ("name", "parent_id", "position", "rules")
    body = {**{key: category[key] for key in names}, **changed}
    path = f"/knowledge/categories/{category['category_id']}"
    return await by("PUT", path, json=body, headers={"If-Match": etag})


async def test_categories_are_a_tree_in_an_order(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    top = await _category(boss, "Products")
    first, second = await _category(boss, "A", top), await _category(boss, "B", top)
    order = {"parent_id": top["category_id"], "category_ids": [second["category_id"]]}
    refused(
        await boss("POST", "/knowledge/categories/order", json=order), 422, "category_order_invalid"
    )
    order["category_ids"] = [second["category_id"], first["category_id"]]
    ok(await boss("POST", "/knowledge/categories/order", json=order))
    listed = (await boss.get("/knowledge/categories"))["items"]
    assert [each["name"] for each in listed] == ["Products", "B", "A"]
    for parent in (top, first):
        response = await _put(boss, top, parent_id=parent["category_id"])
        refused(response, 422, "category_cycle")
    refused(await _put(boss, first, parent_id=str(uuid4())), 422, "category_unknown")
    refused(await _put(boss, first, name="b"), 409, "category_name_taken")
    problem = refused(await _put(boss, first, '"9"'), 412, "category_changed")
    assert problem["current"]["name"] == "A"
    for grantee, code in (("role:nobody", "role_unknown"), (f"team:{uuid4()}", "team_unknown")):
        rules = [{"grantee": grantee, "access": "read"}]
        refused(await _put(boss, first, rules=rules), 422, code)
    path = f"/knowledge/categories/{top['category_id']}"
    refused(await boss("DELETE", path), 409, "category_not_empty")
    moved = ok(await _put(boss, first, parent_id=None))
    assert moved["parent_id"] is None
    await _article(boss, second, "kept")
    path = f"/knowledge/categories/{second['category_id']}"
    refused(await boss("DELETE", path), 409, "category_not_empty")
    ok(await boss("DELETE", f"/knowledge/categories/{first['category_id']}"))
    other = await crm.open_tenant("other")
    refused(await other("GET", path), 404, "category_not_found")
    response = await other("POST", "/knowledge/categories", json={"name": "x", **_below(second)})
    refused(response, 422, "category_unknown")


def _below(category: Any) -> dict[str, Any]:
    return {"parent_id": category["category_id"]}


async def test_nobody_finds_what_he_may_not_read(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    lea = await crm.user(boss, "acme", Role.TEAM_LEADER, "lea")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", number="802")
    sales = await boss.post("/teams", {"name": "Sales", "kind": "department"})
    north = await boss.post("/teams", {"name": "North", "parent_id": sales["team_id"]})
    await boss.post(f"/teams/{north['team_id']}/members", {"user_ids": [ann.user_id]})
    open_to_all = await _category(boss, "Open")
    of_sales = await _category(
        boss, "Sales only", rules=[{"grantee": f"team:{sales['team_id']}", "access": "read"}]
    )
    inside = await _category(boss, "Inside", of_sales)
    widened = await _category(
        boss, "Widened", of_sales, rules=[{"grantee": "role:agent", "access": "read"}]
    )
    of_leaders = await _category(
        boss, "Leaders", rules=[{"grantee": "role:team_leader", "access": "write"}]
    )
    for category, title in (
        (open_to_all, "zebra open"),
        (of_sales, "zebra sales"),
        (inside, "zebra inside"),
        (widened, "zebra widened"),
        (of_leaders, "zebra leaders"),
    ):
        await _article(boss, category, title, "The zebra price is 100.")
    of_ann = {"zebra open", "zebra sales", "zebra inside", "zebra widened"}  # North is of Sales
    sees = (
        (boss, {*of_ann, "zebra leaders"}),
        (ann, of_ann),
        (bob, {"zebra open"}),  # who does not read above does not read below
        (lea, {"zebra open", "zebra leaders"}),
    )
    scores: dict[str, float] = {}
    for who, titles in sees:
        assert set(await _titles(who, "zebra")) == titles
        assert {each["title"] for each in (await who.get("/knowledge/articles"))["items"]} == titles
        found = await who.get("/knowledge/search", params={"q": "zebra", "limit": 1})
        assert (found["next_cursor"] is None) == (len(titles) == 1)
        scores[who.user_id] = found["items"][0]["score"]
        names = {each["name"] for each in (await who.get("/knowledge/categories"))["items"]}
        assert ("Leaders" in names) == ("zebra leaders" in titles)
    secret = next(
        each
        for each in (await lea.get("/knowledge/articles"))["items"]
        if "leaders" in each["title"]
    )
    path = f"/knowledge/articles/{secret['article_id']}"
    for method, more in (
        ("GET", ""),
        ("POST", "/favourite"),
        ("POST", "/views"),
        ("GET", f"/attachments/{uuid4()}"),
    ):
        refused(await bob(method, path + more), 404, "article_not_found")
    params = {"q": "zebra", "category_id": of_leaders["category_id"]}
    assert (await bob.get("/knowledge/search", params=params))["items"] == []
    listed = {"category_id": of_leaders["category_id"]}
    assert (await bob.get("/knowledge/articles", params=listed))["items"] == []
    suggestion = {
        "article_id": secret["article_id"],
        "reason": "r",
        "content": {"title": "t", "body": ""},
    }
    refused(await bob("POST", "/knowledge/suggestions", json=suggestion), 422, "article_unknown")
    # Ranking is made of what one reads: it does not tell how often a word stands elsewhere.
    before = scores[bob.user_id]
    await _article(boss, of_leaders, "zebra zebra", "zebra")
    found = await bob.get("/knowledge/search", params={"q": "zebra"})
    assert found["items"][0]["score"] == before
    # Who may read a category does not write in it.
    rules = [{"grantee": "role:team_leader", "access": "read"}]
    ok(await _put(boss, of_leaders, rules=rules))
    body = {"category_id": of_leaders["category_id"], "title": "x", "body": ""}
    response = await lea("PUT", path, json=body, headers={"If-Match": "*"})
    refused(response, 403, "category_read_only")
    refused(await lea("POST", "/knowledge/articles", json=body), 403, "category_read_only")
    refused(await lea("GET", f"{path}/versions"), 403, "category_read_only")
    # Away from Sales it is over at once.
    ok(await boss("DELETE", f"/teams/{north['team_id']}/members/{ann.user_id}"))
    assert set(await _titles(ann, "zebra")) == {"zebra open"}
    other = await crm.open_tenant("other")
    assert await _titles(other, "zebra") == []
    refused(await other("GET", path), 404, "article_not_found")


async def test_an_article_is_drafted_published_changed_and_brought_back(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    fees = await _category(boss, "Fees")
    body = "# Fees\n\n<script>alert(1)</script> [x](javascript:alert(1)) **bold**"
    made = await _article(boss, fees, "Fees", body, publish=False, tags=["fee", "fee"])
    path = f"/knowledge/articles/{made['article_id']}"
    assert (made["state"], made["tags"], made["version"]) == ("draft", ["fee"], 1)
    assert "<script" not in made["body_html"]
    assert "href" not in made["body_html"]
    assert "<strong>bold</strong>" in made["body_html"]
    refused(await ann("GET", path), 404, "article_not_found")
    assert await _titles(boss, "fees") == []
    assert await _titles(boss, "fees", drafts=True) == ["Fees"]
    assert await _titles(ann, "fees", drafts=True) == []
    await boss.post(f"{path}/publish", headers={"If-Match": '"1"'})
    assert await _titles(ann, "fees") == ["Fees"]
    assert (await ann.get(path))["may_write"] is False

    crm.clock.stop()
    now = crm.clock()
    wanted = {"category_id": fees["category_id"], "title": "Fees", "body": "one\ntwo\nthree"}
    dated = {**wanted, "valid_from": now.isoformat().replace("+00:00", "Z")}
    response = await boss("PUT", path, json={**dated, "valid_until": dated["valid_from"]})
    refused(response, 422, "validation_failed")
    refused(await boss("PUT", path, json=wanted), 428, "if_match_required")
    problem = refused(
        await boss("PUT", path, json=wanted, headers={"If-Match": '"1"'}), 412, "article_changed"
    )
    assert problem["current"]["version"] == 2
    response = await boss(
        "PUT", path, json={**wanted, "note": "shorter"}, headers={"If-Match": '"2"'}
    )
    assert response.headers["ETag"] == '"3"'
    draft = await boss.post(f"{path}/drafts")
    draft_path = f"/knowledge/articles/{draft['article_id']}"
    refused(await boss("POST", f"{draft_path}/drafts"), 409, "article_is_draft")
    changed = {**wanted, "title": "Fees and rates", "body": "one\n2\nthree", "tags": ["rate"]}
    await boss.put(draft_path, changed, headers={"If-Match": "*"})
    file = {"file": ("rates.txt", b"1 %")}
    ok(await boss("POST", f"{draft_path}/attachments", files=file))
    assert (await ann.get(path))["title"] == "Fees"
    published = await boss.post(f"{draft_path}/publish")
    assert (published["article_id"], published["title"]) == (made["article_id"], "Fees and rates")
    assert [each["file_name"] for each in published["attachments"]] == ["rates.txt"]
    refused(await boss("GET", draft_path), 404, "article_not_found")

    versions = (await boss.get(f"{path}/versions"))["items"]
    assert [(each["number"], each["state"]) for each in versions] == [
        (4, "published"),
        (3, "published"),
        (2, "published"),
        (1, "draft"),
    ]
    assert versions[1]["note"] == "shorter"
    difference = await boss.get(f"{path}/difference", params={"old": 3, "new": 4})
    assert difference["fields"] == ["tags", "title"]
    assert [(each["change"], each["lines"]) for each in difference["body"]] == [
        ("same", ["one"]),
        ("removed", ["two"]),
        ("added", ["2"]),
        ("same", ["three"]),
    ]
    refused(await boss("GET", f"{path}/versions/9"), 404, "version_not_found")
    restored = await boss.post(f"{path}/versions/3/restore", headers={"If-Match": '"4"'})
    assert (restored["title"], restored["version"]) == ("Fees", 5)
    assert (await boss.get(f"{path}/versions/5"))["content"]["body"] == "one\ntwo\nthree"

    until = now.replace(year=now.year + 1).isoformat()
    await boss.put(path, {**wanted, "valid_until": until}, headers={"If-Match": "*"})
    assert await _titles(ann, "fees") == ["Fees"]
    crm.clock.forward(366 * 86_400)
    ann, boss = await crm.sign_in("ann@acme"), await crm.sign_in("boss@acme")
    assert await _titles(ann, "fees") == []
    refused(await ann("GET", path), 404, "article_not_found")
    refused(await boss("DELETE", path), 409, "article_published")
    await boss.post(f"{path}/retire")
    ok(await boss("DELETE", path))
    told = await rows_of(
        crm, "SELECT 1 FROM crm.outbox WHERE type = $1", ArticleChangedV1.type_name()
    )
    assert len(told) == 10
    log = await boss.get(
        "/audit-log", params={"object_id": made["article_id"], "action": "article."}
    )
    assert {each["action"] for each in log["items"]} >= {"article.published", "article.restored"}


async def test_readers_keep_favourites_and_say_what_helps(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    fees = await _category(boss, "Fees")
    made, _ = await _article(boss, fees, "One"), await _article(boss, fees, "Two")
    path = f"/knowledge/articles/{made['article_id']}"
    ok(await ann("POST", f"{path}/favourite"))
    favourites = await ann.get("/knowledge/articles", params={"favourites": True})
    assert [each["title"] for each in favourites["items"]] == ["One"]
    assert (await boss.get("/knowledge/articles", params={"favourites": True}))["items"] == []
    ok(await ann("DELETE", f"{path}/favourite"))
    assert (await ann.get(path))["is_favourite"] is False
    assert [(await who.post(f"{path}/views"))["views"] for who in (ann, ann, boss)] == [1, 2, 3]
    for who, is_useful in ((ann, True), (boss, True), (ann, False)):
        ok(await who("POST", f"{path}/feedback", json={"is_useful": is_useful, "comment": "c"}))
    seen = await ann.get(path)
    assert (seen["useful"], seen["not_useful"], seen["my_feedback"]) == (1, 1, False)
    said = (await boss.get(f"{path}/feedback"))["items"]
    assert {(each["username"], each["is_useful"]) for each in said} == {
        ("ann", False),
        ("boss", True),
    }
    refused(await ann("GET", f"{path}/feedback"), 403, "permission_missing")

    document = io.BytesIO()
    with zipfile.ZipFile(document, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("word/document.xml", "<x/>")
    macros = io.BytesIO(document.getvalue())
    with zipfile.ZipFile(macros, "a") as archive:
        archive.writestr("word/vbaProject.bin", "x")
    for name, content in (
        ("a.exe", b"MZ"),
        ("a.pdf", b"MZ"),
        ("a.html", b"<script>"),
        ("a.txt", b"\xff\x00"),
        ("a.docx", macros.getvalue()),
    ):
        response = await boss("POST", f"{path}/attachments", files={"file": (name, content)})
        refused(response, 422, "attachment_refused")
    large = {"file": ("a.txt", b"x" * 5_000_001)}
    refused(await boss("POST", f"{path}/attachments", files=large), 413, "attachment_too_large")
    name = "../手册\u202e.docx"
    file = ok(
        await boss("POST", f"{path}/attachments", files={"file": (name, document.getvalue())})
    )
    assert file["file_name"] == "_手册_.docx"
    response = await ann("GET", f"{path}/attachments/{file['attachment_id']}")
    assert response.content == document.getvalue()
    assert response.headers["content-disposition"].startswith("attachment; filename*=UTF-8''_%E6")
    refused(await ann("DELETE", f"{path}/attachments/{uuid4()}"), 403, "permission_missing")
    ok(await boss("DELETE", f"{path}/attachments/{file['attachment_id']}"))


async def test_what_agents_learn_becomes_a_draft_or_is_refused_with_a_reason(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", number="802")
    fees = await _category(boss, "Fees")
    article = await _article(boss, fees, "Fees", "old")
    content = {"title": "Fees", "body": "new", "language": "en"}
    change = {"article_id": article["article_id"], "content": content, "reason": "It changed."}
    new = {"category_id": fees["category_id"], "content": content, "reason": "Customers ask."}
    response = await ann("POST", "/knowledge/suggestions", json={**change, **new})
    refused(response, 422, "validation_failed")
    first = await ann.post("/knowledge/suggestions", change)
    second = await ann.post("/knowledge/suggestions", new)
    assert (await bob.get("/knowledge/suggestions"))["items"] == []
    path = f"/knowledge/suggestions/{first['suggestion_id']}"
    refused(await bob("GET", path), 404, "suggestion_not_found")
    refused(await ann("POST", f"{path}/accept", json={}), 403, "permission_missing")
    waiting = await boss.get("/knowledge/suggestions", params={"state": "open"})
    assert len(waiting["items"]) == 2
    accepted = await boss.post(f"{path}/accept", {"answer": "Thank you."})
    refused(await boss("POST", f"{path}/accept", json={}), 409, "suggestion_decided")
    other = f"/knowledge/suggestions/{second['suggestion_id']}"
    refused(await boss("POST", f"{other}/refuse", json={}), 422, "validation_failed")
    await boss.post(f"{other}/refuse", {"reason": "It is there already."})
    mine = (await ann.get("/knowledge/suggestions", params={"mine": True}))["items"]
    assert [(each["state"], each["decision"]) for each in mine] == [
        ("refused", "It is there already."),
        ("accepted", "Thank you."),
    ]
    assert (await ann.get(f"/knowledge/articles/{article['article_id']}"))["body"] == "old"
    published = await boss.post(f"/knowledge/articles/{accepted['draft_id']}/publish")
    assert (published["article_id"], published["body"]) == (article["article_id"], "new")
    rows = await rows_of(
        crm,
        "SELECT convert_from(payload, 'UTF8')::jsonb ->> 'agent_id' AS agent_id FROM crm.outbox "
        "WHERE type = $1",
        SuggestionDecidedV1.type_name(),
    )
    assert [row["agent_id"] for row in rows] == [ann.user_id] * 2


async def test_search_understands_chinese_english_codes_and_what_is_being_typed(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    all_of_it = await _category(boss, "All")
    for title, body, more in (
        ("如何申请退款", "客户可以在**七天**内申请退款,款项原路退回。", {"tags": ["售后"]}),
        ("发票开具说明", "电子发票在付款后发送到邮箱。退款后发票作废。", {"product": "宽带"}),
        ("Refund policy", "Customers' refunds are paid within 7 days. Error code E-1024.", {}),
        ("Router setup", "Press the reset button. See <b>E1024</b>.", {"language": "en"}),
    ):
        await _article(boss, all_of_it, title, body, **more)
    assert await _titles(boss, "退款") == ["如何申请退款", "发票开具说明"]
    assert await _titles(boss, "請問怎麼申請退款?") == ["如何申请退款"]
    assert await _titles(boss, "refunding policies") == ["Refund policy"]
    assert await _titles(boss, "refu") == []
    assert await _titles(boss, "refu", typing=True) == ["Refund policy"]
    assert set(await _titles(boss, "E1024")) == {"Refund policy", "Router setup"}
    assert set(await _titles(boss, "e-1024")) == {"Refund policy", "Router setup"}
    assert await _titles(boss, "售后") == ["如何申请退款"]
    assert await _titles(boss, "退款", product="宽带") == ["发票开具说明"]
    assert await _titles(boss, "reset", language="zh") == []
    for nothing in ("the", "???", "'", "\\", "q:*|!z", "大象"):
        assert await _titles(boss, nothing) == []
    page = await boss.get("/knowledge/search", params={"q": "退款", "limit": 1})
    params = {"q": "退款", "limit": 1, "cursor": page["next_cursor"]}
    following = await boss.get("/knowledge/search", params=params)
    assert following["items"][0]["article_id"] != page["items"][0]["article_id"]
    assert following["next_cursor"] is None
    (found,) = (await boss.get("/knowledge/search", params={"q": "reset button"}))["items"]
    assert found["snippet"] == [
        {"text": "Press the ", "is_match": False},
        {"text": "reset", "is_match": True},
        {"text": " ", "is_match": False},
        {"text": "button", "is_match": True},
        {"text": ". See <b>E1024</b>.", "is_match": False},
    ]
    response = await boss("GET", "/knowledge/search", params={"q": "x", "cursor": "W10"})
    refused(response, 400, "cursor_invalid")
