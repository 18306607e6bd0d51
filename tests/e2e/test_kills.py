"""Every process is killed during a campaign; afterwards all books must tell the same story."""

from __future__ import annotations

import itertools
import os
import signal
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest
from tests.support.campaigns import Ledgers, ledgers, open_centre
from tests.support.waiting import eventually

from ringway.cli.demo import people
from ringway.cli.demo.centre import Centre
from ringway.cli.installation import Installation
from ringway.cli.rest import Problem
from ringway.proto.trainer import Persona, PersonaKind, PersonaRule
from ringway.runtime.clock import utcnow

# Eight kills, each with its recovery, during calls of real length.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(420)]

# The trainer last: it is the far end, and with it dies what the far end knew of its open calls.
PARTS = ("dialer", "acd", "recorder", "crm_api", "nats", "postgres", "asterisk", "trainer")
RECOVERY_S = 15.0
# Asterisk writes recordings 32 KB (2.05 s) at a time: its own death costs what is not yet written.
UNWRITTEN = timedelta(seconds=2.5)
# What reaches the far end in the moment of Asterisk's death may not have reached us.
MOMENT = timedelta(seconds=1)
RULES = (
    PersonaRule(
        pattern=".*",
        mix=(
            (
                8,
                Persona(
                    kind=PersonaKind.ANSWERS, ring_s=(0.3, 1.0), talk_s=(3.0, 5.0), tone_hz=500
                ),
            ),
            (1, Persona(kind=PersonaKind.BUSY, ring_s=(0.1, 0.3))),
            (1, Persona(kind=PersonaKind.NO_ANSWER)),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Kill:
    part: str
    at: datetime
    back_at: datetime
    calls_again_after_s: float


async def test_every_process_is_killed_in_turn_and_the_books_balance(stack: Installation) -> None:
    numbers = people.numbers(1000)[500:900]
    async with open_centre(stack, agents=6, rules=RULES) as centre:
        list_id = await centre.import_list("kills", numbers)
        campaign = await centre.add_campaign(
            "kills",
            "progressive",
            list_id,
            centre.seats,
            ring_timeout_s=5,
            max_attempts=2,
            wrap_up_s=3,
        )
        await centre.start()
        kills = [await _kill(stack, centre, part, numbers) for part in PARTS]
        await _stop(centre, campaign)
        trainer_died = next(kill.at for kill in kills if kill.part == "trainer")
        books = await _closed(stack, centre, numbers, trainer_died)
    print(*(f"{k.part}: calls again {k.calls_again_after_s:.1f} s after its return" for k in kills))
    died = next(kill.at for kill in kills if kill.part == "asterisk")

    assert books.attempts_by_number == books.invites_by_number
    _nobody_was_called_twice_at_once(books)
    _talks_outlived_everything_but_asterisk(books, kills, died)
    _each_answered_call_is_one_interaction(books, died)
    _each_talk_has_a_recording(books, died)
    for kill in kills:
        assert kill.calls_again_after_s < RECOVERY_S, kill


async def _kill(stack: Installation, centre: Centre, part: str, numbers: list[str]) -> Kill:
    """Kill one part while people talk, and see the campaign go on."""

    async def people_talk() -> bool:
        try:
            agents = await centre.admin.all("/agents")
        except (Problem, aiohttp.ClientError, TimeoutError):
            return False  # what was killed before is not back everywhere
        return len([a for a in agents if a["state"] == "talking"]) >= 2

    await eventually(people_talk, within_s=40, what=f"people talk before the kill of {part}")
    old = stack.part_pid(part)
    assert old is not None
    at = utcnow()
    os.kill(old, signal.SIGKILL)
    ready = next(each for each in stack.parts() if each.name == part).is_ready

    async def is_back() -> bool:
        return stack.part_pid(part) not in (None, old) and await ready() is None

    await eventually(is_back, within_s=45, what=f"{part} is back")
    back_at = utcnow()

    async def calls_again() -> bool:
        books = await ledgers(stack, centre, numbers)
        return any(_moment(line["invite_at"]) > back_at for line in books.invites)

    waited_s = await eventually(
        calls_again, within_s=RECOVERY_S * 2, what=f"the campaign calls again after {part}"
    )
    return Kill(part, at, back_at, waited_s)


async def _stop(centre: Centre, campaign: str) -> None:
    """Stop the campaign, however much of the platform is just coming back."""

    async def stopped() -> bool:
        try:
            await centre.admin.post(f"/campaigns/{campaign}/stop")
        except (Problem, aiohttp.ClientError, TimeoutError):
            return False
        return True

    await eventually(stopped, within_s=20, what="the campaign is stopped")


def _untold(books: Ledgers) -> list[dict[str, Any]]:
    """Calls whose end the trunk's log does not tell."""
    told = {line["call_id"] for line in books.ends}
    return [line for line in books.invites if line["call_id"] not in told]


async def _closed(
    stack: Installation, centre: Centre, numbers: list[str], trainer_died: datetime
) -> Ledgers:
    """Wait until nothing is open any more in any book."""
    books = await ledgers(stack, centre, numbers)

    async def nothing_is_open() -> bool:
        nonlocal books
        books = await ledgers(stack, centre, numbers)
        talked = {row["interaction_id"] for row in books.interactions if row["connected_at"]}
        recorded = {row["interaction_id"] for row in books.recordings}
        answered = {row["attempt_id"] for row in books.attempts if row["answered_at"]}
        filed = {row["attempt_id"] for row in books.interactions}
        return bool(
            len(books.ends) + len(_untold(books)) == len(books.invites)
            and all(_moment(line["invite_at"]) < trainer_died for line in _untold(books))
            and all(row["ended_at"] for row in books.attempts)
            and all(row["ended_at"] for row in books.interactions)
            # What was told while a part was away comes again, and later than what follows it.
            and all(row["talk_s"] is not None for row in books.interactions if row["connected_at"])
            and talked <= recorded
            and answered <= filed
        )

    await eventually(nothing_is_open, within_s=60, what="all books are closed")
    return books


def _nobody_was_called_twice_at_once(books: Ledgers) -> None:
    spans: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for line in books.ends:
        spans[line["number"]].append((_moment(line["invite_at"]), _moment(line["ended_at"])))
    for number, calls in spans.items():
        calls.sort()
        for (_, ended), (began, _) in itertools.pairwise(calls):
            assert began >= ended - timedelta(milliseconds=100), number


def _talks_outlived_everything_but_asterisk(
    books: Ledgers, kills: list[Kill], died: datetime
) -> None:
    connected = {
        row["called"]: row for row in books.interactions if row["connected_at"] is not None
    }
    survived = 0
    for kill in kills:
        if kill.part in ("asterisk", "trainer"):
            continue
        for line in books.answered_at_trunk:
            answered, ended = _moment(line["answered_at"]), _moment(line["ended_at"])
            row = connected.get(line["number"])
            if row is None or not (row["connected_at"] < kill.at < ended):
                continue
            if answered < died < ended:
                continue
            assert line["ended_by"] == "customer", (kill.part, line)
            survived += 1
    assert survived >= len(kills) - 2


def _each_answered_call_is_one_interaction(books: Ledgers, died: datetime) -> None:
    answered = [row for row in books.attempts if row["answered_at"] is not None]
    interactions = [row["attempt_id"] for row in books.interactions]
    assert len(interactions) == len(set(interactions))
    assert {str(row["attempt_id"]) for row in answered} == {str(i) for i in interactions}
    in_doubt = [
        line
        for line in books.answered_at_trunk
        if abs(_moment(line["answered_at"]) - died) < MOMENT
    ]
    difference = len(books.answered_at_trunk) - len(answered)
    assert -len(_untold(books)) <= difference <= len(in_doubt)


def _each_talk_has_a_recording(books: Ledgers, died: datetime) -> None:
    stored = {str(row["interaction_id"]): row for row in books.recordings}
    for row in books.interactions:
        if row["connected_at"] is None:
            continue
        recording = stored[str(row["interaction_id"])]
        cut_young = died - UNWRITTEN < row["connected_at"] < died
        assert recording["state"] == "stored" or cut_young, (row, recording)
        talk_s = float(row["talk_s"])
        if recording["state"] == "stored" and not row["connected_at"] < died < row["ended_at"]:
            assert recording["duration_s"] == pytest.approx(talk_s, abs=1.5)


def _moment(text: Any) -> datetime:
    return datetime.fromisoformat(str(text))
