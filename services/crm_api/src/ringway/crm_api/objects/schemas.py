"""Payloads of objects."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import Field

from ringway.crm_api.core.objects.definition import (
    Definition,
    Group,
    Key,
    Kind,
    QuickList,
    Rights,
    SavePolicy,
    Tab,
)
from ringway.crm_api.core.objects.definition import Field as ObjectField
from ringway.crm_api.schemas import Body, Text, View


class IndexState(StrEnum):
    """How far an index is. Until it is ready, lists read all records of the object."""

    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"


class IndexView(View):
    """The index of a field or a list; ``is_unique`` is the one that keeps values apart."""

    key: str
    sort: str | None = Field(
        description="Of a list that is filtered by `key`: what it is sorted by."
    )
    is_unique: bool
    state: IndexState
    failure: str = Field(description="Why it failed; change the object to try again.")


class ObjectView(View):
    """An object, with the fields that the caller sees."""

    object_id: UUID
    version: int
    kind: Kind
    name: str
    alias: str
    columns: int
    tabs: list[Tab]
    groups: list[Group]
    fields: list[ObjectField]
    lists: list[QuickList]
    rights: Rights | None = Field(description="Shown to those who may change the object.")
    may: list[str] = Field(description="Which of create, read, change, delete the caller may.")
    save: SavePolicy
    indexes: list[IndexView]
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ObjectSummary(View):
    """An object in a list."""

    object_id: UUID
    kind: Kind
    name: str
    alias: str
    version: int
    fields: int
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ObjectVersionSummary(View):
    """One version of an object."""

    version: int
    changed_by: UUID
    changed_at: datetime


class ObjectVersionView(ObjectVersionSummary):
    """One version of an object, as it was defined."""

    definition: Definition


Values = dict[Key, Any]


class RecordBody(Body):
    """A record as a whole: a field that is left out is emptied."""

    values: Values = Field(
        max_length=200, examples=[{"card_number": "88880001", "level": "gold", "limit": 500000}]
    )


class NewRecord(RecordBody):
    """A new record: a field that is left out has its default."""

    interaction_id: UUID | None = Field(
        default=None, description="The interaction that it was written in."
    )


class RecordChange(Body):
    """Some fields of a record; null empties a field, and what is left out stays."""

    values: Values = Field(max_length=200, examples=[{"level": "gold"}])


class ManyRecords(Body):
    """Records to make in one request. Each is made or refused alone."""

    records: list[NewRecord] = Field(min_length=1, max_length=500)


class RecordView(View):
    """A record, with the fields that the caller sees."""

    record_id: UUID
    object_id: UUID
    values: dict[str, Any]
    version: int
    interaction_id: UUID | None
    created_by: UUID
    created_at: datetime
    updated_by: UUID
    updated_at: datetime


class RowResult(View):
    """What became of one row: a record, or what is wrong with it."""

    index: int
    record_id: UUID | None
    errors: list[dict[str, str]]


class ManyResults(View):
    """What became of each row, in the order of the request."""

    made: int
    refused: int
    rows: list[RowResult]


class FieldChange(View):
    """One field's value before and after; null is empty."""

    key: str
    old: Any
    new: Any


class RecordChangeView(View):
    """One save of a record, with the fields that the caller sees."""

    version: int
    act: str = Field(examples=["changed"])
    changed_by: UUID
    changed_by_name: str
    changed_at: datetime
    changes: list[FieldChange]


class FileView(View):
    """A file of a record."""

    file_id: UUID
    key: str = Field(description="The field that holds it.")
    name: str
    content_type: str = Field(description="By what is in it, whatever its name says.")
    size_bytes: int
    sha256: str
    created_by: UUID
    created_at: datetime


class LookupBody(Body):
    """Which record is looked up, and for which interaction."""

    key: Key
    value: Text = Field(min_length=1, max_length=200, examples=["88880001"])
    interaction_id: UUID | None = Field(
        default=None, description="What is found travels with this interaction."
    )
