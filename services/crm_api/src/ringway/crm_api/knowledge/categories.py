"""The tree of categories: no rings, no twins, nothing lost."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller, Permission, roles_of_tenant
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Invalid, PreconditionFailed
from ringway.crm_api.etag import says_nothing_new
from ringway.crm_api.knowledge import category_store as store
from ringway.crm_api.knowledge.access import Tree, tree_of
from ringway.crm_api.knowledge.schemas import (
    CategoryBody,
    CategoryOrder,
    CategoryView,
    RuleBody,
)
from ringway.crm_api.teams import store as teams
from ringway.runtime.ids import uuid7
from ringway.runtime.postgres import Connection

_DEEPEST = 12
_MOST = 1_000


def view_of(tree: Tree, category: store.Category, caller: Caller) -> CategoryView:
    """Return a category as the caller sees it."""
    rules = [RuleBody.model_validate(each) for each in category.rules]
    return CategoryView(
        category_id=category.category_id,
        parent_id=category.parent_id,
        name=category.name,
        position=category.position,
        rules=rules if caller.may(Permission.KNOWLEDGE_ALL) else None,
        may_write=category.category_id in tree.writable,
        version=category.version,
        created_at=category.created_at,
        updated_at=category.updated_at,
    )


async def visible(deps: Deps, caller: Caller) -> list[CategoryView]:
    """Return the categories that the caller reads."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tree = await tree_of(conn, caller)
    return [
        view_of(tree, each, caller)
        for each in tree.categories.values()
        if each.category_id in tree.readable
    ]


async def get(deps: Deps, caller: Caller, category_id: UUID) -> CategoryView:
    """Return one category. Raises NotFound."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        tree = await tree_of(conn, caller)
    return view_of(tree, tree.category(category_id), caller)


async def create(deps: Deps, caller: Caller, new: CategoryBody) -> CategoryView:
    """Make a category.

    Raises:
        Invalid: Its parent, a role or a team does not exist, or it would be too deep.
        Conflict: Its name is taken there, or there are too many.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.lock(conn, caller.tenant_id)
        tree = await tree_of(conn, caller)
        if len(tree.categories) >= _MOST:
            raise Conflict("category_limit", f"There are {_MOST} categories already.")
        return await _put(deps, conn, caller, tree, uuid7(), new)


async def change(
    deps: Deps, caller: Caller, category_id: UUID, version: int | None, wanted: CategoryBody
) -> CategoryView:
    """Change a category, or move it with all that it contains.

    Raises:
        Invalid: As for :func:`create`; or it would be part of itself.
        Conflict: Its name is taken there.
        PreconditionFailed: It was changed since ``version``.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.lock(conn, caller.tenant_id)
        tree = await tree_of(conn, caller)
        present = tree.category(category_id)
        _check_version(tree, present, version, caller)
        if says_nothing_new(shown := view_of(tree, present, caller), wanted):
            return shown
        return await _put(deps, conn, caller, tree, category_id, wanted)


async def put_order(deps: Deps, caller: Caller, order: CategoryOrder) -> None:
    """Put the categories of one place into an order.

    Raises:
        Invalid: These are not all the categories there, each once.
    """
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.lock(conn, caller.tenant_id)
        tree = await tree_of(conn, caller)
        there = [
            each.category_id
            for each in tree.categories.values()
            if each.parent_id == order.parent_id
        ]
        if sorted(there) != sorted(order.category_ids):
            raise Invalid(
                "category_order_invalid",
                f"category_ids: name each of the {len(there)} categories there once.",
            )
        await store.put_order(
            conn, tenant_id=caller.tenant_id, category_ids=order.category_ids, now=deps.now()
        )
        await _audit(deps, conn, caller, "ordered", order.parent_id or "", {})


async def remove(deps: Deps, caller: Caller, category_id: UUID, version: int | None) -> None:
    """Remove a category that is empty. Raises Conflict when it is not."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await store.lock(conn, caller.tenant_id)
        tree = await tree_of(conn, caller)
        category = tree.category(category_id)
        _check_version(tree, category, version, caller)
        inside = sum(each.parent_id == category_id for each in tree.categories.values())
        articles = await store.articles_in(
            conn, tenant_id=caller.tenant_id, category_id=category_id
        )
        if inside or articles:
            raise Conflict(
                "category_not_empty",
                f"It contains {articles} articles and {inside} categories: move them first.",
            )
        await store.remove(conn, tenant_id=caller.tenant_id, category_id=category_id)
        await _audit(deps, conn, caller, "removed", category_id, {"name": category.name})


async def _put(
    deps: Deps,
    conn: Connection,
    caller: Caller,
    tree: Tree,
    category_id: UUID,
    wanted: CategoryBody,
) -> CategoryView:
    _check_parent(tree, category_id, wanted.parent_id)
    await _check_rules(conn, caller, wanted.rules)
    try:
        made = await store.put(
            conn,
            tenant_id=caller.tenant_id,
            category_id=category_id,
            parent_id=wanted.parent_id,
            name=wanted.name,
            position=wanted.position,
            rules=[rule.model_dump(mode="json") for rule in wanted.rules],
            now=deps.now(),
        )
    except store.CategoryNameTaken:
        raise Conflict("category_name_taken", f"There is a {wanted.name} in this place.") from None
    await _audit(deps, conn, caller, "put", category_id, wanted.model_dump(mode="json"))
    return view_of(await tree_of(conn, caller), made, caller)


def _check_parent(tree: Tree, category_id: UUID, parent_id: UUID | None) -> None:
    depth, at = 1, parent_id
    while at is not None:
        if at == category_id:
            raise Invalid("category_cycle", "parent_id: it would be part of itself.")
        if at not in tree.categories:
            raise Invalid("category_unknown", f"parent_id: there is no category {parent_id}.")
        at = tree.categories[at].parent_id
        depth += 1
    if depth - 1 + _height(tree, category_id) > _DEEPEST:
        raise Invalid("category_too_deep", f"parent_id: at most {_DEEPEST} levels.")


def _height(tree: Tree, category_id: UUID) -> int:
    """Return how many levels there are from a category on."""
    level, height = {category_id}, 0
    while level:
        level = {each.category_id for each in tree.categories.values() if each.parent_id in level}
        height += 1
    return height


async def _check_rules(conn: Connection, caller: Caller, rules: list[RuleBody]) -> None:
    named = [rule.grantee.partition(":") for rule in rules]
    roles = {name for kind, _, name in named if kind == "role"}
    shipped = {role.value for role in roles_of_tenant(caller.tenant_id)}
    own = await conn.fetch(
        "SELECT role_key FROM crm.role WHERE tenant_id = $1 AND role_key = ANY ($2)",
        *(caller.tenant_id, list(roles)),
    )
    for name in sorted(roles - shipped - {row["role_key"] for row in own}):
        raise Invalid("role_unknown", f"rules: there is no role {name}.")
    try:
        team_ids = [UUID(name) for kind, _, name in named if kind == "team"]
    except ValueError:
        raise Invalid("team_unknown", "rules: a team is named by its id.") from None
    for team_id in await teams.unknown(conn, tenant_id=caller.tenant_id, team_ids=team_ids):
        raise Invalid("team_unknown", f"rules: there is no team {team_id}.")


def _check_version(
    tree: Tree, category: store.Category, version: int | None, caller: Caller
) -> None:
    if version is not None and version != category.version:
        raise PreconditionFailed(
            "category_changed",
            "The category was changed meanwhile; `current` is what it is now.",
            extra={"current": view_of(tree, category, caller).model_dump(mode="json")},
        )


async def _audit(
    deps: Deps, conn: Connection, caller: Caller, what: str, category_id: object, detail: Any
) -> None:
    await audit.add(
        conn,
        caller=caller,
        now=deps.now(),
        action=f"knowledge_category.{what}",
        object_type="knowledge_category",
        object_id=category_id,
        detail=detail,
    )
