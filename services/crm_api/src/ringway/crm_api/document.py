"""/openapi.json: the document as it is shipped, beside this file.

To derive it from the code takes many seconds of CPU: ``tools/openapi`` does it before a release,
and a contract test holds the two together.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

router = APIRouter(include_in_schema=False)


@cache
def shipped() -> dict[str, Any]:
    """Return the shipped document; do not change it."""
    found: dict[str, Any] = orjson.loads(
        files("ringway.crm_api").joinpath("openapi.json").read_bytes()
    )
    return found


@cache
def _content() -> tuple[bytes, str]:
    content = orjson.dumps(shipped())
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'


@router.get("/api/v1/openapi.json")
async def get_document(request: Request) -> Response:
    """Return the API's own description."""
    content, etag = _content()
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)
