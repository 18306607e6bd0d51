"""What customers can be filtered and sorted by: fields of the record, own fields, figures.

Names come from outside; SQL comes from here and from objects/expressions.py alone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from ringway.crm_api.access import Caller
from ringway.crm_api.core.objects.definition import LISTS, NUMBERS, Field, FieldType
from ringway.crm_api.customers.filters import CustomerOp
from ringway.crm_api.errors import Invalid
from ringway.crm_api.objects import catalogue, expressions
from ringway.crm_api.objects.catalogue import StoredObject
from ringway.runtime.postgres import Connection

OWN = "data."


class Type(StrEnum):
    """What a field is compared as; the names of PostgreSQL's types."""

    TEXT = "text"
    NUMBER = "numeric"
    FLOAT = "float8"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "timestamptz"
    ID = "uuid"


@dataclass(frozen=True, slots=True)
class Compared:
    """SQL of a field's value over ``crm.customer c``; whether lists are sorted by it.

    ``empty`` is what stands for nothing, and comes before all values; None: NULL does.
    """

    sql: str
    type: Type
    is_sorted: bool = False
    empty: str | None = None


_CALLS = """
    (SELECT {what} FROM crm.interaction i
      WHERE i.tenant_id = c.tenant_id AND (
            i.interaction_id IN (
                SELECT l.interaction_id FROM crm.customer_interaction l
                 WHERE l.tenant_id = c.tenant_id AND l.customer_id = c.customer_id)
         OR i.called IN (SELECT n.phone_e164 FROM crm.customer_number n
                          WHERE n.tenant_id = c.tenant_id AND n.customer_id = c.customer_id)
         OR i.caller IN (SELECT n.phone_e164 FROM crm.customer_number n
                          WHERE n.tenant_id = c.tenant_id AND n.customer_id = c.customer_id)))
"""
_FOLLOW_UPS = """
    (SELECT count(*) FROM crm.follow_up f
      WHERE f.tenant_id = c.tenant_id AND f.customer_id = c.customer_id AND {what})
"""
# Counted of other things. An area that has something to count of customers adds it here.
FIGURES: Mapping[str, Compared] = {
    "calls": Compared(_CALLS.format(what="count(*)"), Type.NUMBER),
    "talk_s": Compared(_CALLS.format(what="coalesce(sum(i.talk_s), 0)::numeric"), Type.NUMBER),
    "last_call_at": Compared(
        _CALLS.format(what="max(coalesce(i.answered_at, i.started_at))"), Type.TIME
    ),
    "follow_ups": Compared(_FOLLOW_UPS.format(what="f.done_at IS NOT NULL"), Type.NUMBER),
    "open_follow_ups": Compared(_FOLLOW_UPS.format(what="f.done_at IS NULL"), Type.NUMBER),
}
RECORD: Mapping[str, Compared] = {
    "kind": Compared("c.kind", Type.TEXT),
    "name": Compared("c.name", Type.TEXT, is_sorted=True),
    "title": Compared("c.title", Type.TEXT),
    "sex": Compared("c.sex", Type.TEXT),
    "birth_date": Compared("c.birth_date", Type.DATE, is_sorted=True),
    "birthday": Compared("to_char(c.birth_date, 'MM-DD')", Type.TEXT),
    "age": Compared("date_part('year', age(current_date, c.birth_date))::numeric", Type.NUMBER),
    "phone_e164": Compared("c.phone_e164", Type.TEXT, is_sorted=True),
    "language": Compared("c.language", Type.TEXT),
    "time_zone": Compared("c.time_zone", Type.TEXT),
    "city": Compared("(c.address->>'city')", Type.TEXT),
    "region": Compared("(c.address->>'region')", Type.TEXT),
    "country": Compared("(c.address->>'country')", Type.TEXT),
    "owner_id": Compared("c.owner_id", Type.ID),
    "owned_since": Compared("c.owned_since", Type.TIME, is_sorted=True),
    "idle_since": Compared("c.idle_since", Type.TIME, is_sorted=True),
    "grade": Compared("c.grade", Type.TEXT, is_sorted=True),
    "intent": Compared("c.intent", Type.TEXT),
    "lead_status": Compared("c.lead_status", Type.TEXT),
    "follow_up_at": Compared("c.follow_up_at", Type.TIME, is_sorted=True),
    "followed_up_at": Compared("c.followed_up_at", Type.TIME, is_sorted=True),
    "batch_number": Compared("c.batch_number", Type.TEXT),
    "created_by": Compared("c.created_by", Type.ID),
    "created_at": Compared("c.created_at", Type.TIME),
    "updated_at": Compared("c.updated_at", Type.TIME, is_sorted=True),
}
_LOWER = frozenset({CustomerOp.GT, CustomerOp.GE})
_UPPER = frozenset({CustomerOp.LT, CustomerOp.LE})
# In a statement over ``crm.customer c``: by what the definition of own fields is known that holds
# now; null: there is none. One that was written again has another, whatever became of the first.
MARK = """
    (SELECT o.object_id || ' ' || o.version || ' ' || o.xmin FROM crm.data_object o
      WHERE o.tenant_id = c.tenant_id AND o.kind = 'customer' AND o.archived_at IS NULL)
"""
_MAX_REMEMBERED = 5_000
_TYPES = {FieldType.BOOLEAN: Type.BOOLEAN, **dict.fromkeys(NUMBERS, Type.NUMBER)}


@dataclass(frozen=True, slots=True)
class Fields:
    """What one caller may name.

    Args:
        own: The object that defines own fields; None: they are any texts.
        seen: The keys of own fields whose values he may see; None: all (the system).
        begun: The field of a list's order, and whether downwards, when a page does not begin with
            the list.
    """

    own: StoredObject | None = None
    seen: frozenset[str] | None = None
    begun: tuple[str, bool] | None = None

    def is_begun(self, name: str, op: CustomerOp) -> bool:
        """Return whether a bound lies before a page's beginning.

        PostgreSQL would begin with it in the index, and read all that is before the page.
        """
        if self.begun is None or self.begun[0] != name:
            return False
        return op in (_UPPER if self.begun[1] else _LOWER)

    def find(self, name: str) -> Compared | None:
        """Return what ``name`` is; None for an own field when there is no definition.

        Raises:
            Invalid: There is no such field, or he does not see it.
        """
        if not name.startswith(OWN):
            known = RECORD.get(name) or FIGURES.get(name)
            if known is None:
                raise _unknown(name)
            return known
        if self.own is None:
            return None
        found = self.own_field(name.removeprefix(OWN))
        if found is None:
            raise _unknown(name)
        if found.value_type in LISTS:
            raise Invalid("field_not_compared", f"{name} is a list: use data=<key>=<option>.")
        kind = _TYPES.get(found.value_type, Type.TEXT)
        if found.key not in self.own.columns or kind is Type.BOOLEAN:
            return Compared(expressions.value_of(found, "c.data"), kind)
        sql = expressions.sort_of(found, self.own.columns, "c")
        if kind is Type.NUMBER:
            return Compared(sql, Type.FLOAT, is_sorted=True, empty="'-Infinity'::float8")
        return Compared(sql, kind, is_sorted=True, empty="''")

    def own_field(self, key: str) -> Field | None:
        """Return an own field that the caller sees."""
        if self.own is None or (self.seen is not None and key not in self.seen):
            return None
        return self.own.definition.by_key.get(key)

    def is_list(self, key: str) -> bool:
        """Return whether an own field holds a list that the caller may see."""
        found = self.own_field(key)
        return found is not None and found.value_type is FieldType.MULTI_SELECT

    def shown(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return of a customer's own values those that the caller sees."""
        if self.own is None:
            return dict(values)
        known = self.own.definition.by_key
        keys = known.keys() if self.seen is None else known.keys() & self.seen
        return {key: value for key, value in values.items() if key in keys}


@dataclass(frozen=True, slots=True)
class Seen:
    """Which of customers' own values one caller sees: those of ``keys``; None: all of them."""

    keys: frozenset[str] | None

    def shown(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return of a customer's own values those that the caller sees."""
        if self.keys is None:
            return dict(values)
        return {key: value for key, value in values.items() if key in self.keys}


async def of(conn: Connection, caller: Caller) -> Fields:
    """Return what ``caller`` may name, see and compare."""
    found = await catalogue.customer(conn, tenant_id=caller.tenant_id)
    if found is None:
        return Fields()
    may_read = catalogue.may(found.definition, caller, "read")
    fields = catalogue.fields_seen(found.definition, caller) if may_read else []
    seen = frozenset(each.key for each in fields)
    return Fields(found, seen)


_remembered: OrderedDict[tuple[UUID, str, str], Seen] = OrderedDict()


async def seen(conn: Connection, caller: Caller, mark: str | None) -> Seen:
    """Return what ``caller`` sees. PostgreSQL is asked only for a mark that is new here.

    Args:
        mark: What :data:`MARK` was in this transaction.
    """
    if mark is None:
        return Seen(None)
    key = (caller.tenant_id, mark, catalogue.role_of(caller))
    known = _remembered.get(key)
    if known is None:
        known = _remembered[key] = Seen((await of(conn, caller)).seen)
        if len(_remembered) > _MAX_REMEMBERED:
            _remembered.popitem(last=False)
    return known


def _unknown(name: str) -> Invalid:
    return Invalid("field_unknown", f"Customers have no field {name[:100]} that can be compared.")
