"""Real talks through a real ACD process: who hears whom, what is told, what survives a kill."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio
from tests.support.acd_centre import AGENT_HZ, CAMPAIGN, CUSTOMER_HZ, AcdCentre, acd_centre
from tests.support.audio import tones
from tests.support.nats import NatsServer
from tests.support.postgres import PostgresServer
from tests.support.shared import Shared, parts, shared
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto.acd_choice import ChooseCampaignsV1
from ringway.runtime.ari import AriNotFound
from ringway.runtime.errors import Refused
from ringway.runtime.ids import shard_of
from ringway.runtime.leases import Leases

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
]


class _Running(NamedTuple):
    """What all tests share; each has a tenant of its own."""

    centre: AcdCentre
    nats: NatsServer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def all_running(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> AsyncIterator[Shared[_Running]]:
    @asynccontextmanager
    async def make() -> AsyncIterator[_Running]:
        async with (
            parts(tmp_path_factory, postgres, "acd") as on,
            acd_centre(on.folder, on.database, on.nats) as centre,
        ):
            yield _Running(centre, on.nats)

    async with shared(make) as all_running:
        yield all_running


@pytest_asyncio.fixture(loop_scope="module")
async def running(all_running: Shared[_Running], request: pytest.FixtureRequest) -> _Running:
    return await all_running.for_test(request.node)


@pytest_asyncio.fixture(loop_scope="module")
async def centre(running: _Running) -> AsyncIterator[AcdCentre]:
    running.centre.acd.turn_page()
    async with running.centre.another_tenant() as centre:
        yield centre


@pytest.fixture
def nats(running: _Running) -> NatsServer:
    return running.nats


@pytest.mark.parametrize("mode", p.LegMode)
async def test_customer_and_agent_hear_each_other_and_the_talk_is_told(
    centre: AcdCentre, mode: p.LegMode, tmp_path: Path
) -> None:
    agent = await centre.ready_agent("ann", "1001", mode)
    await centre.campaign("ann")
    loop = asyncio.get_running_loop()
    began = loop.time()
    interaction, customer = await centre.customer_answers()
    leg = await agent.next_call()
    await customer.until_hears(AGENT_HZ)
    await leg.until_hears(CUSTOMER_HZ)
    await centre.until_state("ann", p.AgentState.TALKING)
    await asyncio.sleep(1)  # a second of talk to record
    customer.hang_up()
    told = await centre.fact("disconnected", interaction)
    assert told["hung_up_by"] == "customer"
    assert told["called"] == "+447700900123"
    assert 0.9 < told["talk_s"] < loop.time() - began
    await centre.until_state("ann", p.AgentState.WRAP_UP)
    if mode is p.LegMode.ON_DEMAND:
        await leg.until_over()

    halves = {}
    for half, name in (("agent", told["recording_agent"]), ("customer", "recording_customer")):
        name = told.get(name, name)
        await eventually(lambda n=name: _stored(centre, n), what=f"{name} is stored")
        file = tmp_path / f"{half}.wav"
        file.write_bytes(await centre.node.get_stored_recording(name))
        halves[half] = tones(file, 0, (AGENT_HZ, CUSTOMER_HZ))
    assert halves["agent"][AGENT_HZ] > -30 > halves["agent"][CUSTOMER_HZ] + 20
    assert halves["customer"][CUSTOMER_HZ] > -30 > halves["customer"][AGENT_HZ] + 20

    await centre.ask(
        p.FinishWrapUpV1,
        p.Reply,
        agent_id="ann",
        interaction_id=interaction,
        disposition="sale",
    )
    assert (await centre.fact("ended", interaction))["disposition"] == "sale"
    await centre.until_state("ann", p.AgentState.READY)
    assert leg.is_over == (mode is p.LegMode.ON_DEMAND)


async def _stored(centre: AcdCentre, name: str) -> bool:
    try:
        await centre.node.get_live_recording(name)
    except AriNotFound:  # no more being written
        return name in {r.name for r in await centre.node.list_stored_recordings()}
    return False


async def test_without_an_agent_the_customer_hears_the_message_after_two_seconds(
    centre: AcdCentre,
) -> None:
    await centre.campaign()
    loop = asyncio.get_running_loop()
    began = loop.time()
    interaction, customer = await centre.customer_answers()
    told = await centre.fact("abandoned", interaction)
    assert told["by_limit"]
    assert told["message_played"]
    assert 1.9 < told["waited_s"] < 4
    await customer.until_over(15)
    # The message itself takes seconds: whoever is cut off at once has not heard it.
    assert loop.time() - began > 3.5
    assert customer.listener is not None
    assert customer.listener.packets > 50


async def test_a_phone_that_is_not_there_or_does_not_answer_refuses_the_sign_in(
    centre: AcdCentre,
) -> None:
    account = await centre.account("ann", "1001")
    with pytest.raises(Refused, match="phone_not_registered"):
        await centre.ask(p.SignInV1, p.AgentStatusV1, agent_id="ann")
    await centre.phone(account, answer_after_s=None)
    with pytest.raises(Refused, match="phone_not_answered"):
        await centre.ask(p.SignInV1, p.AgentStatusV1, agent_id="ann")
    assert await centre.state("ann") is p.AgentState.LOGGED_OUT


async def test_two_agents_cannot_have_one_number(centre: AcdCentre) -> None:
    await centre.account("ann", "1001")
    with pytest.raises(Refused, match="agent_number_taken"):
        await centre.account("bob", "1001")


async def test_a_reserved_agent_gets_his_own_attempt_and_nobody_elses(centre: AcdCentre) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.campaign("ann")
    reserved = await centre.ask(
        p.ReserveAgentV1, p.AgentReservedV1, campaign_id=CAMPAIGN, attempt_id="mine", hold_s=30
    )
    assert reserved.agent_id == "ann"
    with pytest.raises(Refused, match="no_agent_ready"):
        await centre.ask(
            p.ReserveAgentV1, p.AgentReservedV1, campaign_id=CAMPAIGN, attempt_id="b", hold_s=30
        )
    other, _ = await centre.customer_answers(attempt="other")
    await centre.fact("abandoned", other)
    mine, customer = await centre.customer_answers(attempt="mine")
    await customer.until_hears(AGENT_HZ)
    assert (await centre.fact("connected", mine))["agent_id"] == "ann"


@pytest.mark.parametrize("left_meanwhile", [False, True])
async def test_a_killed_acd_finds_its_talk_again(centre: AcdCentre, left_meanwhile: bool) -> None:
    agent = await centre.ready_agent("ann", "1001")
    await centre.campaign("ann")
    interaction, customer = await centre.customer_answers()
    await centre.fact("connected", interaction)
    leg = await agent.next_call()
    centre.acd.kill()
    await customer.until_hears(AGENT_HZ)
    await leg.until_hears(CUSTOMER_HZ)
    if left_meanwhile:
        customer.hang_up()
        await customer.until_over()
    await centre.start_acd()
    if not left_meanwhile:
        await centre.until_state("ann", p.AgentState.TALKING)
        customer.hang_up()
    told = await centre.fact("disconnected", interaction)
    assert told["ended_exactly"] is not left_meanwhile
    await centre.until_state("ann", p.AgentState.WRAP_UP)
    assert not leg.is_over
    assert centre.count("connected", interaction) == 1


async def test_a_customer_handed_over_to_a_dying_acd_is_seen_to(
    centre: AcdCentre, nats: NatsServer
) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.campaign("ann")
    await _is_remembered(centre, nats, "ann")
    # Frozen, it still holds its connection, so Asterisk hands over and nobody reads of it.
    centre.acd.send(signal.SIGSTOP)
    interaction, customer = await centre.customer_answers()
    centre.acd.kill()
    await centre.start_acd()
    await customer.until_hears(AGENT_HZ, within_s=10)
    assert (await centre.fact("connected", interaction))["agent_id"] == "ann"
    assert centre.count("abandoned", interaction) == 0


async def _is_remembered(
    centre: AcdCentre, nats: NatsServer, agent: str, chosen: list[str] | None = None
) -> None:
    """Wait until the next process will know of the agent, who is ready, and of the campaign.

    A request is answered some milliseconds before what it changed is written down.
    """
    async with nats.bus("acd") as bus:

        async def is_so() -> bool:
            found = await bus.kv("acd_live").items(f"*.{centre.tenant}.*")
            known = found.get(f"agent.{centre.tenant}.{agent}")
            raw = json.loads(known.value or b"{}") if known is not None else {}
            is_ready = raw.get("state") == "ready" and raw["chosen"] == chosen
            return is_ready and f"campaign.{centre.tenant}.{CAMPAIGN}" in found

        await eventually(is_so, within_s=10, what="the agent and the campaign are written down")


async def test_a_call_goes_past_who_chose_another_campaign_also_after_a_kill(
    centre: AcdCentre, nats: NatsServer
) -> None:
    for agent, number in (("ann", "1001"), ("bob", "1002")):
        await centre.ready_agent(agent, number)
    await centre.campaign("ann", "bob")
    chosen = await centre.ask(
        ChooseCampaignsV1, p.AgentStatusV1, agent_id="ann", campaign_ids=("survey",)
    )
    assert chosen.chosen_campaigns == ("survey",)
    first, customer = await centre.customer_answers(attempt="a1")
    await customer.until_hears(AGENT_HZ)
    assert (await centre.fact("connected", first))["agent_id"] == "bob"  # ann was idle for longer
    await _is_remembered(centre, nats, "ann", ["survey"])
    centre.acd.kill()
    await centre.start_acd()
    await centre.until_state("bob", p.AgentState.TALKING)
    await centre.until_state("ann", p.AgentState.READY)
    second, _ = await centre.customer_answers(attempt="a2")
    await centre.fact("abandoned", second)
    status = await centre.ask(ChooseCampaignsV1, p.AgentStatusV1, agent_id="ann")
    assert status.chosen_campaigns is None
    third, customer = await centre.customer_answers(attempt="a3")
    await customer.until_hears(AGENT_HZ)
    assert (await centre.fact("connected", third))["agent_id"] == "ann"


async def test_a_killed_asterisk_calls_the_agents_back_and_ends_their_talks(
    centre: AcdCentre,
) -> None:
    agent = await centre.ready_agent("ann", "1001")
    await centre.campaign("ann", wrap_up_s=1)
    interaction, _ = await centre.customer_answers()
    await centre.fact("connected", interaction)
    await agent.next_call()
    await centre.asterisk.kill()
    await centre.asterisk.start()
    told = await centre.fact("disconnected", interaction, within_s=15)
    assert told["ended_exactly"] is False
    await agent.next_call(20)
    await centre.until_state("ann", p.AgentState.READY, within_s=20)
    again, customer = await centre.customer_answers(attempt="a2")
    await customer.until_hears(AGENT_HZ)
    assert (await centre.fact("connected", again))["agent_id"] == "ann"


async def test_a_lease_that_ended_while_nats_was_away_is_taken_back(
    centre: AcdCentre, nats: NatsServer
) -> None:
    agent = await centre.ready_agent("ann", "1001")
    await centre.campaign("ann")
    interaction, customer = await centre.customer_answers()
    await centre.fact("connected", interaction)
    leg = await agent.next_call()
    nats.kill()
    await eventually(
        lambda: "A lease is lost" in centre.acd.log(), within_s=10, what="the lease ends"
    )
    await customer.until_hears(AGENT_HZ)
    await leg.until_hears(CUSTOMER_HZ)
    customer.hang_up()
    await nats.start()
    # What happened meanwhile is told now, and the dialer finds the ACD again.
    assert (await centre.fact("disconnected", interaction, within_s=15))["ended_exactly"]
    async with nats.bus("dialer") as bus:
        leases = Leases(bus, "dialer-0")

        async def is_back() -> bool:
            return await leases.owner_of(f"acd.shard.{shard_of(centre.tenant)}") == "acd-0"

        await eventually(is_back, within_s=10, what="the lease is taken back")
