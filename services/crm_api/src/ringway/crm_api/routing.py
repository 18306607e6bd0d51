"""How routers of nouns are made, so that all behave alike."""

from __future__ import annotations

from fastapi import APIRouter

from ringway.crm_api.idempotency import IdempotentRoute


def api_router(prefix: str, tag: str) -> APIRouter:
    """Return a router whose POST honours ``Idempotency-Key``."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=IdempotentRoute)
