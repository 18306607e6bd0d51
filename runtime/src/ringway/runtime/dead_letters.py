"""Facts that a consumer could not digest: look at them, and offer them again after the mending.

    python -m ringway.runtime.dead_letters --url nats://127.0.0.1:17001 [--again-as acd]

The password of the user ``cli``, who may read them, is taken from RINGWAY_NATS_PASSWORD. Each
letter is one line of JSON. Only the service that owns a fact may publish it, so ``--again-as``
names that service and RINGWAY_OWNER_PASSWORD has its password; letters of others are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ringway.runtime.bus.bus import Bus
from ringway.runtime.bus.codec import MESSAGE_ID, Outgoing
from ringway.runtime.bus.connection import ApiRefused, Epoch
from ringway.runtime.bus.streams import DEAD_LETTER
from ringway.runtime.bus.writer import publish_window
from ringway.runtime.errors import BusDown

_NO_MESSAGE = 10037


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One letter. ``sequence`` is its number among the dead letters."""

    sequence: int
    consumer: str
    subject: str
    reason: str
    message_id: str
    payload: bytes

    def as_json(self) -> bytes:
        """Return the letter as one line; what is no JSON inside is shown as text."""
        try:
            fact: Any = orjson.loads(self.payload)
        except orjson.JSONDecodeError:
            fact = self.payload.decode(errors="replace")
        return orjson.dumps(
            {
                "sequence": self.sequence,
                "consumer": self.consumer,
                "subject": self.subject,
                "reason": self.reason,
                "message_id": self.message_id,
                "fact": fact,
            }
        )


async def read_letters(bus: Bus) -> list[DeadLetter]:
    """Return every dead letter, oldest first. Raises BusDown."""
    epoch = await bus.connection.wait_up(5)
    letters: list[DeadLetter] = []
    sequence = 0
    while True:
        letter = await _next_letter(epoch, sequence + 1)
        if letter is None:
            return letters
        letters.append(letter)
        sequence = letter.sequence


async def count_letters(bus: Bus) -> dict[str, int]:
    """Return how many dead letters each consumer has. Raises BusDown."""
    epoch = await bus.connection.wait_up(5)
    try:
        info = await epoch.api(f"STREAM.INFO.{DEAD_LETTER}", {"subjects_filter": ">"})
    except (ApiRefused, TimeoutError) as refused:
        raise BusDown(str(refused)) from refused
    subjects = info["state"].get("subjects") or {}
    return {subject.partition(".")[2]: count for subject, count in subjects.items()}


async def offer_again(owner: Bus, letters: Sequence[DeadLetter]) -> None:
    """Publish letters again on the bus of the service whose facts they are.

    All consumers get them; those that had digested them already know the message id inside. The
    letters stay where they are until they are too old, and doing this twice does no harm.

    Raises:
        BusDown: Some may not have been published.
    """
    for letter in letters:
        # The stream would take the old id for a repeat. The id inside the payload stays.
        headers = {MESSAGE_ID: f"{letter.message_id}.again.{letter.sequence}"}
        await publish_window(owner.connection, [Outgoing(letter.subject, letter.payload, headers)])


async def _next_letter(epoch: Epoch, sequence: int) -> DeadLetter | None:
    request = {"seq": sequence, "next_by_subj": "dead_letter.>"}
    try:
        answer = await epoch.api(f"STREAM.MSG.GET.{DEAD_LETTER}", request)
    except ApiRefused as refused:
        if refused.err_code == _NO_MESSAGE:
            return None
        raise BusDown(str(refused)) from refused
    message = answer["message"]
    headers = _headers(base64.b64decode(message.get("hdrs", "")))
    return DeadLetter(
        sequence=message["seq"],
        consumer=message["subject"].partition(".")[2],
        subject=headers.get("Ringway-Subject", ""),
        reason=headers.get("Ringway-Reason", ""),
        message_id=headers.get("Ringway-Message-Id", ""),
        payload=base64.b64decode(message.get("data", "")),
    )


def _headers(raw: bytes) -> dict[str, str]:
    lines = raw.decode(errors="replace").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


async def _run(url: str, again_as: str | None) -> None:
    password = os.environ.get("RINGWAY_NATS_PASSWORD", "")
    async with Bus.open(url, user="cli", password=password, name="dead-letters") as bus:
        letters = await read_letters(bus)
    if again_as is not None:
        prefix = "crm." if again_as == "crm_api" else f"{again_as}."
        letters = [letter for letter in letters if letter.subject.startswith(prefix)]
        password = os.environ.get("RINGWAY_OWNER_PASSWORD", "")
        async with Bus.open(url, user=again_as, password=password, name="dead-letters") as owner:
            await offer_again(owner, letters)
    for letter in letters:
        sys.stdout.write(letter.as_json().decode() + "\n")


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ringway.runtime.dead_letters")
    parser.add_argument("--url", required=True)
    parser.add_argument("--again-as", metavar="SERVICE", help="publish this service's facts again")
    args = parser.parse_args()
    try:
        asyncio.run(_run(args.url, args.again_as))
    except BusDown as error:
        sys.exit(f"the bus is down: {error}")


if __name__ == "__main__":
    _main()
