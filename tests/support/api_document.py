"""The public API's document as it is shipped; a contract test holds it to the code."""

from __future__ import annotations

from typing import Any

from ringway.crm_api.document import shipped


def api_document() -> dict[str, Any]:
    """Return the document; do not change it."""
    return shipped()
