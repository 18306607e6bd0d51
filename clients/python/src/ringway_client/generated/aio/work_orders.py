"""Work orders. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender, File
from ringway_client.sending import quoted as _quoted


class WorkOrders:
    """Work orders."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def act_on_work_order(
        self,
        work_order_id: UUID | str,
        action: str,
        body: models.ActBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.OrderView:
        """Go a way of the order's design, such as `accept` or `finish`.

        `If-Match` is required: of two who act at once one wins, the other hears 412 with
        `current`.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/work-orders/{_quoted(work_order_id)}/actions/{_quoted(action)}",
                models.OrderView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
                body=body,
            )
        )

    async def add_work_order_attachment(
        self, work_order_id: UUID | str, *, file: File, idempotency_key: str | None = None
    ) -> models.WorkOrderAttachmentView:
        """Add a file to a work order: an image, a document, text, audio or a ZIP archive.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/work-orders/{_quoted(work_order_id)}/attachments",
                models.WorkOrderAttachmentView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                form={},
                files={"file": file},
            )
        )

    async def add_work_order_comment(
        self,
        work_order_id: UUID | str,
        body: models.CommentBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.CommentView:
        """Comment on a work order, for colleagues only. Who is mentioned is told.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/work-orders/{_quoted(work_order_id)}/comments",
                models.CommentView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def add_work_order_task(
        self,
        work_order_id: UUID | str,
        body: models.TaskBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.TaskView:
        """Ask another department or person for something; they see the order and are told.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/work-orders/{_quoted(work_order_id)}/tasks",
                models.TaskView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def assign_work_order(
        self,
        work_order_id: UUID | str,
        body: models.WorkOrderAssignBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.OrderView:
        """Give a work order to somebody, or to a team.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/work-orders/{_quoted(work_order_id)}/assign",
                models.OrderView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
                body=body,
            )
        )

    async def change_work_order(
        self,
        work_order_id: UUID | str,
        body: models.OrderChange | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.OrderView:
        """Change fields of a work order. `If-Match` is required: nobody's words are lost.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "PATCH",
                f"/work-orders/{_quoted(work_order_id)}",
                models.OrderView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def change_work_order_task(
        self,
        work_order_id: UUID | str,
        task_id: UUID | str,
        body: models.TaskChange | Mapping[str, Any],
    ) -> models.TaskView:
        """Finish or cancel a task; who works on the order is told.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "PATCH",
                f"/work-orders/{_quoted(work_order_id)}/tasks/{_quoted(task_id)}",
                models.TaskView,
                body=body,
            )
        )

    async def change_work_orders(
        self, body: models.BulkBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.BulkResult:
        """Do the same to many orders, such as assigning or closing them; each by itself.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/work-order-bulk",
                models.BulkResult,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def create_work_order(
        self, body: models.OrderBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.OrderView:
        """Make a work order by hand or from a conversation, whose caller's data are filled in.

        Repeats with the same `Idempotency-Key` make one order.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/work-orders",
                models.OrderView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def delete_work_order(
        self, work_order_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Delete a work order. It is gone for everybody; the audit log tells who did it.

        Permission: ``work_orders.delete``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/work-orders/{_quoted(work_order_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    async def get_work_order(self, work_order_id: UUID | str) -> models.OrderView:
        """Return one work order, with what the caller may do with it now.

        Permission: ``work_orders.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/work-orders/{_quoted(work_order_id)}", models.OrderView)
        )

    async def get_work_order_attachment(
        self, work_order_id: UUID | str, attachment_id: UUID | str
    ) -> bytes:
        """Return a file, to be saved and never to be shown by a browser as a page.

        Permission: ``work_orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/work-orders/{_quoted(work_order_id)}/attachments/{_quoted(attachment_id)}",
                bytes,
            )
        )

    async def get_work_order_version(
        self, work_order_id: UUID | str, work_order_version: int
    ) -> models.WorkOrderVersionView:
        """Return a work order as it was at a version.

        Permission: ``work_orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/work-orders/{_quoted(work_order_id)}/versions/{_quoted(work_order_version)}",
                models.WorkOrderVersionView,
            )
        )

    async def link_interaction_to_work_order(
        self,
        work_order_id: UUID | str,
        body: models.LinkBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> None:
        """Link one more conversation to a work order.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/work-orders/{_quoted(work_order_id)}/interactions",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def list_work_order_attachments(
        self, work_order_id: UUID | str
    ) -> list[models.WorkOrderAttachmentView]:
        """List a work order's files, oldest first; at most twenty.

        Permission: ``work_orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/work-orders/{_quoted(work_order_id)}/attachments",
                list[models.WorkOrderAttachmentView],
            )
        )

    async def list_work_order_comments(
        self, work_order_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageCommentView:
        """List a work order's comments, oldest first.

        Permission: ``work_orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/work-orders/{_quoted(work_order_id)}/comments",
                models.PageCommentView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    async def iter_work_order_comments(
        self, work_order_id: UUID | str, *, limit: int | None = None
    ) -> AsyncIterator[models.CommentView]:
        """Yield all items of :meth:`list_work_order_comments`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_work_order_comments(work_order_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_work_order_history(
        self, work_order_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageEntryView:
        """List who did what with a work order and what it changed, from its beginning.

        Permission: ``work_orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/work-orders/{_quoted(work_order_id)}/history",
                models.PageEntryView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    async def iter_work_order_history(
        self, work_order_id: UUID | str, *, limit: int | None = None
    ) -> AsyncIterator[models.EntryView]:
        """Yield all items of :meth:`list_work_order_history`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_work_order_history(work_order_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_work_order_interactions(
        self, work_order_id: UUID | str
    ) -> list[models.LinkView]:
        """List the conversations about a work order beside the one that it comes from.

        Permission: ``work_orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET", f"/work-orders/{_quoted(work_order_id)}/interactions", list[models.LinkView]
            )
        )

    async def list_work_order_notices(
        self, *, unread: bool | None = None, limit: int | None = None, cursor: str | None = None
    ) -> models.PageWorkOrderNoticeView:
        """List what the caller was told of work orders, newest first.

        Permission: ``work_orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/work-order-notices",
                models.PageWorkOrderNoticeView,
                query={"unread": unread, "limit": limit, "cursor": cursor},
            )
        )

    async def iter_work_order_notices(
        self, *, unread: bool | None = None, limit: int | None = None
    ) -> AsyncIterator[models.WorkOrderNoticeView]:
        """Yield all items of :meth:`list_work_order_notices`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_work_order_notices(unread=unread, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_work_order_tasks(self, work_order_id: UUID | str) -> list[models.TaskView]:
        """List a work order's tasks, oldest first; at most fifty.

        Permission: ``work_orders.read``.
        """
        return await self._client.send(
            _core.Call("GET", f"/work-orders/{_quoted(work_order_id)}/tasks", list[models.TaskView])
        )

    async def list_work_orders(
        self,
        *,
        sort: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        mine: bool | None = None,
        my_teams: bool | None = None,
        unassigned: bool | None = None,
        open: bool | None = None,
        overdue: bool | None = None,
        step: list[str] | None = None,
        business_type_id: list[UUID | str] | None = None,
        kind: list[str] | None = None,
        assignee_id: UUID | str | None = None,
        team_id: UUID | str | None = None,
        created_by: UUID | str | None = None,
        customer_id: UUID | str | None = None,
        phone_e164: str | None = None,
        interaction_id: UUID | str | None = None,
        created_from: datetime | str | None = None,
        created_before: datetime | str | None = None,
        text: str | None = None,
        data: list[str] | None = None,
    ) -> models.PageOrderView:
        """List work orders that concern the caller: his own, those of his teams, or all.

        Permission: ``work_orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/work-orders",
                models.PageOrderView,
                query={
                    "sort": sort,
                    "limit": limit,
                    "cursor": cursor,
                    "mine": mine,
                    "my_teams": my_teams,
                    "unassigned": unassigned,
                    "open": open,
                    "overdue": overdue,
                    "step": step,
                    "business_type_id": business_type_id,
                    "kind": kind,
                    "assignee_id": assignee_id,
                    "team_id": team_id,
                    "created_by": created_by,
                    "customer_id": customer_id,
                    "phone_e164": phone_e164,
                    "interaction_id": interaction_id,
                    "created_from": created_from,
                    "created_before": created_before,
                    "text": text,
                    "data": data,
                },
            )
        )

    async def iter_work_orders(
        self,
        *,
        sort: str | None = None,
        limit: int | None = None,
        mine: bool | None = None,
        my_teams: bool | None = None,
        unassigned: bool | None = None,
        open: bool | None = None,
        overdue: bool | None = None,
        step: list[str] | None = None,
        business_type_id: list[UUID | str] | None = None,
        kind: list[str] | None = None,
        assignee_id: UUID | str | None = None,
        team_id: UUID | str | None = None,
        created_by: UUID | str | None = None,
        customer_id: UUID | str | None = None,
        phone_e164: str | None = None,
        interaction_id: UUID | str | None = None,
        created_from: datetime | str | None = None,
        created_before: datetime | str | None = None,
        text: str | None = None,
        data: list[str] | None = None,
    ) -> AsyncIterator[models.OrderView]:
        """Yield all items of :meth:`list_work_orders`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_work_orders(
                sort=sort,
                limit=limit,
                mine=mine,
                my_teams=my_teams,
                unassigned=unassigned,
                open=open,
                overdue=overdue,
                step=step,
                business_type_id=business_type_id,
                kind=kind,
                assignee_id=assignee_id,
                team_id=team_id,
                created_by=created_by,
                customer_id=customer_id,
                phone_e164=phone_e164,
                interaction_id=interaction_id,
                created_from=created_from,
                created_before=created_before,
                text=text,
                data=data,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def migrate_work_order(
        self,
        work_order_id: UUID | str,
        body: models.MigrateBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.OrderView:
        """Let an open work order go on by another version of its design.

        Permission: ``work_order_designs.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/work-orders/{_quoted(work_order_id)}/design",
                models.OrderView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
                body=body,
            )
        )

    async def prefill_work_order(
        self, *, phone_e164: str | None = None, interaction_id: UUID | str | None = None
    ) -> models.PrefillView:
        """Return what is known of who calls: what a new order begins with, and the orders he has.

        Permission: ``work_orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/work-order-prefill",
                models.PrefillView,
                query={"phone_e164": phone_e164, "interaction_id": interaction_id},
            )
        )

    async def put_work_order_participants(
        self,
        work_order_id: UUID | str,
        body: models.ParticipantsBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.OrderView:
        """Say who takes part in a work order beside its assignee: they see it and are told.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/work-orders/{_quoted(work_order_id)}/participants",
                models.OrderView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def read_work_order_notices(
        self, body: models.NoticesRead | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> None:
        """Remember that the caller has read these notices; others' are left alone.

        Permission: ``work_orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                "/work-order-notices/read",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def remove_work_order_attachment(
        self, work_order_id: UUID | str, attachment_id: UUID | str
    ) -> None:
        """Remove a file; history keeps its name and hash.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/work-orders/{_quoted(work_order_id)}/attachments/{_quoted(attachment_id)}",
                type(None),
            )
        )

    async def reopen_work_order(
        self,
        work_order_id: UUID | str,
        body: models.ActBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.OrderView:
        """Open a work order again that is done or cancelled; what it took already counts.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/work-orders/{_quoted(work_order_id)}/reopen",
                models.OrderView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
                body=body,
            )
        )

    async def report_complaints(
        self, *, from_: datetime | str, to: datetime | str, time_zone: str | None = None
    ) -> models.ComplaintReport:
        """Count complaints by the day on which they came and by business type.

        Permission: ``work_orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/work-order-reports/complaints",
                models.ComplaintReport,
                query={"from": from_, "to": to, "time_zone": time_zone},
            )
        )

    async def return_work_order(
        self,
        work_order_id: UUID | str,
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.OrderView:
        """Return a work order to the team that owns it, whose people are told.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/work-orders/{_quoted(work_order_id)}/return",
                models.OrderView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
            )
        )

    async def summarize_work_orders(
        self, *, from_: datetime | str, to: datetime | str, group_by: str | None = None
    ) -> models.Summary:
        """Count the orders of a period: open, done, overdue, sales and shipments, mean times.

        Permission: ``work_orders.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                "/work-order-reports/summary",
                models.Summary,
                query={"from": from_, "to": to, "group_by": group_by},
            )
        )

    async def take_work_order(
        self,
        work_order_id: UUID | str,
        *,
        if_match: int | str | None = None,
        idempotency_key: str | None = None,
    ) -> models.OrderView:
        """Take a work order that nobody works on. Of two who take it, one hears `order_taken`.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/work-orders/{_quoted(work_order_id)}/take",
                models.OrderView,
                headers={
                    "if-match": _core.etag(if_match),
                    "Idempotency-Key": idempotency_key or _core.new_key(),
                },
            )
        )

    async def unlink_interaction_from_work_order(
        self, work_order_id: UUID | str, interaction_id: UUID | str
    ) -> None:
        """Unlink a conversation.

        Permission: ``work_orders.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/work-orders/{_quoted(work_order_id)}/interactions/{_quoted(interaction_id)}",
                type(None),
            )
        )
