"""One person's data: handed out and erased, as data protection law asks (GDPR, PIPL)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from fastapi.responses import StreamingResponse

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.customer_files import erasing, handing_out
from ringway.crm_api.customer_files.privacy_schemas import EraseBody, ErasureView
from ringway.crm_api.deps import DepsOf, requires
from ringway.crm_api.routing import api_router

router = api_router("/customers", "customers")
erasures = api_router("/customers/erasures", "customers")
Eraser = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_ERASE))]


@router.post(
    "/{customer_id}/export-data",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
    },
)
async def export_personal_data(
    customer_id: UUID, deps: DepsOf, caller: Eraser
) -> StreamingResponse:
    """Download all that is kept of one person: a zip of `data.json` and a CSV for each part.

    A part has at most 10,000 rows. Recordings are listed; their sound is at /recordings.
    """
    content = await handing_out.package(deps, caller, customer_id)
    # A stream is not kept for repeats of the request.
    return StreamingResponse(
        iter([content]),
        media_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="personal-data.zip"'},
    )


@router.post("/{customer_id}/erase", status_code=202)
async def erase_customer(
    customer_id: UUID, wanted: EraseBody, deps: DepsOf, caller: Eraser
) -> ErasureView:
    """Erase one person for good, in the background: look at the erasure until it has ended.

    Business records stay without his name and numbers. This cannot be undone.
    """
    return await erasing.ask(deps, caller, customer_id, wanted)


@erasures.get("/{erasure_id}")
async def get_erasure(erasure_id: UUID, deps: DepsOf, caller: Eraser) -> ErasureView:
    """Return an erasure and how far it is; its certificate, when it is done."""
    async with deps.pool.tenant(caller.tenant_id) as conn:
        return await erasing.find(conn, tenant_id=caller.tenant_id, erasure_id=erasure_id)
