"""What people add to an order: comments, tasks of other departments, conversations, files."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.work_orders import machine
from ringway.crm_api.core.work_orders.design import Party, PartyKind
from ringway.crm_api.core.work_orders.model import Outcome, Tell
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Conflict, Forbidden, Invalid, NotFound, UnsupportedMedia
from ringway.crm_api.teams import store as teams
from ringway.crm_api.work_orders import acting, people, telling
from ringway.crm_api.work_orders import parts_store as store
from ringway.crm_api.work_orders.creation import check_interaction
from ringway.crm_api.work_orders.file_types import looks_like
from ringway.crm_api.work_orders.finding import changing
from ringway.crm_api.work_orders.schemas import (
    CommentBody,
    CommentView,
    TaskBody,
    TaskChange,
    TaskView,
    WorkOrderAttachmentView,
)
from ringway.crm_api.work_orders.service import add_comment, check_users
from ringway.runtime.ids import uuid7

_TASKS_AT_MOST = 50
_FILES_AT_MOST = 20
_LINKS_AT_MOST = 200


async def comment(deps: Deps, caller: Caller, work_order_id: UUID, new: CommentBody) -> CommentView:
    """Comment on an order; who is mentioned takes part and is told. Raises NotFound, Invalid."""
    async with changing(deps, caller, work_order_id) as (scene, _):
        mentions = list(dict.fromkeys(new.mention_ids))
        await check_users(scene, mentions)
        comment_id = await add_comment(scene, new.text, mentions)
        # Who is mentioned must see what it is about.
        taking_part = {*scene.order.participant_ids} | {*mentions}
        changed = {"participant_ids": sorted(taking_part)}
        is_more = taking_part != {*scene.order.participant_ids}
        cared_for = machine.responded(scene.order.state, scene.now, scene.hours)
        detail = {"comment_id": str(comment_id)}
        if cared_for != scene.order.state or is_more:
            await acting.record(
                scene, Outcome(cared_for), "commented", detail=detail, changed=changed
            )
        else:
            await acting.note(scene, "commented", detail)
        return CommentView(
            comment_id=comment_id,
            author_id=scene.actor_id,
            author=scene.actor,
            text=new.text,
            mention_ids=mentions,
            created_at=scene.now,
        )


async def add_task(deps: Deps, caller: Caller, work_order_id: UUID, new: TaskBody) -> TaskView:
    """Ask another department or person for something. Raises NotFound, Invalid, Conflict."""
    if (new.team_id is None) == (new.assignee_id is None):
        raise Invalid("task_invalid", "Give team_id or assignee_id: who has to do it.")
    async with changing(deps, caller, work_order_id) as (scene, _):
        if scene.order.state.kind.is_end:
            raise Conflict("order_ended", "The order is over; open it again first.")
        present = await store.tasks(
            scene.conn, tenant_id=scene.tenant_id, work_order_id=work_order_id
        )
        if len(present) >= _TASKS_AT_MOST:
            raise Conflict("tasks_too_many", f"An order has at most {_TASKS_AT_MOST} tasks.")
        if new.assignee_id is not None:
            await check_users(scene, [new.assignee_id])
        if new.team_id is not None and await teams.unknown(
            scene.conn, tenant_id=scene.tenant_id, team_ids=[new.team_id]
        ):
            raise Invalid("reference_unknown", f"There is no team {new.team_id}.")
        row = await store.add_task(
            scene.conn,
            tenant_id=scene.tenant_id,
            work_order_id=work_order_id,
            task_id=uuid7(),
            title=new.title,
            team_id=new.team_id,
            assignee_id=new.assignee_id,
            is_needed=new.is_needed,
            created_by=scene.actor_id,
            now=scene.now,
        )
        detail = {"task_id": str(row["task_id"]), "title": new.title}
        await acting.record(scene, Outcome(scene.order.state), "task_added", detail=detail)
        if new.assignee_id is not None:
            await telling.notify(scene, [new.assignee_id], "task_added")
        else:
            asked = replace(scene.order, team_id=new.team_id)
            found = await people.told(
                scene.conn,
                tenant_id=scene.tenant_id,
                parties=[Party(kind=PartyKind.TEAM)],
                order=asked,
                now=scene.now,
            )
            await telling.notify(scene, found, "task_added")
        return TaskView.model_validate(dict(row))


async def change_task(
    deps: Deps, caller: Caller, work_order_id: UUID, task_id: UUID, wanted: TaskChange
) -> TaskView:
    """Finish or cancel a task, or let it go on; who works on the order is told.

    Raises:
        NotFound: There is no such task of an order that concerns the caller.
        Forbidden: It is somebody else's.
        Conflict: The order is over.
    """
    async with changing(deps, caller, work_order_id) as (scene, reach):
        found = await store.task(
            scene.conn, tenant_id=scene.tenant_id, work_order_id=work_order_id, task_id=task_id
        )
        if found is None:
            raise NotFound("task_not_found", f"There is no task {task_id} of this order.")
        his = {found["assignee_id"], found["created_by"]}
        if not (reach.sees_all or reach.user_id in his or found["team_id"] in reach.team_ids):
            raise Forbidden("task_not_yours", "It is finished by those who were asked.")
        if scene.order.state.kind.is_end:
            raise Conflict("order_ended", "The order is over; open it again first.")
        row = await store.change_task(
            scene.conn,
            tenant_id=scene.tenant_id,
            work_order_id=work_order_id,
            task_id=task_id,
            state=wanted.state,
            result=wanted.result,
            now=scene.now,
        )
        detail = {"task_id": str(task_id), "state": wanted.state, "result": wanted.result}
        told = [Tell(Party(kind=PartyKind.ASSIGNEE), f"task_{wanted.state}")]
        await acting.record(
            scene, Outcome(scene.order.state), "task_changed", detail=detail, tells=told
        )
        return TaskView.model_validate(dict(row))


async def link(deps: Deps, caller: Caller, work_order_id: UUID, interaction_id: UUID) -> None:
    """Link a conversation to an order. Raises NotFound, Invalid, Conflict."""
    async with changing(deps, caller, work_order_id) as (scene, _):
        await check_interaction(scene.conn, caller, interaction_id)
        present = await store.links(
            scene.conn, tenant_id=scene.tenant_id, work_order_id=work_order_id
        )
        if len(present) >= _LINKS_AT_MOST:
            raise Conflict("links_too_many", f"An order has at most {_LINKS_AT_MOST} of them.")
        if await store.add_link(
            scene.conn,
            tenant_id=scene.tenant_id,
            work_order_id=work_order_id,
            interaction_id=interaction_id,
            by=scene.actor,
            now=scene.now,
        ):
            await acting.note(scene, "linked", {"interaction_id": str(interaction_id)})


async def unlink(deps: Deps, caller: Caller, work_order_id: UUID, interaction_id: UUID) -> None:
    """Unlink a conversation. Raises NotFound."""
    async with changing(deps, caller, work_order_id) as (scene, _):
        if not await store.remove_link(
            scene.conn,
            tenant_id=scene.tenant_id,
            work_order_id=work_order_id,
            interaction_id=interaction_id,
        ):
            raise NotFound("link_not_found", f"{interaction_id} is not linked to this order.")
        await acting.note(scene, "unlinked", {"interaction_id": str(interaction_id)})


async def attach(
    deps: Deps, caller: Caller, work_order_id: UUID, name: str, content_type: str, content: bytes
) -> WorkOrderAttachmentView:
    """Add a file to an order.

    Raises:
        NotFound: There is no such order.
        UnsupportedMedia: Files of this type are not kept, or it is not what it is said to be.
        Conflict: It has as many as it may.
    """
    if not content:
        raise Invalid("file_empty", "The file is empty.")
    if not looks_like(content_type, content):
        raise UnsupportedMedia(
            "file_type_unknown",
            "Send an image, PDF, office document, text, audio or ZIP file as what it is.",
        )
    async with changing(deps, caller, work_order_id) as (scene, _):
        present = await store.attachments(
            scene.conn, tenant_id=scene.tenant_id, work_order_id=work_order_id
        )
        if len(present) >= _FILES_AT_MOST:
            raise Conflict("files_too_many", f"An order has at most {_FILES_AT_MOST} files.")
        made = store.Attachment(
            attachment_id=uuid7(),
            name=name,
            content_type=content_type,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            added_by=scene.actor,
            created_at=scene.now,
        )
        await store.add_attachment(
            scene.conn,
            tenant_id=scene.tenant_id,
            work_order_id=work_order_id,
            attachment=made,
            content=content,
        )
        detail = {"attachment_id": str(made.attachment_id), "name": name, "sha256": made.sha256}
        await acting.note(scene, "attached", detail)
    return WorkOrderAttachmentView.model_validate(made)


async def detach(deps: Deps, caller: Caller, work_order_id: UUID, attachment_id: UUID) -> None:
    """Remove a file of an order. Raises NotFound."""
    async with changing(deps, caller, work_order_id) as (scene, _):
        name = await store.remove_attachment(
            scene.conn,
            tenant_id=scene.tenant_id,
            work_order_id=work_order_id,
            attachment_id=attachment_id,
        )
        if name is None:
            raise NotFound("attachment_not_found", f"There is no file {attachment_id}.")
        detail = {"attachment_id": str(attachment_id), "name": name}
        await acting.note(scene, "detached", detail)
        await audit.add(
            scene.conn,
            caller=caller,
            now=scene.now,
            action="work_order.detached",
            object_type="work_order",
            object_id=work_order_id,
            detail=detail,
        )
