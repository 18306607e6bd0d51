"""What the permission matrix asks of data objects, their records and what pops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.crm import Crm, Signed, ok

_FIELDS = [
    {"key": "code", "type": "text", "name_en": "Code", "is_unique": True},
    {"key": "papers", "type": "attachment", "name_en": "Papers"},
]


def _object(name: str, kind: str = "base") -> dict[str, Any]:
    return {"kind": kind, "name": name, "fields": _FIELDS if kind == "base" else []}


async def objects(crm: Crm, boss: Signed, slug: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Make one object of each noun; return path parameters by name."""
    made = await boss.post("/objects", _object(f"object of {slug}"))
    form = await boss.post("/objects", _object(f"form of {slug}", "work_order"))
    records = f"/objects/{made['object_id']}/records"
    record = await boss.post(records, {"values": {"code": slug}})
    upload = {"data": {"key": "papers"}, "files": {"file": ("a.txt", b"text")}}
    file = ok(await boss("POST", f"{records}/{record['record_id']}/files", **upload))
    bound = {"target": "number", "target_id": "+401", "object_ids": [form["object_id"]]}
    binding = await boss.post("/object-bindings", bound)
    return {
        "object_id": made["object_id"],
        "form_id": form["object_id"],
        "object_version": "1",
        "record_id": record["record_id"],
        "file_id": file["file_id"],
        "binding_id": binding["binding_id"],
    }


def arguments(name: str, ids: dict[str, str], n: int) -> dict[str, Any] | None:
    """Return arguments of a request that an operation would carry out; None: not of this area."""
    match name:
        case "create_object":
            return {"json": _object(f"o{n}")}
        case "replace_object":
            return {"json": _object(f"o{n}"), "headers": {"If-Match": "*"}}
        case "create_record":
            return {"json": {"values": {"code": f"c{n}"}}}
        case "create_records":
            return {"json": {"records": [{"values": {"code": f"c{n}"}}]}}
        case "replace_record" | "change_record":
            return {"json": {"values": {"code": f"c{n}"}}, "headers": {"If-Match": "*"}}
        case "get_pop_recent":
            return {"params": {"customer_id": ids["customer_id"]}}
        case "put_pop_settings":
            return {"json": {"panels": ["history"]}}
        case "look_up_record":
            return {"json": {"key": "code", "value": "none"}}
        case "add_record_file":
            return {"data": {"key": "papers"}, "files": {"file": ("a.txt", b"text")}}
        case "create_binding" | "replace_binding":
            body = {"target": "number", "target_id": f"+4{n}", "object_ids": [ids["form_id"]]}
            return {"json": body, "headers": {"If-Match": "*"}}
    return None
