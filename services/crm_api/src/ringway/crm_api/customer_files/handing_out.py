"""Everything that is kept of one person, in one zip of JSON and CSV."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from ringway.crm_api.access import Caller
from ringway.crm_api.audit import store as audit
from ringway.crm_api.core.cells import safe_cell
from ringway.crm_api.customer_files import links
from ringway.crm_api.customer_files.erasing import Person, person_of
from ringway.crm_api.customers import service
from ringway.crm_api.deps import Deps
from ringway.runtime.postgres import Connection

_MOST = 10_000  # rows of a section
_NOT_HIS = ("tenant_id", "sources")
_SECRET = ("pin", "hash", "secret", "content")
_PHONE = "t.phone_e164 = ANY ($2::text[])"
_CALL = "(t.caller = ANY ($2::text[]) OR t.called = ANY ($2))"
# Section, table or view, condition. An area whose rows name customers is in links.LINKS.
_BY_NUMBER = (
    ("interactions", "crm.interaction", _CALL),
    ("recordings", "recorder.recording_v", _CALL),
    ("attempts", "dialer.attempt_v", _PHONE),
    ("leads", "dialer.lead_v", _PHONE),
    ("consents", "dialer.consent_v", _PHONE),
    ("do_not_call", "dialer.dnc_entry_v", _PHONE),
)
_OF_HIS_ORDERS = """
    t.work_order_id IN (SELECT o.work_order_id FROM crm.work_order o
                         WHERE o.tenant_id = $1 AND o.customer_id = ANY ($2::uuid[]))
"""
_BY_ORDER = ("work_order_comment", "work_order_task")
_OF_HIS_SALES = """
    t.order_id IN (SELECT o.order_id FROM crm.sales_order o
                    WHERE o.tenant_id = $1 AND o.customer_id = ANY ($2::uuid[]))
"""
_BY_SALE = ("sales_order_line", "sales_order_payment", "shipment")
_OF_HIS_RUNS = """
    t.run_id IN (SELECT r.run_id FROM crm.questionnaire_run r
                  WHERE r.tenant_id = $1 AND r.customer_id = ANY ($2::uuid[]))
"""
_BY_ID = ("customer", "customer_number", "customer_change")


async def package(deps: Deps, caller: Caller, customer_id: UUID) -> bytes:
    """Return the zip. Raises NotFound."""
    tenant_id, now = caller.tenant_id, deps.now()
    async with deps.pool.tenant(tenant_id) as conn:
        customer = await service.find(conn, caller, customer_id)
        person = await person_of(conn, tenant_id, customer)
        sections = await _sections(conn, tenant_id, person)
        await audit.add(
            conn,
            caller=caller,
            now=now,
            action="customer.data_exported",
            object_type="customer",
            object_id=customer.customer_id,
            detail={name: len(rows) for name, rows in sections.items()},
        )
    return _zip(sections, now.isoformat())


async def _sections(
    conn: Connection, tenant_id: UUID, person: Person
) -> dict[str, list[dict[str, Any]]]:
    wanted: list[tuple[str, str, str, Sequence[object]]] = []
    tables = [*_BY_ID, *(each.table for each in links.LINKS)]
    columns = {each.table: each.column for each in links.LINKS}
    for table in tables:
        condition = f"t.{columns.get(table, 'customer_id')} = ANY ($2::uuid[])"
        wanted.append((table, f"crm.{table}", condition, person.ids))
    wanted += [(table, f"crm.{table}", _OF_HIS_ORDERS, person.ids) for table in _BY_ORDER]
    wanted += [(table, f"crm.{table}", _OF_HIS_SALES, person.ids) for table in _BY_SALE]
    wanted.append(("questionnaire_answer", "crm.questionnaire_answer", _OF_HIS_RUNS, person.ids))
    wanted += [(name, table, condition, person.phones) for name, table, condition in _BY_NUMBER]
    found = {}
    for name, table, condition, values in wanted:
        rows = await conn.fetch(
            f"SELECT to_jsonb(t) AS row FROM {table} t "  # noqa: S608 - constants
            f"WHERE t.tenant_id = $1 AND {condition} LIMIT {_MOST}",
            tenant_id,
            list(values),
        )
        found[name] = [_shown(orjson.loads(row["row"])) for row in rows]
    return found


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in row.items()
        if name not in _NOT_HIS and not any(word in name.split("_") for word in _SECRET)
    }


def _zip(sections: dict[str, list[dict[str, Any]]], at: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        whole = {"made_at": at, **sections}
        archive.writestr("data.json", orjson.dumps(whole, option=orjson.OPT_INDENT_2))
        for name, rows in sections.items():
            if rows:
                archive.writestr(f"{name}.csv", _csv(rows))
    return out.getvalue()


def _csv(rows: list[dict[str, Any]]) -> bytes:
    header = list(rows[0])
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    for row in rows:
        writer.writerow([safe_cell(_cell(row.get(name))) for name in header])
    return "\ufeff".encode() + text.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
