"""/nodes: the operator of the platform sees the Asterisk nodes, and empties one."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.audit import store as audit
from ringway.crm_api.deps import Deps, DepsOf, requires
from ringway.crm_api.nodes.schemas import DrainBody, NodeView
from ringway.crm_api.routing import api_router
from ringway.crm_api.schemas import Page
from ringway.proto.acd_nodes import (
    DrainNodeV1,
    ListNodesV1,
    NodeListV1,
    NodeV1,
    UndrainNodeV1,
)

router = api_router("/nodes", "nodes")
Reader = Annotated[Caller, Depends(requires(Permission.NODES_READ))]
Writer = Annotated[Caller, Depends(requires(Permission.NODES_WRITE))]
NodeName = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@router.get("")
async def list_nodes(deps: DepsOf, caller: Reader) -> Page[NodeView]:
    """List the Asterisk nodes: who serves, who is being emptied, and what is left there."""
    question = ListNodesV1(occurred_at=deps.now(), tenant=caller.tenant)
    answer = await deps.bus.request(question, NodeListV1)
    return Page(items=[NodeView.model_validate(node) for node in answer.nodes])


@router.post("/{node}/drain")
async def drain_node(
    node: NodeName, deps: DepsOf, caller: Writer, body: DrainBody | None = None
) -> NodeView:
    """Place nothing new on a node until it is undrained; its calls go on to their end."""
    force = body is not None and body.force
    question = DrainNodeV1(
        occurred_at=deps.now(),
        tenant=caller.tenant,
        node=node,
        force=force,
        by=caller.username,
    )
    answer = await deps.bus.request(question, NodeV1)
    await _note(deps, caller, "node.drained", node, {"force": force})
    return NodeView.model_validate(answer.node)


@router.post("/{node}/undrain")
async def undrain_node(node: NodeName, deps: DepsOf, caller: Writer) -> NodeView:
    """Let a node serve again."""
    question = UndrainNodeV1(occurred_at=deps.now(), tenant=caller.tenant, node=node)
    answer = await deps.bus.request(question, NodeV1)
    await _note(deps, caller, "node.undrained", node, {})
    return NodeView.model_validate(answer.node)


async def _note(
    deps: Deps, caller: Caller, action: str, node: str, detail: dict[str, bool]
) -> None:
    async with deps.pool.tenant(caller.tenant_id) as conn:
        await audit.add(
            conn,
            caller=caller,
            now=deps.now(),
            action=action,
            object_type="node",
            object_id=node,
            detail=detail,
        )
