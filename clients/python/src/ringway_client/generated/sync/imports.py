"""Imports. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import File, Sender
from ringway_client.sending import quoted as _quoted


class Imports:
    """Imports."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def download_import_errors(self, batch_id: UUID | str) -> bytes:
        """Download all bad rows as CSV. Cells that a spreadsheet would run are escaped.

        Permission: ``lists.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/imports/{_quoted(batch_id)}/errors.csv", bytes)
        )

    def get_import(self, batch_id: UUID | str) -> models.ImportReport:
        """Return one import with its first errors.

        Permission: ``lists.read``.
        """
        return self._client.send(
            _core.Call("GET", f"/imports/{_quoted(batch_id)}", models.ImportReport)
        )

    def import_list(
        self,
        list_id: UUID | str,
        *,
        file: File,
        create_customers: bool | None = None,
        default_region: str | None = None,
        dry_run: bool | None = None,
        encoding: str | None = None,
        mapping: str | None = None,
        number_check: str | None = None,
        idempotency_key: str | None = None,
    ) -> models.ImportReport:
        """Import a number list. Good rows are kept; each bad one is told with line and reason.

        The delimiter is a comma, semicolon, tab or bar; the text UTF-8, UTF-16 or GB18030. A
        file
        without header is a list of numbers. Columns that are not mapped are kept with the lead.

        Permission: ``lists.write``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                f"/lists/{_quoted(list_id)}/imports",
                models.ImportReport,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                form={
                    "create_customers": create_customers,
                    "default_region": default_region,
                    "dry_run": dry_run,
                    "encoding": encoding,
                    "mapping": mapping,
                    "number_check": number_check,
                },
                files={"file": file},
            )
        )

    def list_import_errors(
        self, batch_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageImportErrorView:
        """List the bad rows by line.

        Permission: ``lists.read``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                f"/imports/{_quoted(batch_id)}/errors",
                models.PageImportErrorView,
                query={"limit": limit, "cursor": cursor},
            )
        )

    def iter_import_errors(
        self, batch_id: UUID | str, *, limit: int | None = None
    ) -> Iterator[models.ImportErrorView]:
        """Yield all items of :meth:`list_import_errors`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_import_errors(batch_id, limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    def list_imports(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PageImportView:
        """List the imports, newest first.

        Permission: ``lists.read``.
        """
        return self._client.send(
            _core.Call(
                "GET", "/imports", models.PageImportView, query={"limit": limit, "cursor": cursor}
            )
        )

    def iter_imports(self, *, limit: int | None = None) -> Iterator[models.ImportView]:
        """Yield all items of :meth:`list_imports`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_imports(limit=limit, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return
