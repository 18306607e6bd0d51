"""Simulated agents: phones on a real Asterisk, consoles on a stand-in of the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.ari import Ari, ari_on
from tests.support.asterisk import RealAsterisk, real_asterisk
from tests.support.console_api import ConsoleApi, console_api
from tests.support.waiting import eventually

from ringway.proto.trainer import SimulatedAgent
from ringway.runtime.ari import StasisStart
from ringway.runtime.tasks import TaskSet
from ringway.trainer.agents import Agents
from ringway.trainer.journal import Journal, read_journal
from ringway.trainer.media import Pacer

pytestmark = pytest.mark.integration


@dataclass
class Office:
    """A real Asterisk, one agent's API, and the trainer's agents."""

    asterisk: RealAsterisk
    ari: Ari
    agents: Agents
    log: Path
    api: ConsoleApi | None = None
    legs: int = 0

    async def account(self, name: str = "ann") -> None:
        node = self.ari.node
        auth = {"auth_type": "userpass", "username": name, "password": "secret"}
        await node.put_dynamic("res_pjsip", "auth", name, auth)
        aor = {"max_contacts": "1", "remove_existing": "yes"}
        await node.put_dynamic("res_pjsip", "aor", name, aor)
        endpoint = {"auth": name, "aors": name, "allow": "!all,ulaw", "direct_media": "no"}
        await node.put_dynamic("res_pjsip", "endpoint", name, endpoint)

    async def call_phone(self) -> None:
        self.legs += 1
        leg = f"leg{self.legs}"
        await self.ari.node.originate("PJSIP/ann", channel_id=leg, app=self.ari.app)
        await self.ari.log.until(StasisStart, leg)

    def agent(self, **fields: object) -> SimulatedAgent:
        return SimulatedAgent.model_validate(
            {
                "agent_id": "ann",
                "sip_username": "ann",
                "sip_password": "secret",
                "answer_after_s": 0.05,
                "wrap_up_s": (0.1, 0.2),
                "username": "ann@t",
                "password": "right",
            }
            | fields
        )

    @property
    def status(self) -> tuple[bool, bool, int, str]:
        (status,) = self.agents.statuses("t")
        return status.registered, status.signed_in, status.calls, status.last_error

    def records(self, event: str) -> list[dict[str, object]]:
        return [record for record in read_journal(self.log) if record["event"] == event]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        asterisk = await stack.enter_async_context(real_asterisk(tmp_path))
        ari = await stack.enter_async_context(ari_on(asterisk, "acd-0"))
        pacer = await stack.enter_async_context(Pacer.running())
        journal = Journal(tmp_path / "agents.jsonl")
        stack.callback(journal.close)
        tasks = await stack.enter_async_context(TaskSet("agents"))
        agents = Agents(("127.0.0.1", asterisk.sip_port), pacer, journal, tasks)
        office = Office(asterisk, ari, agents, tmp_path / "agents.jsonl")
        await office.account()
        office.api = await stack.enter_async_context(console_api(office.call_phone))
        yield office


async def test_a_phone_without_a_console_takes_several_calls(office: Office) -> None:
    await office.agents.start("t", [office.agent(talk_s=(0.3, 0.3))])
    await eventually(lambda: office.status[0], what="registered")
    for _ in range(2):
        await office.call_phone()
    await eventually(lambda: len(office.records("call")) == 2, what="both calls hung up")
    assert office.status == (True, False, 2, "")
    assert {record["ended_by"] for record in office.records("call")} == {"agent"}
    await office.agents.stop("t")
    assert office.agents.statuses("t") == []
    contacts = await office.asterisk.command("pjsip show contacts")
    assert "sip:ann@" not in contacts  # he unregistered


async def test_an_agent_signs_in_works_and_files_his_disposition(office: Office) -> None:
    api = office.api
    assert api is not None
    await office.agents.start("t", [office.agent(api_url=api.url, disposition="sale")])
    await eventually(lambda: api.state == "ready", what="ready")
    assert api.seen == [("sign in", "nailed_up"), ("state", "ready")]
    await api.become("talking", "i1")
    await eventually(lambda: office.status[2] == 1, what="the talk is seen")
    await api.become("wrap_up", "i1")
    await eventually(lambda: api.state == "ready", what="ready again")
    assert api.seen[2:] == [("disposition", "sale")]
    (interaction,) = office.records("interaction")
    assert interaction["interaction_id"] == "i1"
    assert office.status == (True, True, 1, "")


async def test_an_agent_who_ends_his_talks(office: Office) -> None:
    api = office.api
    assert api is not None
    await office.agents.start("t", [office.agent(api_url=api.url, talk_s=(0.2, 0.2))])
    await eventually(lambda: api.state == "ready")
    await api.become("talking", "i1")
    await eventually(lambda: ("disposition", "done") in api.seen)
    assert api.seen[2:] == [("hang up", "i1"), ("disposition", "done")]


async def test_a_lost_phone_call_leads_to_a_new_session(office: Office) -> None:
    api = office.api
    assert api is not None
    await office.agents.start("t", [office.agent(api_url=api.url)])
    await eventually(lambda: api.state == "ready")
    await office.ari.node.hangup("leg1", reason="normal")
    await eventually(lambda: office.legs == 2, within_s=10, what="called again")
    await eventually(lambda: api.state == "ready")


async def test_refusals_outages_and_lost_tokens_are_survived(office: Office) -> None:
    api = office.api
    assert api is not None
    api.refuse_sign_in = "phone_not_registered"
    await office.agents.start("t", [office.agent(api_url=api.url)])
    await eventually(lambda: "phone_not_registered" in office.status[3])
    api.refuse_sign_in = ""
    await eventually(lambda: api.state == "ready")
    api.is_down = True
    await api.close_sockets()
    await eventually(lambda: "503" in office.agents.running["t", "ann"].console.last_error)  # type: ignore[union-attr]
    api.is_down, api.token, api.state = False, "second", "logged_out"
    await eventually(lambda: api.state == "ready", within_s=10)
    assert office.status == (True, True, 0, "")


async def test_a_repeated_start_changes_nothing_and_another_one_replaces(office: Office) -> None:
    await office.agents.start("t", [office.agent()])
    await eventually(lambda: office.status[0])
    first = office.agents.running["t", "ann"]
    await office.agents.start("t", [office.agent()])
    assert office.agents.running["t", "ann"] is first
    await office.agents.start("t", [office.agent(tone_hz=900)])
    await eventually(lambda: office.status[0])
    second = office.agents.running["t", "ann"]
    assert second is not first
    assert second.port == first.port
