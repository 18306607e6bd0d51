"""What travels with calls (R17): values of records, as they were when they were attached.

Each object is a source of its own with typed fields, to which interactions and attempts refer by
``attached_<object's id>``; ``attached_values`` has the values of all objects as texts. Both show
what the caller may see of the object, of interactions that he may see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.core.objects.definition import FieldType
from ringway.crm_api.core.queriers.catalogue import (
    FieldKind,
    Fragment,
    Reference,
    Source,
    fields_of,
    references_of,
)
from ringway.crm_api.objects import catalogue as objects
from ringway.crm_api.queriers.sources.making import field
from ringway.crm_api.queriers.sources.own_fields import own_fields

_K = FieldKind
_PREFIX = "attached:"
# Sources whose rows are of one interaction.
_REFERRING = ("interactions", "attempts")
_ROW = fields_of(
    field("interaction_id", _K.ID, "Interaction", "通话编号"),
    field("record_id", _K.ID, "Record", "记录编号"),
    field("attached_at", _K.TIME, "Attached", "附加时间"),
)
_VALUE = fields_of(
    field(
        "value_key", _K.TEXT, "Id", "编号",
        sql="({t}.interaction_id || '.' || {t}.object_id || '.' || {t}.key || '.' || {t}.value)",
    ),
    field("interaction_id", _K.ID, "Interaction", "通话编号"),
    field("record_id", _K.ID, "Record", "记录编号"),
    field("object_id", _K.ID, "Object's id", "对象编号"),
    field("object", _K.TEXT, "Object", "对象", sql=(
        "(SELECT o.definition ->> 'name' FROM crm.data_object o "
        "WHERE o.tenant_id = {t}.tenant_id AND o.object_id = {t}.object_id)"
    )),
    field("key", _K.TEXT, "Field", "字段"),
    field("value", _K.TEXT, "Value", "值"),
    field("attached_at", _K.TIME, "Attached", "附加时间"),
)  # fmt: skip
_INTERACTION = Reference(
    "interaction", "interactions", "Interaction", "{r}.interaction_id = {t}.interaction_id", "通话"
)
_HAD = (
    "EXISTS (SELECT FROM crm.interaction i WHERE i.tenant_id = {t}.tenant_id "
    "AND i.interaction_id = {t}.interaction_id AND (i.agent_id = {1}::uuid "
    "OR EXISTS (SELECT FROM crm.interaction_segment s WHERE s.tenant_id = i.tenant_id "
    "AND s.interaction_id = i.interaction_id AND s.agent_id = {1}::uuid)))"
)


def sources(stored: Sequence[objects.StoredObject], caller: Caller) -> list[Source]:
    """Return what was attached to calls of these objects, whose records the caller may read."""
    if not caller.may(Permission.INTERACTIONS_READ):
        return []
    return [*(_of_object(each, caller) for each in stored), _values(stored, caller)]


def referred_to(found: Mapping[str, Source]) -> dict[str, Source]:
    """Return sources of which those of calls refer to what was attached to them."""
    references = references_of(
        *(
            Reference(
                f"attached_{name.removeprefix(_PREFIX).replace('-', '')}",
                name,
                each.label_en,
                "{r}.interaction_id = {t}.interaction_id",
                each.label_zh,
            )
            for name, each in found.items()
            if name.startswith(_PREFIX)
        )
    )
    calls = {
        name: replace(found[name], references={**found[name].references, **references})
        for name in _REFERRING
        if name in found
    }
    return {**found, **calls}


def _of_object(stored: objects.StoredObject, caller: Caller) -> Source:
    # As they were then: no index of the record's own has them, nor checks what they can be read as.
    seen = [
        each.model_copy(update={"is_indexed": False, "is_unique": False})
        for each in objects.fields_seen(stored.definition, caller)
        if each.value_type is not FieldType.ATTACHMENT
    ]
    own = own_fields(seen, {})
    name = stored.definition.name
    return Source(
        name=f"{_PREFIX}{stored.object_id}",
        label_en=f"{name}, attached to calls",
        label_zh=f"{stored.definition.alias or name}（随路数据）",
        table="crm.attached_data",
        key="interaction_id",
        fields=_ROW | own.fields,
        references=references_of(_INTERACTION) | own.references,
        scope=_scope("{t}.object_id = {0}::uuid", stored.object_id, caller),
        title=("attached_at",),
        newest="interaction_id",
    )


def _values(stored: Sequence[objects.StoredObject], caller: Caller) -> Source:
    keys = [
        f"{each.object_id}.{shown.key}"
        for each in stored
        for shown in objects.fields_seen(each.definition, caller)
        if shown.value_type is not FieldType.ATTACHMENT
    ]
    return Source(
        name="attached_values",
        label_en="Values attached to calls",
        label_zh="随路数据",
        table="crm.attached_value_v",
        key="value_key",
        fields=_VALUE,
        references=references_of(_INTERACTION),
        scope=_scope("({t}.object_id || '.' || {t}.key) = ANY ({0}::text[])", keys, caller),
        title=("object", "key", "value"),
        newest="attached_at",
    )


def _scope(sql: str, value: object, caller: Caller) -> Fragment:
    if caller.may(Permission.INTERACTIONS_ALL):
        return Fragment(sql, (value,))
    return Fragment(f"{sql} AND {_HAD}", (value, caller.user_id))
