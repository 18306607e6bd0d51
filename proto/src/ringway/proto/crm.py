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


class TeamChangedV1(Fact):
    """A department or team, or who is in it or below it, has changed."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.team.{team_id}.changed"

    team_id: Token
