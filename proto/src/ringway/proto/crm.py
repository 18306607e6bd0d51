"""Messages of the CRM API."""

from __future__ import annotations

from typing import ClassVar

from ringway.proto.base import Fact, Token


class ImportFinishedV1(Fact):
    """A number list was imported; the bad rows can be fetched with the batch."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.import.{batch_id}.finished"

    batch_id: Token
    list_id: Token
    rows: int
    added: int
    duplicates: int
    refused: int
