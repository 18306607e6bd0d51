"""What people write of a customer becomes his record: checked, and with what it left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ringway.crm_api.access import Caller
from ringway.crm_api.core.objects import values as own_values
from ringway.crm_api.customers import policy
from ringway.crm_api.customers.schemas import (
    CustomerBody,
    CustomerChange,
    CustomerNumberBody,
    all_numbers,
)
from ringway.crm_api.customers.store import Customer, Number, Record
from ringway.crm_api.errors import Invalid
from ringway.crm_api.objects import catalogue
from ringway.runtime.postgres import Connection

_MOST_OWN = 100
_LONGEST_OWN = 2000  # characters, where there is no definition


async def record(
    conn: Connection,
    caller: Caller,
    wanted: CustomerBody | CustomerChange,
    present: Customer | None,
) -> Record:
    """Return the record that ``wanted`` makes of ``present``; None: of a new customer.

    Raises:
        Invalid: An own field is wrong, or there is no such grade.
    """
    is_whole = isinstance(wanted, CustomerBody)
    before = present.record() if present is not None else None
    given = wanted.model_dump()
    if not is_whole:
        given = {name: given[name] for name in wanted.model_fields_set}
    else:
        # What a whole record leaves out of these stays; of the others it is emptied.
        for name in ("grade", "intent", "lead_status", "tags"):
            if given[name] is None and name not in ({"grade"} & wanted.model_fields_set):
                del given[name]
    if given.get("grade") is not None and (before is None or given["grade"] != before.grade):
        await policy.check_grade(conn, caller.tenant_id, given["grade"])
    numbers = given.pop("numbers", None), given.pop("phone_e164", None)
    given |= _numbers(wanted, numbers[0] is not None, numbers[1], before)
    if "data" in given:
        given["data"] = await _own(
            conn, caller, given["data"], before.data if before else None, partial=not is_whole
        )
    for name in ("emails", "contacts", "tags"):
        if name in given:
            given[name] = tuple(given[name])
    if "tags" in given:
        given["tags"] = tuple(dict.fromkeys(given["tags"]))
    if "address" in given:
        given["address"] = {k: v for k, v in given["address"].items() if v}
    for name in ("intent", "lead_status"):
        if name in given:
            given[name] = str(given[name])
    return replace(before, **given) if before is not None else Record(**given)


def _numbers(
    wanted: CustomerBody | CustomerChange,
    are_given: bool,
    primary: str | None,
    before: Record | None,
) -> dict[str, tuple[Number, ...]]:
    if isinstance(wanted, CustomerBody):
        bodies = wanted.all_numbers()
        if before is not None and not wanted.numbers and primary == before.phone_e164:
            # Who knows of one number only does not take the others away.
            return {}
    elif are_given:
        bodies = all_numbers(wanted.numbers or [], primary)
    elif primary is not None and before is not None:
        kept = [Number(each.phone_e164, each.kind) for each in before.numbers]
        first = [each for each in kept if each.phone_e164 == primary] or [Number(primary)]
        others = [each for each in kept if each.phone_e164 != primary]
        return {"numbers": (replace(first[0], is_primary=True), *others)}
    else:
        return {}
    return {"numbers": tuple(_number(each) for each in bodies)}


def _number(body: CustomerNumberBody) -> Number:
    return Number(body.phone_e164, body.kind, body.is_primary)


async def _own(
    conn: Connection,
    caller: Caller,
    given: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    *,
    partial: bool,
) -> dict[str, Any]:
    """Return own fields as they are stored. Raises Invalid."""
    found = await catalogue.customer(conn, tenant_id=caller.tenant_id)
    if found is None:
        merged = {**(before or {}), **given} if partial else dict(given)
        kept = {key: value for key, value in merged.items() if value is not None}
        for key, value in kept.items():
            if not isinstance(value, str) or len(value) > _LONGEST_OWN:
                reason = f"a text of at most {_LONGEST_OWN} characters"
                raise _wrong([{"field": key, "code": "not_a_text", "reason": f"Write {reason}."}])
        if len(kept) > _MOST_OWN:
            raise Invalid("fields_invalid", f"At most {_MOST_OWN} own fields.")
        return kept
    checked = own_values.check(
        found.definition, given, role=catalogue.role_of(caller), old=before, partial=partial
    )
    if not checked.is_good:
        raise _wrong(
            [{"field": e.field, "code": e.code, "reason": e.reason} for e in checked.errors]
        )
    return checked.values


def _wrong(errors: list[dict[str, str]]) -> Invalid:
    first = errors[0]
    detail = f"data.{first['field']}: {first['reason']}"
    return Invalid("fields_invalid", detail, extra={"errors": errors})
