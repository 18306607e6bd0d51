"""A tenant's facts in order, for browsers that resume where they were."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator

import nats.errors

from ringway.runtime.bus.connection import ApiRefused, Connection, Epoch
from ringway.runtime.bus.pull import ConsumerGone, Pull
from ringway.runtime.bus.streams import FACTS
from ringway.runtime.errors import BusDown

_log = logging.getLogger("ringway.bus")
_NS = 1_000_000_000


async def stream_range(epoch: Epoch) -> tuple[int, int]:
    """Return the first and the last sequence of FACTS."""
    state = (await epoch.api(f"STREAM.INFO.{FACTS}"))["state"]
    return max(1, state["first_seq"]), state["last_seq"]


async def facts_from(
    connection: Connection, tenant: str, after_seq: int | None
) -> AsyncIterator[tuple[int, str, bytes]]:
    """Yield (sequence, subject, payload); see :meth:`ringway.runtime.bus.Bus.facts_from`."""
    after = after_seq
    while True:
        epoch = await connection.wait_up()
        try:
            last = (await stream_range(epoch))[1]
            # A sequence from the future belongs to another installation's stream.
            after = last if after is None else min(after, last)
            config = {
                "deliver_policy": "by_start_sequence",
                "opt_start_seq": after + 1,
                "ack_policy": "none",
                "filter_subject": f"*.v1.{tenant}.>",
                "mem_storage": True,
                "num_replicas": 1,
                "inactive_threshold": 15 * _NS,
            }
            made = await epoch.api(
                f"CONSUMER.CREATE.{FACTS}", {"stream_name": FACTS, "config": config}
            )
            async with Pull.of(epoch, FACTS, made["name"], batch=256) as pull:
                while True:
                    message = await pull.next()
                    sequence = message.metadata.sequence.stream
                    yield sequence, message.subject, message.data
                    after = sequence
        except (BusDown, ConsumerGone, ApiRefused, nats.errors.Error, TimeoutError) as error:
            _log.info("A feed begins again.", extra={"tenant": tenant, "reason": str(error)})
        await asyncio.sleep(random.uniform(0.05, 0.2))
