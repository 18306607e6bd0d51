"""/customers/exports: customers into files."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from fastapi.responses import StreamingResponse

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.customer_files import exporting
from ringway.crm_api.customer_files.export_schemas import ExportBody
from ringway.crm_api.deps import DepsOf, requires
from ringway.crm_api.routing import api_router
from ringway.crm_api.tables.writer import MEDIA_TYPES, Format

router = api_router("/customers/exports", "customers")
Exporter = Annotated[Caller, Depends(requires(Permission.CUSTOMERS_EXPORT))]


@router.post(
    "",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                MEDIA_TYPES[Format.XLSX]: {"schema": {"type": "string", "format": "binary"}},
            }
        }
    },
)
async def export_customers(wanted: ExportBody, deps: DepsOf, caller: Exporter) -> StreamingResponse:
    """Download the customers whom the caller sees, with the fields that he sees.

    The file is made while it is sent: as many as there are. An import knows its headers again.
    """
    pieces = await exporting.lines(deps, caller, wanted)
    return StreamingResponse(
        pieces,
        media_type=MEDIA_TYPES[wanted.format],
        headers={"Content-Disposition": f'attachment; filename="customers.{wanted.format}"'},
    )
