"""A campaign on real calls: who heard whom, and whether all books tell the same story."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import aiohttp
import pytest
from tests.support.audio import tones
from tests.support.campaigns import agents_heard, ledgers, open_centre, until_finished
from tests.support.waiting import eventually

from ringway.cli.demo import people
from ringway.cli.demo.centre import AGENT_HZ, Centre
from ringway.cli.installation import Installation
from ringway.cli.rest import Problem, Rest
from ringway.proto.trainer import Persona, PersonaKind, PersonaRule

# A campaign's calls take as long as calls take.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(150)]

CUSTOMER_HZ = 500.0
ANSWERS = Persona(
    kind=PersonaKind.ANSWERS, ring_s=(0.2, 0.5), talk_s=(2.5, 3.5), tone_hz=CUSTOMER_HZ
)


def rule(pattern: str, persona: Persona) -> PersonaRule:
    return PersonaRule(pattern=pattern, mix=((1, persona),))


@pytest.mark.parametrize(
    ("leg_mode", "mode"), [("nailed_up", "progressive"), ("on_demand", "precise")]
)
async def test_customer_and_agent_hear_each_other_and_the_recording_has_both(
    stack: Installation, tmp_path: Path, leg_mode: str, mode: str
) -> None:
    numbers = people.numbers(1000)[100:104] if mode == "precise" else people.numbers(1000)[110:114]
    async with open_centre(
        stack, agents=2, rules=[rule(r".*", ANSWERS)], leg_mode=leg_mode
    ) as centre:
        list_id = await centre.import_list("four", numbers)
        await centre.add_campaign("tones", mode, list_id, centre.seats)
        await centre.start()
        await until_finished(centre, 90)
        await _settled(centre, 4)
        rows = await centre.admin.all("/interactions")
        files = {
            row["interaction_id"]: await centre.admin.download(
                f"/recordings/{row['recording_id']}/audio"
            )
            for row in rows
        }
        first = rows[0]
        part = await centre.admin.download(
            f"/recordings/{first['recording_id']}/audio", {"Range": "bytes=4-11"}
        )
        books = await ledgers(stack, centre, numbers)

    assert len(files) == 4
    assert part == files[first["interaction_id"]][4:12]
    for interaction_id, audio in files.items():
        file = tmp_path / f"{interaction_id}.wav"
        file.write_bytes(audio)
        # Left is the agent, right is the customer; the other's tone is far below.
        left = tones(file, 0, (AGENT_HZ, CUSTOMER_HZ), 0.5, 1.5)
        right = tones(file, 1, (AGENT_HZ, CUSTOMER_HZ), 0.5, 1.5)
        assert left[AGENT_HZ] > -30 > left[CUSTOMER_HZ] + 20
        assert right[CUSTOMER_HZ] > -30 > right[AGENT_HZ] + 20
    for line in books.ends:
        assert any(abs(tone["hz"] - AGENT_HZ) < 20 for tone in line["tones_heard"]), line
    heard_s = sum(
        tone["heard_s"]
        for call in agents_heard(stack, centre)
        for tone in call["tones_heard"]
        if abs(tone["hz"] - CUSTOMER_HZ) < 20
    )
    assert heard_s > 8  # four talks of at least 2.5 s


async def test_every_kind_of_customer_is_filed_right_and_all_books_agree(
    stack: Installation,
) -> None:
    base = people.numbers(1000)[200:208]
    kinds = {
        "no_answer": Persona(kind=PersonaKind.NO_ANSWER),
        "busy": Persona(kind=PersonaKind.BUSY, ring_s=(0.1, 0.2)),
        "invalid_number": Persona(kind=PersonaKind.INVALID_NUMBER),
        "rejected": Persona(kind=PersonaKind.REJECTS, ring_s=(0.1, 0.2)),
        "connected": ANSWERS,
    }
    numbers = dict(zip(kinds, base, strict=False))
    rules = [rule(r"\+?" + numbers[k].removeprefix("+"), p) for k, p in kinds.items()]
    async with open_centre(stack, agents=2, rules=rules) as centre:
        list_id = await centre.import_list("kinds", list(numbers.values()))
        campaign = await centre.add_campaign(
            "kinds",
            "progressive",
            list_id,
            centre.seats,
            ring_timeout_s=5,
            max_attempts=2,
            retry_rules=[{"disposition": "busy", "delay_s": 1, "max_attempts": 2}]
            + [
                {"disposition": outcome, "delay_s": 1, "max_attempts": 1}
                for outcome in ("no_answer", "rejected", "invalid_number")
            ],
        )
        await centre.start()
        await until_finished(centre, 60)
        await _settled(centre, 1)
        books = await ledgers(stack, centre, list(numbers.values()))
        summary = await centre.admin.get(f"/campaigns/{campaign}/summary")

    dispositions = {row["phone_e164"]: row["disposition"] for row in books.attempts}
    assert dispositions == {number: kind for kind, number in numbers.items()}
    assert books.attempts_by_number == books.invites_by_number
    assert books.attempts_by_number[numbers["busy"]] == 2
    causes = {row["phone_e164"]: (row["cause_q850"], row["tech_cause"]) for row in books.attempts}
    assert causes[numbers["busy"]] == (17, 486)
    assert causes[numbers["invalid_number"]] == (1, 404)
    assert len(books.answered_at_trunk) == len(books.interactions) == len(books.recordings) == 1
    assert (summary["attempts"], summary["answered"], summary["connected"]) == (6, 1, 1)


async def test_without_a_free_agent_the_customer_hears_the_message_and_counts_as_abandoned(
    stack: Installation,
) -> None:
    numbers = people.numbers(1000)[300:304]
    stays = Persona(kind=PersonaKind.ANSWERS, ring_s=(0.2, 0.3), talk_s=(12, 12), tone_hz=500)
    async with open_centre(stack, agents=1, rules=[rule(".*", stays)]) as centre:
        list_id = await centre.import_list("too many", numbers)
        campaign = await centre.add_campaign(
            "overdial", "progressive", list_id, centre.seats, ratio=4, max_attempts=1
        )
        await centre.start()
        await until_finished(centre, 60)
        await _settled(centre, 1)
        books = await ledgers(stack, centre, numbers)
        summary = await centre.admin.get(f"/campaigns/{campaign}/summary")
    abandoned = [row for row in books.attempts if row["disposition"] == "abandoned"]
    assert len(abandoned) == 3
    assert summary["abandoned"] == 3
    assert summary["abandonment_rate"] == pytest.approx(0.75)
    cut = [line for line in books.ends if line["ended_by"] == "platform"]
    assert len(cut) == 3
    for line in cut:
        assert line["rtp_received"] > 50  # the message, not a dead line
        assert 1900 < line["first_sound_ms"] < 3500


async def test_a_trunk_that_refuses_everything_is_not_hammered_and_costs_no_lead(
    stack: Installation,
) -> None:
    numbers = people.numbers(1000)[400:440]
    refuses = Persona(kind=PersonaKind.TRUNK_REFUSES)
    async with open_centre(stack, agents=2, rules=[rule(".*", refuses)]) as centre:
        list_id = await centre.import_list("refused", numbers)
        campaign = await centre.add_campaign("refused", "progressive", list_id, centre.seats)
        await centre.start()

        async def backs_off() -> bool:
            books = await ledgers(stack, centre, numbers)
            return len(books.invites) >= 5

        await eventually(backs_off, within_s=30, what="the trunk saw some calls")
        await asyncio.sleep(5)  # the time in which a dialer without brakes burns the list
        state = await centre.admin.get(f"/campaigns/{campaign}")
        assert state["state"] == "running"
        await centre.admin.post(f"/campaigns/{campaign}/stop")
        await eventually(lambda: _all_ended(stack, centre, numbers), within_s=20)
        books = await ledgers(stack, centre, numbers)
    assert len(books.invites) < 25
    assert books.attempts_by_number == books.invites_by_number
    assert {row["disposition"] for row in books.attempts} <= {"congestion", "failed"}


async def test_predictive_preview_and_manual_campaigns_and_their_books(
    stack: Installation,
) -> None:
    """Three campaigns of one tenant share their agents, one after the other by priority."""
    numbers = people.numbers(1000)[450:462]
    predictive, preview, manual = numbers[:8], numbers[8:10], numbers[10:]
    busy = Persona(kind=PersonaKind.BUSY, ring_s=(0.1, 0.2))
    rules = [rule(r"\+?" + n.removeprefix("+"), busy) for n in predictive[::3]]
    at = stack.endpoints()
    async with open_centre(stack, agents=2, rules=[*rules, rule(".*", ANSWERS)]) as centre:
        lists = {
            "predictive": await centre.import_list("p", predictive),
            "preview": await centre.import_list("v", preview),
            "manual": await centre.import_list("m", manual),
        }
        ids = {
            mode: await centre.add_campaign(
                mode, mode, list_id, centre.seats, max_attempts=1, priority=priority
            )
            for (mode, list_id), priority in zip(lists.items(), (9, 5, 1), strict=True)
        }
        await centre.start()
        async with AsyncExitStack() as desks:
            agents = [
                await desks.enter_async_context(
                    Rest.signed_in(at["api"], seat.username, seat.password)
                )
                for seat in centre.seats
            ]
            hands = [asyncio.create_task(_dial_by_hand(agent, ids["manual"])) for agent in agents]
            try:
                await until_finished(centre, 110)
            finally:
                for hand in hands:
                    hand.cancel()
                await asyncio.gather(*hands, return_exceptions=True)
        await _settled(centre, 8)
        books = await ledgers(stack, centre, numbers)
        summary = await centre.admin.get(f"/campaigns/{ids['predictive']}/summary")
    assert books.attempts_by_number == books.invites_by_number == Counter(numbers)
    modes = {row["phone_e164"]: row["mode"] for row in books.attempts}
    assert modes == {
        **dict.fromkeys(predictive, "predictive"),
        **dict.fromkeys(preview, "preview"),
        **dict.fromkeys(manual, "manual"),
    }
    ends = {row["phone_e164"]: row["disposition"] for row in books.attempts}
    assert [ends[n] for n in predictive[::3]] == ["busy"] * 3
    assert {ends[n] for n in (*preview, *manual)} == {"connected"}
    live = [ends[n] for n in predictive if n not in predictive[::3]]
    assert set(live) <= {"connected", "abandoned", "hung_up_early"}
    assert live.count("connected") >= 4
    assert len(books.answered_at_trunk) == 9
    assert (summary["attempts"], summary["answered"]) == (8, 5)


async def _dial_by_hand(agent: Rest, campaign_id: str) -> None:
    """Accept every lead that is shown; ask for one while there is none."""
    while True:
        with suppress(Problem, aiohttp.ClientError):
            shown = (await agent.get("/agents/me/preview"))["preview"]
            if shown is None:
                taken = await agent.post("/agents/me/preview", {"campaign_id": campaign_id})
                shown = taken["preview"]
            attempt = {"attempt_id": shown["attempt_id"]}
            await agent.post("/agents/me/preview/accept", attempt)
        await asyncio.sleep(0.5)


async def _all_ended(stack: Installation, centre: Centre, numbers: list[str]) -> bool:
    books = await ledgers(stack, centre, numbers)
    return all(row["ended_at"] is not None for row in books.attempts)


async def _settled(centre: Centre, recordings: int, within_s: float = 25) -> None:
    """Wait until the last recording is stored and the last interaction filed."""

    async def is_so() -> bool:
        summary = await centre.summary()
        rows = await centre.admin.all("/interactions")
        return summary["recordings"] >= recordings and all(row["ended_at"] for row in rows)

    await eventually(is_so, within_s=within_s, what=f"{recordings} recordings are filed")
