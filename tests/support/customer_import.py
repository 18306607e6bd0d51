"""Imports of customers for tests: sent, done to their end, undone."""

from __future__ import annotations

import json
from typing import Any

from tests.support.crm import Crm, Signed, ok

from ringway.crm_api.customer_files.worker import JobWorker


async def send(who: Signed, content: bytes, name: str = "c.csv", **options: Any) -> Any:
    return await who(
        "POST",
        "/customers/imports",
        files={"file": (name, content)},
        data={"options": json.dumps(options)},
    )


async def import_file(crm: Crm, who: Signed, content: bytes, **options: Any) -> Any:
    """Import to the end; return what is told of it then."""
    begun = ok(await send(who, content, **options))
    await work(crm)
    return await who.get(f"/customers/imports/{begun['import_id']}")


async def work(crm: Crm) -> None:
    worker = JobWorker(crm.deps)
    while await worker.work():
        pass


async def customers(who: Signed, **params: Any) -> list[dict[str, Any]]:
    found = await who.get("/customers", params={"sort": "created_at", **params})
    return list(found["items"])


async def undo(crm: Crm, who: Signed, done: dict[str, Any]) -> Any:
    await who.post(f"/customers/imports/{done['import_id']}/undo")
    await work(crm)
    undone = await who.get(f"/customers/imports/{done['import_id']}")
    assert undone["state"] == "undone"
    return undone
