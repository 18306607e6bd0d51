"""Records. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import AsyncSender, File
from ringway_client.sending import quoted as _quoted


class Records:
    """Records."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client

    async def add_record_file(
        self,
        object_id: UUID | str,
        record_id: UUID | str,
        *,
        file: File,
        key: str,
        idempotency_key: str | None = None,
    ) -> models.FileView:
        """Put a file into an attachment field. What it is, is decided by what is in it.

        Permission: ``records.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/objects/{_quoted(object_id)}/records/{_quoted(record_id)}/files",
                models.FileView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                form={"key": key},
                files={"file": file},
            )
        )

    async def change_record(
        self,
        object_id: UUID | str,
        record_id: UUID | str,
        body: models.RecordChange | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.RecordView:
        """Change some fields of a record; a repeated Save updates it and never makes another.

        Permission: ``records.write``.
        """
        return await self._client.send(
            _core.Call(
                "PATCH",
                f"/objects/{_quoted(object_id)}/records/{_quoted(record_id)}",
                models.RecordView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )

    async def create_record(
        self,
        object_id: UUID | str,
        body: models.NewRecord | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.RecordView:
        """Make a record. What is wrong is told by field, in `fields` of the problem.

        Permission: ``records.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/objects/{_quoted(object_id)}/records",
                models.RecordView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def create_records(
        self,
        object_id: UUID | str,
        body: models.ManyRecords | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.ManyResults:
        """Make many records, each alone: what became of each row is told in its order.

        Permission: ``records.write``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/objects/{_quoted(object_id)}/records/bulk",
                models.ManyResults,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def delete_record(
        self, object_id: UUID | str, record_id: UUID | str, *, if_match: int | str | None = None
    ) -> None:
        """Delete a record with its files and its history.

        Permission: ``records.write``.
        """
        return await self._client.send(
            _core.Call(
                "DELETE",
                f"/objects/{_quoted(object_id)}/records/{_quoted(record_id)}",
                type(None),
                headers={"if-match": _core.etag(if_match)},
            )
        )

    async def get_record(self, object_id: UUID | str, record_id: UUID | str) -> models.RecordView:
        """Return a record with the fields that the caller sees.

        Permission: ``records.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/objects/{_quoted(object_id)}/records/{_quoted(record_id)}",
                models.RecordView,
            )
        )

    async def get_record_file(
        self, object_id: UUID | str, record_id: UUID | str, file_id: UUID | str
    ) -> bytes:
        """Return a file, to be stored, not shown. It is removed by taking its id out of its field.

        Permission: ``records.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/objects/{_quoted(object_id)}/records/{_quoted(record_id)}/files/{_quoted(file_id)}",
                bytes,
            )
        )

    async def list_record_changes(
        self,
        object_id: UUID | str,
        record_id: UUID | str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageRecordChangeView:
        """List who changed what and when, newest first: old and new value of each field.

        Permission: ``records.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/objects/{_quoted(object_id)}/records/{_quoted(record_id)}/changes",
                models.PageRecordChangeView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    async def iter_record_changes(
        self, object_id: UUID | str, record_id: UUID | str, *, limit: int | None = None
    ) -> AsyncIterator[models.RecordChangeView]:
        """Yield all items of :meth:`list_record_changes`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_record_changes(object_id, record_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def list_record_files(
        self, object_id: UUID | str, record_id: UUID | str
    ) -> models.PageFileView:
        """List the files in a record's fields. There is one page.

        Permission: ``records.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/objects/{_quoted(object_id)}/records/{_quoted(record_id)}/files",
                models.PageFileView,
            )
        )

    async def list_records(
        self,
        object_id: UUID | str,
        *,
        filter: list[str] | None = None,
        sort: str | None = None,
        fields: str | None = None,
        interaction_id: UUID | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PageRecordView:
        """List records. The ten-thousandth page comes as fast as the first.

        Permission: ``records.read``.
        """
        return await self._client.send(
            _core.Call(
                "GET",
                f"/objects/{_quoted(object_id)}/records",
                models.PageRecordView,
                query={
                    "filter": filter,
                    "sort": sort,
                    "fields": fields,
                    "interaction_id": interaction_id,
                    "limit": limit,
                    "cursor": cursor,
                },
            )
        )

    async def iter_records(
        self,
        object_id: UUID | str,
        *,
        filter: list[str] | None = None,
        sort: str | None = None,
        fields: str | None = None,
        interaction_id: UUID | str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[models.RecordView]:
        """Yield all items of :meth:`list_records`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_records(
                object_id,
                filter=filter,
                sort=sort,
                fields=fields,
                interaction_id=interaction_id,
                limit=limit,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def look_up_record(
        self,
        object_id: UUID | str,
        body: models.LookupBody | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.RecordView:
        """Return the one record with a value; with an interaction's id, it travels with that.

        Permission: ``records.read``.
        """
        return await self._client.send(
            _core.Call(
                "POST",
                f"/objects/{_quoted(object_id)}/records/lookup",
                models.RecordView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    async def replace_record(
        self,
        object_id: UUID | str,
        record_id: UUID | str,
        body: models.RecordBody | Mapping[str, Any],
        *,
        if_match: int | str | None = None,
    ) -> models.RecordView:
        """Replace a record. Fields that the caller may not write stay as they are.

        Permission: ``records.write``.
        """
        return await self._client.send(
            _core.Call(
                "PUT",
                f"/objects/{_quoted(object_id)}/records/{_quoted(record_id)}",
                models.RecordView,
                headers={"if-match": _core.etag(if_match)},
                body=body,
            )
        )
