"""The dialer's own answers to requests that change rows, without a dialer around them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.nats import NatsServer
from tests.support.postgres import Database

from ringway.dialer.announcements import AnnouncementRequests
from ringway.dialer.callback_requests import CallbackRequests
from ringway.dialer.caller_requests import CallerRequests
from ringway.dialer.law_requests import LawRequests
from ringway.dialer.lead_requests import LeadRequests
from ringway.dialer.outbound_stop import OutboundStops
from ringway.runtime.postgres import Pool


@asynccontextmanager
async def dialer_requests(database: Database, nats: NatsServer) -> AsyncIterator[None]:
    """Answer for as long as the context lasts."""
    async with (
        nats.bus("dialer", name="dialer-requests") as bus,
        Pool.open(
            database.dsn("ringway_dialer"), max_size=2, application_name="dialer-requests"
        ) as pool,
    ):
        await AnnouncementRequests(pool).serve(bus)
        await CallbackRequests(pool).serve(bus)
        await CallerRequests(pool).serve(bus)
        await LawRequests(pool).serve(bus)
        await LeadRequests(pool).serve(bus)
        await OutboundStops(pool, lambda: None).serve(bus)
        yield
