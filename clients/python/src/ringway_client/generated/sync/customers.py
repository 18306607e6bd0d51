"""Customers. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import File, Sender
from ringway_client.sending import quoted as _quoted


class Customers:
    """Customers."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def cancel_bulk_act(
        self, bulk_act_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.BulkActView:
        """Stop an act after the customers that it is at. What is done is done.

        Permission: ``customers.bulk``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/customers/bulk-acts/{_quoted(bulk_act_id)}/cancel",
                models.BulkActView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def cancel_customer_import(
        self, import_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.CustomerImportView:
        """Stop an import after the rows that it is at. What it has made stays until it is undone.

        Permission: ``customers.import``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/customers/imports/{_quoted(import_id)}/cancel",
                models.CustomerImportView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def change_customer(
        self,
        customer_id: UUID | str,
        body: models.CustomerChange | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.CustomerView:
        """Change some fields of a customer; with `If-Match` only if he is as he was read.

        Permission: ``customers.write``.
        """
        return self._client.send(
            _core.Call(
                "PATCH",
                f"/customers/{_quoted(customer_id)}",
                models.CustomerView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def confirm_bulk_act(
        self,
        bulk_act_id: UUID | str,
        body: models.BulkConfirmBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.BulkActView:
        """Do what was proposed, if the same number of customers is still meant.

        Permission: ``customers.bulk``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/customers/bulk-acts/{_quoted(bulk_act_id)}/confirm",
                models.BulkActView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def count_customers(
        self,
        *,
        phone_e164: str | None = None,
        batch_number: str | None = None,
        name: str | None = None,
        created_from: datetime | str | None = None,
        created_before: datetime | str | None = None,
        changed_from: datetime | str | None = None,
        changed_before: datetime | str | None = None,
        data: list[str] | None = None,
        kind: str | None = None,
        owner_id: UUID | str | None = None,
        pool: str | None = None,
        grade: list[str] | None = None,
        intent: str | None = None,
        lead_status: list[str] | None = None,
        tag: list[str] | None = None,
        follow_up_before: datetime | str | None = None,
        idle_from: datetime | str | None = None,
        idle_before: datetime | str | None = None,
        where: list[str] | None = None,
        segment_id: UUID | str | None = None,
    ) -> dict[str, int]:
        """Count the customers that a filter means.

        Permission: ``customers.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/customers/count",
                dict[str, int],
                query={
                    "phone_e164": phone_e164,
                    "batch_number": batch_number,
                    "name": name,
                    "created_from": created_from,
                    "created_before": created_before,
                    "changed_from": changed_from,
                    "changed_before": changed_before,
                    "data": data,
                    "kind": kind,
                    "owner_id": owner_id,
                    "pool": pool,
                    "grade": grade,
                    "intent": intent,
                    "lead_status": lead_status,
                    "tag": tag,
                    "follow_up_before": follow_up_before,
                    "idle_from": idle_from,
                    "idle_before": idle_before,
                    "where": where,
                    "segment_id": segment_id,
                },
            )
        )

    def create_customer(
        self, body: models.CustomerBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.CustomerView:
        """Create a customer: in the public pool, or one's own for those who do not see all.

        Permission: ``customers.create``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/customers",
                models.CustomerView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def create_follow_up(
        self,
        customer_id: UUID | str,
        body: models.FollowUpBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.FollowUpView:
        """Record what was said to a customer, and when he is to be called next.

        Permission: ``customers.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/customers/{_quoted(customer_id)}/follow-ups",
                models.FollowUpView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def delete_customer(
        self, customer_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Delete a customer with his follow-ups and history.

        Permission: ``customers.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/customers/{_quoted(customer_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    def download_customer_import_errors(
        self, import_id: UUID | str, *, language: str | None = None
    ) -> bytes:
        """Download them as CSV. Cells that a spreadsheet would run are escaped.

        Permission: ``customers.import``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/customers/imports/{_quoted(import_id)}/errors.csv",
                bytes,
                query={"language": language},
            )
        )

    def erase_customer(
        self,
        customer_id: UUID | str,
        body: models.EraseBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.ErasureView:
        """Erase one person for good, in the background: look at the erasure until it has ended.

        Business records stay without his name and numbers. This cannot be undone.

        Permission: ``customers.erase``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/customers/{_quoted(customer_id)}/erase",
                models.ErasureView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def export_customers(
        self, body: models.ExportBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> bytes:
        """Download the customers whom the caller sees, with the fields that he sees.

        The file is made while it is sent: as many as there are. An import knows its headers
        again.

        Permission: ``customers.export``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/customers/exports",
                bytes,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def export_personal_data(
        self, customer_id: UUID | str, *, idempotency_key: str | None = None
    ) -> bytes:
        """Download all that is kept of one person: a zip of `data.json` and a CSV for each part.

        A part has at most 10,000 rows. Recordings are listed; their sound is at /recordings.

        Permission: ``customers.erase``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/customers/{_quoted(customer_id)}/export-data",
                bytes,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def get_bulk_act(self, bulk_act_id: UUID | str) -> models.BulkActView:
        """Return an act and how far it is.

        Permission: ``customers.bulk``.
        """
        return self._client.send(
            _core.Call("GET", f"/customers/bulk-acts/{_quoted(bulk_act_id)}", models.BulkActView)
        )

    def get_customer(self, customer_id: UUID | str) -> models.CustomerView:
        """Return one customer.

        Permission: ``customers.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/customers/{_quoted(customer_id)}", models.CustomerView)
        )

    def get_customer_history(
        self,
        customer_id: UUID | str,
        *,
        kind: list[str] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageHistoryView:
        """List what happened with a customer, newest first: his calls, follow-ups, orders, ...

        Permission: ``customers.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/customers/{_quoted(customer_id)}/history",
                models.PageHistoryView,
                query={"kind": kind, "limit": limit, "cursor": cursor},
            )
        )

    def iter_get_customer_history(
        self, customer_id: UUID | str, *, kind: list[str] | None = None, limit: int | None = None
    ) -> Iterator[models.HistoryView]:
        """Yield all items of :meth:`get_customer_history`, page by page."""
        cursor: str | None = None
        while True:
            page = self.get_customer_history(customer_id, kind=kind, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def get_customer_import(self, import_id: UUID | str) -> models.CustomerImportView:
        """Return an import and how far it is.

        Permission: ``customers.import``.
        """
        return self._client.send(
            _core.Call("GET", f"/customers/imports/{_quoted(import_id)}", models.CustomerImportView)
        )

    def get_erasure(self, erasure_id: UUID | str) -> models.ErasureView:
        """Return an erasure and how far it is; its certificate, when it is done.

        Permission: ``customers.erase``.
        """
        return self._client.send(
            _core.Call("GET", f"/customers/erasures/{_quoted(erasure_id)}", models.ErasureView)
        )

    def import_customers(
        self, *, file: File, options: str | None = None, idempotency_key: str | None = None
    ) -> models.CustomerImportView:
        """Import customers in the background; its first rows are looked at before the answer.

        Follow it with GET, or by the event `crm.v1.customer_job.changed`. Who does not see all
        customers imports his own ones. The delimiter is a comma, semicolon, tab or bar; the
        text
        UTF-8, UTF-16 or GB18030.

        Permission: ``customers.import``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/customers/imports",
                models.CustomerImportView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                form={"options": options},
                files={"file": file},
            )
        )

    def link_interaction(self, customer_id: UUID | str, interaction_id: UUID | str) -> None:
        """Put a talk with a customer that was on another number than his own.

        Permission: ``customers.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/customers/{_quoted(customer_id)}/interactions/{_quoted(interaction_id)}",
                type(None),
            )
        )

    def list_bulk_acts(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageBulkActView:
        """List the acts, newest first: everybody's for those who see all customers.

        Permission: ``customers.bulk``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/customers/bulk-acts",
                models.PageBulkActView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_bulk_acts(self, *, limit: int | None = None) -> Iterator[models.BulkActView]:
        """Yield all items of :meth:`list_bulk_acts`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_bulk_acts(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_customer_changes(
        self, customer_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageChangeView:
        """List who changed which field of a customer's record, newest first.

        Permission: ``customers.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/customers/{_quoted(customer_id)}/changes",
                models.PageChangeView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_customer_changes(
        self, customer_id: UUID | str, *, limit: int | None = None
    ) -> Iterator[models.ChangeView]:
        """Yield all items of :meth:`list_customer_changes`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_customer_changes(customer_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_customer_import_errors(
        self,
        import_id: UUID | str,
        *,
        language: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageFileErrorView:
        """List the rows that did not become customers, by line.

        Permission: ``customers.import``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/customers/imports/{_quoted(import_id)}/errors",
                models.PageFileErrorView,
                query={"language": language, "limit": limit, "cursor": cursor},
            )
        )

    def iter_customer_import_errors(
        self, import_id: UUID | str, *, language: str | None = None, limit: int | None = None
    ) -> Iterator[models.FileErrorView]:
        """Yield all items of :meth:`list_customer_import_errors`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_customer_import_errors(
                import_id, language=language, limit=limit, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_customer_imports(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageCustomerImportView:
        """List the imports, newest first: everybody's for those who see all customers.

        Permission: ``customers.import``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/customers/imports",
                models.PageCustomerImportView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_customer_imports(
        self, *, limit: int | None = None
    ) -> Iterator[models.CustomerImportView]:
        """Yield all items of :meth:`list_customer_imports`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_customer_imports(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_customer_tags(self, *, limit: int | None = None) -> list[models.TagView]:
        """List the tags of customers, the most used first.

        Permission: ``customers.read``.
        """
        return self._client.send(
            _core.Call("GET", "/customer-tags", list[models.TagView], query={"limit": limit})
        )

    def list_customers(
        self,
        *,
        sort: str | None = None,
        fields: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        phone_e164: str | None = None,
        batch_number: str | None = None,
        name: str | None = None,
        created_from: datetime | str | None = None,
        created_before: datetime | str | None = None,
        changed_from: datetime | str | None = None,
        changed_before: datetime | str | None = None,
        data: list[str] | None = None,
        kind: str | None = None,
        owner_id: UUID | str | None = None,
        pool: str | None = None,
        grade: list[str] | None = None,
        intent: str | None = None,
        lead_status: list[str] | None = None,
        tag: list[str] | None = None,
        follow_up_before: datetime | str | None = None,
        idle_from: datetime | str | None = None,
        idle_before: datetime | str | None = None,
        where: list[str] | None = None,
        segment_id: UUID | str | None = None,
    ) -> models.PageCustomerView | models.PageCustomerPart:
        """List customers, newest first or as sorted, by all that is kept of them.

        Who may not see all sees those whom he owns or has talked with.

        Permission: ``customers.read``.
        """
        return self._client.send(
            _core.Call[models.PageCustomerView | models.PageCustomerPart](
                "GET",
                "/customers",
                cast(Any, models.PageCustomerView | models.PageCustomerPart),
                query={
                    "sort": sort,
                    "fields": fields,
                    "limit": limit,
                    "cursor": cursor,
                    "phone_e164": phone_e164,
                    "batch_number": batch_number,
                    "name": name,
                    "created_from": created_from,
                    "created_before": created_before,
                    "changed_from": changed_from,
                    "changed_before": changed_before,
                    "data": data,
                    "kind": kind,
                    "owner_id": owner_id,
                    "pool": pool,
                    "grade": grade,
                    "intent": intent,
                    "lead_status": lead_status,
                    "tag": tag,
                    "follow_up_before": follow_up_before,
                    "idle_from": idle_from,
                    "idle_before": idle_before,
                    "where": where,
                    "segment_id": segment_id,
                },
            )
        )

    def iter_customers(
        self,
        *,
        sort: str | None = None,
        fields: str | None = None,
        limit: int | None = None,
        phone_e164: str | None = None,
        batch_number: str | None = None,
        name: str | None = None,
        created_from: datetime | str | None = None,
        created_before: datetime | str | None = None,
        changed_from: datetime | str | None = None,
        changed_before: datetime | str | None = None,
        data: list[str] | None = None,
        kind: str | None = None,
        owner_id: UUID | str | None = None,
        pool: str | None = None,
        grade: list[str] | None = None,
        intent: str | None = None,
        lead_status: list[str] | None = None,
        tag: list[str] | None = None,
        follow_up_before: datetime | str | None = None,
        idle_from: datetime | str | None = None,
        idle_before: datetime | str | None = None,
        where: list[str] | None = None,
        segment_id: UUID | str | None = None,
    ) -> Iterator[models.CustomerView | models.CustomerPart]:
        """Yield all items of :meth:`list_customers`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_customers(
                sort=sort,
                fields=fields,
                limit=limit,
                phone_e164=phone_e164,
                batch_number=batch_number,
                name=name,
                created_from=created_from,
                created_before=created_before,
                changed_from=changed_from,
                changed_before=changed_before,
                data=data,
                kind=kind,
                owner_id=owner_id,
                pool=pool,
                grade=grade,
                intent=intent,
                lead_status=lead_status,
                tag=tag,
                follow_up_before=follow_up_before,
                idle_from=idle_from,
                idle_before=idle_before,
                where=where,
                segment_id=segment_id,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_duplicates(
        self, *, by: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> models.PageDuplicateGroup:
        """List groups of customers who are probably one.

        A page may hold fewer groups than asked for, where others see more of a group.

        Permission: ``customers.merge``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/customers/duplicates",
                models.PageDuplicateGroup,
                query={"by": by, "limit": limit, "cursor": cursor},
            )
        )

    def iter_duplicates(
        self, *, by: str | None = None, limit: int | None = None
    ) -> Iterator[models.DuplicateGroup]:
        """Yield all items of :meth:`list_duplicates`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_duplicates(by=by, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_follow_ups_of_customer(
        self, customer_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageFollowUpView:
        """List the follow-ups of a customer, newest first.

        Permission: ``customers.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/customers/{_quoted(customer_id)}/follow-ups",
                models.PageFollowUpView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_follow_ups_of_customer(
        self, customer_id: UUID | str, *, limit: int | None = None
    ) -> Iterator[models.FollowUpView]:
        """Yield all items of :meth:`list_follow_ups_of_customer`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_follow_ups_of_customer(customer_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_merges(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageMergeView:
        """List the merges, newest first.

        Permission: ``customers.merge``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/customers/merges",
                models.PageMergeView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_merges(self, *, limit: int | None = None) -> Iterator[models.MergeView]:
        """Yield all items of :meth:`list_merges`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_merges(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def look_up_customers(
        self, *, phone: str, limit: int | None = None
    ) -> list[models.FoundCustomerView]:
        """Find the customers whom a number leads to, best first: what pops when a call arrives.

        Permission: ``customers.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/customers/lookup",
                list[models.FoundCustomerView],
                query={"phone": phone, "limit": limit},
            )
        )

    def merge_customer(
        self,
        customer_id: UUID | str,
        body: models.MergeBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.MergeView:
        """Make one of two customers; this one survives.

        The numbers, contacts, follow-ups and all else of the other become his, and the other's
        id
        leads to him.

        Permission: ``customers.merge``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/customers/{_quoted(customer_id)}/merge",
                models.MergeView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def propose_bulk_act(
        self, body: models.BulkActBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.BulkActView:
        """Count whom an act would reach. Nothing happens until it is confirmed with the token.

        Permission: ``customers.bulk``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/customers/bulk-acts",
                models.BulkActView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def replace_customer(
        self,
        customer_id: UUID | str,
        body: models.CustomerBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.CustomerView:
        """Replace a customer. `If-Match` is required: what somebody else wrote is not lost.

        Permission: ``customers.write``.
        """
        return self._client.send(
            _core.Call(
                "PUT",
                f"/customers/{_quoted(customer_id)}",
                models.CustomerView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    def undo_customer_import(
        self, import_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.CustomerImportView:
        """Take a whole batch back: new customers go, changed ones are as before.

        Whoever was changed or used since stays as he is, and is counted.

        Permission: ``customers.import``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/customers/imports/{_quoted(import_id)}/undo",
                models.CustomerImportView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def undo_merge(
        self, merge_id: UUID | str, *, idempotency_key: str | None = None
    ) -> models.MergeView:
        """Make two customers again, as they were, unless the survivor was changed since.

        Permission: ``customers.merge``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/customers/merges/{_quoted(merge_id)}/undo",
                models.MergeView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def unlink_interaction(self, customer_id: UUID | str, interaction_id: UUID | str) -> None:
        """Take a talk away that was put with a customer by hand.

        Permission: ``customers.write``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/customers/{_quoted(customer_id)}/interactions/{_quoted(interaction_id)}",
                type(None),
            )
        )
