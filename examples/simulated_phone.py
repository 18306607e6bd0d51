"""A simulated SIP phone that answers and hums, for integrator.py. Any real one will do as well."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread

from ringway.trainer.phone import Phone
from ringway_client import models


@contextmanager
def simulated_phone(account: models.NewCredentials) -> Iterator[None]:
    """Register a phone with an agent's SIP account, for as long as the context lasts."""
    loop = asyncio.new_event_loop()
    registered: Future[None] = Future()
    over = asyncio.Event()

    async def be_there() -> None:
        host, _, port = account.sip_address.rpartition(":")
        try:
            async with Phone.open(
                account.sip_username,
                account.sip_password or "",
                registrar=(host, int(port)),
                answer_after_s=0.1,
            ) as phone:
                await phone.register()
                registered.set_result(None)
                await over.wait()
        except (OSError, TimeoutError) as error:
            registered.set_exception(error)

    thread = Thread(target=loop.run_until_complete, args=(be_there(),))
    thread.start()
    try:
        registered.result()
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
