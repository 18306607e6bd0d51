"""What of the knowledge base a caller reads and writes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.knowledge.rights import Access, Node, Rule, reach
from ringway.crm_api.errors import Forbidden, Invalid, NotFound
from ringway.crm_api.knowledge import category_store as store
from ringway.crm_api.objects.catalogue import role_of
from ringway.crm_api.teams import store as teams
from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Tree:
    """The tenant's categories as one caller sees them."""

    categories: dict[UUID, store.Category]
    readable: frozenset[UUID]
    writable: frozenset[UUID]

    def below(self, category_id: UUID) -> set[UUID]:
        """Return a category and all that it contains, as far as the caller reads them."""
        found = {category_id} & self.readable
        more = True
        while more:
            inside = {
                each.category_id
                for each in self.categories.values()
                if each.parent_id in found and each.category_id in self.readable
            }
            more = not inside <= found
            found |= inside
        return found

    def category(self, category_id: UUID) -> store.Category:
        """Return a category. Raises NotFound also when the caller does not read it."""
        if category_id not in self.readable:
            raise NotFound("category_not_found", f"There is no category {category_id}.")
        return self.categories[category_id]

    def check_writes(self, category_id: UUID) -> None:
        """Return when the caller writes in a category. Raises Forbidden."""
        if category_id not in self.writable:
            raise Forbidden(
                "category_read_only",
                "Your role and team read this category and do not write in it. Suggest a change "
                "with POST /knowledge/suggestions.",
            )

    def check_place(self, category_id: UUID) -> None:
        """Return when an article may be put there by the caller. Raises Invalid or Forbidden."""
        if category_id not in self.readable:
            raise Invalid("category_unknown", f"category_id: there is no category {category_id}.")
        self.check_writes(category_id)


async def tree_of(conn: Connection, caller: Caller) -> Tree:
    """Return the categories as the caller sees them."""
    categories = await store.whole_tree(conn, tenant_id=caller.tenant_id)
    if caller.may(Permission.KNOWLEDGE_ALL):
        readable = writable = frozenset(categories)
    else:
        grants = await _grants(conn, caller)
        reached = reach({str(key): _node(each) for key, each in categories.items()}, grants)
        readable = frozenset(UUID(each) for each in reached.readable)
        writable = frozenset(UUID(each) for each in reached.writable)
    if not caller.may(Permission.KNOWLEDGE_WRITE):
        writable = frozenset()
    return Tree(categories, readable, writable)


async def _grants(conn: Connection, caller: Caller) -> set[str]:
    """Return what rules may name him by: his role, his team with all above, those he leads."""
    tenant_id = caller.tenant_id
    own = await teams.teams_of(conn, tenant_id=tenant_id, user_ids=[caller.user_id])
    above = await teams.above(conn, tenant_id=tenant_id, team_ids=list(own.values()))
    led = await teams.led_by(conn, tenant_id=tenant_id, user_id=caller.user_id)
    return {f"team:{each}" for each in above | led} | {f"role:{role_of(caller)}"}


def _node(category: store.Category) -> Node:
    return Node(
        str(category.parent_id) if category.parent_id is not None else None,
        tuple(Rule(each["grantee"], Access(each["access"])) for each in category.rules),
    )
