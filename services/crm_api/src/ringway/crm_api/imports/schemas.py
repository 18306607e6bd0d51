"""Payloads of imports."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from ringway.crm_api.schemas import Body, View


class Encoding(StrEnum):
    """Encodings that may be named when the guess would be wrong."""

    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    GB18030 = "gb18030"
    BIG5 = "big5"
    SHIFT_JIS = "shift_jis"
    WINDOWS_1250 = "cp1250"
    WINDOWS_1252 = "cp1252"


class Mapping(Body):
    """Which header means what. What is not given is found by usual names."""

    phone: str | None = Field(default=None, max_length=200)
    name: str | None = Field(default=None, max_length=200)
    priority: str | None = Field(default=None, max_length=200)


class ImportErrorView(View):
    """A row that did not become a lead. ``code`` is stable."""

    line: int = Field(description="As an editor counts, from 1.")
    column: str
    value: str
    code: str
    reason: str


class ImportView(View):
    """An import. The good rows are in the list, the bad ones are told with their reasons.

    While ``state`` is ``running`` the counts say how far it is.
    """

    batch_id: UUID
    batch_number: str
    list_id: UUID
    file_name: str
    is_dry_run: bool
    state: str
    failure: str
    encoding: str
    rows: int
    added: int
    duplicates_in_file: int
    duplicates_in_list: int
    refused: int
    created_at: datetime
    finished_at: datetime | None
    source: str = Field(description="`file`, or `query`: a query of customers.")


class ImportReport(ImportView):
    """An import with its first errors; all of them are at ``errors_url``."""

    errors: list[ImportErrorView]
    errors_url: str
