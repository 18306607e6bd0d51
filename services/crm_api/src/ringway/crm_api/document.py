"""/openapi.json: the document as it is shipped, beside this file.

To derive it from the code takes many seconds of CPU: ``tools/openapi`` does it before a release,
and a contract test holds the two together.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from fastapi import APIRouter, Response

router = APIRouter(include_in_schema=False)


@cache
def shipped() -> dict[str, Any]:
    """Return the shipped document; do not change it."""
    found: dict[str, Any] = orjson.loads(
        files("ringway.crm_api").joinpath("openapi.json").read_bytes()
    )
    return found


@cache
def _content() -> bytes:
    return orjson.dumps(shipped())


@router.get("/api/v1/openapi.json")
async def get_document() -> Response:
    """Return the API's own description."""
    return Response(_content(), media_type="application/json")
