"""Messages about objects of an enterprise's own and their records."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from ringway.proto.base import Fact, Reply, Request, Token


class ObjectChangedV1(Fact):
    """An object has a new version, is new, or was archived or brought back."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.object.{object_id}.changed"

    object_id: Token
    version: int
    is_archived: bool = False


class RecordChangedV1(Fact):
    """A record of an object was created, changed or deleted."""

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.record.{record_id}.changed"

    record_id: Token
    object_id: Token
    version: int
    act: Literal["created", "changed", "deleted"]


class RecordFoundV1(Reply):
    """The record that was looked up, with the values that IVR may see."""

    object_id: Token
    record_id: Token
    values: dict[str, Any]


class LookUpRecordV1(Request):
    """Look a record up by the value of an indexed field, for an interaction.

    What is found travels with the interaction. A field that names the roles which may see it
    must name ``ivr`` to be asked for or answered. Refused with ``record_not_found``,
    ``object_not_found``, ``lookup_invalid``, or ``record_not_unique`` when several have the value.
    """

    SUBJECT: ClassVar[str] = "crm.v1.{tenant}.cmd.look_up_record"

    object_id: Token
    key: str = Field(max_length=40)
    value: str = Field(min_length=1, max_length=200, repr=False)
    interaction_id: Token | None = None
