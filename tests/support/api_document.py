"""The public API's document, which takes seconds to derive: once for all tests that read it."""

from __future__ import annotations

from functools import cache
from typing import Any

from ringway.crm_api.app import make_api


@cache
def api_document() -> dict[str, Any]:
    """Return the document as the code has it; do not change it."""
    return make_api().openapi()
