"""Records of the enterprise's own objects: one source for each object, by its id."""

from __future__ import annotations

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.objects.definition import KINDS_ELSEWHERE, Kind
from ringway.crm_api.core.queriers.catalogue import (
    FieldKind,
    Fragment,
    Reference,
    Source,
    fields_of,
    references_of,
)
from ringway.crm_api.objects import catalogue as objects
from ringway.crm_api.queriers.sources import attached
from ringway.crm_api.queriers.sources.making import field
from ringway.crm_api.queriers.sources.own_fields import own_fields
from ringway.runtime.postgres import Connection

_K = FieldKind
_RECORD = fields_of(
    field("record_id", _K.ID, "Id", "编号"),
    field("interaction_id", _K.ID, "Interaction", "通话编号"),
    field("created_by", _K.ID, "Created by", "创建人编号"),
    field("created_at", _K.TIME, "Created", "创建时间"),
    field("updated_at", _K.TIME, "Changed", "修改时间"),
)
_REFERENCES = references_of(
    Reference("creator", "agents", "Creator", "{r}.user_id = {t}.created_by", "创建人"),
    Reference(
        "interaction",
        "interactions",
        "Interaction",
        "{r}.interaction_id = {t}.interaction_id",
        "通话",
    ),
)


async def sources(conn: Connection, caller: Caller) -> list[Source]:
    """Return the objects whose records the caller may read, and what of them went with calls."""
    if not caller.may(Permission.RECORDS_READ):
        return []
    found: list[objects.StoredObject] = []
    for kind in sorted(set(Kind) - KINDS_ELSEWHERE):
        stored = await objects.of_kind(conn, tenant_id=caller.tenant_id, kind=kind)
        found += [each for each in stored if objects.may(each.definition, caller, "read")]
    return [*(_source(each, caller) for each in found), *attached.sources(found, caller)]


def _source(stored: objects.StoredObject, caller: Caller) -> Source:
    seen = objects.fields_seen(stored.definition, caller)
    own = own_fields(seen, stored.columns)
    texts = [name for name, each in own.fields.items() if each.kind is FieldKind.TEXT]
    return Source(
        name=f"record:{stored.object_id}",
        label_en=stored.definition.name,
        label_zh=stored.definition.alias,
        table="crm.record",
        key="record_id",
        fields=_RECORD | own.fields,
        references=_REFERENCES | own.references,
        scope=Fragment("{t}.object_id = {0}::uuid", (stored.object_id,)),
        search=tuple(texts[:4]),
        title=tuple(texts[:3]) or ("created_at",),
        newest="record_id",
    )
